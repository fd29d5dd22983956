"""Consent by program: what a form or a contract elsewhere says of somebody, noted with its proof as on the page."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy import select

from console import clock
from console.api import listing, shapes
from console.api.asking import body, id_in, number, query
from console.api.cursors import Cursors
from console.api.idempotency import created
from console.api.operations import does
from console.api.problems import invalid
from console.api.tokens import Program
from console.consents import keeping
from console.consents.keeping import Said
from console.consents.kinds import LONGEST, OLDEST, How, Purpose, Standing, Way
from console.consents.models import ConsentRecord
from console.consents.noting import Proof
from console.db import Database, Tx
from console.errors import Refused, not_found
from console.inbox.contacts import Contact
from console.inbox.models import Conversation, Message

LISTING = "consents"
PATH = "/contacts/{contact_id:str}/consents"
_SAID_AT = "When they said so, with its offset; not in the future."
_SHOWN = "The text they were shown or read. `given` needs it."
_REFERENCE = "Where the proof is kept: a contract, a form, a recording. `given` needs this or `message_id`."
_MESSAGE = "Their own message that says it."


class Filters(listing.Paging, kw_only=True, forbid_unknown_fields=True):
    """What narrows the listing."""


class Consent(msgspec.Struct, frozen=True, kw_only=True):
    """One line: that somebody allowed something, took it back, or that a withdrawal was lifted (which allows nothing).

    The newest line of a channel and purpose is how it stands. After an erasure `shown` and `reference` are null.
    """

    id: str
    channel: Literal["whatsapp", "call", "sms", "email"]
    purpose: Literal["collection", "marketing"]
    state: Literal["given", "withdrawn", "lifted"]
    how: str
    said_at: datetime
    recorded_at: datetime
    recorded_by: str | None
    message_id: str | None
    shown: str | None
    version: str | None
    reference: str | None
    has_file: bool


class ConsentToNote(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What they said, and what proves it. A withdrawal is honoured without any proof."""

    state: Literal["given", "withdrawn"]
    channel: Literal["whatsapp", "call", "sms", "email"]
    purpose: Literal["collection", "marketing"]
    how: Literal["message", "web_form", "contract", "call", "in_person"]
    said_at: Annotated[datetime, msgspec.Meta(tz=True, description=_SAID_AT)]
    shown: Annotated[str, msgspec.Meta(max_length=LONGEST["shown"], description=_SHOWN)] | None = None
    version: Annotated[str, msgspec.Meta(max_length=LONGEST["version"])] | None = None
    reference: Annotated[str, msgspec.Meta(max_length=LONGEST["reference"], description=_REFERENCE)] | None = None
    message_id: Annotated[str, msgspec.Meta(description=_MESSAGE)] | None = None


@get(PATH, opt=does("consents:read", returns=shapes.Page[Consent], query=Filters, refuses=(404,)))
async def list_consents(
    contact_id: FromPath[str],
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    cursors: NamedDependency[Cursors],
) -> shapes.Page[Consent]:
    """What somebody allowed and took back, newest line first."""
    asked = query(request, Filters)
    place = listing.begin(cursors, f"{LISTING}:{contact_id}", asked, (int,))
    async with db.reading() as tx:
        contact = await _contact(tx, contact_id)
        wanted = select(ConsentRecord).where(ConsentRecord.contact_id == contact.id)
        if place is not None:
            wanted = wanted.where(ConsentRecord.id < place[0])
        found = (await tx.scalars(wanted.order_by(ConsentRecord.id.desc()).limit(asked.limit + 1))).all()
    page, following = listing.cut(cursors, f"{LISTING}:{contact_id}", asked, found, lambda row: (row.id,))
    return shapes.Page([_shown(row) for row in page], following)


