"""The rows of the list: what one line shows of a conversation, for one page or one push."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import bindparam, literal_column, or_, select

from console import clock
from console.agents import Agent, Viewer
from console.bulk import among, as_lines, fetch
from console.db import Tx
from console.inbox.contacts import Contact
from console.inbox.listing import Place
from console.inbox.models import Conversation, Message, ReadMark
from console.inbox.queries import contact_name, initials
from console.inbox.shown import told
from console.inbox.tags import ConversationTag, Tag
from console.inbox.views import RowView, StandingView, TagView, TargetView
from console.languages.recalled import recalled
from console.languages.words import Words
from console.portfolio.models import PortfolioRules
from console.portfolio.states import TONES, Edges, State
from console.portfolio.states import label as state_label
from console.render import scalar
from console.scheduling.models import WAITS, ScheduledMessage
from console.targets import clocks

PREVIEW = 160
RULES = PortfolioRules.id == literal_column("1")
STANDING = (
    Conversation.account_state,
    Conversation.overdue_minor,
    Conversation.balance_minor,
    Conversation.currency,
    Conversation.oldest_due_on,
    Conversation.promise_on,
    Conversation.promise_state,
    Conversation.plan_paid,
    Conversation.plan_count,
    PortfolioRules.first_edge,
    PortfolioRules.second_edge,
)
"""What `standing` reads of a row; the rules are joined, so that a label never lags behind its edges."""
CLOCKS = (
    Conversation.answered_at,
    Conversation.answer_warns_at,
    Conversation.answer_due_at,
    Conversation.resolution_warns_at,
    Conversation.resolution_due_at,
)
"""What `clocks_of` reads of a row."""
TAGS = (
    select(as_lines(Tag.id, Tag.colour, Tag.name))
    .join(ConversationTag, ConversationTag.tag_id == Tag.id)
    .where(ConversationTag.conversation_id == Conversation.id)
    .correlate(Conversation)
    .scalar_subquery()
    .label("tags")
)
"""The free tags of a conversation, for `tags_of`."""

IS_SCHEDULED = (
    select(literal_column("1"))
    .where(
        ScheduledMessage.conversation_id == Conversation.id, or_(*(ScheduledMessage.state == each for each in WAITS))
    )
    .correlate(Conversation)
    .exists()
    .label("is_scheduled")
)
"""Whether something waits to leave a conversation."""


class Mark(NamedTuple):
    """How far somebody has read: inbound messages, the thread's sequence, and that of the newest note naming them."""

    inbound_count: int = 0
    sequence: int = 0
    mentioned: int = 0

    @property
    def is_news(self) -> bool:
        """Whether a note names them that they have not seen."""
        return self.mentioned > self.sequence


NO_MARK = Mark()


class RowFacts(msgspec.Struct):
    """A row before it is anybody's: unread depends on who looks."""

    row: RowView
    inbound_count: int
    place: Place


_ROW = (
    select(
        Conversation.id,
        Conversation.team_id,
        Conversation.holder_id,
        Conversation.status,
        Conversation.last_at,
        Conversation.inbound_count,
        Conversation.waiting_since,
        Conversation.window_closes_at,
        Contact.name,
        Contact.profile_name,
        Contact.username,
        Contact.wa_id,
        Agent.name.label("holder_name"),
        Message.kind,
        Message.text,
        Message.direction,
        Message.status.label("message_status"),
        Message.author_kind,
        Message.author_name,
        Message.content,
        Message.revoked_at,
        *STANDING,
        *CLOCKS,
        TAGS,
        IS_SCHEDULED,
    )
    .join(Contact, Contact.id == Conversation.contact_id)
    .outerjoin(Agent, Agent.id == Conversation.holder_id)
    .outerjoin(Message, Message.id == Conversation.last_message_id)
    .outerjoin(PortfolioRules, RULES)
    .where(among(Conversation.id, "ids"))
)
_MARKS = select(
    ReadMark.agent_id, ReadMark.conversation_id, ReadMark.inbound_count, ReadMark.sequence, ReadMark.mentioned
).where(among(ReadMark.conversation_id, "conversations"))
_MARKS_OF_ONE = _MARKS.where(ReadMark.agent_id == bindparam("agent"))


async def rows_by_id(tx: Tx, ids: Iterable[int], *, version: int) -> list[RowFacts]:
    """The list's rows of these conversations: one query."""
    wanted = list(ids)
    if not wanted:
        return []
    return [_row_facts(row, version) for row in await fetch(tx, _ROW, {"ids": wanted})]


def _preview(row: Any, text: str) -> str:  # noqa: ANN401 a database row
    """What the line tells of the last message; what the console noted itself is said in the reader's language."""
    if row.revoked_at:
        return Words("Eliminó este mensaje")
    if row.kind == "note" and row.author_kind == "system":
        return recalled(text)
    return (told(row.kind, text) or "")[:PREVIEW]


def _row_facts(row: Any, version: int) -> RowFacts:  # noqa: ANN401 a database row
    name = contact_name(row.name, row.profile_name, row.username, row.wa_id)
    ours = row.direction == "out"
    text = row.text or scalar(row.content, "body") or scalar(row.content, "emoji")
    tags = tags_of(row.tags)
    answer, resolution = clocks_of(row, clock.now())
    view = RowView(
        conversation_id=row.id,
        team_id=row.team_id,
        name=name,
        initials=initials(name),
        preview=_preview(row, text),
        preview_kind=row.kind or "text",
        direction=row.direction or "none",
        last_status=row.message_status if ours else None,
        last_author=row.author_name.split()[0] if ours and row.author_name else None,
        at=row.last_at,
        unread=0,
        inbound=row.inbound_count,
        holder_id=row.holder_id,
        holder_name=row.holder_name,
        status=row.status,
        waiting_since=row.waiting_since,
        window_closes_at=row.window_closes_at,
        failed=row.message_status == "failed",
        version=version,
        position=int(row.last_at.timestamp() * 1000),
        standing=standing(row),
        tags=tags,
        answer=answer,
        resolution=resolution,
        is_scheduled=row.is_scheduled,
    )
    return RowFacts(view, row.inbound_count, place_of(row, tags))


