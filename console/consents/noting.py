"""Writing a line of consent down: what opt-outs, WhatsApp's own notices and the page of consents all do."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from datetime import datetime

import msgspec
from sqlalchemy import select

from console import clock
from console.audit import Actor
from console.consents.kinds import How, Purpose, Standing, Way
from console.consents.models import ConsentRecord
from console.db import Tx

EVERY_PURPOSE = (Purpose.COLLECTION, Purpose.MARKETING)


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """How we know: the text shown and its version, where it is kept outside, what they wrote, or a file."""

    shown: str | None = None
    version: str | None = None
    reference: str | None = None
    message_id: int | None = None
    sha256: str | None = None
    file_name: str | None = None
    mime_type: str | None = None


async def note(
    tx: Tx,
    contact_id: int,
    state: Standing,
    *,
    by: Actor,
    how: How,
    purposes: Collection[Purpose],
    channel: Way = Way.WHATSAPP,
    said_at: datetime | None = None,
    conversation_id: int | None = None,
    proof: Proof | None = None,
    salt: bytes | None = None,
) -> list[int]:
    """Add a line for each of `purposes`, and give their numbers for the entry that the caller records."""
    now = clock.now()
    rows = [
        ConsentRecord(
            contact_id=contact_id,
            channel=channel,
            purpose=purpose,
            state=state,
            how=how,
            said_at=said_at or now,
            recorded_at=now,
            by_kind=by.kind,
            by_id=by.id,
            by_name=by.name,
            conversation_id=conversation_id,
            salt=salt,
            **msgspec.structs.asdict(proof or Proof()),
        )
        for purpose in purposes
    ]
    tx.add_all(rows)
    await tx.flush()
    return [row.id for row in rows]


async def last_words(tx: Tx, contact_id: int) -> dict[tuple[str, str], str]:
    """How each (channel, purpose) stands that they ever spoke of: what the newest line says."""
    wanted = (
        select(ConsentRecord.channel, ConsentRecord.purpose, ConsentRecord.state)
        .where(ConsentRecord.contact_id == contact_id)
        .order_by(ConsentRecord.id)
    )
    return {(channel, purpose): state for channel, purpose, state in await tx.execute(wanted)}


async def before_the_stop(tx: Tx, contact_id: int) -> Standing | None:
    """GIVEN when they had allowed advertising before they last stopped it; None when they never had."""
    wanted = (
        select(ConsentRecord.state)
        .where(
            ConsentRecord.contact_id == contact_id,
            ConsentRecord.channel == Way.WHATSAPP,
            ConsentRecord.purpose == Purpose.MARKETING,
        )
        .order_by(ConsentRecord.id.desc())
        .limit(2)
    )
    last = list(await tx.scalars(wanted))
    return Standing.GIVEN if last == [Standing.WITHDRAWN, Standing.GIVEN] else None


def proof_of(row: ConsentRecord) -> Proof:
    """The proof of a line, as it is kept."""
    return Proof(**{name: getattr(row, name) for name in Proof.__struct_fields__})


def said(proof: Proof) -> str:
    """The text that a proof's digest is made from: strict JSON of what it holds, in order."""
    return msgspec.json.encode([proof.shown, proof.version, proof.reference, proof.message_id, proof.sha256]).decode()


def digest(salt: bytes, proof: Proof) -> str:
    """SHA-256 over the key and what the proof holds, in hexadecimal."""
    return hashlib.sha256(salt + said(proof).encode()).hexdigest()
