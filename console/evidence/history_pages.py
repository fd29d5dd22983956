"""The history of everything, for supervisors (their teams' conversations) and administrators (all of it)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.response import Redirect
from sqlalchemy import select

from console import audit, clock
from console.agents import Viewer
from console.audit import AuditEntry
from console.db import Database, Tx
from console.evidence import change_words, packs, readable, seals, searching, stamps, verifying
from console.evidence.asked import PAGE, address, asked_of
from console.evidence.groups import GROUPS, icon_of
from console.evidence.keys import trusted_keys
from console.evidence.seals import Seal
from console.evidence.searching import Asked
from console.evidence.stamps import Stamp
from console.inbox import policy
from console.languages import moments
from console.languages.joined import joined
from console.languages.words import Shown, Words
from console.portfolio.models import Account
from console.reasons import keeping as reasons
from console.settings import Settings
from console.settings_pages import told
from console.settings_pages.answers import cursor_of, show
from console.settings_pages.change_lines import Terms


class Line(msgspec.Struct, frozen=True):
    """An entry as the list shows it; `seal` is the seal that ends with it, if one does, and `stamp` what is on it."""

    id: int
    at: datetime
    actor_name: str
    actor_kind: str
    action: str
    icon: str
    words: str
    conversation_id: int | None
    origin: str | None
    seal: Seal | None
    stamp: Stamp | None
    address: str


class Change(msgspec.Struct, frozen=True):
    """One field of an entry, before and after."""

    name: str
    old: str | None
    new: str | None


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """One entry, whole, with its place in the chain."""

    line: Line
    utc: str
    changes: list[Change]
    subject: str | None
    message_id: int | None
    account: str | None
    before: str | None
    hash: str
    after: str | None
    sealed_by: Seal | None
    stamp: Stamp | None
    back: str


@get(PAGE)
async def audit_page(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    viewer: NamedDependency[Viewer],
) -> Response[Any]:
    """The newest entries that fit; `?entry=` opens one beside them. What cannot be a filter fits nothing."""
    policy.require(viewer, "read_history")
    asked = asked_of(request)
    cursor = cursor_of(request)
    async with db.reading() as tx:
        found = await searching.find(tx, viewer, asked, settings.zone, below=cursor)
        ends = await _seals_that_end(tx, [entry.id for entry in found.entries])
        on_them = await stamps.of_seals(tx, [seal.id for seal in ends.values()])
        lines = [_line(entry, asked, cursor, ends.get(entry.id), on_them) for entry in found.entries]
        opened = await _opened(tx, viewer, request.query_params.get("entry"), asked, cursor, house=settings)
        newest, head = await seals.newest(tx), await audit.head_of(tx)
        trouble = await stamps.trouble(tx) if settings.tsa_url else None
        orders = await packs.of_viewer(tx, viewer)
    return show(
        "audit/audit.html",
        viewer,
        lines=lines,
        filters=asked,
        groups=GROUPS,
        actors=readable.ACTORS,
        address=lambda **change: address(asked, **change),
        next_cursor=str(found.following) if found.following else None,
        is_partial=found.is_partial,
        is_older=cursor is not None,
        opened=opened,
        newest=newest,
        unsealed=head - (newest.last_id if newest else 0),
        head=head,
        packs=orders,
        is_stamped=settings.tsa_url is not None,
        trouble=stamps.WHY[trouble] if trouble else None,
        verified=request.query_params.get("verified", ""),
    )


@post(PAGE + "/verification", status_code=303)
async def verify_now(
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    viewer: NamedDependency[Viewer],
) -> Response[Any]:
    """Check what came since the last seal but one: a moment. All of it is `aldia audit verify`'s to check."""
    policy.require(viewer, "read_history")
    async with db.reading() as tx:
        newest = await seals.newest(tx)
        since = await tx.get(Seal, newest.id - 1) if newest and newest.id > 1 else None
        verdict = await verifying.check(
            tx,
            settings.secret_key,
            keys=trusted_keys(settings),
            now=clock.now(),
            since=since,
            trust=stamps.trust_of(settings),
        )
    async with db.transaction() as tx:
        new = {"intact": verdict.intact, "entries": verdict.entries, "first_bad": verdict.first_bad}
        audit.record(tx, viewer.actor, "history.verified", new=new)
    return Redirect(f"{PAGE}?verified={'ok' if verdict.intact else verdict.first_bad}", status_code=303)


