"""A dialogue's life: who the bot is, opening, resuming and ending one, and whether it may speak now."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import func, select, text

from console import audit, clock
from console.agents import Agent, Role
from console.audit import Actor
from console.bots.memory import Memory, read, written
from console.bots.models import BotRules, BotSession, Mode
from console.db import Tx, dialect_of
from console.hours.reading import hours_of
from console.hours.working import Hours
from console.inbox import assign
from console.inbox.models import Conversation, Message

NAME = "Asistente automático"
RESUMES_WITHIN = timedelta(days=7)
"""How long after it ended a dialogue is taken up again rather than begun anew."""
TRIES_COUNT_FOR = timedelta(days=1)
"""How long whoever answered wrong too often is left to a person, if nobody guesses beside them."""
IDLE_AFTER = timedelta(hours=12)
"""A dialogue in which nobody said anything for so long is over."""
_PEOPLE = ("agent", "phone")
"""Kinds of authors that are somebody, here and now."""
_LETS_GO = frozenset({"released", "transferred"})


async def the_bot(tx: Tx) -> Agent:
    """The agent that the bot is; made when it first speaks. It has no password and never signs in."""
    wanted = select(Agent).where(Agent.role == Role.BOT, Agent.disabled_at.is_(None)).order_by(Agent.id).limit(1)
    found = (await tx.scalars(wanted)).one_or_none()
    if found is not None:
        return found
    if dialect_of(tx) == "postgresql":
        await tx.execute(text("SELECT pg_advisory_xact_lock(7206, 1)"))
        found = (await tx.scalars(wanted)).one_or_none()
        if found is not None:
            return found
    agent = Agent(name=NAME, role=Role.BOT, created_at=clock.now())
    tx.add(agent)
    await tx.flush()
    audit.record(tx, audit.SYSTEM, "agent.created", subject=f"agent:{agent.id}", new={"role": Role.BOT})
    return agent


def actor_of(bot: Agent) -> Actor:
    """The bot as the history names it."""
    return Actor(kind="bot", id=bot.id, name=bot.name)


def begin(conversation: Conversation, before: BotSession | None, moment: datetime) -> BotSession:
    """A new dialogue, which takes up the last one's thread if that has not been cold for long."""
    session = BotSession(
        conversation_id=conversation.id,
        team_id=conversation.team_id,
        memory=written(Memory()),
        answered_sequence=0,
        replies=0,
        urgency=0,
        failures=0,
        opened_at=moment,
        last_at=moment,
        version=1,
    )
    if before is None:
        return session
    session.answered_sequence = before.answered_sequence
    if before.ended_at is not None and moment - before.ended_at < RESUMES_WITHIN:
        kept = read(before.memory)
        # Tries go on counting for a day, and for longer in the caps of the number and the debtor; what was asked and
        # told belongs to the summary of the night that is over.
        tries = kept.tries if moment - before.last_at < TRIES_COUNT_FOR else 0
        session.memory = written(
            msgspec.structs.replace(kept, asked=(), told=(), misses=0, tries=tries, third_party=False)
        )
        session.resumes_id = before.id
        if not kept.third_party:
            # Who said to be somebody else is nobody known: whoever comes next proves who they are.
            session.debtor_id, session.verified_at = before.debtor_id, before.verified_at
            session.verified_how = before.verified_how
    return session


async def end(tx: Tx, session: BotSession, conversation: Conversation, *, why: str, bot: Agent) -> None:
    """Close the dialogue, whose conversation the caller holds; if the bot held it, anybody of the team may take it.

    Announces bot.session_ended.
    """
    session.ended_at, session.ended_why = clock.now(), why
    session.due_at = session.claim = session.claimed_until = None
    session.version += 1
    await tx.flush()
    if conversation.holder_id == bot.id:
        await assign.release(tx, conversation, by=actor_of(bot))
    audit.record(
        tx,
        actor_of(bot),
        "bot.session_ended",
        conversation_id=conversation.id,
        subject=f"bot_session:{session.id}",
        new={"why": why, "replies": session.replies, "reason": session.reason},
    )


class Leave(msgspec.Struct, frozen=True):
    """Whether the bot may speak now; if not, `again_at` is when it should look once more, None being never."""

    given: bool
    again_at: datetime | None = None


