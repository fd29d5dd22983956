"""What entries of the history changed, and all that screens need to know of it, read in one go."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping

import msgspec
from sqlalchemy import select

from console import clock
from console.audit import AuditEntry, Entry
from console.bulk import among, fetch
from console.db import Tx, table_of
from console.inbox import headers, queries, rows, threads
from console.inbox.models import Conversation, Message
from console.inbox.rows import Mark
from console.inbox.stopped import ConsentView, consents_in
from console.inbox.views import HistoryLine, MessageView, PanelView

# What changes who may see a conversation or where it is listed: former watchers must let go of it.
_MOVES = frozenset(
    {
        "conversation.assigned",
        "conversation.released",
        "conversation.resolved",
        "conversation.reopened",
        "conversation.snoozed",
        "conversation.transferred",
        "conversation.merged",
    },
)
# What changes where a debt is listed, and what the panel says of it.
_STANDS = frozenset({"conversation.standing_changed", "conversation.tagged", "conversation.untagged"})
# What changes how pressing a conversation is.
_PRESSES = frozenset({"conversation.target_warned", "conversation.target_breached"})
_COUNTED = _MOVES | _STANDS | _PRESSES | {"conversation.created", "message.queued", "message.noted"}
# Done to debts and agreements: the panel shows them.
_OF_DEBTS = ("account", "invoice", "payment", "payment_link", "promise", "plan", "dispute", "outcome")
_SHOWN_BESIDE = frozenset({*_OF_DEBTS, "contact", "consent"})
# What acts on a message shows as that message, and no longer by itself.
_ACTS = frozenset({"message.reacted", "message.edited", "message.revoked"})
# Personal: they change what one agent has read and nothing that others see.
_READINGS = frozenset({"conversation.read"})
_UNSEEN = frozenset(
    {"conversation.viewed", "document.revealed", "media.viewed", "phone.revealed", "whisper.sent", "conduct.flagged"}
)
# Steps that belong in the panel's history.
_NOT_IN_PANEL = (
    _READINGS | _UNSEEN | {"message.sending", "message.sent", "message.delivered", "message.read", "media.cleared"}
)

_ENTRIES = table_of(AuditEntry)
_BEFORE = select(_ENTRIES.c.conversation_id, _ENTRIES.c.old).where(among(_ENTRIES.c.id, "ids"))


class Change(msgspec.Struct):
    """All that a batch of entries says about one conversation."""

    messages: dict[int, None] = msgspec.field(default_factory=dict)
    acted_on: set[int] = msgspec.field(default_factory=set)
    moves: list[int] = msgspec.field(default_factory=list)
    stands: bool = False
    in_panel: bool = False
    about: bool = False
    counted: bool = False
    readers: set[int] = msgspec.field(default_factory=set)
    row: bool = False


Changes = Mapping[int, Change]


def by_conversation(entries: Iterable[Entry]) -> defaultdict[int, Change]:
    """What `entries` say, conversation by conversation."""
    changes: defaultdict[int, Change] = defaultdict(Change)
    for entry in entries:
        if entry.conversation_id is None or entry.action in _UNSEEN:
            continue
        change = changes[entry.conversation_id]
        if entry.action in _READINGS:
            change.readers.add(entry.actor_id or 0)
            continue
        change.row = True
        if entry.message_id is not None:
            change.messages[entry.message_id] = None
            if entry.action in _ACTS:
                change.acted_on.add(entry.message_id)
        if entry.action in _MOVES:
            change.moves.append(entry.id)
            change.about = True
        stands = entry.action in _STANDS
        change.stands = change.stands or stands or entry.action in _PRESSES
        change.about = change.about or stands or entry.action.partition(".")[0] in _SHOWN_BESIDE
        change.counted = change.counted or entry.action in _COUNTED
        change.in_panel = change.in_panel or entry.action not in _NOT_IN_PANEL
    return changes


class Shown(msgspec.Struct):
    """The lines of the list as they are now, what each agent has read, and where what moved was before."""

    rows: dict[int, rows.RowFacts]
    marks: dict[tuple[int, int], Mark]
    before: list[tuple[int, dict[str, object]]]


class Opened(msgspec.Struct):
    """What belongs into the panes that show these conversations, and (`gone`) which entry of which no longer does."""

    messages: list[MessageView]
    gone: list[tuple[int, int]]
    headers: dict[int, headers.HeaderFacts]
    panels: dict[int, PanelView]
    history: dict[int, list[HistoryLine]]
    consents: dict[int, ConsentView]


async def lines(tx: Tx, changes: Changes, viewers: Collection[int]) -> Shown:
    """Read what the list shows of `changes` to the agents `viewers`. What is read is at least as new as the head."""
    head = await queries.head(tx)
    facts = {fact.row.conversation_id: fact for fact in await rows.rows_by_id(tx, changes, version=head)}
    marks = await rows.read_marks(tx, viewers, facts)
    for (agent_id, number), mark in marks.items():
        if mark.mentioned:
            facts[number].place.mentioned |= {agent_id}
    moves = [number for change in changes.values() for number in change.moves]
    moved = await fetch(tx, _BEFORE, {"ids": moves}) if moves else []
    before = [(number, _decoded(old)) for number, old in moved if number is not None]
    return Shown(facts, marks, before)


async def panes(tx: Tx, changes: Changes, opened: Collection[int]) -> Opened:
    """Read what the panes of `opened` show of `changes`."""
    wanted = [message for number in opened for message in changes[number].messages]
    return Opened(
        messages=await threads.messages_by_id(tx, wanted),
        gone=await _gone(tx, [message for number in opened for message in changes[number].acted_on]),
        headers=await headers.headers_by_id(tx, opened, clock.now()),
        panels={
            number: await threads.panel_of(tx, await tx.get_one(Conversation, number))
            for number in opened
            if changes[number].about
        },
        history={number: await threads.history_of(tx, number) for number in opened if changes[number].in_panel},
        consents=await consents_in(
            tx, [number for number in opened if changes[number].messages or changes[number].about]
        ),
    )


async def _gone(tx: Tx, acted_on: Collection[int]) -> list[tuple[int, int]]:
    """What acts on these messages: it may have stood by itself while what it acts on was not there."""
    if not acted_on:
        return []
    acting = select(Message.conversation_id, Message.id).where(Message.target_id.in_(acted_on))
    return [(number, message) for number, message in await tx.execute(acting)]


def _decoded(old: str | None) -> dict[str, object]:
    return msgspec.json.decode(old, type=dict[str, object]) if old else {}
