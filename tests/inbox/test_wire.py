"""Deliveries on the wire: taken when whole and plain, in order whatever stands beside them, else the server's way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import func, select

from console.inbox.models import Message
from console.inbox.wire import delivery_in
from integrations.whatsapp.signature import sign
from tests.front import APP_SECRET, Front, a_console, settings_for
from tests.inbox import meta


def request(body: bytes, *more: str, signature: str | None = None) -> bytes:
    """A delivery as it stands on the wire."""
    fields = [
        "host: localhost",
        f"content-length: {len(body)}",
        f"x-hub-signature-256: {signature or sign(body, APP_SECRET)}",
        *more,
    ]
    return "\r\n".join(["POST /webhooks/whatsapp HTTP/1.1", *fields, "", ""]).encode() + body


def test_a_whole_delivery_is_its_body() -> None:
    body = meta.body(meta.text())

    assert delivery_in(request(body, "connection: Keep-Alive"), [APP_SECRET]) == body


@pytest.mark.parametrize(
    "odd",
    [
        "transfer-encoding: chunked",
        "content-encoding: gzip",
        "expect: 100-continue",
        "connection: close",
        "connection: upgrade",
        "content-length: 3",
        "x-hub-signature-256: sha256=00",
        "no colon",
        " folded: line",
        "spaced : name",
        "bell: \a",
    ],
)
def test_whatever_is_odd_is_left_to_the_server(odd: str) -> None:
    assert delivery_in(request(meta.body(meta.text()), odd), [APP_SECRET]) is None


def test_what_is_not_all_there_or_more_than_one_is_left_to_the_server() -> None:
    whole = request(meta.body(meta.text()))

    assert delivery_in(whole[:-1], [APP_SECRET]) is None
    assert delivery_in(whole + b"G", [APP_SECRET]) is None
    assert delivery_in(whole, ["another secret"]) is None
    assert delivery_in(b"POST /webhooks/whatsapp HTTP/1.1\r\n\r\n", [APP_SECRET]) is None


@pytest.fixture
async def front(database_url: str, tmp_path: Path) -> AsyncIterator[Front]:
    async with a_console(settings_for(database_url, tmp_path)) as front:
        yield front


@asynccontextmanager
async def plugged(front: Front) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection, byte by byte."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(front.address.rpartition(":")[2]))
    try:
        yield reader, writer
    finally:
        writer.close()
        await writer.wait_closed()


async def status(reader: asyncio.StreamReader) -> int:
    head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)).decode().lower()
    length = next(int(line[15:]) for line in head.split("\r\n") if line.startswith("content-length:"))
    await reader.readexactly(length)
    return int(head.split()[1])


async def stored(front: Front) -> int:
    async with front.console.db.reading() as tx:
        return await tx.scalar(select(func.count()).select_from(Message)) or 0


async def test_requests_on_one_connection_are_answered_in_their_order(front: Front) -> None:
    deliveries = [request(meta.body(meta.text(f"número {n}"))) for n in range(3)]
    async with plugged(front) as (reader, writer):
        writer.write(deliveries[0])
        await writer.drain()
        await asyncio.sleep(0)
        writer.write(b"GET /nowhere HTTP/1.1\r\nhost: localhost\r\n\r\n" + deliveries[1] + deliveries[2])

        # The page is asked for by a name that is none of ours.
        assert [await status(reader) for _ in range(4)] == [200, 400, 200, 200]
        writer.write(request(b"{}", signature="sha256=" + "0" * 64))
        assert await status(reader) == 401
        writer.write(request(meta.body(meta.text("y otra vez"))))
        assert await status(reader) == 200

    assert await stored(front) == 4


async def test_a_delivery_that_comes_in_pieces_is_taken_all_the_same(front: Front) -> None:
    whole = request(meta.body(meta.text()))
    async with plugged(front) as (reader, writer):
        for at in range(0, len(whole), 40):
            writer.write(whole[at : at + 40])
            await writer.drain()
        assert await status(reader) == 200

    assert await stored(front) == 1


async def test_a_delivery_within_another_request_is_none(front: Front) -> None:
    """What looks like one in the middle of somebody's request is part of that request."""
    inner = request(meta.body(meta.text()))
    outer = f"POST /nowhere HTTP/1.1\r\nhost: localhost\r\ncontent-length: {len(inner)}\r\n".encode()
    async with plugged(front) as (reader, writer):
        writer.write(outer)
        await writer.drain()
        await asyncio.sleep(0)
        writer.write(b"\r\n")
        await writer.drain()
        await asyncio.sleep(0)
        writer.write(inner)
        assert await status(reader) == 400

    assert await stored(front) == 0


def in_chunks(body: bytes) -> bytes:
    return b"%x\r\n%b\r\n%x;ext=1\r\n%b\r\n0\r\n\r\n" % (7, body[:7], len(body) - 7, body[7:])


