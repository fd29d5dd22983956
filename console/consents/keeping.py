"""Consent given and taken back, by who attends to the conversation. A stop needs no proof to be honoured."""

from __future__ import annotations

import secrets
from datetime import date, datetime, time
from typing import Any

import msgspec
from sqlalchemy import select

from console import audit, clock
from console.agents import Viewer
from console.audit import Actor
from console.consents import noting
from console.consents.kinds import LONGEST, OLDEST, How, Purpose, Standing, Way
from console.consents.models import ConsentRecord
from console.consents.noting import Proof
from console.consents.words import TYPED
from console.db import Tx
from console.errors import Refused
from console.inbox import consent, thread
from console.inbox.contacts import Contact
from console.inbox.models import Conversation, Message
from console.languages.words import Words
from console.reasons.keeping import SALT_BYTES
from console.scanning import keeping as scanning
from console.settings import Settings

_LABELS = {
    "shown": Words("El texto mostrado"),
    "version": Words("La versión"),
    "reference": Words("La referencia"),
}
_WHATSAPP_COLLECTION = (Way.WHATSAPP, Purpose.COLLECTION)
_WHATSAPP_MARKETING = (Way.WHATSAPP, Purpose.MARKETING)


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What they said, checked: given or withdrawn, over which channel, for what, how, and when."""

    state: Standing
    channel: Way
    purpose: Purpose
    how: How
    said_at: datetime


def heard(typed: dict[str, str], settings: Settings) -> Said:
    """What a form says of it. Refuses: 422 "invalid" naming state, channel, purpose, how or said_on."""
    for field, known, text in (
        ("state", (Standing.GIVEN, Standing.WITHDRAWN), Words("Diga si autoriza o si se opone.")),
        ("channel", tuple(Way), Words("Elija el canal.")),
        ("purpose", tuple(Purpose), Words("Elija para qué.")),
        ("how", TYPED, Words("Elija cómo lo dijo.")),
    ):
        if typed.get(field, "") not in known:
            raise Refused(422, text, code="invalid", field=field)
    return Said(
        state=Standing(typed["state"]),
        channel=Way(typed["channel"]),
        purpose=Purpose(typed["purpose"]),
        how=How(typed["how"]),
        said_at=_day(typed.get("said_on", ""), settings),
    )


def shown_proof(typed: dict[str, str]) -> Proof:
    """The words of the proof, tidied. Refuses: 422 "invalid" naming shown, version or reference when too long."""
    kept: dict[str, Any] = {}
    for field, most in LONGEST.items():
        value = typed.get(field, "").replace("\r\n", "\n").strip()
        if len(value) > most:
            text = Words("{what} tiene más de {most} caracteres.", what=_LABELS[field], most=most)
            raise Refused(422, text, code="invalid", field=field)
        kept[field] = value or None
    return Proof(**kept)


async def give(tx: Tx, conversation: Conversation, *, by: Viewer | Actor, said: Said, proof: Proof) -> int:
    """Note that they consented, with the proof. Gives the number of the line. Records "consent.given".

    Refuses: 422 without the text they were shown, or without anything that proves it; 409 "opted_out" while they have
    asked not to be written to: that is lifted first, by who leads, with a reason; 409 "withdrawn_since", naming
    said_at, for one that is older than a withdrawal of the same.
    """
    if not proof.shown:
        raise Refused(422, Words("Copie el texto que se le mostró o leyó."), code="invalid", field="shown")
    if said.how == How.MESSAGE and proof.message_id is None:
        raise Refused(422, Words("Elija el mensaje en que lo dijo."), code="invalid", field="message_id")
    if not (proof.message_id or proof.sha256 or proof.reference):
        text = Words("Falta la prueba: el mensaje, un archivo, o dónde está guardada.")
        raise Refused(422, text, code="invalid", field="reference")
    contact = await hold(tx, conversation, proof)
    if contact.opted_out_at is not None and said.channel == Way.WHATSAPP:
        text = Words("Pidió que no le escribamos. Si cambió de idea, supervisión levanta primero la baja.")
        raise Refused(409, text, code="opted_out")
    if await _withdrawn_since(tx, contact, said):
        text = Words("Después de ese día se opuso: una autorización anterior no vale.")
        raise Refused(409, text, code="withdrawn_since", field="said_at")
    if (said.channel, said.purpose) == _WHATSAPP_MARKETING:
        contact.marketing_stopped_at = None
    return await _note(tx, conversation, Standing.GIVEN, by=by, said=said, proof=proof)


async def withdraw(tx: Tx, conversation: Conversation, *, by: Viewer | Actor, said: Said, proof: Proof) -> int | None:
    """Note that they took it back. Over WhatsApp for collection that is the opt-out, which all honour at once.

    Gives the number of the line; None for the opt-out, whose lines it makes itself. Records "consent.withdrawn" or
    "contact.opted_out". Refuses: 404 for a message of another conversation; 409 "already_opted_out".
    """
    contact = await hold(tx, conversation, proof)
    if (said.channel, said.purpose) == _WHATSAPP_COLLECTION:
        if contact.opted_out_at is not None:
            raise Refused(409, Words("Ya consta que no quiere que le escribamos."), code="already_opted_out")
        await consent.opt_out(
            tx, conversation, by=by, message_id=proof.message_id, how=said.how, said_at=said.said_at, proof=proof
        )
        return None
    if (said.channel, said.purpose) == _WHATSAPP_MARKETING:
        contact.marketing_stopped_at = contact.marketing_stopped_at or clock.now()
    return await _note(tx, conversation, Standing.WITHDRAWN, by=by, said=said, proof=proof)


async def hold(tx: Tx, conversation: Conversation, proof: Proof) -> Contact:
    """The person, held after their conversation as everywhere, once the message is known to be theirs (else 422).

    The file of the proof is to be scanned.
    """
    await thread.lock(tx, conversation)
    if proof.sha256 is not None:
        await scanning.want(tx, proof.sha256)
    if proof.message_id is not None:
        theirs = select(Message.id).where(
            Message.id == proof.message_id,
            Message.conversation_id == conversation.id,
            Message.direction == "in",
        )
        if await tx.scalar(theirs) is None:
            raise Refused(422, Words("Ese mensaje no es de la persona."), code="invalid", field="message_id")
    return await tx.get_one(Contact, conversation.contact_id, populate_existing=True, with_for_update=True)


async def _withdrawn_since(tx: Tx, contact: Contact, said: Said) -> bool:
    """Whether they took back, later than this, what they say here to have allowed: what comes late undoes nothing."""
    later = select(ConsentRecord.id).where(
        ConsentRecord.contact_id == contact.id,
        ConsentRecord.channel == said.channel,
        ConsentRecord.purpose == said.purpose,
        ConsentRecord.state == Standing.WITHDRAWN,
        ConsentRecord.said_at > said.said_at,
    )
    return await tx.scalar(later.limit(1)) is not None


async def _note(
    tx: Tx, conversation: Conversation, state: Standing, *, by: Viewer | Actor, said: Said, proof: Proof
) -> int:
    salt = secrets.token_bytes(SALT_BYTES)
    [number] = await noting.note(
        tx,
        conversation.contact_id,
        state,
        by=thread.actor_of(by),
        how=said.how,
        purposes=[said.purpose],
        channel=said.channel,
        said_at=said.said_at,
        conversation_id=conversation.id,
        proof=proof,
        salt=salt,
    )
    audit.record(
        tx,
        thread.actor_of(by),
        f"consent.{state}",
        conversation_id=conversation.id,
        message_id=proof.message_id,
        subject=f"consent:{number}",
        new={
            "channel": said.channel,
            "purpose": said.purpose,
            "how": said.how,
            "said_at": said.said_at,
            "proof_digest": noting.digest(salt, proof),
            "file_sha256": proof.sha256,
        },
    )
    return number


def _day(typed: str, settings: Settings) -> datetime:
    """The day they said it; today is now, another day its noon where the business is."""
    now = clock.now()
    today = now.astimezone(settings.zone).date()
    try:
        day = date.fromisoformat(typed) if typed else today
    except ValueError:
        raise Refused(422, Words("Escriba el día en que lo dijo."), code="invalid", field="said_on") from None
    if day > today or today - day > OLDEST:
        raise Refused(422, Words("El día en que lo dijo no puede ser futuro."), code="invalid", field="said_on")
    return now if day == today else datetime.combine(day, time(12), settings.zone).astimezone(now.tzinfo)
