"""What somebody is writing, per conversation and mode: a reload loses nothing, and nobody else sees it."""

from __future__ import annotations

from sqlalchemy import Select, delete, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from console import clock
from console.agents import Viewer
from console.db import Tx
from console.errors import Refused
from console.inbox import policy
from console.inbox.models import Conversation, Draft
from console.languages.words import Words

LONGEST = 4096
MODES = ("reply", "note")


async def keep(tx: Tx, conversation: Conversation, mode: str, text: str, *, by: Viewer) -> None:
    """Keep `text` as what `by` is writing here. It is nobody else's to see, so it is not on record.

    Refuses 422 naming mode or text.
    """
    check_mode(mode)
    if len(text) > LONGEST:
        said = Words("El borrador pasa de {most} caracteres.", most=LONGEST)
        raise Refused(422, said, code="invalid", field="text")
    new = sqlite_insert if tx.get_bind().dialect.name == "sqlite" else postgresql_insert
    values = {"text": text, "updated_at": clock.now()}
    key = {"agent_id": by.id, "conversation_id": conversation.id, "mode": mode}
    await tx.execute(new(Draft).values(**key, **values).on_conflict_do_update(index_elements=list(key), set_=values))


async def forget(tx: Tx, conversation: Conversation, mode: str, *, by: Viewer) -> None:
    """What was being written has been sent, or is no longer wanted."""
    mine = (Draft.agent_id == by.id, Draft.conversation_id == conversation.id, Draft.mode == mode)
    await tx.execute(delete(Draft).where(*mine))


def drafts_of(viewer: Viewer) -> Select[Draft]:
    """What `viewer` is writing in conversations that they may still see."""
    seen = select(Conversation.id).where(policy.visible(viewer), Conversation.status != "merged")
    return select(Draft).where(Draft.agent_id == viewer.id, Draft.text != "", Draft.conversation_id.in_(seen))


def check_mode(mode: str) -> None:
    """Refuse (422) what is no mode of the composer."""
    if mode not in MODES:
        raise Refused(422, Words("El modo es «reply» o «note»."), code="invalid", field="mode")
