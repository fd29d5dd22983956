"""What stands before every request: hosts, origins, headers, and a log that names nobody."""

from __future__ import annotations

import asyncio
import json
import os
import re
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import websockets
from litestar import get
from structlog.testing import capture_logs
from websockets.exceptions import InvalidStatus

from console import security
from console.security import CONTENT_SECURITY_POLICY
from tests.front import Front, a_console, settings_for
from tests.inbox import meta
from tests.patience import eventually

NO_TLS = ssl.create_default_context()


@pytest.fixture
async def front(sqlite_database_url: str, tmp_path: Path) -> AsyncIterator[Front]:
    async with a_console(settings_for(sqlite_database_url, tmp_path)) as front:
        yield front


def browser(front: Front) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=front.address, trust_env=False, timeout=20, verify=NO_TLS)


# Headers


async def test_every_answer_says_what_a_browser_may_do_with_it(front: Front) -> None:
    """X17 and the headers beside it: pages, refusals, files, the API, what does not exist.

    A delivery that was accepted is answered with nothing at all: no browser ever asked.
    """
    ana = await front.agent("Ana")
    style = re.search(r'href="(/static/[^"]+)"', await ana.see("/inbox"))
    assert style is not None
    answers = [
        await ana.http.get(path)
        for path in ("/inbox", "/login", "/nada", "/audit", style[1], "/api/v1/conversations", "/health", "/inbox/999")
    ]
    answers += [await front.webhook(b"{}", signature="sha256=no")]
    answers += [await ana.http.request("TRACE", "/inbox"), await ana.http.get("/inbox", headers={"host": "evil"})]

    for answer in answers:
        where = (str(answer.url), answer.status_code)
        assert answer.headers["x-content-type-options"] == "nosniff", where
        assert "default-src 'none'" in answer.headers["content-security-policy"], where
        assert "unsafe" not in answer.headers["content-security-policy"], where
        assert answer.headers["cross-origin-resource-policy"] == "same-origin", where
        assert answer.headers["cross-origin-opener-policy"] == "same-origin", where
        assert answer.headers["referrer-policy"] in {"same-origin", "no-referrer"}, where
        assert "permissions-policy" in answer.headers, where
        assert "server" not in answer.headers, where
        assert "x-request-id" in answer.headers, where
        assert "strict-transport-security" not in answer.headers, "on loopback there is no TLS to insist on"


async def test_the_policy_of_pages_is_the_strict_one(front: Front) -> None:
    """X17."""
    page = await front.outside.get("/setup")

    assert page.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    for refused in ("frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'", "default-src 'none'"):
        assert refused in CONTENT_SECURITY_POLICY


async def test_no_page_carries_script_style_or_handlers_of_its_own(front: Front) -> None:
    """What the policy would block must not be there to begin with."""
    admin = await front.agent("Iván", role="admin")
    await front.webhook(meta.body(meta.text("hola")))

    for path in ("/inbox?view=all", "/inbox/1", "/settings/users", "/settings/number", "/settings/password", "/audit"):
        html = await admin.see(path)
        assert not re.search(r"<script(?![^>]*\bsrc=)[^>]*>", html), path
        assert not re.search(r"\s(style|on[a-z]+)=[\"']", html), path
        assert "<style" not in html, path


# Hosts


async def test_another_name_for_this_server_is_refused(front: Front) -> None:
    """W44."""
    names = ["evil.example", "127.0.0.1", "127.0.0.1:1", "", "evil/x?y", "127.0.0.1.evil.example", "localhost@evil"]
    for host in names:
        answer = await front.outside.get("/login", headers={"host": host})

        assert answer.status_code == 400, host


async def test_a_forwarded_host_counts_for_nothing(front: Front) -> None:
    """A37, W44."""
    answer = await front.outside.get("/inbox", headers={"x-forwarded-host": "evil.example", "accept": "text/html"})

    assert answer.status_code == 303
    assert "evil" not in answer.headers["location"]


