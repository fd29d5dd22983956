"""Asking a process of its own to draw a page, two at a time, and hearing what came of it."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import msgspec
import structlog

from console.errors import Refused
from console.inbox import media_files
from console.languages.words import Words
from console.pdf_pages import keeping
from console.pdf_pages.frames import Frame, Problem, Size, decode

log = structlog.get_logger()
AT_ONCE = 2
SECONDS = 12.0
"""How long one page may take, by the clock on the wall."""
PATIENCE = 20.0
"""Seconds that somebody waits for their turn."""
LARGEST = 16 * 1024 * 1024
"""Bytes of a picture; those we ask for are far smaller."""
PROGRAM = "console.pdf_pages.drawing"
_HOME = str(Path(__file__).parents[2])


class Desk:
    """The places at which pages are drawn."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._places = asyncio.Semaphore(AT_ONCE)

    async def page(self, sha256: str, number: int, size: Size) -> Frame:
        """This page of this file, drawn now unless it was before.

        Cancelling ends the process, too. Raises FileNotFoundError; refuses 503 "busy".
        """
        found = await self._find(sha256, number, size)
        if found is not None:
            return found
        try:
            async with asyncio.timeout(PATIENCE):
                await self._places.acquire()
        except TimeoutError:
            text = Words("Se están abriendo muchos documentos a la vez. Inténtelo de nuevo en unos segundos.")
            raise Refused(503, text, code="busy") from None
        try:
            # Whoever had the place may have drawn the same page.
            return await self._find(sha256, number, size) or await self._draw(sha256, number, size)
        finally:
            self._places.release()

    async def _find(self, sha256: str, number: int, size: Size) -> Frame | None:
        return await asyncio.to_thread(keeping.find, self._root, sha256, number, size)

    async def _draw(self, sha256: str, number: int, size: Size) -> Frame:
        frame = await draw(media_files.place(self._root, sha256), number, size)
        if frame.problem is not None:
            log.info("pdf.not_drawn", sha256=sha256, page=number, problem=frame.problem)
        if frame.problem != Problem.NO_SUCH_PAGE:
            await asyncio.to_thread(keeping.keep, self._root, sha256, number, size, frame)
        return frame


async def draw(path: Path, number: int, size: Size, *, seconds: float = SECONDS) -> Frame:
    """The page as a process draws it that has nothing of ours: no environment, no files, no network.

    Whatever ends that process (time, memory, a fault in the parser) is "too heavy". Raises FileNotFoundError.
    """
    with await asyncio.to_thread(path.open, "rb") as file:
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            PROGRAM,
            str(number),
            size,
            stdin=file,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"PYTHONPATH": _HOME, "PYTHONDONTWRITEBYTECODE": "1"},
            limit=1 << 20,
        )
    if child.stdout is None:
        raise AssertionError("it was asked for")
    try:
        async with asyncio.timeout(seconds):
            said = bytearray()
            while piece := await child.stdout.read(1 << 16):
                said += piece
                if len(said) > LARGEST:
                    return Frame(problem=Problem.TOO_HEAVY)
            await child.wait()
        return decode(bytes(said))
    except (TimeoutError, msgspec.MsgspecError):
        return Frame(problem=Problem.TOO_HEAVY)
    finally:
        with suppress(ProcessLookupError):
            child.kill()
        await child.wait()
