"""uvicorn in a test's own event loop, which ends when it is told to and not at the next tenth of a second.

The waits of uvicorn's own stop are a fifth of a second for each server; the tests stop thousands. What it does between
them is the same here. How a process stops is tested with processes (tests/test_cli.py, tests/faults/).
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from typing import Any

import uvicorn

from tests.patience import eventually


class Server(uvicorn.Server):
    """One that leaves the test its signals, and looks often."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ended = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """They are the test's."""
        yield

    async def main_loop(self) -> None:
        """Until `end`, with the headers of every answer."""
        await self.on_tick(0)
        await self.ended.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn's: nobody comes any more, who is here is answered, and only then the application ends."""
        for server in self.servers:
            server.close()
        for listening in sockets or []:
            listening.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        grace = self.config.timeout_graceful_shutdown
        try:
            await eventually(self._is_done, within=float("inf") if grace is None else grace)
        except AssertionError:
            for task in self.server_state.tasks:
                task.cancel(msg="Task cancelled, timeout graceful shutdown exceeded")
        await self.lifespan.shutdown()

    def _is_done(self) -> bool:
        return not (self.server_state.connections or self.server_state.tasks)


@contextlib.asynccontextmanager
async def serving(app: Any, listening: socket.socket, **options: Any) -> AsyncIterator[None]:
    """`app` answers on `listening` within the block."""
    server = Server(uvicorn.Config(app, **options))
    running = asyncio.create_task(server.serve(sockets=[listening]))
    await eventually(lambda: server.started or running.done(), within=60)
    if running.done():
        running.result()
    try:
        yield
    finally:
        server.ended.set()
        await running
