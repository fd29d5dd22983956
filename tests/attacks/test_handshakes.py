"""Handshakes that no browser makes: whoever sends them ends nobody's process and smuggles nothing in. Rows A25, A26."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import func, select

from console.inbox.models import Message
from integrations.whatsapp.signature import sign
from tests.front import APP_SECRET, Front, Person
from tests.inbox import meta

FIELDS = {
    "Host": "",
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
    "Origin": "",
    "Cookie": "",
    "Sec-WebSocket-Protocol": "aldia",
    "Sec-WebSocket-Extensions": "permessage-deflate",
    "User-Agent": "a browser",
    "Accept-Language": "es",
    "X-Forwarded-For": "10.0.0.1",
    "X-Request-Id": "1",
}


def handshake(who: Person, **changed: bytes) -> bytes:
    """The page's own, with some fields changed or added, named with underscores."""
    cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in who.http.cookies.jar)
    address = who.front.address
    fields = FIELDS | {"Host": address.removeprefix("http://"), "Origin": address, "Cookie": cookies}
    raw = {name: value.encode() for name, value in fields.items()}
    raw |= {name.replace("_", "-"): value for name, value in changed.items()}
    lines = [name.encode() + b": " + value for name, value in raw.items()]
    return b"\r\n".join([b"GET /live HTTP/1.1", *lines, b"", b""])


async def said(front: Front, sent: bytes) -> bytes:
    """All that is answered within a moment."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(front.address.rpartition(":")[2]))
    try:
        writer.write(sent)
        heard = b""
        async with asyncio.timeout(1.5):
            while more := await reader.read(65536):
                heard += more
    except (TimeoutError, ConnectionError):
        pass
    finally:
        writer.close()
    return heard


def status(answer: bytes) -> int | None:
    """None for a connection that was ended without a word."""
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/") else None


async def test_the_handshake_as_a_page_makes_it_is_taken(front: Front) -> None:
    ana = await front.agent("Ana")

    assert status(await said(front, handshake(ana))) == 101


@pytest.mark.parametrize("odd", ["ñ".encode(), "ñ".encode("latin-1"), b"\xff\xfe", "🙏".encode()])
async def test_what_is_not_ascii_in_any_field_ends_nobodys_process(front: Front, odd: bytes) -> None:
    """A25."""
    ana = await front.agent("Ana")

    answers = await asyncio.gather(*(said(front, handshake(ana, **{name.replace("-", "_"): odd})) for name in FIELDS))

    for name, answer in zip(FIELDS, answers, strict=True):
        assert (status(answer) or 400) < 500, (name, answer[:200])
    assert status(await said(front, handshake(ana))) == 101, "it goes on"


@pytest.mark.parametrize("how", ["its length said", "in chunks", "just behind"])
async def test_a_request_inside_a_handshake_is_never_one(front: Front, how: str) -> None:
    """A26: what is inside is a signed delivery, which would be stored if it were read."""
    ana = await front.agent("Ana")
    body = meta.body(meta.text("de contrabando"))
    inner = (
        b"POST /webhooks/whatsapp HTTP/1.1\r\nHost: "
        + front.address.removeprefix("http://").encode()
        + f"\r\nContent-Length: {len(body)}\r\nX-Hub-Signature-256: {sign(body, APP_SECRET)}\r\n\r\n".encode()
        + body
    )
    if how == "its length said":
        sent = handshake(ana, Content_Length=str(len(inner)).encode()) + inner
    elif how == "in chunks":
        sent = handshake(ana, Transfer_Encoding=b"chunked") + f"{len(inner):x}\r\n".encode() + inner + b"\r\n0\r\n\r\n"
    else:
        sent = handshake(ana) + inner

    answer = await said(front, sent)

    assert answer.count(b"HTTP/1.1 ") <= 1, answer
    async with front.console.db.reading() as tx:
        assert await tx.scalar(select(func.count()).select_from(Message)) == 0
    assert (await front.webhook(body)).status_code == 200, "by the door it is taken"
