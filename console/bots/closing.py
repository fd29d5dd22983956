"""What the day leaves behind: whoever wrote before closing and stands in the queue unanswered is answered by the bot.

What arrives while people attend is theirs, and nothing happens in a conversation when hours end; so it is looked for. A
conversation that somebody holds stays theirs: they may still be writing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import and_, func, or_, select

from console.bots import conduct, sessions
from console.bots.listening import LATEST_OLD
from console.bots.memory import SILENT
from console.bots.models import BotCursor, BotSession
from console.bots.turns import LATEST_ANSWERED
from console.db import Tx
from console.hours.reading import hours_of
from console.hours.working import Hours
from console.inbox.models import Conversation, Message
from console.routing.waiting import in_queue
from console.snoozing.acknowledgements import is_acknowledgement

MOST = 500
"""Of more that wait, the others come at the next look."""
_LATEST_BUBBLES = 20


async def is_any_waiting(tx: Tx, closed_teams: Collection[int], moment: datetime) -> bool:
    """Whether there is anything to look at; a glance without a lock."""
    cursor = await tx.get_one(BotCursor, 1)
    return cursor.position is not None and bool(await _waiting(tx, closed_teams, _since(cursor, moment)))


async def pick_up(tx: Tx, closed_teams: Collection[int], moment: datetime) -> int:
    """Let the bot answer what `closed_teams` left in their queues; how many dialogues that begins.

    A reply to whoever wrote first and has no answer yet may be given for 24 hours (compliance); we stop at twelve. What
    was written before the bot was here at all is none of its business. Nothing is begun twice: whoever holds the
    cursor's row looks, and what the bot has answered once it does not answer again.
    """
    cursor = await tx.get_one(BotCursor, 1, with_for_update=True, populate_existing=True)
    since = _since(cursor, moment)
    waiting = await _waiting(tx, closed_teams, since)
    bot = await sessions.the_bot(tx)
    rules = await conduct.rules_by_team(tx)
    hours = {team: await hours_of(tx, team) for team in {conversation.team_id for conversation in waiting}}
    ids = [conversation.id for conversation in waiting]
    bubbles, before = await _bubbles(tx, ids), await sessions.latest_of(tx, ids)
    begun = 0
    for conversation in waiting:
        its = rules.get(conversation.team_id) or conduct.usual(conversation.team_id)
        may = sessions.leave(its, conversation, bot_id=bot.id, is_open=False, people_until=None, moment=moment)
        theirs = bubbles[conversation.id]
        if not may.given or not _is_left_over(theirs, hours[conversation.team_id], since):
            continue
        session = sessions.begin(conversation, before.get(conversation.id), moment)
        old = [row.sequence for row in theirs if row.created_at < theirs[-1].created_at - LATEST_OLD]
        session.answered_sequence = max(session.answered_sequence, *old, 0)
        session.heard_at = session.due_at = moment
        tx.add(session)
        begun += 1
    await tx.flush()
    return begun


def _since(cursor: BotCursor, moment: datetime) -> datetime:
    return max(moment - LATEST_ANSWERED, cursor.since or moment - LATEST_ANSWERED)


def _is_left_over(theirs: Sequence[Message], hours: Hours, since: datetime) -> bool:
    """Whether what they wrote last fell to people, and asks for an answer: a thank-you does not."""
    if not theirs or theirs[-1].created_at < since or not hours.is_open(theirs[-1].created_at):
        return False
    said = [row for row in theirs if row.kind not in SILENT and row.revoked_at is None]
    return any(not is_acknowledgement(row.text) for row in said)


async def _waiting(tx: Tx, teams: Collection[int], since: datetime) -> Sequence[Conversation]:
    """Conversations in these queues with something unanswered, that no dialogue is about or has answered."""
    heard = (
        select(func.max(Message.sequence))
        .where(Message.conversation_id == Conversation.id, Message.direction == "in")
        .correlate(Conversation)
        .scalar_subquery()
    )
    answered = (
        select(BotSession.id)
        .where(
            BotSession.conversation_id == Conversation.id,
            or_(BotSession.ended_at.is_(None), BotSession.answered_sequence >= heard),
        )
        .exists()
    )
    wanted = (
        select(Conversation)
        .where(
            Conversation.team_id.in_(teams),
            in_queue(),
            Conversation.waiting_since.is_not(None),
            Conversation.last_at >= since,
            ~answered,
        )
        .order_by(Conversation.last_at, Conversation.id)
        .limit(MOST)
        .execution_options(populate_existing=True)
    )
    return (await tx.scalars(wanted)).all()


async def _bubbles(tx: Tx, ids: Collection[int]) -> defaultdict[int, list[Message]]:
    """What they wrote lately and no person has answered, by conversation, in order."""
    spoke = (
        select(func.max(Message.sequence))
        .where(
            Message.conversation_id == Conversation.id,
            Message.direction == "out",
            Message.author_kind.in_(["agent", "phone", "token"]),
        )
        .correlate(Conversation)
        .scalar_subquery()
    )
    wanted = (
        select(Message)
        .join(Conversation, Conversation.id == Message.conversation_id)
        .where(
            Conversation.id.in_(ids),
            Message.direction == "in",
            and_(
                Message.sequence > Conversation.last_sequence - _LATEST_BUBBLES,
                Message.sequence > func.coalesce(spoke, 0),
            ),
        )
        .order_by(Message.conversation_id, Message.sequence)
    )
    found: defaultdict[int, list[Message]] = defaultdict(list)
    for row in await tx.scalars(wanted):
        found[row.conversation_id].append(row)
    return found
