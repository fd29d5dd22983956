"""Keeping the words of a reason beside the history, and finding them again for who reads it."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import ColumnElement, false, or_, select, update

from console import clock
from console.db import Tx
from console.reasons.models import Reason

SALT_BYTES = 16
FACT = "reason_id"
"""What an entry of the history calls the number of its reason."""


async def keep(
    tx: Tx, words: str, *, conversation_id: int | None = None, account_id: int | None = None
) -> dict[str, object]:
    """Keep `words`, and give what the history says of them: their number, and their digest under a key of their own.

    Either id lets an erasure find them.
    """
    salt = secrets.token_bytes(SALT_BYTES)
    reason = Reason(
        conversation_id=conversation_id, account_id=account_id, words=words, salt=salt, given_at=clock.now()
    )
    tx.add(reason)
    await tx.flush()
    return {FACT: reason.id, "reason_digest": digest(salt, words)}


def digest(salt: bytes, words: str) -> str:
    """SHA-256 over the key and the words in UTF-8, in hexadecimal."""
    return hashlib.sha256(salt + words.encode()).hexdigest()


async def words_of(tx: Tx, facts: Mapping[str, Any]) -> str | None:
    """The reason that an entry with these `facts` speaks of; None if it gives none, or it was erased."""
    number = facts.get(FACT)
    return await tx.scalar(select(Reason.words).where(Reason.id == number)) if isinstance(number, int) else None


async def about(tx: Tx, conversations: Collection[int], accounts: Collection[int]) -> list[Reason]:
    """The reasons given about these, in order."""
    return list(await tx.scalars(select(Reason).where(_of(conversations, accounts)).order_by(Reason.id)))


async def forget(tx: Tx, conversations: Collection[int], accounts: Collection[int]) -> None:
    """Erase the words of the reasons given about these; that there was one stays."""
    await tx.execute(
        update(Reason)
        .where(_of(conversations, accounts))
        .values(words=None, salt=None)
        .execution_options(synchronize_session=False)
    )


def _of(conversations: Collection[int], accounts: Collection[int]) -> ColumnElement[bool]:
    return or_(false(), Reason.conversation_id.in_(conversations), Reason.account_id.in_(accounts))
