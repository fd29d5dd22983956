"""Walking along all that matches, from the newest message back: a stretch at a time, until a page is full."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection

from sqlalchemy import CTE, Select, exists, func, select, true

from console.agents import Viewer
from console.db import Tx, dialect_of
from console.inbox import policy
from console.inbox.models import Conversation
from console.search import index
from console.search.models import SearchMessage
from console.search.words import Query

_STEPS = (500, 5_000, 20_000)
"""Matches that SQLite looks at in one step, the last again and again."""
_BUCKETS = (1, 1)
"""Buckets PostgreSQL looks into at first: the newest is seldom a whole one. Then as many as are likely to hold:"""
_IN_ONE = 50_000
"""Matches, about, that PostgreSQL meets in one step."""
_FREE = 100
"""How many times too large a step has to be for its buckets not to be named."""


class Step:
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


async def steps(tx: Tx, query: Query, before: int) -> AsyncIterator[Step]:
    """Stretches from the message `before` back, each larger than the one before, until nothing is left."""
    if dialect_of(tx) == "sqlite":
        number = 0
        while True:
            size = _STEPS[min(number, len(_STEPS) - 1)]
            step = Step(index.newest_in_sqlite(query, before, size), size=size)
            yield step
            if step.is_last:
                return
            before, number = step.below, number + 1
    oldest, newest = await index.ends(tx)
    top, number, likely = min(newest, before - 1) >> index.BUCKET, 0, 1
    while top >= oldest >> index.BUCKET:
        many = _BUCKETS[number] if number < len(_BUCKETS) else likely
        bottom = max(top - many + 1, oldest >> index.BUCKET)
        floor = bottom << index.BUCKET
        # Of what is next to never said all that is left is looked at in one step, and no bucket need be named.
        buckets = range(bottom, top + 1) if likely < _FREE * (top - bottom + 1) else ()
        step = Step(index.newest_in_postgres(query, before, buckets), lowest=floor, is_last=floor <= oldest)
        yield step
        before, top, number = min(before, floor), bottom - 1, number + 1
        likely = max(1, _IN_ONE * many // max(1, step.examined))


def seen_in(match: CTE, viewer: Viewer, shown: Collection[int], most: int) -> Select[int, int, int, int, int]:
    """Of the messages matched: how many, the lowest, and beside them those conversations that `viewer` may see."""
    how = _seen_in_postgres if "conversation_id" in match.c else _seen_in_sqlite
    seen = how(match, viewer, shown).limit(most).subquery()
    whole = select(func.count().label("examined"), func.min(match.c.id).label("lowest")).select_from(match).subquery()
    return (
        select(whole.c.examined, whole.c.lowest, seen.c.conversation_id, seen.c.newest, seen.c.many)
        .select_from(whole.outerjoin(seen, true()))
        .order_by(seen.c.newest.desc())
    )


def _seen_in_sqlite(match: CTE, viewer: Viewer, shown: Collection[int]) -> Select[int, int, int]:
    """The conversations of what matched that may be seen, the newest first.

    The sums, with nothing added, are for SQLite: no index serves a sum, so it goes from what matched to the messages
    and on to the conversations. Left to choose, it reads all messages along an index and looks each up in the match.
    """
    newest, many = func.max(SearchMessage.message_id), func.count()
    return (
        select(SearchMessage.conversation_id, newest.label("newest"), many.label("many"))
        .join(match, SearchMessage.message_id == match.c.id + 0)
        .join(Conversation, Conversation.id == SearchMessage.conversation_id + 0)
        .where(policy.visible(viewer), Conversation.status != "merged", Conversation.id.not_in(sorted(shown)))
        .group_by(SearchMessage.conversation_id)
        .order_by(newest.desc())
    )


def _seen_in_postgres(match: CTE, viewer: Viewer, shown: Collection[int]) -> Select[int, int, int]:
    """The same. What matched is put in order first, and one after the other looked up until enough may be seen.

    It has no idea how many messages begin with some letters and guesses a fiftieth of all; for so many it would read
    whole tables. The offsets, of nothing, keep it from taking the two steps as one.
    """
    newest = func.max(match.c.id)
    each = (
        select(match.c.conversation_id, newest.label("newest"), func.count().label("many"))
        .where(match.c.conversation_id.not_in(sorted(shown)))
        .group_by(match.c.conversation_id)
        .order_by(newest.desc())
        .offset(0)
        .subquery()
    )
    seen = select(Conversation.id).where(
        Conversation.id == each.c.conversation_id, policy.visible(viewer), Conversation.status != "merged"
    )
    return select(each).where(exists(seen.offset(0))).order_by(each.c.newest.desc())
