"""What stands before every request: our own hosts and origins, safe headers, and a log line that names nobody."""

from __future__ import annotations

import itertools
import json
import re
import secrets
import sys
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, cast
from urllib.parse import urlsplit

import litestar.types
import structlog
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from console.logs import what_and_where
from console.settings import LOOPBACK, Settings
from console.slow_bodies import Unhurried

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

log = structlog.get_logger("console.access")

_PROBLEMS = {
    400: ("La petición no se entiende", "wrong_host"),
    403: ("La credencial no lo permite", "wrong_origin"),
    500: ("Error interno", "internal"),
}
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
# Probes reach a host by whatever name its network gives it; so does Meta.
ANY_HOST = ("/health", "/ready", "/metrics")
WEBHOOKS = "/webhooks/"
API = "/api/"
STATIC = "/static/"
FILES = "/media/"
# What follows opens something to whoever holds it: a payment, a letter's link, a file. It stays out of logs.
_KEYS = re.compile(r"(/+(?:p|not-me|media/+\d+/+\d+)/+)[^/]+")
QUIET = frozenset({"/health", "/ready", "/metrics"})

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
    "connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "manifest-src 'self'"
)
_HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(self), payment=(), usb=(), browsing-topics=()",
    "cache-control": "no-store",
}
_HSTS = "max-age=31536000; includeSubDomains"


def protect(app: litestar.types.ASGIApp, settings: Settings) -> litestar.types.ASGIApp:
    """`app` behind everything this module knows. It wraps the router itself, so that a 404 is covered too."""
    guarded: Any = Guard(Unhurried(cast("App", app)), settings)
    if settings.trusted_proxies:
        # Only these peers are believed about whom they speak for; X-Forwarded-Host never is.
        guarded = ProxyHeadersMiddleware(guarded, trusted_hosts=settings.trusted_proxies)
    return cast("litestar.types.ASGIApp", guarded)


