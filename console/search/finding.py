"""Finding: whom a name, a number or a document belongs to, and what was ever said, as far as somebody may see it."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import select

from console import masking
from console.agents import Viewer
from console.bots.spelling import is_one_slip, sound
from console.bulk import among, fetch
from console.db import Tx, dialect_of
from console.inbox import policy
from console.inbox.contacts import Contact
from console.inbox.models import Conversation, Message
from console.inbox.queries import contact_name
from console.inbox.rows import rows_by_id
from console.inbox.shown import told
from console.inbox.views import RowView
from console.languages.words import Words
from console.search import crowded, index, matching, within
from console.search.found import MOST_SHOWN, Found, Group, Hit, Place
from console.search.gathering import said
from console.search.models import SearchMessage, SearchProgress
from console.search.within import Newest
from console.search.words import Query, excerpt, holds, pieces_of

PAGE = 20
"""Persons on a page."""
MOST_PEOPLE = 8
"""Persons shown for who they are; whoever looks for another writes more of the name."""
IN_ONE = 50
"""Messages on a page of one conversation."""
ENOUGH_SECONDS = 0.1
"""After this the first page is shown as far as it came; the screen asks by itself for what is left."""
PATIENT_SECONDS = 0.8
"""The same for the pages after it, and where there is but one."""

_WITH_FILES = frozenset({"document", "image", "video", "audio"})
"""Kinds of messages that may be found by the name of a file."""


async def find(tx: Tx, viewer: Viewer, query: Query, *, after: Place | None = None, version: int) -> Found:
    """A page of what `viewer` may see of what was found; people by name are on the first alone."""
    people = [] if after else await find_people(tx, viewer, query)
    place, seconds = after or Place(2**62), PATIENT_SECONDS if after else ENOUGH_SECONDS
    newest, following, is_cut = await _conversations(tx, viewer, query, place, most=PAGE, seconds=seconds)
    hits = await _hits(tx, [one.message_id for one in newest], query)
    ids = [number for number, _is_alike in people]
    rows = await _rows(tx, [*ids, *(one.conversation_id for one in newest)], version)
    alike = dict(people)
    return Found(
        people=[_group(rows[number], query, is_alike=alike[number]) for number in ids if number in rows],
        groups=[
            _group(rows[one.conversation_id], query, hit=hits[one.message_id], has_more=one.has_more)
            for one in newest
            # What was edited or erased since the index read it is no longer found.
            if one.conversation_id in rows and one.message_id in hits
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
    from_the_newest = Place(2**62)
    newest, _, _ = await _conversations(tx, viewer, query, from_the_newest, most=most, seconds=PATIENT_SECONDS)
    return {number for number, _ in people} | {one.conversation_id for one in newest}


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
    tx: Tx, viewer: Viewer, query: Query, place: Place, *, most: int, seconds: float
) -> tuple[list[Newest], Place | None, bool]:
    """Up to `most` conversations with their newest message found, and where the next ones begin.

    Where next to nothing of what matches may be seen, it is looked for from the side of what may be: see `within`.
    """
    begun, looked, is_little = time.monotonic(), 0, None
    found: list[Newest] = []
    shown = set(place.shown)
    async for step in matching.steps(tx, query, place.before):
        rows = (await tx.execute(matching.seen_in(step.match, viewer, shown, most + 1 - len(found)))).all()
        found += [Newest(row.conversation_id, row.newest, row.many > 1) for row in rows if row.newest is not None]
        shown.update(one.conversation_id for one in found)
        step.examined, step.lowest = rows[0].examined, rows[0].lowest
        looked += step.examined
        if len(found) > most or step.is_last:
            break
        if is_little is not False and within.is_far(len(found), most + 1, looked):
            is_little = await within.is_little(tx, viewer)
            if is_little:
                found = await within.newest(tx, viewer, query, before=place.before, shown=place.shown, most=most + 1)
                break
        if time.monotonic() - begun > seconds:
            return found, Place(step.below, _shown(place, found)), True
    if len(found) <= most:
        return found, None, False
    page = found[:most]
    return page, Place(page[-1].message_id, _shown(place, page)), False


def _shown(place: Place, page: Sequence[Newest]) -> tuple[int, ...]:
    return (*place.shown, *(one.conversation_id for one in page))[-MOST_SHOWN:]


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
        text = told(row.kind, said(row.kind, row.text, row.content)) or ""
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
        phone=masking.phone(wa_id) if wa_id else None,
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
