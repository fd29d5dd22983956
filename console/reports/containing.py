"""The bot in numbers: how many matters ended without a person."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Any

from sqlalchemy import case, func, select

from console.agents import Viewer
from console.db import Tx
from console.languages.words import Words
from console.reports import definitions
from console.reports.asked import Asked, in_period, of_conversations
from console.reports.figures import Column, Figure, Ratio, Report
from console.reports.models import Spell, Talk


async def report(tx: Tx, viewer: Viewer, asked: Asked) -> Report:
    """The whole view."""
    contained = case((Spell.by_person.is_(False), 1), else_=0)
    wanted = (
        select(Spell.day, func.count().label("n"), func.sum(contained).label("alone"))
        .where(with_bot(viewer, asked))
        .group_by(Spell.day)
        .order_by(Spell.day)
    )
    days = list((await tx.execute(wanted)).all())
    whole, alone = sum(int(row.n) for row in days), sum(int(row.alone) for row in days)
    messages = await tx.scalar(
        select(func.sum(Talk.n)).where(
            in_period(asked, Talk.day), Talk.author == "bot", of_conversations(viewer, asked, Talk.conversation_id)
        )
    )
    figures: list[Figure] = [
        definitions.figure("contained", Ratio(alone, whole)),
        definitions.figure("bot_spells", whole),
        definitions.figure("handed_over", whole - alone),
        definitions.figure("bot_messages", int(messages or 0)),
    ]
    columns = (
        Column(Words("Día"), "day"),
        Column(Words("Resueltas por el bot")),
        Column(Words("Pasaron a una persona")),
    )
    found: Counter[tuple[date, bool]] = Counter()
    for row in days:
        found[row.day, True] += int(row.alone)
        found[row.day, False] += int(row.n) - int(row.alone)
    rows = [(row.day.isoformat(), found[row.day, True], found[row.day, False]) for row in days]
    return Report(figures, [definitions.table("bot_by_day", columns, rows, chart="stack", is_wide=True)])


def with_bot(viewer: Viewer, asked: Asked) -> Any:  # noqa: ANN401 a condition
    """The spells of the period in which the bot spoke."""
    return in_period(asked, Spell.day) & Spell.by_bot & of_conversations(viewer, asked, Spell.conversation_id)
