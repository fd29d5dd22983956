"""Drawing each agent's sample of the week that is over. The database settles who draws; the history, from what."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from console import audit, clock
from console.agents import Agent, Role
from console.audit import SYSTEM, AuditEntry
from console.db import Tx, dialect_of
from console.evidence.searching import SLACK, first_at
from console.inbox.contacts import Contact
from console.inbox.models import Conversation, Message
from console.portfolio.states import day_begins
from console.quality import drawing
from console.quality.keeping import form_in_force
from console.quality.models import QualityDraw, QualityFlag, QualityPick
from console.word_lists import matching, reading

_SLACK = SLACK // timedelta(microseconds=1)


class Worked(NamedTuple):
    """What an agent said in a week: the first and the last message by conversation."""

    agent_id: int
    spans: Mapping[int, tuple[int, int]]


async def undrawn(tx: Tx, week_on: date, zone: ZoneInfo) -> list[Worked]:
    """Agents who wrote to somebody in the week of this Monday and whose sample nobody has drawn.

    Who spoke is read from the history, by its index of actors: its cost is that of what those agents did.
    """
    top = await audit.head_of(tx) + 1
    begins, ends = (_microseconds(day_begins(day, zone)) for day in (week_on, week_on + drawing.WEEK))
    low, high = await first_at(tx, begins - _SLACK, top), await first_at(tx, ends + _SLACK, top)
    if low == high:
        return []
    drawn = select(QualityDraw.agent_id).where(QualityDraw.week_on == week_on)
    agents = select(Agent.id).where(Agent.role == Role.AGENT, Agent.id.not_in(drawn)).order_by(Agent.id)
    spoke = (
        select(AuditEntry.conversation_id, func.min(AuditEntry.message_id), func.max(AuditEntry.message_id))
        .join(Conversation, Conversation.id == AuditEntry.conversation_id)
        .where(
            AuditEntry.actor_kind == "agent",
            AuditEntry.action == "message.queued",
            AuditEntry.id >= low,
            AuditEntry.id < high,
            AuditEntry.at_us >= begins,
            AuditEntry.at_us < ends,
            Conversation.status != "merged",
        )
        .group_by(AuditEntry.conversation_id)
    )
    found = []
    for agent_id in list(await tx.scalars(agents)):
        rows = await tx.execute(spoke.where(AuditEntry.actor_id == agent_id))
        if spans := {number: (first, last) for number, first, last in rows if number and first and last}:
            found.append(Worked(agent_id, spans))
    return found


async def draw_for(tx: Tx, worked: Worked, week_on: date) -> int:
    """Draw the sample of an agent's week, leaving out what was drawn for them lately; say how many it holds.

    A conversation lasts as long as the debt: after the form's weeks of rest it may be drawn again.

    Whoever comes second finds the claim and draws nothing. Records "quality.sampled", without the conversation: which
    one is looked at is for who leads.
    """
    form = await form_in_force(tx)
    lately = select(QualityPick.conversation_id).where(
        QualityPick.agent_id == worked.agent_id,
        QualityPick.week_on > week_on - form.rest_weeks * drawing.WEEK,
        QualityPick.week_on <= week_on,
    )
    fresh = set(worked.spans) - set(await tx.scalars(lately))
    seed, now = secrets.token_hex(16), clock.now()
    claim = {"agent_id": worked.agent_id, "week_on": week_on}
    about = {"seed": seed, "form_version": form.version, "found": len(fresh), "created_at": now}
    insert = sqlite_insert if dialect_of(tx) == "sqlite" else postgresql_insert
    claiming = insert(QualityDraw).values(**claim, **about).on_conflict_do_nothing(index_elements=list(claim))
    if (await tx.scalars(claiming.returning(QualityDraw.agent_id))).one_or_none() is None:
        return 0
    picked = drawing.draw(seed, fresh, form.per_week)
    rows = [
        QualityPick(**claim, conversation_id=number, message_id=worked.spans[number][1], created_at=now)
        for number in picked
    ]
    tx.add_all(rows)
    await tx.flush()
    flags = await _flag(tx, worked, rows)
    audit.record(
        tx,
        SYSTEM,
        "quality.sampled",
        subject=f"agent:{worked.agent_id}",
        new={
            "week": week_on.isoformat(),
            "seed": seed,
            "form": form.version,
            "rest_weeks": form.rest_weeks,
            "found": len(fresh),
            "picked": picked,
            "flags": flags,
        },
    )
    return len(picked)


async def _flag(tx: Tx, worked: Worked, picks: Sequence[QualityPick]) -> list[dict[str, object]]:
    """Mark what is to be looked at in the agent's own messages of the week, in one question for all of them."""
    by_conversation = {pick.conversation_id: pick.id for pick in picks}
    said = (
        select(Message.id, Message.conversation_id, Message.text, Contact.wa_id)
        .join(Conversation, Conversation.id == Message.conversation_id)
        .join(Contact, Contact.id == Conversation.contact_id)
        .where(
            Message.conversation_id.in_(by_conversation),
            Message.author_kind == "agent",
            Message.author_id == worked.agent_id,
            Message.direction == "out",
            Message.text.is_not(None),
        )
        .order_by(Message.id)
    )
    found, choices = [], await reading.choices(tx)
    for message_id, conversation_id, text, phone in await tx.execute(said):
        first, last = worked.spans[conversation_id]
        for kind, words in matching.found(text or "", phone, choices) if first <= message_id <= last else ():
            tx.add(QualityFlag(pick_id=by_conversation[conversation_id], message_id=message_id, kind=kind, words=words))
            found.append({"message": message_id, "kind": kind})
    return found


def _microseconds(at: datetime) -> int:
    return int(at.timestamp()) * 1_000_000
