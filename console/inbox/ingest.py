"""From signed bytes to durable rows: deliveries that wait together share one commit (performance.md §5).

Self-clocking: a batch is whatever waits when the last commit ended, so there is no timer and no added wait when idle.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial

import msgspec
import structlog
from sqlalchemy import select, update
from sqlalchemy.exc import SQLAlchemyError

from console import audit, clock, metrics
from console.audit import SYSTEM, Actor
from console.db import Database, Tx, bulk_insert, is_away
from console.errors import Refused, not_found
from console.failpoints import failpoint
from console.inbox import channel_state, consequences, notices, receive, ticks
from console.inbox.channel import Channel, DeadLetter, Line
from console.languages.words import Words
from integrations.whatsapp.events import AccountEvent, Echo, Event, Inbound, StatusUpdate, Unreadable
from integrations.whatsapp.payloads import parse

log = structlog.get_logger()

# Deliveries in one commit; more only makes everybody in the batch wait longer.
BATCH = 256
# What may wait in memory before we ask Meta to come back later.
WAITING_DELIVERIES = 20_000
WAITING_BYTES = 96 * 1024 * 1024


class Unavailable(Exception):  # noqa: N818 an answer (503), not a bug
    """The delivery is not durable; Meta must send it again."""


class Delivery(msgspec.Struct):
    """One webhook body on its way to the commit its sender waits for."""

    body: bytes
    done: asyncio.Future[None]


class Ingest:
    """The only way webhook bodies enter. One task per process drains it."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._waiting: list[Delivery] = []
        self._bytes = 0
        self._awake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to drain."""
        self._task = asyncio.create_task(self._drain(), name="ingest")

    async def stop(self) -> None:
        """Finish what waits, then stop."""
        while self._waiting and self._task and not self._task.done():
            await asyncio.wait([delivery.done for delivery in self._waiting], timeout=5)
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def accept(self, body: bytes) -> None:
        """Return once `body` is durable. Raises Unavailable when it is not and the sender must come again."""
        await self.offer(body)

    def offer(self, body: bytes) -> asyncio.Future[None]:
        """What is done once `body` is durable, or ends in Unavailable; raises that at once when too much waits."""
        if len(self._waiting) >= WAITING_DELIVERIES or self._bytes + len(body) > WAITING_BYTES:
            raise Unavailable("too much is waiting")
        delivery = Delivery(body, asyncio.get_running_loop().create_future())
        self._waiting.append(delivery)
        self._bytes += len(body)
        self._awake.set()
        return delivery.done

    async def _drain(self) -> None:
        while True:
            await self._awake.wait()
            self._awake.clear()
            while self._waiting:
                batch, self._waiting = self._waiting[:BATCH], self._waiting[BATCH:]
                self._bytes -= sum(len(delivery.body) for delivery in batch)
                await self._settle(batch)

    async def _settle(self, batch: Sequence[Delivery], *, again: bool = True) -> None:
        """One commit for all; if that fails, one for each, so that a poisoned body can't hold its neighbours.

        One by itself is tried twice, too: what met the same news in another process finds it there the next time.
        """
        metrics.ingest_batch_size.observe(len(batch))
        try:
            await store(self._db, [delivery.body for delivery in batch])
        except Exception as failure:  # noqa: BLE001 every delivery must get an answer, whatever went wrong
            if again and not is_away(failure):
                for delivery in batch:
                    await self._settle([delivery], again=False)
                return
            await self._refuse(batch, failure)
        else:
            for delivery in batch:
                if not delivery.done.done():
                    delivery.done.set_result(None)

    async def _refuse(self, batch: Sequence[Delivery], failure: Exception) -> None:
        log.error("ingest.failed", reason=type(failure).__name__, deliveries=len(batch), exc_info=failure)
        for delivery in batch:
            if delivery.done.done():
                continue
            if not is_away(failure) and await self._salvage(delivery.body, failure):
                delivery.done.set_result(None)
            else:
                delivery.done.set_exception(Unavailable(type(failure).__name__))

    async def _salvage(self, body: bytes, failure: Exception) -> bool:
        """Take in what can be of a body that our own code can't digest whole, and keep all of it for an admin.

        Whether that is done; else the database is away, and Meta must come again.
        """
        try:
            events = parse(body)
        except Exception:  # noqa: BLE001 the very fault we are here for, perhaps
            events = []
        try:
            if len(events) > 1:
                await self._take_what_can_be(events)
        except Exception as away:  # noqa: BLE001 see is_away
            log.warning("ingest.salvage_cut", reason=type(away).__name__)
            return False
        return await self._set_aside(body, failure)

    async def _take_what_can_be(self, events: Sequence[Event]) -> None:
        """Half by half, so that what is wrong with one loses no other. Raises only what says that the database is away.

        What was taken already counts as a repeat. Strays are in the body that is kept.
        """
        moment = clock.now()
        for half in (events[: len(events) // 2], events[len(events) // 2 :]):
            try:
                await self._db.write(partial(take_in, events=half, moment=moment))
            except Exception as failure:
                if is_away(failure):
                    raise
                if len(half) > 1:
                    await self._take_what_can_be(half)

    async def _set_aside(self, body: bytes, failure: Exception) -> bool:
        """Keep a body that our own code can't digest: sending it again would only fail again."""
        try:
            async with self._db.transaction() as tx:
                await dead_letter(tx, {body: f"our fault: {type(failure).__name__}"}, clock.now())
        except (SQLAlchemyError, OSError):
            log.exception("ingest.dead_letter_failed")
            return False
        return True