async def test_probes_and_meta_may_use_any_name(front: Front) -> None:
    elsewhere = {"host": "10.0.0.7:8000"}

    assert (await front.outside.get("/health", headers=elsewhere)).status_code == 200
    assert (await front.outside.get("/ready", headers=elsewhere)).status_code == 200
    assert (await front.outside.post("/webhooks/whatsapp", content=b"{}", headers=elsewhere)).status_code == 401


async def test_on_loopback_its_other_names_work_too(front: Front) -> None:
    port = front.address.rpartition(":")[2]

    for name in ("localhost", "LOCALHOST", "[::1]"):
        assert (await front.outside.get("/health", headers={"host": f"{name}:{port}"})).status_code == 200
        assert (await front.outside.get("/setup", headers={"host": f"{name}:{port}"})).status_code == 200


# Requests from other sites


ELSEWHERE = [
    {"origin": "https://evil.example"},
    {"origin": "null"},
    {"origin": ""},
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
    {"sec-fetch-site": "cross-site", "origin": "HERE"},
    {"sec-fetch-site": "same-origin", "origin": "https://evil.example"},
    {"sec-fetch-site": "what"},
    {"sec-fetch-site": "SAME-ORIGIN, cross-site"},
]
HERE = [
    {"origin": "HERE"},
    {"sec-fetch-site": "same-origin", "origin": "HERE"},
    {"sec-fetch-site": "same-origin", "origin": "null"},
    {"sec-fetch-site": "none"},
    {},
]


def filled(headers: dict[str, str], front: Front) -> dict[str, str]:
    return {name: front.address if value == "HERE" else value for name, value in headers.items()}


async def test_a_form_on_another_site_does_nothing_here(front: Front) -> None:
    """A19: with the cookie, with any content type, by any unsafe method."""
    ana = await front.agent("Ana")
    await front.webhook(meta.body(meta.text("hola")))

    for headers in ELSEWHERE:
        for method, path in (
            ("POST", "/inbox/1/assignment"),
            ("POST", "/logout"),
            ("POST", "/login"),
            ("PUT", "/inbox/1/drafts/reply"),
            ("DELETE", "/inbox/1"),
            ("PATCH", "/api/v1/conversations/1"),
            ("POST", "/nada"),
        ):
            for kind in ("application/x-www-form-urlencoded", "text/plain", "application/json"):
                forged = {**filled(headers, front), "content-type": kind}
                answer = await ana.http.request(method, path, content=b"holder=me", headers=forged)
                assert answer.status_code == 403, (method, path, headers)

    assert (await ana.http.get("/inbox")).status_code == 200, "still signed in"


async def test_ones_own_pages_and_programs_without_a_browser_are_let_through(front: Front) -> None:
    ana = await front.agent("Ana")
    await front.webhook(meta.body(meta.text("hola")))

    for headers in HERE:
        answer = await ana.http.post("/inbox/1/assignment", data={"holder": "me"}, headers=filled(headers, front))
        assert answer.status_code in {200, 303}, headers


async def test_a_cross_site_look_needs_no_protection_and_a_webhook_carries_its_own(front: Front) -> None:
    foreign = {"origin": "https://evil.example", "sec-fetch-site": "cross-site"}

    assert (await front.outside.get("/health", headers=foreign)).status_code == 200
    assert (await front.outside.post("/webhooks/whatsapp", content=b"{}", headers=foreign)).status_code == 401
    bearer = {**foreign, "authorization": "Bearer no-such-token"}
    assert (await front.outside.post("/api/v1/conversations/1/notes", json={}, headers=bearer)).status_code == 401


# Sockets


async def test_a_socket_asked_for_by_another_site_is_refused_before_it_opens(front: Front) -> None:
    """A21."""
    ana = await front.agent("Ana")
    host = front.address.removeprefix("http://")
    strange = ["https://evil.example", "null", None, "", "http://127.0.0.1:1", f"https://{host}", f"http://{host}/"]
    for origin in [*strange, f"http://{host}.evil.example", f"http://evil{host}", f"http://user@{host}"]:
        with pytest.raises(InvalidStatus) as refused:
            async with ana.socket(origin=origin):
                pass

        assert refused.value.response.status_code == 403, origin