async def _seals_that_end(tx: Tx, ids: list[int]) -> dict[int, Seal]:
    if not ids:
        return {}
    return {seal.last_id: seal for seal in await tx.scalars(select(Seal).where(Seal.last_id.in_(ids)))}


def _line(
    entry: AuditEntry, asked: Asked, cursor: int | None, seal: Seal | None, on_seals: Mapping[int, Stamp]
) -> Line:
    new = _decoded(entry.new)
    return Line(
        id=entry.id,
        at=entry.at,
        actor_name=readable.actor(entry),
        actor_kind=entry.actor_kind,
        action=entry.action,
        icon=icon_of(entry.action),
        words=readable.sentence(entry.action, readable.actor(entry), new),
        conversation_id=entry.conversation_id,
        origin=entry.origin,
        seal=seal,
        stamp=on_seals.get(seal.id) if seal else None,
        address=address(asked, cursor=cursor, entry=entry.id) + "#entrada",
    )


async def _opened(
    tx: Tx, viewer: Viewer, typed: str | None, asked: Asked, cursor: int | None, *, house: Settings
) -> Opened | None:
    """The entry of `?entry=`, if there is one and `viewer` may see it."""
    if not typed or not (typed.isascii() and typed.isdigit()) or len(typed) > 18:
        return None
    number = int(typed)
    entry = (await tx.scalars(select(AuditEntry).where(AuditEntry.id == number, *searching.visible(viewer)))).first()
    if entry is None:
        return None
    beside = select(AuditEntry.id, AuditEntry.hash).where(AuditEntry.id.in_([number - 1, number + 1]))
    hashes = {row.id: row.hash for row in await tx.execute(beside)}
    account = await tx.get(Account, entry.account_id) if entry.account_id else None
    sealed = next(iter(await seals.covering(tx, [number])), None)
    new, terms = _decoded(entry.new), told.terms_of(entry.action, house.currency)
    return Opened(
        line=_line(entry, asked, cursor, None, {}),
        utc=joined((Shown(partial(moments.exact, entry.at)), "UTC"), " "),
        changes=[*changes(_decoded(entry.old), new, house.zone, terms), *await _reason(tx, new)],
        subject=change_words.subject(entry.subject) if entry.subject else None,
        message_id=entry.message_id,
        account=account.external_id if account else None,
        before=hashes.get(number - 1),
        hash=entry.hash,
        after=hashes.get(number + 1),
        sealed_by=sealed,
        stamp=(await stamps.of_seals(tx, [sealed.id])).get(sealed.id) if sealed else None,
        back=address(asked, cursor=cursor),
    )


async def _reason(tx: Tx, new: dict[str, Any]) -> list[Change]:
    """The words that were given as a reason: they stand beside the history, unless they were erased."""
    if reasons.FACT not in new:
        return []
    return [Change(Words("Motivo"), None, await reasons.words_of(tx, new) or Words("(borrado a pedido del titular)"))]


def changes(old: dict[str, Any], new: dict[str, Any], zone: ZoneInfo, terms: Terms = told.NONE) -> list[Change]:
    """Each field that an entry names, before and after, in words; what it does not name is None.

    `terms` are those of the page on which it was changed: one thing has one name on both.
    """
    names = [*old, *(name for name in new if name not in old)]
    return [
        Change(
            terms.fields.get(name) or change_words.field(name),
            _value(old, name, zone, terms),
            _value(new, name, zone, terms),
        )
        for name in names
    ]


def _value(of: dict[str, Any], name: str, zone: ZoneInfo, terms: Terms) -> str | None:
    say = terms.said.get(name) if name in of else None
    if say is None:
        return change_words.value(of, name, zone)
    try:
        return say(of[name])
    except (AttributeError, KeyError, TypeError, ValueError):
        # Pages tell their newest changes; the history has those of a form that is no more, too.
        return change_words.value(of, name, zone)


def _decoded(text: str | None) -> dict[str, Any]:
    value = msgspec.json.decode(text) if text else {}
    return value if isinstance(value, dict) else {"": value}


routes = [audit_page, verify_now]
