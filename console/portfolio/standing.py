"""How accounts stand now, kept on the account and on every conversation of its debtor: never stale, never typed.

Whatever moves an account (an invoice, a payment, a plan, a dispute, midnight) ends in `recompute`, in its transaction.
Locks are taken in this order: accounts by id, conversations by id, counters, the history's head.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import bindparam, func, select, update

from console import audit
from console.audit import Actor
from console.bulk import among, bulk_update, execute_many, fetch
from console.db import Tx, table_of
from console.inbox import contacts as _contacts  # noqa: F401 a column that points there has no type before it is known
from console.inbox import counts
from console.inbox.models import Conversation
from console.portfolio.agreements import Dispute, DisputeState, Instalment, Plan, PlanState, Promise, PromiseState
from console.portfolio.models import Account, ContactPoint, Debtor, Invoice, PointState, PortfolioRules
from console.portfolio.states import RANK, Edges, Owed, Standing, State, moment_of, standing_of, today_in

_KEPT = ("state", "balance_minor", "overdue_minor", "oldest_due_on", "next_change_at")
_ACCOUNTS = (
    select(
        Account.id,
        Account.debtor_id,
        Account.status,
        *(getattr(Account, name) for name in _KEPT),
        Debtor.timezone,
    )
    .join(Debtor, Debtor.id == Account.debtor_id)
    .where(among(Account.id, "ids"))
    .order_by(Account.id)
    .with_for_update(of=Account)
)
_UNPAID = select(Invoice.account_id, Invoice.due_on, Invoice.balance_minor, Invoice.disputed).where(
    among(Invoice.account_id, "ids"), Invoice.balance_minor > 0
)
_PLANS = select(Plan.account_id).where(among(Plan.account_id, "ids"), Plan.state == PlanState.ACTIVE)
_DISPUTES = select(Dispute.account_id).where(among(Dispute.account_id, "ids"), Dispute.state == DisputeState.OPEN)
_CONTACTS = (
    select(ContactPoint.contact_id)
    .where(
        among(ContactPoint.debtor_id, "debtors"),
        ContactPoint.contact_id.is_not(None),
        ContactPoint.state == PointState.ACTIVE,
    )
    .distinct()
)


async def rules_in_force(tx: Tx) -> PortfolioRules:
    """What the business decided about its portfolio (the migration puts the usual values there)."""
    return await tx.get_one(PortfolioRules, 1)


def edges_of(rules: PortfolioRules) -> Edges:
    """The edges of the buckets."""
    return Edges(rules.first_edge, rules.second_edge)


async def recompute(tx: Tx, account_ids: Collection[int], *, by: Actor, moment: datetime) -> None:
    """Bring these accounts, and every conversation of their debtors, to how they stand at `moment`.

    Announces account.updated for each account that differs and conversation.standing_changed for each conversation.
    A constant number of statements, whatever the number of accounts.
    """
    await tx.flush()
    ids = sorted(set(account_ids))
    if not ids:
        return
    rows = await fetch(tx, _ACCOUNTS, {"ids": ids})
    # Read under the locks: who changes the edges marks every account for another look, and waits for these.
    rules = await rules_in_force(tx)
    owed: defaultdict[int, list[Owed]] = defaultdict(list)
    for account_id, due_on, balance, disputed in await fetch(tx, _UNPAID, {"ids": ids}):
        owed[account_id].append(Owed(due_on, balance, disputed))
    in_plan = {account_id for (account_id,) in await fetch(tx, _PLANS, {"ids": ids})}
    in_dispute = {account_id for (account_id,) in await fetch(tx, _DISPUTES, {"ids": ids})}
    changed = []
    for row in rows:
        zone = ZoneInfo(row.timezone)
        now = standing_of(
            owed[row.id],
            today=today_in(zone, moment),
            edges=edges_of(rules),
            tolerance_minor=rules.overdue_tolerance_minor,
            in_plan=row.id in in_plan,
            in_dispute=row.id in in_dispute,
        )
        changed += _difference(tx, row, kept_of(now, zone, is_open=row.status == "open"), by)
    await bulk_update(tx, Account, [row | {"updated_at": moment} for row in changed])
    debtors = {row.debtor_id for row in rows}
    contacts = {contact for (contact,) in await fetch(tx, _CONTACTS, {"debtors": debtors})}
    await refresh_conversations(tx, contacts, by=by)


def kept_of(standing: Standing, zone: ZoneInfo, *, is_open: bool = True) -> dict[str, Any]:
    """The columns of an account that say how it stands. A closed account no longer changes by itself."""
    return {
        "state": str(standing.state),
        "balance_minor": standing.balance_minor,
        "overdue_minor": standing.overdue_minor,
        "oldest_due_on": standing.oldest_due_on,
        "next_change_at": moment_of(standing.next_change_on, zone) if is_open else None,
    }


def _difference(tx: Tx, row: Any, kept: dict[str, Any], by: Actor) -> list[dict[str, Any]]:  # noqa: ANN401 a database row
    old = {name: getattr(row, name) for name in _KEPT}
    if kept == old:
        return []
    told = [name for name in _KEPT if name != "next_change_at" and kept[name] != old[name]]
    if told:
        audit.record(
            tx,
            by,
            "account.updated",
            account_id=row.id,
            old={name: old[name] for name in told},
            new={name: kept[name] for name in told},
        )
    return [{"id": row.id, **kept}]


class Facts(msgspec.Struct):
    """What conversations keep of the accounts of their person: one line of the list shows it, filters compare it."""

    account_state: str | None = None
    overdue_minor: int | None = None
    balance_minor: int | None = None
    currency: str | None = None
    oldest_due_on: date | None = None
    promise_on: date | None = None
    promise_state: str | None = None
    plan_paid: int | None = None
    plan_count: int | None = None

    def columns(self) -> dict[str, Any]:
        """By name, as the conversation's row has them."""
        return msgspec.structs.asdict(self)


