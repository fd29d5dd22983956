"""The wire between what was committed and whoever follows it, in this process and in the others.

The history is the stream: followers hear every entry once and in order. Redis only carries hints; what a hint does not
bring is read from the history, so a lost Redis costs at most the poll interval, never an entry.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Protocol

import msgspec
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from console import audit
from console.audit import Entry
from console.db import Database
from console.failpoints import failpoint

log = structlog.get_logger()
POLL_SECONDS = 1.0
REDIS_TIMEOUT = 1.0
# Hints that wait for a slow Redis; older ones are dropped, because the history has them all.
HINTS_WAITING = 1000

Follower = Callable[[Sequence[Entry]], Awaitable[None]]


class Whisper(msgspec.Struct, frozen=True):
    """Ephemeral news: who looks at or writes in a conversation. Nothing of it is stored."""

    agent_id: int
    name: str
    conversation_id: int
    doing: str  # looking | writing | gone
    process: str


class Hint(msgspec.Struct, frozen=True):
    """What one process tells the others: new entries, or a whisper."""

    sender: str
    entries: list[Entry] = []
    whisper: Whisper | None = None


class Wire(Protocol):
    """How hints reach other processes. None from `hear` means: something may have been missed."""

    async def send(self, hint: bytes) -> None:
        """Tell the other processes."""

    def hear(self) -> AsyncIterator[bytes | None]:
        """What the other processes tell."""

    async def close(self) -> None:
        """Hang up."""


class LocalWire:
    """One process: there is nobody else to tell."""

    async def send(self, hint: bytes) -> None:
        """Nobody listens."""

    async def hear(self) -> AsyncIterator[bytes | None]:
        """Nobody speaks."""
        await asyncio.Event().wait()
        yield None

    async def close(self) -> None:
        """Nothing to hang up."""


class RedisWire:
    """One Redis channel for everybody. A subscription that broke is made again, for ever."""

    def __init__(self, url: str, channel: str = "aldia:history") -> None:
        self._redis = Redis.from_url(url, socket_timeout=REDIS_TIMEOUT, socket_connect_timeout=REDIS_TIMEOUT)
        # The listener waits without a limit of its own; its health check notices a peer that hangs.
        self._listener = Redis.from_url(url, socket_connect_timeout=REDIS_TIMEOUT, health_check_interval=5)
        self._channel = channel

    async def send(self, hint: bytes) -> None:
        """Publish; a Redis that is away is not an error of the one who speaks."""
        try:
            await asyncio.wait_for(self._redis.publish(self._channel, hint), REDIS_TIMEOUT)
        except (RedisError, OSError, TimeoutError) as away:
            log.warning("redis.hint_lost", reason=type(away).__name__)

    async def hear(self) -> AsyncIterator[bytes | None]:
        """Listen, and begin again after every break."""
        while True:
            try:
                async with self._listener.pubsub() as subscription:
                    await subscription.subscribe(self._channel)
                    yield None
                    while True:
                        news = await subscription.get_message(ignore_subscribe_messages=True, timeout=5)
                        if news is not None:
                            yield news["data"]
            except (RedisError, OSError, TimeoutError) as away:
                log.warning("redis.away", reason=type(away).__name__)
                await asyncio.sleep(0.5)

    async def ping(self) -> bool:
        """Whether Redis answers now."""
        try:
            return bool(await asyncio.wait_for(self._redis.ping(), REDIS_TIMEOUT))
        except (RedisError, OSError, TimeoutError):
            return False

    async def close(self) -> None:
        """Give the connections back."""
        await self._redis.aclose()
        await self._listener.aclose()


class Live:
    """Brings every history entry to this process's followers: once, in order, soon after its commit."""

    def __init__(self, db: Database, wire: Wire, process: str) -> None:
        self._db = db
        self.wire = wire
        self.process = process
        self.followers: list[Follower] = []
        self.on_whisper: list[Callable[[Whisper], None]] = []
        self.on_setback: list[Callable[[int], None]] = []
        self.head = 0
        self._waiting: dict[int, Entry] = {}
        self._known_head = 0
        self._awake = asyncio.Event()
        self._outbound: asyncio.Queue[Hint] = asyncio.Queue(HINTS_WAITING)
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begin at the present head: what came before is on the pages already."""
        async with self._db.reading() as tx:
            self.head = self._known_head = await audit.head_of(tx)
        loops = (self._follow, self._poll, self._hear, self._speak)
        self._tasks = [asyncio.create_task(self._for_ever(loop), name=f"live.{loop.__name__}") for loop in loops]

    async def stop(self) -> None:
        """Stop following."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.wire.close()

    def tell(self, entries: Sequence[Entry]) -> None:
        """Hear what this process has just committed, and hint at it to the others. Never waits, never fails."""
        failpoint("live.told")
        self._take(entries)
        self._hint(Hint(self.process, list(entries)))

    def whisper(self, whisper: Whisper) -> None:
        """Pass ephemeral news on, here and elsewhere."""
        for hear in self.on_whisper:
            hear(whisper)
        self._hint(Hint(self.process, whisper=whisper))

    def _hint(self, hint: Hint) -> None:
        if isinstance(self.wire, LocalWire):
            return
        if self._outbound.full():
            self._outbound.get_nowait()
        self._outbound.put_nowait(hint)

    def _take(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            if entry.id > self.head:
                self._waiting[entry.id] = entry
        if entries:
            self._known_head = max(self._known_head, entries[-1].id)
        self._awake.set()

    async def _follow(self) -> None:
        while True:
            await self._awake.wait()
            self._awake.clear()
            while batch := await self._next():
                self.head = batch[-1].id
                for follower in self.followers:
                    await self._let_follow(follower, batch)

    async def _let_follow(self, follower: Follower, batch: Sequence[Entry]) -> None:
        """One follower's fault must not keep the entries from the others."""
        try:
            await follower(batch)
        except Exception:
            log.exception("live.follower_failed", follower=getattr(follower, "__qualname__", "?"), entries=len(batch))

    async def _next(self) -> list[Entry]:
        """The entries that come right after the head: from what was heard, else from the history."""
        batch: list[Entry] = []
        while entry := self._waiting.pop(self.head + 1 + len(batch), None):
            batch.append(entry)
        if not batch and self._known_head > self.head:
            async with self._db.reading() as tx:
                batch = await audit.entries_after(tx, self.head)
            for entry in batch:
                self._waiting.pop(entry.id, None)
        return batch

    async def _poll(self) -> None:
        """The safety net under the hints, and the only way to hear of commands run beside us."""
        while True:
            await asyncio.sleep(POLL_SECONDS)
            heard = self.head
            async with self._db.reading() as tx:
                there = await audit.head_of(tx)
            if there < heard:
                self._go_back(there)
            self._known_head = max(self._known_head, there)
            if self._known_head > self.head:
                self._awake.set()

    def _go_back(self, there: int) -> None:
        """A standby took over that had not been given everything: what comes now has numbers that were heard before."""
        log.critical("history.went_back", was=self.head, now=there)
        self.head = self._known_head = there
        self._waiting.clear()
        for hear in self.on_setback:
            hear(there)

    async def _hear(self) -> None:
        async for news in self.wire.hear():
            if news is None:
                self._awake.set()
                continue
            hint = _decoder.decode(news)
            if hint.sender == self.process:
                continue
            self._take(hint.entries)
            if hint.whisper:
                for hear in self.on_whisper:
                    hear(hint.whisper)

    async def _speak(self) -> None:
        while True:
            await self.wire.send(msgspec.msgpack.encode(await self._outbound.get()))

    async def _for_ever(self, loop: Callable[[], Awaitable[None]]) -> None:
        """A loop that fails is a bug to be seen and not a reason for screens to stand still."""
        while True:
            try:
                await loop()
            except asyncio.CancelledError:
                raise
            except Exception:
                log.exception("live.loop_failed", loop=loop.__name__)
                with contextlib.suppress(TimeoutError):
                    await asyncio.sleep(1)
                self._awake.set()


class Bell:
    """Wakes a loop that looks from time to time, when the history says that something is asked of it."""

    def __init__(self, *actions: str) -> None:
        self.awake = asyncio.Event()
        self._actions = frozenset(actions)

    async def follow(self, entries: Sequence[Entry]) -> None:
        """Ring if `entries` speak of it (a follower of `Live`)."""
        if any(entry.action in self._actions for entry in entries):
            self.awake.set()


_decoder = msgspec.msgpack.Decoder(Hint)