def leave(
    rules: BotRules, conversation: Conversation, *, bot_id: int, is_open: bool, people_until: datetime | None,
    moment: datetime,
) -> Leave:  # fmt: skip
    """Whether the bot may speak in `conversation` at `moment`.

    `people_until`: until then somebody who was there is left to speak. Pure.
    """
    is_paused = rules.paused_until is not None and rules.paused_until > moment
    if rules.mode == Mode.OFF or is_paused or conversation.status == "merged":
        return Leave(given=False)
    is_held = conversation.holder_id not in {None, bot_id}
    if is_open and (rules.mode == Mode.AFTER_HOURS or (rules.mode == Mode.ALWAYS and is_held)):
        return Leave(given=False)
    answers_at = moment
    if is_open and rules.mode == Mode.UNANSWERED and conversation.holder_id != bot_id:
        if conversation.waiting_since is None:
            return Leave(given=False)
        answers_at = conversation.waiting_since + timedelta(minutes=rules.unanswered_minutes)
    answers_at = max(answers_at, people_until or moment)
    return Leave(given=False, again_at=answers_at) if answers_at > moment else Leave(given=True)


async def people_until(tx: Tx, conversation: Conversation, rules: BotRules, bot_id: int) -> datetime | None:
    """Until when the bot leaves the word to somebody who was here a moment ago; None when nobody was."""
    last = (
        select(Message.created_at, Message.kind, Message.content)
        .where(Message.conversation_id == conversation.id, Message.author_kind.in_(_PEOPLE))
        .order_by(Message.sequence.desc())
        .limit(1)
    )
    row = (await tx.execute(last)).one_or_none()
    if row is None:
        return None
    at, kind, content = row
    done = content or {}
    if kind == "event" and (done.get("action") in _LETS_GO or done.get("to_id") == bot_id):
        # They gave it back: to the team, or to the bot itself.
        return None
    until: datetime = at + timedelta(minutes=rules.quiet_minutes)
    return until


async def is_given_back(tx: Tx, conversation: Conversation, bot_id: int) -> bool:
    """Whether the last thing a person did here was to leave it to the bot."""
    last = (
        select(Message.kind, Message.content)
        .where(Message.conversation_id == conversation.id, Message.author_kind.in_(_PEOPLE))
        .order_by(Message.sequence.desc())
        .limit(1)
    )
    row = (await tx.execute(last)).one_or_none()
    return row is not None and row.kind == "event" and (row.content or {}).get("to_id") == bot_id


async def live_of(tx: Tx, conversation_id: int) -> BotSession | None:
    """The dialogue that has not ended, held until `tx` does."""
    wanted = select(BotSession).where(BotSession.conversation_id == conversation_id, BotSession.ended_at.is_(None))
    return (await tx.scalars(wanted.with_for_update().execution_options(populate_existing=True))).one_or_none()


async def latest_of(tx: Tx, conversation_ids: Collection[int]) -> dict[int, BotSession]:
    """The last dialogue of each conversation that has had one, ended or not."""
    last = (
        select(func.max(BotSession.id))
        .where(BotSession.conversation_id.in_(conversation_ids))
        .group_by(BotSession.conversation_id)
    )
    found = await tx.scalars(select(BotSession).where(BotSession.id.in_(last)))
    return {session.conversation_id: session for session in found}


def _waits(session: BotSession, mode: str) -> bool:
    return mode == Mode.UNANSWERED or bool(session.urgency)


async def over(tx: Tx, open_teams: Collection[int], moment: datetime) -> list[tuple[int, str]]:
    """Dialogues that are to be left to people now, the most urgent first, and why: morning, off, idle.

    Where the bot speaks by day too, the morning is that of what was said at night: all of it where it answers only
    what nobody does, and else what needs a person.
    """
    wanted = (
        select(BotSession, func.coalesce(BotRules.mode, Mode.AFTER_HOURS))
        .outerjoin(BotRules, BotRules.team_id == BotSession.team_id)
        .where(BotSession.ended_at.is_(None))
        .order_by(BotSession.urgency.desc(), BotSession.opened_at, BotSession.id)
        .limit(500)
    )
    found = []
    hours: dict[int, Hours] = {}
    for session, mode in (await tx.execute(wanted)).all():
        is_open = session.team_id in open_teams
        if is_open and mode in {Mode.UNANSWERED, Mode.ALWAYS} and session.team_id not in hours:
            hours[session.team_id] = await hours_of(tx, session.team_id)
        if mode == Mode.OFF:
            found.append((session.id, "off"))
        elif (mode == Mode.AFTER_HOURS and is_open) or (
            session.team_id in hours and not hours[session.team_id].is_open(session.last_at) and _waits(session, mode)
        ):
            found.append((session.id, "morning"))
        elif moment - session.last_at > IDLE_AFTER:
            found.append((session.id, "idle"))
    return found