async def test_a_socket_asked_for_by_ones_own_page_opens(front: Front) -> None:
    """A21."""
    ana = await front.agent("Ana")

    async with ana.live():
        pass


async def test_a_socket_without_a_session_is_told_to_sign_in(front: Front) -> None:
    """A22: also with a token in the address, which opens nothing."""
    ana = await front.agent("Ana")
    address = front.address.replace("http", "ws", 1)
    token = ana.http.cookies["aldia"]
    for cookie in ({}, {"cookie": "aldia=expired-or-invented"}):
        for query in ("", f"?token={token}", f"?aldia={token}"):
            socket = websockets.connect(f"{address}/live{query}", origin=front.address, additional_headers=cookie)  # type: ignore[arg-type]
            async with socket as opened, asyncio.timeout(5):
                await opened.wait_closed()
                assert opened.close_code == 4401


# What is logged


async def test_a_request_is_logged_without_query_body_or_cookie(front: Front) -> None:
    """X20, W-rows on privacy: a path, a status, a duration."""
    with capture_logs() as lines:
        odd = "/nada/%0d%0aInjected%1b%e2%80%a8%00?phone=51944218305"
        await front.outside.get(odd, headers={"cookie": "aldia=secret"})
        await front.outside.post("/login", data={"email": "ana@andes.example", "password": "mi secreto"})
        await front.webhook(meta.body(meta.text("hola")))
        await front.webhook(b"{}", signature="sha256=no")
        # A forgery is noted after its answer, and its line comes when that is done too.
        await eventually(lambda: sum(line["event"] == "request" for line in lines) == 3)

    requests = [line for line in lines if line["event"] == "request"]
    assert [(line["method"], line["status"]) for line in requests] == [("GET", 404), ("POST", 401), ("POST", 401)]
    assert {"method", "path", "status", "ms"} <= set(requests[0])
    for never in ("51944218305", "secret", "mi secreto", "ana@", "hola"):
        assert never not in str(requests)


async def test_no_log_line_holds_what_opens_something(front: Front) -> None:
    """A22, V1: a link that pays, disowns a sign-in or shows a file is a key to whoever reads it."""
    key = "Zm9yIHdob2V2ZXIgaG9sZHMgaXQ"
    with capture_logs() as lines:
        for path in (f"/p/{key}", f"/p/{key}/ir", f"/not-me/7.{key}", f"/media/1/1795186800/{key}"):
            await front.outside.get(path, headers={"accept": "text/html"})

    told = [line["path"] for line in lines if line["event"] == "request"]
    assert len(told) == 4
    assert key not in str(lines)
    assert told[0] == "/p/…"
    assert told[1] == "/p/…/ir"


