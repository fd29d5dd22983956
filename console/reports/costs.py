"""Templates and what they cost: how far they came, what failed and why, and what Meta charges by its categories."""

from __future__ import annotations

from typing import Any

from sqlalchemy import case, func, select

from console.agents import Viewer
from console.db import Tx
from console.languages.words import Words
from console.reports import definitions
from console.reports.asked import Asked, by_agent, by_template, in_period, of_conversations
from console.reports.collecting import recovered_minor
from console.reports.figures import Column, Figure, Ratio, Report, Table
from console.reports.models import MessageFate, Rate, TemplateSent
from console.reports.reasons import reason_of

MICRO = 1_000_000
CATEGORIES = {
    "marketing": Words("Marketing"),
    "marketing_lite": Words("Marketing (lite)"),
    "utility": Words("Utilidad"),
    "authentication": Words("Autenticación"),
    "authentication_international": Words("Autenticación internacional"),
    "service": Words("Servicio"),
}


async def report(tx: Tx, viewer: Viewer, asked: Asked) -> Report:
    """The whole view."""
    outcomes = await _outcomes(tx, viewer, asked)
    sent, delivered, read, failed, replied = (sum(int(row[at]) for row in outcomes) for at in range(1, 6))
    charges = await _charges(tx, viewer, asked)
    cost = _cost(charges, asked.currency)
    recovered = await recovered_minor(tx, viewer, asked)
    per_unit = None if cost is None or recovered <= 0 else 100 * cost / recovered
    figures: list[Figure] = [
        definitions.figure("templates_sent", sent),
        definitions.figure("templates_delivered", Ratio(delivered, sent)),
        definitions.figure("templates_read", Ratio(read, delivered)),
        definitions.figure("templates_replied", Ratio(replied, delivered)),
        definitions.figure("templates_failed", Ratio(failed, sent)),
        definitions.figure("cost", cost, beside="" if cost is not None else Words("faltan tarifas")),
        definitions.figure("cost_per_100", per_unit),
    ]
    return Report(
        figures, [_by_template(outcomes), await _failures(tx, viewer, asked), _by_category(charges, asked.currency)]
    )


def sent_templates(viewer: Viewer, asked: Asked) -> Any:  # noqa: ANN401 a condition
    """The templates of the period."""
    return (
        in_period(asked, TemplateSent.day)
        & by_agent(asked, TemplateSent.agent_id)
        & by_template(asked, TemplateSent.template)
        & of_conversations(viewer, asked, TemplateSent.conversation_id)
    )


def fates(viewer: Viewer, asked: Asked) -> Any:  # noqa: ANN401 a condition
    """What became of messages of the period."""
    return (
        in_period(asked, MessageFate.day)
        & by_agent(asked, MessageFate.agent_id)
        & of_conversations(viewer, asked, MessageFate.conversation_id)
    )


async def _outcomes(tx: Tx, viewer: Viewer, asked: Asked) -> list[Any]:
    def counted(condition: Any) -> Any:  # noqa: ANN401 a condition
        return func.sum(case((condition, 1), else_=0))

    status = MessageFate.status
    wanted = (
        select(
            TemplateSent.template,
            func.count(),
            counted(status.in_(("delivered", "read"))),
            counted(status == "read"),
            counted(status == "failed"),
            counted(TemplateSent.replied),
        )
        .join(MessageFate, MessageFate.message_id == TemplateSent.message_id)
        .where(sent_templates(viewer, asked))
        .group_by(TemplateSent.template)
        .order_by(func.count().desc(), TemplateSent.template)
    )
    return list((await tx.execute(wanted)).all())


def _by_template(outcomes: list[Any]) -> Table:
    columns = (
        Column(Words("Plantilla"), "text"),
        Column(Words("Enviadas")),
        Column(Words("Entregadas"), "percent"),
        Column(Words("Leídas"), "percent"),
        Column(Words("Respondidas"), "percent"),
        Column(Words("Fallidas"), "percent"),
    )
    rows = [
        (
            name,
            int(sent),
            Ratio(int(delivered), int(sent)).value,
            Ratio(int(read), int(delivered)).value,
            Ratio(int(replied), int(delivered)).value,
            Ratio(int(failed), int(sent)).value,
        )
        for name, sent, delivered, read, failed, replied in outcomes
    ]
    return definitions.table("templates", columns, rows, is_wide=True)


async def _failures(tx: Tx, viewer: Viewer, asked: Asked) -> Table:
    wanted = (
        select(MessageFate.error_code, func.count())
        .where(fates(viewer, asked), MessageFate.status == "failed")
        .group_by(MessageFate.error_code)
        .order_by(func.count().desc(), MessageFate.error_code)
    )
    rows = [(reason_of(code), str(code or ""), int(n)) for code, n in await tx.execute(wanted)]
    return definitions.table(
        "failures", (Column(Words("Motivo"), "text"), Column(Words("Código"), "text"), Column(Words("Mensajes"))), rows
    )


async def _charges(tx: Tx, viewer: Viewer, asked: Asked) -> list[tuple[str, int, int | None]]:
    wanted = (
        select(MessageFate.charged, func.count(), Rate.price_micro)
        .outerjoin(Rate, Rate.category == MessageFate.charged)
        .where(fates(viewer, asked), MessageFate.charged.is_not(None))
        .group_by(MessageFate.charged, Rate.price_micro)
        .order_by(MessageFate.charged)
    )
    return [(str(category), int(n), price) for category, n, price in await tx.execute(wanted)]


def _cost(charges: list[tuple[str, int, int | None]], currency: str) -> float | None:
    """In the smallest unit; None while the price of something that was charged is not known."""
    if any(price is None for _, _, price in charges):
        return None
    return sum(n * (price or 0) for _, n, price in charges) * definitions.unit(currency) / MICRO


def _by_category(charges: list[tuple[str, int, int | None]], currency: str) -> Table:
    unit = definitions.unit(currency)
    columns = (Column(Words("Categoría"), "text"), Column(Words("Mensajes cobrados")), Column(Words("Costo"), "money"))
    rows = [
        (CATEGORIES.get(category, category), n, None if price is None else n * price * unit / MICRO)
        for category, n, price in charges
    ]
    return definitions.table("cost_by_category", columns, rows)
