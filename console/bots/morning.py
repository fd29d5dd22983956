"""What the bot has left to people and nobody has answered yet: the queue of the morning, the most urgent first.

A conversation leaves it by itself: when somebody answers, when it is resolved or put off, when the bot is asked again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import select

from console.agents import Agent, Role, Team, Viewer
from console.bots.models import BotSession
from console.db import Tx
from console.inbox import policy
from console.inbox.contacts import Contact
from console.inbox.models import Conversation
from console.inbox.queries import contact_name
from console.languages.recalled import recalled

LATELY = timedelta(days=7)
"""Longer than any holiday; what has waited longer is the inbox's, like all that waits."""
MOST = 200
CANNOT_WAIT = 80
"""From this urgency on a person is needed before anybody else is."""


class Left(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation in the queue. `summary` is two lines of facts; `waits_since` is the oldest message unanswered."""

    conversation_id: int
    name: str
    team: str
    reason: str | None
    urgency: int
    summary: str
    waits_since: datetime
    holder: str | None
    is_theirs: bool

    @property
    def cannot_wait(self) -> bool:
        """Whether it comes before everything else."""
        return self.urgency >= CANNOT_WAIT


async def left_to_people(tx: Tx, viewer: Viewer, moment: datetime, *, limit: int = MOST) -> list[Left]:
    """What `viewer` may see of it, one line a conversation: its gravest dialogue's. One query."""
    wanted = (
        select(BotSession, Conversation, Contact, Team.name, Agent.name)
        .join(Conversation, Conversation.id == BotSession.conversation_id)
        .join(Contact, Contact.id == Conversation.contact_id)
        .join(Team, Team.id == Conversation.team_id)
        .outerjoin(Agent, Agent.id == Conversation.holder_id)
        .where(
            BotSession.opened_at >= moment - LATELY,
            BotSession.urgency > 0,
            Conversation.status == "open",
            # Written since, to whoever has answered meanwhile, it is an ordinary wait.
            Conversation.waiting_since <= BotSession.handed_at,
            Agent.role.is_distinct_from(Role.BOT),
            policy.visible(viewer),
        )
        .order_by(BotSession.urgency.desc(), Conversation.waiting_since, BotSession.id.desc())
        # One conversation has seldom more than a dialogue a night.
        .limit(limit * 2)
    )
    found: dict[int, Left] = {}
    rows: Sequence[Any] = (await tx.execute(wanted)).all()
    for session, conversation, contact, team, holder in rows:
        found.setdefault(
            conversation.id,
            Left(
                conversation_id=conversation.id,
                name=contact_name(contact.name, contact.profile_name, contact.username, contact.wa_id),
                team=team,
                reason=session.reason,
                urgency=session.urgency,
                summary=recalled(session.summary or ""),
                waits_since=conversation.waiting_since,
                holder=holder,
                is_theirs=conversation.holder_id == viewer.id,
            ),
        )
    return list(found.values())[:limit]
