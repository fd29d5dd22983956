"""How long and how many: Meta's limits on what is sent, checked before any call.

Numbers after Meta's API reference (OpenAPI v23.0) and, for the text body, what clients agree on.
Length is counted in Unicode characters.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from integrations.whatsapp.errors import Invalid

BODY = 4096
CAPTION = 1024
INTERACTIVE_BODY = 1024  # Meta's own pages differ for lists; this passes under each of them
HEADER = 60
FOOTER = 60
BUTTONS = 3
BUTTON_TITLE = 20
BUTTON_ID = 256
LIST_BUTTON = 20
SECTIONS = 10
ROWS = 10
SECTION_TITLE = 24
ROW_TITLE = 24
ROW_DESCRIPTION = 72
ROW_ID = 200
LINK_LABEL = 20
FLOW_CTA = 30
TEMPLATE_NAME = 512
CARDS = 5
OPAQUE = 512
URL = 2000
# Meta says nothing of these; they only keep nonsense out.
FILENAME = 240
PLACE = 1000
EMOJI = 40
IDENTIFIER = 512

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_UNPRINTABLE = re.compile("[\x00\ud800-\udfff]")


def text(name: str, value: str, most: int) -> str:
    """`value`, when it is neither blank nor longer than `most` and holds nothing that JSON or WhatsApp refuses."""
    if not value.strip():
        raise Invalid(name, "is blank")
    if len(value) > most:
        raise Invalid(name, f"is longer than {most} characters")
    if _UNPRINTABLE.search(value):
        raise Invalid(name, "holds a character that cannot be sent")
    return value


def label(name: str, value: str, most: int) -> str:
    """A text on one line without spaces around it: a title, a button, an id of a button."""
    if value != value.strip():
        raise Invalid(name, "begins or ends with a space")
    if _CONTROL.search(value):
        raise Invalid(name, "is longer than a line")
    return text(name, value, most)


def identifier(name: str, value: str) -> str:
    """An id that Meta gave."""
    if not value.isascii() or any(character.isspace() for character in value):
        raise Invalid(name, "is no id")
    return label(name, value, IDENTIFIER)


def url(name: str, value: str) -> str:
    """An absolute web address."""
    if not value.startswith(("https://", "http://")) or any(character.isspace() for character in value):
        raise Invalid(name, "is no web address")
    return text(name, value, URL)


def between(name: str, value: float, least: float, most: float) -> None:
    """A number within its bounds."""
    if not least <= value <= most:
        raise Invalid(name, f"is not between {least} and {most}")


def count(name: str, values: Sequence[object], least: int, most: int) -> None:
    """As many as allowed."""
    if not least <= len(values) <= most:
        raise Invalid(name, f"takes {least} to {most}, not {len(values)}")


def unique(name: str, values: Sequence[str]) -> None:
    """No two alike."""
    if len(set(values)) != len(values):
        raise Invalid(name, "occurs twice")


def writable(name: str, value: object) -> None:
    """Something of the caller's that goes out as it is: it must be JSON."""
    try:
        msgspec.json.encode(value)
    except (TypeError, ValueError, RecursionError):
        raise Invalid(name, "cannot be written as JSON") from None


def opaque(value: str) -> str:
    """Our own reference, echoed in every status: printable ASCII. Every subscribed app can read it."""
    name = "biz_opaque_callback_data"
    if not value.isascii():
        raise Invalid(name, "is not ASCII")
    return label(name, value, OPAQUE)
