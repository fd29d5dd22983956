"""The operation in numbers: volume, how long people wait and matters take, and who carries it."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from typing import Any

from sqlalchemy import func, select

from console import clock
from console.agents import Agent, Viewer
from console.db import Tx
from console.inbox import policy
from console.inbox.models import Conversation
from console.reports import definitions
from console.reports.asked import Asked, by_agent, in_period, of_conversations
from console.reports.figures import Cell, Column, Figure, Report, Table
from console.reports.local_days import seconds
from console.reports.models import Answer, Spell, Talk
from console.reports.percentiles import NOTHING, Spread, spreads

WEEKDAYS = ("lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo")
OURS = ("agent", "bot", "other")


async def report(tx: Tx, viewer: Viewer, asked: Asked) -> Report:
    """The whole view."""
    volume = await _volume(tx, viewer, asked)
    waits = await _waits(tx, viewer, asked)
    spells = await _resolution(tx, viewer, asked)
    load = await _load(tx, viewer, asked)
    figures = [
        *_volume_figures(volume, asked),
        _duration("first_answer", waits["first"], waits["first_calendar"]),
        _duration("next_answer", waits["next"], waits["next_calendar"]),
        *await _waiting(tx, viewer, asked),
        _duration("resolution", spells[0], spells[1]),
    ]
    tables = [
        _by_day(volume, asked),
        _by_hour(waits["by_hour"]),
        _heat(volume, asked),
        _agents(load, waits["by_agent"]),
        _load_by_hour(load),
    ]
    return Report(figures, tables)


def answered(viewer: Viewer, asked: Asked) -> Any:  # noqa: ANN401 a condition
    """The answers of the period."""
    return (
        in_period(asked, Answer.day)
        & by_agent(asked, Answer.agent_id)
        & of_conversations(viewer, asked, Answer.conversation_id)
    )


def resolved(viewer: Viewer, asked: Asked) -> Any:  # noqa: ANN401 a condition
    """The spells that ended in the period."""
    return (
        in_period(asked, Spell.day)
        & by_agent(asked, Spell.agent_id)
        & of_conversations(viewer, asked, Spell.conversation_id)
    )


def waiting(viewer: Viewer, asked: Asked) -> Any:  # noqa: ANN401 a condition
    """The open conversations in which somebody waits now."""
    return (
        policy.reported(viewer)
        & (Conversation.status == "open")
        & Conversation.waiting_since.is_not(None)
        & of_conversations(viewer, asked, Conversation.id)
        & by_agent(asked, Conversation.holder_id)
    )


async def _volume(tx: Tx, viewer: Viewer, asked: Asked) -> list[Any]:
    wanted = (
        select(Talk.day, Talk.hour, Talk.author, func.sum(Talk.n).label("n"))
        .where(
            in_period(asked, Talk.day),
            by_agent(asked, Talk.agent_id),
            of_conversations(viewer, asked, Talk.conversation_id),
        )
        .group_by(Talk.day, Talk.hour, Talk.author)
    )
    return list((await tx.execute(wanted)).all())


def _volume_figures(volume: list[Any], asked: Asked) -> list[Figure]:
    total: Counter[str] = Counter()
    for row in volume:
        total[row.author] += int(row.n)
    out = sum(total[author] for author in OURS)
    beside = f"{total['agent']:,} de personas, {total['bot']:,} del bot, {total['other']:,} de otros"
    # What comes in is nobody's of ours: with one agent asked for there is no such figure.
    came = None if asked.agent is not None else total["in"]
    return [
        definitions.figure("received", came),
        definitions.figure("sent", out, beside=beside),
    ]


async def _waits(tx: Tx, viewer: Viewer, asked: Asked) -> dict[str, Any]:
    of = answered(viewer, asked)
    business = await spreads(tx, Answer.business_s, of=of, by=[Answer.is_first])
    calendar = await spreads(tx, Answer.calendar_s, of=of, by=[Answer.is_first])
    return {
        "first": business.get(True, NOTHING),
        "next": business.get(False, NOTHING),
        "first_calendar": calendar.get(True, NOTHING),
        "next_calendar": calendar.get(False, NOTHING),
        "by_hour": await spreads(tx, Answer.business_s, of=of & Answer.is_first, by=[Answer.hour]),
        "by_agent": await spreads(tx, Answer.business_s, of=of & Answer.is_first, by=[Answer.agent_id]),
    }


async def _resolution(tx: Tx, viewer: Viewer, asked: Asked) -> tuple[Spread, Spread]:
    of = resolved(viewer, asked)
    business = await spreads(tx, Spell.business_s, of=of)
    calendar = await spreads(tx, Spell.calendar_s, of=of)
    return business.get("", NOTHING), calendar.get("", NOTHING)


async def _waiting(tx: Tx, viewer: Viewer, asked: Asked) -> list[Figure]:
    found = select(func.count(), func.min(Conversation.waiting_since)).where(waiting(viewer, asked))
    n, oldest = (await tx.execute(found)).one()
    longest = seconds(oldest, clock.now()) if oldest else None
    return [
        definitions.figure("waiting", n),
        definitions.figure("longest_wait", longest),
    ]


def _duration(key: str, business: Spread, calendar: Spread) -> Figure:
    def said(value: int | None) -> str:
        return "n/d" if value is None else definitions.duration(value)

    beside = (
        f"p90 {said(business.p90)} en horario; de reloj {said(calendar.p50)}, p90 {said(calendar.p90)}; "
        f"{business.n:,} casos"
        if business.n
        else ""
    )
    return definitions.figure(key, business.p50, beside=beside)


def _by_day(volume: list[Any], asked: Asked) -> Table:
    came: Counter[date] = Counter()
    went: Counter[date] = Counter()
    for row in volume:
        (came if row.author == "in" else went)[row.day] += int(row.n)
    days = [asked.since + timedelta(days=at) for at in range((asked.until - asked.since).days + 1)]
    rows = [(day.isoformat(), came[day], went[day]) for day in days]
    columns = (Column("Día", "text"), Column("Recibidos"), Column("Enviados"))
    return definitions.table("volume_by_day", columns, rows, chart="line", is_wide=True)


def _by_hour(by_hour: dict[int, Spread]) -> Table:
    rows = [(f"{hour:02}:00", spread.p50, spread.p90, spread.n) for hour, spread in sorted(by_hour.items())]
    columns = (Column("Hora", "text"), Column("p50", "duration"), Column("p90", "duration"), Column("Respuestas"))
    return definitions.table("first_answer_by_hour", columns, rows, chart="bar")


def _heat(volume: list[Any], asked: Asked) -> Table:
    found: Counter[tuple[int, int]] = Counter()
    for row in volume:
        if row.author == "in" or asked.agent is not None:
            found[row.day.weekday(), row.hour] += int(row.n)
    hours = sorted({hour for _, hour in found})
    span = range(hours[0], hours[-1] + 1) if hours else ()
    rows: list[tuple[Cell, ...]] = (
        [(name, *(found[day, hour] for hour in span)) for day, name in enumerate(WEEKDAYS)] if hours else []
    )
    columns = (Column("Día", "text"), *(Column(f"{hour:02}") for hour in span))
    return definitions.table("received_by_hour", columns, rows, chart="heat")


async def _load(tx: Tx, viewer: Viewer, asked: Asked) -> dict[str, Any]:
    of = (
        in_period(asked, Talk.day)
        & (Talk.author == "agent")
        & by_agent(asked, Talk.agent_id)
        & of_conversations(viewer, asked, Talk.conversation_id)
    )
    hours = select(Talk.agent_id, Talk.hour, func.sum(Talk.n)).where(of).group_by(Talk.agent_id, Talk.hour)
    spoken = select(Talk.agent_id, func.count(Talk.conversation_id.distinct())).where(of).group_by(Talk.agent_id)
    names = select(Agent.id, Agent.name)
    return {
        "hours": {(agent, hour): int(n) for agent, hour, n in await tx.execute(hours)},
        "conversations": {row[0]: int(row[1]) for row in await tx.execute(spoken)},
        "names": {row.id: row.name for row in await tx.execute(names)},
    }


def _agents(load: dict[str, Any], waits: dict[int, Spread]) -> Table:
    sent: Counter[int] = Counter()
    for (agent, _hour), n in load["hours"].items():
        sent[agent] += n
    rows = [
        (
            load["names"].get(agent, "?"),
            load["conversations"].get(agent, 0),
            n,
            waits.get(agent, NOTHING).p50,
            waits.get(agent, NOTHING).p90,
        )
        for agent, n in sent.most_common()
    ]
    columns = (
        Column("Agente", "text"),
        Column("Conversaciones"),
        Column("Mensajes"),
        Column("1.ª respuesta p50", "duration"),
        Column("p90", "duration"),
    )
    return definitions.table("agents", columns, rows)


def _load_by_hour(load: dict[str, Any]) -> Table:
    hours = sorted({hour for _, hour in load["hours"]})
    span = range(hours[0], hours[-1] + 1) if hours else ()
    agents = sorted({agent for agent, _ in load["hours"]}, key=lambda each: str(load["names"].get(each, "?")))
    rows: list[tuple[Cell, ...]] = [
        (load["names"].get(agent, "?"), *(load["hours"].get((agent, hour), 0) for hour in span)) for agent in agents
    ]
    columns = (Column("Agente", "text"), *(Column(f"{hour:02}") for hour in span))
    return definitions.table("load", columns, rows, chart="load", is_wide=True)
