"""The doors operations knocks at: is the process alive, can it do its work, and what has it counted."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from ipaddress import ip_address
from typing import Any

import msgspec
import structlog
from litestar import Request, Response, route
from litestar.enums import HttpMethod
from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from console import audit, metrics, wholeness
from console.api import problems, tokens
from console.db import Database
from console.errors import Refused
from console.scanning import reaching
from console.settings import Settings

log = structlog.get_logger()
# A probe that waits longer than this is itself a sign of trouble.
PATIENCE = 2.0
# Where a worker says that it is there, and for how long that counts.
WORKER_KEY = "aldia:worker"
WORKER_BEATS = 5.0
WORKER_LASTS = 20

# The conditions are spelled as in the partial indexes: SQLite uses those for no other spelling.
_BACKLOG = text(
    "SELECT (SELECT count(*) FROM message WHERE status = 'queued'),"
    " (SELECT count(*) FROM message WHERE status IN ('queued', 'sending') AND status = 'sending'),"
    " (SELECT count(*) FROM message WHERE status = 'unknown'),"
    " (SELECT count(*) FROM dead_letter WHERE resolved_at IS NULL),"
    " (SELECT count(*) FROM media WHERE state = 'pending'),"
    " (SELECT count(*) FROM scanned_file WHERE verdict = 'waiting')",
)
_WAITING = ("queued", "sending", "unknown", "dead_letters", "media", "unscanned")


class Readiness(msgspec.Struct):
    """What answers: each part is `ok`, `off` when this installation has none, or `failing`.

    A malware scanner that is away makes nothing unready: messages come and go, and files wait.
    """

    status: str
    database: str
    redis: str
    workers: str
    scanner: str
    failing: list[str]


@route("/health", http_method=[HttpMethod.GET, HttpMethod.HEAD], opt={"public": True})
async def health() -> dict[str, str]:
    """200 while the process lives; it asks nobody."""
    return {"status": "ok"}


@route("/ready", http_method=[HttpMethod.GET, HttpMethod.HEAD], opt={"public": True})
async def ready(request: Request[Any, Any, Any]) -> Response[Readiness]:
    """200 when database, Redis (if any) and workers answer; else 503, naming which does not. Within 2 seconds."""
    state = request.app.state
    settings: Settings = state.settings
    url = settings.redis_url
    database, redis, workers, scanner = await asyncio.gather(
        _answers("database", lambda: _database(state.db)),
        _answers("redis", lambda: _redis(url)) if url else _off(),
        _answers("workers", lambda: _workers(settings, state.get("work"))),
        _answers("scanner", lambda: reaching.answers(settings)) if settings.scanner else _off(),
    )
    parts = {"database": database, "redis": redis, "workers": workers}
    failing = [name for name, word in parts.items() if word == "failing"]
    told = Readiness(status="unavailable" if failing else "ready", failing=failing, scanner=scanner, **parts)
    return Response(told, status_code=503 if failing else 200)


@route("/metrics", http_method=[HttpMethod.GET, HttpMethod.HEAD], opt={"public": True})
async def scrape(request: Request[Any, Any, Any]) -> Response[bytes]:
    """What this very process has counted, and how much waits in the database, as Prometheus reads it.

    For this machine; from elsewhere with a token of scope `metrics`. Refuses 401 and 403.
    """
    db: Database = request.app.state.db
    try:
        await _admit(request, db)
    except Refused as refusal:
        return problems.refused(request, refusal)  # type: ignore[return-value]
    settings: Settings = request.app.state.settings
    metrics.wal_bytes.set(wholeness.log_size(settings))
    if settings.scanner:
        metrics.scanner_away.set(await _answers("scanner", lambda: reaching.answers(settings)) != "ok")
    try:
        async with asyncio.timeout(PATIENCE):
            await _count_backlog(db)
    except (SQLAlchemyError, OSError) as away:
        # What the process counted by itself is worth most when the database is away.
        log.warning("metrics.backlog_unknown", kind=type(away).__name__)
        metrics.backlog.clear()
    return Response(metrics.text(), headers={"content-type": metrics.CONTENT_TYPE})


async def say_working(redis_url: str, stop: asyncio.Event) -> None:
    """Let every process's readiness know that a worker is here, until `stop`. A Redis that is away is waited for."""
    async with Redis.from_url(redis_url, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE) as redis:
        while not stop.is_set():
            try:
                await redis.set(WORKER_KEY, "1", ex=WORKER_LASTS)
            except (RedisError, OSError, TimeoutError) as away:
                log.warning("worker.unseen", kind=type(away).__name__)
            try:
                await asyncio.wait_for(stop.wait(), WORKER_BEATS)
            except TimeoutError:
                continue


async def _answers(part: str, ask: Callable[[], Awaitable[bool]]) -> str:
    try:
        async with asyncio.timeout(PATIENCE):
            answered = await ask()
    except (SQLAlchemyError, RedisError, OSError) as away:  # a time-out is an OSError
        log.warning("ready.failing", part=part, kind=type(away).__name__)
        return "failing"
    return "ok" if answered else "failing"


async def _off() -> str:
    return "off"


async def _database(db: Database) -> bool:
    """The history's head can be read: connection, schema and storage are there."""
    async with db.reading() as tx:
        await audit.head_of(tx)
    return True


async def _redis(url: str) -> bool:
    async with Redis.from_url(url, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE) as redis:
        return bool(await redis.ping())


async def _workers(settings: Settings, work: asyncio.Task[None] | None) -> bool:
    """The background work of this process, or, where it is done elsewhere, a sign of any worker."""
    if settings.redis_url is None:
        return work is not None and not work.done()
    async with Redis.from_url(settings.redis_url, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE) as redis:
        return bool(await redis.exists(WORKER_KEY))


async def _admit(request: Request[Any, Any, Any], db: Database) -> None:
    """This machine itself, or whoever has the token. A request that a proxy passed on is not this machine's."""
    passed_on = any(name.startswith("x-forwarded-") or name == "forwarded" for name in request.headers)
    if request.client is not None and not passed_on and _is_loopback(request.client.host):
        return
    async with db.reading() as tx:
        caller = await tokens.authenticate(tx, request)
    tokens.require(caller, "metrics")
    await tokens.note_use(db, caller)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


async def _count_backlog(db: Database) -> None:
    async with db.reading() as tx:
        numbers = (await tx.execute(_BACKLOG)).one()
        metrics.history_head.set(await audit.head_of(tx))
    for name, number in zip(_WAITING, numbers, strict=True):
        metrics.backlog.labels(name).set(number)


routes = [health, ready, scrape]
