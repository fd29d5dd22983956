"""The head of an open conversation: who it is, how the debt stands, who attends to it and what may be done."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import select

from console import masking
from console.agents import Agent, AgentTeam, Role, Team, Viewer
from console.bulk import among, fetch
from console.db import Tx
from console.inbox import policy
from console.inbox.contacts import Contact
from console.inbox.models import Conversation
from console.inbox.queries import contact_name, initials
from console.inbox.rows import CLOCKS, RULES, STANDING, clocks_of, standing
from console.inbox.views import HeaderView
from console.languages.words import Words
from console.portfolio.models import PortfolioRules

_HEADERS = (
    select(
        Conversation.id,
        Conversation.team_id,
        Conversation.status,
        Conversation.holder_id,
        Conversation.version,
        Conversation.window_opened_at,
        Conversation.window_closes_at,
        Contact.name,
        Contact.profile_name,
        Contact.username,
        Contact.wa_id,
        Contact.identity_doubt_at,
        Team.name.label("team"),
        Agent.name.label("holder"),
        Agent.role.label("holder_role"),
        *STANDING,
        *CLOCKS,
    )
    .join(Contact, Contact.id == Conversation.contact_id)
    .join(Team, Team.id == Conversation.team_id)
    .outerjoin(Agent, Agent.id == Conversation.holder_id)
    .outerjoin(PortfolioRules, RULES)
    .where(among(Conversation.id, "ids"))
)
_MEMBERS = (
    select(AgentTeam.team_id, Agent.id, Agent.name)
    .join(Agent, AgentTeam.agent_id == Agent.id)
    .where(among(AgentTeam.team_id, "teams"), Agent.disabled_at.is_(None), Agent.role != Role.BOT)
    .order_by(Agent.name)
)


async def header_of(tx: Tx, viewer: Viewer, conversation_id: int, moment: datetime) -> HeaderView:
    """The head of an open conversation, as `viewer` sees it."""
    bases = await headers_by_id(tx, [conversation_id], moment)
    return personal_header(bases[conversation_id], viewer)


async def headers_by_id(tx: Tx, ids: Iterable[int], moment: datetime) -> dict[int, HeaderFacts]:
    """The heads of these conversations before they are anybody's: two queries."""
    rows = await fetch(tx, _HEADERS, {"ids": ids})
    members = await candidates(tx, {row.team_id for row in rows})
    return {
        row.id: HeaderFacts(
            header=_header(row, moment),
            team_id=row.team_id,
            members=members.get(row.team_id, []),
        )
        for row in rows
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


def _header(row: Any, moment: datetime) -> HeaderView:  # noqa: ANN401 a database row
    window = policy.window(row, moment)
    answer, resolution = clocks_of(row, moment)
    name = contact_name(row.name, row.profile_name, row.username, row.wa_id)
    return HeaderView(
        conversation_id=row.id,
        name=name,
        initials=initials(name),
        phone=masking.phone(row.wa_id) if row.wa_id else None,
        status=row.status,
        holder_id=row.holder_id,
        holder_name=row.holder,
        holder_is_bot=row.holder_role == Role.BOT,
        holder_is_viewer=False,
        team_name=row.team,
        version=row.version,
        window_opened_at=window.opened_at,
        window_closes_at=window.closes_at,
        free_text_until=window.free_text_until,
        window_is_open=window.is_open,
        can_assign=False,
        candidates=[],
        standing=standing(row),
        answer=answer,
        resolution=resolution,
        identity_note=Words("identidad por confirmar") if row.identity_doubt_at else None,
    )


async def candidates(tx: Tx, team_ids: Iterable[int]) -> dict[int, list[tuple[int, str]]]:
    """Who may be given a conversation of each of these teams, by name."""
    rows = await fetch(tx, _MEMBERS, {"teams": team_ids})
    members: dict[int, list[tuple[int, str]]] = {}
    for team_id, agent_id, name in rows:
        members.setdefault(team_id, []).append((agent_id, name))
    return members
