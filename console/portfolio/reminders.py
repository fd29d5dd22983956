"""Reminders of promises: one, the day before or on the day, within the law's hours and WhatsApp's rules, or none.

A reminder begins a conversation about the debt: it waits for the hours of the debtor's country, and never goes to who
asked to be left alone, contests the debt, has paid, or may be somebody else.
"""

from __future__ import annotations

import asyncio
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select

from console import audit, clock
from console.agents import Viewer
from console.audit import Actor
from console.db import Database, Tx
from console.errors import Refused
from console.inbox import message_templates, policy, reply
from console.inbox.channel import MessageTemplate
from console.inbox.contacts import Contact
from console.inbox.models import Conversation, Message
from console.inbox.queries import addressed, said_to
from console.inbox.thread import actor_of
from console.pacing import pause
from console.portfolio.agreements import Dispute, DisputeState, Promise, PromiseState
from console.portfolio.contact_hours import DAYS_OF_CAPS, is_open, is_too_often, next_open
from console.portfolio.holding import conversations_of, locked
from console.portfolio.models import Account, Debtor
from console.portfolio.states import day_begins, today_in
from console.render import money, weekday

TEMPLATE = "recordatorio_promesa"
"""The approved template that reminds outside the service window: {{1}} is the name, {{2}} the amount, {{3}} the day."""
NAMELESS = "cliente"
"""What {{1}} says to whom we know by a number alone."""
SPREAD = timedelta(minutes=90)
"""Reminders don't all leave at the minute at which it may begin."""
LOOK_EVERY = 1.0
CALENDAR = Actor(kind="system", name="Al Día", origin="calendar")


def when(promise: Promise, zone: ZoneInfo, country: str, moment: datetime) -> datetime | None:
    """When to remind of `promise`: the day before its own, else that day, in the hours of `country`; None for never."""
    spread = SPREAD * (promise.id % 90) / 90
    for day in (promise.due_on - timedelta(days=1), promise.due_on):
        opens = next_open(day_begins(day, zone), zone, country) + spread
        on = today_in(zone, opens)
        # Nobody has to be reminded on the day they promised.
        if opens > moment and today_in(zone, promise.made_at) < on <= promise.due_on and is_open(opens, zone, country):
            return opens
    return None


async def turn(tx: Tx, moment: datetime) -> bool:
    """Send or give up the reminder that has waited longest; say whether there was one.

    Announces promise.reminded, or promise.reminder_changed with the reason why not, or until when it is put off.
    """
    due = select(Promise.account_id).where(Promise.remind_at <= moment)
    # The account first, as every verb does; what another process reminds of is passed over.
    wanted = select(Account.id).where(Account.id.in_(due)).order_by(Account.id).limit(1)
    account_id = await tx.scalar(wanted.with_for_update(skip_locked=True))
    if account_id is None:
        return False
    account = await locked(tx, account_id)
    threads = await conversations_of(tx, account)
    first = select(Promise).where(Promise.account_id == account_id, Promise.remind_at <= moment).order_by(Promise.id)
    promise = (await tx.scalars(first.limit(1).execution_options(populate_existing=True))).one()
    debtor = await tx.get_one(Debtor, account.debtor_id)
    zone = ZoneInfo(debtor.timezone)
    conversation = next((each for each in threads if each.id == promise.conversation_id), None)
    reason = await _obstacle(tx, promise, account, conversation, today=today_in(zone, moment))
    if reason is None and conversation is not None:
        reason, later = await not_now(tx, conversation, moment, zone, debtor.country)
        if later is not None and today_in(zone, later) <= promise.due_on:
            _put(tx, promise, later, by=CALENDAR, why=reason or "")
            return True
    if reason is None and conversation is not None:
        reason = await _send(tx, promise, conversation)
    if reason is not None:
        _put(tx, promise, None, by=CALENDAR, why=reason)
        return True
    promise.remind_at, promise.reminded_at, promise.version = None, moment, promise.version + 1
    _record(tx, promise, "promise.reminded", by=CALENDAR, new={"due_on": promise.due_on.isoformat()})
    return True


async def forgo(tx: Tx, promise_id: int, *, by: Viewer | Actor) -> Promise:
    """Send no reminder of this promise. Announces promise.reminder_changed; again changes nothing."""
    promise = await tx.get_one(Promise, promise_id, with_for_update=True, populate_existing=True)
    if promise.remind_at is not None:
        _put(tx, promise, None, by=by, why="cancelled")
    return promise


