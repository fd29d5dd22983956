"""Reading the floor: one row a person and a team, from a few statements over sets, however much is open.

What is shown does not grow with it: the people who need attention first, the rest when asked for.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, case, func, select, true

from console.agents import Agent, AgentTeam, Role, Team, Viewer
from console.bots.models import BotSession
from console.db import Tx
from console.inbox.contacts import Contact
from console.inbox.models import Conversation
from console.inbox.queries import contact_name, initials
from console.languages.words import Words
from console.routing import availability, rules
from console.routing.load import WHOLE, capacity_of
from console.routing.models import Presence, RoutingRule
from console.routing.views import shown
from console.supervision.views import AgentLine, Asked, BotLine, Floor, QueueLine
from console.targets.late import answer_late, answer_soon

FIRST_SHOWN, MOST_SHOWN, BOT_SHOWN, BARS = 12, 300, 6, 20
SHOWS = {
    "attention": Words("Piden atención"),
    "available": Words("Disponibles"),
    "paused": Words("En pausa"),
    "away": Words("Ausentes"),
}


class _Sum(msgspec.Struct):
    """Conversations together: how many are open, wait, are late or soon will be, and the earliest of their times."""

    open: int = 0
    waiting: int = 0
    late: int = 0
    soon: int = 0
    oldest: datetime | None = None
    warns_at: datetime | None = None
    due_at: datetime | None = None

    def add(self, other: _Sum) -> None:
        """Both together."""
        self.open += other.open
        self.waiting += other.waiting
        self.late += other.late
        self.soon += other.soon
        self.oldest = _earlier(self.oldest, other.oldest)
        self.warns_at = _earlier(self.warns_at, other.warns_at)
        self.due_at = _earlier(self.due_at, other.due_at)


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    return min((at for at in (one, other) if at), default=None)


def in_scope(viewer: Viewer, asked: Asked) -> ColumnElement[bool]:
    """That a Conversation is of the teams looked at: never another one's, whoever holds it."""
    if asked.team is not None:
        return Conversation.team_id == asked.team
    return true() if viewer.sees_all else Conversation.team_id.in_(viewer.team_ids)


async def teams_of(tx: Tx, viewer: Viewer) -> list[tuple[int, str]]:
    """The teams whose floor the viewer may look at."""
    wanted = select(Team.id, Team.name).order_by(Team.name)
    if not viewer.sees_all:
        wanted = wanted.where(Team.id.in_(viewer.team_ids))
    return [(row.id, row.name) for row in await tx.execute(wanted)]


async def read_floor(tx: Tx, viewer: Viewer, asked: Asked, moment: datetime) -> Floor:
    """The floor as `viewer` may see it at `moment`. A team that is not theirs is as if it were not asked for."""
    teams = await teams_of(tx, viewer)
    if asked.team not in dict(teams):
        asked = msgspec.structs.replace(asked, team=None)
    looked_at = [number for number, _ in teams if asked.team in {None, number}]
    sums = await _sums(tx, viewer, asked, moment)
    rule_of = await rules.rules_of(tx, looked_at)
    bots = set(await tx.scalars(select(Agent.id).where(Agent.role == Role.BOT)))
    people = await _people(tx, looked_at, rule_of, sums, moment)
    every = _Sum()
    for one in sums.values():
        every.add(one)
    shown_first = sorted((line for line, _ in people if _shows(asked.show, line)), key=_attention)
    return Floor(
        asked=asked,
        teams=teams,
        open=every.open,
        waiting=every.waiting,
        soon=every.soon,
        late=every.late,
        unassigned=sum(one.open for (_, holder), one in sums.items() if holder is None),
        available=sum(line.state.state == Presence.AVAILABLE for line, _ in people),
        people=len(people),
        with_bot=sum(one.open for (_, holder), one in sums.items() if holder in bots),
        queues=[
            _queue(number, name, sums, bots, _free(people, number)) for number, name in teams if number in looked_at
        ],
        bot=await _with_bot(tx, viewer, asked, bots),
        agents=shown_first[: MOST_SHOWN if asked.every else FIRST_SHOWN],
        found=len(shown_first),
        by_show={show: sum(_shows(show, line) for line, _ in people) for show in SHOWS},
    )


async def _sums(tx: Tx, viewer: Viewer, asked: Asked, moment: datetime) -> dict[tuple[int, int | None], _Sum]:
    """What is open, by team and holder: one statement whatever their number."""
    late, soon = (func.sum(case((whose, 1), else_=0)) for whose in (answer_late(moment), answer_soon(moment)))
    rows = await tx.execute(
        select(
            Conversation.team_id,
            Conversation.holder_id,
            func.count(),
            func.count(Conversation.waiting_since),
            late,
            soon,
            func.min(Conversation.waiting_since),
            func.min(Conversation.answer_warns_at),
            func.min(Conversation.answer_due_at),
        )
        .where(Conversation.status == "open", in_scope(viewer, asked))
        .group_by(Conversation.team_id, Conversation.holder_id)
    )
    return {
        (team, holder): _Sum(n, waits, int(too_late), int(nearly), oldest, warns_at, due_at)
        for team, holder, n, waits, too_late, nearly, oldest, warns_at, due_at in rows
    }


