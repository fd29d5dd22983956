"""The front proxy we ship, before the program as it is run: rows W38, W41, W42 and W44, and what must get through."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import socket
import ssl
import subprocess
import sys
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import httpx
import pytest
import websockets
from sqlalchemy import select

from console import slow_bodies
from console.audit import AuditEntry
from console.db import Database
from console.inbox.models import Message
from integrations.whatsapp.signature import sign
from tests import nginx
from tests.conftest import SECRET_KEY
from tests.databases import SqliteCopies
from tests.front import APP_SECRET, a_console, settings_for
from tests.inbox import meta
from tests.nginx import NAME, Door, shipped, trickle
from tests.patience import eventually
from tests.servers import Server

PROGRAM = Path(sys.executable).with_name("aldia")
EMAIL, PASSWORD = "rosa@andes.example", "una frase larga y propia"
QUICK = {"client_header_timeout": "1s", "client_body_timeout": "500ms"}
TIMES = {"ms": 0.001, "s": 1, "m": 60, "h": 3600}


class Installation:
    """One console, started as an operator starts it, with the proxy in front of it."""

    def __init__(self, folder: Path, database_url: str, **more: str) -> None:
        self.folder = folder
        self.database_url = database_url
        self.port = nginx.free_port()
        self.environ = {
            "PATH": os.environ["PATH"],
            "ALDIA_SECRET_KEY": SECRET_KEY,
            "ALDIA_BASE_URL": f"https://{NAME}",
            "ALDIA_DATABASE_URL": database_url,
            "ALDIA_BOT": "off",
            "ALDIA_MEDIA_DIR": str(folder / "media"),
            "WHATSAPP_API_URL": "http://127.0.0.1:9",
            "WHATSAPP_PHONE_NUMBER_ID": meta.PHONE_NUMBER_ID,
            "WHATSAPP_BUSINESS_ACCOUNT_ID": meta.BUSINESS_ACCOUNT_ID,
            "WHATSAPP_ACCESS_TOKEN": "a-token",
            "WHATSAPP_APP_SECRET": APP_SECRET,
            "WHATSAPP_VERIFY_TOKEN": "a verify token",
            **more,
        }
        self.log = folder / f"console-{self.port}.log"
        self.server = Server(
            f"http://127.0.0.1:{self.port}",
            [PROGRAM, "serve", "--port", str(self.port)],
            ready=self._lives,
            log=self.log,
            env=self.environ,
            cwd=folder,
        )

    def _lives(self) -> bool:
        with contextlib.suppress(httpx.HTTPError):
            return httpx.get(f"{self.server.url}/health", trust_env=False).status_code == 200
        return False

    def run(self, *command: str, given: str = "") -> str:
        """One subcommand of `aldia`; what it printed."""
        done = subprocess.run(
            [PROGRAM, *command],
            env=self.environ,
            cwd=self.folder,
            input=given,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    def saw(self, part: str) -> int:
        """How many requests with `part` in their path the console was given."""
        return len(re.findall(rf'"path": "[^"]*{part}', self.log.read_text()))


class Proxied:
    """The installation and its door."""

    def __init__(self, installation: Installation, door: Door) -> None:
        self.console = installation
        self.door = door

    def http(self, **options: Any) -> httpx.AsyncClient:
        """A client that believes to speak to the public name."""
        return httpx.AsyncClient(base_url=f"https://{NAME}", transport=_ToTheDoor(self.door), timeout=20, **options)

    async def signed_in(self, http: httpx.AsyncClient) -> None:
        answer = await http.post("/login", data={"email": EMAIL, "password": PASSWORD})
        assert answer.status_code == 303, answer.text


class _ToTheDoor(httpx.AsyncHTTPTransport):
    """What DNS would do: the public name is this machine, and another port."""

    def __init__(self, door: Door) -> None:
        super().__init__(verify=door.trust)
        self._port = door.tls

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        there = httpx.Request(
            request.method,
            request.url.copy_with(host="127.0.0.1", port=self._port),
            headers=request.headers,
            stream=request.stream,
            extensions={**request.extensions, "sni_hostname": request.url.host},
        )
        return await super().handle_async_request(there)


@pytest.fixture(scope="module")
def proxied(tmp_path_factory: pytest.TempPathFactory, _sqlite_copies: SqliteCopies) -> Iterator[Proxied]:
    if nginx.find() is None and os.geteuid() != 0:
        pytest.skip(nginx.ABSENT)
    folder = tmp_path_factory.mktemp("proxied")
    installation = Installation(folder, _sqlite_copies.one(folder))
    installation.run("user", "add", EMAIL, "--name", "Rosa", "--role", "admin", "--password-stdin", given=PASSWORD)
    installation.server.start()
    try:
        with nginx.nginx(folder, installation.port, **QUICK) as door:
            yield Proxied(installation, door)
    finally:
        installation.server.stop()


@pytest.fixture
def unique() -> str:
    """A path of its own, to find a request again in the console's log."""
    return f"nowhere-{uuid.uuid4().hex}"


