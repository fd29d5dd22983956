"""The bot's nouns: how it behaves for a team, its dialogues, each step of them, who tried to prove who they are."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from console.db import Base, BigKey


class Mode(StrEnum):
    """When the bot speaks for a team."""

    AFTER_HOURS = "after_hours"
    UNANSWERED = "unanswered"  # after hours at once, else when nobody has answered for so many minutes
    ALWAYS = "always"
    OFF = "off"


class BotRules(Base):
    """How the bot behaves for one team. A team without a row has the usual values (`settings.usual`).

    `questions` are asked together to know the right party. `reply_price_minor` is what one answer costs, in hundredths
    of the smallest unit of the business's currency. `helpline` and `methods` are said as they are written,
    the helpline to whoever lives in the business's country.
    """

    __tablename__ = "bot_rules"

    team_id: Mapped[int] = mapped_column(ForeignKey("team.id"), primary_key=True, autoincrement=False)
    mode: Mapped[str] = mapped_column(String(16), default=Mode.AFTER_HOURS)
    unanswered_minutes: Mapped[int] = mapped_column(default=10)
    quiet_minutes: Mapped[int] = mapped_column(default=15)
    paused_until: Mapped[datetime | None]
    tone: Mapped[str] = mapped_column(String(16), default="cordial")
    questions: Mapped[list[Any]]
    tries: Mapped[int] = mapped_column(default=3)
    verified_days: Mapped[int] = mapped_column(default=30)
    stale_hours: Mapped[int] = mapped_column(default=48)
    most_replies: Mapped[int] = mapped_column(default=40)
    most_a_night: Mapped[int] = mapped_column(default=5000)
    reply_price_minor: Mapped[int] = mapped_column(default=0)
    helpline: Mapped[str | None] = mapped_column(Text)
    methods: Mapped[str | None] = mapped_column(Text)
    updated_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)


class BotSession(Base):
    """One dialogue of the bot with the person of a conversation; at most one that has not ended.

    `memory` is what it must not forget over a restart or a night (`memory.Memory`). `due_at` is when it answers what it
    has heard; `claim` is whoever is about to. `answered_sequence` is how far in the thread it has answered.
    """

    __tablename__ = "bot_session"
    __table_args__ = (
        Index(
            "uq_bot_session_live",
            "conversation_id",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index(
            "ix_bot_session_due", "due_at", sqlite_where=text("due_at IS NOT NULL"),
            postgresql_where=text("due_at IS NOT NULL"),
        ),
        Index("ix_bot_session_conversation", "conversation_id", "id"),
        Index("ix_bot_session_opened", "opened_at", "id"),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id"))
    team_id: Mapped[int] = mapped_column(ForeignKey("team.id"))
    former_holder_id: Mapped[int | None] = mapped_column(ForeignKey("agent.id"))
    resumes_id: Mapped[int | None] = mapped_column(ForeignKey("bot_session.id"))
    memory: Mapped[dict[str, Any]]
    debtor_id: Mapped[int | None] = mapped_column(ForeignKey("debtor.id"))  # who proved to be there
    verified_at: Mapped[datetime | None]
    verified_how: Mapped[str | None] = mapped_column(Text)
    answered_sequence: Mapped[int] = mapped_column(default=0)
    replies: Mapped[int] = mapped_column(default=0)
    reason: Mapped[str | None] = mapped_column(String(24))  # why a person is needed
    urgency: Mapped[int] = mapped_column(default=0)
    summary: Mapped[str | None] = mapped_column(Text)
    heard_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    claim: Mapped[str | None] = mapped_column(String(36))
    claimed_until: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(default=0)
    opened_at: Mapped[datetime]
    last_at: Mapped[datetime]
    handed_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    ended_why: Mapped[str | None] = mapped_column(String(16))  # human | morning | resolved | off | idle
    version: Mapped[int] = mapped_column(default=1)


class BotStep(Base):
    """One turn: what was heard, how it was understood, what was answered and done. Written once, never changed.

    Whoever answers up to a place in the thread writes the row of that place: a second answer finds it taken.
    """

    __tablename__ = "bot_step"
    __table_args__ = (
        UniqueConstraint("conversation_id", "through_sequence"),
        Index("ix_bot_step_session", "session_id", "number"),
        Index(
            "ix_bot_step_unclear", "at", "id", sqlite_where=text("is_unclear"), postgresql_where=text("is_unclear")
        ),
        Index("ix_bot_step_at", "at"),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    session_id: Mapped[int] = mapped_column(ForeignKey("bot_session.id"))
    conversation_id: Mapped[int]
    number: Mapped[int]
    at: Mapped[datetime]
    through_sequence: Mapped[int]
    heard: Mapped[list[Any]]  # ids of the messages
    understood: Mapped[dict[str, Any]]  # intents with scores, rules, date, amount; who helped
    action: Mapped[str] = mapped_column(String(32))
    asked: Mapped[str | None] = mapped_column(String(24))
    deeds: Mapped[list[Any]]
    texts: Mapped[list[Any]]  # [key, version] of each text said
    message_id: Mapped[int | None]
    is_unclear: Mapped[bool] = mapped_column(default=False)
    labels: Mapped[str | None] = mapped_column(Text)  # what a person said it meant, as phrases/*.tsv write it: a,b
    labelled_by_id: Mapped[int | None]
    took_ms: Mapped[int] = mapped_column(default=0)


class IdentityTry(Base):
    """Somebody answered the questions that tell the right party, from `contact_id`; `debtor_id` is who was meant."""

    __tablename__ = "identity_try"
    __table_args__ = (
        Index("ix_identity_try_debtor", "debtor_id", "at"),
        Index("ix_identity_try_contact", "contact_id", "at"),
        Index("ix_identity_try_at", "at"),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    session_id: Mapped[int] = mapped_column(ForeignKey("bot_session.id"))
    contact_id: Mapped[int] = mapped_column(ForeignKey("contact.id"))
    debtor_id: Mapped[int | None] = mapped_column(ForeignKey("debtor.id"))
    was_right: Mapped[bool]
    at: Mapped[datetime]


class BotText(Base):
    """A text that the business put in the place of the one in the files. The newest version holds; None is the files'.

    `country` and `tone` are where it is said.
    """

    __tablename__ = "bot_text"
    __table_args__ = (UniqueConstraint("key", "country", "tone", "version"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    key: Mapped[str] = mapped_column(String(40))
    country: Mapped[str] = mapped_column(String(2))
    tone: Mapped[str] = mapped_column(String(16))
    version: Mapped[int]
    body: Mapped[str | None] = mapped_column(Text)
    made_by_id: Mapped[int | None] = mapped_column(ForeignKey("agent.id"))
    made_at: Mapped[datetime]


class BotAlert(Base):
    """Something a supervisor has to see now: danger, somebody guessing, a loop. Open until somebody has seen it."""

    __tablename__ = "bot_alert"
    __table_args__ = (
        Index(
            "ix_bot_alert_open", "id", sqlite_where=text("seen_at IS NULL"), postgresql_where=text("seen_at IS NULL")
        ),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    kind: Mapped[str] = mapped_column(String(24))  # distress | doubt | guessing | loop | flood | spent
    team_id: Mapped[int] = mapped_column(ForeignKey("team.id"))
    conversation_id: Mapped[int | None] = mapped_column(ForeignKey("conversation.id"))
    at: Mapped[datetime]
    seen_at: Mapped[datetime | None]
    seen_by_id: Mapped[int | None] = mapped_column(ForeignKey("agent.id"))


class BotCursor(Base):
    """How far in the history the bot has listened, and since when: one row, held by whoever listens."""

    __tablename__ = "bot_cursor"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    position: Mapped[int | None]
    since: Mapped[datetime | None]
