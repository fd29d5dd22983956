"""What a scheduled message says: how it is written down, and how it is filled in when it leaves, never before.

The blanks of a template are filled by words of the agent's in which variables of ours may stand ({saldo}): those are
read at the moment it leaves, so that nothing stale goes out.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from console.db import Tx
from console.errors import Refused
from console.inbox import message_templates, template_picker
from console.inbox.channel import MessageTemplate
from console.inbox.message_templates import FILE, LINK, HeaderFile
from console.inbox.models import Conversation
from console.languages.words import Words
from console.settings import Settings
from console.texts import variables as blanks
from console.texts.values import Values, values_of

_DIGIT = re.compile(r"\d")


class House(msgspec.Struct, frozen=True, kw_only=True):
    """What messages say of the business, and where it is."""

    company: str
    base_url: str
    zone: ZoneInfo
    country: str

    @classmethod
    def of(cls, settings: Settings) -> House:
        """As the settings say."""
        return cls(company=settings.company, base_url=settings.base_url, zone=settings.zone, country=settings.country)


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What is to leave: a text, or a template with the words for its blanks (`message_templates.Blank.key`)."""

    text: str = ""
    template_id: int | None = None
    variables: Mapping[str, str] = {}


async def known_now(tx: Tx, conversation: Conversation, *, agent: str, house: House, moment: datetime) -> Values:
    """What our variables say to this person at `moment`."""
    return await values_of(
        tx,
        conversation,
        agent=agent,
        company=house.company,
        base_url=house.base_url,
        zone=house.zone,
        moment=moment,
    )


def fill(
    template: MessageTemplate, variables: Mapping[str, str], values: Values, file: HeaderFile | None = None
) -> dict[str, str]:
    """`variables` with our own filled in, fit to be sent; `file` is what its header shows where no address is given.

    Refuses as `message_templates.fill`, and 422 "template_variables" naming the one of which nothing is known.
    """
    filled: dict[str, str] = {}
    for key, words in variables.items():
        field = f"variables.{key}"
        blanks.check(words, field=field)
        said = blanks.fill(words, values.by_name)
        if said.missing:
            name = said.missing[0]
            why = values.held_back or Words("De «{name}» no se sabe nada ahora: escriba el dato, o quítelo.", name=name)
            raise Refused(422, why, code="template_variables", field=field, details={"variable": name})
        filled[key] = said.text
    if not filled.get(LINK, "").strip():
        filled.pop(LINK, None)
    message_templates.fill(template, filled, file)
    return filled


def suggested(template: MessageTemplate) -> dict[str, str]:
    """The words for each blank of `template` that read it afresh when it leaves; empty where somebody must write.

    What its header shows is the template's own file, or named by an address: one that was brought does not last.
    """
    return {
        LINK if blank.key == FILE else blank.key: template_picker.ours(blank)
        for blank in message_templates.blanks(template)
    }


def written_down(template: MessageTemplate, variables: Mapping[str, str]) -> tuple[str, dict[str, Any]]:
    """The text and content of the thread's row: as it was written, with our variables still in it."""
    shown = message_templates.preview(template, variables)
    content = message_templates.kept(template, shown)
    del content["components"], content["body"]
    return shown.body, {**content, "variables": dict(variables), "wording": wording_of(template)}


def wording_of(template: MessageTemplate) -> str:
    """A digest of what the template says; another one is another message, which nobody has looked at."""
    return hashlib.sha256(msgspec.json.encode(template.components, order="sorted")).hexdigest()[:16]


def says_a_number(text: str | None, content: Mapping[str, Any], *, is_template: bool) -> bool:
    """Whether an amount, a day or a number was typed by hand, which a change of the debt makes doubtful."""
    typed = content.get("variables", {}).items() if is_template else [("text", text or "")]
    return any(
        _DIGIT.search("".join(words for words, is_ours in blanks.pieces(str(value)) if not is_ours))
        for key, value in typed
        if key != LINK and not ("place" in content and key.startswith("header."))
    )