def seconds(value: str) -> float:
    number, unit = re.fullmatch(r"(\d+)(ms|s|m|h)", value).groups()  # type: ignore[union-attr]
    return int(number) * TIMES[unit]


# W38: slow headers, slow bodies


def test_w38_nobody_is_waited_for_longer_than_30_seconds_as_shipped() -> None:
    waits = [*shipped("client_header_timeout"), *shipped("client_body_timeout"), *shipped("lingering_time")]

    assert len(waits) == 4
    assert all(seconds(value) <= 10 for value in waits)
    # Where the proxy passes a body on as it comes, the console is who counts.
    assert slow_bodies.GRACE_SECONDS + seconds(shipped("lingering_time")[0]) <= 30
    assert shipped("proxy_request_buffering") == ["off", "on"]
    # Meta's door takes bodies in whole, and there a byte each three seconds is one silence too many.
    assert min(seconds(value) for value in shipped("client_body_timeout")) < 3


async def test_w38_a_header_that_trickles_in_is_cut_off(proxied: Proxied) -> None:
    took = await trickle(proxied.door, b"GET /health HTTP/1.1\r\nHost: %b\r\nX-A: " % NAME.encode(), every=0.2)

    assert took < 5


async def test_w38_a_signed_delivery_that_trickles_in_is_cut_off(proxied: Proxied) -> None:
    beginning = b"POST /webhooks/whatsapp HTTP/1.1\r\nHost: %b\r\nContent-Length: 500000\r\n\r\n{" % NAME.encode()

    assert await trickle(proxied.door, beginning, every=1.0) < 5


async def test_w38_a_form_that_trickles_in_faster_than_the_proxy_minds_is_cut_off_by_the_console(
    sqlite_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if nginx.find() is None and os.geteuid() != 0:
        pytest.skip(nginx.ABSENT)
    monkeypatch.setattr(slow_bodies, "GRACE_SECONDS", 1.0)
    settings = settings_for(sqlite_database_url, tmp_path)
    async with a_console(settings) as front:
        port = httpx.URL(front.address).port or 0
        with nginx.nginx(tmp_path, port, lingering_time="1s") as door:
            beginning = b"POST /login HTTP/1.1\r\nHost: %b\r\nContent-Length: 500000\r\n\r\nemail=" % NAME.encode()

            assert await trickle(door, beginning, every=0.1) < 5


# W41: too many headers, too long ones


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param(b"".join(b"X-%d: a\r\n" % number for number in range(3000)), id="three thousand"),
        pytest.param(b"a:b\r\n" * 3000, id="three thousand of five bytes"),
        pytest.param(b"X-A: " + b"a" * 1_000_000 + b"\r\n", id="a megabyte"),
        pytest.param(b"Cookie: __Host-aldia=" + b"a" * 20_000 + b"\r\n", id="a cookie of 20 KB"),
    ],
)
async def test_w41_what_no_browser_sends_is_refused_before_the_console_sees_it(
    proxied: Proxied, unique: str, headers: bytes
) -> None:
    request = b"GET /%b HTTP/1.1\r\nHost: %b\r\n%b\r\n" % (unique.encode(), NAME.encode(), headers)

    answer = await proxied.door.say(request)

    assert status(answer) in {400, 431}
    assert proxied.console.saw(unique) == 0


# W42: two readings of one request


SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: %b\r\n\r\n" % NAME.encode()
CHUNKED = b"0\r\n\r\n" + SMUGGLED


def post(*headers: bytes, body: bytes = CHUNKED, path: bytes = b"/login") -> bytes:
    head = [b"POST %b HTTP/1.1" % path, b"Host: %b" % NAME.encode(), *headers]
    return b"\r\n".join(head) + b"\r\n\r\n" + body


AMBIGUOUS = {
    "length and chunks": post(b"Content-Length: %d" % len(CHUNKED), b"Transfer-Encoding: chunked"),
    "chunks and length": post(b"Transfer-Encoding: chunked", b"Content-Length: 4"),
    "chunked twice": post(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"),
    "chunked and identity": post(b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity"),
    "chunked in a list": post(b"Transfer-Encoding: identity, chunked"),
    "chunked by another name": post(b"Transfer-Encoding: xchunked"),
    "a space before the colon": post(b"Transfer-Encoding : chunked", b"Content-Length: %d" % len(CHUNKED)),
    "a tab before chunked": post(b"Transfer-Encoding:\tchunked", b"Content-Length: %d" % len(CHUNKED)),
    "a vertical tab": post(b"Transfer-Encoding: \x0bchunked", b"Content-Length: %d" % len(CHUNKED)),
    "a folded header": post(b"Content-Length: %d" % len(CHUNKED), b"X-A: a", b" Transfer-Encoding: chunked"),
    "a folded value": post(b"Transfer-Encoding:", b" chunked", b"Content-Length: %d" % len(CHUNKED)),
    "two lengths": post(b"Content-Length: 0", b"Content-Length: %d" % len(CHUNKED)),
    "a list of lengths": post(b"Content-Length: 0, %d" % len(CHUNKED)),
    "a signed length": post(b"Content-Length: +%d" % len(CHUNKED)),
    "a length in hexadecimal": post(b"Content-Length: 0x10"),
    "a negative length": post(b"Content-Length: -1"),
    "a chunk that is none": post(b"Transfer-Encoding: chunked", body=b"xyz\r\n" + SMUGGLED),
    "a NUL in a header": post(b"X-A: a\0b", b"Content-Length: 0", body=b""),
    "a name with a line end": post(b"X-A\rTransfer-Encoding: chunked", b"Content-Length: %d" % len(CHUNKED)),
}


@pytest.mark.parametrize("request_", AMBIGUOUS.values(), ids=AMBIGUOUS.keys())
async def test_w42_what_can_be_read_in_two_ways_is_never_a_second_request(proxied: Proxied, request_: bytes) -> None:
    # Of a body that is not well framed the rest may only be dropped: no answer but the first one.
    request_ = request_.replace(b"/smuggled", b"/smuggled-%b" % (own := uuid.uuid4().hex.encode()))

    answer = await proxied.door.say(request_)

    assert status(answer) in {400, 501} or answer == b"", answer
    assert answer.count(b"HTTP/1.1 ") <= 1
    assert proxied.console.saw(f"smuggled-{own.decode()}") == 0


async def test_w42_a_bare_line_feed_means_the_same_to_proxy_and_console(proxied: Proxied, unique: str) -> None:
    request = b"POST /%b HTTP/1.1\nHost: %b\nContent-Length: %d\n\n%b" % (
        unique.encode(),
        NAME.encode(),
        len(CHUNKED),
        CHUNKED,
    )

    answer = await proxied.door.say(request)

    assert answer.count(b"HTTP/1.1 ") == 1
    assert proxied.console.saw(unique) == (0 if status(answer) == 400 else 1)


async def test_w42_requests_one_behind_the_other_are_each_seen_once(proxied: Proxied, unique: str) -> None:
    one = b"GET /%b-%d HTTP/1.1\r\nHost: %b\r\n\r\n"
    requests = b"".join(one % (unique.encode(), number, NAME.encode()) for number in range(5))

    answer = await proxied.door.say(requests)

    assert answer.count(b"HTTP/1.1 404") == 5
    assert [proxied.console.saw(f"{unique}-{number}") for number in range(5)] == [1] * 5


async def test_w42_an_absolute_address_counts_as_the_host(proxied: Proxied) -> None:
    ours = b"GET https://%b/health HTTP/1.1\r\nHost: evil.example\r\n\r\n" % NAME.encode()
    theirs = b"GET https://evil.example/health HTTP/1.1\r\nHost: %b\r\n\r\n" % NAME.encode()

    assert status(await proxied.door.say(ours)) in {200, 400}
    assert status(await proxied.door.say(theirs)) == 400


# W44: by which name


@pytest.mark.parametrize(
    "host",
    [b"Host: evil.example\r\n", b"Host: %b.evil.example\r\n" % NAME.encode(), b"", b"Host: a b\r\n", b"Host: x/y\r\n"],
)
async def test_w44_another_name_leads_nowhere(proxied: Proxied, unique: str, host: bytes) -> None:
    answer = await proxied.door.say(b"GET /%b HTTP/1.1\r\n%b\r\n" % (unique.encode(), host))

    assert status(answer) == 400
    assert proxied.console.saw(unique) == 0


async def test_w44_no_certificate_is_shown_to_whoever_asks_for_another_name(proxied: Proxied) -> None:
    with pytest.raises((ssl.SSLError, ConnectionError)):
        async with proxied.door.connection("evil.example"):
            pass


async def test_w44_what_a_client_says_about_hosts_and_addresses_is_not_believed(proxied: Proxied) -> None:
    lies = {"x-forwarded-host": "evil.example", "x-forwarded-for": "203.0.113.7", "forwarded": "host=evil.example"}
    async with proxied.http(headers=lies) as http:
        page = await http.get("/inbox", headers={"accept": "text/html"})
        await http.post("/login", data={"email": "nadie@andes.example", "password": "no es esta"})

    assert page.status_code == 303
    assert "evil" not in page.headers["location"]
    assert "203.0.113.7" not in await origins(proxied, "session.refused")
    assert "127.0.0.1" in await origins(proxied, "session.refused")


async def test_http_leads_to_https_and_to_no_other_name(proxied: Proxied) -> None:
    answer = await plain(proxied.door, b"GET /login?next=%%2Finbox HTTP/1.1\r\nHost: %b\r\n\r\n" % NAME.encode())
    other = await plain(proxied.door, b"GET /login HTTP/1.1\r\nHost: evil.example\r\n\r\n")

    assert b"308" in answer.splitlines()[0]
    assert b"location: https://%b/login?next=%%2Finbox" % NAME.encode() in answer.lower().replace(b"%2f", b"%2F")
    assert status(other) == 400


# What must get through


async def test_a_signed_delivery_gets_through_byte_for_byte(proxied: Proxied) -> None:
    wamid = meta.new_wamid()
    body = meta.body(meta.text("Mañana pago 🙏 https://x.mx", wamid=wamid))

    async with proxied.http() as http:
        answer = await deliver(http, body)
        forged = await http.post("/webhooks/whatsapp", content=body, headers={"x-hub-signature-256": "sha256=00"})

    assert answer.status_code == 200
    assert forged.status_code == 401
    database = Database(proxied.console.database_url)
    async with database.reading() as tx:
        text = await tx.scalar(select(Message.text).where(Message.wamid == wamid))
    await database.close()
    assert text == "Mañana pago 🙏 https://x.mx"


async def test_deliveries_of_up_to_3_mb_get_through_and_larger_ones_do_not(proxied: Proxied) -> None:
    largest = json.dumps({"object": "whatsapp_business_account", "entry": [], "x": "x" * 3_000_000}).encode()

    async with proxied.http() as http:
        assert (await deliver(http, largest)).status_code == 200
        assert (await deliver(http, largest + b" " * 1_500_000)).status_code == 413
        squeezed = await deliver(http, b"\x1f\x8b" + b"x" * 100, **{"content-encoding": "gzip"})

    assert squeezed.status_code == 415


async def test_metas_handshake_gets_through(proxied: Proxied) -> None:
    said = {"hub.mode": "subscribe", "hub.verify_token": "a verify token", "hub.challenge": "<script>1"}
    async with proxied.http() as http:
        answer = await http.get("/webhooks/whatsapp", params=said)

    assert (answer.status_code, answer.text) == (200, "<script>1")
    assert answer.headers["content-type"].startswith("text/plain")


async def test_what_is_for_operations_is_not_for_the_internet(proxied: Proxied) -> None:
    async with proxied.http() as http:
        outside = {path: (await http.get(path)).status_code for path in ("/health", "/ready", "/metrics", "/simulator")}
    async with httpx.AsyncClient(base_url=proxied.console.server.url, trust_env=False) as direct:
        inside = await direct.get("/metrics")

    assert outside == {"/health": 200, "/ready": 404, "/metrics": 404, "/simulator": 404}
    assert "aldia_webhooks_total" in inside.text


@pytest.mark.parametrize("door", ["ready", "metrics", "simulator"])
@pytest.mark.parametrize("spelt", ["/{}/", "//{}", "/{}//", "/./{}", "/x/../{}", "/{}%2f", "/{}?x", "/{}/?x"])
async def test_nor_is_it_under_any_spelling(proxied: Proxied, spelt: str, door: str) -> None:
    line = f"GET {spelt.format(door)} HTTP/1.1\r\nHost: {NAME}\r\nConnection: close\r\n\r\n".encode()

    answer = await proxied.door.say(line)

    assert answer.startswith(b"HTTP/1.1 404 "), answer[:200]
    assert b"database" not in answer


async def test_a_screen_hears_of_a_delivery_through_its_socket(proxied: Proxied) -> None:
    async with proxied.http() as http:
        await proxied.signed_in(http)
        async with screen(proxied, http) as socket:
            await socket.send(json.dumps({"t": "hello", "head": 0, "view": "all", "open": None}))
            await deliver(http, meta.body(meta.text("¿Me escucha por el túnel?")))

            async with asyncio.timeout(10):
                while "¿Me escucha por el túnel?" not in str(await socket.recv()):
                    pass


async def test_the_socket_of_another_site_is_refused(proxied: Proxied) -> None:
    async with proxied.http() as http:
        await proxied.signed_in(http)
        with pytest.raises(websockets.InvalidStatus) as refused:
            async with screen(proxied, http, origin="https://evil.example"):
                pass

    assert refused.value.response.status_code == 403


async def test_a_program_hears_of_a_delivery_as_soon_as_it_happens(proxied: Proxied) -> None:
    token = proxied.console.run("token", "add", "--name", uuid.uuid4().hex, "--scope", "*").splitlines()[-1]
    headers = {"authorization": f"Bearer {token}", "accept": "text/event-stream"}
    async with proxied.http(headers=headers) as http, http.stream("GET", "/api/v1/stream") as stream:
        assert stream.status_code == 200
        body = meta.body(meta.text("Para el programa"))
        async with proxied.http() as other, asyncio.timeout(10):
            await deliver(other, body)
            lines = stream.aiter_lines()
            while "Para el programa" not in await anext(lines):
                pass


async def test_sign_in_through_the_proxy_gives_a_cookie_for_this_host_alone(proxied: Proxied) -> None:
    async with proxied.http() as http:
        answer = await http.post("/login", data={"email": EMAIL, "password": PASSWORD})
        inbox = await http.get("/inbox")

    cookie = next(value for value in answer.headers.get_list("set-cookie") if value.startswith("__Host-aldia="))
    assert "Secure" in cookie
    assert "HttpOnly" in cookie
    assert answer.headers["strict-transport-security"]
    assert inbox.status_code == 200


async def test_while_the_console_restarts_a_page_says_so_and_meta_comes_again(proxied: Proxied) -> None:
    """F42."""
    body = meta.body(meta.text("Durante el reinicio"))
    async with proxied.http() as http:
        proxied.console.server.stop()
        try:
            page = await http.get("/inbox", headers={"accept": "text/html"})
            refused = await deliver(http, body)
        finally:
            proxied.console.server.start()

        assert page.status_code == 503
        assert "Esta página vuelve sola" in page.text
        assert refused.status_code == 503
        assert (await deliver(http, body)).status_code == 200


async def test_meta_hears_nothing_of_a_process_that_is_killed_or_restarted(
    postgres_database_url: str, redis_url: str, tmp_path: Path
) -> None:
    """F36."""
    if nginx.find() is None and os.geteuid() != 0:
        pytest.skip(nginx.ABSENT)
    several = [Installation(tmp_path, postgres_database_url, ALDIA_REDIS_URL=redis_url) for _ in range(2)]
    with contextlib.ExitStack() as stack:
        for one in several:
            one.server.start()
            stack.callback(one.server.stop)
        door = stack.enter_context(nginx.nginx(tmp_path, *(one.port for one in several)))
        async with Meta(door) as meta_:
            await meta_.sends(20)
            await asyncio.to_thread(several[0].server.kill)
            await meta_.sends(20)
            await asyncio.to_thread(several[0].server.start)
            await asyncio.to_thread(several[1].server.stop)
            await meta_.sends(20)

    assert meta_.answers == {200: len(meta_.wamids)}
    database = Database(postgres_database_url)
    async with database.reading() as tx:
        kept = [str(wamid) for wamid in await tx.scalars(select(Message.wamid))]
    await database.close()
    assert sorted(kept) == sorted(meta_.wamids)


class Meta:
    """Somebody who delivers one message after the other, on a few connections at once."""

    def __init__(self, door: Door) -> None:
        self.wamids: list[str] = []
        self.answers: Counter[int] = Counter()
        self._http = httpx.AsyncClient(base_url=f"https://{NAME}", transport=_ToTheDoor(door), timeout=20)
        self._tasks: list[asyncio.Task[None]] = []
        self._enough = False

    async def __aenter__(self) -> Self:
        self._tasks = [asyncio.create_task(self._deliver()) for _ in range(4)]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._enough = True
        await asyncio.gather(*self._tasks)
        await self._http.aclose()

    async def sends(self, number: int) -> None:
        """Wait for so many more answers."""
        enough = self.answers.total() + number
        await eventually(lambda: self.answers.total() >= enough, within=20)

    async def _deliver(self) -> None:
        while not self._enough:
            self.wamids.append(meta.new_wamid())
            body = meta.body(meta.text("Otra más", wamid=self.wamids[-1], sender=f"519{len(self.wamids) % 50:08}"))
            self.answers[(await deliver(self._http, body)).status_code] += 1


async def deliver(http: httpx.AsyncClient, body: bytes, **headers: str) -> httpx.Response:
    signed = {"x-hub-signature-256": sign(body, APP_SECRET), "content-type": "application/json", **headers}
    return await http.post("/webhooks/whatsapp", content=body, headers=signed)


def screen(proxied: Proxied, http: httpx.AsyncClient, *, origin: str = f"https://{NAME}") -> Any:
    cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in http.cookies.jar)
    return websockets.connect(
        f"wss://{NAME}/live",
        host="127.0.0.1",
        port=proxied.door.tls,
        ssl=proxied.door.trust,
        origin=origin,  # type: ignore[arg-type]
        additional_headers={"Cookie": cookies},
        proxy=None,
    )


async def plain(door: Door, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", door.plain, family=socket.AF_INET)
    writer.write(request)
    async with asyncio.timeout(5):
        answer = await reader.readuntil(b"\r\n\r\n")
    writer.close()
    await writer.wait_closed()
    return answer


async def origins(proxied: Proxied, action: str) -> set[str | None]:
    database = Database(proxied.console.database_url)
    async with database.reading() as tx:
        found = set(await tx.scalars(select(AuditEntry.origin).where(AuditEntry.action == action)))
    await database.close()
    return found


def status(answer: bytes) -> int:
    """The status of the first answer; 0 when there was none."""
    found = re.match(rb"HTTP/1\.1 (\d{3})", answer)
    return int(found[1]) if found else 0


# What is logged


async def test_the_proxys_log_holds_no_key(proxied: Proxied, unique: str) -> None:
    """V1: a link that pays or disowns opens to whoever reads it, in whichever log."""
    async with proxied.http() as http:
        for path in (f"/p/{unique}", f"/p/{unique}/ir", f"/not-me/7.{unique}", "/health"):
            await http.get(path)

    log = (proxied.console.folder / "access.log").read_text()
    assert " GET /p/... " in log
    assert " GET /not-me/... " in log
    assert " GET /health " in log
    assert unique not in log
