"""The rows behind a figure: what was counted, one line each, with the way to the conversation or the debtor."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Select, func, select

from console import masking
from console.agents import Agent, Viewer
from console.db import Tx
from console.errors import not_found
from console.inbox.contacts import Contact
from console.inbox.dispositions import Disposition, Outcome
from console.inbox.models import Conversation
from console.languages.words import Words
from console.portfolio.agreed import CATEGORIES
from console.portfolio.agreements import Dispute, Promise, PromiseState
from console.portfolio.ledger import Payment
from console.portfolio.models import Account, Debtor
from console.portfolio.standing import edges_of, rules_in_force
from console.portfolio.states import State, label
from console.reports import collecting, containing, costs, definitions, moving, operation
from console.reports.asked import Asked, by_agent, in_period, of_accounts, of_conversations
from console.reports.figures import Cell, Column
from console.reports.labels import DISPUTES, FATES, PROMISES, speakers, yes
from console.reports.models import Answer, MessageFate, Rate, Recovery, Spell, Talk, TemplateSent
from console.reports.reasons import reason_of
from console.reports.rolls import CLOSED

SHOWN = 200
"""Rows on the page; a file has up to MOST."""
MOST = 50_000


class Lines(msgspec.Struct, frozen=True):
    """Columns, rows, and where each row leads (a path of the console)."""

    columns: tuple[Column, ...]
    rows: list[tuple[Cell, ...]]
    paths: list[str]

    def on_screen(self) -> Lines:
        """The same with no telephone whole where somebody, who is always the first column, is called by one."""
        rows = [(masking.name(first) if isinstance(first, str) else first, *rest) for first, *rest in self.rows]
        return Lines(self.columns, rows, self.paths)


Reading = Callable[[Tx, Viewer, Asked, int], Awaitable[Lines]]


async def lines_of(tx: Tx, viewer: Viewer, asked: Asked, key: str, *, limit: int = SHOWN) -> Lines:
    """The rows behind the figure `key`, at most `limit`; Refused(404) for a figure that has none."""
    reading = _READINGS.get(key)
    if reading is None:
        raise not_found()
    return await reading(tx, viewer, asked, limit)


def _person() -> Any:  # noqa: ANN401 a column
    return func.coalesce(Contact.profile_name, "").label("person")


def _when(at: Any, asked: Asked) -> str:  # noqa: ANN401 a moment
    return f"{at.astimezone(asked.zone):%Y-%m-%d %H:%M}" if at else ""


def _talk(*authors: str) -> Reading:
    async def read(tx: Tx, viewer: Viewer, asked: Asked, limit: int) -> Lines:
        wanted = (
            select(Talk.conversation_id, _person(), func.sum(Talk.n).label("n"), func.max(Talk.day))
            .join(Conversation, Conversation.id == Talk.conversation_id)
            .join(Contact, Contact.id == Conversation.contact_id)
            .where(
                in_period(asked, Talk.day),
                Talk.author.in_(authors),
                by_agent(asked, Talk.agent_id),
                of_conversations(viewer, asked, Talk.conversation_id),
            )
            .group_by(Talk.conversation_id, Contact.profile_name)
            .order_by(func.sum(Talk.n).desc(), Talk.conversation_id)
            .limit(limit)
        )
        found = (await tx.execute(wanted)).all()
        columns = (Column(Words("Persona"), "text"), Column(Words("Mensajes")), Column(Words("Último día"), "day"))
        rows: list[tuple[Cell, ...]] = [(row.person, int(row.n), str(row[3])) for row in found]
        return Lines(columns, rows, [f"/inbox/{row.conversation_id}" for row in found])

    return read


def _answers(*, is_first: bool) -> Reading:
    async def read(tx: Tx, viewer: Viewer, asked: Asked, limit: int) -> Lines:
        wanted = (
            select(Answer, _person(), Agent.name)
            .join(Conversation, Conversation.id == Answer.conversation_id)
            .join(Contact, Contact.id == Conversation.contact_id)
            .outerjoin(Agent, Agent.id == Answer.agent_id)
            .where(operation.answered(viewer, asked), Answer.is_first.is_(is_first))
            .order_by(Answer.business_s.desc(), Answer.message_id)
            .limit(limit)
        )
        found = (await tx.execute(wanted)).all()
        columns = (
            Column(Words("Persona"), "text"),
            Column(Words("Agente"), "text"),
            Column(Words("Preguntó"), "moment"),
            Column(Words("Respondió"), "moment"),
            Column(Words("En horario"), "duration"),
            Column(Words("De reloj"), "duration"),
        )
        rows: list[tuple[Cell, ...]] = [
            (
                person,
                agent,
                _when(answer.asked_at, asked),
                _when(answer.answered_at, asked),
                answer.business_s,
                answer.calendar_s,
            )
            for answer, person, agent in found
        ]
        return Lines(columns, rows, [f"/inbox/{answer.conversation_id}" for answer, _, _ in found])

    return read


def _spells(condition: Callable[[Viewer, Asked], Any]) -> Reading:
    async def read(tx: Tx, viewer: Viewer, asked: Asked, limit: int) -> Lines:
        wanted = (
            select(Spell, _person(), Agent.name)
            .join(Conversation, Conversation.id == Spell.conversation_id)
            .join(Contact, Contact.id == Conversation.contact_id)
            .outerjoin(Agent, Agent.id == Spell.agent_id)
            .where(condition(viewer, asked))
            .order_by(Spell.business_s.desc(), Spell.message_id)
            .limit(limit)
        )
        found = (await tx.execute(wanted)).all()
        columns = (
            Column(Words("Persona"), "text"),
            Column(Words("Resolvió"), "text"),
            Column(Words("Empezó"), "moment"),
            Column(Words("Terminó"), "moment"),
            Column(Words("En horario"), "duration"),
            Column(Words("De reloj"), "duration"),
            Column(Words("Habló"), "text"),
        )
        rows: list[tuple[Cell, ...]] = [
            (
                person,
                agent or Words("Sin agente"),
                _when(spell.opened_at, asked),
                _when(spell.closed_at, asked),
                spell.business_s,
                spell.calendar_s,
                speakers(bot=spell.by_bot, person=spell.by_person),
            )
            for spell, person, agent in found
        ]
        return Lines(columns, rows, [f"/inbox/{spell.conversation_id}" for spell, _, _ in found])

    return read


async def _waiting(tx: Tx, viewer: Viewer, asked: Asked, limit: int) -> Lines:
    wanted = (
        select(Conversation.id, _person(), Conversation.waiting_since, Agent.name)
        .join(Contact, Contact.id == Conversation.contact_id)
        .outerjoin(Agent, Agent.id == Conversation.holder_id)
        .where(operation.waiting(viewer, asked))
        .order_by(Conversation.waiting_since, Conversation.id)
        .limit(limit)
    )
    found = (await tx.execute(wanted)).all()
    columns = (
        Column(Words("Persona"), "text"),
        Column(Words("Espera desde"), "moment"),
        Column(Words("La tiene"), "text"),
    )
    rows: list[tuple[Cell, ...]] = [
        (row.person, _when(row.waiting_since, asked), row.name or Words("Nadie")) for row in found
    ]
    return Lines(columns, rows, [f"/inbox/{row.id}" for row in found])


async def _payments(tx: Tx, viewer: Viewer, asked: Asked, limit: int) -> Lines:
    edges = edges_of(await rules_in_force(tx))
    columns_of = (
        Account.debtor_id,
        Debtor.name,
        Account.external_id,
        collecting.NET,
        Payment.paid_at,
        Recovery.state,
        Recovery.template,
        Agent.name,
    )
    wanted = (
        collecting.of_payments(*columns_of)
        .join(Debtor, Debtor.id == Account.debtor_id)
        .outerjoin(Agent, Agent.id == Recovery.agent_id)
        .where(collecting.paid(viewer, asked))
        .order_by(Payment.paid_at.desc(), Payment.id.desc())
        .limit(limit)
    )
    found = (await tx.execute(wanted)).all()
    columns = (
        Column(Words("Deudor"), "text"),
        Column(Words("Cuenta"), "text"),
        Column(Words("Neto"), "money"),
        Column(Words("Pagado"), "moment"),
        Column(Words("Estado antes"), "text"),
        Column(Words("Plantilla"), "text"),
        Column(Words("Agente"), "text"),
    )
    rows: list[tuple[Cell, ...]] = [
        (row[1], row[2], int(row[3]), _when(row[4], asked), label(State(row[5]), edges), row[6] or "", row[7] or "")
        for row in found
    ]
    return Lines(columns, rows, [f"/portfolio/debtors/{row[0]}" for row in found])


def _accounts(condition: Callable[[Viewer, Asked], ColumnElement[bool]]) -> Reading:
    async def read(tx: Tx, viewer: Viewer, asked: Asked, limit: int) -> Lines:
        edges = edges_of(await rules_in_force(tx))
        wanted = (
            select(Account.debtor_id, Debtor.name, Account.external_id, Account.state, Account.balance_minor)
            .join(Debtor, Debtor.id == Account.debtor_id)
            .where(condition(viewer, asked))
            .order_by(Account.balance_minor.desc(), Account.id)
            .limit(limit)
        )
        found = (await tx.execute(wanted)).all()
        columns = (
            Column(Words("Deudor"), "text"),
            Column(Words("Cuenta"), "text"),
            Column(Words("Hoy"), "text"),
            Column(Words("Saldo"), "money"),
        )
        rows: list[tuple[Cell, ...]] = [
            (row.name, row.external_id, label(State(row.state), edges), row.balance_minor) for row in found
        ]
        return Lines(columns, rows, [f"/portfolio/debtors/{row.debtor_id}" for row in found])

    return read


def _promises(condition: Callable[[Viewer, Asked], ColumnElement[bool]]) -> Reading:
    async def read(tx: Tx, viewer: Viewer, asked: Asked, limit: int) -> Lines:
        wanted = (
            select(Promise, Account.debtor_id, Account.external_id, Debtor.name)
            .join(Account, Account.id == Promise.account_id)
            .join(Debtor, Debtor.id == Account.debtor_id)
            .where(condition(viewer, asked))
            .order_by(Promise.settles_at, Promise.id)
            .limit(limit)
        )
        found = (await tx.execute(wanted)).all()
        columns = (
            Column(Words("Deudor"), "text"),
            Column(Words("Cuenta"), "text"),
            Column(Words("Prometió"), "money"),
            Column(Words("Pagó a tiempo"), "money"),
            Column(Words("Para el"), "day"),
            Column(Words("Hecha"), "moment"),
            Column(Words("Quedó"), "text"),
        )
        rows: list[tuple[Cell, ...]] = [
            (
                name,
                external,
                promise.amount_minor,
                promise.paid_minor,
                promise.due_on.isoformat(),
                _when(promise.made_at, asked),
                PROMISES.get(promise.state, promise.state),
            )
            for promise, _debtor, external, name in found
        ]
        return Lines(columns, rows, [f"/portfolio/debtors/{debtor}" for _promise, debtor, _, _ in found])

    return read


async def _disputes(tx: Tx, viewer: Viewer, asked: Asked, limit: int) -> Lines:
    since, until = asked.bounds
    wanted = (
        select(Account.debtor_id, Debtor.name, Account.external_id, Dispute.category, Dispute.opened_at, Dispute.state)
        .join(Account, Account.id == Dispute.account_id)
        .join(Debtor, Debtor.id == Account.debtor_id)
        .where(Dispute.opened_at >= since, Dispute.opened_at < until, collecting.worked(viewer, asked))
        .order_by(Dispute.opened_at, Dispute.id)
        .limit(limit)
    )
    found = (await tx.execute(wanted)).all()
    columns = (
        Column(Words("Deudor"), "text"),
        Column(Words("Cuenta"), "text"),
        Column(Words("Motivo"), "text"),
        Column(Words("Abierta"), "moment"),
        Column(Words("Estado"), "text"),
    )
    rows: list[tuple[Cell, ...]] = [
        (row[1], row[2], CATEGORIES.get(row[3], row[3]), _when(row[4], asked), DISPUTES.get(row[5], row[5]))
        for row in found
    ]
    return Lines(columns, rows, [f"/portfolio/debtors/{row[0]}" for row in found])


async def _complaints(tx: Tx, viewer: Viewer, asked: Asked, limit: int) -> Lines:
    wanted = (
        select(Outcome.conversation_id, Debtor.name, Account.external_id, Outcome.at)
        .join(Disposition, Disposition.id == Outcome.disposition_id)
        .join(Account, Account.id == Outcome.account_id)
        .join(Debtor, Debtor.id == Account.debtor_id)
        .where(collecting.complained(viewer, asked))
        .order_by(Outcome.at, Outcome.id)
        .limit(limit)
    )
    found = (await tx.execute(wanted)).all()
    columns = (Column(Words("Deudor"), "text"), Column(Words("Cuenta"), "text"), Column(Words("Cuándo"), "moment"))
    rows: list[tuple[Cell, ...]] = [(row[1], row[2], _when(row[3], asked)) for row in found]
    return Lines(columns, rows, [f"/inbox/{row[0]}" for row in found])


async def _moves(tx: Tx, viewer: Viewer, asked: Asked, limit: int) -> Lines:
    edges = edges_of(await rules_in_force(tx))
    moved = moving.lines_of(viewer, asked, *await moving.sides(tx, asked)).subquery()
    wanted: Select[Any] = (
        select(Account.debtor_id, Debtor.name, Account.external_id, moved.c.before, moved.c.after)
        .add_columns(moved.c.balance_minor, moved.c.paid)
        .join(Account, Account.id == moved.c.id)
        .join(Debtor, Debtor.id == Account.debtor_id)
        .order_by(moved.c.balance_minor.desc(), Account.id)
        .limit(limit)
    )
    found = (await tx.execute(wanted)).all()
    columns = (
        Column(Words("Deudor"), "text"),
        Column(Words("Cuenta"), "text"),
        Column(Words("Estaba en"), "text"),
        Column(Words("Quedó en"), "text"),
        Column(Words("Saldo al primer cierre"), "money"),
        Column(Words("Pagó"), "text"),
    )

    def name(state: str) -> str:
        return Words("Cerrada") if state == CLOSED else label(State(state), edges)

    rows: list[tuple[Cell, ...]] = [
        (row[1], row[2], name(row[3]), name(row[4]), int(row[5]), yes(row[6])) for row in found
    ]
    return Lines(columns, rows, [f"/portfolio/debtors/{row[0]}" for row in found])


async def _templates(tx: Tx, viewer: Viewer, asked: Asked, limit: int) -> Lines:
    wanted = (
        select(TemplateSent, _person(), MessageFate.status, MessageFate.error_code)
        .join(MessageFate, MessageFate.message_id == TemplateSent.message_id)
        .join(Conversation, Conversation.id == TemplateSent.conversation_id)
        .join(Contact, Contact.id == Conversation.contact_id)
        .where(costs.sent_templates(viewer, asked))
        .order_by(TemplateSent.message_id.desc())
        .limit(limit)
    )
    found = (await tx.execute(wanted)).all()
    columns = (
        Column(Words("Persona"), "text"),
        Column(Words("Plantilla"), "text"),
        Column(Words("Enviada"), "moment"),
        Column(Words("Estado"), "text"),
        Column(Words("Respondió"), "text"),
        Column(Words("Motivo"), "text"),
    )
    rows: list[tuple[Cell, ...]] = [
        (
            person,
            sent.template,
            _when(sent.sent_at, asked),
            FATES.get(status, status),
            yes(sent.replied),
            reason_of(code) if status == "failed" else "",
        )
        for sent, person, status, code in found
    ]
    return Lines(columns, rows, [f"/inbox/{sent.conversation_id}" for sent, _, _, _ in found])


async def _charged(tx: Tx, viewer: Viewer, asked: Asked, limit: int) -> Lines:
    wanted = (
        select(MessageFate.conversation_id, _person(), MessageFate.day, MessageFate.charged, Rate.price_micro)
        .join(Conversation, Conversation.id == MessageFate.conversation_id)
        .join(Contact, Contact.id == Conversation.contact_id)
        .outerjoin(Rate, Rate.category == MessageFate.charged)
        .where(costs.fates(viewer, asked), MessageFate.charged.is_not(None))
        .order_by(MessageFate.message_id.desc())
        .limit(limit)
    )
    found = (await tx.execute(wanted)).all()
    size = definitions.unit(asked.currency)
    columns = (
        Column(Words("Persona"), "text"),
        Column(Words("Día"), "day"),
        Column(Words("Categoría"), "text"),
        Column(Words("Costo"), "money"),
    )
    rows: list[tuple[Cell, ...]] = [
        (
            row.person,
            str(row.day),
            costs.CATEGORIES.get(row.charged, row.charged),
            None if row.price_micro is None else row.price_micro * size / costs.MICRO,
        )
        for row in found
    ]
    return Lines(columns, rows, [f"/inbox/{row.conversation_id}" for row in found])


def _late_accounts(viewer: Viewer, asked: Asked) -> ColumnElement[bool]:
    return collecting.worked(viewer, asked) & collecting.spoken(asked, author=("in",)) & of_accounts(viewer, asked)


_READINGS: dict[str, Reading] = {
    "received": _talk("in"),
    "sent": _talk(*operation.OURS),
    "bot_messages": _talk("bot"),
    "first_answer": _answers(is_first=True),
    "next_answer": _answers(is_first=False),
    "waiting": _waiting,
    "longest_wait": _waiting,
    "resolution": _spells(operation.resolved),
    "contained": _spells(containing.with_bot),
    "bot_spells": _spells(containing.with_bot),
    "handed_over": _spells(lambda viewer, asked: containing.with_bot(viewer, asked) & Spell.by_person),
    "recovered": _payments,
    "payments": _payments,
    "worked": _accounts(collecting.worked),
    "contact_rate": _accounts(_late_accounts),
    "rpc_rate": _accounts(collecting.right_party),
    "ptp_rate": _promises(collecting.made),
    "kept_count": _promises(collecting.settled),
    "kept_amount": _promises(collecting.settled),
    "broken_rate": _promises(
        lambda viewer, asked: collecting.settled(viewer, asked) & (Promise.state == PromiseState.BROKEN)
    ),
    "days_to_pay": _promises(
        lambda viewer, asked: collecting.settled(viewer, asked) & (Promise.state == PromiseState.KEPT)
    ),
    "dispute_rate": _disputes,
    "complaints": _complaints,
    "cure_rate": _moves,
    "templates_sent": _templates,
    "templates_delivered": _templates,
    "templates_read": _templates,
    "templates_replied": _templates,
    "templates_failed": _templates,
    "cost": _charged,
    "cost_per_100": _charged,
}
KEYS: Sequence[str] = tuple(_READINGS)
