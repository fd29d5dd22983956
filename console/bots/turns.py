"""One turn: whatever has been heard since the last one is understood, decided, done and answered, in one transaction.

Understanding and links come before it, outside: a dead process in between has said nothing, and the next one begins
again. Whoever answers writes the step of that place in the thread, so nobody answers it twice.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import msgspec
from sqlalchemy import Select, func, or_, select, update

from console import audit
from console.agents import Agent
from console.bots import composing, conduct, deeds, gathering, handing, sessions
from console.bots.composing import Composed
from console.bots.decision import Decision, NeedsPerson, Reply, unheard
from console.bots.deeds import Scene
from console.bots.dialogue import decide
from console.bots.facts import LinkFact
from console.bots.gathering import Place
from console.bots.memory import SILENT, Asking, Bubble, Heard, read, written
from console.bots.models import BotSession, BotStep
from console.bots.wording import texts_in_force
from console.db import Tx
from console.inbox import assign, reply, thread
from console.inbox.channel import Channel
from console.inbox.contacts import Contact
from console.inbox.models import Conversation, Message

LEASE = timedelta(seconds=30)
MOST_BUBBLES = 100
"""Of what came together, the latest that are read."""
LATEST_ANSWERED = timedelta(hours=12)
"""What was written longer ago is a person's: the bot was down, or nobody had asked it."""


class Pending(msgspec.Struct, frozen=True):
    """A dialogue that waits for an answer, claimed, with what has been heard: up to `through` in the thread."""

    session_id: int
    conversation_id: int
    claim: str
    through: int
    bubbles: tuple[Bubble, ...]


class Answered(msgspec.Struct, frozen=True):
    """What a turn came to: `silent`, `spoke`, `again` (something else was heard), `links` that are needed first."""

    outcome: str
    links: tuple[tuple[int, int], ...] = ()
    decision: Decision | None = None
    message_id: int | None = None


def next_due(moment: datetime) -> Select[datetime | None]:
    """When the next dialogue is due that nobody is answering at `moment`."""
    free = or_(BotSession.claimed_until.is_(None), BotSession.claimed_until <= moment)
    return select(func.min(BotSession.due_at)).where(BotSession.due_at.is_not(None), free)


