"""A bad network between two programs: slow, narrow, silent, cut. What it does can be changed at any moment.

It stands between the console and PostgreSQL, Redis or the Cloud API, on a Unix socket or a port of loopback.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

PIECE = 16 * 1024


class Chaos:
    """What happens to the traffic between whoever connects here and `target`, a socket's path or a port of loopback.

    Everything passes untouched until one of these is set: `delay` (seconds before each piece, either way), `rate`
    (bytes a second, either way), `is_silent` (nothing passes and nothing is closed: a black hole), `refuses` (new
    connections are cut at once), `cut_after` (a connection is cut when it has sent so many bytes towards the target).
    """

    def __init__(self, target: Path | int) -> None:
        self._target = target
        self.delay = 0.0
        self.rate: float | None = None
        self.refuses = False
        self.cut_after: int | None = None
        self.connections = 0
        self._loud = asyncio.Event()
        self._loud.set()
        self._open: set[asyncio.StreamWriter] = set()

    @property
    def is_silent(self) -> bool:
        """Whether nothing passes, in either direction and for as long as it lasts."""
        return not self._loud.is_set()

    @is_silent.setter
    def is_silent(self, silent: bool) -> None:
        if silent:
            self._loud.clear()
        else:
            self._loud.set()

    def reset(self) -> None:
        """Cut every connection, without a word: the other side sees a reset, not an end."""
        for writer in list(self._open):
            sock = writer.get_extra_info("socket")
            if sock is not None and sock.family != socket.AF_UNIX:
                # Linger for no time: what is closed then sends RST instead of FIN.
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            writer.transport.abort()

    def heal(self) -> None:
        """Let everything pass untouched again. What was held back still arrives."""
        self.delay, self.rate, self.refuses, self.cut_after = 0.0, None, False, None
        self._loud.set()

    async def meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, from its first byte to its last."""
        self.connections += 1
        with self._kept(writer):
            if self.refuses:
                return
            await self._loud.wait()
            try:
                far_reader, far_writer = await self._dial()
            except OSError:
                return
            with self._kept(far_writer):
                there = asyncio.create_task(self._pass_on(reader, far_writer, self.cut_after))
                back = asyncio.create_task(self._pass_on(far_reader, writer, None))
                try:
                    await asyncio.wait({there, back}, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    for task in (there, back):
                        task.cancel()
                    await asyncio.gather(there, back, return_exceptions=True)

    async def _dial(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if isinstance(self._target, int):
            return await asyncio.open_connection("127.0.0.1", self._target)
        return await asyncio.open_unix_connection(str(self._target))

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, cut_after: int | None) -> None:
        left = cut_after
        while piece := await reader.read(PIECE):
            await self._loud.wait()
            if self.delay or self.rate:
                await asyncio.sleep(self.delay + (len(piece) / self.rate if self.rate else 0))
            if left is not None:
                piece, left = piece[:left], left - len(piece)
            writer.write(piece)
            with contextlib.suppress(OSError):
                await writer.drain()
            if left is not None and left <= 0:
                return

    @contextlib.contextmanager
    def _kept(self, writer: asyncio.StreamWriter) -> Iterator[None]:
        self._open.add(writer)
        try:
            yield
        finally:
            self._open.discard(writer)
            writer.close()


@contextlib.asynccontextmanager
async def between(target: Path | int, *, at: Path | None = None) -> AsyncIterator[tuple[Chaos, int]]:
    """A bad network before `target`, reached at the socket `at` or else at the port that comes with it."""
    chaos = Chaos(target)
    if at is not None:
        server: asyncio.Server = await asyncio.start_unix_server(chaos.meet, str(at))
    else:
        server = await asyncio.start_server(chaos.meet, "127.0.0.1", 0)
    port = 0 if at is not None else server.sockets[0].getsockname()[1]
    try:
        yield chaos, port
    finally:
        server.close()
        chaos.heal()
        chaos.reset()
        # Whoever is being passed on notices the cut by itself.
        await asyncio.sleep(0)
