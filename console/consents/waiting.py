"""Consent that files brought, given to whoever writes from the number: by the verbs that people use, once."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import func, or_, select

from console import audit, clock
from console.audit import Actor
from console.bulk import among, fetch
from console.consents import keeping
from console.consents.imported import ImportedConsent, Outcome
from console.consents.keeping import Said
from console.consents.kinds import How, Purpose, Standing, Way
from console.consents.models import ConsentRecord
from console.consents.noting import Proof
from console.db import Tx
from console.errors import Refused
from console.inbox import thread
from console.inbox.models import Conversation
from console.languages.words import Words
from console.portfolio.batches import ImportBatch
from console.portfolio.models import Account, ContactPoint, PointState

GIVEN_SINCE = "given_since"
"""Why a refusal was left: they agreed on a later day."""
_THREAD = (
    select(func.max(Conversation.id))
    .where(Conversation.contact_id == ContactPoint.contact_id, Conversation.status != "merged")
    .correlate(ContactPoint)
    .scalar_subquery()
)
_AT_ITS_NUMBER = (ContactPoint.debtor_id == Account.debtor_id) & (ContactPoint.match_key == ImportedConsent.match_key)
_MAY_BE_GIVEN = (
    ContactPoint.state == PointState.ACTIVE,
    # What was allowed for a contract ends with it; what was refused does not.
    or_(Account.status == "open", ImportedConsent.state == Standing.WITHDRAWN),
    ImportedConsent.outcome == Outcome.WAITING,
    ImportedConsent.replaced_by.is_(None),
    _THREAD.is_not(None),
)
_WAITING = (
    select(ImportedConsent.id, _THREAD.label("conversation_id"))
    .join(Account, Account.id == ImportedConsent.account_id)
    .join(ContactPoint, _AT_ITS_NUMBER)
    .where(among(ContactPoint.contact_id, "contacts"), *_MAY_BE_GIVEN)
    .order_by(_THREAD, ImportedConsent.said_at, ImportedConsent.id)
)
_WHOM = (
    select(ContactPoint.contact_id)
    .select_from(ImportedConsent)
    .join(Account, Account.id == ImportedConsent.account_id)
    .join(ContactPoint, _AT_ITS_NUMBER)
    .where(ContactPoint.contact_id.is_not(None), *_MAY_BE_GIVEN)
    .distinct()
)


async def whom(tx: Tx) -> list[int]:
    """The contacts for whom something waits that `give_to` would note now."""
    return sorted(number for number in await tx.scalars(_WHOM) if number is not None)


async def give_to(tx: Tx, contact_ids: Collection[int]) -> None:
    """Note what waited for these people, in the order in which they said it; who has no conversation yet waits on.

    What they said since holds: a consent older than a refusal is left, and a refusal older than a consent. Records what
    `keeping.give` and `keeping.withdraw` do, or "consent.left" with the reason.
    """
    if not contact_ids:
        return
    await tx.flush()
    for row in await fetch(tx, _WAITING, {"contacts": contact_ids}):
        # The thread before the row, as whoever writes in it meanwhile does.
        conversation = await thread.lock(tx, await tx.get_one(Conversation, row.conversation_id))
        await _settle(tx, conversation, row.id)
        await tx.flush()


async def _settle(tx: Tx, conversation: Conversation, number: int) -> None:
    row = await tx.get_one(ImportedConsent, number, populate_existing=True, with_for_update=True)
    if row.outcome != Outcome.WAITING:
        return  # another process was first
    by = await _who_brought(tx, row)
    try:
        row.consent_id = await _note(tx, conversation, row, by)
        row.outcome, row.noted_at = Outcome.NOTED, clock.now()
    except Refused as refused:
        row.outcome, row.why = Outcome.LEFT, refused.code
        about: dict[str, Any] = {"account_id": row.account_id, "subject": f"imported_consent:{row.id}"}
        audit.record(
            tx,
            by,
            "consent.left",
            conversation_id=conversation.id,
            new={"channel": row.channel, "purpose": row.purpose, "state": row.state, "reason": refused.code},
            **about,
        )


async def _note(tx: Tx, conversation: Conversation, row: ImportedConsent, by: Actor) -> int | None:
    """The number of the line. Refuses as the verbs do, and 409 "given_since"."""
    said = Said(
        state=Standing(row.state),
        channel=Way(row.channel),
        purpose=Purpose(row.purpose),
        how=How(row.how),
        said_at=row.said_at,
    )
    proof = Proof(shown=row.shown, reference=row.reference)
    if said.state == Standing.GIVEN:
        return await keeping.give(tx, conversation, by=by, said=said, proof=proof)
    lines = select(func.max(ConsentRecord.id)).where(
        ConsentRecord.contact_id == conversation.contact_id,
        ConsentRecord.channel == row.channel,
        ConsentRecord.purpose == row.purpose,
    )
    later = lines.where(ConsentRecord.state == Standing.GIVEN, ConsentRecord.said_at > row.said_at)
    if await tx.scalar(later) is not None:
        raise Refused(409, Words("Después de ese día autorizó: una oposición anterior no vale."), code=GIVEN_SINCE)
    # An opt-out makes its lines itself.
    number = await keeping.withdraw(tx, conversation, by=by, said=said, proof=proof)
    return number if number is not None else await tx.scalar(lines)


async def _who_brought(tx: Tx, row: ImportedConsent) -> Actor:
    """Whoever brought the file vouches for what it says."""
    batch = await tx.get_one(ImportBatch, row.batch_id)
    kind: Any = batch.made_by_kind
    return Actor(kind=kind, id=batch.made_by_id, name=batch.made_by_name, origin="import")
