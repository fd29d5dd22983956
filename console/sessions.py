"""Who is signed in: opaque tokens of which only the hash is kept, and when and how a session ends."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from litestar.datastructures import Cookie
from sqlalchemy import ColumnElement, func, select, update

from console import audit, clock, time_outs
from console.agents import Agent, AgentTeam, OwnRole, SecondFactor, SignInRules, SignInSession, Viewer
from console.audit import Actor
from console.db import Tx
from console.languages.readers import SPANISH
from console.settings import Settings

# How exactly "last seen" is known: a write for each page would cost more than it tells.
SEEN_EVERY = timedelta(minutes=1)


class Found(NamedTuple):
    """A session that holds, and whom it stands for."""

    viewer: Viewer
    seen_at: datetime
    expires_at: datetime


def hash_of(token: str) -> str:
    """What is kept of a token. It has 256 random bits, so a plain hash cannot be turned back."""
    return hashlib.sha256(token.encode()).hexdigest()


async def start(tx: Tx, agent: Agent, *, address: str, user_agent: str, language: str | None = None) -> str:
    """Sign `agent` in and return the new session's token, which is kept nowhere. Records session.started.

    `language` is the sign-in's: what is shown in this browser to whoever chose none of their own.
    """
    token, now = secrets.token_urlsafe(32), clock.now()
    bounds = await time_outs.in_force(tx)
    session = SignInSession(
        token_hash=hash_of(token),
        agent_id=agent.id,
        created_at=now,
        seen_at=now,
        expires_at=now + bounds.absolute,
        ended_at=None,
        address=address,
        user_agent=user_agent[:300],
        language=language,
    )
    tx.add(session)
    await tx.flush()
    by = Actor(kind="agent", id=agent.id, name=agent.name, origin=address)
    audit.record(tx, by, "session.started", subject=f"session:{session.id}", new={"agent_id": agent.id})
    return token


async def find(tx: Tx, token: str, *, address: str | None = None) -> Found | None:
    """The session of `token` with its viewer, in one query; None when it ended, expired or never was."""
    query = (
        select(
            SignInSession.id,
            SignInSession.created_at,
            SignInSession.seen_at,
            SignInSession.expires_at,
            func.coalesce(Agent.language, SignInSession.language, SPANISH),
            Agent.id,
            Agent.name,
            Agent.role,
            OwnRole.name,
            OwnRole.deeds,
            SecondFactor.confirmed_at,
            SignInRules.factor_roles,
            SignInRules.idle_minutes,
            SignInRules.absolute_minutes,
            AgentTeam.team_id,
        )
        .join(Agent, Agent.id == SignInSession.agent_id)
        .outerjoin(OwnRole, OwnRole.id == Agent.own_role_id)
        .outerjoin(AgentTeam, AgentTeam.agent_id == Agent.id)
        .outerjoin(SecondFactor, SecondFactor.agent_id == Agent.id)
        .outerjoin(SignInRules, SignInRules.id == 1)
        .where(
            SignInSession.token_hash == hash_of(token),
            SignInSession.ended_at.is_(None),
            Agent.disabled_at.is_(None),
        )
    )
    rows = (await tx.execute(query)).all()
    if not rows:
        return None
    session_id, begun_at, seen_at, expires_at, language, agent_id, name, role, *rest = rows[0]
    role_name, deeds, has_factor, must, idle, absolute, _ = rest
    bounds, now = time_outs.of(idle, absolute), clock.now()
    ends_at = min(expires_at, begun_at + bounds.absolute)
    if now >= ends_at or now >= seen_at + bounds.idle:
        return None
    teams = frozenset(row.team_id for row in rows if row.team_id is not None)
    viewer = Viewer(
        id=agent_id,
        name=name,
        role=role,
        team_ids=teams,
        deeds=None if deeds is None else frozenset(map(str, deeds)),
        role_name=role_name,
        session_id=session_id,
        address=address,
        language=language,
        owes_factor=has_factor is None and role in (must or ()),
    )
    return Found(viewer, seen_at, ends_at)


async def open_now(tx: Tx) -> tuple[ColumnElement[bool], ...]:
    """What makes a session hold at this moment, as conditions on SignInSession."""
    bounds, now = await time_outs.in_force(tx), clock.now()
    return (
        SignInSession.ended_at.is_(None),
        SignInSession.expires_at > now,
        SignInSession.created_at > now - bounds.absolute,
        SignInSession.seen_at > now - bounds.idle,
    )


async def ended_among(tx: Tx, session_ids: Collection[int | None]) -> Sequence[int]:
    """Those of these sessions that somebody ended."""
    query = select(SignInSession.id).where(SignInSession.id.in_(session_ids), SignInSession.ended_at.is_not(None))
    return (await tx.scalars(query)).all()


async def touch(tx: Tx, session_id: int) -> None:
    """Note that the session is in use; the idle time-out counts from here."""
    await tx.execute(update(SignInSession).where(SignInSession.id == session_id).values(seen_at=clock.now()))


async def end(tx: Tx, session_id: int, *, by: Actor, why: str, agent_id: int | None = None) -> bool:
    """End one session, of `agent_id` only if given. Records session.ended, on which its sockets close everywhere.

    Returns whether there was a session to end.
    """
    ending = (
        update(SignInSession)
        .where(SignInSession.id == session_id, SignInSession.ended_at.is_(None))
        .values(ended_at=clock.now())
        .returning(SignInSession.agent_id)
    )
    owner = await tx.scalar(ending if agent_id is None else ending.where(SignInSession.agent_id == agent_id))
    if owner is None:
        return False
    audit.record(tx, by, "session.ended", subject=f"session:{session_id}", new={"agent_id": owner, "why": why})
    return True


async def end_all(tx: Tx, agent_id: int, *, by: Actor, why: str, keep: int | None = None) -> int:
    """End every session of an agent except `keep`, and return how many. Records session.ended for each.

    When none is kept, one more entry names the agent: whatever they have open anywhere is to close.
    """
    ending = update(SignInSession).where(SignInSession.agent_id == agent_id, SignInSession.ended_at.is_(None))
    if keep is not None:
        ending = ending.where(SignInSession.id != keep)
    ended = sorted(await tx.scalars(ending.values(ended_at=clock.now()).returning(SignInSession.id)))
    for session_id in ended:
        audit.record(tx, by, "session.ended", subject=f"session:{session_id}", new={"agent_id": agent_id, "why": why})
    if keep is None:
        audit.record(tx, by, "session.ended", subject=f"agent:{agent_id}", new={"agent_id": agent_id, "why": why})
    return len(ended)


def cookie_name(settings: Settings) -> str:
    """`__Host-` ties the cookie to this very host; browsers grant it over https only."""
    return "__Host-aldia" if settings.is_https else "aldia"


def cookie(settings: Settings, token: str) -> Cookie:
    """The cookie that carries a session's token."""
    return Cookie(
        key=cookie_name(settings),
        value=token,
        path="/",
        max_age=int(time_outs.ABSOLUTE.total_seconds()),
        secure=settings.is_https,
        httponly=True,
        samesite="lax",
    )


def cookie_gone(settings: Settings) -> Cookie:
    """The same cookie, ended."""
    return replace(cookie(settings, ""), max_age=0)
