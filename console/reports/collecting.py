"""Collections in numbers, by the formulas of compliance.md §8.2: contact, promises, recovery, cure and roll rates."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, or_, select

from console import money, render
from console.agents import Agent, Team, Viewer
from console.db import Tx
from console.inbox.dispositions import Disposition, Outcome
from console.inbox.models import Conversation
from console.inbox.tags import ConversationTag, Tag
from console.languages.words import Words, plural
from console.portfolio.agreements import Dispute, Promise, PromiseState
from console.portfolio.ledger import Payment, PaymentState
from console.portfolio.models import Account, ContactPoint, PointState
from console.portfolio.standing import edges_of, rules_in_force
from console.portfolio.states import ORDER, Edges, State, label
from console.reports import definitions, moving
from console.reports.asked import Asked, by_agent, by_template, in_period, of_accounts
from console.reports.figures import Cell, Column, Figure, Ratio, Report, Table
from console.reports.models import Recovery, Talk
from console.reports.rolls import CLOSED, COLUMNS, Row

SETTLED = (PromiseState.KEPT, PromiseState.PARTIAL, PromiseState.BROKEN)
COMPLAINT = "CD-REC"
NET = Payment.amount_minor - Payment.reversed_minor


async def report(tx: Tx, viewer: Viewer, asked: Asked) -> Report:
    """The whole view."""
    edges = edges_of(await rules_in_force(tx))
    recovered = await _recovered(tx, viewer, asked)
    rows = await moving.matrix_of(tx, viewer, asked)
    figures = [
        definitions.figure("recovered", sum(int(row.minor) for row in recovered)),
        definitions.figure("payments", sum(int(row.n) for row in recovered)),
        *await _contact(tx, viewer, asked),
        *await _promises(tx, viewer, asked),
        _cure(rows),
    ]
    tables = [
        _by_day(recovered, asked),
        *await _recoveries(tx, viewer, asked, recovered, edges),
        await _promises_by_week(tx, viewer, asked),
        *_rolls(rows, edges),
    ]
    return Report(figures, tables)


def paid(viewer: Viewer, asked: Asked) -> ColumnElement[bool]:
    """The payments of the period that stand, with `Payment`, `Account` and `Recovery` joined."""
    wanted = and_(
        in_period(asked, Recovery.day),
        Payment.state.in_((PaymentState.APPLIED, PaymentState.REVERSED)),
        NET > 0,
        of_accounts(viewer, asked, by_state=False),
        by_agent(asked, Recovery.agent_id),
        by_template(asked, Recovery.template),
    )
    return wanted if asked.state is None else wanted & (Recovery.state == asked.state)


def of_payments(*columns: Any) -> Any:  # noqa: ANN401 columns
    """A reading of payments with their facts."""
    joined = select(*columns).select_from(Recovery).join(Payment, Payment.id == Recovery.payment_id)
    return joined.join(Account, Account.id == Payment.account_id)


async def recovered_minor(tx: Tx, viewer: Viewer, asked: Asked) -> int:
    """What came in the period, in the smallest unit."""
    return int(await tx.scalar(of_payments(func.coalesce(func.sum(NET), 0)).where(paid(viewer, asked))) or 0)


def settled(viewer: Viewer, asked: Asked) -> ColumnElement[bool]:
    """The promises whose day and grace ended in the period and that are kept, partial or broken; Account is joined."""
    since, until = asked.bounds
    return and_(
        Promise.settles_at > since,
        Promise.settles_at <= until,
        Promise.state.in_(SETTLED),
        of_accounts(viewer, asked),
        _made_by(asked),
    )


def made(viewer: Viewer, asked: Asked) -> ColumnElement[bool]:
    """The promises made in the period, except those noted by mistake; Account is joined."""
    since, until = asked.bounds
    return and_(
        Promise.made_at >= since,
        Promise.made_at < until,
        Promise.state != PromiseState.CANCELLED,
        of_accounts(viewer, asked),
        _made_by(asked),
    )


def _made_by(asked: Asked) -> ColumnElement[bool]:
    return by_agent(asked, case((Promise.made_by_kind == "agent", Promise.made_by_id), else_=0))


def spoken(asked: Asked, *, author: tuple[str, ...]) -> ColumnElement[bool]:
    """That somebody spoke in the period in a conversation of the account's debtor."""
    said = in_period(asked, Talk.day) & Talk.author.in_(author)
    if author != ("in",):
        said &= by_agent(asked, Talk.agent_id)
    debtors = (
        select(ContactPoint.debtor_id)
        .join(Conversation, Conversation.contact_id == ContactPoint.contact_id)
        .where(ContactPoint.state == PointState.ACTIVE, Conversation.id.in_(select(Talk.conversation_id).where(said)))
    )
    return Account.debtor_id.in_(debtors)


