"""Reading the inbox: the only way from an id to a conversation, the lists, and the rows screens show.

Every page costs a constant number of queries, whatever the number of rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Select, select, tuple_, union_all

from console import audit
from console.agents import Agent, AgentTeam, Role, Team, Viewer
from console.bulk import among, fetch
from console.db import Tx
from console.errors import Refused, not_found
from console.inbox import counts, policy
from console.inbox.channel import Channel
from console.inbox.contacts import Contact
from console.inbox.models import Conversation, Draft, Message, ReadMark
from console.inbox.views import Banner, DraftView, HeaderView, RowView, ViewCount
from console.inbox.words import VIEWS
from integrations.whatsapp.numbers import display

PAGE = 30
PREVIEW = 160
LARGEST_ID = 2**63 - 1
# Kinds whose text is not what the line of the list should show.
_SILENT = frozenset({"event"})

Cursor = tuple[datetime, int]


async def open_conversation(tx: Tx, viewer: Viewer, conversation_id: int, *, lock: bool = False) -> Conversation:
    """The conversation, if it exists and `viewer` may see it; the only way an id from outside becomes one.

    Raises Refused(404) for both "is not" and "may not": ids must tell nothing.
    """
    if not 0 < conversation_id <= LARGEST_ID:
        raise not_found()
    wanted = select(Conversation).where(Conversation.id == conversation_id, policy.visible(viewer))
    conversation = (await tx.scalars(wanted.with_for_update() if lock else wanted)).one_or_none()
    if conversation is None:
        raise not_found()
    return conversation


def shows(view: str, viewer: Viewer, *, holder_id: int | None, status: str) -> bool:
    """Whether a conversation that `viewer` may see belongs in `view`. The twin of `_in_view`."""
    if view == "resolved":
        return status == "resolved"
    return status == "open" and (
        view == "all" or (view == "mine" and holder_id == viewer.id) or (view == "unassigned" and holder_id is None)
    )


def _in_view(view: str, viewer: Viewer) -> ColumnElement[bool]:
    status = Conversation.status == ("resolved" if view == "resolved" else "open")
    if view == "mine":
        return status & (Conversation.holder_id == viewer.id)
    return status & Conversation.holder_id.is_(None) if view == "unassigned" else status


def check_view(view: str) -> str:
    """A view's key, or Refused(422)."""
    if view not in VIEWS:
        raise Refused(422, "Esa vista no existe.", code="invalid", field="view")
    return view


async def inbox_rows(
    tx: Tx,
    viewer: Viewer,
    view: str,
    *,
    version: int,
    after: Cursor | None = None,
    limit: int = PAGE,
) -> tuple[list[RowView], Cursor | None]:
    """A page of a view, latest activity first, and where the next one begins (None at the end)."""
    ids = list(await tx.scalars(_page_of_ids(viewer, view, after, limit + 1)))
    found = await rows_by_id(tx, ids[:limit], version=version)
    rows = await personal(tx, viewer, found)
    rows.sort(key=lambda row: (row.at, row.conversation_id), reverse=True)
    more = len(ids) > limit and rows
    return rows, (rows[-1].at, rows[-1].conversation_id) if more else None


def _page_of_ids(viewer: Viewer, view: str, after: Cursor | None, limit: int) -> Select[int]:
    """Ids of one page. Each team is read along its own index and cut short, so the total number never matters."""
    scopes = (
        [policy.visible(viewer)]
        if viewer.sees_all
        else [Conversation.team_id == team for team in sorted(viewer.team_ids)]
    )
    if not viewer.sees_all and view != "unassigned":
        scopes.append(Conversation.holder_id == viewer.id)
    if view == "mine":
        scopes = [Conversation.holder_id == viewer.id]
    keys = (Conversation.last_at, Conversation.id)
    pages = []
    for scope in scopes:
        page = select(*keys).where(scope, _in_view(view, viewer))
        if after is not None:
            page = page.where(tuple_(*keys) < after)
        pages.append(page.order_by(*(key.desc() for key in keys)).limit(limit))
    if not pages:
        return select(Conversation.id).where(Conversation.id.is_(None))
    merged = (
        union_all(*(select(page.subquery()) for page in pages)).subquery() if len(pages) > 1 else pages[0].subquery()
    )
    return (
        select(merged.c.id)
        .group_by(merged.c.last_at, merged.c.id)
        .order_by(merged.c.last_at.desc(), merged.c.id.desc())
        .limit(limit)
    )


