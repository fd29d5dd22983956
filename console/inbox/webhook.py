"""The door Meta knocks at: GET for its handshake, POST for events. 200 means durable, and only that."""

from __future__ import annotations

import hmac
import time
from collections.abc import Awaitable, Iterable, Mapping
from typing import Any, cast
from urllib.parse import parse_qs

import structlog
from litestar import asgi
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPRequestEvent, HTTPScope, Receive, Scope, Send

from console import metrics
from console.inbox.ingest import Ingest, Unavailable
from console.settings import Settings
from console.slow_bodies import Unhurried
from integrations.whatsapp import signature

log = structlog.get_logger()
# Meta sends up to 3 MB (whatsapp.md §4); a little above, so that the limit itself is never the trouble.
LARGEST = 3 * 1024 * 1024 + 64 * 1024

_PLAIN = ((b"content-type", b"text/plain; charset=utf-8"), (b"x-content-type-options", b"nosniff"))
PATH = "/webhooks/whatsapp"
_ACCEPTED = metrics.webhooks_total.labels("accepted")
_UNAVAILABLE = metrics.webhooks_total.labels("unavailable")


@asgi(PATH, copy_scope=False)
async def whatsapp_webhook(scope: Scope, receive: Receive, send: Send) -> None:
    """Meta's webhook, as bare ASGI: the handshake, and deliveries that did not get through the short way."""
    state = scope["litestar_app"].state
    if scope["type"] == ScopeType.WEBSOCKET:
        return
    if scope["method"] == "POST":
        if not await _deliver(state.settings, state.ingest, scope, receive, send):
            await state.forgeries.note()
    elif scope["method"] in {"GET", "HEAD"}:
        await _shake_hands(state.settings, scope, send)
    else:
        await _answer(send, 405, b"", ((b"allow", b"GET, POST"),))


class Lane:
    """`app`, with a short way past it for deliveries that are as they should be.

    A number sends thousands of them a second, and nothing that stands before pages has a say in them. Whatever is odd
    goes the long way, where it is refused and logged.
    """

    def __init__(self, app: ASGIApp, settings: Settings, ingest: Ingest) -> None:
        self._app = app
        self._settings = settings
        self._ingest = ingest
        self._unhurried = Unhurried(cast("Any", self._deliver))

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """One request, of any kind; a socket's handler runs for hours, and this does not wait behind it."""
        if _is_plain_delivery(cast("Any", scope)):
            return self._unhurried(cast("Any", scope), cast("Any", receive), cast("Any", send))
        return self._app(scope, receive, send)

    async def _deliver(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        body = await _read(scope["headers"], receive) or b""
        if _is_signed(scope, body, self._settings):
            await _take(self._ingest, body, started, send)
        else:
            await self._app(scope, _again(body), send)


def _is_plain_delivery(scope: Mapping[str, Any]) -> bool:
    if scope["type"] != "http" or scope["method"] != "POST" or scope["path"] != PATH:
        return False
    headers = dict(scope["headers"])
    length = headers.get(b"content-length", b"")
    return length.isdigit() and int(length) <= LARGEST and b"content-encoding" not in headers


def _again(body: bytes) -> Receive:
    async def receive() -> HTTPRequestEvent:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


async def _deliver(settings: Settings, ingest: Ingest, scope: HTTPScope, receive: Receive, send: Send) -> bool:
    """Answer; False when what came bore no signature of ours."""
    started = time.perf_counter()
    headers = scope["headers"]
    if any(name == b"content-encoding" and value not in {b"", b"identity"} for name, value in headers):
        # Inflating is the proxy's attack surface, not ours; Meta never compresses.
        await _answer(send, 415, b"")
        return True
    body = await _read(headers, receive)
    if body is None:
        metrics.webhooks_total.labels("too_big").inc()
        await _answer(send, 413, b"")
        return True
    if not _is_signed(scope, body, settings):
        metrics.webhooks_total.labels("bad_signature").inc()
        log.warning("webhook.bad_signature", size=len(body))
        await _answer(send, 401, b"")
        return False
    await _take(ingest, body, started, send)
    return True


def _is_signed(scope: HTTPScope, body: bytes, settings: Settings) -> bool:
    """Whether one signature came with `body`, and is the right one."""
    # White space around a value is none of it (RFC 9110, 5.5), and the parser leaves what stands behind.
    signed = [value.strip(b" \t") for name, value in scope["headers"] if name == b"x-hub-signature-256"]
    return len(signed) == 1 and signature.verify(body, signed[0], settings.app_secrets)


async def _take(ingest: Ingest, body: bytes, started: float, send: Send) -> None:
    """Hand a signed body on, and say 200 once it is durable."""
    try:
        await ingest.accept(body)
    except Unavailable:
        _UNAVAILABLE.inc()
        await _answer(send, 503, b"", ((b"retry-after", b"5"),))
        return
    _ACCEPTED.inc()
    metrics.webhook_seconds.observe(time.perf_counter() - started)
    await _answer(send, 200, b"")


async def _shake_hands(settings: Settings, scope: HTTPScope, send: Send) -> None:
    """Meta, "Create an endpoint": echo the challenge as plain text when mode and token are right."""
    query: Mapping[str, list[str]] = parse_qs(scope["query_string"].decode("latin-1"))
    token = query.get("hub.verify_token", [""])[0].encode()
    right = hmac.compare_digest(token, settings.whatsapp_verify_token.encode())
    challenge = query.get("hub.challenge", [""])[0]
    if query.get("hub.mode") == ["subscribe"] and right and challenge:
        await _answer(send, 200, challenge.encode(), _PLAIN)
    else:
        await _answer(send, 403, b"")


async def _read(headers: Iterable[tuple[bytes, bytes]], receive: Receive) -> bytes | None:
    """The whole body, or None as soon as it is known to be too long."""
    declared = next((value for name, value in headers if name == b"content-length"), b"0")
    if declared.isdigit() and int(declared) > LARGEST:
        return None
    pieces: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            # Half a body: nobody waits for an answer and no signature can match.
            return b""
        pieces.append(message.get("body", b""))
        size += len(pieces[-1])
        if size > LARGEST:
            return None
        if not message.get("more_body"):
            return b"".join(pieces)


async def _answer(send: Send, status: int, body: bytes, headers: tuple[tuple[bytes, bytes], ...] = ()) -> None:
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [length, *headers]})
    await send({"type": "http.response.body", "body": body, "more_body": False})


routes = [whatsapp_webhook]
