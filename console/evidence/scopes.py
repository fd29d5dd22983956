"""What a pack can be about, and the entry that says that somebody asked for one."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlalchemy import select

from console import audit
from console.audit import Actor
from console.db import Tx
from console.evidence import gathering
from console.inbox.models import Conversation
from console.portfolio.models import Account


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """One conversation with the accounts it is about, or one account with its conversations; `words` for the cover."""

    words: str
    conversation_ids: Sequence[int]
    account_ids: Sequence[int]
    conversation_id: int | None = None
    account_id: int | None = None


async def of_conversation(tx: Tx, conversation_id: int) -> Scope | None:
    """A conversation and its holder's accounts; None when there is no such conversation."""
    if await tx.get(Conversation, conversation_id) is None:
        return None
    accounts = await gathering.accounts_of(tx, conversation_id)
    words = f"la conversación {conversation_id}"
    return Scope(words=words, conversation_ids=[conversation_id], account_ids=accounts, conversation_id=conversation_id)


async def of_account(tx: Tx, external_id: str) -> Scope | None:
    """An account, as billing calls it, and every conversation with its holder; None when there is none."""
    found = (await tx.scalars(select(Account.id).where(Account.external_id == external_id).limit(1))).first()
    if found is None:
        return None
    conversations = await gathering.conversations_of(tx, found)
    return Scope(
        words=f"la cuenta {external_id}", conversation_ids=conversations, account_ids=[found], account_id=found
    )


def record_request(tx: Tx, by: Actor, scope: Scope, *, pack_id: int | None = None) -> None:
    """Note that `by` asked for a pack, about what it is."""
    audit.record(
        tx,
        by,
        "evidence.requested",
        conversation_id=scope.conversation_id,
        account_id=scope.account_id,
        subject=f"evidence:{pack_id}" if pack_id else None,
        new={"conversations": list(scope.conversation_ids), "accounts": list(scope.account_ids)},
    )