async def claim(tx: Tx, moment: datetime, *, limit: int = 20) -> list[tuple[int, str]]:
    """Take dialogues that are due, for as long as a lease lasts; two processes never take the same one."""
    due = (
        select(BotSession.id)
        .where(
            BotSession.due_at <= moment,
            or_(BotSession.claimed_until.is_(None), BotSession.claimed_until <= moment),
        )
        .order_by(BotSession.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    token = str(uuid.uuid4())
    ids = list(await tx.scalars(due))
    if ids:
        claimed = {"claim": token, "claimed_until": moment + LEASE}
        await tx.execute(update(BotSession).where(BotSession.id.in_(ids)).values(claimed))
    return [(number, token) for number in ids]


async def pending(tx: Tx, session_id: int, token: str) -> Pending | None:
    """What the dialogue has heard and not answered; None when the claim is gone."""
    session = await tx.get(BotSession, session_id)
    if session is None or session.claim != token or session.ended_at is not None:
        return None
    rows = await _heard(tx, session)
    quoted = await _quoted(tx, session, rows)
    bubbles = tuple(_bubble(row, quoted) for row in rows)
    through = max((row.sequence for row in rows), default=session.answered_sequence)
    return Pending(session_id, session.conversation_id, token, through, bubbles)


async def turn(
    tx: Tx,
    waiting: Pending,
    heard: Heard | None,
    *,
    place: Place,
    moment: datetime,
    links: Sequence[LinkFact] = (),
    failed: str | None = None,
    mute: bool = False,
) -> Answered:
    """Answer what has been heard, if the bot may speak and nobody else has; all of it or nothing.

    `mute`: nothing can be said to them, and only what holds all the same is done. Refuses as the verbs that it calls;
    then nothing is left of it, and it may be tried again with `failed`.
    """
    began = time.perf_counter()
    bot = await sessions.the_bot(tx)
    conversation = await tx.get_one(Conversation, waiting.conversation_id)
    await deeds.hold_accounts(tx, conversation.contact_id)
    conversation = await thread.lock(tx, conversation)
    session = await tx.get_one(BotSession, waiting.session_id, with_for_update=True, populate_existing=True)
    if session.claim != waiting.claim or session.ended_at is not None:
        return Answered("again")
    if max((row.sequence for row in await _heard(tx, session)), default=session.answered_sequence) != waiting.through:
        return Answered("again")
    rules = await conduct.rules_of(tx, conversation.team_id)
    until = await sessions.people_until(tx, conversation, rules, bot.id)
    may = sessions.leave(
        rules, conversation, bot_id=bot.id, is_open=place.is_open, people_until=until, moment=moment
    )  # fmt: skip
    if not may.given or heard is None or _is_late(heard, moment) or await _is_ours(tx, conversation):
        _rest(session, may.again_at if heard is not None else None)
        if heard is None:
            session.answered_sequence = waiting.through
        return Answered("silent")
    facts = await gathering.facts_of(
        tx, conversation, session, rules=rules, place=place, moment=moment, links=links, failed=failed
    )
    # As people speak where the number is from, with the helpline of that country.
    texts = await texts_in_force(tx, tone=rules.tone, country=facts.country)
    decision = decide(read(session.memory), heard, facts)
    if mute:
        left = unheard(decision, read(session.memory))
        if left is None:
            _rest(session, None)
            return Answered("silent")
        decision = left
    if any(facts.link_of(*wanted) is None for wanted in decision.links):
        return Answered("links", decision.links)
    if decision.reply is not None:
        await _take(tx, session, conversation, bot)
    scene = Scene(
        session=session,
        conversation=conversation,
        by=sessions.actor_of(bot),
        message_id=heard.bubbles[-1].message_id,
        words=heard.text,
        moment=moment,
    )
    step = _step(session, waiting, heard, decision, moment)
    tx.add(step)
    await tx.flush()
    results = await deeds.perform(tx, scene, decision.deeds)
    spoke = await _send(tx, scene, step, decision, composed=partial(
        composing.compose, texts=texts, company=place.company, results=results
    ))  # fmt: skip
    session.memory, session.answered_sequence = written(decision.memory), waiting.through
    session.last_at, session.failures = moment, 0
    session.version += 1
    _rest(session, None)
    step.took_ms = int((time.perf_counter() - began) * 1000)
    _record(tx, session, step, conversation, bot)
    if any(isinstance(deed, NeedsPerson) and deed.now for deed in decision.deeds):
        # People are here, or it cannot wait for them.
        await handing.hand_over(tx, session, conversation, bot=bot, zone=place.zone)
    await tx.flush()
    return Answered("spoke" if spoke else "silent", decision=decision, message_id=step.message_id)


async def _send(
    tx: Tx, scene: Scene, step: BotStep, decision: Decision, *, composed: Callable[[Reply], Composed]
) -> bool:
    """Queue what is said, if anything is, and keep with the step which texts said it."""
    if decision.reply is None:
        return False
    words = composed(decision.reply)
    sent = await reply.say(
        tx, scene.conversation, by=scene.by, text=words.text, choices=words.interactive,
        client_key=f"bot:{step.through_sequence}",
    )  # fmt: skip
    step.message_id, step.texts = sent.id, [list(each) for each in words.texts]
    scene.session.replies += 1
    return True


async def _heard(tx: Tx, session: BotSession) -> Sequence[Message]:
    """What the person wrote since the bot last answered, and since anybody else answered."""
    answered = (
        select(Message.sequence)
        .where(
            Message.conversation_id == session.conversation_id,
            Message.direction == "out",
            Message.author_kind.in_(["agent", "phone", "token"]),
        )
        .order_by(Message.sequence.desc())
        .limit(1)
    )
    since = max(session.answered_sequence, await tx.scalar(answered) or 0)
    wanted = select(Message).where(
        Message.conversation_id == session.conversation_id, Message.direction == "in", Message.sequence > since
    )
    rows = (await tx.scalars(wanted.order_by(Message.sequence.desc()).limit(MOST_BUBBLES))).all()
    return list(reversed(rows))


async def _quoted(tx: Tx, session: BotSession, rows: Sequence[Message]) -> dict[str, int]:
    """Where in the thread stand the messages of ours that these answer, by their id at WhatsApp."""
    wamids = {row.reply_to_wamid for row in rows if row.reply_to_wamid}
    if not wamids:
        return {}
    wanted = select(Message.wamid, Message.sequence).where(
        Message.conversation_id == session.conversation_id, Message.direction == "out", Message.wamid.in_(wamids)
    )
    return {wamid: sequence for wamid, sequence in await tx.execute(wanted) if wamid}


def _bubble(row: Message, quoted: Mapping[str, int]) -> Bubble:
    content = row.content or {}
    tapped = content.get("interactive") if isinstance(content.get("interactive"), dict) else None
    choice = tapped.get("id") if tapped else None
    return Bubble(
        message_id=row.id,
        sequence=row.sequence,
        kind=row.kind,
        at=row.created_at,
        text=row.text,
        choice=choice if isinstance(choice, str) else None,
        forwarded=row.forwarded,
        target_id=row.target_id,
        quotes=quoted.get(row.reply_to_wamid or ""),
        revoked=row.revoked_at is not None,
    )


def _is_late(heard: Heard, moment: datetime) -> bool:
    return moment - heard.bubbles[-1].at > LATEST_ANSWERED


async def _is_ours(tx: Tx, conversation: Conversation) -> bool:
    """Whether it is our own number that writes: two consoles would talk for ever."""
    channel = await tx.get_one(Channel, conversation.channel_id)
    contact = await tx.get_one(Contact, conversation.contact_id)
    ours = "".join(sign for sign in channel.display_phone_number or "" if sign.isdigit())
    return bool(ours) and contact.wa_id == ours


async def _take(tx: Tx, session: BotSession, conversation: Conversation, bot: Agent) -> None:
    if conversation.holder_id != bot.id:
        if conversation.holder_id is not None:
            session.former_holder_id = conversation.holder_id
        await assign.give(tx, conversation, by=sessions.actor_of(bot), to_id=bot.id, to_name=bot.name)


def _rest(session: BotSession, again_at: datetime | None) -> None:
    session.due_at, session.claim, session.claimed_until = again_at, None, None
    session.heard_at = None


def _step(session: BotSession, waiting: Pending, heard: Heard, decision: Decision, moment: datetime) -> BotStep:
    understood: dict[str, Any] = {
        "intents": [[intent.label, intent.score] for intent in heard.understood.intents],
        "rules": list(heard.understood.rules),
    }
    if heard.helped:
        understood["helped"] = heard.helped
    if heard.understood.doubt:
        understood["doubt"] = heard.understood.doubt
    return BotStep(
        session_id=session.id,
        conversation_id=session.conversation_id,
        number=session.replies + 1,
        at=moment,
        through_sequence=waiting.through,
        heard=[bubble.message_id for bubble in waiting.bubbles if bubble.kind not in SILENT],
        understood=understood,
        action=decision.action,
        asked=decision.memory.asking,
        deeds=[msgspec.to_builtins(deed) for deed in decision.deeds],
        texts=[],
        is_unclear=decision.is_unclear,
        took_ms=0,
    )


def _record(tx: Tx, session: BotSession, step: BotStep, conversation: Conversation, bot: Agent) -> None:
    by, subject = sessions.actor_of(bot), f"bot_session:{session.id}"
    audit.record(
        tx, by, "bot.understood", conversation_id=conversation.id, subject=subject,
        new={**step.understood, "messages": step.heard, "action": step.action},
    )  # fmt: skip
    if step.message_id is not None:
        new: dict[str, Any] = {"texts": step.texts, "step": step.id}
        if step.asked:
            new["asked"] = step.asked
        audit.record(
            tx,
            by,
            "bot.answered",
            conversation_id=conversation.id,
            message_id=step.message_id,
            subject=subject,
            new=new,
        )
    if step.asked == Asking.IDENTITY:
        audit.record(tx, by, "bot.identity_asked", conversation_id=conversation.id, subject=subject)
