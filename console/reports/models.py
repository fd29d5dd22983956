"""The facts the reports read: small rows that follow the history, so that ninety days need no walk through messages.

Every fact can be made again from the history and the tables it names (`follow.again`). Days and hours are the
business's; durations are whole seconds.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from console.db import Base, BigKey


class ReportCursor(Base):
    """How far the history has been read (one row), in whose time zone, and which month has been closed last."""

    __tablename__ = "report_cursor"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    entry_id: Mapped[int]
    zone: Mapped[str] = mapped_column(String(64))
    next_close_at: Mapped[datetime | None]
    read_at: Mapped[datetime | None]


class Talk(Base):
    """How many messages one conversation had in one hour, by who wrote them (`author`: in, agent, bot, other)."""

    __tablename__ = "report_talk"
    __table_args__ = (Index("ix_report_talk_conversation", "conversation_id"),)

    day: Mapped[date] = mapped_column(primary_key=True)
    conversation_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    hour: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    author: Mapped[str] = mapped_column(String(5), primary_key=True)
    agent_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # 0: nobody of ours
    n: Mapped[int]


class Answer(Base):
    """A person's answer: since when somebody waited for it, and how long, by the calendar and in business hours."""

    __tablename__ = "report_answer"
    __table_args__ = (Index("ix_report_answer_day", "day"), Index("ix_report_answer_conversation", "conversation_id"))

    message_id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=False)
    day: Mapped[date]
    hour: Mapped[int]
    conversation_id: Mapped[int]
    agent_id: Mapped[int]
    is_first: Mapped[bool]  # of its spell: since the conversation began or was last resolved
    asked_at: Mapped[datetime]
    answered_at: Mapped[datetime]
    calendar_s: Mapped[int]
    business_s: Mapped[int]


class Spell(Base):
    """From the first message to the resolution: what one matter took, and whether a person had to speak."""

    __tablename__ = "report_spell"
    __table_args__ = (
        Index("ix_report_spell_day", "day"),
        Index("ix_report_spell_conversation", "conversation_id", "sequence"),
    )

    message_id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=False)  # the line that closed it
    day: Mapped[date]
    hour: Mapped[int]
    conversation_id: Mapped[int]
    sequence: Mapped[int]
    agent_id: Mapped[int]
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime]
    calendar_s: Mapped[int]
    business_s: Mapped[int]
    by_bot: Mapped[bool]
    by_person: Mapped[bool]


class DayPage(Base):
    """What one agent (0: nobody of ours) of one team had on one day: a daybook.Page as JSON."""

    __tablename__ = "report_page"

    day: Mapped[date] = mapped_column(primary_key=True)
    team_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # that of the conversation
    agent_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    page: Mapped[str] = mapped_column(Text)


class DayKept(Base):
    """A day whose pages say what its facts say."""

    __tablename__ = "report_day"

    day: Mapped[date] = mapped_column(primary_key=True)


class TemplateSent(Base):
    """A message template that went out, and how far it came. `replied`: the person wrote within 24 hours."""

    __tablename__ = "report_template"
    __table_args__ = (
        Index("ix_report_template_day", "day"),
        Index("ix_report_template_conversation", "conversation_id", "sent_at"),
    )

    message_id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=False)
    day: Mapped[date]
    hour: Mapped[int]
    conversation_id: Mapped[int]
    agent_id: Mapped[int]
    template: Mapped[str] = mapped_column(Text)
    sent_at: Mapped[datetime]
    replied: Mapped[bool]


class MessageFate(Base):
    """What became of a message that is a template, failed or cost something: a copy small enough to be counted."""

    __tablename__ = "report_fate"
    __table_args__ = (Index("ix_report_fate_day", "day"),)

    message_id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=False)
    day: Mapped[date]
    conversation_id: Mapped[int]
    agent_id: Mapped[int]
    status: Mapped[str] = mapped_column(String(10))
    error_code: Mapped[int | None]
    charged: Mapped[str | None] = mapped_column(String(24))  # Meta's pricing category, where Meta says it is billable


class Recovery(Base):
    """A payment that was booked: how its account stood just before, and whose word or template came before it.

    The amount stays in `payment`, so that what goes back later is never counted.
    """

    __tablename__ = "report_recovery"
    __table_args__ = (Index("ix_report_recovery_day", "day"),)

    payment_id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=False)
    day: Mapped[date]
    hour: Mapped[int]
    account_id: Mapped[int]
    conversation_id: Mapped[int | None]
    state: Mapped[str] = mapped_column(String(8))
    agent_id: Mapped[int]
    template: Mapped[str | None] = mapped_column(Text)


class AccountThen(Base):
    """How an account stands as of the last entry read: the history, folded."""

    __tablename__ = "report_account"

    account_id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=False)
    state: Mapped[str] = mapped_column(String(8))
    balance_minor: Mapped[int]
    status: Mapped[str] = mapped_column(String(8))


class MonthClose(Base):
    """How an account stood when a month ended. `closed_on` is the first day of the month after."""

    __tablename__ = "report_month"

    closed_on: Mapped[date] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    state: Mapped[str] = mapped_column(String(8))
    balance_minor: Mapped[int]
    status: Mapped[str] = mapped_column(String(8))


class Rate(Base):
    """What one billable message of a category costs, in millionths of a unit of the business's currency."""

    __tablename__ = "report_rate"

    category: Mapped[str] = mapped_column(String(24), primary_key=True)
    price_micro: Mapped[int]
    version: Mapped[int] = mapped_column(default=1)
    updated_at: Mapped[datetime]


class Subscriber(Base):
    """Somebody who wants the daily summary by mail, and up to which day they have it."""

    __tablename__ = "report_subscriber"

    agent_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    told_on: Mapped[date | None]
    claimed_until: Mapped[datetime | None]
    created_at: Mapped[datetime]
