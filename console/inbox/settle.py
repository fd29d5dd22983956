"""The outcome of a send: sent, refused for a reason, certainly not sent, or nobody knows."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
import structlog
from sqlalchemy import select

from console import audit, clock
from console.attachments import uploads
from console.audit import SYSTEM, Actor
from console.db import Tx
from console.inbox import consequences, pacing, ticks
from console.inbox.consequences import META, Failure
from console.inbox.deliver import Claimed
from console.inbox.models import RANK, Conversation, Message, Status, Tick
from console.reactions import giving
from integrations.whatsapp.codes import Action, Verdict

log = structlog.get_logger()
GIVE_UP_UNSENT = timedelta(hours=24)
"""How long a message that cannot reach WhatsApp at all is tried for."""
ANSWER_KEPT = 2000
"""Bytes of an answer nobody understood that are kept with the message."""


class Accepted(msgspec.Struct, frozen=True):
    """WhatsApp took it and called it `wamid`."""

    wamid: str


class Refused(msgspec.Struct, frozen=True):
    """WhatsApp certainly did not take it. `retry_after` in seconds, if the answer asked for a pause."""

    code: int | None
    verdict: Verdict
    details: str | None = None
    retry_after: float | None = None


class Unsent(msgspec.Struct, frozen=True):
    """No byte left: no connection, no name, no TLS. Certain, and worth another try."""

    reason: str


class Doubtful(msgspec.Struct, frozen=True):
    """It left, and no answer says what became of it."""

    reason: str
    answer: bytes = b""


class Malformed(msgspec.Struct, frozen=True):
    """Our own client would not send it: `problem` says why."""

    problem: str


Outcome = Accepted | Refused | Unsent | Doubtful | Malformed


async def settle(tx: Tx, outcomes: Sequence[tuple[Claimed, Outcome]]) -> None:
    """Write down how these sends ended, with what follows from it for contacts, windows and the channel.

    A status never moves back: what a tick already reported stays. Ticks that came before the answer are applied.
    Records message.sent, message.failed, message.requeued or message.unconfirmed.
    """
    conversations = await _locked_conversations(tx, {claimed.conversation_id for claimed, _ in outcomes})
    messages = await _locked_messages(tx, {claimed.id for claimed, _ in outcomes})
    failures: list[Failure] = []
    without_file: list[int] = []
    for claimed, outcome in sorted(outcomes, key=lambda pair: pair[0].id):
        message, conversation = messages[claimed.id], conversations[claimed.conversation_id]
        if isinstance(outcome, Accepted):
            _accepted(tx, message, conversation, outcome)
        elif _is_ours(message, claimed) and _lost_its_file(message, claimed, outcome):
            message.attempts += 1
            message.version += 1
            _requeue(tx, message, clock.now(), None, None)
            without_file.append(message.id)
        elif _is_ours(message, claimed):
            failure = _not_accepted(tx, message, conversation, outcome)
            failures += [failure] if failure else []
        else:
            log.info("send.outcome_overtaken", message_id=message.id, status=message.status)
    await _fold_early_ticks(tx, [messages[claimed.id] for claimed, each in outcomes if isinstance(each, Accepted)])
    await consequences.follow(tx, failures)
    await tx.flush()
    if failed := [message.id for message in messages.values() if message.status == Status.FAILED]:
        await giving.undo(tx, failed)
    if without_file:
        await uploads.wait_again(tx, without_file, forget=True)


async def _locked_conversations(tx: Tx, ids: set[int]) -> dict[int, Conversation]:
    held = select(Conversation).where(Conversation.id.in_(ids)).order_by(Conversation.id).with_for_update()
    return {row.id: row for row in await tx.scalars(held.execution_options(populate_existing=True))}


async def _locked_messages(tx: Tx, ids: set[int]) -> dict[int, Message]:
    held = select(Message).where(Message.id.in_(ids)).order_by(Message.id).with_for_update()
    return {row.id: row for row in await tx.scalars(held.execution_options(populate_existing=True))}


def _is_ours(message: Message, claimed: Claimed) -> bool:
    """Whether nobody has settled or taken over the message since it was claimed."""
    return message.claim == claimed.claim and message.status in {Status.SENDING, Status.UNKNOWN}


def _lost_its_file(message: Message, claimed: Claimed, outcome: Outcome) -> bool:
    """Whether WhatsApp says it does not have the file any more: it is uploaded again, once."""
    refused = isinstance(outcome, Refused) and outcome.code in uploads.FORGOTTEN_CODES
    return refused and claimed.file is not None and message.attempts == 0 and message.status == Status.SENDING


def _accepted(tx: Tx, message: Message, conversation: Conversation, outcome: Accepted) -> None:
    """Whatever happened meanwhile, it was taken: the one thing that may not be forgotten, or it is sent twice."""
    conversation.pair_refusals, conversation.held_back_until = 0, None
    message.claim = message.claimed_until = None
    message.wamid = message.wamid or outcome.wamid
    if RANK[Status(message.status)] >= RANK[Status.SENT]:
        return
    message.status = Status.SENT
    message.error_code = message.error_details = None
    message.version += 1
    _record(tx, message, META, "message.sent", wamid=outcome.wamid)


def _not_accepted(
    tx: Tx,
    message: Message,
    conversation: Conversation,
    outcome: Refused | Unsent | Doubtful | Malformed,
) -> Failure | None:
    message.version += 1
    match outcome:
        case Doubtful():
            _doubt(tx, message, outcome)
        case Malformed():
            _fail(tx, message, None, outcome.problem)
        case Unsent():
            _unsent(tx, message, outcome)
        case Refused():
            return _refused(tx, message, conversation, outcome)
    return None


def _doubt(tx: Tx, message: Message, outcome: Doubtful) -> None:
    message.status, message.error_code, message.error_details = Status.UNKNOWN, None, outcome.reason
    if outcome.answer:
        kept = outcome.answer[:ANSWER_KEPT].decode("utf-8", "replace")
        message.payload = kept.replace("\0", "\N{REPLACEMENT CHARACTER}")
    _record(tx, message, SYSTEM, "message.unconfirmed", reason=outcome.reason)


def _unsent(tx: Tx, message: Message, outcome: Unsent) -> None:
    age = clock.now() - message.created_at
    if age > GIVE_UP_UNSENT or message.status == Status.UNKNOWN:
        _fail(tx, message, None, outcome.reason)
        return
    # The longer it has waited, the longer between two tries: no counter is needed where every failure is alike.
    delay = min(max(age / 4, timedelta(seconds=1)), pacing.LONGEST_RETRY) * random.uniform(0.5, 1)  # noqa: S311
    _requeue(tx, message, clock.now() + delay, None, outcome.reason)


def _refused(tx: Tx, message: Message, conversation: Conversation, outcome: Refused) -> Failure:
    action = outcome.verdict.action
    delay = _delay(message, conversation, outcome)
    if action is Action.UNKNOWN_OUTCOME:
        _doubt(tx, message, Doubtful(outcome.verdict.meaning, (outcome.details or "").encode()))
    elif message.status == Status.UNKNOWN:
        # A person may have sent it again by now; that it failed is certain, so nobody needs to wonder any more.
        _fail(tx, message, outcome.code, outcome.details)
    elif action is Action.PAUSE_CHANNEL:
        _requeue(tx, message, clock.now(), outcome.code, outcome.details)
    elif outcome.verdict.retryable and message.attempts < outcome.verdict.tries:
        message.attempts += 1
        if action is Action.PAIR_BACKOFF:
            conversation.pair_refusals += 1
            conversation.held_back_until = clock.now() + delay
        _requeue(tx, message, clock.now() + delay, outcome.code, outcome.details)
    else:
        _fail(tx, message, outcome.code, outcome.details)
    return Failure(message.id, outcome.code, outcome.verdict, delay if action is Action.SLOW_NUMBER else None)


def _delay(message: Message, conversation: Conversation, outcome: Refused) -> timedelta:
    """How long until another try makes sense, by what was refused: the pair, or the message."""
    if outcome.verdict.action is Action.PAIR_BACKOFF:
        asked = timedelta(seconds=min(outcome.retry_after or 0, pacing.LONGEST_RETRY_AFTER.total_seconds()))
        return max(pacing.pair_backoff(conversation.pair_refusals), asked)
    return pacing.retry_delay(
        message.attempts,
        first=outcome.verdict.wait,
        jitter=random.random(),  # noqa: S311 it spreads load, it guards nothing
        retry_after=outcome.retry_after,
    )


def _requeue(tx: Tx, message: Message, due_at: datetime, code: int | None, details: str | None) -> None:
    message.status, message.due_at = Status.QUEUED, due_at
    message.claim = message.claimed_until = message.wired_at = None
    message.error_code, message.error_details = code, details
    _record(tx, message, SYSTEM, "message.requeued", code=code, due_at=due_at)


def _fail(tx: Tx, message: Message, code: int | None, details: str | None) -> None:
    message.status, message.error_code, message.error_details = Status.FAILED, code, details
    message.claim = message.claimed_until = None
    _record(tx, message, META if code else SYSTEM, "message.failed", code=code)


async def _fold_early_ticks(tx: Tx, messages: Sequence[Message]) -> None:
    """Apply the ticks that overtook the answer; a glance for the whole batch, because nearly always there are none."""
    if not messages:
        return
    early = set(
        await tx.scalars(
            select(Tick.wamid).where(
                Tick.channel_id == messages[0].channel_id,
                Tick.wamid.in_([message.wamid for message in messages]),
                Tick.message_id.is_(None),
            ),
        ),
    )
    for message in messages:
        if message.wamid in early:
            await ticks.fold(tx, message)


def _record(tx: Tx, message: Message, actor: Actor, action: str, **new: object) -> None:
    audit.record(
        tx,
        actor,
        action,
        conversation_id=message.conversation_id,
        message_id=message.id,
        new={"status": message.status, **{name: value for name, value in new.items() if value is not None}},
    )