ODD_BUT_WHOLE = {
    "in chunks": ["transfer-encoding: chunked"],
    "in chunks, with a trailer promised": ["transfer-encoding: chunked", "trailer: x-sum"],
    "of no type": ["LENGTH"],
    "of two types": ["LENGTH", "content-type: text/plain", "content-type: x"],
    "not packed, it says": ["LENGTH", "content-encoding: identity"],
    "with a cookie": ["LENGTH", "cookie: aldia=x; aldia=y"],
    "from another site": ["LENGTH", "origin: https://evil.example"],
    "with thirty headers": ["LENGTH", *(f"x-{number}: {number}" for number in range(30))],
}


@pytest.mark.parametrize("how", ODD_BUT_WHOLE)
@pytest.mark.parametrize("where", ["/webhooks/whatsapp", "/webhooks/whatsapp?x=1&x=2"])
async def test_a_signed_delivery_is_taken_however_it_is_put(front: Front, how: str, where: str) -> None:
    body = meta.body(meta.text())
    fields = [f"content-length: {len(body)}" if field == "LENGTH" else field for field in ODD_BUT_WHOLE[how]]
    sent = in_chunks(body) if "chunks" in how else body
    head = [f"POST {where} HTTP/1.1", "Host: anything", f"X-HUB-SIGNATURE-256: {sign(body, APP_SECRET)} \t", *fields]
    async with plugged(front) as (reader, writer):
        for _ in range(2):
            writer.write("\r\n".join([*head, "", ""]).encode() + sent)
            assert await status(reader) == 200

    assert await stored(front) == 1


async def test_who_asks_first_whether_to_send_is_told_to(front: Front) -> None:
    """RFC 9110, 10.1.1: `Expect: 100-continue`."""
    whole = request(meta.body(meta.text()), "expect: 100-continue")
    head, _end, body = whole.partition(b"\r\n\r\n")
    async with plugged(front) as (reader, writer):
        writer.write(head + b"\r\n\r\n")
        assert (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)).startswith(b"HTTP/1.1 100 ")
        writer.write(body)
        assert await status(reader) == 200

    assert await stored(front) == 1


async def test_who_asks_to_send_too_much_is_told_at_once_not_to(front: Front) -> None:
    """W20: nothing of it is waited for."""
    async with plugged(front) as (reader, writer):
        fields = ["host: x", "content-length: 400000000", "expect: 100-continue", "x-hub-signature-256: sha256=00"]
        writer.write("\r\n".join(["POST /webhooks/whatsapp HTTP/1.1", *fields, "", ""]).encode())
        assert await status(reader) == 413


@pytest.mark.parametrize("old", ["HTTP/1.0", "HTTP/1.1\r\nconnection: close"])
async def test_whoever_wants_to_hang_up_is_answered_first(front: Front, old: str) -> None:
    whole = request(meta.body(meta.text())).replace(b"HTTP/1.1", old.encode(), 1)
    async with plugged(front) as (reader, writer):
        writer.write(whole)
        assert await status(reader) == 200
        assert await asyncio.wait_for(reader.read(), 10) == b""

    assert await stored(front) == 1


async def test_fifty_behind_one_another_are_answered_in_their_order(front: Front) -> None:
    """W42: on one connection, without waiting for an answer; every seventh is forged."""
    forged = "sha256=" + "0" * 64
    deliveries = [request(meta.body(meta.text(f"número {n}")), signature=None if n % 7 else forged) for n in range(50)]
    async with plugged(front) as (reader, writer):
        writer.write(b"".join(deliveries))
        assert [await status(reader) for _ in range(50)] == [200 if n % 7 else 401 for n in range(50)]

    assert await stored(front) == 42


@pytest.mark.parametrize(
    "fields",
    [
        ["content-length: 3", "content-length: 4"],
        ["content-length: 3", "transfer-encoding: chunked"],
        ["content-length: +3"],
        ["content-length: 0x3"],
        ["content-length: "],
        ["transfer-encoding: chunked, identity"],
        ["transfer-encoding: xchunked"],
        ["content-length : 3"],
    ],
    ids=str,
)
async def test_a_delivery_whose_end_can_be_read_in_two_ways_is_none(front: Front, fields: list[str]) -> None:
    """W42: nothing of it is stored, and what comes behind it on the connection is no request."""
    body = meta.body(meta.text())
    head = ["POST /webhooks/whatsapp HTTP/1.1", "host: x", f"x-hub-signature-256: {sign(body, APP_SECRET)}", *fields]
    async with plugged(front) as (reader, writer):
        writer.write("\r\n".join([*head, "", ""]).encode() + body + request(meta.body(meta.text("de contrabando"))))
        answer = await asyncio.wait_for(reader.read(), 10)

    assert b" 200 " not in answer
    assert await stored(front) == 0
