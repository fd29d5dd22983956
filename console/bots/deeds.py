"""Doing what was decided, by the verbs that people use too, inside the transaction that queues the answer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy import select, update

from console import audit
from console.audit import Actor
from console.bots import decision
from console.bots.decision import URGENCY, AnyDeed
from console.bots.models import BotAlert, BotSession, IdentityTry
from console.db import Tx
from console.failpoints import failpoint
from console.inbox import consent, thread
from console.inbox.models import Conversation
from console.languages.words import Words
from console.portfolio import claims, disputes, plans, promises
from console.portfolio.agreements import Dispute, DisputeState
from console.portfolio.instalments import Terms
from console.portfolio.models import Account, ContactPoint, PointState


class Scene(msgspec.Struct):
    """Where deeds are done: what is locked, who does them, and the message that is their evidence."""

    session: BotSession
    conversation: Conversation
    by: Actor
    message_id: int
    words: str
    moment: datetime


async def perform(tx: Tx, scene: Scene, deeds: Sequence[AnyDeed]) -> dict[str, str]:
    """Do them in order; what texts may say of them comes back by name (`numero`: of a claim).

    Refuses as the verbs do: then nothing of it was done, and the caller begins again.
    """
    results: dict[str, str] = {}
    for deed in deeds:
        results |= await (_about_people(tx, scene, deed) if _is_about_people(deed) else _about_debts(tx, scene, deed))
        failpoint("bot.deed")
    return results


def _is_about_people(deed: AnyDeed) -> bool:
    return isinstance(deed, _OF_PEOPLE)


_OF_PEOPLE = (
    decision.Confirmed,
    decision.Failed,
    decision.Withdrawn,
    decision.OptedOut,
    decision.WrongNumber,
    decision.NeedsPerson,
    decision.Alerted,
)


async def _about_people(tx: Tx, scene: Scene, deed: AnyDeed) -> dict[str, str]:
    match deed:
        case decision.Confirmed():
            await _confirm(tx, scene, deed)
        case decision.Failed():
            await _fail(tx, scene, deed)
        case decision.Withdrawn():
            await _withdraw(tx, scene, deed)
        case decision.OptedOut():
            await consent.opt_out(tx, scene.conversation, by=scene.by, message_id=scene.message_id)
        case decision.WrongNumber():
            await consent.wrong_number(tx, scene.conversation, by=scene.by, message_id=scene.message_id)
        case decision.NeedsPerson():
            _need(scene.session, deed.reason)
        case decision.Alerted():
            await alert(tx, scene, deed.kind)
    return {}


async def _about_debts(tx: Tx, scene: Scene, deed: AnyDeed) -> dict[str, str]:
    match deed:
        case decision.Disclosed():
            await _disclose(tx, scene, deed)
        case decision.GaveLink():
            told: dict[str, object] = {"payment_link": deed.link_id, "amount_minor": deed.amount_minor}
            _tell(tx, scene, "bot.link_given", account_id=deed.account_id, new=told)
        case decision.LinkFailed():
            _tell(tx, scene, "bot.link_failed", account_id=deed.account_id)
        case decision.Promised():
            await _promise(tx, scene, deed)
        case decision.Retracted():
            await _retract(tx, scene, deed)
        case decision.Planned():
            await _plan(tx, scene, deed)
        case decision.Disputed():
            return {"numero": await _dispute(tx, scene, deed)}
        case decision.Claimed():
            await claims.mark(tx, scene.conversation, deed.message_id, by=scene.by)
    return {}


async def _promise(tx: Tx, scene: Scene, deed: decision.Promised) -> None:
    await promises.make(
        tx,
        deed.account_id,
        by=scene.by,
        amount_minor=deed.amount_minor,
        due_on=deed.due_on,
        conversation_id=scene.conversation.id,
        message_id=scene.message_id,
        replaces=deed.replaces,
        remind=True,
    )


async def _retract(tx: Tx, scene: Scene, deed: decision.Retracted) -> None:
    if deed.promise_id is not None:
        await promises.cancel(tx, deed.promise_id, by=scene.by, reason=EDITED)
    if deed.plan_id is not None:
        await plans.cancel(tx, deed.plan_id, by=scene.by, reason=EDITED)


EDITED = "La persona cambió el mensaje con el que había aceptado"
"""Why something agreed is taken back, as the history keeps it."""


def _need(session: BotSession, reason: str) -> None:
    if session.reason is None or URGENCY[reason] >= session.urgency:
        session.reason, session.urgency = reason, URGENCY[reason]


async def _confirm(tx: Tx, scene: Scene, deed: decision.Confirmed) -> None:
    session = scene.session
    session.debtor_id, session.verified_at, session.verified_how = deed.debtor_id, scene.moment, deed.how
    await tx.execute(
        update(ContactPoint)
        .where(
            ContactPoint.contact_id == scene.conversation.contact_id,
            ContactPoint.debtor_id == deed.debtor_id,
            ContactPoint.state == PointState.ACTIVE,
        )
        .values(verified_at=scene.moment, updated_at=scene.moment)
    )
    tx.add(_try(scene, deed.debtor_id, was_right=True))
    row = await thread.event(tx, scene.conversation, by=scene.by, action="bot_verified", what=deed.how)
    _tell(tx, scene, "bot.identity_confirmed", message_id=row.id, new={"debtor": deed.debtor_id, "how": deed.how})


async def _withdraw(tx: Tx, scene: Scene, deed: decision.Withdrawn) -> None:
    await tx.execute(
        update(ContactPoint)
        .where(
            ContactPoint.contact_id == scene.conversation.contact_id,
            ContactPoint.debtor_id == deed.debtor_id,
        )
        .values(verified_at=None, updated_at=scene.moment)
    )
    _tell(tx, scene, "bot.identity_withdrawn", new={"debtor": deed.debtor_id})


async def _fail(tx: Tx, scene: Scene, deed: decision.Failed) -> None:
    for debtor_id in deed.debtor_ids or (None,):
        tx.add(_try(scene, debtor_id, was_right=False))
    _tell(tx, scene, "bot.identity_failed", new={"debtors": list(deed.debtor_ids)})


def _try(scene: Scene, debtor_id: int | None, *, was_right: bool) -> IdentityTry:
    return IdentityTry(
        session_id=scene.session.id,
        contact_id=scene.conversation.contact_id,
        debtor_id=debtor_id,
        was_right=was_right,
        at=scene.moment,
    )


async def _disclose(tx: Tx, scene: Scene, deed: decision.Disclosed) -> None:
    """The last gate: whatever the mind decided, only the debtor of these accounts, and proved, may hear of them."""
    point = select(ContactPoint.id).where(
        ContactPoint.contact_id == scene.conversation.contact_id,
        ContactPoint.debtor_id == deed.debtor_id,
        ContactPoint.state == PointState.ACTIVE,
        ContactPoint.verified_at.is_not(None),
    )
    theirs = set(await tx.scalars(select(Account.id).where(Account.debtor_id == deed.debtor_id)))
    if await tx.scalar(point) is None or not set(deed.account_ids) <= theirs:
        raise AssertionError("a debt was about to be told to somebody who has not proved to be its debtor")
    session = scene.session
    if session.debtor_id is None:
        # Proved lately, in another dialogue on this number.
        session.debtor_id, session.verified_at, session.verified_how = deed.debtor_id, scene.moment, deed.how
    new = {"debtor": deed.debtor_id, "accounts": list(deed.account_ids), "what": list(deed.what), "how": deed.how}
    only = deed.account_ids[0] if len(deed.account_ids) == 1 else None
    _tell(tx, scene, "bot.disclosed", account_id=only, new=new)


async def _plan(tx: Tx, scene: Scene, deed: decision.Planned) -> None:
    terms = Terms(total_minor=deed.total_minor, down_minor=deed.down_minor, count=deed.count, first_on=deed.first_on)
    where = scene.conversation.id
    plan = await plans.propose(tx, deed.account_id, by=scene.by, terms=terms, conversation_id=where)
    await plans.accept(tx, plan.id, by=scene.by, message_id=scene.message_id)


async def _dispute(tx: Tx, scene: Scene, deed: decision.Disputed) -> str:
    numbers = []
    for account_id in deed.account_ids:
        open_one = select(Dispute.id).where(
            Dispute.account_id == account_id, Dispute.state == DisputeState.OPEN, Dispute.invoice_id.is_(None)
        )
        number = await tx.scalar(open_one)
        if number is None:
            opened = await disputes.open_dispute(
                tx, account_id, by=scene.by, category=deed.category, words=scene.words[: disputes.LONGEST_WORDS],
                conversation_id=scene.conversation.id, message_id=scene.message_id,
            )  # fmt: skip
            number = opened.id
        numbers.append(str(number))
    return ", ".join(numbers)


async def alert(tx: Tx, scene: Scene, kind: str) -> BotAlert:
    """Let supervisors know now. Announces bot.alerted; one alert of a kind a dialogue.

    That all has been said that may be said tonight is told a team once, and not by everybody who writes then.
    """
    conversation = scene.conversation
    whose = BotAlert.team_id == conversation.team_id if kind == "spent" else BotAlert.conversation_id == conversation.id
    known = select(BotAlert).where(whose, BotAlert.kind == kind, BotAlert.seen_at.is_(None))
    found = (await tx.scalars(known.limit(1))).one_or_none()
    if found is not None:
        return found
    row = BotAlert(kind=kind, team_id=conversation.team_id, conversation_id=conversation.id, at=scene.moment)
    tx.add(row)
    await tx.flush()
    line = await thread.event(tx, conversation, by=scene.by, action="bot_alerted", what=ALERTS[kind])
    _tell(tx, scene, "bot.alerted", message_id=line.id, new={"kind": kind, "alert": row.id})
    return row


ALERTS = {
    "distress": Words("la persona puede estar en peligro"),
    "doubt": Words("un mensaje preocupa: puede que hable de un peligro"),
    "guessing": Words("intentan adivinar los datos de identidad"),
    "loop": Words("parece contestar otra máquina"),
    "flood": Words("llegan demasiados mensajes"),
    "spent": Words("se llegó al límite de respuestas"),
}
"""What a supervisor reads."""


def _tell(
    tx: Tx,
    scene: Scene,
    action: str,
    *,
    message_id: int | None = None,
    account_id: int | None = None,
    new: dict[str, object] | None = None,
) -> None:
    audit.record(
        tx,
        scene.by,
        action,
        conversation_id=scene.conversation.id,
        message_id=message_id,
        account_id=account_id,
        subject=f"bot_session:{scene.session.id}",
        new=new,
    )


async def hold_accounts(tx: Tx, contact_id: int) -> None:
    """Accounts before threads, as everywhere: a payment that comes now waits, or is told."""
    debtors = select(ContactPoint.debtor_id).where(
        ContactPoint.contact_id == contact_id, ContactPoint.state == PointState.ACTIVE
    )
    await tx.execute(select(Account.id).where(Account.debtor_id.in_(debtors)).order_by(Account.id).with_for_update())