class RowFacts(msgspec.Struct):
    """A row before it is anybody's: unread depends on who looks."""

    row: RowView
    inbound_count: int


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
        Message.author_name,
        Message.content,
        Message.revoked_at,
    )
    .join(Contact, Contact.id == Conversation.contact_id)
    .outerjoin(Agent, Agent.id == Conversation.holder_id)
    .outerjoin(Message, Message.id == Conversation.last_message_id)
    .where(among(Conversation.id, "ids"))
)
_MARKS = select(ReadMark.agent_id, ReadMark.conversation_id, ReadMark.inbound_count).where(
    among(ReadMark.agent_id, "agents"), among(ReadMark.conversation_id, "conversations")
)
_HEADERS = (
    select(Conversation, Contact, Team.name, Agent.name)
    .join(Contact, Contact.id == Conversation.contact_id)
    .join(Team, Team.id == Conversation.team_id)
    .outerjoin(Agent, Agent.id == Conversation.holder_id)
    .where(among(Conversation.id, "ids"))
)
_MEMBERS = (
    select(AgentTeam.team_id, Agent.id, Agent.name)
    .join(Agent, AgentTeam.agent_id == Agent.id)
    .where(among(AgentTeam.team_id, "teams"), Agent.disabled_at.is_(None), Agent.role != Role.BOT)
    .order_by(Agent.name)
)


async def rows_by_id(tx: Tx, ids: Iterable[int], *, version: int) -> list[RowFacts]:
    """The list's rows of these conversations: one query."""
    wanted = list(ids)
    if not wanted:
        return []
    return [_row_facts(row, version) for row in await fetch(tx, _ROW, {"ids": wanted})]


def _row_facts(row: Any, version: int) -> RowFacts:  # noqa: ANN401 a database row
    name = contact_name(row.name, row.profile_name, row.username, row.wa_id)
    ours = row.direction == "out"
    text = (
        "Eliminó este mensaje"
        if row.revoked_at
        else row.text or (row.content or {}).get("body") or (row.content or {}).get("emoji") or ""
    )
    view = RowView(
        conversation_id=row.id,
        team_id=row.team_id,
        name=name,
        initials=initials(name),
        preview=str(text)[:PREVIEW],
        preview_kind=row.kind or "text",
        direction=row.direction or "none",
        last_status=row.message_status if ours else None,
        last_author=row.author_name.split()[0] if ours and row.author_name else None,
        at=row.last_at,
        unread=0,
        holder_id=row.holder_id,
        holder_name=row.holder_name,
        status=row.status,
        waiting_since=row.waiting_since,
        window_closes_at=row.window_closes_at,
        failed=row.message_status == "failed",
        version=version,
        position=int(row.last_at.timestamp() * 1000),
    )
    return RowFacts(view, row.inbound_count)


async def personal(tx: Tx, viewer: Viewer, facts: Sequence[RowFacts]) -> list[RowView]:
    """The rows with what `viewer` has not read."""
    marks = await read_marks(tx, [viewer.id], [fact.row.conversation_id for fact in facts])
    for fact in facts:
        fact.row.unread = unread(fact, marks.get((viewer.id, fact.row.conversation_id)))
    return [fact.row for fact in facts]


def unread(fact: RowFacts, mark: int | None) -> int:
    """How many inbound messages somebody whose read mark is `mark` has not seen."""
    return max(fact.inbound_count - (mark or 0), 0)


async def read_marks(tx: Tx, agent_ids: Iterable[int], conversation_ids: Iterable[int]) -> dict[tuple[int, int], int]:
    """How many inbound messages each of these agents has read in each of these conversations."""
    rows = await fetch(tx, _MARKS, {"agents": agent_ids, "conversations": conversation_ids})
    return {(agent_id, conversation_id): count for agent_id, conversation_id, count in rows}


async def header_of(tx: Tx, viewer: Viewer, conversation_id: int, moment: datetime) -> HeaderView:
    """The head of an open conversation, as `viewer` sees it."""
    bases = await headers_by_id(tx, [conversation_id], moment)
    return personal_header(bases[conversation_id], viewer)


async def headers_by_id(tx: Tx, ids: Iterable[int], moment: datetime) -> dict[int, HeaderFacts]:
    """The heads of these conversations before they are anybody's: two queries."""
    rows = (await tx.execute(_HEADERS, {"ids": ids})).all()
    members = await candidates(tx, {conversation.team_id for conversation, *_rest in rows})
    return {
        conversation.id: HeaderFacts(
            header=_header(conversation, contact, team, holder, moment),
            team_id=conversation.team_id,
            members=members.get(conversation.team_id, []),
        )
        for conversation, contact, team, holder in rows
    }


class HeaderFacts(msgspec.Struct):
    """A head before it is anybody's: what may be done with it depends on who looks."""

    header: HeaderView
    team_id: int
    members: list[tuple[int, str]]


