"""Whom a word belongs to that belongs to many: the newest conversations are walked along, instead of sorting them all.

A first name, or two letters of one, belongs to a good part of everybody. To sort all of them by when they were spoken
with takes time that grows with the portfolio; but then the first few hundred conversations hold enough of them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import ColumnElement, Select, func, literal, or_, select, true, union_all

from console.agents import Viewer
from console.db import Tx, dialect_of
from console.inbox import policy
from console.inbox.models import Conversation
from console.search import index
from console.search.models import SearchPerson

MANY = 1_000
"""People beyond whom a word belongs to many."""
_WALKS = (300, 4_000)
"""Conversations that are looked at, first and at the most."""
_STATUSES = ("open", "snoozed", "resolved")


async def are_many(tx: Tx, every: Sequence[Collection[str]]) -> bool:
    """Whether all the words belong to many people."""
    dialect = dialect_of(tx)
    some = index.people_with(dialect, index.expression(dialect, every)).limit(MANY + 1).subquery()
    return (await tx.scalar(select(func.count()).select_from(some)) or 0) > MANY


async def newest_with(tx: Tx, viewer: Viewer, every: Sequence[Collection[str]], most: int) -> list[int] | None:
    """Up to `most` conversations with people whom all the words belong to, those last spoken with first.

    None where the walk does not come to so many: few of the many are among those whom `viewer` sees.
    """
    for walked in _WALKS:
        rows = (await tx.execute(_walk(viewer, every, walked, most))).all()
        found = [row.id for row in rows if row.id is not None]
        if len(found) == most or rows[0].examined < walked:
            return found
    return None


def _walk(viewer: Viewer, every: Sequence[Collection[str]], walked: int, most: int) -> Select[int, int]:
    """Those found among the `walked` newest conversations that `viewer` sees, and how many these were."""
    keys = (Conversation.last_at, Conversation.id, Conversation.contact_id)
    order = (Conversation.last_at.desc(), Conversation.id.desc())
    # Each of these is read along its own index and cut short.
    parts = [
        select(*keys).where(scope, Conversation.status == status).order_by(*order).limit(walked).subquery()
        for scope in _scopes(viewer)
        for status in _STATUSES
    ]
    every_part = union_all(*(select(part) for part in parts)).subquery()
    seen = (
        select(every_part.c.last_at, every_part.c.id, every_part.c.contact_id)
        # One's own stands in a team's as well.
        .distinct()
        .order_by(every_part.c.last_at.desc(), every_part.c.id.desc())
        .limit(walked)
        .cte("seen")
        .prefix_with("MATERIALIZED")
    )
    found = (
        select(seen.c.id, seen.c.last_at)
        .join(SearchPerson, SearchPerson.contact_id == seen.c.contact_id)
        .join(Conversation, Conversation.id == seen.c.id)
        .where(policy.visible(viewer), *(_has(ways) for ways in every))
        .order_by(seen.c.last_at.desc(), seen.c.id.desc())
        .limit(most)
        .subquery()
    )
    examined = select(func.count().label("examined")).select_from(seen).subquery()
    return (
        select(found.c.id, examined.c.examined)
        .select_from(examined.outerjoin(found, true()))
        .order_by(found.c.last_at.desc(), found.c.id.desc())
    )


def _scopes(viewer: Viewer) -> list[ColumnElement[bool]]:
    """Where what `policy.visible` lets them see can be read along an index."""
    if viewer.sees_all:
        return [true()]
    teams = [Conversation.team_id == team for team in sorted(viewer.team_ids)]
    return [*teams, Conversation.holder_id == viewer.id]


def _has(ways: Collection[str]) -> ColumnElement[bool]:
    """That one of these words is there, or one that begins with it."""
    words = literal(" ") + SearchPerson.folded
    return or_(*(words.contains(f" {word}", autoescape=True) for word in sorted(ways)))