NOTHING = Facts()
"""Of people we know no debt of."""
_NAMES = Facts.__struct_fields__
_OF_CONTACTS = (
    select(
        ContactPoint.contact_id,
        Account.id.label("account_id"),
        Account.state,
        Account.overdue_minor,
        Account.balance_minor,
        Account.currency,
        Account.oldest_due_on,
    )
    .join(Account, Account.debtor_id == ContactPoint.debtor_id)
    .where(
        among(ContactPoint.contact_id, "contacts"), ContactPoint.state == PointState.ACTIVE, Account.status == "open"
    )
    .order_by(Account.id)
)
_PROMISES = select(Promise.account_id, Promise.id, Promise.due_on, Promise.state).where(
    among(Promise.account_id, "accounts")
)
_STEPS = (
    select(
        Plan.account_id,
        func.count(Instalment.id),
        func.count(Instalment.paid_at),
    )
    .join(Instalment, Instalment.plan_id == Plan.id)
    .where(among(Plan.account_id, "accounts"), Plan.state == PlanState.ACTIVE, Instalment.number > 0)
    .group_by(Plan.account_id)
)
_CONVERSATIONS = table_of(Conversation)
_LISTED = (
    select(
        *(_CONVERSATIONS.c[name] for name in ("id", "contact_id", "team_id", "holder_id", "status")),
        *(_CONVERSATIONS.c[name] for name in _NAMES),
    )
    .where(among(_CONVERSATIONS.c.contact_id, "contacts"), _CONVERSATIONS.c.status != "merged")
    .order_by(_CONVERSATIONS.c.id)
    .with_for_update()
)
_KEEP = (
    update(_CONVERSATIONS)
    .where(_CONVERSATIONS.c.id == bindparam("of_id"))
    .values({name: bindparam(f"new_{name}") for name in _NAMES})
)