def personal_header(facts: HeaderFacts, viewer: Viewer) -> HeaderView:
    """The head with what `viewer` may do."""
    holds = facts.header.holder_id == viewer.id
    may_assign = holds or policy.may(viewer, "assign_others")
    return msgspec.structs.replace(
        facts.header,
        holder_is_viewer=holds,
        can_assign=may_assign,
        candidates=facts.members if may_assign else [],
    )


def _header(
    conversation: Conversation,
    contact: Contact,
    team: str,
    holder: str | None,
    moment: datetime,
) -> HeaderView:
    window = policy.window(conversation, moment)
    name = contact_name(contact.name, contact.profile_name, contact.username, contact.wa_id)
    return HeaderView(
        conversation_id=conversation.id,
        name=name,
        initials=initials(name),
        phone=contact.wa_id,
        status=conversation.status,
        holder_id=conversation.holder_id,
        holder_name=holder,
        holder_is_viewer=False,
        team_name=team,
        version=conversation.version,
        window_opened_at=window.opened_at,
        window_closes_at=window.closes_at,
        free_text_until=window.free_text_until,
        window_is_open=window.is_open,
        can_assign=False,
        candidates=[],
        identity_note="identidad por confirmar" if contact.identity_doubt_at else None,
    )


async def candidates(tx: Tx, team_ids: Iterable[int]) -> dict[int, list[tuple[int, str]]]:
    """Who may be given a conversation of each of these teams, by name."""
    rows = await fetch(tx, _MEMBERS, {"teams": team_ids})
    members: dict[int, list[tuple[int, str]]] = {}
    for team_id, agent_id, name in rows:
        members.setdefault(team_id, []).append((agent_id, name))
    return members


async def view_counts(tx: Tx, viewer: Viewer) -> list[ViewCount]:
    """The views and their numbers."""
    return as_views(await counts.counts_for(tx, viewer))


def as_views(numbers: counts.Counts) -> list[ViewCount]:
    """Numbers as the sidebar lists them."""
    return [ViewCount(key=key, label=label, count=getattr(numbers, key)) for key, label in VIEWS.items()]


async def banner(tx: Tx) -> Banner | None:
    """What everybody must know about the number now."""
    paused = (
        await tx.execute(
            select(Channel.paused_kind, Channel.paused_reason).where(Channel.paused_at.is_not(None)).limit(1)
        )
    ).one_or_none()
    if paused is None:
        return None
    sentence = f"Envíos en pausa: {paused.paused_reason}. Puede leer, anotar y guardar borradores."
    return Banner(kind="paused", sentence=sentence)


async def draft_of(tx: Tx, viewer: Viewer, conversation_id: int) -> DraftView | None:
    """What `viewer` was last writing in this conversation."""
    found = (
        await tx.scalars(
            select(Draft)
            .where(Draft.agent_id == viewer.id, Draft.conversation_id == conversation_id, Draft.text != "")
            .order_by(Draft.updated_at.desc())
            .limit(1),
        )
    ).one_or_none()
    return DraftView(text=found.text, mode=found.mode, saved_at=found.updated_at) if found else None


async def head(tx: Tx) -> int:
    """The history's head: what is read after this is at least that new."""
    return await audit.head_of(tx)


def contact_name(name: str | None, profile_name: str | None, username: str | None, wa_id: str | None) -> str:
    """What to call somebody: the name we gave, else the one they give themselves, else their address."""
    at = f"@{username.lstrip('@')}" if username else None
    return name or profile_name or at or (display(wa_id) if wa_id else None) or "Sin nombre"


def initials(name: str) -> str:
    """Two letters for the avatar; a number has none."""
    letters = [word[0] for word in name.replace("@", "").split() if word[0].isalpha()]
    return "".join(letters[:1] + letters[1:][:1]).upper() or "?"


def cursor_text(cursor: Cursor | None) -> str | None:
    """A cursor as it travels in an address."""
    return f"{int(cursor[0].timestamp() * 1_000_000)}.{cursor[1]}" if cursor else None


def read_cursor(text: str | None) -> Cursor | None:
    """The other way; Refused(422) for anything else."""
    if not text:
        return None
    moment, _dot, number = text.partition(".")
    if not (text.isascii() and moment.isdigit() and number.isdigit() and len(moment) <= 17 and len(number) <= 18):
        raise Refused(422, "Ese cursor no es válido.", code="invalid", field="cursor")
    micro = int(moment)
    at = datetime.fromtimestamp(micro // 1_000_000, UTC).replace(microsecond=micro % 1_000_000)
    return at, int(number)
