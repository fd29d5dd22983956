"""The same client over real sockets: what a peer on this machine can do to a send."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import httpx
import pytest

from integrations.whatsapp.client import WhatsApp
from integrations.whatsapp.errors import NotSent, SendUnknown
from integrations.whatsapp.outgoing import Text
from tests.integrations.whatsapp.cloud import ACCEPTED, ANA, client

HELLO = Text("Buenos días")
Peer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serving(peer: Peer) -> AsyncIterator[int]:
    """The port at which `peer` answers; at the end every conversation is over."""
    over: list[asyncio.Future[None]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        done = asyncio.get_running_loop().create_future()
        over.append(done)
        try:
            await peer(reader, writer)
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
            done.set_result(None)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]
        await asyncio.gather(*over)


@asynccontextmanager
async def talking_to(peer: Peer) -> AsyncIterator[WhatsApp]:
    async with serving(peer) as port, httpx.AsyncClient() as http:
        yield client(http, base_url=f"http://127.0.0.1:{port}", total=0.5)


async def request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    return head + await reader.readexactly(length)


def answer(body: bytes, more: bytes = b"") -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n%b\r\n%b" % (
        len(body),
        more,
        body,
    )


async def test_an_accepting_peer_gets_one_request() -> None:
    seen: list[bytes] = []

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await request(reader))
        writer.write(answer(json.dumps(ACCEPTED).encode()))
        await writer.drain()

    async with talking_to(accept) as wa:
        receipt = await wa.send(HELLO, ANA)

    assert receipt.wamid == "wamid.1"
    assert len(seen) == 1
    assert b"accept-encoding: identity" in seen[0].lower()


async def test_a_closed_port_means_not_sent() -> None:
    async with serving(hang_up) as port:
        pass

    async with httpx.AsyncClient() as http:
        with pytest.raises(NotSent):
            await client(http, base_url=f"http://127.0.0.1:{port}").send(HELLO, ANA)


async def test_a_peer_that_is_no_tls_server_means_not_sent() -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()

    async with serving(plain) as port, httpx.AsyncClient() as http:
        with pytest.raises(NotSent):
            await client(http, base_url=f"https://127.0.0.1:{port}").send(HELLO, ANA)


async def hang_up(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await request(reader)


async def hang(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await request(reader)
    await reader.read()


async def garbage(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await request(reader)
    writer.write(b"\x00\x01nonsense\r\n\r\n")
    await writer.drain()


async def break_off(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await request(reader)
    writer.write(answer(json.dumps(ACCEPTED).encode())[:-10])
    await writer.drain()


async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await request(reader)
    writer.transport.abort()


@pytest.mark.parametrize("peer", [hang_up, hang, garbage, break_off, reset], ids=lambda peer: peer.__name__)
async def test_once_the_request_has_left_the_outcome_is_unknown(peer: Peer) -> None:
    async with talking_to(peer) as wa:
        with pytest.raises(SendUnknown):
            await wa.send(HELLO, ANA)


async def test_an_answer_is_not_inflated_beyond_the_limit() -> None:
    bomb = gzip.compress(b" " * 50_000_000)

    async def inflate(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(answer(bomb, b"Content-Encoding: gzip\r\n"))
        await writer.drain()

    async with talking_to(inflate) as wa:
        with pytest.raises(SendUnknown, match="large"):
            await wa.send(HELLO, ANA)
