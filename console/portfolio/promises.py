"""Promises to pay: made with the debtor's own words as evidence, replaced by a later one, cancelled with a reason."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select, update

from console import audit, clock
from console.agents import Viewer
from console.audit import Actor
from console.db import Tx
from console.errors import Refused, not_found
from console.inbox import thread
from console.inbox.contacts import Contact
from console.inbox.models import Conversation, Message
from console.inbox.thread import actor_of
from console.languages.words import Words
from console.portfolio.agreements import Promise, PromiseState
from console.portfolio.holding import conversations_of, locked
from console.portfolio.models import Account, Debtor
from console.portfolio.reminders import when as reminder_of
from console.portfolio.standing import recompute, rules_in_force
from console.portfolio.states import day_begins, today_in
from console.reasons import keeping as reasons

LONGEST_REASON = 500


async def make(
    tx: Tx,
    account_id: int,
    *,
    by: Viewer | Actor,
    amount_minor: int,
    due_on: date,
    conversation_id: int | None = None,
    message_id: int | None = None,
    above_balance: bool = False,
    replaces: int | None = None,
    remind: bool = False,
) -> Promise:
    """Note that the debtor promised `amount_minor` (smallest unit) by the end of `due_on` (a day where they live).

    `message_id` is what they wrote, in the conversation named: the evidence. Until the day is over nobody begins a
    conversation about the debt, but for one reminder with `remind`. The open promise `replaces` gives way.
    Announces promise.made or promise.replaced, and what follows for the account.
    Refuses: 409 "promise_open" when another one is open, "account_closed"; 422 for an amount or a day that cannot be,
    "above_balance" unless `above_balance`; 404 for a conversation that is not the debtor's.
    """
    account = await locked(tx, account_id)
    threads = await conversations_of(tx, account)
    zone = await zone_of(tx, account)
    moment = clock.now()
    before = await _open_promise(tx, account, replaces)
    rules = await rules_in_force(tx)
    _check_amount(account, amount_minor, above_balance=above_balance)
    _check_day(due_on, today_in(zone, moment), rules.promise_within_days)
    conversation = among(threads, conversation_id)
    await check_evidence(tx, conversation, message_id)
    if before is not None:
        before.state, before.settled_at, before.version = PromiseState.REPLACED, moment, before.version + 1
        # The place of the open one must be free before the next one takes it.
        await tx.flush()
    promise = Promise(
        account_id=account.id,
        conversation_id=conversation.id if conversation else None,
        message_id=message_id,
        amount_minor=amount_minor,
        currency=account.currency,
        due_on=due_on,
        made_by_kind=actor_of(by).kind,
        made_by_id=actor_of(by).id,
        made_at=moment,
        settles_at=day_begins(due_on + timedelta(days=rules.promise_grace_days + 1), zone),
    )
    tx.add(promise)
    await tx.flush()
    if remind and conversation is not None:
        country = (await tx.get_one(Debtor, account.debtor_id)).country
        promise.remind_at = reminder_of(promise, zone, country, moment)
    if before is not None:
        before.remind_at = None
        before.replaced_by = promise.id
        await pause_ends(tx, account, paused_until(before, zone))
    until = await _pause(tx, account, paused_until(promise, zone))
    facts = {"amount_minor": amount_minor, "currency": account.currency, "due_on": due_on.isoformat()}
    facts |= {"evidence": message_id, "outreach_paused_until": until.isoformat()}
    old: dict[str, object] | None = None
    if before is not None:
        old = {"promise_id": before.id, "amount_minor": before.amount_minor}
    action = "promise.replaced" if before else "promise.made"
    await tell(tx, promise, conversation, action, by=by, old=old, new=facts)
    await recompute(tx, [account.id], by=actor_of(by), moment=moment)
    return promise


async def cancel(tx: Tx, promise_id: int, *, by: Viewer | Actor, reason: str, version: int | None = None) -> Promise:
    """Take back a promise that was noted by mistake, or that no longer means anything. Announces promise.cancelled.

    Refuses: 409 "not_open", "version_conflict"; 422 without a reason.
    """
    if not reason.strip() or len(reason) > LONGEST_REASON:
        raise Refused(422, Words("Diga en pocas palabras por qué se anula."), code="invalid", field="reason")
    promise, account = await held(tx, promise_id)
    if promise.state != PromiseState.OPEN:
        raise Refused(409, Words("Esa promesa ya no está abierta."), code="not_open")
    if version is not None and version != promise.version:
        raise Refused(409, Words("La promesa cambió mientras tanto; revise cómo quedó."), code="version_conflict")
    threads = await conversations_of(tx, account)
    promise.state, promise.settled_at, promise.remind_at = PromiseState.CANCELLED, clock.now(), None
    promise.version += 1
    await pause_ends(tx, account, paused_until(promise, await zone_of(tx, account)))
    conversation = next((each for each in threads if each.id == promise.conversation_id), None)
    why = await reasons.keep(tx, reason.strip(), conversation_id=promise.conversation_id, account_id=account.id)
    facts = {"amount_minor": promise.amount_minor, **why}
    await tell(tx, promise, conversation, "promise.cancelled", by=by, new=facts)
    await recompute(tx, [account.id], by=actor_of(by), moment=clock.now())
    return promise


async def doubt(tx: Tx, promise_id: int, *, by: Viewer | Actor) -> None:
    """Say that what the debtor wrote has been changed since: the open promise is in doubt. Announces promise.doubted.

    It stands until somebody takes it back or asks again; one that is over is past doubting.
    """
    promise, account = await held(tx, promise_id)
    if promise.state != PromiseState.OPEN:
        return
    threads = await conversations_of(tx, account)
    conversation = next((each for each in threads if each.id == promise.conversation_id), None)
    facts = {"amount_minor": promise.amount_minor, "due_on": promise.due_on.isoformat(), "evidence": promise.message_id}
    await tell(tx, promise, conversation, "promise.doubted", by=by, new=facts)


async def held(tx: Tx, promise_id: int) -> tuple[Promise, Account]:
    """The promise as it is now, and its account, whose row is held until `tx` ends; Refused(404)."""
    account_id = await tx.scalar(select(Promise.account_id).where(Promise.id == promise_id))
    if account_id is None:
        raise not_found()
    account = await locked(tx, account_id)
    return await tx.get_one(Promise, promise_id, populate_existing=True), account


async def tell(
    tx: Tx,
    promise: Promise,
    conversation: Conversation | None,
    action: str,
    *,
    by: Viewer | Actor,
    old: dict[str, object] | None = None,
    new: dict[str, object] | None = None,
) -> None:
    """Record `action`, and say it in the thread, which the caller holds: "Ana anotó una promesa: S/ 200.00 …"."""
    row = None
    if conversation is not None:
        row = await thread.event(
            tx,
            conversation,
            by=by,
            action=action.replace(".", "_"),
            who=actor_of(by).name,
            minor=promise.amount_minor,
            currency=promise.currency,
            on=promise.due_on.isoformat(),
        )
    audit.record(
        tx,
        actor_of(by),
        action,
        conversation_id=conversation.id if conversation else None,
        message_id=row.id if row else None,
        account_id=promise.account_id,
        subject=f"promise:{promise.id}",
        old=old,
        new=new,
    )


async def zone_of(tx: Tx, account: Account) -> ZoneInfo:
    """Where the debtor's days begin and end."""
    return ZoneInfo((await tx.get_one(Debtor, account.debtor_id)).timezone)


