"""The receipt: who paid is thanked once, in their own conversation, and not at all where nobody may write to them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from sqlalchemy import select

from console import audit, clock, pacing
from console.audit import SYSTEM, Entry
from console.db import Database, Tx, holds
from console.errors import Refused
from console.inbox import message_templates, policy, reply
from console.inbox.channel import MessageTemplate
from console.inbox.contacts import Contact
from console.inbox.models import Conversation, Message
from console.portfolio.holding import conversations_of, locked
from console.portfolio.ledger import Payment, PaymentLink, PaymentState
from console.render import money

TEMPLATE = "recibo_de_pago"
"""The message template that is used outside the service window, once Meta approved one by this name.

Its first blank, or one called `monto`, is the amount; its second, or `recibo`, the number of the receipt.
"""
LOOK_EVERY = 1.0


async def give(tx: Tx, payment_id: int) -> Message | None:
    """Thank for a payment that is owed a receipt; None when there is nobody to thank.

    Free text inside the service window, else the approved template, else nothing: the thread says already that it
    was paid. At most one message, whoever calls this and however often. Announces payment.acknowledged.
    """
    account_id = await tx.scalar(select(Payment.account_id).where(Payment.id == payment_id))
    if account_id is None:
        return None
    account = await locked(tx, account_id)
    payment = await tx.get_one(Payment, payment_id, populate_existing=True)
    if not payment.receipt_due:
        return None
    payment.receipt_due = False
    if payment.state != PaymentState.APPLIED:
        return None
    conversation = await _where(tx, payment, await conversations_of(tx, account))
    message = await _say(tx, conversation, payment) if conversation is not None else None
    if message is not None:
        payment.receipt_message_id = message.id
        audit.record(
            tx,
            SYSTEM,
            "payment.acknowledged",
            conversation_id=message.conversation_id,
            message_id=message.id,
            account_id=account_id,
            subject=f"payment:{payment.id}",
        )
    return message


async def _where(tx: Tx, payment: Payment, threads: Sequence[Conversation]) -> Conversation | None:
    """Where the link was given, else where the debtor spoke last; never where somebody else may be reading."""
    link = await tx.get(PaymentLink, payment.link_id) if payment.link_id is not None else None
    preferred = link.conversation_id if link else None
    for conversation in sorted(threads, key=lambda each: (each.id == preferred, each.last_at), reverse=True):
        contact = await tx.get_one(Contact, conversation.contact_id)
        if contact.identity_doubt_at is None and contact.opted_out_at is None and contact.wrong_number_at is None:
            return conversation
    return None


async def _say(tx: Tx, conversation: Conversation, payment: Payment) -> Message | None:
    amount, key = money(payment.amount_minor, payment.currency), f"payment:{payment.id}"
    try:
        if policy.window(conversation, clock.now()).is_open:
            text = f"Recibimos su pago de {amount}. Muchas gracias. Su número de recibo es {payment.id}."
            return await reply.reply(tx, conversation, by=SYSTEM, text=text, client_key=key)
        template = await _template(tx, conversation)
        if template is None:
            return None
        values = {"1": amount, "monto": amount, "2": str(payment.id), "recibo": str(payment.id)}
        filled = {blank.key: values[blank.key] for blank in message_templates.blanks(template)}
        return await reply.send_template(
            tx, conversation, by=SYSTEM, template_id=template.id, variables=filled, client_key=key
        )
    except Refused:
        # Blocked, unreachable, asked not to be written to: the thread says that it was paid, and that is all.
        return None


async def _template(tx: Tx, conversation: Conversation) -> MessageTemplate | None:
    """The receipt's template, if it is approved and has no blank that we cannot fill."""
    wanted = select(MessageTemplate).where(
        MessageTemplate.channel_id == conversation.channel_id,
        MessageTemplate.name == TEMPLATE,
        MessageTemplate.status == "APPROVED",
    )
    for template in await tx.scalars(wanted.order_by(MessageTemplate.id)):
        if all(blank.key in {"1", "2", "monto", "recibo"} for blank in message_templates.blanks(template)):
            return template
    return None


class Thanks:
    """The loop that gives them, woken by payments."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.awake = asyncio.Event()

    async def follow(self, entries: Sequence[Entry]) -> None:
        """Look when something was paid (a follower of `Live`)."""
        if any(entry.action == "payment.applied" for entry in entries):
            self.awake.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Give receipts until `stop`."""
        while not stop.is_set():
            self.awake.clear()
            for payment_id in await self._owed():
                async with self._db.transaction() as tx:
                    await give(tx, payment_id)
            await pacing.news(stop, self.awake, within=LOOK_EVERY)

    async def _owed(self) -> list[int]:
        async with self._db.reading() as tx:
            owed = select(Payment.id).where(holds(Payment.receipt_due), Payment.state != PaymentState.PARKED)
            return list(await tx.scalars(owed.order_by(Payment.id).limit(50)))
