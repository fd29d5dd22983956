"""Deliveries nobody could understand, for administrators: look at one, try it again, or put it aside."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.connection import Request
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy import select

from console.agents import Viewer
from console.db import Database
from console.errors import not_found
from console.inbox import ingest, policy
from console.inbox.channel import DeadLetter
from console.settings_pages.answers import back_to, cursor_of, known_id, show

PAGE = "/settings/dead-letters"
AT_ONCE = 50
EXCERPT = 2000


class DeliveryLine(msgspec.Struct, frozen=True):
    """A delivery as an administrator sees it; `excerpt` is a stranger's text."""

    id: int
    received_at: datetime
    reason: str
    size: int
    excerpt: str
    seen_times: int
    replays: int
    replayed_at: datetime | None


@get(PAGE)
async def dead_letters_page(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[Any]:
    """Newest first, settled ones too."""
    policy.require(viewer, "replay")
    query = select(DeadLetter).order_by(DeadLetter.id.desc()).limit(AT_ONCE + 1)
    cursor = cursor_of(request)
    if cursor is not None:
        query = query.where(DeadLetter.id < cursor)
    async with db.reading() as tx:
        rows = (await tx.scalars(query)).all()
    deliveries = [_line(row) for row in rows[:AT_ONCE]]
    next_cursor = str(deliveries[-1].id) if len(rows) > AT_ONCE else None
    return show("settings/dead_letters.html", viewer, deliveries=deliveries, next_cursor=next_cursor)


def _line(row: DeadLetter) -> DeliveryLine:
    beginning = base64.b64decode(row.payload[: EXCERPT * 2 // 4 * 4])[:EXCERPT]
    return DeliveryLine(
        id=row.id,
        received_at=row.received_at,
        reason=row.reason,
        size=row.size,
        excerpt=beginning.decode(errors="replace").replace("\0", "\N{REPLACEMENT CHARACTER}"),
        seen_times=row.seen_times,
        replays=row.replays,
        replayed_at=row.resolved_at,
    )


@get("/settings/dead-letters/{letter_id:int}/raw")
async def raw_dead_letter(
    letter_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[bytes]:
    """The bytes as they came: a file to download, never something a browser shows."""
    policy.require(viewer, "replay")
    async with db.reading() as tx:
        row = await tx.get(DeadLetter, known_id(letter_id))
    if row is None:
        raise not_found()
    headers = {"content-disposition": f'attachment; filename="entrega-{row.id}.bin"'}
    return Response(base64.b64decode(row.payload), media_type="application/octet-stream", headers=headers)


@post("/settings/dead-letters/{letter_id:int}/replay", status_code=303)
async def replay_dead_letter(
    letter_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[Any]:
    """Read it once more, with the program as it is today."""
    policy.require(viewer, "replay")
    async with db.transaction() as tx:
        await ingest.replay(tx, known_id(letter_id), by=viewer.actor)
    return back_to(PAGE)


@post("/settings/dead-letters/{letter_id:int}/resolve", status_code=303)
async def resolve_dead_letter(
    letter_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[Any]:
    """Put it aside: somebody looked and nothing is to be done."""
    policy.require(viewer, "replay")
    async with db.transaction() as tx:
        await ingest.put_aside(tx, known_id(letter_id), by=viewer.actor)
    return back_to(PAGE)


routes = [dead_letters_page, raw_dead_letter, replay_dead_letter, resolve_dead_letter]
