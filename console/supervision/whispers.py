"""Whispering: a word from who leads to whoever holds a conversation, that only these two ever see."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from sqlalchemy import select

from console import audit, clock
from console.agents import Agent, Role, Viewer
from console.db import Tx
from console.errors import Refused
from console.inbox import assign, policy, reply
from console.inbox.models import Conversation
from console.languages.words import Words
from console.supervision.models import Whispered

LONGEST = 1000


async def whisper(tx: Tx, conversation: Conversation, *, by: Viewer, text: str, client_key: str) -> Whispered:
    """Say something to whoever holds the conversation. The same key again is the same whisper.

    Records "whisper.sent" with a digest, never the words.
    Refuses: 403 unless `by` watches the floor; 422 (field text); 409 "nobody_holds_it" without somebody to hear it.
    """
    policy.require(by, "watch_floor")
    text = reply.tidy(text)
    if not text or len(text) > LONGEST:
        raise Refused(422, Words("Escriba de 1 a {longest} letras.", longest=LONGEST), code="invalid", field="text")
    same = select(Whispered).where(Whispered.author_id == by.id, Whispered.client_key == client_key)
    if earlier := (await tx.scalars(same)).one_or_none():
        return earlier
    conversation = await assign.held(tx, conversation, None)
    hearer = await tx.get(Agent, conversation.holder_id) if conversation.holder_id else None
    if hearer is None or hearer.role == Role.BOT or hearer.id == by.id:
        raise Refused(409, Words("Nadie más la atiende ahora: no hay a quién susurrar."), code="nobody_holds_it")
    said = Whispered(
        conversation_id=conversation.id,
        author_id=by.id,
        author_name=by.name,
        to_id=hearer.id,
        to_name=hearer.name,
        sequence=conversation.last_sequence,
        text=text,
        client_key=client_key,
        created_at=clock.now(),
    )
    tx.add(said)
    await tx.flush()
    digest = hashlib.sha256(f"{client_key}\0{text}".encode()).hexdigest()
    new = {"to_id": hearer.id, "digest": digest}
    audit.record(tx, by.actor, "whisper.sent", conversation_id=conversation.id, subject=f"whisper:{said.id}", new=new)
    return said


async def heard_by(tx: Tx, viewer: Viewer, conversation_id: int) -> Sequence[Whispered]:
    """What was whispered in a conversation by or to the viewer, and to nobody else."""
    found = select(Whispered).where(Whispered.conversation_id == conversation_id).order_by(Whispered.id)
    return [said for said in await tx.scalars(found) if policy.hears(viewer, said.author_id, said.to_id)]
