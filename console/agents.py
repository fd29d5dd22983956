"""Who acts on our side: agents, the teams they belong to, and the tokens programs use."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import ForeignKey, Index, String, Text, select, text
from sqlalchemy.orm import Mapped, mapped_column

from console.audit import Actor
from console.db import Base, BigKey, Tx
from console.languages.readers import SPANISH


class Role(StrEnum):
    """What somebody on our side is. `bot` is an agent like any other and never signs in."""

    AGENT = "agent"
    SUPERVISOR = "supervisor"
    ADMIN = "admin"
    BOT = "bot"


class Team(Base):
    """Agents who share conversations. Every conversation belongs to one team."""

    __tablename__ = "team"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    name: Mapped[str] = mapped_column(Text, unique=True)
    created_at: Mapped[datetime]


class OwnRole(Base):
    """A role that the business made: the scope of teams of `base`, a built-in role, and the deeds it may do.

    `deeds` are those of `console.inbox.policy`, all of them: what is not named is not allowed.
    """

    __tablename__ = "own_role"
    __table_args__ = (
        Index(
            "uq_own_role_name",
            "name",
            unique=True,
            sqlite_where=text("retired_at IS NULL"),
            postgresql_where=text("retired_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    base: Mapped[str] = mapped_column(String(16))
    deeds: Mapped[list[Any]]
    created_at: Mapped[datetime]
    retired_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)


class Agent(Base):
    """Somebody who answers. `email` is kept in lower case and is the sign-in name; the bot has none.

    With `own_role_id`, `role` is that role's base: whatever asks about teams and scopes asks `role` alone.
    """

    __tablename__ = "agent"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    email: Mapped[str | None] = mapped_column(Text, unique=True)
    name: Mapped[str] = mapped_column(Text)
    role: Mapped[str] = mapped_column(String(16))
    own_role_id: Mapped[int | None] = mapped_column(ForeignKey("own_role.id"), index=True)
    password_hash: Mapped[str | None] = mapped_column(Text)
    disabled_at: Mapped[datetime | None]
    language: Mapped[str | None] = mapped_column(String(8))  # None: the one signed in with
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)


class AgentTeam(Base):
    """An agent's membership of a team."""

    __tablename__ = "agent_team"

    agent_id: Mapped[int] = mapped_column(ForeignKey("agent.id"), primary_key=True)
    team_id: Mapped[int] = mapped_column(ForeignKey("team.id"), primary_key=True, index=True)


class SignInSession(Base):
    """One browser signed in. Only the hash of its token is kept; ended rows stay as history."""

    __tablename__ = "sign_in_session"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    agent_id: Mapped[int] = mapped_column(ForeignKey("agent.id"), index=True)
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    address: Mapped[str] = mapped_column(Text)
    user_agent: Mapped[str] = mapped_column(Text)
    language: Mapped[str | None] = mapped_column(String(8))


class SecondFactor(Base):
    """Somebody's authenticator. `secret` is encrypted; `last_step` is the half minute of the last code that opened."""

    __tablename__ = "second_factor"

    agent_id: Mapped[int] = mapped_column(ForeignKey("agent.id"), primary_key=True)
    secret: Mapped[str] = mapped_column(Text)
    last_step: Mapped[int]
    created_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]  # None: begun, and not in force


class RecoveryCode(Base):
    """A code on paper, good once instead of the authenticator. Only a keyed hash is kept."""

    __tablename__ = "recovery_code"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    agent_id: Mapped[int] = mapped_column(ForeignKey("agent.id"), index=True)
    code_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class SignInRules(Base):
    """What the business asks of who signs in (one row): which roles need a second factor, how long a session holds.

    Minutes that are None: `time_outs` has the usual ones.
    """

    __tablename__ = "sign_in_rules"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    factor_roles: Mapped[list[Any]]
    idle_minutes: Mapped[int | None]
    absolute_minutes: Mapped[int | None]


class SignInThrottle(Base):
    """Failed sign-ins per key ("email:…" hashed, or "address:…"), and until when that key must wait."""

    __tablename__ = "sign_in_throttle"

    key: Mapped[str] = mapped_column(String(128), primary_key=True)
    failures: Mapped[int]
    last_failure_at: Mapped[datetime]
    blocked_until: Mapped[datetime | None]


class ApiToken(Base):
    """A program's key to /api/v1. Only the hash is kept; `scopes` names what it may do ("*" for all).

    `made_by` is None for one made at the command line; `used_at` is exact to the minute; None never `expires_at`.
    """

    __tablename__ = "api_token"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[list[Any]]
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    made_by: Mapped[int | None] = mapped_column(ForeignKey("agent.id"))
    used_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]


class Viewer(msgspec.Struct, frozen=True, kw_only=True):
    """The agent behind a request, with all that policy needs to decide; never holds a database row."""

    id: int
    name: str
    role: str
    team_ids: frozenset[int]
    deeds: frozenset[str] | None = None
    """What a role of the business's own may do; None: what the built-in role may."""
    role_name: str | None = None
    session_id: int | None = None
    address: str | None = None
    language: str = SPANISH
    """What screens are shown in to them; one of `console.languages.readers.TAGS`."""
    owes_factor: bool = False
    """Their role needs a second factor and they have none: until they do, nothing but that page opens."""

    @property
    def actor(self) -> Actor:
        """This viewer as the history names them."""
        return Actor(kind="bot" if self.role == Role.BOT else "agent", id=self.id, name=self.name, origin=self.address)

    @property
    def sees_all(self) -> bool:
        """Administrators and trusted programs are not bound to teams."""
        return self.role == Role.ADMIN

    @property
    def initials(self) -> str:
        """Two letters for the avatar."""
        words = self.name.split()
        return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()


async def own_deeds(tx: Tx, agent: Agent) -> frozenset[str] | None:
    """`Viewer.deeds` for an agent already read; a statement only for who holds a role of the business's own."""
    if agent.own_role_id is None:
        return None
    return frozenset(map(str, (await tx.scalars(select(OwnRole.deeds).where(OwnRole.id == agent.own_role_id))).one()))


async def viewer_of(tx: Tx, agent_id: int, *, address: str) -> Viewer | None:
    """An agent where the policy asks who looks, with the role and the teams of now; None who may not sign in any more.

    For what is done in their name while they are not there: `address` says by which door.
    """
    agent = await tx.get(Agent, agent_id)
    if agent is None or agent.disabled_at is not None:
        return None
    teams = frozenset(await tx.scalars(select(AgentTeam.team_id).where(AgentTeam.agent_id == agent_id)))
    deeds = await own_deeds(tx, agent)
    return Viewer(id=agent.id, name=agent.name, role=agent.role, team_ids=teams, deeds=deeds, address=address)
