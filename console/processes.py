"""Child processes that are kept running: started again when they die, stopped when their parent stops or dies."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

STOP_SECONDS = 15.0
# One that dies this often so quickly will not get better by being started again.
DEATHS, WITHIN_SECONDS = 5, 15.0
_PR_SET_PDEATHSIG = 1


class Child:
    """One child process. Its output goes to `<name>.log` in `folder`, begun anew at each start of the parent."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        environ: dict[str, str],
        folder: Path,
        on_return: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        self.given_up = asyncio.Event()
        self._command = command
        self._environ = environ
        self._on_return = on_return
        self._deaths: deque[float] = deque(maxlen=DEATHS)
        self._process: asyncio.subprocess.Process | None = None
        self._keeper: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """The process as it is now; another one after it died."""
        return self._process.pid if self._process else None

    async def start(self) -> None:
        """Start it, and from now on start it again whenever it dies."""
        self.log.write_text("")
        await self._spawn()
        self._keeper = asyncio.create_task(self._keep(), name=f"keep {self.name}")

    async def stop(self) -> None:
        """Ask it to end, and end it if it does not."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        if self._process is None or self._process.returncode is not None:
            return
        self._process.terminate()
        try:
            await asyncio.wait_for(self._process.wait(), STOP_SECONDS)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()

    def last_words(self) -> str:
        """The last line it wrote."""
        lines = self.log.read_text(errors="replace").strip().splitlines()
        return lines[-1][-300:] if lines else "no dijo por qué"

    async def _keep(self) -> None:
        now = asyncio.get_running_loop().time
        while self._process is not None:
            await self._process.wait()
            self._deaths.append(now())
            if len(self._deaths) == DEATHS and now() - self._deaths[0] < WITHIN_SECONDS:
                self.given_up.set()
                return
            await self._spawn()
            if self._on_return is not None:
                await self._on_return()

    async def _spawn(self) -> None:
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                env=self._environ,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Ctrl-C is for the parent, which stops its children in order.
                start_new_session=True,
                preexec_fn=_die_with(os.getpid()) if sys.platform == "linux" else None,
            )


def _die_with(parent: int) -> Callable[[], None]:
    """Between fork and exec: ask the system to end this process when its parent is gone, even by kill -9."""
    libc = ctypes.CDLL(None)

    def ask() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(1)

    return ask
