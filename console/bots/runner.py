"""The bot at work: it listens, answers what is due, and hands over when people come. Any number of processes may."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import msgspec
import structlog

from console import clock, pacing
from console.audit import Entry
from console.bots import closing, handing, hearing, listening, places, sessions, turns
from console.bots.facts import LinkFact
from console.bots.helper import Helper, helped
from console.bots.linking import fetch_links
from console.bots.memory import Heard
from console.bots.models import BotSession
from console.bots.turns import Pending
from console.db import Database, is_away
from console.errors import Refused
from console.failpoints import failpoint
from console.inbox import thread
from console.inbox.models import Conversation
from console.settings import Settings
from integrations.payments.told import Provider

log = structlog.get_logger()
POLL_SECONDS = 1.0
AT_ONCE = 8
MOST_ROUNDS = 5
"""How often one turn begins again because something changed under it; then it waits for the next look."""
MOST_FAILURES = 5
MORNING_EVERY = 15.0
_WAKING = frozenset({"message.received", "conversation.assigned", "message.queued", "message.sent"})
# The person cannot be reached, or only by a template: there is no answer to give.
_UNREACHABLE = frozenset({"window_closed", "contact_blocked", "contact_unreachable", "opted_out", "wrong_number"})


class Bot:
    """The loop, woken by what is written."""

    def __init__(self, db: Database, settings: Settings, provider: Provider | None, helper: Helper | None) -> None:
        self._db = db
        self._settings = settings
        self._provider = provider
        self._helper = helper
        self.awake = asyncio.Event()
        self._answering: set[asyncio.Task[None]] = set()

    async def follow(self, entries: Sequence[Entry]) -> None:
        """Listen when somebody wrote or took over (a follower of `Live`)."""
        if any(entry.action in _WAKING for entry in entries):
            self.awake.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop`; what is being answered then is answered.

        Nobody waits for another's answer: a link may be long in coming.
        """
        try:
            while not stop.is_set():
                self.awake.clear()
                await self.listen()
                if not await self._begin_answers():
                    await self._rest(stop)
        except BaseException:
            for task in self._answering:
                task.cancel()
            raise
        finally:
            await asyncio.gather(*self._answering, return_exceptions=True)

    async def listen(self) -> None:
        """Hear all that has happened since."""
        is_more = True
        while is_more:
            async with self._db.reading() as tx:
                if not await listening.is_behind(tx):
                    return
                here = await places.places_of(tx, self._settings, clock.now(), can_link=self._provider is not None)
            async with self._db.transaction() as tx:
                found = await listening.listen(tx, here.by_team, default=here.default, moment=clock.now())
            for conversation_id in found.taken:
                await self._yield(conversation_id)
            is_more = found.is_more

    async def answer_due(self) -> bool:
        """Answer the dialogues that are due; whether there were any."""
        claimed = await self._claim(AT_ONCE)
        await asyncio.gather(*(self._answer(session_id, token) for session_id, token in claimed))
        return bool(claimed)

    async def _begin_answers(self) -> bool:
        """The same, without waiting for the answers; as many at once as there are places."""
        claimed = await self._claim(AT_ONCE - len(self._answering))
        for session_id, token in claimed:
            task = asyncio.create_task(self._answer(session_id, token), name=f"bot.{session_id}")
            self._answering.add(task)
            task.add_done_callback(self._answered)
        return bool(claimed)

    def _answered(self, task: asyncio.Task[None]) -> None:
        self._answering.discard(task)
        self.awake.set()
        if not task.cancelled() and (failure := task.exception()) is not None:
            # It could not even be put off: its claim runs out, and it is tried again.
            log.error("bot.answer_lost", task=task.get_name(), reason=type(failure).__name__, exc_info=failure)

    async def _claim(self, room: int) -> list[tuple[int, str]]:
        moment = clock.now()
        async with self._db.reading() as tx:
            first = await tx.scalar(turns.next_due(moment))
        if room <= 0 or first is None or first > moment:
            return []
        async with self._db.transaction() as tx:
            claimed = await turns.claim(tx, moment, limit=room)
        if claimed:
            failpoint("bot.claimed")
        return claimed

    async def hand_over_in_the_morning(self) -> int:
        """Leave to people what the night has brought, wherever they attend by now; says how many dialogues."""
        moment = clock.now()
        async with self._db.reading() as tx:
            here = await places.places_of(tx, self._settings, moment, can_link=False)
            due = await sessions.over(tx, {team for team, place in here.by_team.items() if place.is_open}, moment)
        for session_id, why in due:
            async with self._db.transaction() as tx:
                session = await tx.get_one(BotSession, session_id)
                bot = await sessions.the_bot(tx)
                conversation = await thread.lock(tx, await tx.get_one(Conversation, session.conversation_id))
                session = await tx.get_one(BotSession, session_id, with_for_update=True, populate_existing=True)
                if session.ended_at is None:
                    zone = self._settings.zone
                    await handing.hand_over(tx, session, conversation, bot=bot, zone=zone, why=why)
        return len(due)

    async def pick_up_what_is_left(self) -> int:
        """Answer what waits in the queue where nobody attends any more; says how many dialogues that begins."""
        moment = clock.now()
        async with self._db.reading() as tx:
            here = await places.places_of(tx, self._settings, moment, can_link=False)
            closed = {team for team, place in here.by_team.items() if not place.is_open}
            if not closed or not await closing.is_any_waiting(tx, closed, moment):
                return 0
        async with self._db.transaction() as tx:
            begun = await closing.pick_up(tx, closed, moment)
        if begun:
            self.awake.set()
        return begun

    async def _yield(self, conversation_id: int) -> None:
        """A person is there: the dialogue is over, and they have the word."""
        async with self._db.transaction() as tx:
            bot = await sessions.the_bot(tx)
            conversation = await thread.lock(tx, await tx.get_one(Conversation, conversation_id))
            session = await sessions.live_of(tx, conversation_id)
            if session is not None and not await sessions.is_given_back(tx, conversation, bot.id):
                session.summary = handing.summary_of(session, self._settings.zone)
                await sessions.end(tx, session, conversation, why="human", bot=bot)

    async def _answer(self, session_id: int, token: str) -> None:
        try:
            await self._turn(session_id, token)
        except Exception as failure:
            if is_away(failure):
                log.warning("bot.database_away", session=session_id, reason=type(failure).__name__)
            else:
                log.exception("bot.turn_failed", session=session_id)
            await self._later(session_id, token)

    async def _turn(self, session_id: int, token: str) -> None:
        links: tuple[LinkFact, ...] = ()
        failed: str | None = None
        for _round in range(MOST_ROUNDS):
            async with self._db.reading() as tx:
                waiting = await turns.pending(tx, session_id, token)
            if waiting is None:
                return
            heard = await self._hear(waiting)
            failpoint("bot.understood")
            try:
                done = await self._write(waiting, heard, links, failed)
            except Refused as refused:
                if refused.code in _UNREACHABLE:
                    log.info("bot.unreachable", session=session_id, code=refused.code)
                    await self._write(waiting, heard, links, failed, mute=True)
                    return
                # What was agreed cannot be written down (it changed in between): said so, and left to a person.
                failed = refused.code
                continue
            if done.outcome == "links":
                links = await fetch_links(self._db, self._settings, self._provider, waiting, done.links)
                failpoint("bot.linked")
            elif done.outcome != "again":
                failpoint("bot.answered")
                return
        await self._later(session_id, token)

    async def _hear(self, waiting: Pending) -> Heard | None:
        heard = hearing.hear(waiting.bubbles)
        if heard is None or self._helper is None:
            return heard
        understood, label = await helped(heard.understood, heard.text, self._helper)
        return msgspec.structs.replace(heard, understood=understood, helped=label)

    async def _write(
        self,
        waiting: Pending,
        heard: Heard | None,
        links: Sequence[LinkFact],
        failed: str | None,
        *,
        mute: bool = False,
    ) -> turns.Answered:
        moment = clock.now()
        async with self._db.transaction() as tx:
            team_id = (await tx.get_one(Conversation, waiting.conversation_id)).team_id
            place = await places.place_of(tx, self._settings, team_id, moment, can_link=self._provider is not None)
            return await turns.turn(
                tx, waiting, heard, place=place, moment=moment, links=links, failed=failed, mute=mute
            )

    async def _later(self, session_id: int, token: str) -> None:
        """Try again, ever more seldom; after too many times it is a person's."""
        async with self._db.transaction() as tx:
            session = await tx.get_one(BotSession, session_id, with_for_update=True)
            if session.claim != token or session.ended_at is not None:
                return
            session.failures += 1
            session.claim = session.claimed_until = None
            is_lost = session.failures > MOST_FAILURES
            session.due_at = None if is_lost else clock.now() + timedelta(seconds=2**session.failures)
            if is_lost:
                session.reason, session.urgency = "failed", max(session.urgency, 20)

    async def _rest(self, stop: asyncio.Event) -> None:
        """Until somebody writes, the next answer is due, or it is time to look without being asked."""
        async with self._db.reading() as tx:
            due = await tx.scalar(turns.next_due(clock.now()))
        ahead = (due - clock.now()).total_seconds() if due is not None else POLL_SECONDS
        # What is due and still here waits for a place, or somebody else was quicker.
        await pacing.news(stop, self.awake, within=min(ahead, POLL_SECONDS) if ahead > 0 else POLL_SECONDS / 4)


async def mornings(bot: Bot, stop: asyncio.Event) -> None:
    """Hand over whenever people come, and take up what they leave when they go, until `stop`."""
    while not stop.is_set():
        await bot.hand_over_in_the_morning()
        await bot.pick_up_what_is_left()
        await pacing.pause(stop, MORNING_EVERY)
