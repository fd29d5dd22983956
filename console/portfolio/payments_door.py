"""Where payment providers report: the signature on the raw bytes, durable before 200, and nothing said to a forger."""

from __future__ import annotations

import structlog
from litestar import Request, Response, post
from litestar.datastructures import State
from litestar.params import FromPath

from console import clock, metrics
from console.db import Database, is_away
from console.failpoints import failpoint
from console.portfolio import notices
from integrations.payments.told import Forged, Notice, Provider

log = structlog.get_logger()
LARGEST = 1024 * 1024


@post("/webhooks/payments/{provider:str}", status_code=200)
async def payment_webhook(request: Request[object, object, State], provider: FromPath[str]) -> Response[None]:
    """One delivery. 200 once it is durable, also when it came before; 401 for whoever is not the provider.

    404 for a provider that is not the configured one, 413 beyond 1 MB, 415 for compressed bodies, 503 while the
    database is away. What it says never changes the answer: a stranger learns nothing from it.
    """
    configured: Provider | None = request.app.state.console.payments
    if configured is None or provider != configured.name:
        return _answer(404)
    if request.headers.get("content-encoding", "identity") not in {"", "identity"}:
        return _answer(415)
    body = await _body(request)
    if body is None:
        return _answer(413, "too_big")
    try:
        notice = configured.verify(_only(request), dict(request.query_params), body, now=clock.now().timestamp())
    except Forged as forged:
        log.warning("payment.forged", reason=str(forged), size=len(body))
        return _answer(401, "too_old" if str(forged) == "too old" else "forged")
    return await _take(request.app.state.db, configured, notice, body)


async def _take(db: Database, provider: Provider, notice: Notice, body: bytes) -> Response[None]:
    try:
        async with db.transaction() as tx:
            notice_id = await notices.keep(tx, provider, notice, body, clock.now())
    except Exception as failure:
        if not is_away(failure):
            raise
        return _answer(503, "unavailable")
    if notice_id is None:
        return _answer(200, "repeated")
    failpoint("payments.kept")
    # From here on it is durable: whatever goes wrong is mended by the workers.
    try:
        if notices.needs_asking(provider.told(body, notice.subject)):
            async with db.transaction() as tx:
                await notices.release(tx, notice_id, clock.now())
        else:
            await notices.take(db, provider, notice_id)
    except Exception:
        log.exception("payment.left_for_later", notice_id=notice_id)
    return _answer(200, "accepted")


async def _body(request: Request[object, object, State]) -> bytes | None:
    """The whole body, or None as soon as it is known to be too long. How slowly it may come, Unhurried knows."""
    declared = request.headers.get("content-length", "0")
    if declared.isdigit() and int(declared) > LARGEST:
        return None
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST:
            return None
    return bytes(body)


def _only(request: Request[object, object, State]) -> dict[str, str]:
    """The headers; one that is given twice counts as none: which of the two was meant is not for us to guess."""
    seen: dict[str, str] = {}
    twice: set[str] = set()
    for name, value in request.headers.multi_items():
        if name.lower() in seen:
            twice.add(name.lower())
        seen[name.lower()] = value
    return {name: value for name, value in seen.items() if name not in twice}


def _answer(status: int, outcome: str | None = None) -> Response[None]:
    if outcome:
        metrics.payment_notices_total.labels(outcome).inc()
    return Response(None, status_code=status, headers={"retry-after": "30"} if status == 503 else None)


routes = [payment_webhook]
