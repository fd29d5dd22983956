"""Taking in what creditors state about debts, all or nothing, a constant number of statements for any number of them.

Locks, in this order: the creditor's statements, new contacts, accounts by id; then what `standing` locks.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

import msgspec
from sqlalchemy import bindparam, select, text

from console import audit
from console.audit import Actor
from console.bulk import among, bulk_update, fetch
from console.consents import waiting
from console.db import Tx, bulk_insert, next_ids
from console.inbox.channel import Channel
from console.inbox.identity import one_at_a_time
from console.portfolio import contesting, phones
from console.portfolio.comparing import Change, Known, Person, compare
from console.portfolio.known import known_of
from console.portfolio.models import Account, Debtor, Invoice
from console.portfolio.names import name_key
from console.portfolio.standing import recompute, refresh_conversations
from console.portfolio.statement import Source, Statement
from console.portfolio.states import State
from console.portfolio.zones import zone_of

_LOCKED = (
    select(Account.id)
    .where(Account.creditor_id == bindparam("creditor"), among(Account.external_id, "names"))
    .order_by(Account.id)
    .with_for_update()
)
_TOLD = 20
"""Invoices of one account that the history names one by one."""


class Stated(msgspec.Struct, frozen=True):
    """What a statement did, to which account."""

    account_id: int
    kind: Literal["new", "changed", "unchanged"]


async def state_account(tx: Tx, statement: Statement, *, source: Source, by: Actor, moment: datetime) -> Stated:
    """`state_accounts` for one."""
    (stated,) = await state_accounts(tx, [statement], source=source, by=by, moment=moment)
    return stated


async def state_accounts(
    tx: Tx, statements: Sequence[Statement], *, source: Source, by: Actor, moment: datetime
) -> list[Stated]:
    """Make these debts of one creditor what it states they are; each may be named once. Says, in order, what changed.

    Announces account.created or account.stated, debtor.updated, and what `recompute` announces. What says nothing new
    writes nothing. Refuses as `comparing.compare` does.
    """
    await one_creditor_at_a_time(tx, source.creditor_id)
    _known, changes = await _compared(tx, statements, source)
    if all(change.kind == "unchanged" for change in changes):
        return [Stated(_id(change), change.kind) for change in changes]
    await _hold(tx, statements, source)
    # Only now does nobody move them: a payment may have come while this waited.
    known, changes = await _compared(tx, statements, source)
    moved = [change for change in changes if change.kind != "unchanged"]
    await _write_people(tx, known, source, by, moment)
    ids = await _write_accounts(tx, moved, source, by, moment)
    await _write_invoices(tx, moved, ids, moment)
    touched = await _write_phones(tx, moved, source, moment)
    await recompute(tx, ids.values(), by=by, moment=moment)
    await refresh_conversations(tx, touched, by=by)
    # A number that is named again may be one of which a file said something.
    await waiting.give_to(tx, touched)
    return [Stated(ids.get(change.statement.external_id) or _id(change), change.kind) for change in changes]


async def one_creditor_at_a_time(tx: Tx, creditor_id: int) -> None:
    """Whoever states debts of this creditor holds this until its commit, so that nothing new is made twice."""
    if tx.get_bind().dialect.name == "postgresql":
        await tx.execute(text("SELECT pg_advisory_xact_lock(7205, CAST(:creditor AS int))"), {"creditor": creditor_id})


async def _hold(tx: Tx, statements: Sequence[Statement], source: Source) -> None:
    # Nobody writes for the first time while numbers are taken in: one of both would not see the other.
    for channel_id in await tx.scalars(select(Channel.id).order_by(Channel.id)):
        await one_at_a_time(tx, channel_id)
    names = {statement.external_id for statement in statements}
    await fetch(tx, _LOCKED, {"creditor": source.creditor_id, "names": names})


async def _compared(tx: Tx, statements: Sequence[Statement], source: Source) -> tuple[Known, list[Change]]:
    as_of = min((each.as_of for each in statements if each.as_of is not None), default=None)
    known = await known_of(tx, source.creditor_id, statements, as_of=as_of)
    return known, [compare(each, known, zone=zone_for(each, source)) for each in statements]


def zone_for(statement: Statement, source: Source) -> str:
    """Where the debtor of a statement lives, by their first number."""
    return zone_of(statement.phones[0] if statement.phones else None, business=source.timezone)


def _id(change: Change) -> int:
    if change.debt is None:
        raise AssertionError("a debt that is new has been written by now")
    return change.debt.id


async def _write_people(tx: Tx, known: Known, source: Source, by: Actor, moment: datetime) -> None:
    await contesting.mark(tx, known.people.values(), by=by, moment=moment)
    for person, number in zip(known.new_people, await next_ids(tx, Debtor, len(known.new_people)), strict=True):
        person.id = number
    new = set(map(id, known.new_people))
    changed = [
        each for each in known.people.values() if each.is_new_name or each.is_new_document or each.is_new_birth_year
    ]
    changed = [each for each in changed if id(each) not in new]
    rows = [
        {
            **_described(each),
            "id": each.id,
            "country": source.country,
            "timezone": each.timezone,
            "created_at": moment,
            "updated_at": moment,
            "version": 1,
        }
        for each in known.new_people
    ]
    await bulk_insert(tx, Debtor, rows)
    await bulk_update(tx, Debtor, [{**_described(each), "id": each.id, "updated_at": moment} for each in changed])
    for each in changed:
        fields = {"name": each.is_new_name, "document": each.is_new_document, "birth_year": each.is_new_birth_year}
        told = [name for name, is_new in fields.items() if is_new]
        audit.record(tx, by, "debtor.updated", subject=f"debtor:{each.id}", new={"fields": told})


def _described(person: Person) -> dict[str, Any]:
    return {
        "name": person.name,
        "name_key": name_key(person.name),
        "document_type": person.document.type if person.document else None,
        "document_number": person.document.number if person.document else None,
        "birth_year": person.birth_year,
    }


async def _write_accounts(
    tx: Tx, moved: Sequence[Change], source: Source, by: Actor, moment: datetime
) -> dict[str, int]:
    """The ids of the accounts by the names their creditor gives them."""
    new = [change for change in moved if change.debt is None]
    ids = dict(zip(new_names(new), await next_ids(tx, Account, len(new)), strict=True))
    beginning = {"creditor_id": source.creditor_id, "team_id": source.team_id, "state": State.CURRENT}
    none = {"balance_minor": 0, "overdue_minor": 0, "version": 1}
    rows = [
        {
            **_stated(change, moment),
            **beginning,
            **none,
            "id": ids[change.statement.external_id],
            "external_id": change.statement.external_id,
            "created_at": moment,
        }
        for change in new
    ]
    await bulk_insert(tx, Account, rows)
    changed = [change for change in moved if change.debt is not None]
    ids |= {change.statement.external_id: _id(change) for change in changed}
    await bulk_update(tx, Account, [{**_stated(change, moment), "id": _id(change)} for change in changed])
    for change in moved:
        _tell(tx, change, ids[change.statement.external_id], by)
    return ids


def new_names(changes: Sequence[Change]) -> list[str]:
    """How their creditor calls these debts."""
    return [change.statement.external_id for change in changes]


def _stated(change: Change, moment: datetime) -> dict[str, Any]:
    statement = change.statement
    return {
        "debtor_id": change.person.id,
        "currency": statement.currency,
        "product": statement.product,
        "phones": list(statement.phones),
        "status": "open",
        "statement_digest": change.digest,
        "stated_at": statement.as_of or moment,
        "updated_at": moment,
    }


def _tell(tx: Tx, change: Change, account_id: int, by: Actor) -> None:
    """What the creditor says now of which invoices; amounts are in the smallest unit."""
    told = change.bills[:_TOLD]
    new: dict[str, Any] = {"invoices": len(change.bills), "stated": {bill.number: bill.stated_minor for bill in told}}
    if change.debt is None:
        new |= {"currency": change.statement.currency, "debtor": change.person.id}
        audit.record(tx, by, "account.created", account_id=account_id, new=new)
        return
    old: dict[str, Any] = {"stated": {bill.number: bill.owing.stated_minor for bill in told if bill.owing}}
    if change.debt.debtor_id != change.person.id:
        old["debtor"], new["debtor"] = change.debt.debtor_id, change.person.id
    if change.debt.status != "open":
        old["status"], new["status"] = change.debt.status, "open"
    audit.record(tx, by, "account.stated", account_id=account_id, old=old, new=new)


async def _write_invoices(tx: Tx, moved: Sequence[Change], ids: dict[str, int], moment: datetime) -> None:
    new, changed = [], []
    for change in moved:
        for bill in change.bills:
            row = {
                "due_on": bill.due_on,
                "amount_minor": bill.amount_minor,
                "stated_minor": bill.stated_minor,
                "balance_minor": bill.balance_minor,
                "updated_at": moment,
            }
            if bill.owing is not None:
                changed.append(row | {"id": bill.owing.id})
                continue
            named = {"account_id": ids[change.statement.external_id], "number": bill.number}
            new.append(row | named | {"disputed": False, "created_at": moment, "version": 1})
    await bulk_insert(tx, Invoice, new)
    await bulk_update(tx, Invoice, changed)


async def _write_phones(tx: Tx, moved: Sequence[Change], source: Source, moment: datetime) -> set[int]:
    """The contacts whose conversations may show something else now."""
    given = [(each.person.id, phone) for each in moved for phone in each.statement.phones if each.person.id]
    await phones.name(tx, given, named=source.named, moment=moment)
    debtors = {each.person.id for each in moved if each.person.id}
    debtors |= {each.debt.debtor_id for each in moved if each.debt is not None}
    return await phones.settle(tx, debtors)
