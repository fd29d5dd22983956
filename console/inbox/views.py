"""What the screens are given: plain values, ready to be shown, with no database behind them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import msgspec

from console.consents.reading import Stand
from console.inbox.stopped import FREE, ConsentView
from console.portfolio.agreed import Agreed
from console.portfolio.money_in import MoneyIn
from console.portfolio.owed import Owed
from console.targets.clocks import Tone


class TagView(msgspec.Struct):
    """A free tag as lines and panels show it. `colour` names one of the palette."""

    id: int
    name: str
    colour: str


class StandingView(msgspec.Struct, kw_only=True):
    """How a person's debts stand, in one line. `tone` is the class that gives the state its colour.

    Amounts are in the smallest unit of `currency`; days past due are counted from `oldest_due_on`.
    """

    state: str
    label: str
    tone: str
    overdue_minor: int
    balance_minor: int
    currency: str
    oldest_due_on: date | None
    promise_on: date | None
    promise_state: str | None
    plan_paid: int | None
    plan_count: int | None


class TargetView(msgspec.Struct, kw_only=True):
    """A clock that runs: what it is about, and when it is to be warned about and is late."""

    label: str
    warns_at: datetime
    due_at: datetime
    tone: Tone


class RowView(msgspec.Struct, kw_only=True):
    """One line of the list. `version` is the history's head when it was read; `position` orders the list.

    `inbound` counts what the contact ever wrote; `unread` is what of it the viewer has not read.
    """

    conversation_id: int
    team_id: int
    name: str
    initials: str
    preview: str
    preview_kind: str
    direction: str
    last_status: str | None
    last_author: str | None
    at: datetime
    unread: int
    inbound: int
    holder_id: int | None
    holder_name: str | None
    status: str
    waiting_since: datetime | None
    window_closes_at: datetime | None
    failed: bool
    version: int
    position: int
    standing: StandingView | None = None
    tags: list[TagView] = []
    answer: TargetView | None = None
    resolution: TargetView | None = None
    mentioned: bool = False
    is_scheduled: bool = False


class MediaView(msgspec.Struct, kw_only=True):
    """An attachment. `inline` says whether the browser may show it in place, `has_pages` whether we draw them."""

    id: int
    kind: str
    filename: str | None
    mime_type: str | None
    size: int | None
    state: str
    voice: bool
    url: str | None
    inline: bool
    has_pages: bool


class QuoteView(msgspec.Struct, kw_only=True):
    """What a message answers to."""

    message_id: int
    author_name: str
    text: str | None
    kind: str


class FailureView(msgspec.Struct, kw_only=True):
    """Why a message didn't arrive, what to do about it, and the button that does it."""

    sentence: str
    advice: str
    code: int | None
    action: str | None


class ReactionView(msgspec.Struct):
    """An emoji on a message."""

    emoji: str
    by: str
    ours: bool = False


class ScheduledView(msgspec.Struct):
    """When a message leaves, how that stands (waiting, held, sent, cancelled), and why it did not."""

    due_at: datetime
    state: str
    why_not: str


class MessageView(msgspec.Struct, kw_only=True):
    """One bubble, note or event of a thread."""

    id: int
    conversation_id: int
    sequence: int
    direction: str
    author_kind: str
    author_id: int | None
    author_name: str
    kind: str
    text: str | None
    content: dict[str, Any]
    media: list[MediaView]
    quoted: QuoteView | None
    forwarded: bool
    status: str
    failure: FailureView | None
    at: datetime
    written_at: datetime | None
    late: bool
    edited_at: datetime | None
    previous_texts: list[tuple[str, datetime]]
    revoked_at: datetime | None
    reactions: list[ReactionView]
    client_key: str | None
    read_at: datetime | None
    version: int
    scheduled: ScheduledView | None = None
    undated: bool = False

    @property
    def position(self) -> int:
        """Where it stands in the thread."""
        return self.sequence


class ThreadView(msgspec.Struct, kw_only=True):
    """A page of a thread, oldest first. `later_after`: where what follows is missing (None: nothing is)."""

    conversation_id: int
    messages: list[MessageView]
    has_earlier: bool
    earlier_before: int | None
    last_sequence: int
    later_after: int | None = None


class HeaderView(msgspec.Struct, kw_only=True):
    """Who it is, who holds it, and whether free text may be sent. `phone` shows its end only."""

    conversation_id: int
    name: str
    initials: str
    phone: str | None
    status: str
    holder_id: int | None
    holder_name: str | None
    holder_is_viewer: bool
    team_name: str | None
    version: int
    window_opened_at: datetime | None
    window_closes_at: datetime | None
    free_text_until: datetime | None
    window_is_open: bool
    can_assign: bool
    candidates: list[tuple[int, str]]
    identity_note: str | None
    standing: StandingView | None = None
    holder_is_bot: bool = False
    answer: TargetView | None = None
    resolution: TargetView | None = None


class HistoryLine(msgspec.Struct, kw_only=True):
    """One step of a conversation's history, in words."""

    id: int
    at: datetime
    words: str


class ContactView(msgspec.Struct, kw_only=True):
    """What is known about the person; `phone` and `aliases`, (id, number) of what else reaches them, are masked."""

    name: str
    phone: str | None
    profile_name: str | None
    username: str | None
    first_seen_at: datetime | None
    aliases: list[tuple[int, str]]


class PanelView(msgspec.Struct, kw_only=True):
    """The panel beside a thread."""

    contact: ContactView
    history: list[HistoryLine]
    review_tasks: list[str]
    standing: StandingView | None = None
    tags: list[TagView] = []
    owed: Owed = Owed([])
    agreed: Agreed
    consent: ConsentView = FREE
    stands: list[Stand] = []
    money_in: MoneyIn


class ViewCount(msgspec.Struct, kw_only=True):
    """A view and how many conversations it holds."""

    key: str
    label: str
    count: int
    group: str = "views"
    tone: str | None = None


class DraftView(msgspec.Struct, kw_only=True):
    """What the viewer was writing here; `other`, in the other mode."""

    text: str
    mode: str
    saved_at: datetime
    other: str = ""


class Banner(msgspec.Struct, kw_only=True):
    """A notice about the whole number."""

    kind: str
    sentence: str
    link: str | None = None


class PresentAgent(msgspec.Struct, kw_only=True):
    """A colleague who has the conversation open."""

    agent_id: int
    name: str
    initials: str
    typing: bool
