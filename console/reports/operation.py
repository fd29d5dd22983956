"""The operation in numbers: volume, how long people wait and matters take, and who carries it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import anyio.to_thread
from sqlalchemy import func, select

from console import clock, render
from console.agents import Agent, Viewer
from console.db import Tx
from console.inbox import policy
from console.inbox.models import Conversation
from console.languages.words import Words, plural
from console.reports import daybook, definitions, summing
from console.reports.asked import Asked, by_agent, in_period, of_conversations
from console.reports.figures import Cell, Column, Figure, Report, Table
from console.reports.local_days import seconds
from console.reports.models import Answer, Spell
from console.reports.percentiles import NOTHING, Spread
from console.reports.summing import Sums, Volume

OURS = ("agent", "bot", "other")


async def report(tx: Tx, viewer: Viewer, asked: Asked) -> Report:
    """The whole view."""
    lines = await daybook.read(tx, viewer, asked)
    sums = await anyio.to_thread.run_sync(summing.sum_up, lines)
    waits = sums.waits
    names = {row.id: row.name for row in await tx.execute(select(Agent.id, Agent.name))}
    figures = [
        *_volume_figures(sums.volume, asked),
        _duration("first_answer", waits["first"], waits["first_calendar"]),
        _duration("next_answer", waits["next"], waits["next_calendar"]),
        *await _waiting(tx, viewer, asked),
        _duration("resolution", waits["resolution"], waits["resolution_calendar"]),
    ]
    tables = [
        _by_day(sums.volume, asked),
        _by_hour(sums.first_by_hour),
        _heat(sums.volume, asked),
        _agents(sums, names),
        _load_by_hour(sums.load, names),
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


def _volume_figures(volume: Volume, asked: Asked) -> list[Figure]:
    total: Counter[str] = Counter()
    for (_day, _hour, author), n in volume.items():
        total[author] += n
    out = sum(total[author] for author in OURS)
    beside = Words(
        "{people} de personas, {bot} del bot, {others} de otros",
        people=render.number(total["agent"]),
        bot=render.number(total["bot"]),
        others=render.number(total["other"]),
    )
    # What comes in is nobody's of ours: with one agent asked for there is no such figure.
    came = None if asked.agent is not None else total["in"]
    return [
        definitions.figure("received", came),
        definitions.figure("sent", out, beside=beside),
    ]


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
        return definitions.NOT_KNOWN if value is None else definitions.duration(value)

    beside = plural(
        "p90 {p90} en horario; de reloj {clock}, p90 {clock_p90}; {many} caso",
        "p90 {p90} en horario; de reloj {clock}, p90 {clock_p90}; {many} casos",
        n=business.n,
        many=render.number(business.n),
        p90=said(business.p90),
        clock=said(calendar.p50),
        clock_p90=said(calendar.p90),
    )
    return definitions.figure(key, business.p50, beside=beside if business.n else "")


def _by_day(volume: Volume, asked: Asked) -> Table:
    came: Counter[date] = Counter()
    went: Counter[date] = Counter()
    for (on, _hour, author), n in volume.items():
        (came if author == "in" else went)[on] += n
    days = [asked.since + timedelta(days=at) for at in range((asked.until - asked.since).days + 1)]
    rows = [(day.isoformat(), came[day], went[day]) for day in days]
    columns = (Column(Words("Día"), "day"), Column(Words("Recibidos")), Column(Words("Enviados")))
    return definitions.table("volume_by_day", columns, rows, chart="line", is_wide=True)


def _by_hour(by_hour: Mapping[int, Spread]) -> Table:
    rows = [(f"{hour:02}:00", spread.p50, spread.p90, spread.n) for hour, spread in sorted(by_hour.items())]
    columns = (
        Column(Words("Hora"), "text"),
        Column("p50", "duration"),
        Column("p90", "duration"),
        Column(Words("Respuestas")),
    )
    return definitions.table("first_answer_by_hour", columns, rows, chart="bar", is_wide=True)


def _heat(volume: Volume, asked: Asked) -> Table:
    found: Counter[tuple[int, int]] = Counter()
    for (on, hour, author), n in volume.items():
        if author == "in" or asked.agent is not None:
            found[on.weekday(), hour] += n
    hours = sorted({hour for _, hour in found})
    span = range(hours[0], hours[-1] + 1) if hours else ()
    rows: list[tuple[Cell, ...]] = (
        [(render.name_of_day(day), *(found[day, hour] for hour in span)) for day in range(7)] if hours else []
    )
    columns = (Column(Words("Día"), "text"), *(Column(f"{hour:02}") for hour in span))
    return definitions.table("received_by_hour", columns, rows, chart="heat", is_wide=True)


def _agents(sums: Sums, names: dict[int, str]) -> Table:
    sent: Counter[int] = Counter()
    for (agent, _hour), n in sums.load.items():
        sent[agent] += n
    waits = sums.first_by_agent
    rows = [
        (
            names.get(agent, "?"),
            sums.conversations.get(agent, 0),
            n,
            waits.get(agent, NOTHING).p50,
            waits.get(agent, NOTHING).p90,
        )
        for agent, n in sorted(sent.items(), key=lambda each: (-each[1], each[0]))
    ]
    columns = (
        Column(Words("Agente"), "text"),
        Column(Words("Conversaciones")),
        Column(Words("Mensajes")),
        Column(Words("1.ª respuesta p50"), "duration"),
        Column("p90", "duration"),
    )
    return definitions.table("agents", columns, rows, is_wide=True)


def _load_by_hour(load: Counter[tuple[int, int]], names: dict[int, str]) -> Table:
    hours = sorted({hour for _, hour in load})
    span = range(hours[0], hours[-1] + 1) if hours else ()
    agents = sorted({agent for agent, _ in load}, key=lambda each: names.get(each, "?"))
    rows: list[tuple[Cell, ...]] = [
        (names.get(agent, "?"), *(load.get((agent, hour), 0) for hour in span)) for agent in agents
    ]
    columns = (Column(Words("Agente"), "text"), *(Column(f"{hour:02}") for hour in span))
    return definitions.table("load", columns, rows, chart="load", is_wide=True)
