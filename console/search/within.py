"""Looking from the other side: along the conversations that somebody may see, instead of along all that matches.

A word that everybody says and of which one may see next to nothing would be walked through to the last message, each
refused. Whoever sees little has few messages, and those are read sooner than what everybody said.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import CTE, ScalarSelect, Select, exists, func, select

from console.agents import Viewer
from console.db import Tx
from console.inbox import policy
from console.inbox.models import Conversation
from console.search import index
from console.search.models import SearchMessage
from console.search.words import Query

CONVERSATIONS, MESSAGES = 5_000, 50_000
"""What may be looked through from this side at the most: about a tenth of a second."""
COUNTED = 300
"""Conversations whose messages are counted, to tell how many all of them have."""
LOOKED = 500
"""Matches by which one judges, at the least, how much of them somebody sees."""
FAR = 30_000
"""Matches that may have to be walked for a page: beyond these the other side is tried."""


class Newest(NamedTuple):
    """A conversation, the newest message found in it, and whether there are more."""

    conversation_id: int
    message_id: int
    has_more: bool


def is_far(found: int, wanted: int, looked: int) -> bool:
    """Whether `wanted` conversations are far away, where `looked` matches held `found` that may be seen."""
    return looked >= LOOKED and found * FAR < wanted * looked


async def is_little(tx: Tx, viewer: Viewer) -> bool:
    """Whether all that `viewer` may see is little enough to be looked through."""
    if viewer.sees_all:
        return False
    seen = _seen(viewer, most=CONVERSATIONS + 1)
    some = select(seen.c.id).limit(COUNTED).subquery()
    of_one = select(func.count()).where(SearchMessage.conversation_id == some.c.id).correlate(some).scalar_subquery()
    each = select(of_one.label("held")).select_from(some).subquery()
    told = select(
        select(func.count()).select_from(seen).scalar_subquery(),
        select(func.coalesce(func.sum(each.c.held), 0)).scalar_subquery(),
    )
    conversations, held = (int(one) for one in (await tx.execute(told)).one())
    return conversations <= CONVERSATIONS and held * max(1, conversations / COUNTED) <= MESSAGES


async def newest(
    tx: Tx, viewer: Viewer, query: Query, *, before: int, shown: Collection[int], most: int
) -> list[Newest]:
    """Up to `most` conversations that `viewer` may see and that hold what is asked for below the message `before`.

    The newest message found first; those in `shown` are left out.
    """
    seen = _seen(viewer, shown)
    # Each conversation is read from its end along its own index, as far as its newest match. Kept as it is worked
    # out: SQLite would work it out again for each time it is named.
    last = select(seen.c.id, _last(query, seen, before).label("newest")).cte("last").prefix_with("MATERIALIZED")
    top = select(last).where(last.c.newest.is_not(None)).order_by(last.c.newest.desc()).limit(most).subquery()
    older = exists(index.has_words(top.c.id, query).where(SearchMessage.message_id < top.c.newest))
    rows = await tx.execute(select(top.c.id, top.c.newest, older.label("has_more")).order_by(top.c.newest.desc()))
    return [Newest(row.id, row.newest, bool(row.has_more)) for row in rows]


def _last(query: Query, seen: CTE, before: int) -> ScalarSelect[int]:
    found: Select[int] = index.has_words(seen.c.id, query).where(SearchMessage.message_id < before)
    return found.order_by(SearchMessage.message_id.desc()).limit(1).correlate(seen).scalar_subquery()


def _seen(viewer: Viewer, shown: Collection[int] = (), *, most: int | None = None) -> CTE:
    wanted = select(Conversation.id).where(
        policy.visible(viewer), Conversation.status != "merged", Conversation.id.not_in(sorted(shown))
    )
    return wanted.limit(most).cte("seen").prefix_with("MATERIALIZED")
