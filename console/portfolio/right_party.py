"""Knowing whom one speaks with: that the debtor themselves answers at a number, noted by whoever made sure."""

from __future__ import annotations

from sqlalchemy import select

from console import audit, clock
from console.agents import Viewer
from console.audit import Actor
from console.db import Tx
from console.errors import Refused
from console.inbox import thread
from console.inbox.contacts import Contact
from console.inbox.models import Conversation
from console.inbox.thread import actor_of
from console.languages.words import Words
from console.portfolio.models import ContactPoint, PointState


async def confirm(tx: Tx, conversation: Conversation, *, by: Viewer | Actor, debtor_id: int | None = None) -> None:
    """Note that the debtor answers at the number of `conversation`: what is about the debt may be said there.

    `debtor_id` says who, where the number is on file for several. Again changes nothing. Records "contact.verified".
    Refuses: 409 "wrong_number", "identity_in_doubt", "no_debtor", "several_debtors".
    """
    refused = await confirm_if_clear(tx, conversation, by=by, debtor_id=debtor_id)
    if refused is not None:
        raise refused


async def confirm_if_clear(
    tx: Tx, conversation: Conversation, *, by: Viewer | Actor, debtor_id: int | None = None
) -> Refused | None:
    """`confirm`, for whom it is not what they were asked to do: why it could not be is returned, not raised."""
    conversation = await thread.lock(tx, conversation)
    contact = await tx.get_one(Contact, conversation.contact_id, populate_existing=True)
    wanted = select(ContactPoint).where(ContactPoint.contact_id == contact.id, ContactPoint.state == PointState.ACTIVE)
    found = await tx.scalars(wanted.order_by(ContactPoint.id).with_for_update())
    points = [point for point in found if debtor_id in {None, point.debtor_id}]
    refused = _why_not(contact, {point.debtor_id for point in points})
    fresh = [] if refused else [point for point in points if point.verified_at is None]
    for point in fresh:
        point.verified_at = point.updated_at = clock.now()
    if fresh:
        audit.record(
            tx,
            actor_of(by),
            "contact.verified",
            conversation_id=conversation.id,
            subject=f"contact:{contact.id}",
            new={"debtor_id": fresh[0].debtor_id},
        )
    await tx.flush()
    return refused


def _why_not(contact: Contact, debtors: set[int]) -> Refused | None:
    if contact.wrong_number_at is not None:
        return Refused(409, Words("El número está marcado como equivocado."), code="wrong_number")
    if contact.identity_doubt_at is not None:
        text = Words("La identidad está por confirmar: quien supervisa la revisa primero.")
        return Refused(409, text, code="identity_in_doubt")
    if not debtors:
        return Refused(409, Words("No hay una deuda registrada con este número."), code="no_debtor")
    if len(debtors) > 1:
        text = Words("Este número es de varias personas de la cartera: diga cuál responde.")
        return Refused(409, text, code="several_debtors")
    return None
