"""Asking a process of its own to read a file, and hearing what it finds."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from pathlib import Path

import msgspec

from console.languages.words import Words, unpacked
from console.portfolio.frames import HEAD, Failed, Found, Frame, Looked, Order, decoder
from console.portfolio.sheets import Unreadable

PATIENCE = 120.0
"""Seconds without a word after which a file is given up."""
READER = "console.portfolio.sheet_reader"


async def look(path: Path, *, sheet: str | None = None) -> Looked:
    """What the file looks like. Raises Unreadable."""
    async with aclosing(frames(Order(path=str(path), sheet=sheet))) as said:
        async for frame in said:
            if isinstance(frame, Looked):
                return frame
    raise Unreadable(Words("El archivo no se pudo leer."))


async def frames(order: Order) -> AsyncGenerator[Frame, None]:
    """What the reader says, until it has said everything. Raises Unreadable.

    Whoever may stop before it has, closes it (`aclosing`): the reader ends with that, and not some time later.
    """
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        READER,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        limit=1 << 20,
    )
    if child.stdin is None or child.stdout is None:
        raise AssertionError("both were asked for")
    try:
        child.stdin.write(msgspec.json.encode(order))
        await child.stdin.drain()
        child.stdin.close()
        while (frame := await _next(child.stdout)) is not None:
            if isinstance(frame, Failed):
                raise Unreadable(unpacked(frame.why))
            yield _in_words(frame) if isinstance(frame, Found) else frame
        if await child.wait() != 0:
            raise Unreadable(
                Words("El archivo pide demasiada memoria o demasiado tiempo: divídalo o guárdelo como CSV.")
            )
    finally:
        with suppress(ProcessLookupError):
            child.kill()
        # Not `wait`: it waits for the end of what the reader had said, and nobody else hears that now.
        await child.communicate()


def _in_words(found: Found) -> Found:
    problems = [msgspec.structs.replace(one, what=unpacked(one.what)) for one in found.problems]
    return msgspec.structs.replace(found, problems=problems)


async def _next(out: asyncio.StreamReader) -> Frame | None:
    try:
        async with asyncio.timeout(PATIENCE):
            size = int.from_bytes(await out.readexactly(HEAD), "big")
            return decoder.decode(await out.readexactly(size))
    except asyncio.IncompleteReadError:
        return None
    except TimeoutError:
        raise Unreadable(Words("El archivo tarda demasiado en leerse: divídalo o guárdelo como CSV.")) from None
