"""Connections that deliver webhooks as Meta does: keep-alive, one request at a time on each, more when all wait."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import cast

Answered = Callable[[int, int], None]
"""Told for each delivery: its ticket, and the status of the answer (0: the connection broke)."""


class Connection(asyncio.Protocol):
    """One keep-alive connection."""

    def __init__(self, poster: Poster) -> None:
        self._poster = poster
        self._transport: asyncio.Transport | None = None
        self._rest = b""
        self.ticket = -1

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def ask(self, ticket: int, request: bytes) -> None:
        """Send a request; the answer goes to the poster."""
        assert self._transport is not None
        self.ticket = ticket
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        data = self._rest + data if self._rest else data
        status = int(data[9:12]) if len(data) >= 12 else 0
        # Answers to deliveries have no body; an unexpected one is not waited for.
        if data.endswith(b"\r\n\r\n"):
            self._rest = b""
            self._poster.answered(self, self.ticket, status)
        elif status not in {0, 200} and b"\r\n\r\n" in data:
            self._rest = b""
            self.close()
        else:
            self._rest = data

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self._poster.lost(self)

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.close()


class Poster:
    """Hands deliveries to idle connections and opens more, up to `limit`, while none is idle."""

    def __init__(self, host: str, ports: list[int], limit: int, told: Answered) -> None:
        self._host = host
        self._ports = ports
        self._limit = limit
        self._told = told
        self._idle: list[Connection] = []
        self._all: set[Connection] = set()
        self._opening = 0
        self._opened = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self.waiting: deque[tuple[int, bytes]] = deque()

    def post(self, ticket: int, request: bytes) -> None:
        """Deliver as soon as a connection is free."""
        if self._idle:
            self._idle.pop().ask(ticket, request)
            return
        self.waiting.append((ticket, request))
        if len(self._all) + self._opening < self._limit and self._opening < len(self.waiting):
            self._opening += 1
            task = asyncio.create_task(self._open())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def answered(self, connection: Connection, ticket: int, status: int) -> None:
        """A connection has its answer and is free again."""
        connection.ticket = -1
        self._told(ticket, status)
        self._free(connection)

    def lost(self, connection: Connection) -> None:
        """A connection is gone, perhaps with a delivery on it."""
        self._all.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)
        if connection.ticket >= 0:
            self._told(connection.ticket, 0)

    def close(self) -> None:
        """Hang up everywhere."""
        for connection in list(self._all):
            connection.close()

    async def warm(self, connections: int) -> None:
        """Have some connections before the first delivery."""
        for _ in range(connections):
            self._opening += 1
            await self._open()

    async def _open(self) -> None:
        self._opened += 1
        port = self._ports[self._opened % len(self._ports)]
        try:
            made = await asyncio.get_running_loop().create_connection(lambda: Connection(self), self._host, port)
        except OSError:
            await asyncio.sleep(0.05)
            if self.waiting and not self._all:
                self._told(self.waiting.popleft()[0], 0)
            return
        finally:
            self._opening -= 1
        self._all.add(made[1])
        self._free(made[1])

    def _free(self, connection: Connection) -> None:
        if self.waiting:
            connection.ask(*self.waiting.popleft())
        else:
            self._idle.append(connection)
