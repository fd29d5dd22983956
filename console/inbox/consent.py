"""Who must not be written to: who asked us to stop, and numbers that are somebody else's. Honoured at once, by all.

Whoever asked to be left alone is still answered, once for each thing they write (compliance: "responder una vez").
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Select, select, update

from console import audit, clock
from console.agents import Viewer
from console.audit import Actor
from console.consents import noting
from console.consents.kinds import How, Purpose, Standing
from console.consents.noting import Proof
from console.db import Tx
from console.errors import Refused
from console.inbox import policy, thread
from console.inbox.contacts import Contact
from console.inbox.models import Conversation
from console.inbox.stopped import may_answer
from console.inbox.thread import actor_of
from console.languages.words import Words
from console.portfolio.models import Account, ContactPoint, PointState
from console.portfolio.standing import refresh_conversations
from console.reasons import keeping as reasons

LONGEST_REASON = 500
OPTED_OUT = "opted_out"
WRONG_NUMBER = "wrong_number"
NO_ADVERTISING = "no_advertising"
"""Why a message that waited was not sent: kept with it, shown in words."""


async def opt_out(
    tx: Tx,
    conversation: Conversation,
    *,
    by: Viewer | Actor,
    message_id: int | None = None,
    how: How = How.MESSAGE,
    said_at: datetime | None = None,
    proof: Proof | None = None,
) -> Conversation:
    """Note that the person asked not to be written to. From now on they are only answered, once for what they write.

    `message_id` is what they wrote. Their consent ends with it, for everything we write for. Again changes nothing.
    Announces contact.opted_out.
    """
    conversation = await thread.lock(tx, conversation)
    contact = await _held(tx, conversation)
    if contact.opted_out_at is None:
        contact.opted_out_at = clock.now()
        salt = thread.new_salt() if proof else None
        lines = await noting.note(
            tx,
            contact.id,
            Standing.WITHDRAWN,
            by=actor_of(by),
            how=how,
            purposes=noting.EVERY_PURPOSE,
            said_at=said_at,
            conversation_id=conversation.id,
            proof=proof or Proof(message_id=message_id),
            salt=salt,
        )
        facts: dict[str, object] = {"evidence": message_id, "consents": lines}
        if proof and salt:
            facts["proof_digest"] = noting.digest(salt, proof)
        await _tell(tx, conversation, "contact.opted_out", by=by, new=facts)
    return conversation


async def wrong_number(
    tx: Tx, conversation: Conversation, *, by: Viewer | Actor, message_id: int | None = None
) -> Conversation:
    """Note that whoever answers here is somebody else: no debt is shown on this thread from now on.

    The number stays known as wrong, so that no file brings it back. Announces contact.wrong_number and how the
    conversation stands.
    """
    debtors = list(await tx.scalars(_points(conversation, PointState.ACTIVE)))
    await _hold_accounts(tx, debtors)
    conversation = await thread.lock(tx, conversation)
    contact = await _held(tx, conversation)
    if contact.wrong_number_at is not None and not debtors:
        return conversation
    contact.wrong_number_at = contact.wrong_number_at or clock.now()
    await _turn_points(tx, conversation, PointState.ACTIVE, PointState.WRONG)
    facts: dict[str, object] = {"evidence": message_id, "debtors": sorted(debtors)}
    await _tell(tx, conversation, "contact.wrong_number", by=by, new=facts)
    await refresh_conversations(tx, [contact.id], by=actor_of(by))
    return conversation


async def lift(tx: Tx, conversation: Conversation, *, by: Viewer, reason: str) -> Conversation:
    """Take an opt-out or a wrong number back: they asked for it, or it was a mistake. Only who leads may.

    Announces contact.opt_out_lifted or contact.wrong_number_lifted. Refuses: 403; 422 without a reason; 409
    "nothing_to_lift".
    """
    policy.require(by, "lift_opt_out")
    reason = reason.strip()
    if not reason or len(reason) > LONGEST_REASON:
        raise Refused(422, Words("Diga por qué se levanta."), code="invalid", field="reason")
    debtors = list(await tx.scalars(_points(conversation, PointState.WRONG)))
    await _hold_accounts(tx, debtors)
    conversation = await thread.lock(tx, conversation)
    contact = await _held(tx, conversation)
    if contact.opted_out_at is None and contact.wrong_number_at is None:
        raise Refused(409, Words("No hay nada que levantar: se le puede escribir."), code="nothing_to_lift")
    why = await reasons.keep(tx, reason, conversation_id=conversation.id)
    if contact.opted_out_at is not None:
        contact.opted_out_at = None
        lines = await noting.note(
            tx,
            contact.id,
            Standing.LIFTED,
            by=by.actor,
            how=How.REVIEW,
            purposes=[Purpose.COLLECTION],
            conversation_id=conversation.id,
        )
        lifted: dict[str, object] = {**why, "consents": lines}
        await _tell(tx, conversation, "contact.opt_out_lifted", by=by, what=reason, new=lifted)
    if contact.wrong_number_at is not None:
        contact.wrong_number_at = None
        await _turn_points(tx, conversation, PointState.WRONG, PointState.ACTIVE)
        facts: dict[str, object] = {**why, "debtors": sorted(debtors)}
        await _tell(tx, conversation, "contact.wrong_number_lifted", by=by, what=reason, new=facts)
        await refresh_conversations(tx, [contact.id], by=by.actor)
    return conversation


async def why_not(tx: Tx, contact: Contact, conversation: Conversation) -> Refused | None:
    """Why `contact` may not be written to now; None when they may. Asks the thread only about who asked to stop."""
    if contact.opted_out_at is None and contact.wrong_number_at is None:
        return None
    answering = await may_answer(tx, conversation.id, before=conversation.last_sequence + 1)
    return policy.why_not(
        opted_out=contact.opted_out_at is not None,
        wrong_number=contact.wrong_number_at is not None,
        is_the_answer=answering,
    )


def _points(conversation: Conversation, state: PointState) -> Select[int]:
    return select(ContactPoint.debtor_id).where(
        ContactPoint.contact_id == conversation.contact_id, ContactPoint.state == state
    )


async def _hold_accounts(tx: Tx, debtors: Collection[int]) -> None:
    """Accounts before threads, as everywhere: a payment that comes now waits, and finds the number gone."""
    await tx.execute(select(Account.id).where(Account.debtor_id.in_(debtors)).order_by(Account.id).with_for_update())


async def _turn_points(tx: Tx, conversation: Conversation, old: PointState, new: PointState) -> None:
    await tx.execute(
        update(ContactPoint)
        .where(ContactPoint.contact_id == conversation.contact_id, ContactPoint.state == old)
        .values(state=new, updated_at=clock.now())
    )


async def _held(tx: Tx, conversation: Conversation) -> Contact:
    return await tx.get_one(Contact, conversation.contact_id, populate_existing=True, with_for_update=True)


async def _tell(
    tx: Tx,
    conversation: Conversation,
    action: str,
    *,
    by: Viewer | Actor,
    new: dict[str, object],
    what: str | None = None,
) -> None:
    words = {"what": what} if what else {}
    event = action.replace(".", "_")
    row = await thread.event(tx, conversation, by=by, action=event, who=actor_of(by).name, **words)
    audit.record(
        tx,
        actor_of(by),
        action,
        conversation_id=conversation.id,
        message_id=row.id,
        subject=f"contact:{conversation.contact_id}",
        new=new,
    )