async def store(db: Database, bodies: Sequence[bytes]) -> None:
    """Parse `bodies` and commit all they say in one transaction. Nothing of them is durable if this raises."""
    told = [(body, parse(body)) for body in bodies]
    failpoint("ingest.parsed")
    moment = clock.now()

    async def write(tx: Tx) -> None:
        strays = await take_in(tx, [event for _body, events in told for event in events], moment)
        if strays:
            await dead_letter(tx, _kept(told, strays), moment)
        failpoint("ingest.written")

    await db.write(write)
    failpoint("ingest.committed")


class Stray(msgspec.Struct):
    """Something signed that could not be taken in, and why."""

    event: Event
    reason: str


def _kept(told: Sequence[tuple[bytes, Sequence[Event]]], strays: Sequence[Stray]) -> dict[bytes, str]:
    """The deliveries to keep whole, each with the first reason: only a whole delivery can be replayed."""
    reasons = {id(stray.event): stray.reason for stray in strays}
    return {
        body: next(reasons[id(event)] for event in events if id(event) in reasons)
        for body, events in told
        if any(id(event) in reasons for event in events)
    }


async def take_in(tx: Tx, events: Sequence[Event], moment: datetime) -> list[Stray]:
    """Write what `events` say, number by number, and return what could not be taken in.

    A notice that names no number is about its account: a company may have several accounts on one app.
    """
    by_line: dict[tuple[str | None, str | None], list[Event]] = {}
    for event in events:
        account = event.waba_id if isinstance(event, AccountEvent) and event.phone_number_id is None else None
        by_line.setdefault((event.phone_number_id, account), []).append(event)
    strays: list[Stray] = []
    for (number, account), told in by_line.items():
        strays += [Stray(event, event.reason) for event in told if isinstance(event, Unreadable)]
        readable = [event for event in told if not isinstance(event, Unreadable)]
        if not readable:
            continue
        line = await _line(tx, number, account)
        if line is None:
            strays += [Stray(event, "not one of our numbers") for event in readable]
        else:
            await _take_in_one(tx, line, readable, moment)
    return strays


async def _line(tx: Tx, number: str | None, account: str | None) -> Line | None:
    """The channel meant: by its number, or by its account for notices that name no number."""
    if number is not None:
        return await channel_state.line(tx, number)
    found = select(Channel.id, Channel.team_id).where(Channel.business_account_id == account).limit(1)
    return next((Line(*row) for row in await tx.execute(found)), None)