def test_whatever_a_stranger_puts_into_a_line_it_stays_one_line_of_ascii() -> None:
    """X20: line ends, escape codes and line separators arrive escaped; an exception's own words not at all."""
    program = """
import logging, structlog
from console import logs
logs.configure()
odd = "a\\u2028b\\x1b[31mc\\r\\nd"
structlog.get_logger().info("ours", name=odd)
logging.getLogger("library").error("theirs %s", odd)
try:
    int("51944218305 x")
except ValueError:
    structlog.get_logger().exception("ours failed")
    logging.getLogger("library").exception("theirs failed")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    lines = done.stdout.splitlines()
    assert len(lines) == 4
    assert done.stdout.isascii()
    assert "\x1b" not in done.stdout
    ours, theirs, *failed = map(json.loads, lines)
    assert ours["name"] == "a\u2028b\x1b[31mc\r\nd"
    assert theirs["event"].startswith("theirs a")
    assert [line["kinds"] for line in failed] == [["ValueError"]] * 2
    assert "51944218305" not in done.stdout


@pytest.mark.parametrize("out", ["/dev/full", None])
def test_a_log_that_cannot_be_written_stops_nothing(out: str | None) -> None:
    """A full disk, or a reader that is gone."""
    program = "import structlog; from console import logs; logs.configure(); structlog.get_logger().info('x')"
    with open(out or os.devnull, "w") as file:  # noqa: PTH123 a device
        closed = "import os; os.close(1); " if out is None else ""
        done = subprocess.run(
            [sys.executable, "-c", closed + program], stdout=file, stderr=subprocess.PIPE, check=False
        )

    assert b"console" not in done.stderr, done.stderr


async def test_a_bug_is_logged_where_it_happened_without_what_it_said(front: Front) -> None:
    """A24: and whoever met it reads nothing of it."""

    @get("/broken")
    async def broken() -> None:
        try:
            int("51944218305 es mi número")
        except ValueError as cause:
            raise RuntimeError("el saldo de Rosa es 412.50") from cause

    front.app.register(broken)
    with capture_logs() as lines:
        for accept in ("text/html", "application/json"):
            answer = await front.outside.get("/broken", headers={"accept": accept})
            assert answer.status_code == 500
            for never in ("Traceback", "412.50", "51944218305", ".py"):
                assert never not in answer.text

    logged = [line for line in lines if line["event"] == "unexpected"]
    assert len(logged) == 2
    assert logged[0]["kinds"] == ["RuntimeError", "ValueError"]
    assert any("test_security.py" in place and "broken" in place for place in logged[0]["traceback"])
    assert "51944218305" not in str(logged)
    assert "412.50" not in str(logged)


async def test_what_fails_beyond_every_handler_is_answered_and_logged(tmp_path: Path) -> None:
    async def fails(_scope: Any, _receive: Any, _send: Any) -> None:
        raise RuntimeError("51944218305")

    settings = settings_for("sqlite+aiosqlite://", tmp_path, base_url="http://127.0.0.1:8000")
    guarded: Any = security.protect(fails, settings)
    inside = httpx.ASGITransport(app=guarded)
    with capture_logs() as lines:
        async with httpx.AsyncClient(transport=inside, base_url="http://127.0.0.1:8000") as http:
            page, call = await http.get("/inbox"), await http.get("/api/v1/conversations")

    assert page.status_code == call.status_code == 500
    assert call.headers["content-type"] == "application/problem+json"
    assert "x-content-type-options" in page.headers
    assert [line["event"] for line in lines].count("unexpected") == 2
    assert "51944218305" not in page.text + call.text + str(lines)


# Safe methods


async def test_looking_changes_nothing(front: Front) -> None:
    """A20: every page that can be looked at; nothing is different afterwards but that somebody looked."""
    admin = await front.agent("Iván", role="admin")
    await front.webhook(meta.body(meta.text("hola")))
    paths = sorted(
        path
        for route in front.app.routes
        if "GET" in getattr(route, "methods", ())
        for path in [re.sub(r"\{[^}]+\}", "1", route.path)]
        # The stream stays open.
        if not path.startswith(("/api/v1/stream", "/live"))
    )
    assert len(paths) > 15, "somebody must have pages to look at"
    before = await everything(front)

    for path in paths:
        for method in ("GET", "HEAD"):
            await admin.http.request(method, path, headers={"accept": "text/html"})

    after = await everything(front)
    changed = {table for table, rows in after.items() if rows != before[table]}
    # What the background derives from the history meanwhile, and a secret that means nothing until it is proven.
    changed = {table for table in changed if not table.startswith(("search_", "report_"))}
    assert changed <= {"audit_entry", "audit_head", "audit_seal", "second_factor"}
    recorded = after["audit_entry"][len(before["audit_entry"]) :]
    assert {entry.action for entry in recorded} <= {
        "conversation.viewed",
        "media.viewed",
        "history.exported",
        "report.exported",
    }


async def everything(front: Front) -> dict[str, list[Any]]:
    from sqlalchemy import text  # noqa: PLC0415 only here

    async with front.console.db.reading() as tx:
        tables = list(await tx.scalars(text("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")))
        return {table: list((await tx.execute(text(f'SELECT * FROM "{table}"'))).all()) for table in tables}
