"""The sender: takes what the outbox allows, speaks to WhatsApp for many people at once, and writes down how it went.

One clerk does all writing: claims, wires and outcomes that wait share a transaction, and while it commits the next
ones gather. A recipient or an API that hangs keeps one of many places and stops nobody else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Protocol

import msgspec
import structlog

from console import clock, metrics
from console.audit import Entry
from console.db import Database, Tx, is_away
from console.failpoints import failpoint
from console.inbox import deliver, pacing, settle
from console.inbox.deliver import Claimed, Held
from console.inbox.outgoing import outgoing
from console.inbox.settle import Outcome
from integrations.whatsapp.errors import Invalid, NotSent, SendFailed, SendUnknown
from integrations.whatsapp.outgoing import Accepted, Outgoing, Recipient

log = structlog.get_logger()
POLL_SECONDS = 1.0
GRACE_SECONDS = 15.0
"""How long a stop waits for answers; what is still out then is found by the recovery and shown as unconfirmed."""
WRITE_AGAIN = 300
"""How often, a second apart, an outcome is tried to be written before the recovery has to find it."""
WAKING = frozenset({"message.queued", "message.requeued", "media.uploaded", "channel.resumed"})


class Sends(Protocol):
    """The part of the WhatsApp client that the sender needs."""

    async def send(self, outgoing: Outgoing, to: Recipient, *, opaque: str | None, reply_to: str | None) -> Accepted:
        """Send one message; raises SendFailed, NotSent, SendUnknown or Invalid."""


class _Wish(msgspec.Struct, eq=False):
    """Something a send wants written, and who waits for it. Without an outcome: the leave to go on the wire."""

    message: Claimed
    granted: asyncio.Future[bool]
    outcome: Outcome | None = None
    tries: int = 0

    @property
    def held(self) -> Held:
        return (self.message.id, self.message.claim)

    def grant(self, given: bool) -> None:  # noqa: FBT001 it is what is granted
        if not self.granted.done():
            self.granted.set_result(given)


class Sender:
    """Sends the messages of one channel. `rate` is messages a second for the whole number, all processes together."""

    def __init__(
        self, db: Database, whatsapp: Sends, channel_id: int, *, rate: int, at_once: int | None = None
    ) -> None:
        self._db = db
        self._whatsapp = whatsapp
        self._channel_id = channel_id
        self._rate = rate
        # Enough places for answers that take two seconds at full rate, and for a few that never come.
        self._places = at_once or min(max(40, 2 * rate), 400)
        self._wishes: list[_Wish] = []
        self._sending: dict[asyncio.Task[None], Claimed] = {}
        self._awake = asyncio.Event()
        self._look = True
        self._not_before = 0.0
        self._failed = False
        self._stopping = False
        self._returned: list[Held] = []

    async def follow(self, entries: Sequence[Entry]) -> None:
        """Look at the outbox when the history says that something is in it (a follower of `Live`)."""
        if any(entry.action in WAKING for entry in entries):
            self.wake()

    def wake(self) -> None:
        """Look at the outbox now."""
        self._look = True
        self._awake.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Send until `stop`, then let what is on the wire come to its end for up to GRACE_SECONDS."""
        watch = asyncio.create_task(self._wake_on(stop))
        try:
            while not stop.is_set():
                await self._turn()
                await self._rest()
            await self._finish()
        finally:
            watch.cancel()
            for task in self._sending:
                task.cancel()

    async def _wake_on(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._awake.set()

    async def _turn(self) -> None:
        """Write whatever waits and take what may leave, in one transaction."""
        wishes, self._wishes = self._wishes, []
        self._failed = False
        # Where one message to a person is settled, the next one may leave.
        self._look = self._look or any(wish.outcome is not None for wish in wishes)
        try:
            room = await self._room(glance=not wishes)
            claims = await self._write(wishes, room) if wishes or room else deliver.Claims([])
        except Exception as failure:
            self._failed = True
            if is_away(failure):
                log.warning("sender.database_away", reason=type(failure).__name__, wishes=len(wishes))
                self._keep(wishes)
            else:
                log.exception("sender.turn_failed", wishes=len(wishes))
                await self._write_one_by_one(wishes)
            return
        if claims.messages:
            failpoint("sender.claimed")
        for message in claims.messages:
            task = asyncio.create_task(self._send(message), name=f"send.{message.id}")
            self._sending[task] = message
            task.add_done_callback(self._sent)
        if room:
            # Fewer than there was room for: nothing else is due, and the history or the poll says when that changes.
            self._look = len(claims.messages) == room or claims.again_at is not None
            self._not_before = _loop_time() + _until(claims)

    async def _room(self, *, glance: bool) -> int:
        """How many more may be claimed now; with `glance`, 0 as well when a look without a lock shows nothing due."""
        room = self._places - len(self._sending)
        if self._stopping or not self._look or room <= 0 or _loop_time() < self._not_before:
            return 0
        if glance:
            self._look = await self._db.read(lambda tx: deliver.is_due(tx, self._channel_id))
        return room if self._look else 0

    async def _write(self, wishes: Sequence[_Wish], room: int) -> deliver.Claims:
        ended = [(wish.message, wish.outcome) for wish in wishes if wish.outcome is not None]
        leaving = [wish.held for wish in wishes if wish.outcome is None]

        async def work(tx: Tx) -> tuple[set[Held], deliver.Claims]:
            if ended:
                await settle.settle(tx, ended)
            wired = await deliver.wire(tx, leaving)
            # What may not leave (a pause came between) goes back, unless somebody else has it by now.
            await deliver.release(tx, [held for held in leaving if held not in wired])
            if room <= 0:
                return wired, deliver.Claims([])
            return wired, await deliver.claim(tx, self._channel_id, limit=room, rate=self._rate)

        wired, claims = await self._db.write(work)
        for wish in wishes:
            wish.grant(wish.outcome is not None or wish.held in wired)
        for _message, outcome in ended:
            metrics.sends_total.labels(_counted_as(outcome)).inc()
        return claims

    async def _write_one_by_one(self, wishes: Sequence[_Wish]) -> None:
        """After a batch failed: one bad row must not keep the others from being written."""
        for wish in wishes:
            try:
                await self._write([wish], 0)
            except Exception:
                log.exception("sender.row_failed", message_id=wish.message.id, tries=wish.tries)
                self._keep([wish])

    def _keep(self, wishes: Sequence[_Wish]) -> None:
        """What an outcome says is tried to be written again; what was to leave does not, and its lease ends."""
        for wish in wishes:
            wish.tries += 1
            if wish.outcome is not None and wish.tries < WRITE_AGAIN:
                self._wishes.append(wish)
            else:
                wish.grant(given=False)

    async def _send(self, message: Claimed) -> None:
        ahead = (message.departs_at - clock.now()).total_seconds()
        if ahead > 0:
            await asyncio.sleep(min(ahead, pacing.HORIZON.total_seconds()))
        if not await self._ask(message):
            return
        failpoint("sender.wired")
        outcome = await self._attempt(message)
        failpoint("sender.answered")
        await self._ask(message, outcome)
        failpoint("sender.settled")

    async def _ask(self, message: Claimed, outcome: Outcome | None = None) -> bool:
        if self._stopping and outcome is None:
            self._returned.append((message.id, message.claim))
            return False
        wish = _Wish(message, asyncio.get_running_loop().create_future(), outcome)
        self._wishes.append(wish)
        self._awake.set()
        return await wish.granted

    async def _attempt(self, message: Claimed) -> Outcome:
        try:
            accepted = await self._whatsapp.send(
                outgoing(message), message, opaque=message.ref, reply_to=message.reply_to_wamid
            )
        except SendFailed as refused:
            return settle.Refused(refused.code, refused.verdict, refused.details or refused.title, refused.retry_after)
        except NotSent as unsent:
            return settle.Unsent(unsent.reason)
        except SendUnknown as unknown:
            return settle.Doubtful(unknown.reason, unknown.answer)
        except Invalid as invalid:
            return settle.Malformed(str(invalid))
        except Exception:
            # Whatever it was, the bytes may have left: a person decides.
            log.exception("sender.send_failed", message_id=message.id)
            return settle.Doubtful("error while sending")
        return settle.Accepted(accepted.wamid)

    def _sent(self, task: asyncio.Task[None]) -> None:
        self._sending.pop(task, None)
        self._awake.set()

    async def _rest(self) -> None:
        """Until something is to be written, a place is free, the pace allows more, or the next look is due."""
        if self._failed:
            await asyncio.sleep(POLL_SECONDS)
            return
        if self._wishes:
            return
        waits_for_pace = self._look and len(self._sending) < self._places
        patience = min(self._not_before - _loop_time(), POLL_SECONDS) if waits_for_pace else POLL_SECONDS
        try:
            async with asyncio.timeout(max(patience, 0)):
                await self._awake.wait()
        except TimeoutError:
            self._look = True
        self._awake.clear()

    async def _finish(self) -> None:
        self._stopping = True
        end = _loop_time() + GRACE_SECONDS
        while (self._sending or self._wishes) and _loop_time() < end:
            await self._turn()
            await self._rest()
        self._returned += [(message.id, message.claim) for message in self._sending.values()]
        for task in self._sending:
            task.cancel()
        if self._returned:
            # Only what never left goes back; `release` can tell.
            async with self._db.transaction() as tx:
                await deliver.release(tx, self._returned)


def _loop_time() -> float:
    return asyncio.get_running_loop().time()


def _until(claims: deliver.Claims) -> float:
    """Seconds until the number's pace allows more; 0 when nothing waits for it."""
    if claims.again_at is None:
        return 0.0
    return min(max((claims.again_at - clock.now()).total_seconds(), 0.001), POLL_SECONDS)


def _counted_as(outcome: Outcome) -> str:
    match outcome:
        case settle.Accepted():
            return "sent"
        case settle.Doubtful():
            return "unknown"
        case settle.Malformed():
            return "failed"
        case settle.Unsent():
            return "retried"
        case settle.Refused(verdict=verdict):
            return "retried" if verdict.retryable else "failed"