async def _take_in_one(tx: Tx, line: Line, events: Sequence[Event], moment: datetime) -> None:
    arrivals = [e for e in events if isinstance(e, Inbound | Echo) and not getattr(e, "group_id", None)]
    reported = [e for e in events if isinstance(e, StatusUpdate)]
    told = [e for e in events if isinstance(e, AccountEvent)]
    groups = [e.payload for e in events if isinstance(e, Inbound) and e.group_id]
    if arrivals:
        metrics.messages_received_total.inc(await receive.receive(tx, line, arrivals, moment))
    if reported:
        failures = await consequences.foreseen(tx, line.id, reported)
        await ticks.apply(tx, line.id, reported, moment)
        await consequences.follow(tx, failures)
        for update_ in reported:
            metrics.ticks_total.labels(update_.status[:16]).inc()
    if told or groups:
        channel = await tx.get_one(Channel, line.id)
        if told:
            await notices.notice(tx, channel, told, moment)
        if groups:
            await notices.ignore_group(tx, channel, groups, moment)


async def dead_letter(tx: Tx, deliveries: Mapping[bytes, str], moment: datetime) -> None:
    """Keep these deliveries whole, each with why. The same bytes again only count up."""
    rows = {hashlib.sha256(body).hexdigest(): (body, reason) for body, reason in deliveries.items()}
    known = set(await tx.scalars(select(DeadLetter.digest).where(DeadLetter.digest.in_(rows))))
    if known:
        again = update(DeadLetter).where(DeadLetter.digest.in_(known))
        await tx.execute(again.values(seen_times=DeadLetter.seen_times + 1))
    new = [
        {
            "reason": reason,
            "payload": base64.b64encode(body).decode(),
            "digest": digest,
            "size": len(body),
            "received_at": moment,
            "seen_times": 1,
            "replays": 0,
        }
        for digest, (body, reason) in rows.items()
        if digest not in known
    ]
    await bulk_insert(tx, DeadLetter, new, or_ignore=True)
    for row in new:
        metrics.webhooks_total.labels("dead_letter").inc()
        audit.record(
            tx,
            SYSTEM,
            "delivery.dead_lettered",
            subject=f"delivery:{row['digest']}",
            new={"reason": row["reason"], "size": row["size"]},
        )


async def replay(tx: Tx, dead_letter_id: int, *, by: Actor) -> bool:
    """Try a kept delivery again, in the caller's transaction. Says whether all of it was understood this time.

    Refuses: 404 for one that does not exist, 409 for one that is settled already.
    """
    letter = await _unsettled(tx, dead_letter_id)
    events = parse(base64.b64decode(letter.payload))
    strays = await take_in(tx, events, clock.now())
    settled = bool(events) and not strays
    letter.replays += 1
    if settled:
        letter.resolved_at, letter.resolved_by = clock.now(), by.id
    audit.record(
        tx,
        by,
        "delivery.replayed",
        subject=f"delivery:{letter.digest}",
        new={"understood": len(events) - len(strays), "of": len(events), "resolved": settled},
    )
    return settled


async def put_aside(tx: Tx, dead_letter_id: int, *, by: Actor) -> None:
    """Somebody looked at a kept delivery and nothing is to be done. It stays kept. Refuses like `replay`."""
    letter = await _unsettled(tx, dead_letter_id)
    letter.resolved_at, letter.resolved_by = clock.now(), by.id
    audit.record(tx, by, "delivery.set_aside", subject=f"delivery:{letter.digest}")


async def _unsettled(tx: Tx, dead_letter_id: int) -> DeadLetter:
    letter = await tx.get(DeadLetter, dead_letter_id, with_for_update=True)
    if letter is None:
        raise not_found()
    if letter.resolved_at is not None:
        raise Refused(409, Words("Esta entrega ya fue resuelta."), code="already_resolved")
    return letter
