"""The way back of an import: what its rows say was there before, staged like an import of its own."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import ColumnElement, func, or_, select

from console import clock
from console.consents.imported import ImportedConsent
from console.db import Database, Tx, bulk_insert
from console.errors import Refused
from console.languages.words import plural
from console.portfolio.agreements import Dispute, Plan, Promise
from console.portfolio.batches import ImportAccount, ImportBatch, ImportDebtor, ImportInvoice
from console.portfolio.known import KEPT
from console.portfolio.ledger import Payment, PaymentLink
from console.portfolio.models import Account, Debtor, Invoice
from console.portfolio.names import name_key
from console.portfolio.preparing import AT_ONCE, Claim, clear
from console.portfolio.staging import STATED, Rules, rules_at
from console.portfolio.standing import kept_of
from console.portfolio.states import Owed, standing_of, today_in

_SINCE: tuple[tuple[Any, Any], ...] = (
    (Payment, Payment.received_at),
    (Promise, Promise.made_at),
    (Plan, Plan.made_at),
    (Dispute, Dispute.opened_at),
    (PaymentLink, PaymentLink.made_at),
    # A line of somebody's consent is never taken back by a machine.
    (ImportedConsent, ImportedConsent.noted_at),
)


class There(msgspec.Struct, frozen=True):
    """Where debtors live, by id, and what decides how accounts stand."""

    zones: dict[int, str]
    rules: Rules


async def require_untouched(tx: Tx, batch: ImportBatch) -> None:
    """Refuse (409) unless the accounts of `batch` are as it left them: all of it goes back, or nothing does."""
    mine = _accounts_of(batch.id)
    touched = [
        select(model.account_id).where(model.account_id.in_(mine), since >= batch.committed_at)
        for model, since in _SINCE
    ]
    restated = (
        select(Account.id)
        .join(ImportAccount, _is(batch))
        .where(ImportAccount.batch_id == batch.id, Account.statement_digest != ImportAccount.statement_digest)
    )
    everything = or_(Account.id.in_(restated), *(Account.id.in_(each) for each in touched))
    count, first = (await tx.execute(select(func.count(), func.min(Account.external_id)).where(everything))).one()
    if count:
        raise Refused(
            409,
            plural(
                "No se puede deshacer: desde entonces hubo pagos, promesas u otros cambios en {n} cuenta ({first}).",
                "No se puede deshacer: desde entonces hubo pagos, promesas u otros cambios en {n} cuentas "
                "(por ejemplo {first}).",
                n=count,
                first=first,
            ),
            code="touched_since",
        )


def _is(batch: ImportBatch) -> ColumnElement[bool]:
    return (ImportAccount.external_id == Account.external_id) & (Account.creditor_id == batch.creditor_id)


def _accounts_of(batch_id: int) -> Any:  # noqa: ANN401 a select
    return (
        select(Account.id)
        .join(ImportAccount, ImportAccount.external_id == Account.external_id)
        .join(
            ImportBatch, (ImportBatch.id == ImportAccount.batch_id) & (ImportBatch.creditor_id == Account.creditor_id)
        )
        .where(ImportAccount.batch_id == batch_id)
    )


async def prepare(db: Database, back: ImportBatch, claim: Claim) -> None:
    """Stage what was there before: accounts that were new are to go, the others to be as they were."""
    await clear(db, claim)
    async with db.reading() as tx:
        rules = await rules_at(tx, clock.now())
    counts: Counter[str] = Counter()
    last = 0
    while rows := await _page(db, ImportAccount, back.undoes_id, last):
        last = rows[-1].id
        async with db.transaction() as tx:
            counts += await _stage(tx, back, rows, rules)
            await claim.hold(tx, done=sum(counts.values()))
    await _stage_people(db, back, claim)
    async with db.transaction() as tx:
        await claim.hold(tx, counts=dict(counts), expected_id=back.undoes_id)


async def _page(db: Database, model: Any, batch_id: int | None, last: int) -> list[Any]:  # noqa: ANN401
    async with db.reading() as tx:
        wanted = select(model).where(model.batch_id == batch_id, model.id > last).order_by(model.id).limit(AT_ONCE)
        return list(await tx.scalars(wanted))


async def _stage(tx: Tx, back: ImportBatch, rows: Sequence[ImportAccount], rules: Rules) -> Counter[str]:
    names = [row.external_id for row in rows]
    found = await tx.scalars(
        select(Account).where(Account.creditor_id == back.creditor_id, Account.external_id.in_(names))
    )
    accounts = {row.external_id: row for row in found}
    there = There(await _zones(tx, rows), rules)
    invoices = await _invoices(tx, back, accounts, rows)
    owed = await _owed(tx, accounts, invoices)
    staged = []
    for row in rows:
        account = accounts[row.external_id]
        staged.append(
            _new(back, row, account) if row.kind == "new" else _old(back, row, account, owed[account.id], there)
        )
    await bulk_insert(tx, ImportAccount, staged)
    await bulk_insert(tx, ImportInvoice, invoices)
    return Counter(each["kind"] for each in staged)


def _new(back: ImportBatch, row: ImportAccount, account: Account) -> dict[str, Any]:
    """An account that the import made goes."""
    return {**_present(back, row, account), "kind": "removed", "debtor_id": account.debtor_id}


def _old(
    back: ImportBatch,
    row: ImportAccount,
    account: Account,
    owed: list[Owed],
    there: There,
) -> dict[str, Any]:
    """An account that was there before is as it was then, on the day it is now."""
    present = _present(back, row, account)
    before = {**(row.before or {})}
    if isinstance(before.get("stated_at"), str):
        before["stated_at"] = msgspec.convert(before["stated_at"], type(clock.now()))
    told = {**{name: present[name] for name in STATED}, **before}
    zone = ZoneInfo(there.zones[int(told["debtor_id"])])
    standing = standing_of(
        owed,
        today=today_in(zone, there.rules.moment),
        edges=there.rules.edges,
        tolerance_minor=there.rules.tolerance_minor,
        in_plan=account.state == "plan",
        in_dispute=account.state == "dispute",
    )
    kept = kept_of(standing, zone, is_open=told["status"] == "open")
    return {**present, **told, **kept, "kind": "changed", "before": {"debtor_id": account.debtor_id}}


def _present(back: ImportBatch, row: ImportAccount, account: Account) -> dict[str, Any]:
    return {
        **{name: getattr(account, name) for name in (*STATED, *KEPT, "external_id", "version")},
        "batch_id": back.id,
        "row": row.row,
        "place": None,
        "account_id": account.id,
        "debtor_place": None,
        "moves_phones": True,
        "statement": None,
        "before": None,
    }


async def _zones(tx: Tx, rows: Sequence[ImportAccount]) -> dict[int, str]:
    ids = {int((row.before or {}).get("debtor_id") or row.debtor_id or 0) for row in rows}
    found = await tx.execute(select(Debtor.id, Debtor.timezone).where(Debtor.id.in_(ids)))
    return {row.id: row.timezone for row in found}


async def _invoices(
    tx: Tx, back: ImportBatch, accounts: dict[str, Account], rows: Sequence[ImportAccount]
) -> list[dict[str, Any]]:
    """The invoices of these accounts that the import made or moved, on their way back."""
    made = {accounts[row.external_id].id for row in rows if row.kind == "new"}
    own = await tx.scalars(select(Invoice).where(Invoice.account_id.in_(made)))
    staged = [_going(back, invoice) for invoice in own]
    changed = {accounts[row.external_id].id for row in rows if row.kind == "changed"}
    wanted = (
        select(Invoice, ImportInvoice.before)
        .join(
            ImportInvoice,
            (ImportInvoice.account_id == Invoice.account_id) & (ImportInvoice.number == Invoice.number),
        )
        .where(ImportInvoice.batch_id == back.undoes_id, Invoice.account_id.in_(changed))
    )
    for invoice, before in await tx.execute(wanted):
        going = _going(back, invoice)
        if before is not None:
            due_on = date.fromisoformat(before["due_on"])
            going |= {**before, "due_on": due_on, "kind": "changed"}
        staged.append(going)
    return staged


def _going(back: ImportBatch, invoice: Invoice) -> dict[str, Any]:
    return {
        "batch_id": back.id,
        "kind": "removed",
        "account_place": None,
        "account_id": invoice.account_id,
        "invoice_id": invoice.id,
        "version": invoice.version,
        "number": invoice.number,
        "due_on": invoice.due_on,
        "amount_minor": invoice.amount_minor,
        "stated_minor": invoice.stated_minor,
        "balance_minor": invoice.balance_minor,
        "before": None,
    }


async def _owed(tx: Tx, accounts: dict[str, Account], staged: Sequence[dict[str, Any]]) -> dict[int, list[Owed]]:
    """What will be owed of each account."""
    will_be = {each["invoice_id"]: each for each in staged}
    owed: defaultdict[int, list[Owed]] = defaultdict(list)
    ids = [account.id for account in accounts.values()]
    for invoice in await tx.scalars(select(Invoice).where(Invoice.account_id.in_(ids))):
        then = will_be.get(invoice.id)
        if then is None:
            owed[invoice.account_id].append(Owed(invoice.due_on, invoice.balance_minor, invoice.disputed))
        elif then["kind"] == "changed":
            owed[invoice.account_id].append(Owed(then["due_on"], then["balance_minor"], invoice.disputed))
    return owed


async def _stage_people(db: Database, back: ImportBatch, claim: Claim) -> None:
    last = 0
    while rows := await _page(db, ImportDebtor, back.undoes_id, last):
        last = rows[-1].id
        async with db.transaction() as tx:
            staged = [*await _unknown(tx, back, rows), *_renamed(back, rows)]
            await bulk_insert(tx, ImportDebtor, staged)
            await claim.hold(tx)


async def _unknown(tx: Tx, back: ImportBatch, rows: Sequence[ImportDebtor]) -> list[dict[str, Any]]:
    """Who was new and has no other debt goes. New debtors are met by the accounts that the import made for them."""
    places = [row.place for row in rows if row.kind == "new"]
    staying = (
        select(Account.debtor_id).where(Account.debtor_id == Debtor.id, Account.id.not_in(_removed(back.id))).exists()
    )
    mine = (
        select(Account.debtor_id)
        .join(ImportAccount, ImportAccount.external_id == Account.external_id)
        .where(
            Account.creditor_id == back.creditor_id,
            ImportAccount.batch_id == back.undoes_id,
            ImportAccount.debtor_place.in_(places),
        )
    )
    found = await tx.scalars(select(Debtor).where(Debtor.id.in_(mine), ~staying))
    return [{**_described(back, row.name, row.document_type, row.document_number), "kind": "removed",
             "debtor_id": row.id, "timezone": row.timezone} for row in found]  # fmt: skip


def _removed(batch_id: int) -> Any:  # noqa: ANN401 a select
    return select(ImportAccount.account_id).where(ImportAccount.batch_id == batch_id, ImportAccount.kind == "removed")


def _renamed(back: ImportBatch, rows: Sequence[ImportDebtor]) -> list[dict[str, Any]]:
    staged = []
    for row in rows:
        if row.kind != "changed" or row.before is None:
            continue
        type_, number = row.before["document"] or (None, None)
        described = _described(back, row.before["name"], type_, number) | {"birth_year": row.before.get("birth_year")}
        staged.append({**described, "kind": "changed", "debtor_id": row.debtor_id, "timezone": row.timezone})
    return staged


def _described(back: ImportBatch, name: str, type_: str | None, number: str | None) -> dict[str, Any]:
    return {
        "batch_id": back.id,
        "place": None,
        "name": name,
        "name_key": name_key(name),
        "document_type": type_,
        "document_number": number,
        "birth_year": None,
        "before": None,
    }
