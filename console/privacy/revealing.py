"""A masked document or telephone shown whole, to one person for a moment: that is on record, what it says is not."""

from __future__ import annotations

import msgspec
from sqlalchemy import select

from console import audit
from console.agents import Viewer
from console.db import Tx
from console.errors import Refused, not_found
from console.inbox import policy, queries
from console.inbox.contacts import Alias, Contact
from console.languages.words import Words
from console.portfolio import dossier
from console.portfolio.models import ContactPoint, Debtor, PointState
from console.render import phone

SECONDS = 30
"""How long a screen shows it."""


class Revealed(msgspec.Struct, frozen=True):
    """A whole document or telephone: its kind (`DNI`) and its number."""

    type: str
    number: str


async def in_conversation(tx: Tx, viewer: Viewer, conversation_id: int, debtor_id: int) -> Revealed:
    """The document of a debtor whose debt this conversation shows: to who attends to it, and to who leads.

    Records "document.revealed". Refuses: 404 for what the viewer may not see or has no document; 403.
    """
    conversation = await queries.open_conversation(tx, viewer, conversation_id)
    if not policy.may_reveal(viewer, holder_id=conversation.holder_id):
        raise Refused(403, Words("El documento completo lo ve quien atiende la conversación."), code="forbidden")
    here = select(ContactPoint.debtor_id).where(
        ContactPoint.contact_id == conversation.contact_id, ContactPoint.state == PointState.ACTIVE
    )
    if debtor_id > queries.LARGEST_ID:
        raise not_found()
    wanted = select(Debtor).where(Debtor.id == debtor_id, Debtor.id.in_(here))
    return _revealed(tx, (await tx.scalars(wanted)).one_or_none(), viewer, conversation.id)


async def of_debtor(tx: Tx, viewer: Viewer, debtor_id: int) -> Revealed:
    """The document of a debtor of the portfolio, to who leads. Records and refuses like `in_conversation`."""
    debtor = await dossier.debtor_seen(tx, viewer, debtor_id)
    policy.require(viewer, "reveal_document")
    return _revealed(tx, debtor, viewer, None)


async def phone_of_debtor(tx: Tx, viewer: Viewer, debtor_id: int, number_id: int) -> Revealed:
    """A telephone of a debtor of the portfolio, to who leads. Who attends has theirs in the conversation.

    Records "phone.revealed". Refuses: 404 for what the viewer may not see; 403.
    """
    debtor = await dossier.debtor_seen(tx, viewer, debtor_id)
    policy.require(viewer, "reveal_document")
    if number_id > queries.LARGEST_ID:
        raise not_found()
    wanted = select(ContactPoint).where(ContactPoint.id == number_id, ContactPoint.debtor_id == debtor.id)
    if (point := (await tx.scalars(wanted)).one_or_none()) is None:
        raise not_found()
    new = {"number": point.id, "seconds": SECONDS}
    audit.record(tx, viewer.actor, "phone.revealed", subject=f"debtor:{debtor.id}", new=new)
    return Revealed("phone", phone(point.phone))


async def phone_in_conversation(tx: Tx, viewer: Viewer, conversation_id: int, alias_id: int | None = None) -> Revealed:
    """The telephone of the person of a conversation, or another of theirs: to who attends to it, and to who leads.

    Records "phone.revealed". Refuses: 404 for what the viewer may not see or has no number; 403.
    """
    conversation = await queries.open_conversation(tx, viewer, conversation_id)
    if not policy.may_reveal(viewer, holder_id=conversation.holder_id):
        raise Refused(403, Words("El teléfono completo lo ve quien atiende la conversación."), code="forbidden")
    wanted = select(Contact.wa_id).where(Contact.id == conversation.contact_id)
    if alias_id is not None:
        theirs = (Alias.contact_id == conversation.contact_id, Alias.kind == "phone")
        wanted = select(Alias.value).where(Alias.id == min(alias_id, queries.LARGEST_ID), *theirs)
    if not (number := await tx.scalar(wanted)):
        raise not_found()
    audit.record(
        tx,
        viewer.actor,
        "phone.revealed",
        conversation_id=conversation.id,
        subject=f"contact:{conversation.contact_id}",
        new={"seconds": SECONDS} if alias_id is None else {"number": alias_id, "seconds": SECONDS},
    )
    return Revealed("phone", phone(number))


def _revealed(tx: Tx, debtor: Debtor | None, viewer: Viewer, conversation_id: int | None) -> Revealed:
    if debtor is None or debtor.document_number is None:
        raise not_found()
    type_ = debtor.document_type or "Documento"
    audit.record(
        tx,
        viewer.actor,
        "document.revealed",
        conversation_id=conversation_id,
        subject=f"debtor:{debtor.id}",
        new={"type": type_, "seconds": SECONDS},
    )
    return Revealed(type_, debtor.document_number)