async def run(db: Database, stop: asyncio.Event) -> None:
    """Remind until `stop`."""
    while not stop.is_set():
        while await is_due(db):
            async with db.transaction() as tx:
                if not await turn(tx, clock.now()):
                    break
        await pause(stop, LOOK_EVERY)


async def is_due(db: Database) -> bool:
    """Whether a reminder's moment has come; asked without taking the writer."""
    async with db.reading() as tx:
        return await tx.scalar(select(Promise.id).where(Promise.remind_at <= clock.now()).limit(1)) is not None


async def _obstacle(
    tx: Tx, promise: Promise, account: Account, conversation: Conversation | None, *, today: date
) -> str | None:
    """Why this promise is not to be reminded of at all, in a word."""
    if promise.state != PromiseState.OPEN or account.balance_minor == 0 or account.status != "open":
        return "settled"
    if conversation is None:
        return "no_conversation"
    if today > promise.due_on:
        return "late"
    contested = select(Dispute.id).where(Dispute.account_id == account.id, Dispute.state == DisputeState.OPEN)
    if await tx.scalar(contested.limit(1)) is not None:
        return "disputed"
    contact = await tx.get_one(Contact, conversation.contact_id, populate_existing=True)
    if contact.opted_out_at is not None or contact.wrong_number_at is not None:
        return "opted_out"
    return "identity" if contact.identity_doubt_at is not None else None


async def not_now(
    tx: Tx, conversation: Conversation, moment: datetime, zone: ZoneInfo, country: str
) -> tuple[str | None, datetime | None]:
    """Why nobody may be written to first at `moment`, in a word, and when to look again; nothing if they may."""
    if not is_open(moment, zone, country):
        return "hours", next_open(moment, zone, country)
    if policy.window(conversation, moment).is_open:
        return None, None  # they wrote: it is an answer
    begun = select(Message.created_at).where(
        Message.conversation_id == conversation.id,
        Message.direction == "out",
        Message.kind == "template",
        Message.status != "failed",
        Message.created_at > moment - timedelta(days=DAYS_OF_CAPS),
    )
    if not is_too_often(await tx.scalars(begun), moment, zone, country):
        return None, None
    tomorrow = today_in(zone, moment) + timedelta(days=1)
    return "cap", next_open(day_begins(tomorrow, zone), zone, country)


async def _send(tx: Tx, promise: Promise, conversation: Conversation) -> str | None:
    """Queue the reminder, as text while the service window is open and else by the template; or why it cannot be."""
    contact = await tx.get_one(Contact, conversation.contact_id)
    name = addressed(contact)
    amount, day = money(promise.amount_minor - promise.paid_minor, promise.currency), weekday(promise.due_on)
    key = f"reminder:{promise.id}"
    try:
        if policy.window(conversation, clock.now()).is_open:
            words = f"le recordamos su compromiso de pago de {amount} para el {day}. Si ya pagó, omítalo."
            text = said_to(name, words)
            await reply.reply(tx, conversation, by=CALENDAR, text=text, client_key=key)
            return None
        template = await _template(tx, conversation)
        if template is None:
            return "no_template"
        values = {"1": name or NAMELESS, "2": amount, "3": day}
        await reply.send_template(
            tx, conversation, by=CALENDAR, template_id=template.id, variables=values, client_key=key
        )
    except Refused as refused:
        return refused.code
    return None


async def _template(tx: Tx, conversation: Conversation) -> MessageTemplate | None:
    wanted = select(MessageTemplate).where(
        MessageTemplate.channel_id == conversation.channel_id, MessageTemplate.name == TEMPLATE
    )
    for template in await tx.scalars(wanted.order_by(MessageTemplate.id)):
        try:
            message_templates.require_sendable(template)
        except Refused:
            continue
        return template
    return None


def _put(tx: Tx, promise: Promise, at: datetime | None, *, by: Viewer | Actor, why: str) -> None:
    old: dict[str, object] = {"remind_at": promise.remind_at}
    promise.remind_at, promise.version = at, promise.version + 1
    _record(tx, promise, "promise.reminder_changed", by=by, old=old, new={"remind_at": at, "why": why})


def _record(
    tx: Tx,
    promise: Promise,
    action: str,
    *,
    by: Viewer | Actor,
    new: dict[str, object],
    old: dict[str, object] | None = None,
) -> None:
    audit.record(
        tx,
        actor_of(by),
        action,
        conversation_id=promise.conversation_id,
        account_id=promise.account_id,
        subject=f"promise:{promise.id}",
        old=old,
        new=new,
    )
