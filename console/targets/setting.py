"""Setting the clocks of one conversation, whose row the caller holds; what a batch does is in console.inbox.receive."""

from __future__ import annotations

from datetime import datetime

from console.db import Tx
from console.inbox.models import Conversation
from console.targets import clocks
from console.targets.book import book_in_force
from console.targets.clocks import Columns, Whose


def put(conversation: Conversation, columns: Columns) -> None:
    """Let these columns of `conversation` be so."""
    for name, value in columns.items():
        setattr(conversation, name, value)


async def waits(tx: Tx, conversation: Conversation, *, since: datetime) -> None:
    """Somebody waits for a person's answer since then."""
    book = await book_in_force(tx)
    answered = conversation.answered_at is not None
    put(conversation, clocks.waits(book, _whose(conversation), answered=answered, since=since))


async def follow(tx: Tx, conversation: Conversation, *, status: str, moment: datetime) -> None:
    """`conversation` is about to be `status`: settled stops its clocks, settled no more begins them anew."""
    if status == "resolved":
        put(conversation, clocks.closed())
    elif conversation.status == "resolved":
        book = await book_in_force(tx)
        whose = _whose(conversation)
        put(conversation, clocks.opened(book, whose, since=moment))
        if conversation.waiting_since is not None:
            put(conversation, clocks.waits(book, whose, answered=False, since=moment))


def _whose(conversation: Conversation) -> Whose:
    return Whose(conversation.team_id, conversation.account_state)
