"""The customer wrote: a batch of arrivals becomes messages, in one transaction and with set-based statements.

This is the hot path (performance.md §5): a handful of statements whatever the size of the batch.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import bindparam, select

from console import audit
from console.audit import SYSTEM, Actor
from console.bulk import among, bulk_update, fetch
from console.consents import waiting
from console.db import Tx, bulk_insert, dialect_of, next_ids, table_of
from console.inbox import counts, identity
from console.inbox.acts import apply_acts
from console.inbox.channel import Line
from console.inbox.models import Conversation, Media, Message, Status
from console.inbox.policy import SERVICE_WINDOW
from console.inbox.shown import UNDATED
from console.inbox.thread import SALT_BYTES, digest
from console.portfolio import standing
from console.snoozing.acknowledgements import is_acknowledgement
from console.targets import clocks
from console.targets.book import book_in_force
from integrations.whatsapp.events import Attachment, Echo, Inbound

# Older than this on arrival and the agent is told when it was written ("recibido tarde").
LATE_AFTER = timedelta(seconds=60)
# Provider time further ahead of ours than this is a clock that is wrong, not the future.
AHEAD_AT_MOST = timedelta(minutes=5)

Arrival = Inbound | Echo

_CONVERSATIONS = table_of(Conversation)
_MESSAGES = table_of(Message)
_LOCKED = (
    "id",
    "contact_id",
    "team_id",
    "holder_id",
    "status",
    "snoozed_until",
    "account_state",
    "last_sequence",
    "inbound_count",
    "last_at",
    "last_message_id",
    "last_inbound_wamid",
    "waiting_since",
    "window_opened_at",
    "window_closes_at",
    *clocks.COLUMNS,
)
_KNOWN = select(_MESSAGES.c.wamid).where(
    _MESSAGES.c.channel_id == bindparam("channel"), among(_MESSAGES.c.wamid, "wamids")
)
_LOCK = (
    select(*(_CONVERSATIONS.c[name] for name in _LOCKED))
    .where(_CONVERSATIONS.c.channel_id == bindparam("channel"), among(_CONVERSATIONS.c.contact_id, "contacts"))
    .order_by(_CONVERSATIONS.c.id)
    .with_for_update()
)
# Of an attachment, as long as our column: a kind that Meta adds is the message's to show, whatever it is called.
_LONGEST_KIND = 16
# What rows of our own are called: a stranger's message must never pass for one.
_OURS = frozenset({"event", "note", "scheduled"})
_MOVED = tuple(
    name for name in _LOCKED if name not in {"contact_id", "team_id", "holder_id", "account_state", *clocks.COLUMNS}
)


class Thread(msgspec.Struct):
    """A conversation while a batch is written into it: the locked row, and what it will be."""

    id: int
    contact_id: int
    team_id: int
    holder_id: int | None
    status: str
    snoozed_until: datetime | None
    account_state: str | None
    last_sequence: int
    inbound_count: int
    last_at: datetime
    last_message_id: int | None
    last_inbound_wamid: str | None
    waiting_since: datetime | None
    window_opened_at: datetime | None
    window_closes_at: datetime | None
    opened_at: datetime | None
    answered_at: datetime | None
    answer_warns_at: datetime | None
    answer_due_at: datetime | None
    answer_tells_at: datetime | None
    resolution_warns_at: datetime | None
    resolution_due_at: datetime | None
    resolution_tells_at: datetime | None
    was: counts.Slot = (0, 0, "", "")
    waited_since: datetime | None = None
    is_new: bool = False

    @property
    def slot(self) -> counts.Slot:
        """Where it is counted as it is now."""
        return counts.slot(self.team_id, self.holder_id, self.status, self.account_state)

    @property
    def begins(self) -> bool:
        """Whether the matter began with this batch: a new conversation, or one opened again."""
        return self.is_new or self.slot != self.was

    @property
    def moves_clocks(self) -> bool:
        """Whether somebody began to wait, waits no more, or the matter began."""
        return self.begins or (self.waiting_since is None) != (self.waited_since is None)


async def receive(tx: Tx, channel: Line, arrivals: Sequence[Arrival], moment: datetime) -> int:
    """Write what is new of `arrivals` and say how many that was. Repeats change nothing.

    Announces conversation.created, conversation.reopened and message.received (message.sent for what left from the
    phone). Order in a conversation is the sequence given here; within a batch, the provider's time decides.
    """
    fresh = await _not_yet_here(tx, channel.id, _first_of_each(arrivals))
    if not fresh:
        return 0
    contacts = await identity.contacts_of(tx, channel.id, [_person(arrival) for arrival in fresh], moment)
    owner = {arrival.wamid: identity.contact_of(_person(arrival), contacts) for arrival in fresh}
    threads = await _lock_threads(tx, channel, set(owner.values()), moment)
    if dialect_of(tx) == "postgresql":
        # Another process may have written the same message while we waited for the lock.
        fresh = await _not_yet_here(tx, channel.id, fresh)
    fresh.sort(key=lambda arrival: _written_at(arrival, moment))
    rows = await _write(tx, channel, fresh, [threads[owner[arrival.wamid]] for arrival in fresh], moment)
    await apply_acts(tx, channel.id, [(a, row) for a, row in zip(fresh, rows, strict=True) if a.target], moment)
    for arrival in fresh:
        if isinstance(arrival, Inbound) and arrival.identity_change:
            await identity.change_identity(tx, channel.id, arrival.identity_change, moment)
    await _move_clocks(tx, [thread for thread in threads.values() if thread.moves_clocks], moment)
    await _save(tx, threads.values(), moment)
    # What files say of somebody waits until there is a conversation to note it in.
    await waiting.give_to(tx, [thread.contact_id for thread in threads.values() if thread.is_new])
    return len(fresh)


def _person(arrival: Arrival) -> Any:  # noqa: ANN401 both arms are Person; mypy can't see it through the union
    return arrival.sender if isinstance(arrival, Inbound) else arrival.recipient


def _first_of_each(arrivals: Iterable[Arrival]) -> list[Arrival]:
    unique: dict[str, Arrival] = {}
    for arrival in arrivals:
        unique.setdefault(arrival.wamid, arrival)
    return list(unique.values())


async def _not_yet_here(tx: Tx, channel_id: int, arrivals: list[Arrival]) -> list[Arrival]:
    wamids = [arrival.wamid for arrival in arrivals]
    known = {wamid for (wamid,) in await fetch(tx, _KNOWN, {"channel": channel_id, "wamids": wamids})}
    return [arrival for arrival in arrivals if arrival.wamid not in known]


async def _lock_threads(tx: Tx, channel: Line, contact_ids: set[int], moment: datetime) -> dict[int, Thread]:
    """The conversations of these contacts, their rows held until the commit; new ones are opened."""
    threads = await _read_locked(tx, channel.id, contact_ids)
    missing = sorted(contact_ids - threads.keys())
    if not missing:
        return threads
    debts = await standing.facts_of(tx, missing)
    await bulk_insert(
        tx,
        Conversation,
        [_new_conversation(channel, contact_id, moment, debts) for contact_id in missing],
        or_ignore=True,
    )
    opened = await _read_locked(tx, channel.id, set(missing))
    for thread in opened.values():
        thread.is_new = True
        audit.record(tx, SYSTEM, "conversation.created", conversation_id=thread.id, new={"team": thread.team_id})
    await counts.apply(tx, Counter(thread.slot for thread in opened.values()))
    return threads | opened


async def _read_locked(tx: Tx, channel_id: int, contact_ids: set[int]) -> dict[int, Thread]:
    rows = await fetch(tx, _LOCK, {"channel": channel_id, "contacts": contact_ids})
    threads = [Thread(*row) for row in rows]
    for thread in threads:
        thread.was, thread.waited_since = thread.slot, thread.waiting_since
    return {thread.contact_id: thread for thread in threads}


def _new_conversation(
    channel: Line,
    contact_id: int,
    moment: datetime,
    debts: Mapping[int, standing.Facts],
) -> dict[str, Any]:
    return {
        "channel_id": channel.id,
        "contact_id": contact_id,
        "team_id": channel.team_id,
        "status": "open",
        "last_sequence": 0,
        "inbound_count": 0,
        "last_at": moment,
        "pair_refusals": 0,
        "receipt_due": False,
        "version": 1,
        "created_at": moment,
        "updated_at": moment,
        **debts.get(contact_id, standing.NOTHING).columns(),
    }


async def _write(
    tx: Tx,
    channel: Line,
    arrivals: Sequence[Arrival],
    threads: Sequence[Thread],
    moment: datetime,
) -> list[dict[str, Any]]:
    ids = await next_ids(tx, Message, len(arrivals))
    rows, media = [], []
    # The system is asked once for all: it lets another thread run each time.
    random = secrets.token_bytes(SALT_BYTES * len(arrivals))
    for at, (number, arrival, thread) in enumerate(zip(ids, arrivals, threads, strict=True)):
        row = _message_row(number, arrival, thread, channel.id, moment)
        row["salt"] = random[at * SALT_BYTES : (at + 1) * SALT_BYTES]
        rows.append(row)
        _move(tx, thread, arrival, row, moment)
        if arrival.attachment:
            media.append(_media_row(number, arrival.kind, arrival.attachment, moment))
        audit.record(
            tx,
            _author(arrival, thread),
            "message.received" if isinstance(arrival, Inbound) else "message.sent",
            conversation_id=thread.id,
            message_id=number,
            new={"kind": row["kind"], "digest": digest(row["salt"], row["kind"], row["text"], row["content"])},
        )
    await bulk_insert(tx, Message, rows)
    await bulk_insert(tx, Media, media)
    return rows


def _message_row(number: int, arrival: Arrival, thread: Thread, channel_id: int, moment: datetime) -> dict[str, Any]:
    thread.last_sequence += 1
    inbound = isinstance(arrival, Inbound)
    content: dict[str, Any] = dict(arrival.content)
    if isinstance(arrival, Inbound) and arrival.emoji is not None:
        content["emoji"] = arrival.emoji
    if not _is_dated(arrival, moment):
        content[UNDATED] = True
    return {
        "id": number,
        "conversation_id": thread.id,
        "channel_id": channel_id,
        "sequence": thread.last_sequence,
        "direction": "in" if inbound else "out",
        "author_kind": "contact" if inbound else "phone",
        "author_id": thread.contact_id if inbound else None,
        "kind": _kind(arrival),
        "text": arrival.text,
        "content": content or None,
        "payload": arrival.payload.decode("utf-8", "replace").replace("\x00", "\ufffd"),
        "wamid": arrival.wamid,
        "reply_to_wamid": arrival.reply_to,
        "status": Status.RECEIVED if inbound else Status.SENT,
        "salt": b"",
        "provider_at": _written_at(arrival, moment),
        "created_at": moment,
        "attempts": 0,
        "late": moment - _written_at(arrival, moment) > LATE_AFTER,
        "forwarded": isinstance(arrival, Inbound) and arrival.forwarded,
        "version": 1,
    }


def _kind(arrival: Arrival) -> str:
    # Somebody answered from the telephone with a template, perhaps; nobody writes to us in one.
    ours = _OURS if isinstance(arrival, Echo) else _OURS | {"template"}
    return "unknown" if arrival.kind in ours else arrival.kind


def _move(tx: Tx, thread: Thread, arrival: Arrival, row: dict[str, Any], moment: datetime) -> None:
    """What one arrival does to its conversation: activity, unread, service window, waiting, reopening."""
    thread.last_at = moment
    thread.last_message_id = row["id"]
    if not isinstance(arrival, Inbound):
        thread.waiting_since = None
        return
    thread.last_inbound_wamid = arrival.wamid
    if arrival.kind in {"edit", "revoke", "system"}:
        return
    thread.inbound_count += 1
    if arrival.opens_window:
        closes = row["provider_at"] + SERVICE_WINDOW
        if thread.window_closes_at is None or closes > thread.window_closes_at:
            thread.window_opened_at, thread.window_closes_at = row["provider_at"], closes
    if thread.status == "snoozed" and (arrival.kind == "reaction" or is_acknowledgement(arrival.text)):
        # Nobody has to answer it: it is unread, and stays aside. Costs the open conversations nothing.
        return
    thread.waiting_since = thread.waiting_since or moment
    if thread.status != "open":
        audit.record(
            tx,
            SYSTEM,
            "conversation.reopened",
            conversation_id=thread.id,
            old={"status": thread.status},
            new={"status": "open"},
        )
        thread.status, thread.snoozed_until = "open", None


async def _move_clocks(tx: Tx, threads: Sequence[Thread], moment: datetime) -> None:
    """Set the clocks of the targets (console.targets): one small statement for the whole batch."""
    if not threads:
        return
    book = await book_in_force(tx)
    for thread in threads:
        whose = clocks.Whose(thread.team_id, thread.account_state)
        columns: clocks.Columns = {}
        if thread.begins:
            columns |= clocks.opened(book, whose, since=moment)
        if thread.waiting_since is None:
            columns |= clocks.waits_no_more(moment if thread.waited_since else None)
        elif thread.waited_since is None or thread.begins:
            answered = thread.answered_at is not None and not thread.begins
            columns |= clocks.waits(book, whose, answered=answered, since=moment)
        for name, value in columns.items():
            setattr(thread, name, value)


def _media_row(message_id: int, kind: str, attachment: Attachment, moment: datetime) -> dict[str, Any]:
    return {
        "message_id": message_id,
        "kind": kind[:_LONGEST_KIND],
        "wire_id": attachment.media_id,
        "declared_type": attachment.mime_type,
        "declared_sha256": attachment.sha256,
        "filename": attachment.filename,
        "voice": attachment.voice,
        "state": "pending",
        "attempts": 0,
        "due_at": moment,
        "created_at": moment,
    }


async def _save(tx: Tx, threads: Iterable[Thread], moment: datetime) -> None:
    threads = sorted(threads, key=lambda thread: thread.id)
    # Most messages move no clock: their statement does not name them.
    moved = _MOVED + clocks.COLUMNS if any(thread.moves_clocks for thread in threads) else _MOVED
    rows = [{name: getattr(thread, name) for name in moved} | {"updated_at": moment} for thread in threads]
    await bulk_update(tx, Conversation, rows)
    changes: Counter[counts.Slot] = Counter()
    for thread in threads:
        now = thread.slot
        if now != thread.was:
            changes[thread.was] -= 1
            changes[now] += 1
    if changes:
        await counts.apply(tx, changes)


def _author(arrival: Arrival, thread: Thread) -> Actor:
    if isinstance(arrival, Inbound):
        return Actor(kind="contact", id=thread.contact_id, origin="whatsapp")
    return Actor(kind="system", name="Teléfono", origin="whatsapp")


def _written_at(arrival: Arrival, moment: datetime) -> datetime:
    """The provider's time, kept inside what is possible: never ahead of us, never before WhatsApp existed."""
    return min(arrival.sent_at or moment, moment) if _is_dated(arrival, moment) else moment


def _is_dated(arrival: Arrival, moment: datetime) -> bool:
    """Whether the provider's time is one that can be."""
    return arrival.sent_at is not None and _BEGINNING <= arrival.sent_at <= moment + AHEAD_AT_MOST


_BEGINNING = datetime(2009, 1, 1, tzinfo=UTC)