class Guard:
    """Checks a request's host and origin, then lets it in and sees that its answer has what it must have."""

    def __init__(self, app: App, settings: Settings) -> None:
        self._app = app
        self._hosts, self._origins = _own_names(settings)
        # Unique among processes and restarts, and cheap: webhooks come by the thousand.
        self._process, self._numbers = secrets.token_hex(6), itertools.count(1)
        headers = _HEADERS | ({"strict-transport-security": _HSTS} if settings.is_https else {})
        self._headers = [(name.encode(), value.encode()) for name, value in headers.items()]
        # Our own files hold nobody's data and say themselves how long they last.
        self._static_headers = [header for header in self._headers if header[0] != b"cache-control"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One HTTP request or one socket handshake."""
        kind = scope["type"]
        if kind not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        headers = self._static_headers if scope["path"].startswith(STATIC) else self._headers
        number = f"{self._process}{next(self._numbers):x}"
        is_head = scope.get("method") == "HEAD"
        answer = Head(send, headers, number) if is_head else Answer(send, headers, number)
        structlog.contextvars.bind_contextvars(request_id=answer.request_id)
        try:
            refusal = self._refusal(scope)
            if refusal:
                await _refuse(scope, answer, *refusal)
            elif isinstance(answer, Head):
                await answer.of(self._app, scope, receive)
            else:
                await self._app(scope, receive, answer)
        except Exception as unexpected:  # noqa: BLE001 the last resort: whatever it is, it is logged and answered
            log_unexpected(unexpected)
            if answer.status is None:
                await _refuse(scope, answer, 500, "Algo falló de nuestro lado. Quedó registrado.")
        finally:
            _log_access(scope, answer, time.perf_counter() - started)

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        path = scope["path"]
        if path.startswith(WEBHOOKS):
            # Their signature says whose they are.
            return None
        headers = _Headers(scope)
        if not path.startswith(ANY_HOST) and headers.only(b"host") not in self._hosts:
            return 400, "Ese nombre de servidor no es el de Al Día."
        if _speaks_for_itself(path, headers):
            return None
        if scope["type"] == "websocket":
            origin = headers.only(b"origin")
            # Every browser names its page. A program names none, and hears from the API what it lacks: a token.
            is_program = origin is None and path.startswith(API)
            return None if is_program or origin in self._origins else (403, "Origen no permitido.")
        if scope["method"] in SAFE_METHODS:
            return None
        return None if self._same_site(headers) else (403, "Solicitud de otro sitio rechazada.")

    def _same_site(self, headers: _Headers) -> bool:
        """Whether an unsafe request comes from one of our pages, or from no browser at all.

        Browsers say where a request comes from and pages cannot change it: Sec-Fetch-Site since 2023, Origin before.
        Under a `no-referrer` policy Origin is `null` even for our own forms; Sec-Fetch-Site then decides alone.
        https://developer.mozilla.org/docs/Web/HTTP/Headers/Sec-Fetch-Site
        """
        fetch_site, origin = headers.only(b"sec-fetch-site"), headers.only(b"origin")
        if fetch_site is None:
            return origin is None or origin in self._origins
        return fetch_site in {"same-origin", "none"} and (origin in {None, "null"} or origin in self._origins)


class Answer:
    """The way out: adds the headers an answer did not set itself, and remembers the status."""

    def __init__(self, send: Send, headers: list[tuple[bytes, bytes]], request_id: str) -> None:
        self._send = send
        self._headers = headers
        self.request_id = request_id
        self.status: int | None = None

    async def __call__(self, message: Message) -> None:
        """Pass one message on."""
        kind = message["type"]
        if kind in {"http.response.start", "websocket.http.response.start"}:
            self.status = message["status"]
            own = [(name, _methods(value) if name == b"allow" else value) for name, value in message.get("headers", ())]
            taken = {name.lower() for name, _ in own}
            own += [header for header in self._headers if header[0] not in taken]
            message = {**message, "headers": [*own, (b"x-request-id", self.request_id.encode())]}
        elif kind == "websocket.accept":
            self.status = 101
        elif kind == "websocket.close" and self.status is None:
            self.status = 403
        await self._send(message)


class Head(Answer):
    """The answer to HEAD: what GET would say, without what it would show (RFC 9110, 9.3.2)."""

    _is_over = False
    _is_endless = False

    async def of(self, app: App, scope: Scope, receive: Receive) -> None:
        """Ask `app` as GET would. What would go on for as long as somebody listens learns that nobody does."""

        async def heard() -> Message:
            return {"type": "http.disconnect"} if self._is_endless else await receive()

        # Files are large, and their door answers HEAD itself, without reading them.
        asked = scope if scope["path"].startswith(FILES) else {**scope, "method": "GET"}
        await app(asked, heard, self)
        if self.status is not None:
            await self._end()

    async def __call__(self, message: Message) -> None:
        """Pass on how the answer begins, and nothing of its body."""
        if message["type"] == "http.response.start":
            self._is_endless = any(value.startswith(b"text/event-stream") for _, value in message.get("headers", ()))
            await super().__call__(message)
        elif not message.get("more_body"):
            await self._end()

    async def _end(self) -> None:
        if not self._is_over:
            self._is_over = True
            await super().__call__({"type": "http.response.body", "body": b"", "more_body": False})


class _Headers:
    """The headers that decide. One given twice counts as a value that nobody expects."""

    def __init__(self, scope: Scope) -> None:
        self._headers = scope["headers"]

    def only(self, wanted: bytes) -> str | None:
        values = [value for name, value in self._headers if name == wanted]
        return values[0].decode("latin-1").lower() if len(values) == 1 else ("?" if values else None)


def _speaks_for_itself(path: str, headers: _Headers) -> bool:
    """Whether a request carries a token of its own, and no cookie's authority."""
    return path.startswith(API) and (headers.only(b"authorization") or "").startswith("bearer ")


def _own_names(settings: Settings) -> tuple[frozenset[str], frozenset[str]]:
    """The hosts and origins we answer to: the public address; on loopback, its other names too."""
    parts = urlsplit(settings.base_url.lower())
    default = {"http": 80, "https": 443}[parts.scheme]
    port = parts.port or default
    names = {parts.hostname or ""} | (LOOPBACK if parts.hostname in LOOPBACK else frozenset())
    hosts = {f"[{name}]" if ":" in name else name for name in names}
    full = {f"{host}:{port}" for host in hosts}
    bare = hosts if port == default else set()
    # Browsers leave the default port out of Origin, always.
    return frozenset(full | bare), frozenset(f"{parts.scheme}://{host}" for host in (bare or full))


async def _refuse(scope: Scope, send: Send, status: int, text: str) -> None:
    if scope["type"] == "websocket":
        if "websocket.http.response" not in (scope.get("extensions") or {}):
            await send({"type": "websocket.close", "code": 1008, "reason": ""})
            return
        prefix = "websocket.http.response"
    else:
        prefix = "http.response"
    if scope["path"].startswith(API):
        # As every refusal of the API (console.api.problems): `code` is for programs.
        title, code = _PROBLEMS[status]
        problem = {"type": f"/api/schema#{code}", "title": title, "status": status, "detail": text, "code": code}
        media, body = b"application/problem+json", json.dumps(problem)
    else:
        media, body = b"text/plain; charset=utf-8", text
    content = body.encode()
    headers = [(b"content-type", media), (b"content-length", str(len(content)).encode())]
    await send({"type": f"{prefix}.start", "status": status, "headers": headers})
    await send({"type": f"{prefix}.body", "body": content})


def _methods(allowed: bytes) -> bytes:
    """What `Allow` names: methods alone, and HEAD wherever GET is (see `Head`)."""
    named = {name for word in allowed.split(b",") if (name := word.strip()).isupper()}
    return b", ".join(sorted(named | ({b"HEAD"} if b"GET" in named else set())))


def log_unexpected(unexpected: BaseException) -> None:
    """Log a bug: its kind and where it happened, not its text, which may quote a message or a phone number."""
    kinds, places = what_and_where(unexpected)
    log.error("unexpected", kinds=kinds, traceback=places)


def _log_access(scope: Scope, answer: Answer, seconds: float) -> None:
    """One line a request: never its query, body or cookies. Webhooks and probes that went well are only counted."""
    path, status = scope["path"], answer.status
    if (path in QUIET or path.startswith(WEBHOOKS)) and status is not None and status < 400:
        return
    method = scope.get("method", "WEBSOCKET")
    failed = sys.exc_info()[0] is not None
    told = _KEYS.sub(r"\1…", path, count=1)[:200]
    log.info("request", method=method, path=told, status=status, ms=round(seconds * 1000, 1), cut=failed)
