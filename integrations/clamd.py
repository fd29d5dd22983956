"""A malware scanner: ClamAV's daemon, asked over its socket about one file at a time.

Of its protocol (docs.clamav.net, ClamdProtocol) we need two commands, PING and INSTREAM. Of the clients there are,
aioclamd speaks TCP alone, hands a file over a KB and a thread's turn at a time, and takes whatever ends in ": OK" for
clean and a connection that was hung up for no answer; pyvalve waits for an answer for ever.
"""

from __future__ import annotations

import asyncio
import re
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple
from urllib.parse import urlsplit

_CHUNK = 256 * 1024
_CONNECT_SECONDS = 5.0
_LONGEST_NAME = 200
_FOUND = re.compile(r"stream: (.+) FOUND")
_END = b"\0"


class NoVerdict(Exception):  # noqa: N818 it is an answer, too
    """The scanner is away, took too long, or said something else than what it found: nothing is known of the file."""


class Place(NamedTuple):
    """Where a scanner listens: a host and a port, or a socket in the file system."""

    host: str | None
    port: int
    path: str


class Clamd:
    """One scanner. `seconds` is how long a file may take, from the first byte sent to the answer."""

    def __init__(self, place: Place, *, seconds: float) -> None:
        self._place = place
        self._seconds = seconds

    async def ping(self) -> None:
        """Raises NoVerdict unless it answers at once."""
        said = await self._asked(b"zPING\0", None, within=min(self._seconds, _CONNECT_SECONDS))
        if said != "PONG":
            raise NoVerdict(_told(said))

    async def scan(self, path: Path) -> str | None:
        """The name of what was found in the file, None when it is clean. Raises NoVerdict, FileNotFoundError."""
        with await asyncio.to_thread(path.open, "rb") as file:
            said = await self._asked(b"zINSTREAM\0", file, within=self._seconds)
        if said == "stream: OK":
            return None
        if found := _FOUND.fullmatch(said):
            return _told(found[1])
        raise NoVerdict(_told(said))

    async def _asked(self, command: bytes, file: BinaryIO | None, *, within: float) -> str:
        try:
            async with asyncio.timeout(within), self._connected() as (reader, writer):
                writer.write(command)
                if file is not None:
                    await _pour(writer, file)
                await writer.drain()
                return (await reader.readuntil(_END)).removesuffix(_END).decode("ascii", "replace")
        except FileNotFoundError as missing:
            raise NoVerdict("no socket there") from missing  # the file itself is open by now
        except (OSError, EOFError, asyncio.LimitOverrunError) as failed:  # a time-out is an OSError
            raise NoVerdict(type(failed).__name__) from failed

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        async with asyncio.timeout(_CONNECT_SECONDS):
            if self._place.host is None:
                reader, writer = await asyncio.open_unix_connection(self._place.path)
            else:
                reader, writer = await asyncio.open_connection(self._place.host, self._place.port)
        try:
            yield reader, writer
        finally:
            # Whatever is still to be sent is of no use to anybody: an orderly goodbye could wait for ever.
            writer.transport.abort()
            with suppress(OSError):
                await writer.wait_closed()


async def _pour(writer: asyncio.StreamWriter, file: BinaryIO) -> None:
    """The bytes in pieces, each behind its length; one without length ends them."""
    while piece := await asyncio.to_thread(file.read, _CHUNK):
        writer.write(struct.pack(">I", len(piece)) + piece)
        await writer.drain()
    writer.write(struct.pack(">I", 0))


def place_of(url: str) -> Place:
    """Where `tcp://host:port` or `unix:/path` leads. Raises ValueError for anything else."""
    wrong = ValueError("a scanner listens at tcp://host:port or unix:/path")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise wrong from None
    if parts.scheme == "unix" and not parts.netloc and parts.path.startswith("/"):
        return Place(None, 0, parts.path)
    bare = not (parts.path or parts.query or parts.fragment or parts.username)
    if parts.scheme == "tcp" and parts.hostname and port and bare:
        return Place(parts.hostname, port, "")
    raise wrong


def _told(said: str) -> str:
    """What a stranger says, fit to be kept and shown."""
    return "".join(each for each in said if each.isprintable())[:_LONGEST_NAME].strip() or "?"
