"""What the drawing process says: one line of JSON, and behind it the bytes of the picture."""

from __future__ import annotations

import enum

import msgspec


class Problem(enum.StrEnum):
    """Why a page cannot be shown."""

    ENCRYPTED = "encrypted"
    DAMAGED = "damaged"
    TOO_HEAVY = "too_heavy"
    NO_SUCH_PAGE = "no_such_page"


class Size(enum.StrEnum):
    """How large a page is drawn: to read it, or to recognise it."""

    LARGE = "large"
    SMALL = "small"


BOXES = {Size.LARGE: (1800, 2600), Size.SMALL: (480, 360)}
"""Pixels, across and down. The large one is what a page costs at most: 19 MB while it is drawn."""
MIME_TYPE = "image/webp"


def is_drawable(mime_type: str | None, flagged: str | None) -> bool:
    """Whether an attachment is a PDF that nothing speaks against."""
    return mime_type == "application/pdf" and flagged is None


class Frame(msgspec.Struct, frozen=True):
    """A page, or why there is none. `pages` is 0 where the file could not even be opened."""

    pages: int = 0
    problem: Problem | None = None
    picture: bytes = b""


class _Head(msgspec.Struct, omit_defaults=True):
    pages: int = 0
    problem: Problem | None = None


_decoder = msgspec.json.Decoder(_Head)


def encode(frame: Frame) -> bytes:
    """The frame as the process says it, and as it is kept."""
    return msgspec.json.encode(_Head(frame.pages, frame.problem)) + b"\n" + frame.picture


def decode(said: bytes) -> Frame:
    """The frame in these bytes. Raises msgspec.MsgspecError for what is none."""
    head, _, picture = said.partition(b"\n")
    told = _decoder.decode(head)
    if told.problem is None and not (told.pages > 0 and picture.startswith(b"RIFF")):
        raise msgspec.ValidationError("neither a picture nor a problem")
    return Frame(told.pages, told.problem, picture)