@post(
    PATH,
    status_code=201,
    opt=does("consents:write", returns=Consent, body=ConsentToNote, status=201, refuses=(404, 409)),
)
async def note_consent(
    contact_id: FromPath[str],
    request: Request[Any, Any, Any],
    program: NamedDependency[Program],
    db: NamedDependency[Database],
) -> Response[Consent]:
    """Note what they said. Withdrawing collection over WhatsApp is the opt-out, which everybody honours at once.

    The same again gives the line that is there (200, `Idempotent-Replayed`). Refuses 409: `opted_out` while they have
    asked not to be written to; `withdrawn_since` for a consent older than a withdrawal; `already_opted_out` for another
    opt-out; `no_conversation` for somebody who was never in touch.
    """
    asked = await body(request, ConsentToNote)
    said, proof = _said(asked), _proof(asked)
    async with db.transaction() as tx:
        contact = await _contact(tx, contact_id)
        conversation = await _conversation(tx, contact, proof)
        await keeping.hold(tx, conversation, proof)
        lines = await _lines(tx, contact, said)
        if (same := _same(lines, said, proof)) is not None:
            return created(_shown(same), repeated=True)
        deed = keeping.give if said.state == Standing.GIVEN else keeping.withdraw
        await deed(tx, conversation, by=program.actor, said=said, proof=proof)
        [newest, *_] = await _lines(tx, contact, said)
        return created(_shown(newest), repeated=False)


async def _contact(tx: Tx, contact_id: str) -> Contact:
    """Programs belong to no team, so whoever has the scope may see anybody."""
    contact = await tx.get(Contact, number(contact_id))
    if contact is None:
        raise not_found()
    return contact


async def _conversation(tx: Tx, contact: Contact, proof: Proof) -> Conversation:
    """Where it is noted: that of the message which proves it, else the newest with them."""
    theirs = select(Conversation).where(Conversation.contact_id == contact.id, Conversation.status != "merged")
    if proof.message_id is not None:
        theirs = theirs.join(Message, Message.conversation_id == Conversation.id).where(Message.id == proof.message_id)
    found = (await tx.scalars(theirs.order_by(Conversation.id.desc()).limit(1))).one_or_none()
    if found is None and proof.message_id is not None:
        raise invalid("message_id", "Ese mensaje no es de la persona.")
    if found is None:
        raise Refused(409, "Aún no hay ninguna conversación con esa persona.", code="no_conversation")
    return found


async def _lines(tx: Tx, contact: Contact, said: Said) -> list[ConsentRecord]:
    """Of this channel and purpose, newest first."""
    wanted = select(ConsentRecord).where(
        ConsentRecord.contact_id == contact.id,
        ConsentRecord.channel == said.channel,
        ConsentRecord.purpose == said.purpose,
    )
    return list(await tx.scalars(wanted.order_by(ConsentRecord.id.desc())))


def _same(lines: list[ConsentRecord], said: Said, proof: Proof) -> ConsentRecord | None:
    """The line that says this already, if it is the last word."""
    for row in lines[:1]:
        told = (row.state, row.how, row.said_at, row.shown, row.version, row.reference, row.message_id)
        asked = (said.state, said.how, said.said_at, proof.shown, proof.version, proof.reference, proof.message_id)
        if told == asked:
            return row
    return None


def _said(asked: ConsentToNote) -> Said:
    now = clock.now()
    if asked.said_at > now or now - asked.said_at > OLDEST:
        raise invalid("said_at", "El momento en que lo dijo no puede ser futuro ni de hace más de treinta años.")
    return Said(
        state=Standing(asked.state),
        channel=Way(asked.channel),
        purpose=Purpose(asked.purpose),
        how=How(asked.how),
        said_at=asked.said_at.astimezone(now.tzinfo),
    )


def _proof(asked: ConsentToNote) -> Proof:
    typed = {name: getattr(asked, name) or "" for name in ("shown", "version", "reference")}
    message_id = None if asked.message_id is None else id_in(asked.message_id, "message_id")
    return msgspec.structs.replace(keeping.shown_proof(typed), message_id=message_id)


def _shown(row: ConsentRecord) -> Consent:
    return msgspec.convert(
        {
            "id": str(row.id),
            "channel": row.channel,
            "purpose": row.purpose,
            "state": row.state,
            "how": row.how,
            "said_at": row.said_at,
            "recorded_at": row.recorded_at,
            "recorded_by": row.by_name,
            "message_id": None if row.message_id is None else str(row.message_id),
            "shown": row.shown,
            "version": row.version,
            "reference": row.reference,
            "has_file": row.sha256 is not None,
        },
        Consent,
    )


routes = [list_consents, note_consent]