def standing(row: Any) -> StandingView | None:  # noqa: ANN401 a database row
    """How the person's debts stand, of a row with the columns `STANDING`; None where no debt is known."""
    if row.account_state is None:
        return None
    state = State(row.account_state)
    return StandingView(
        state=state,
        label=state_label(state, Edges(row.first_edge, row.second_edge)),
        tone=TONES[state],
        overdue_minor=row.overdue_minor or 0,
        balance_minor=row.balance_minor or 0,
        currency=row.currency or "",
        oldest_due_on=row.oldest_due_on,
        promise_on=row.promise_on,
        promise_state=row.promise_state,
        plan_paid=row.plan_paid,
        plan_count=row.plan_count,
    )


def clocks_of(row: Any, moment: datetime) -> tuple[TargetView | None, TargetView | None]:  # noqa: ANN401 a database row
    """How long the answer and the end of the matter may still take, of a row with `CLOCKS`; None: no clock runs."""
    if row.status != "open":
        return None, None
    label = Words("Respuesta") if row.answered_at else Words("Primera respuesta")
    return (
        _clock(label, row.answer_warns_at, row.answer_due_at, moment),
        _clock(Words("Resolución"), row.resolution_warns_at, row.resolution_due_at, moment),
    )


def _clock(label: str, warns_at: datetime | None, due_at: datetime | None, moment: datetime) -> TargetView | None:
    if due_at is None:
        return None
    tone = clocks.tone(warns_at, due_at, moment)
    return TargetView(label=label, warns_at=warns_at or due_at, due_at=due_at, tone=tone)


def tags_of(text: str | None) -> list[TagView]:
    """The free tags in the column `TAGS`, by name."""
    # No name has a tab or a line end (see tagging).
    cut = [line.split("\t") for line in (text or "").split("\n") if line]
    return sorted((TagView(int(number), name, colour) for number, colour, name in cut), key=lambda tag: tag.name)


def place_of(row: Any, tags: Iterable[TagView]) -> Place:  # noqa: ANN401 a database row
    """What decides where a conversation is listed."""
    return Place(
        holder_id=row.holder_id,
        status=row.status,
        account_state=row.account_state,
        overdue_minor=row.overdue_minor,
        currency=row.currency,
        oldest_due_on=row.oldest_due_on,
        promise_on=row.promise_on,
        promise_state=row.promise_state,
        window_closes_at=row.window_closes_at,
        answer_warns_at=row.answer_warns_at,
        answer_due_at=row.answer_due_at,
        resolution_warns_at=row.resolution_warns_at,
        resolution_due_at=row.resolution_due_at,
        tag_ids=frozenset(tag.id for tag in tags),
    )


async def personal(tx: Tx, viewer: Viewer, facts: Sequence[RowFacts]) -> list[RowView]:
    """The rows with what `viewer` has not read, and where somebody mentioned them since."""
    marks = await read_marks(tx, [viewer.id], [fact.row.conversation_id for fact in facts])
    for fact in facts:
        make_personal(fact, marks.get((viewer.id, fact.row.conversation_id), NO_MARK))
    return [fact.row for fact in facts]


def make_personal(fact: RowFacts, mark: Mark) -> None:
    """Say on the row what somebody whose read mark is `mark` has not seen."""
    fact.row.unread = max(fact.inbound_count - mark.inbound_count, 0)
    fact.row.mentioned = mark.is_news


async def read_marks(tx: Tx, agent_ids: Iterable[int], conversation_ids: Iterable[int]) -> dict[tuple[int, int], Mark]:
    """How far each of these agents has read each of these conversations."""
    agents = set(agent_ids)
    if len(agents) == 1:
        rows = await fetch(tx, _MARKS_OF_ONE, {"agent": min(agents), "conversations": conversation_ids})
    else:
        # Of many agents, whatever there is of the conversations: agents times conversations would be looked up.
        rows = await fetch(tx, _MARKS, {"conversations": conversation_ids})
    return {(agent, conversation): Mark(*read) for agent, conversation, *read in rows if agent in agents}


async def tags_on(tx: Tx, conversation_id: int) -> list[TagView]:
    """The free tags of one conversation, by name."""
    text = await tx.scalar(select(TAGS).select_from(Conversation).where(Conversation.id == conversation_id))
    return tags_of(text)


_LABELS = select(Conversation.id, *STANDING, TAGS).outerjoin(PortfolioRules, RULES).where(among(Conversation.id, "ids"))


async def labels_of(tx: Tx, ids: Iterable[int]) -> dict[int, list[str]]:
    """What these conversations are tagged with, in words: the account state first, then the free tags by name."""
    found = await fetch(tx, _LABELS, {"ids": ids})
    return {row.id: _labels(standing(row), tags_of(row.tags)) for row in found}


def _labels(debts: StandingView | None, tags: Iterable[TagView]) -> list[str]:
    return [*([debts.label] if debts else []), *(tag.name for tag in tags)]
