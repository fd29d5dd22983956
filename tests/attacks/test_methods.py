"""What a request may ask for beside GET and POST, and addresses spelt oddly: answered as HTTP says, and never a fault.

Every address that is looked at is in the table of tests/who_may.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import httpx
import pytest

from tests.front import Front, Person
from tests.inbox import meta
from tests.who_may import PAGES

HTML = {"accept": "text/html"}
FRAMING = {"content-length", "transfer-encoding"}


def looked_at() -> list[str]:
    return [
        row.ask for row in PAGES if row.method == "GET" and "{" not in row.ask and not row.path.startswith("/media")
    ]


async def test_head_is_answered_as_get_is_without_what_it_shows(front: Front) -> None:
    """RFC 9110, 9.3.2: the same status and headers, the length of what GET would show, and not a byte of it."""
    admin = await front.agent("Iván", role="admin")
    await front.webhook(meta.body(meta.text("hola")))
    assert len(looked_at()) > 80

    for path in looked_at():
        got = await admin.http.get(path, headers=HTML)
        headed = await admin.http.head(path, headers=HTML)

        assert headed.status_code == got.status_code, path
        assert headed.content == b"", path
        assert headed.headers.keys() - FRAMING == got.headers.keys() - FRAMING, path
        assert headed.headers.get("content-type") == got.headers.get("content-type"), path


async def test_a_head_holds_no_connection(front: Front) -> None:
    """The next request on the same connection is answered: nothing of a body went before its answer."""
    admin = await front.agent("Iván", role="admin")
    head = f"HEAD /inbox HTTP/1.1\r\nHost: {host(front)}\r\nCookie: {cookies(admin)}\r\n\r\n"

    answers = await said(front, (head * 3).encode() + b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")

    assert answers.count(b"HTTP/1.1 200") == 4
    assert b"<html" not in answers
    assert answers.endswith(b'{"status":"ok"}')


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE", "PROPFIND"])
async def test_a_method_that_is_not_for_a_page_is_told_which_are(front: Front, method: str) -> None:
    """RFC 9110, 15.5.6: 405 with Allow, wherever; HEAD is among them wherever GET is."""
    ana = await front.agent("Ana")

    for path in (
        "/inbox",
        "/inbox/1",
        "/login",
        "/settings/password",
        "/health",
        "/webhooks/whatsapp",
        "/static/x/y.css",
    ):
        for headers in (HTML, {}):
            answer = await ana.http.request(method, path, headers=headers)

            assert answer.status_code == 405, path
            allowed = answer.headers["allow"].split(", ")
            assert {"GET", "HEAD"} <= set(allowed), path
            assert method not in allowed, path
            assert all(name.isupper() for name in allowed), path


async def test_options_of_a_page_name_head_too(front: Front) -> None:
    for path in ("/inbox", "/login", "/inbox/1/replies"):
        answer = await front.outside.options(path)

        assert answer.status_code == 204, path
        allowed = answer.headers["allow"].split(", ")
        assert ("GET" in allowed) == ("HEAD" in allowed), path


async def test_the_address_of_sockets_says_what_it_speaks(front: Front) -> None:
    """RFC 9110, 15.5.22."""
    ana = await front.agent("Ana")
    for headers in ({}, HTML):
        answer = await ana.http.get("/live", headers=headers)

        assert answer.status_code == 426
        assert answer.headers["upgrade"] == "websocket"
        assert "allow" not in answer.headers


def odd_lines() -> Iterator[bytes]:
    yield b"OPTIONS * HTTP/1.1"
    yield b"CONNECT evil.example:443 HTTP/1.1"
    yield b"GET http://evil.example/inbox HTTP/1.1"
    yield b"GET //evil.example/inbox HTTP/1.1"
    yield b"GET /%00 HTTP/1.1"
    yield b"GET /inbox/%ff%fe HTTP/1.1"
    yield b"GET /inbox/\xff\xfe HTTP/1.1"
    yield b"GET /../../etc/passwd HTTP/1.1"
    yield b"GET /static/..%2f..%2fapp.py HTTP/1.1"
    yield b"GET /static/x/%2e%2e/%2e%2e/app.py HTTP/1.1"
    yield b"GET /static/x/..\\..\\app.py HTTP/1.1"
    yield b"GET /inbox?" + b"a=1&" * 4000 + b" HTTP/1.1"
    yield b"GET /" + b"a" * 60_000 + b" HTTP/1.1"
    yield b"GET /inbox%3Fview=all HTTP/1.1"
    yield b"GET /INBOX HTTP/1.1"
    yield b"get /inbox HTTP/1.1"
    yield b"FOO /inbox HTTP/1.1"
    yield b"GET /inbox HTTP/1.0"
    yield b"GET /inbox HTTP/2.0"
    yield b"GET /inbox"
    yield b"PRI * HTTP/2.0"
    yield b"GET inbox HTTP/1.1"
    yield b"GET ?x HTTP/1.1"
    yield b"HEAD * HTTP/1.1"
    yield b"POST /webhooks//whatsapp HTTP/1.1\r\nContent-Length: 0"
    yield b"POST /webhooks/whatsapp/ HTTP/1.1\r\nContent-Length: 0"
    yield b"POST /Webhooks/WhatsApp HTTP/1.1\r\nContent-Length: 0"
    yield b"POST /webhooks/whatsapp HTTP/1.1\r\nContent-Length: -1"
    yield b"POST /webhooks/whatsapp HTTP/1.1\r\nContent-Length: 1, 1"
    yield b"POST /webhooks/whatsapp HTTP/1.1\r\nContent-Length: 99999999999999999999999999"
    yield b"POST /webhooks/whatsapp HTTP/1.1\r\nTransfer-Encoding: gzip, chunked"


async def test_an_odd_first_line_is_refused_and_the_next_request_served(front: Front) -> None:
    ana = await front.agent("Ana")
    rest = f"\r\nHost: {host(front)}\r\nCookie: {cookies(ana)}\r\nConnection: close\r\n\r\n".encode()
    lines = list(odd_lines())

    answers = await asyncio.gather(*(said(front, line + rest) for line in lines))

    for line, answer in zip(lines, answers, strict=True):
        status = int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/") else 400
        assert status < 500, (line[:60], answer[:300])
        for never in (b"Traceback", b"root:"):
            assert never not in answer, line[:60]
    assert (await ana.http.get("/inbox")).status_code == 200


async def test_slashes_too_many_lead_past_no_guard(front: Front) -> None:
    """Whatever the spelling of an address, another site's form does nothing there, and nobody is let in."""
    ana = await front.agent("Ana")
    await front.webhook(meta.body(meta.text("hola")))
    forged = {"origin": "https://evil.example", "content-type": "application/x-www-form-urlencoded"}
    for path in (
        "//inbox/1/assignment",
        "/inbox//1/assignment",
        "/inbox/1/assignment/",
        "/webhooks/../inbox/1/assignment",
    ):
        answer = await ana.http.send(
            httpx.Request(
                "POST",
                front.address,
                content=b"holder=me",
                headers={**forged, "cookie": cookies(ana)},
                extensions={"target": path.encode()},
            )
        )
        assert answer.status_code in {403, 404}, path
    for path in ("//inbox", "/inbox/", "/inbox//1", "/./inbox", "/health/../inbox", "/static/../inbox"):
        answer = await front.outside.send(
            httpx.Request("GET", front.address, headers=HTML, extensions={"target": path.encode()})
        )
        assert answer.status_code in {303, 400, 404}, path
        assert "hola" not in answer.text, path


def host(front: Front) -> str:
    return front.address.removeprefix("http://")


def cookies(who: Person) -> str:
    return "; ".join(f"{cookie.name}={cookie.value}" for cookie in who.http.cookies.jar)


async def said(front: Front, sent: bytes) -> bytes:
    """All that is answered until the connection ends, or nothing more comes for a moment."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(front.address.rpartition(":")[2]))
    heard = b""
    try:
        writer.write(sent)
        async with asyncio.timeout(5):
            while more := await reader.read(65536):
                heard += more
    except (TimeoutError, ConnectionError):
        pass
    finally:
        writer.close()
    return heard
