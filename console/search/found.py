"""What a search shows, and where it goes on: plain values with no database behind them."""

from __future__ import annotations

import re
from datetime import datetime

import msgspec

from console.errors import Refused
from console.inbox.views import RowView
from console.languages.words import Words
from console.search.words import Pieces

MOST_SHOWN = 200
"""Persons that a cursor remembers to have shown; who comes after them may be shown twice."""


class Hit(msgspec.Struct, kw_only=True):
    """One message that was found. `words` are an excerpt; what was asked for is marked in it."""

    message_id: int
    sequence: int
    at: datetime
    direction: str
    kind: str
    author: str
    words: Pieces


class Group(msgspec.Struct, kw_only=True):
    """A person, with the newest message found (None: the person is what was found), and whether there are more.

    `name` is marked where it was asked for; `is_alike` says that a name of another spelling was found.
    """

    row: RowView
    name: Pieces
    phone: str | None
    hit: Hit | None = None
    has_more: bool = False
    is_alike: bool = False


class Place(msgspec.Struct, frozen=True):
    """Where a search goes on: messages below this number, but for the conversations that were shown already."""

    before: int
    shown: tuple[int, ...] = ()

    def text(self) -> str:
        """As it travels in an address."""
        return ".".join(str(number) for number in (self.before, *self.shown))


class Found(msgspec.Struct, kw_only=True):
    """A page of what was found: people by who they are, then by what was said with them, the newest first.

    `is_cut`: the time ran out before a page was full. `filled` is how much of what was there before the index has
    read, in percent; None when all of it.
    """

    people: list[Group]
    groups: list[Group]
    following: Place | None
    is_cut: bool = False
    filled: int | None = None


def read_place(text: str | None) -> Place | None:
    """A cursor of an address; Refused(422) for anything else."""
    if not text:
        return None
    if len(text) > 4000 or not re.fullmatch(r"\d{1,18}(\.\d{1,18})*", text, re.ASCII):
        raise Refused(422, Words("Ese cursor no es válido."), code="invalid", field="cursor")
    before, *shown = (int(number) for number in text.split("."))
    return Place(before, tuple(shown[:MOST_SHOWN]))
