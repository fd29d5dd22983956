"""Finding: whom a name, a number or a document belongs to, and what was ever said, as far as somebody may see it."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Collection, Sequence
from typing import Any

from sqlalchemy import CTE, Select, func, select, true

from console.agents import Viewer
from console.bots.spelling import is_one_slip, sound
from console.bulk import among, fetch
from console.db import Tx, dialect_of
from console.inbox import policy
from console.inbox.contacts import Contact
from console.inbox.models import Conversation, Message
from console.inbox.queries import contact_name
from console.inbox.rows import rows_by_id
from console.inbox.views import RowView
from console.languages.words import Words
from console.search import crowded, index
from console.search.found import MOST_SHOWN, Found, Group, Hit, Place
from console.search.gathering import said
from console.search.models import SearchMessage, SearchProgress
from console.search.words import Query, excerpt, holds, pieces_of
from integrations.whatsapp.numbers import display

PAGE = 20
"""Persons on a page."""
MOST_PEOPLE = 8
"""Persons shown for who they are; whoever looks for another writes more of the name."""
IN_ONE = 50
"""Messages on a page of one conversation."""
ENOUGH_SECONDS = 0.8
"""After this a page is shown as far as it came; the next one goes on from there."""
_STEPS = (500, 5_000, 20_000)
"""Matches that SQLite looks at in one step, the last again and again."""
_BUCKETS = (1, 4, 16)
"""As many buckets PostgreSQL looks into, the last again and again."""

_WITH_FILES = frozenset({"document", "image", "video", "audio"})
"""Kinds of messages that may be found by the name of a file."""

Newest = tuple[int, int, int]
"""A conversation, the newest message found in it, and how many were found so far."""


async def find(tx: Tx, viewer: Viewer, query: Query, *, after: Place | None = None, version: int) -> Found:
    """A page of what `viewer` may see of what was found; people by name are on the first alone."""
    people = [] if after else await find_people(tx, viewer, query)
    newest, following, is_cut = await _conversations(tx, viewer, query, after or Place(2**62), PAGE)
    hits = await _hits(tx, [message_id for _conversation, message_id, _many in newest], query)
    ids = [number for number, _is_alike in people]
    rows = await _rows(tx, [*ids, *(number for number, _message, _many in newest)], version)
    alike = dict(people)
    return Found(
        people=[_group(rows[number], query, is_alike=alike[number]) for number in ids if number in rows],
        groups=[
            _group(rows[number], query, hit=hits[message_id], has_more=many > 1)
            for number, message_id, many in newest
            # What was edited or erased since the index read it is no longer found.
            if number in rows and message_id in hits
        ],
        following=following,
        is_cut=is_cut,
        filled=await _filled(tx),
    )


async def find_in(tx: Tx, conversation: Conversation, query: Query, *, before: int | None = None) -> list[Hit]:
    """What was found in one conversation, which may be seen; the newest first, below the message `before`."""
    wanted = index.has_words(conversation.id, query)
    if before is not None:
        wanted = wanted.where(SearchMessage.message_id < before)
    ids = await tx.scalars(wanted.order_by(SearchMessage.message_id.desc()).limit(IN_ONE))
    return list((await _hits(tx, list(ids), query)).values())


async def conversations_with(tx: Tx, viewer: Viewer, query: Query, *, most: int) -> set[int]:
    """Up to `most` conversations of people or with messages that were found, those last spoken with first."""
    people = await find_people(tx, viewer, query, most=most)
    newest, _following, _is_cut = await _conversations(tx, viewer, query, Place(2**62), most)
    return {number for number, _ in people} | {number for number, _message, _many in newest}


# People


async def find_people(tx: Tx, viewer: Viewer, query: Query, *, most: int = MOST_PEOPLE) -> list[tuple[int, bool]]:
    """The conversations with people whom all the words belong to, and after them those of names spelt alike (True)."""
    exact = await _with_people(tx, viewer, [_ways(word, query) for word in _words(query)], most)
    if len(exact) >= most:
        return [(number, False) for number in exact]
    every = [[word, *await _alike(tx, word)] for word in _words(query)]
    if all(len(ways) == 1 for ways in every):
        return [(number, False) for number in exact]
    alike = await _with_people(tx, viewer, every, most)
    return [(number, False) for number in exact] + [(number, True) for number in alike if number not in exact][
        : most - len(exact)
    ]


def _words(query: Query) -> Sequence[str]:
    """A number is looked for as one, however it is written."""
    return [query.digits] if query.digits else query.words


def _ways(word: str, query: Query) -> list[str]:
    return [word, f"r{word[::-1]}"] if word == query.digits else [word]


async def _with_people(tx: Tx, viewer: Viewer, every: Sequence[Collection[str]], most: int) -> list[int]:
    if most <= MOST_PEOPLE and await crowded.are_many(tx, every):
        newest = await crowded.newest_with(tx, viewer, every, most)
        if newest is not None:
            return newest
    dialect = dialect_of(tx)
    people = index.people_with(dialect, index.expression(dialect, every)).cte("people").prefix_with("MATERIALIZED")
    wanted = (
        select(Conversation.id)
        .join(people, people.c.contact_id == Conversation.contact_id)
        .where(policy.visible(viewer), Conversation.status != "merged")
        .order_by(Conversation.last_at.desc(), Conversation.id.desc())
        .limit(most)
    )
    return list(await tx.scalars(wanted))


async def _alike(tx: Tx, word: str) -> list[str]:
    """Words of names that are `word` in another spelling, or with one slip of a finger."""
    keys = index.keys_of(word)
    if not keys:
        return []
    heard = sound(word)
    found = [row[0] for row in await fetch(tx, _SPELT, {"keys": sorted(keys)})]
    return [near for near in found if near != word and (sound(near) == heard or is_one_slip(word, near))][:20]


_SPELT = index.spelt_like()


# Messages


async def _conversations(
    tx: Tx, viewer: Viewer, query: Query, place: Place, most: int
) -> tuple[list[Newest], Place | None, bool]:
    """Up to `most` conversations with their newest message found, and where the next ones begin."""
    begun = time.monotonic()
    found: list[Newest] = []
    shown = set(place.shown)
    async for step in _steps(tx, query, place.before):
        rows = (await tx.execute(_seen_in(step.match, viewer, shown, most + 1 - len(found)))).all()
        found += [(row.conversation_id, row.newest, row.many) for row in rows if row.conversation_id is not None]
        shown.update(number for number, _message, _many in found)
        step.examined, step.lowest = rows[0].examined, rows[0].lowest
        if len(found) > most:
            page = found[:most]
            seen = (*place.shown, *(number for number, _message, _many in page))[-MOST_SHOWN:]
            return page, Place(page[-1][1], seen), False
        if not step.is_last and time.monotonic() - begun > ENOUGH_SECONDS:
            seen = (*place.shown, *(number for number, _message, _many in found))[-MOST_SHOWN:]
            return found, Place(step.below, seen), True
    return found, None, False


class _Step:
    """A stretch of messages looked through; what it held is told by whoever asked."""

    def __init__(self, match: CTE, *, size: int = 0, lowest: int = 0, is_last: bool = False) -> None:
        self.match = match
        self._size = size
        self._floor = lowest
        self._ends = is_last
        self.examined = 0
        self.lowest: int | None = None

    @property
    def is_last(self) -> bool:
        """Whether nothing is left below."""
        return self._ends or (self._size > 0 and self.examined < self._size)

    @property
    def below(self) -> int:
        """Where the next stretch begins."""
        return self._floor if not self._size else self.lowest or 0


async def _steps(tx: Tx, query: Query, before: int) -> AsyncIterator[_Step]:
    """Stretches from the newest message back, each larger than the one before, until nothing is left."""
    if dialect_of(tx) == "sqlite":
        number = 0
        while True:
            size = _STEPS[min(number, len(_STEPS) - 1)]
            step = _Step(index.newest_in_sqlite(query, before, size), size=size)
            yield step
            if step.is_last:
                return
            before, number = step.below, number + 1
    oldest, newest = await index.ends(tx)
    top, number = min(newest, before - 1) >> index.BUCKET, 0
    while top >= oldest >> index.BUCKET:
        many = _BUCKETS[min(number, len(_BUCKETS) - 1)]
        bottom = max(top - many + 1, oldest >> index.BUCKET)
        match = index.newest_in_postgres(query, before, range(bottom, top + 1))
        floor = bottom << index.BUCKET
        yield _Step(match, lowest=floor, is_last=floor <= oldest)
        top, number = bottom - 1, number + 1


def _seen_in(match: CTE, viewer: Viewer, shown: Collection[int], most: int) -> Select[int, int, int, int, int]:
    """Of the messages matched: how many, the lowest, and beside them those conversations that `viewer` may see.

    The sums, with nothing added, are for SQLite: no index serves a sum, so it goes from what matched to the messages
    and on to the conversations. Left to choose, it reads all messages along an index and looks each up in the match.
    """
    newest, many = func.max(SearchMessage.message_id), func.count()
    seen = (
        select(SearchMessage.conversation_id, newest.label("newest"), many.label("many"))
        .join(match, SearchMessage.message_id == match.c.id + 0)
        .join(Conversation, Conversation.id == SearchMessage.conversation_id + 0)
        .where(policy.visible(viewer), Conversation.status != "merged", Conversation.id.not_in(sorted(shown)))
        .group_by(SearchMessage.conversation_id)
        .order_by(newest.desc())
        .limit(most)
        .subquery()
    )
    whole = select(func.count().label("examined"), func.min(match.c.id).label("lowest")).select_from(match).subquery()
    return (
        select(whole.c.examined, whole.c.lowest, seen.c.conversation_id, seen.c.newest, seen.c.many)
        .select_from(whole.outerjoin(seen, true()))
        .order_by(seen.c.newest.desc())
    )


_SAID = (
    select(
        Message.id, Message.sequence, Message.created_at, Message.direction, Message.kind, Message.author_kind,
        Message.author_name, Message.text, Message.content, Contact.name, Contact.profile_name, Contact.username,
        Contact.wa_id,
    )
    .join(Conversation, Conversation.id == Message.conversation_id)
    .join(Contact, Contact.id == Conversation.contact_id)
    .where(among(Message.id, "ids"), Message.revoked_at.is_(None))
)  # fmt: skip


async def _hits(tx: Tx, ids: Sequence[int], query: Query) -> dict[int, Hit]:
    """The messages as they stand now, in the order asked for."""
    rows = {row.id: row for row in await fetch(tx, _SAID, {"ids": ids})} if ids else {}
    found: dict[int, Hit] = {}
    for number in ids:
        row = rows.get(number)
        if row is None:
            continue
        text = said(row.kind, row.text, row.content)
        words = excerpt(text, query) if holds(text, query) else []
        if not words and row.kind not in _WITH_FILES:
            continue
        found[number] = Hit(
            message_id=row.id,
            sequence=row.sequence,
            at=row.created_at,
            direction=row.direction,
            kind=row.kind,
            author=_author(row),
            words=words or [(text or Words("Su nombre de archivo coincide"), False)],
        )
    return found


def _author(row: Any) -> str:  # noqa: ANN401 a database row
    if row.author_kind == "contact":
        return contact_name(row.name, row.profile_name, row.username, row.wa_id)
    return row.author_name or "Al Día"


async def _rows(tx: Tx, ids: Sequence[int], version: int) -> dict[int, tuple[RowView, str | None]]:
    phones = (
        select(Conversation.id, Contact.wa_id)
        .join(Contact, Contact.id == Conversation.contact_id)
        .where(Conversation.id.in_(ids))
    )
    of = {row[0]: row[1] for row in await tx.execute(phones)} if ids else {}
    return {
        fact.row.conversation_id: (fact.row, of.get(fact.row.conversation_id))
        for fact in await rows_by_id(tx, dict.fromkeys(ids), version=version)
    }


def _group(
    found: tuple[RowView, str | None], query: Query, *, hit: Hit | None = None, has_more: bool = False,
    is_alike: bool = False,
) -> Group:  # fmt: skip
    row, wa_id = found
    return Group(
        row=row,
        name=pieces_of(row.name, query),
        phone=display(wa_id) if wa_id else None,
        hit=hit,
        has_more=has_more,
        is_alike=is_alike,
    )


async def _filled(tx: Tx) -> int | None:
    """How much of what was there before is read, in percent; None when all of it is."""
    progress = (await tx.scalars(select(SearchProgress).where(SearchProgress.id == 1))).one()
    if progress.history is None:
        return 0
    if progress.fill_below is None:
        return None if progress.people_after is None else 99
    return min(99, 100 - 100 * progress.fill_below // max(progress.fill_from or 1, 1))
