"""What was changed on a page of the settings, for that page: who, when, and values before and after, in its words."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import select

from console.audit import AuditEntry
from console.db import Tx
from console.evidence import change_words, readable
from console.languages.joined import joined
from console.languages.words import Words
from console.render import long_when

MOST = 20
Say = Callable[[Any], str]
"""Says a value of the history as its page does. It may be given None: what was not decided."""


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """The words of a page: what it calls its fields, how it says their values, and what an entry is about.

    `about` has the names of subjects (`tag:7`), where a page is about several. `always` are the fields that say what
    was changed, and are shown though they stayed as they were.
    """

    fields: Mapping[str, str] = {}
    said: Mapping[str, Say] = {}
    about: Mapping[str, str] = {}
    always: frozenset[str] = frozenset()


class Fact(msgspec.Struct, frozen=True):
    """A field and its value, in words."""

    name: str
    value: str


class ChangeLine(msgspec.Struct, frozen=True, kw_only=True):
    """One change: when, by whom, what they did, to what of the page, and the fields that differ."""

    at: datetime
    who: str
    what: str
    about: str | None
    before: list[Fact]
    after: list[Fact]


async def newest(
    tx: Tx, actions: Collection[str], terms: Terms, *, subjects: Collection[str] | None = None, most: int = MOST
) -> list[ChangeLine]:
    """The newest changes, the newest first: entries of these actions, about these subjects or about any."""
    wanted = select(AuditEntry).where(AuditEntry.action.in_(actions))
    if subjects is not None:
        wanted = wanted.where(AuditEntry.subject.in_(subjects))
    return [line_of(entry, terms) for entry in await tx.scalars(wanted.order_by(AuditEntry.id.desc()).limit(most))]


def line_of(entry: AuditEntry, terms: Terms) -> ChangeLine:
    """An entry of the history in the words of a page; a value that stayed as it was is left out."""
    old, new = (msgspec.json.decode(text) if text else {} for text in (entry.old, entry.new))
    same = {name for name in old if name in new and old[name] == new[name]} - terms.always
    who = readable.actor(entry)
    return ChangeLine(
        at=entry.at,
        who=who,
        what=readable.sentence(entry.action, who, new),
        about=terms.about.get(entry.subject or ""),
        before=[_fact(old, name, terms) for name in old if name not in same],
        after=[_fact(new, name, terms) for name in new if name not in same],
    )


def among(words: Mapping[Any, str], none: str = "—") -> Say:
    """Says a code, or each of several, by these words; one that is not among them any more as it is."""
    known = {str(code): said for code, said in words.items()}

    def say(value: Any) -> str:  # noqa: ANN401 what JSON holds
        codes = value if isinstance(value, list) else [] if value is None else [value]
        return joined(known.get(str(code), str(code)) for code in codes) if codes else none

    return say


def counted(unit: str, none: str = "—") -> Say:
    """Says a number with its unit; None is `none`."""
    return lambda value: none if value is None else joined((str(value), unit), " ")


def moment(value: Any) -> str:  # noqa: ANN401 what JSON holds
    """Says an instant that the history holds as text."""
    return long_when(datetime.fromisoformat(value)) if value else Words("sin fecha")


def _fact(of: Mapping[str, Any], name: str, terms: Terms) -> Fact:
    say = terms.said.get(name)
    value = say(of[name]) if say else change_words.value(of, name, _UTC)
    return Fact(terms.fields.get(name) or change_words.field(name), value or "—")


_UTC = ZoneInfo("UTC")
