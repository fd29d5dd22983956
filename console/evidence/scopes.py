"""What a pack can be about, and the entry that says that somebody asked for one."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlalchemy import ColumnElement, select, true

from console import audit
from console.audit import Actor
from console.db import Tx
from console.evidence import gathering
from console.inbox.models import Conversation
from console.portfolio.models import Account

Seen = ColumnElement[bool]
_ALL: Seen = true()


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """One conversation with the accounts it is about, or one account with its conversations; `words` for the cover."""

    words: str
    conversation_ids: Sequence[int]
    account_ids: Sequence[int]
    conversation_id: int | None = None
    account_id: int | None = None


async def of_conversation(tx: Tx, conversation_id: int, *, accounts: Seen = _ALL) -> Scope | None:
    """A conversation and its holder's accounts (of those seen); None when there is no such conversation."""
    if await tx.get(Conversation, conversation_id) is None:
        return None
    ids = await gathering.accounts_of(tx, conversation_id, accounts)
    words = f"la conversación {conversation_id}"
    return Scope(words=words, conversation_ids=[conversation_id], account_ids=ids, conversation_id=conversation_id)


async def of_account(tx: Tx, external_id: str, *, conversations: Seen = _ALL) -> Scope | None:
    """An account, as billing calls it, and the conversations (of those seen) with its holder; None without one."""
    found = (await tx.scalars(select(Account.id).where(Account.external_id == external_id).limit(1))).first()
    if found is None:
        return None
    ids = await gathering.conversations_of(tx, found, conversations)
    return Scope(words=f"la cuenta {external_id}", conversation_ids=ids, account_ids=[found], account_id=found)


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
