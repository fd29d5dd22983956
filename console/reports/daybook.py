"""The daybook: what each agent of each team had on one day, kept whole, so that ninety days are some thousand rows.

A day is kept while nothing of it changes: the transaction that brings or moves a fact strikes its day out, and a report
counts struck days from the facts until they are kept again. Durations stay as they are, each, so percentiles are exact.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

import anyio.to_thread
import msgspec
from sqlalchemy import ColumnElement, Select, and_, delete, func, select, true

from console.agents import Viewer
from console.db import Tx, bulk_insert
from console.inbox import policy
from console.inbox.models import Conversation
from console.reports.asked import Asked, are_asked, by_agent, in_period
from console.reports.models import Answer, DayKept, DayPage, Spell, Talk


class Page(msgspec.Struct, array_like=True, gc=False):
    """What one agent (or nobody of ours) of one team had on one day. Durations are whole seconds, in no order."""

    said: dict[str, dict[int, int]] = {}  # author: hour: messages
    spoken: list[int] = []  # the conversations in which the agent wrote
    first: dict[int, list[int]] = {}  # hour: business seconds of each first answer
    first_calendar: list[int] = []
    next: list[int] = []
    next_calendar: list[int] = []
    resolution: list[int] = []
    resolution_calendar: list[int] = []


class Line(NamedTuple):
    """A page, and of whom it is."""

    day: date
    agent: int
    page: Page


Of = tuple[date, int, int]
"""Day, team, agent; 0 is nobody."""
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Page).decode


async def read(tx: Tx, viewer: Viewer, asked: Asked) -> list[Line]:
    """The pages of the period as `viewer` may count them; filters that the daybook does not know count the facts."""
    days = [asked.since + timedelta(days=at) for at in range((asked.until - asked.since).days + 1)]
    kept: list[date] = []
    if asked.tag is None and asked.state is None:
        kept = list(await tx.scalars(select(DayKept.day).where(in_period(asked, DayKept.day))))
    found = await _kept(tx, viewer, asked, kept)
    rest = sorted(set(days) - set(kept))
    if rest:
        made = await make(tx, _facts_of(viewer, asked, rest))
        found += [Line(day, agent, page) for (day, _team, agent), page in made.items()]
    return found


async def _kept(tx: Tx, viewer: Viewer, asked: Asked, days: Collection[date]) -> list[Line]:
    if not days:
        return []
    wanted = select(DayPage.day, DayPage.agent_id, DayPage.page).where(
        in_period(asked, DayPage.day),
        DayPage.day.in_(days),
        policy.leads(viewer, DayPage.team_id),
        by_agent(asked, DayPage.agent_id),
        true() if asked.team is None else DayPage.team_id == asked.team,
    )
    rows = (await tx.execute(wanted)).all()
    # Reading ninety days takes a tenth of a second: others are served meanwhile.
    return await anyio.to_thread.run_sync(lambda: [Line(day, agent, _decode(page)) for day, agent, page in rows])


class _Facts(NamedTuple):
    talk: ColumnElement[bool]
    answers: ColumnElement[bool]
    spells: ColumnElement[bool]


def _facts_of(viewer: Viewer, asked: Asked, days: Collection[date]) -> _Facts:
    def of(table: Any) -> ColumnElement[bool]:  # noqa: ANN401 a table
        # Of the conversation that is joined anyway: asked as a list of ids, it is looked up once for each of them.
        return and_(table.day.in_(days), by_agent(asked, table.agent_id), are_asked(viewer, asked))

    return _Facts(of(Talk), of(Answer), of(Spell))


async def make(tx: Tx, of: _Facts) -> dict[Of, Page]:
    """The pages that these facts make."""
    made: dict[Of, Page] = {}

    def page(row: Any) -> Page:  # noqa: ANN401 a database row
        return made.setdefault((row.day, row.team, row.agent_id), Page())

    for row in await tx.execute(_of_teams(Talk, Talk.author, Talk.hour, Talk.conversation_id, Talk.n).where(of.talk)):
        on = page(row)
        hours = on.said.setdefault(row.author, {})
        hours[row.hour] = hours.get(row.hour, 0) + row.n
        if row.author == "agent":
            on.spoken.append(row.conversation_id)
    answers = _of_teams(Answer, Answer.is_first, Answer.hour, Answer.business_s, Answer.calendar_s)
    for row in await tx.execute(answers.where(of.answers)):
        on = page(row)
        (on.first.setdefault(row.hour, []) if row.is_first else on.next).append(row.business_s)
        (on.first_calendar if row.is_first else on.next_calendar).append(row.calendar_s)
    for row in await tx.execute(_of_teams(Spell, Spell.business_s, Spell.calendar_s).where(of.spells)):
        on = page(row)
        on.resolution.append(row.business_s)
        on.resolution_calendar.append(row.calendar_s)
    for on in made.values():
        on.spoken = sorted(set(on.spoken))
    return made


def _of_teams(table: Any, *columns: Any) -> Select[Any]:  # noqa: ANN401 a table and columns of it
    """With the team that the conversation has today."""
    team = func.coalesce(Conversation.team_id, 0).label("team")
    joined = select(table.day, table.agent_id, team, *columns)
    return joined.outerjoin(Conversation, Conversation.id == table.conversation_id)


async def strike(tx: Tx, days: Iterable[date]) -> None:
    """Something of these days changed: they are counted from the facts until they are kept again."""
    struck = sorted(set(days))
    if struck:
        await tx.execute(delete(DayKept).where(DayKept.day.in_(struck)))


async def days_of(tx: Tx, conversations: Collection[int]) -> set[date]:
    """On which days these conversations have facts."""
    if not conversations:
        return set()
    wanted = [
        select(table.day).where(table.conversation_id.in_(conversations)).distinct() for table in (Talk, Answer, Spell)
    ]
    return {day for each in wanted for day in await tx.scalars(each)}


async def to_keep(tx: Tx, today: date) -> Sequence[date]:
    """The days that are over and not kept, the newest first."""
    first = await tx.scalar(select(func.min(Talk.day)))
    if first is None:
        return ()
    kept = set(await tx.scalars(select(DayKept.day)))
    days = (today - timedelta(days=ago) for ago in range(1, (today - first).days + 1))
    return [day for day in days if day not in kept]


async def pages_of(tx: Tx, day: date) -> dict[Of, Page]:
    """What the facts of a day make."""
    return await make(tx, _Facts(Talk.day == day, Answer.day == day, Spell.day == day))


async def keep(tx: Tx, day: date, pages: dict[Of, Page]) -> None:
    """Write the pages of a day anew. The caller knows that no fact came since they were made."""
    await tx.execute(delete(DayPage).where(DayPage.day == day))
    rows = [
        {"day": day, "team_id": team, "agent_id": agent, "page": _encode(page).decode()}
        for (day, team, agent), page in sorted(pages.items(), key=lambda each: each[0])
    ]
    await bulk_insert(tx, DayPage, rows)
    await bulk_insert(tx, DayKept, [{"day": day}], or_ignore=True)
