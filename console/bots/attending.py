"""An alert of the bot is over once somebody of the team attends to its conversation: takes it, answers or resolves."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from console import audit
from console.agents import Agent
from console.audit import Actor, Entry
from console.bots.models import BotAlert
from console.db import Tx

_ATTENDS = frozenset({"message.queued", "conversation.assigned", "conversation.resolved"})


async def attended(tx: Tx, entries: Sequence[Entry]) -> None:
    """Close the alerts that these entries of the history answer. Announces bot.alert_seen.

    Costs nothing unless a person did something, and then one query.
    """
    done = [
        (each.conversation_id, each.actor_id, audit.instant(each.at_us))
        for each in entries
        if each.action in _ATTENDS and each.actor_kind == "agent" and each.conversation_id and each.actor_id
    ]
    if not done:
        return
    wanted = select(BotAlert).where(
        BotAlert.seen_at.is_(None), BotAlert.conversation_id.in_({conversation for conversation, _who, _at in done})
    )
    for alert in (await tx.scalars(wanted.order_by(BotAlert.id).with_for_update())).all():
        first = next(
            ((who, at) for conversation, who, at in done if conversation == alert.conversation_id and at >= alert.at),
            None,
        )
        if first is None:
            continue
        alert.seen_by_id, alert.seen_at = first
        agent = await tx.get_one(Agent, alert.seen_by_id)
        by = Actor(kind="agent", id=agent.id, name=agent.name)
        audit.record(tx, by, "bot.alert_seen", conversation_id=alert.conversation_id, new={"alert": alert.id})
