"""The sidebar: views with their numbers, account states, and what today asks for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable

import msgspec
from sqlalchemy import ColumnElement, case, func, select, union_all

from console.agents import Viewer
from console.db import Tx, weighed
from console.inbox import counts, policy
from console.inbox.listing import (
    MENTIONS,
    PRESSING_VIEWS,
    STATE_VIEWS,
    TODAY_VIEWS,
    VIEWS,
    Now,
    promise_is,
    status_is,
    window_is_closing,
)
from console.inbox.models import Conversation, ReadMark
from console.inbox.views import ViewCount
from console.portfolio.models import PortfolioRules
from console.portfolio.states import TONES, Edges, label
from console.targets.late import is_pressing, warned

Slots = Counter[tuple[int, int | None]]
"""How many conversations each team has with each holder."""


class Numbers(msgspec.Struct, frozen=True):
    """All the numbers of one viewer's sidebar."""

    counts: counts.Counts
    mentions: int
    today: tuple[tuple[str, int], ...]
    edges: Edges


async def numbers_for(tx: Tx, viewers: Collection[Viewer], now: Now) -> dict[int, Numbers]:
    """The numbers of these viewers: a handful of small queries, however many viewers and conversations there are."""
    kept = await counts.counts_by_viewer(tx, list(viewers))
    rules = (await tx.execute(select(PortfolioRules.first_edge, PortfolioRules.second_edge))).one_or_none()
    today = {
        "promises_due": await _slots(tx, promise_is("due", now)),
        "promises_broken": await _slots(tx, promise_is("broken", now)),
        "window_closing": await _slots(tx, window_is_closing(now)),
        **await _pressing(tx, now),
    }
    mentions = await _unseen_mentions(tx, viewers)
    return {
        viewer.id: Numbers(
            kept[viewer.id],
            _seen_by(viewer, mentions[viewer.id]),
            tuple((view, _seen_by(viewer, slots)) for view, slots in today.items()),
            Edges(*rules) if rules else Edges(),
        )
        for viewer in viewers
    }


async def _unseen_mentions(tx: Tx, viewers: Collection[Viewer]) -> dict[int, Slots]:
    """The conversations in which each of `viewers` was mentioned since they read them."""
    of = (ReadMark.agent_id, Conversation.team_id, Conversation.holder_id)
    found = (
        select(*of, func.count())
        .join(Conversation, Conversation.id == ReadMark.conversation_id)
        .where(ReadMark.agent_id.in_([viewer.id for viewer in viewers]), ReadMark.mentioned > ReadMark.sequence)
        .where(Conversation.status != "merged")
        .group_by(*of)
    )
    slots = {viewer.id: Slots() for viewer in viewers}
    for agent_id, team, holder, n in await tx.execute(found):
        slots[agent_id][team, holder] = n
    return slots


async def _slots(tx: Tx, wanted: Iterable[ColumnElement[bool]]) -> Slots:
    """Along an index that holds all that is asked of it: bounded by what today asks for, not by what there is."""
    of = (Conversation.team_id, Conversation.holder_id)
    found = select(*of, func.count()).where(weighed(status_is("open")), *wanted).group_by(*of)
    return Counter({(team, holder): n for team, holder, n in await tx.execute(found)})


async def _pressing(tx: Tx, now: Now) -> dict[str, Slots]:
    """The conversations of each view of what is late or soon will be: of those that were warned of, in one query."""
    of = (Conversation.team_id, Conversation.holder_id)
    each = [is_pressing(wanted, now.moment) for wanted in PRESSING_VIEWS.values()]
    read = [
        select(
            *of, *(case((one, 1), else_=0).label(view) for view, one in zip(PRESSING_VIEWS, each, strict=True))
        ).where(clock, weighed(status_is("open")))
        for clock in warned(now.moment)
    ]
    both = union_all(*read).subquery()
    sums = [func.sum(both.c[view]) for view in PRESSING_VIEWS]
    slots = {view: Slots() for view in PRESSING_VIEWS}
    found = select(both.c.team_id, both.c.holder_id, *sums).group_by(both.c.team_id, both.c.holder_id)
    for team, holder, *counted in await tx.execute(found):
        for view, n in zip(PRESSING_VIEWS, counted, strict=True):
            slots[view][team, holder] = n
    return slots


def _seen_by(viewer: Viewer, slots: Slots) -> int:
    return sum(n for (team, holder), n in slots.items() if policy.sees(viewer, team_id=team, holder_id=holder))


def as_views(numbers: Numbers) -> list[ViewCount]:
    """Numbers as the sidebar lists them."""
    states = dict(numbers.counts.states)
    today = dict(numbers.today)
    kept = {**msgspec.structs.asdict(numbers.counts), MENTIONS: numbers.mentions}
    every = [ViewCount(key=key, label=name, count=kept[key]) for key, name in VIEWS.items()]
    for state in STATE_VIEWS:
        name = label(state, numbers.edges)
        every.append(ViewCount(key=state, label=name, count=states.get(state, 0), group="states", tone=TONES[state]))
    every += [ViewCount(key=key, label=name, count=today[key], group="today") for key, name in TODAY_VIEWS.items()]
    return every


async def view_counts(tx: Tx, viewer: Viewer, now: Now) -> list[ViewCount]:
    """The views and their numbers."""
    return as_views((await numbers_for(tx, [viewer], now))[viewer.id])