def worked(viewer: Viewer, asked: Asked) -> ColumnElement[bool]:
    """Accounts with an action of ours in the period: a message of ours to the debtor, or an outcome."""
    return of_accounts(viewer, asked) & or_(
        spoken(asked, author=("agent", "bot", "other")), Account.id.in_(_outcomes(asked))
    )


def right_party(viewer: Viewer, asked: Asked) -> ColumnElement[bool]:
    """Accounts worked in which the right party was met: an outcome that says so, or a promise."""
    since, until = asked.bounds
    promised = select(Promise.account_id).where(
        Promise.made_at >= since, Promise.made_at < until, Promise.state != PromiseState.CANCELLED, _made_by(asked)
    )
    met = _outcomes(asked).where(Disposition.right_party)
    return worked(viewer, asked) & or_(Account.id.in_(met), Account.id.in_(promised))


def _outcomes(asked: Asked) -> Any:  # noqa: ANN401 a statement
    since, until = asked.bounds
    return (
        select(Outcome.account_id)
        .join(Disposition, Disposition.id == Outcome.disposition_id)
        .where(
            Outcome.at >= since,
            Outcome.at < until,
            Outcome.account_id.is_not(None),
            by_agent(asked, case((Outcome.by_kind == "agent", Outcome.by_id), else_=0)),
        )
    )


def disputed(viewer: Viewer, asked: Asked) -> ColumnElement[bool]:
    """Accounts worked that were disputed in the period."""
    since, until = asked.bounds
    found = select(Dispute.account_id).where(Dispute.opened_at >= since, Dispute.opened_at < until)
    return worked(viewer, asked) & Account.id.in_(found)


def complained(viewer: Viewer, asked: Asked) -> ColumnElement[bool]:
    """Outcomes of the period that are complaints; Disposition and Account are joined."""
    since, until = asked.bounds
    return and_(Outcome.at >= since, Outcome.at < until, Disposition.code == COMPLAINT, of_accounts(viewer, asked))


async def _contact(tx: Tx, viewer: Viewer, asked: Asked) -> list[Figure]:
    async def many(condition: ColumnElement[bool]) -> int:
        return await tx.scalar(select(func.count()).select_from(Account).where(condition)) or 0

    touched = await many(worked(viewer, asked))
    answered = await many(worked(viewer, asked) & spoken(asked, author=("in",)))
    met = await many(right_party(viewer, asked))
    promising = await tx.scalar(
        select(func.count(Promise.account_id.distinct()))
        .join(Account, Account.id == Promise.account_id)
        .where(made(viewer, asked), right_party(viewer, asked))
    )
    contested = await many(disputed(viewer, asked))
    complaints = await tx.scalar(
        select(func.count(Outcome.conversation_id.distinct()))
        .join(Disposition, Disposition.id == Outcome.disposition_id)
        .join(Account, Account.id == Outcome.account_id)
        .where(complained(viewer, asked))
    )
    return [
        definitions.figure("worked", touched),
        definitions.figure("contact_rate", Ratio(answered, touched)),
        definitions.figure("rpc_rate", Ratio(met, touched)),
        definitions.figure("ptp_rate", Ratio(promising or 0, met)),
        definitions.figure("dispute_rate", Ratio(contested, touched)),
        definitions.figure(
            "complaints",
            1000 * (complaints or 0) / touched if touched else None,
            beside=plural("{many} queja", "{many} quejas", n=complaints or 0, many=render.number(complaints or 0)),
        ),
    ]


