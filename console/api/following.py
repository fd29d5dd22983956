"""Following the history from any place in it, at the follower's own pace.

A follower keeps nothing but its place: whatever it has not been given is read from the history when it is ready for
more. So a slow one costs no memory, nothing is missed between the past and the present, and nothing comes twice.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Protocol
from weakref import WeakKeyDictionary

import structlog
from sqlalchemy.exc import SQLAlchemyError

from console import metrics
from console.api import events, tokens
from console.api.events import Event
from console.api.tokens import Program
from console.audit import Entry
from console.db import Database
from console.errors import Refused
from console.live import Live

log = structlog.get_logger()
HEARTBEAT = 20.0
# How long a revoked token, or an entry nobody told us of, can go unnoticed.
LOOK_AGAIN = 0.7
MOST_PER_TOKEN = 10
MOST = 200


class Ended(Exception):  # noqa: N818 an end, and not always a failure
    """Why a stream does not go on: `code` is "token_revoked", "unavailable" (database or process) or "too_slow"."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Pipe(Protocol):
    """Where events go: a socket or an event stream. Raises Ended("too_slow") when the other side stops reading."""

    async def give(self, events: Sequence[Event]) -> None:
        """Pass events on, in order."""

    async def beat(self, head: int) -> None:
        """Say that the follower has everything up to entry `head`."""


class Seat:
    """A follower's place in the crowd: woken when there is something new, and empty once it has left."""

    def __init__(self, *, is_socket: bool) -> None:
        self.is_socket = is_socket
        self.awake = asyncio.Event()
        self.has_left = False
        self.is_sent_away = False

    def leave(self) -> None:
        """Stop after what is being done. A query that is cut off can spoil its connection for whoever comes next."""
        self.has_left = True
        self.awake.set()


class Crowd:
    """Everybody who follows the history in this process. One ear at the wire, however many they are."""

    def __init__(self, live: Live) -> None:
        self._seats: set[Seat] = set()
        self._by_token: Counter[int] = Counter()
        live.followers.append(self._hear)

    async def _hear(self, _entries: Sequence[Entry]) -> None:
        for seat in self._seats:
            seat.awake.set()

    def send_away(self) -> None:
        """This process stops: who reads an answer without an end is told to come back. Sockets the server closes."""
        for seat in self._seats:
            seat.is_sent_away = True
            seat.awake.set()

    @contextlib.contextmanager
    def joined(self, program: Program, *, is_socket: bool) -> Iterator[Seat]:
        """Be woken whenever there is something new. Refuses (429) one stream too many."""
        if self._by_token[program.id] >= MOST_PER_TOKEN or len(self._seats) >= MOST:
            raise Refused(429, "Ya hay demasiadas conexiones abiertas.", code="too_many_streams")
        seat = Seat(is_socket=is_socket)
        self._seats.add(seat)
        self._by_token[program.id] += 1
        metrics.live_streams.inc()
        try:
            yield seat
        finally:
            self._seats.discard(seat)
            self._by_token[program.id] -= 1
            metrics.live_streams.dec()


def crowd_of(live: Live) -> Crowd:
    """The followers of one wire; there is one wire a process."""
    if live not in _crowds:
        _crowds[live] = Crowd(live)
    return _crowds[live]


_crowds: WeakKeyDictionary[Live, Crowd] = WeakKeyDictionary()


async def follow(db: Database, seat: Seat, program: Program, position: int, pipe: Pipe) -> None:
    """Give `pipe` every event after entry `position` until the seat is left, with a heartbeat when nothing happens.

    Raises Ended as soon as the token no longer holds, before anything more is given, when the database is away, or
    when this process stops.
    """
    loop = asyncio.get_running_loop()
    await pipe.beat(position)
    quiet_since = loop.time()
    while not seat.has_left:
        if seat.is_sent_away and not seat.is_socket:
            raise Ended("unavailable")
        # Before reading: what is committed from here on either is in what is read or wakes us again.
        seat.awake.clear()
        batch = await _read(db, program, position)
        if batch.events:
            await pipe.give(batch.events)
            metrics.frames_pushed_total.inc(len(batch.events))
            quiet_since = loop.time()
        position = batch.position
        if batch.is_full:
            continue
        if loop.time() - quiet_since >= HEARTBEAT:
            await pipe.beat(position)
            quiet_since = loop.time()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(seat.awake.wait(), LOOK_AGAIN)


async def _read(db: Database, program: Program, position: int) -> events.Batch:
    try:
        async with db.reading() as tx:
            if not await tokens.still_holds(tx, program.id):
                raise Ended("token_revoked")
            return await events.after(tx, position, seen_by=program)
    except (SQLAlchemyError, OSError) as away:
        log.warning("stream.unavailable", kind=type(away).__name__)
        raise Ended("unavailable") from away