async def refresh_conversations(tx: Tx, contact_ids: Iterable[int], *, by: Actor) -> None:
    """Bring what the conversations of these contacts keep of the debt to what the accounts say.

    Not a new version of the conversation: an agent who acts on it while a payment arrives is not told to start again.
    """
    wanted = sorted(set(contact_ids))
    if not wanted:
        return
    facts = await facts_of(tx, wanted)
    rows = await fetch(tx, _LISTED, {"contacts": wanted})
    moves: defaultdict[counts.Slot, int] = defaultdict(int)
    updates = []
    for row in rows:
        new = facts.get(row.contact_id, NOTHING)
        old = {name: getattr(row, name) for name in _NAMES}
        now = new.columns()
        if now == old:
            continue
        differs = [name for name in _NAMES if now[name] != old[name]]
        updates.append({"of_id": row.id} | {f"new_{name}": value for name, value in now.items()})
        moves[counts.slot(row.team_id, row.holder_id, row.status, row.account_state)] -= 1
        moves[counts.slot(row.team_id, row.holder_id, row.status, new.account_state)] += 1
        audit.record(
            tx,
            by,
            "conversation.standing_changed",
            conversation_id=row.id,
            old={name: old[name] for name in differs},
            new={name: now[name] for name in differs},
        )
    await execute_many(tx, _KEEP, updates)
    await counts.apply(tx, moves)


async def facts_of(tx: Tx, contact_ids: Collection[int]) -> dict[int, Facts]:
    """What to keep of the debts of each of these contacts; none for people we know no debt of."""
    rows = await fetch(tx, _OF_CONTACTS, {"contacts": contact_ids})
    if not rows:
        return {}
    accounts = {row.account_id for row in rows}
    promises = _latest(await fetch(tx, _PROMISES, {"accounts": accounts}))
    steps = {account: (paid, total) for account, total, paid in await fetch(tx, _STEPS, {"accounts": accounts})}
    by_contact: defaultdict[int, list[Any]] = defaultdict(list)
    for row in rows:
        by_contact[row.contact_id].append(row)
    return {contact: _facts(debts, promises, steps) for contact, debts in by_contact.items()}


def _latest(rows: Iterable[Any]) -> dict[int, tuple[date, str]]:
    latest: dict[int, tuple[int, date, str]] = {}
    for account_id, number, due_on, state in rows:
        if account_id not in latest or number > latest[account_id][0]:
            latest[account_id] = (number, due_on, state)
    return {account_id: (due_on, state) for account_id, (_number, due_on, state) in latest.items()}


# Promises that still say something: to be waited for, or to be asked about while something is overdue.
_TOLD = frozenset({PromiseState.OPEN, PromiseState.BROKEN, PromiseState.PARTIAL})


def _facts(
    debts: list[Any],
    promises: Mapping[int, tuple[date, str]],
    steps: Mapping[int, tuple[int, int]],
) -> Facts:
    """One person's debts as one line: the worst state, the amounts in the currency of that account."""
    worst = max(debts, key=lambda debt: (RANK[State(debt.state)], debt.overdue_minor, -debt.account_id))
    same = [debt for debt in debts if debt.currency == worst.currency]
    told = [
        (due_on, state)
        for debt in debts
        for due_on, state in [promises.get(debt.account_id, (None, None))]
        if due_on is not None and state in _TOLD and (state == PromiseState.OPEN or debt.overdue_minor > 0)
    ]
    promise = min(told, key=lambda each: (each[1] == PromiseState.OPEN, each[0]), default=(None, None))
    step = next((steps[debt.account_id] for debt in debts if debt.account_id in steps), (None, None))
    return Facts(
        account_state=worst.state,
        overdue_minor=sum(debt.overdue_minor for debt in same),
        balance_minor=sum(debt.balance_minor for debt in same),
        currency=worst.currency,
        oldest_due_on=min((debt.oldest_due_on for debt in debts if debt.oldest_due_on), default=None),
        promise_on=promise[0],
        promise_state=promise[1],
        plan_paid=step[0],
        plan_count=step[1],
    )