async def _promises(tx: Tx, viewer: Viewer, asked: Asked) -> list[Figure]:
    in_time = case((Promise.paid_minor < Promise.amount_minor, Promise.paid_minor), else_=Promise.amount_minor)
    wanted = (
        select(
            Promise.state,
            func.count(),
            func.sum(in_time),
            func.sum(Promise.amount_minor),
        )
        .join(Account, Account.id == Promise.account_id)
        .where(settled(viewer, asked))
        .group_by(Promise.state)
    )
    found = {state: (int(n), int(came), int(due)) for state, n, came, due in await tx.execute(wanted)}
    n, came, due = (sum(row[at] for row in found.values()) for at in range(3))
    kept, partial = (found.get(state, (0, 0, 0))[0] for state in (PromiseState.KEPT, PromiseState.PARTIAL))
    lengths = [
        (end.astimezone(asked.zone).date() - begin.astimezone(asked.zone).date()).days if end else 0
        for begin, end in await tx.execute(
            select(Promise.made_at, Promise.settled_at)
            .join(Account, Account.id == Promise.account_id)
            .where(settled(viewer, asked), Promise.state == PromiseState.KEPT, Promise.settled_at.is_not(None))
        )
    ]
    lengths.sort()

    def written(minor: int) -> str:
        return money.shown(minor, asked.currency, render.locale())

    return [
        definitions.figure("kept_count", Ratio(kept, n)),
        definitions.figure(
            "kept_amount", Ratio(came, due), beside=Words("{part} de {whole}", part=written(came), whole=written(due))
        ),
        definitions.figure("broken_rate", Ratio(n - kept - partial, n)),
        definitions.figure("days_to_pay", lengths[(len(lengths) - 1) // 2] if lengths else None),
    ]


def _cure(rows: list[Row]) -> Figure:
    late = [row for row in rows if row.before in {State.LATE_1, State.LATE_2, State.LATE_3}]
    whole = sum(row.balance_minor for row in late)
    return definitions.figure(
        "cure_rate",
        100 * sum(row.cured_minor for row in late) / whole if whole else None,
        beside=Words("al cierre del mes"),
    )


async def _recovered(tx: Tx, viewer: Viewer, asked: Asked) -> list[Any]:
    columns = (Recovery.day, Recovery.hour, Recovery.state, Recovery.agent_id, Recovery.template, Account.team_id)
    wanted = of_payments(*columns, func.sum(NET).label("minor"), func.count().label("n"))
    return list((await tx.execute(wanted.where(paid(viewer, asked)).group_by(*columns))).all())


def _by_day(recovered: list[Any], asked: Asked) -> Table:
    minor: Counter[date] = Counter()
    for row in recovered:
        minor[row.day] += int(row.minor)
    days = [asked.since + timedelta(days=at) for at in range((asked.until - asked.since).days + 1)]
    rows = [(day.isoformat(), minor[day]) for day in days]
    columns = (Column(Words("Día"), "day"), Column(Words("Recuperado"), "money"))
    return definitions.table("recovered_by_day", columns, rows, chart="line", is_wide=True)


async def _recoveries(tx: Tx, viewer: Viewer, asked: Asked, recovered: list[Any], edges: Edges) -> list[Table]:
    agents = {row.id: row.name for row in await tx.execute(select(Agent.id, Agent.name))}
    teams = {row.id: row.name for row in await tx.execute(select(Team.id, Team.name))}
    states = {str(state): label(state, edges) for state in ORDER}
    ways: list[tuple[str, Any]] = [
        ("recovered_by_state", lambda row: states.get(row.state, row.state)),
        ("recovered_by_agent", lambda row: agents.get(row.agent_id, Words("Nadie en 7 días"))),
        ("recovered_by_team", lambda row: teams.get(row.team_id, "?")),
        ("recovered_by_template", lambda row: row.template or Words("Ninguna en 7 días")),
    ]
    found = [_split(key, name, recovered) for key, name in ways]
    found.insert(3, await _by_tag(tx, viewer, asked))
    by_hour = Counter[int]()
    for row in recovered:
        by_hour[row.hour] += int(row.minor)
    columns = (Column(Words("Hora"), "text"), Column(Words("Recuperado"), "money"))
    hours: list[tuple[Cell, ...]] = [(f"{hour:02}:00", minor) for hour, minor in sorted(by_hour.items())]
    return [*found, definitions.table("recovered_by_hour", columns, hours, chart="bar")]


_SPLIT = {
    "recovered_by_state": Words("Estado de cuenta"),
    "recovered_by_agent": Words("Agente"),
    "recovered_by_team": Words("Equipo"),
    "recovered_by_template": Words("Plantilla"),
}


def _split(key: str, name: Any, recovered: list[Any]) -> Table:  # noqa: ANN401 a way to name a row
    minor: Counter[str] = Counter()
    n: Counter[str] = Counter()
    for row in recovered:
        minor[name(row)] += int(row.minor)
        n[name(row)] += int(row.n)
    rows = [(each, value, n[each]) for each, value in sorted(minor.items(), key=lambda one: (-one[1], one[0]))]
    return definitions.table(
        key,
        (Column(_SPLIT[key], "text"), Column(Words("Recuperado"), "money"), Column(Words("Pagos"))),
        rows,
        chart="bar",
    )


async def _by_tag(tx: Tx, viewer: Viewer, asked: Asked) -> Table:
    wanted = (
        of_payments(Tag.name, func.sum(NET), func.count())
        .join(ConversationTag, ConversationTag.conversation_id == Recovery.conversation_id)
        .join(Tag, Tag.id == ConversationTag.tag_id)
        .where(paid(viewer, asked))
        .group_by(Tag.name)
    )
    rows = sorted(((name, int(minor), int(n)) for name, minor, n in await tx.execute(wanted)), key=lambda row: -row[1])
    columns = (Column(Words("Etiqueta"), "text"), Column(Words("Recuperado"), "money"), Column(Words("Pagos")))
    return definitions.table("recovered_by_tag", columns, rows, chart="bar")


async def _promises_by_week(tx: Tx, viewer: Viewer, asked: Asked) -> Table:
    wanted = (
        select(Promise.settles_at, Promise.state)
        .join(Account, Account.id == Promise.account_id)
        .where(settled(viewer, asked))
    )
    found: Counter[tuple[date, str]] = Counter()
    for at, state in await tx.execute(wanted):
        # It ends at the midnight after its last day.
        day = (at - timedelta(microseconds=1)).astimezone(asked.zone).date()
        found[day - timedelta(days=day.weekday()), state] += 1
    weeks = sorted({week for week, _ in found})
    rows: list[tuple[Cell, ...]] = [(week.isoformat(), *(found[week, state] for state in SETTLED)) for week in weeks]
    columns = (
        Column(Words("Semana del"), "day"),
        Column(Words("Cumplidas")),
        Column(Words("Parciales")),
        Column(Words("Rotas")),
    )
    return definitions.table("promises_by_week", columns, rows, chart="stack", is_wide=True)


def _rolls(rows: list[Row], edges: Edges) -> list[Table]:
    def name(state: str) -> str:
        return Words("Cerrada") if state == CLOSED else label(State(state), edges)

    heads = [Column(name(after), "percent") for after in COLUMNS]
    by_balance = [(name(row.before), row.balance_minor, *(row.share(after) for after in COLUMNS)) for row in rows]
    by_count = [(name(row.before), row.accounts, *(row.share_of_accounts(after) for after in COLUMNS)) for row in rows]
    cured = [
        (name(row.before), row.balance_minor, row.cured_minor, row.cure) for row in rows if row.before != "current"
    ]
    return [
        definitions.table(
            "rolls",
            (Column(Words("Estaba en"), "text"), Column(Words("Saldo"), "money"), *heads),
            by_balance,
            chart="rolls",
            is_wide=True,
        ),
        definitions.table(
            "rolls_by_count",
            (Column(Words("Estaba en"), "text"), Column(Words("Cuentas")), *heads),
            by_count,
            is_wide=True,
        ),
        definitions.table(
            "cure_by_state",
            (
                Column(Words("Estaba en"), "text"),
                Column(Words("Saldo"), "money"),
                Column(Words("Curado"), "money"),
                Column(Words("Cura"), "percent"),
            ),
            cured,
            is_wide=True,
        ),
    ]
