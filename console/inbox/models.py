"""The inbox's nouns: a conversation, its messages, their ticks, reactions and attachments."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from console.db import Base, BigKey


class Status(StrEnum):
    """Where a message stands. Ours climb from QUEUED; NOTED never leaves the console."""

    RECEIVED = "received"
    NOTED = "noted"
    QUEUED = "queued"
    SENDING = "sending"
    UNKNOWN = "unknown"  # may or may not have left: shown as "sin confirmar", never resent by a machine
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"


# A tick only climbs. A failure is final unless the message is already known to have arrived.
RANK = {
    Status.QUEUED: 0,
    Status.SENDING: 1,
    Status.UNKNOWN: 1,
    Status.SENT: 2,
    Status.FAILED: 3,
    Status.DELIVERED: 4,
    Status.READ: 5,
}


class Conversation(Base):
    """The thread with one contact on one of our numbers. What lists show is kept here, not computed.

    `last_sequence` numbers its messages at commit; `inbound_count` makes unread a subtraction.
    """

    __tablename__ = "conversation"
    __table_args__ = (
        # The selective column first: before it has statistics, a planner trusts the first one.
        UniqueConstraint("contact_id", "channel_id"),
        Index("ix_conversation_list", "status", "last_at", "id"),
        Index("ix_conversation_team", "team_id", "status", "last_at", "id"),
        Index("ix_conversation_holder", "holder_id", "status", "last_at", "id"),
        # Only people with a debt are listed by its state: strangers cost this index nothing.
        Index(
            "ix_conversation_account_state",
            "account_state",
            "team_id",
            "status",
            "last_at",
            "id",
            sqlite_where=text("account_state IS NOT NULL"),
            postgresql_where=text("account_state IS NOT NULL"),
        ),
        Index(
            "ix_conversation_promise",
            "promise_state",
            "promise_on",
            "status",
            "team_id",
            "holder_id",
            "id",
            sqlite_where=text("promise_state IS NOT NULL"),
            postgresql_where=text("promise_state IS NOT NULL"),
        ),
        # Which windows are about to close: counted and listed by its end.
        Index(
            "ix_conversation_closing",
            "window_closes_at",
            "status",
            "team_id",
            "holder_id",
            "id",
            sqlite_where=text("window_closes_at IS NOT NULL"),
            postgresql_where=text("window_closes_at IS NOT NULL"),
        ),
        # Who is late or soon will be, and what the history has still to say of it.
        Index(
            "ix_conversation_answer_clock",
            "answer_warns_at",
            "answer_due_at",
            "team_id",
            "holder_id",
            "id",
            sqlite_where=text("answer_due_at IS NOT NULL"),
            postgresql_where=text("answer_due_at IS NOT NULL"),
        ),
        Index(
            "ix_conversation_answer_tells",
            "answer_tells_at",
            sqlite_where=text("answer_tells_at IS NOT NULL"),
            postgresql_where=text("answer_tells_at IS NOT NULL"),
        ),
        Index(
            "ix_conversation_resolution_clock",
            "resolution_warns_at",
            "resolution_due_at",
            "team_id",
            "holder_id",
            "id",
            sqlite_where=text("resolution_due_at IS NOT NULL"),
            postgresql_where=text("resolution_due_at IS NOT NULL"),
        ),
        Index(
            "ix_conversation_resolution_tells",
            "resolution_tells_at",
            sqlite_where=text("resolution_tells_at IS NOT NULL"),
            postgresql_where=text("resolution_tells_at IS NOT NULL"),
        ),
        Index("ix_conversation_receipt", "id", sqlite_where=text("receipt_due"), postgresql_where=text("receipt_due")),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    channel_id: Mapped[int] = mapped_column(ForeignKey("channel.id"))
    contact_id: Mapped[int] = mapped_column(ForeignKey("contact.id"))
    team_id: Mapped[int] = mapped_column(ForeignKey("team.id"))
    holder_id: Mapped[int | None] = mapped_column(ForeignKey("agent.id"))
    status: Mapped[str] = mapped_column(String(16), default="open")  # open | snoozed | resolved
    snoozed_until: Mapped[datetime | None]
    last_sequence: Mapped[int] = mapped_column(default=0)
    inbound_count: Mapped[int] = mapped_column(default=0)
    last_at: Mapped[datetime]
    last_message_id: Mapped[int | None]
    last_inbound_wamid: Mapped[str | None] = mapped_column(Text)
    waiting_since: Mapped[datetime | None]  # oldest inbound nobody has answered
    # The clocks of console.targets, None while they do not run.
    opened_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]  # the first answer of one of our people since then
    answer_warns_at: Mapped[datetime | None]
    answer_due_at: Mapped[datetime | None]
    answer_tells_at: Mapped[datetime | None]
    resolution_warns_at: Mapped[datetime | None]
    resolution_due_at: Mapped[datetime | None]
    resolution_tells_at: Mapped[datetime | None]
    window_opened_at: Mapped[datetime | None]
    window_closes_at: Mapped[datetime | None]
    # WhatsApp allows one message each 6 s to one person, with a burst (whatsapp.md §16).
    paced_until: Mapped[datetime | None]
    held_back_until: Mapped[datetime | None]
    pair_refusals: Mapped[int] = mapped_column(default=0)
    receipt_due: Mapped[bool] = mapped_column(default=False)  # blue ticks owed to the debtor
    # How the person's debts stand, kept in step by console.portfolio.standing: None where we know of no debt.
    account_state: Mapped[str | None] = mapped_column(String(8))
    overdue_minor: Mapped[int | None]
    balance_minor: Mapped[int | None]
    currency: Mapped[str | None] = mapped_column(String(3))
    oldest_due_on: Mapped[date | None]
    promise_on: Mapped[date | None]
    promise_state: Mapped[str | None] = mapped_column(String(10))
    plan_paid: Mapped[int | None]
    plan_count: Mapped[int | None]
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class Message(Base):
    """One bubble, note or event of a thread. A row with status `queued` is the outbox.

    `ref` travels as biz_opaque_callback_data and comes back in statuses; `client_key` makes a retried send one row.
    Reactions, edits and revokes have rows of their own (`target_id` says what they act on).
    """

    __tablename__ = "message"
    __table_args__ = (
        UniqueConstraint("conversation_id", "sequence"),
        UniqueConstraint("wamid", "channel_id"),
        # Most messages come in and have neither: no index keeps a place for them.
        Index(
            "uq_message_client_key",
            "conversation_id",
            "client_key",
            unique=True,
            sqlite_where=text("client_key IS NOT NULL"),
            postgresql_where=text("client_key IS NOT NULL"),
        ),
        Index(
            "uq_message_ref",
            "ref",
            unique=True,
            sqlite_where=text("ref IS NOT NULL"),
            postgresql_where=text("ref IS NOT NULL"),
        ),
        Index(
            "ix_message_outbox",
            "due_at",
            "id",
            sqlite_where=text("status = 'queued'"),
            postgresql_where=text("status = 'queued'"),
        ),
        Index(
            "ix_message_in_flight",
            "status",
            "conversation_id",
            sqlite_where=text("status IN ('queued', 'sending')"),
            postgresql_where=text("status IN ('queued', 'sending')"),
        ),
        # Few rows, and the first to watch: messages nobody knows the fate of.
        Index(
            "ix_message_unknown",
            "id",
            sqlite_where=text("status = 'unknown'"),
            postgresql_where=text("status = 'unknown'"),
        ),
        Index(
            "ix_message_target",
            "target_id",
            sqlite_where=text("target_id IS NOT NULL"),
            postgresql_where=text("target_id IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id"))
    channel_id: Mapped[int] = mapped_column(ForeignKey("channel.id"))
    sequence: Mapped[int]
    direction: Mapped[str] = mapped_column(String(4))  # in | out | none (notes and events stay here)
    author_kind: Mapped[str] = mapped_column(String(8))  # contact | agent | bot | system | phone | token
    author_id: Mapped[int | None]
    author_name: Mapped[str | None] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    text: Mapped[str | None] = mapped_column(Text)
    content: Mapped[dict[str, Any] | None]
    payload: Mapped[str | None] = mapped_column(Text)  # the element as Meta sent it
    wamid: Mapped[str | None] = mapped_column(Text)
    reply_to_wamid: Mapped[str | None] = mapped_column(Text)
    target_id: Mapped[int | None]
    status: Mapped[str] = mapped_column(String(10))
    error_code: Mapped[int | None]
    error_details: Mapped[str | None] = mapped_column(Text)
    client_key: Mapped[str | None] = mapped_column(String(64))
    ref: Mapped[str | None] = mapped_column(String(36))
    salt: Mapped[bytes | None] = mapped_column(LargeBinary)  # keys the digest in the history; forgotten on erasure
    provider_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    due_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    claim: Mapped[str | None] = mapped_column(String(36))
    claimed_until: Mapped[datetime | None]
    wired_at: Mapped[datetime | None]  # from here on the outcome is Meta's to tell
    read_at: Mapped[datetime | None]
    late: Mapped[bool] = mapped_column(default=False)
    forwarded: Mapped[bool] = mapped_column(default=False)
    edited_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)


class MessageVersion(Base):
    """What a message said before it was edited: kept, because it is evidence."""

    __tablename__ = "message_version"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("message.id"), index=True)
    text: Mapped[str | None] = mapped_column(Text)
    content: Mapped[dict[str, Any] | None]
    replaced_at: Mapped[datetime]


class Reaction(Base):
    """The emoji somebody has on a message now. `by` is "contact" or "us"."""

    __tablename__ = "reaction"

    message_id: Mapped[int] = mapped_column(ForeignKey("message.id"), primary_key=True)
    by: Mapped[str] = mapped_column(String(8), primary_key=True)
    emoji: Mapped[str] = mapped_column(Text)
    provider_at: Mapped[datetime | None]


class Tick(Base):
    """One status Meta reported, kept with its payload. It may arrive before we know the message it speaks of."""

    __tablename__ = "tick"
    __table_args__ = (
        UniqueConstraint("wamid", "status", "participant", "channel_id"),
        Index(
            "ix_tick_orphans",
            "received_at",
            sqlite_where=text("message_id IS NULL"),
            postgresql_where=text("message_id IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    channel_id: Mapped[int] = mapped_column(ForeignKey("channel.id"))
    wamid: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(String(16))
    participant: Mapped[str] = mapped_column(Text, default="")
    opaque: Mapped[str | None] = mapped_column(Text)
    message_id: Mapped[int | None]
    at: Mapped[datetime | None]
    received_at: Mapped[datetime]
    error_code: Mapped[int | None]
    error_details: Mapped[str | None] = mapped_column(Text)
    payload: Mapped[str] = mapped_column(Text)


class Media(Base):
    """An attachment: fetched at once (the id lives 7 days), stored under the hash of its bytes."""

    __tablename__ = "media"
    __table_args__ = (
        Index(
            "ix_media_due", "due_at", sqlite_where=text("state = 'pending'"), postgresql_where=text("state = 'pending'")
        ),
        Index("ix_media_sha256", "sha256"),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("message.id"), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    wire_id: Mapped[str | None] = mapped_column(Text)
    declared_type: Mapped[str | None] = mapped_column(Text)
    declared_sha256: Mapped[str | None] = mapped_column(Text)
    filename: Mapped[str | None] = mapped_column(Text)
    voice: Mapped[bool] = mapped_column(default=False)
    state: Mapped[str] = mapped_column(String(16))  # pending | stored | failed | expired | too_big | refused
    mime_type: Mapped[str | None] = mapped_column(Text)  # what the bytes say
    size: Mapped[int | None]
    sha256: Mapped[str | None] = mapped_column(String(64))
    flagged: Mapped[str | None] = mapped_column(Text)  # why it is not shown inline
    attempts: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime | None]
    claimed_until: Mapped[datetime | None]
    created_at: Mapped[datetime]


class ReadMark(Base):
    """How far one agent has read one conversation: unread is `inbound_count` minus this.

    `mentioned` is the sequence of the newest note of a colleague that names them, 0 for none: until they have read as
    far as that, they have not seen it.
    """

    __tablename__ = "read_mark"
    __table_args__ = (
        Index(
            "ix_read_mark_mentioned",
            "agent_id",
            "conversation_id",
            sqlite_where=text("mentioned > 0"),
            postgresql_where=text("mentioned > 0"),
        ),
        Index(
            "ix_read_mark_unseen_mention",
            "agent_id",
            "conversation_id",
            sqlite_where=text("mentioned > sequence"),
            postgresql_where=text("mentioned > sequence"),
        ),
    )

    agent_id: Mapped[int] = mapped_column(ForeignKey("agent.id"), primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id"), primary_key=True, index=True)
    inbound_count: Mapped[int]
    sequence: Mapped[int]
    at: Mapped[datetime]
    mentioned: Mapped[int] = mapped_column(default=0, server_default="0")


class Draft(Base):
    """What an agent was writing: per conversation and mode (`reply` | `note`), so a reload loses nothing."""

    __tablename__ = "draft"
    __table_args__ = (Index("ix_draft_conversation_id", "conversation_id"),)

    agent_id: Mapped[int] = mapped_column(ForeignKey("agent.id"), primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id"), primary_key=True)
    mode: Mapped[str] = mapped_column(String(8), primary_key=True)
    text: Mapped[str] = mapped_column(Text)
    updated_at: Mapped[datetime]


class ViewCount(Base):
    """Conversations per team, holder (0: nobody), status and account state ("": no debt known).

    Kept in step by every verb, never counted.
    """

    __tablename__ = "view_count"

    team_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    holder_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    status: Mapped[str] = mapped_column(String(16), primary_key=True)
    account_state: Mapped[str] = mapped_column(String(8), primary_key=True, server_default="")
    n: Mapped[int]