def among(threads: Sequence[Conversation], conversation_id: int | None) -> Conversation | None:
    """That conversation, if it is one of the debtor's; the only one where none is named. Refused(404) for others."""
    if conversation_id is None:
        return threads[0] if len(threads) == 1 else None
    conversation = next((each for each in threads if each.id == conversation_id), None)
    if conversation is None:
        raise not_found()
    return conversation


async def check_evidence(tx: Tx, conversation: Conversation | None, message_id: int | None) -> None:
    """Refuse (422) what the debtor did not write in this very conversation."""
    if message_id is None:
        return
    message = await tx.get(Message, message_id)
    theirs = message is not None and message.direction == "in" and conversation is not None
    if message is None or conversation is None or not theirs or message.conversation_id != conversation.id:
        said = Words("El mensaje de respaldo debe ser uno que escribió la persona en esta conversación.")
        raise Refused(422, said, code="invalid", field="message_id")


def paused_until(promise: Promise, zone: ZoneInfo) -> datetime:
    """The end of the promised day: until then nobody begins a conversation about the debt."""
    return day_begins(promise.due_on + timedelta(days=1), zone)


async def pause_ends(tx: Tx, account: Account, until: datetime) -> None:
    """What paused for this promise goes on; a longer pause of another reason stands."""
    theirs = [each.contact_id for each in await conversations_of(tx, account)]
    await tx.execute(
        update(Contact)
        .where(Contact.id.in_(theirs), Contact.outreach_paused_until == until)
        .values(outreach_paused_until=None),
    )


async def _pause(tx: Tx, account: Account, until: datetime) -> datetime:
    theirs = [each.contact_id for each in await conversations_of(tx, account)]
    later = Contact.outreach_paused_until.is_(None) | (Contact.outreach_paused_until < until)
    await tx.execute(update(Contact).where(Contact.id.in_(theirs), later).values(outreach_paused_until=until))
    return until


async def _open_promise(tx: Tx, account: Account, replaces: int | None) -> Promise | None:
    """The promise that gives way. Refuses when there is one that was not named, or none where one was."""
    is_open = (Promise.account_id == account.id, Promise.state == PromiseState.OPEN)
    found = (await tx.scalars(select(Promise).where(*is_open).execution_options(populate_existing=True))).one_or_none()
    if found is not None and found.id != replaces:
        said = Words("Ya hay una promesa abierta de esta cuenta: reemplácela o anúlela.")
        raise Refused(409, said, code="promise_open", details={"promise": str(found.id)})
    if found is None and replaces is not None:
        raise Refused(409, Words("La promesa que quería reemplazar ya no está abierta."), code="not_open")
    return found


def _check_amount(account: Account, amount_minor: int, *, above_balance: bool) -> None:
    if account.status != "open":
        raise Refused(409, Words("Esa cuenta ya no está en la cartera."), code="account_closed")
    if amount_minor <= 0:
        raise Refused(422, Words("El monto debe ser mayor que cero."), code="invalid", field="amount")
    if amount_minor > account.balance_minor and not above_balance:
        said = Words("Prometió más de lo que debe. Si es así, confírmelo.")
        raise Refused(422, said, code="above_balance", field="amount")


def _check_day(due_on: date, today: date, within: int) -> None:
    if due_on < today:
        raise Refused(422, Words("Ese día ya pasó."), code="invalid", field="due_on")
    if due_on > today + timedelta(days=within):
        said = Words(
            "El plazo permitido es de {within} días: hasta el {today}.",
            within=within,
            today=f"{today + timedelta(days=within):%d/%m/%Y}",
        )
        raise Refused(422, said, code="invalid", field="due_on")