async def _people(
    tx: Tx,
    teams: Collection[int],
    rule_of: dict[int, RoutingRule],
    sums: dict[tuple[int, int | None], _Sum],
    moment: datetime,
) -> list[tuple[AgentLine, set[int]]]:
    rows = (
        await tx.execute(
            select(Agent.id, Agent.name, Agent.role, AgentTeam.team_id)
            .join(AgentTeam, AgentTeam.agent_id == Agent.id)
            .where(AgentTeam.team_id.in_(teams), Agent.disabled_at.is_(None), Agent.role != Role.BOT)
        )
    ).all()
    of: defaultdict[int, set[int]] = defaultdict(set)
    for row in rows:
        of[row.id].add(row.team_id)
    held: defaultdict[int, _Sum] = defaultdict(_Sum)
    for (_, holder), one in sums.items():
        if holder is not None:
            held[holder].add(one)
    standings = await availability.standings_of(tx, list(of))
    lines = []
    for row in {row.id: row for row in rows}.values():
        if row.role != Role.AGENT and not held[row.id].open:
            continue
        rule, standing, mine = rule_of[min(of[row.id])], standings[row.id], held[row.id]
        capacity = capacity_of(standing.capacity, row.role, rule)
        load = mine.waiting * WHOLE + (mine.open - mine.waiting) * rule.answered_weight
        line = AgentLine(
            agent_id=row.id,
            name=row.name,
            initials=initials(row.name),
            state=shown(standing),
            is_overdue=standing.until is not None and standing.until < moment,
            open=mine.open,
            waiting=mine.waiting,
            late=mine.late,
            oldest=mine.oldest,
            warns_at=mine.warns_at,
            due_at=mine.due_at,
            load=load,
            capacity=capacity,
            bars=_bars(mine, capacity),
        )
        lines.append((line, of[row.id]))
    return lines


def _bars(mine: _Sum, capacity: int) -> list[str]:
    marks = ["late"] * mine.late + ["waits"] * (mine.waiting - mine.late) + ["answered"] * (mine.open - mine.waiting)
    marks += ["room"] * (capacity - len(marks))
    return marks[:BARS]


def _has_room(line: AgentLine) -> bool:
    return line.load + WHOLE <= line.capacity * WHOLE


def _free(people: list[tuple[AgentLine, set[int]]], team: int) -> int:
    available = Presence.AVAILABLE
    return sum(team in of and line.state.state == available and _has_room(line) for line, of in people)


def _shows(show: str, line: AgentLine) -> bool:
    return show in {"attention", line.state.state}


def _attention(line: AgentLine) -> tuple[Any, ...]:
    """Who has most over the target first, then who has had somebody waiting for longest, then by name."""
    waits = line.oldest.timestamp() if line.oldest else float("inf")
    return (-line.late, not line.is_overdue, waits, line.name)


def _queue(
    team: int, name: str, sums: dict[tuple[int, int | None], _Sum], bots: Collection[int], free: int
) -> QueueLine:
    ours = _Sum()
    for (of, holder), one in sums.items():
        if of == team and holder not in bots:
            ours.add(one)
    queue = sums.get((team, None), _Sum())
    return QueueLine(
        team_id=team,
        name=name,
        unassigned=queue.open,
        waiting=ours.waiting,
        late=ours.late,
        oldest=ours.oldest,
        warns_at=ours.warns_at,
        due_at=ours.due_at,
        free=free,
    )


async def _with_bot(tx: Tx, viewer: Viewer, asked: Asked, bots: Collection[int]) -> list[BotLine]:
    if not bots:
        return []
    live = (BotSession.conversation_id == Conversation.id) & BotSession.ended_at.is_(None)
    rows = await tx.execute(
        select(
            Conversation.id, Contact.name, Contact.profile_name, Contact.username, Contact.wa_id,
            func.coalesce(BotSession.opened_at, Conversation.last_at), BotSession.reason,
        )
        .join(Contact, Contact.id == Conversation.contact_id)
        .outerjoin(BotSession, live)
        .where(Conversation.holder_id.in_(bots), Conversation.status == "open", in_scope(viewer, asked))
        .order_by(func.coalesce(BotSession.urgency, 0).desc(), Conversation.last_at.desc())
        .limit(BOT_SHOWN)
    )  # fmt: skip
    return [
        BotLine(
            conversation_id=row[0],
            name=contact_name(row[1], row[2], row[3], row[4]),
            since=row[5],
            reason=row[6],
        )
        for row in rows
    ]
