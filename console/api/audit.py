"""The history, as programs read it."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, get
from litestar.di import NamedDependency
from sqlalchemy import ColumnElement, select

from console.api import listing, rendering, shapes
from console.api.asking import id_in, query
from console.api.cursors import Cursors, microseconds
from console.api.operations import does
from console.api.problems import invalid
from console.audit import AuditEntry
from console.db import Database

LISTING = "audit"
_ACTOR = re.compile(r"(?P<kind>contact|agent|bot|system|token)(?::(?P<id>\d{1,18}))?|(?P<agent>\d{1,18})", re.ASCII)
_ACTORS = "`agent`, `bot`, `contact`, `system` or `token`; or one of them: `agent:12`. A bare id is a user's."
_ACTIONS = "For example `conversation.assigned`."
Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class Filters(listing.Paging, kw_only=True, forbid_unknown_fields=True):
    """What narrows the history; several at once must all hold. `from` is included, `to` is not."""

    conversation: str | None = None
    actor: Annotated[str, msgspec.Meta(description=_ACTORS)] | None = None
    action: Annotated[str, msgspec.Meta(max_length=64, description=_ACTIONS)] | None = None
    from_: Moment | None = msgspec.field(default=None, name="from")
    to: Moment | None = None
    order: Annotated[Literal["asc", "desc"], msgspec.Meta(description="`asc`: oldest first.")] = "desc"


@get("/audit", opt=does("audit:read", returns=shapes.Page[shapes.AuditEntry], query=Filters))
async def list_audit(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    cursors: NamedDependency[Cursors],
) -> shapes.Page[shapes.AuditEntry]:
    """The history, newest first. Ids have no gaps and follow the order of commit."""
    asked = query(request, Filters)
    place = listing.begin(cursors, LISTING, asked, (int,))
    number = AuditEntry.id
    wanted = select(AuditEntry).where(*_conditions(asked))
    if place is not None:
        wanted = wanted.where(number > place[0] if asked.order == "asc" else number < place[0])
    wanted = wanted.order_by(number if asked.order == "asc" else number.desc()).limit(asked.limit + 1)
    async with db.reading() as tx:
        found = (await tx.scalars(wanted)).all()
    page, following = listing.cut(cursors, LISTING, asked, found, lambda row: (row.id,))
    return shapes.Page([rendering.entry(row) for row in page], following)


def _conditions(asked: Filters) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if asked.conversation is not None:
        found.append(AuditEntry.conversation_id == id_in(asked.conversation, "conversation"))
    if asked.actor is not None:
        found += _by(asked.actor)
    if asked.action is not None:
        found.append(AuditEntry.action == asked.action)
    if asked.from_ is not None:
        found.append(AuditEntry.at_us >= microseconds(asked.from_))
    if asked.to is not None:
        found.append(AuditEntry.at_us < microseconds(asked.to))
    return found


def _by(actor: str) -> list[ColumnElement[bool]]:
    match = _ACTOR.fullmatch(actor)
    if match is None:
        raise invalid("actor", "Escriba agent, bot, contact, system o token; o uno solo: agent:12.")
    if match["agent"]:
        return [AuditEntry.actor_kind.in_(["agent", "bot"]), AuditEntry.actor_id == int(match["agent"])]
    one = [AuditEntry.actor_id == int(match["id"])] if match["id"] else []
    return [AuditEntry.actor_kind == match["kind"], *one]


routes = [list_audit]
