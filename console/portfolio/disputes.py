"""Disputes: what the debtor contests is not collected until somebody decided, with reasons and by a day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select, update

from console import audit, clock
from console.agents import Viewer
from console.audit import Actor
from console.db import Tx
from console.errors import Refused, not_found
from console.inbox import thread
from console.inbox.models import Conversation
from console.inbox.thread import actor_of
from console.languages.words import Words
from console.portfolio.agreed import CATEGORIES
from console.portfolio.agreements import Dispute, DisputeState
from console.portfolio.contact_hours import working_days_after
from console.portfolio.holding import conversations_of, locked
from console.portfolio.models import Account, Debtor, Invoice
from console.portfolio.promises import among, check_evidence, zone_of
from console.portfolio.standing import recompute, rules_in_force
from console.portfolio.states import day_begins, today_in
from console.reasons import keeping as reasons

LONGEST_WORDS = 2000
RESOLUTIONS = {
    DisputeState.UPHELD: Words("a favor de la persona"),
    DisputeState.REJECTED: Words("rechazada"),
    DisputeState.PARTIAL: Words("en parte a favor de la persona"),
    DisputeState.WITHDRAWN: Words("retirada por la persona"),
}


async def open_dispute(
    tx: Tx,
    account_id: int,
    *,
    by: Viewer | Actor,
    category: str,
    invoice_id: int | None = None,
    words: str = "",
    conversation_id: int | None = None,
    message_id: int | None = None,
) -> Dispute:
    """Note that the debtor contests an invoice, or with `invoice_id` None the whole account: that is not collected.

    `words` is what they say, `message_id` where they wrote it. To be answered by the end of so many working days of
    the debtor's country. Announces dispute.opened, and what follows for the account.
    Refuses: 409 "dispute_open" when that is contested already; 422 for a category that is none, or an invoice that is
    not the account's.
    """
    account = await locked(tx, account_id)
    threads = await conversations_of(tx, account)
    if category not in CATEGORIES:
        raise Refused(422, Words("Elija qué se disputa."), code="invalid", field="category")
    if len(words) > LONGEST_WORDS:
        raise Refused(
            422,
            Words("Use {longest_words} letras o menos.", longest_words=LONGEST_WORDS),
            code="invalid",
            field="words",
        )
    conversation = among(threads, conversation_id)
    await check_evidence(tx, conversation, message_id)
    invoices = await _contested(tx, account, invoice_id)
    await _require_none_open(tx, account, invoice_id)
    moment = clock.now()
    actor = actor_of(by)
    dispute = Dispute(
        account_id=account.id,
        invoice_id=invoice_id,
        conversation_id=conversation.id if conversation else None,
        message_id=message_id,
        category=category,
        words=words.strip() or None,
        opened_by_id=actor.id,
        opened_by_kind=actor.kind,
        opened_at=moment,
        answer_by=await _deadline(tx, account),
    )
    tx.add(dispute)
    await _freeze(tx, [invoice.id for invoice in invoices], disputed=True)
    facts: dict[str, object] = {
        "category": category,
        "invoice_id": invoice_id,
        "evidence": message_id,
        "answer_by": dispute.answer_by,
    }
    what = CATEGORIES[category].lower()
    if invoice_id:
        what = Words("{reason}, factura {number}", reason=what, number=invoices[0].number)
    await _tell(tx, dispute, conversation, "dispute.opened", by=by, what=what, new=facts)
    await recompute(tx, [account.id], by=actor, moment=moment)
    return dispute


async def resolve(tx: Tx, dispute_id: int, *, by: Viewer | Actor, state: str, reason: str) -> Dispute:
    """End a dispute as upheld, rejected, partial or withdrawn, with the reason; what is still owed is collected again.

    What was upheld changes no balance: the creditor states the new one. Announces dispute.resolved, and what follows.
    Refuses: 404; 409 "not_open"; 422 for another ending or without a reason.
    """
    account_id = await tx.scalar(select(Dispute.account_id).where(Dispute.id == dispute_id))
    if account_id is None:
        raise not_found()
    ending = next((each for each in RESOLUTIONS if each == state), None)
    if ending is None:
        raise Refused(422, Words("Elija cómo termina la disputa."), code="invalid", field="state")
    if not reason.strip() or len(reason) > LONGEST_WORDS:
        raise Refused(422, Words("Explique la decisión: se le dirá a la persona."), code="invalid", field="reason")
    account = await locked(tx, account_id)
    threads = await conversations_of(tx, account)
    dispute = await tx.get_one(Dispute, dispute_id, populate_existing=True)
    if dispute.state != DisputeState.OPEN:
        raise Refused(409, Words("Esa disputa ya se resolvió."), code="not_open")
    dispute.state, dispute.resolution, dispute.version = ending, reason.strip(), dispute.version + 1
    dispute.resolved_at, dispute.resolved_by_id = clock.now(), actor_of(by).id
    await tx.flush()
    await _freeze_what_is_open(tx, account)
    conversation = next((each for each in threads if each.id == dispute.conversation_id), None)
    why = await reasons.keep(tx, reason.strip(), conversation_id=dispute.conversation_id, account_id=account.id)
    facts = {"state": ending, **why}
    await _tell(
        tx, dispute, conversation, "dispute.resolved", by=by, what=RESOLUTIONS[ending], new=facts, old={"state": "open"}
    )
    await recompute(tx, [account.id], by=actor_of(by), moment=clock.now())
    return dispute


async def _contested(tx: Tx, account: Account, invoice_id: int | None) -> Sequence[Invoice]:
    wanted = select(Invoice).where(Invoice.account_id == account.id)
    if invoice_id is not None:
        wanted = wanted.where(Invoice.id == invoice_id)
    invoices = (await tx.scalars(wanted)).all()
    if invoice_id is not None and not invoices:
        raise Refused(422, Words("Esa factura no es de esta cuenta."), code="invalid", field="invoice")
    return invoices


async def _require_none_open(tx: Tx, account: Account, invoice_id: int | None) -> None:
    same = Dispute.invoice_id.is_(None) if invoice_id is None else Dispute.invoice_id == invoice_id
    found = await tx.scalar(
        select(Dispute.id).where(Dispute.account_id == account.id, Dispute.state == DisputeState.OPEN, same)
    )
    if found is not None:
        raise Refused(409, Words("Eso ya está en disputa."), code="dispute_open", details={"dispute": str(found)})


async def _deadline(tx: Tx, account: Account) -> datetime:
    debtor = await tx.get_one(Debtor, account.debtor_id)
    zone = await zone_of(tx, account)
    days = (await rules_in_force(tx)).dispute_answer_days
    last = working_days_after(today_in(zone, clock.now()), days, debtor.country)
    return day_begins(last + timedelta(days=1), zone)


async def _freeze(tx: Tx, invoice_ids: Sequence[int], *, disputed: bool) -> None:
    await tx.execute(
        update(Invoice)
        .where(Invoice.id.in_(invoice_ids), Invoice.disputed != disputed)
        .values(disputed=disputed, updated_at=clock.now(), version=Invoice.version + 1)
    )


async def _freeze_what_is_open(tx: Tx, account: Account) -> None:
    """Only what an open dispute names is frozen: another one about the same account goes on."""
    open_ones = list(
        await tx.scalars(
            select(Dispute.invoice_id).where(Dispute.account_id == account.id, Dispute.state == DisputeState.OPEN)
        )
    )
    ids = list(await tx.scalars(select(Invoice.id).where(Invoice.account_id == account.id)))
    frozen = ids if None in open_ones else [each for each in ids if each in open_ones]
    await _freeze(tx, frozen, disputed=True)
    await _freeze(tx, [each for each in ids if each not in frozen], disputed=False)


async def _tell(
    tx: Tx,
    dispute: Dispute,
    conversation: Conversation | None,
    action: str,
    *,
    by: Viewer | Actor,
    what: str,
    new: dict[str, object],
    old: dict[str, object] | None = None,
) -> None:
    await tx.flush()
    row = None
    if conversation is not None:
        event = action.replace(".", "_")
        row = await thread.event(tx, conversation, by=by, action=event, who=actor_of(by).name, what=what)
    audit.record(
        tx,
        actor_of(by),
        action,
        conversation_id=conversation.id if conversation else None,
        message_id=row.id if row else None,
        account_id=dispute.account_id,
        subject=f"dispute:{dispute.id}",
        old=old,
        new=new,
    )
