"""Asking for evidence packs, watching them be made, and taking them away."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import File, Redirect
from sqlalchemy import select

from console import clock, rates
from console.agents import Viewer
from console.db import Database, Tx
from console.errors import Refused, not_found
from console.evidence import packs, scopes
from console.evidence.packs import EvidencePack
from console.evidence.scopes import Scope
from console.forms import html, read_form
from console.inbox import policy, queries
from console.inbox.models import Conversation
from console.languages.words import Words
from console.portfolio.models import Account
from console.render import fragment
from console.settings import Settings
from console.settings_pages.answers import known_id, show

PAGE = "/audit/packs"


@post(PAGE, status_code=303)
async def ask_for_pack(
    request: Request[Any, Any, Any], db: NamedDependency[Database], viewer: NamedDependency[Viewer]
) -> Response[Any]:
    """Order a pack about `conversation` (its number) or `account` (as billing calls it).

    Refuses: 403; 404 for what is not the viewer's to see; 422 "invalid" for neither or both.
    """
    policy.require(viewer, "export_evidence")
    rates.charge(request, "export", viewer.id)
    form = await read_form(request)
    async with db.transaction() as tx:
        scope = await _scope(tx, viewer, form.get("conversation", "").strip(), form.get("account", "").strip())
        pack = await packs.ask(tx, scope, by=viewer, moment=clock.now())
    return Redirect(f"{PAGE}/{pack.id}", status_code=303)


@get(PAGE + "/{pack_id:int}")
async def pack_page(
    pack_id: FromPath[int], db: NamedDependency[Database], viewer: NamedDependency[Viewer]
) -> Response[Any]:
    """How far a pack is, and where to take it."""
    return show("audit/pack.html", viewer, pack=await _read(db, viewer, pack_id))


@get(PAGE + "/{pack_id:int}/progress")
async def pack_progress(
    pack_id: FromPath[int], db: NamedDependency[Database], viewer: NamedDependency[Viewer]
) -> Response[str]:
    """Asked every second while it is being made."""
    return html(fragment("audit/_pack.html", pack=await _read(db, viewer, pack_id)))


@get(PAGE + "/{pack_id:int}/file")
async def take_pack(
    pack_id: FromPath[int],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    viewer: NamedDependency[Viewer],
) -> File:
    """The ZIP, on record. Refuses: 404 for what is not the viewer's; 410 when its time is over."""
    policy.require(viewer, "export_evidence")
    async with db.transaction() as tx:
        pack = await _still_visible(tx, viewer, await packs.opened(tx, viewer, known_id(pack_id)))
        packs.downloaded(tx, pack, by=viewer, moment=clock.now())
    path = packs.place(settings.media_dir, pack.id)
    if not path.is_file():
        raise Refused(410, Words("Este expediente ya no está: pida uno nuevo."), code="gone")
    return File(
        path,
        filename=f"expediente-{pack.id}.zip",
        media_type="application/zip",
        headers={"cache-control": "private, no-store"},
    )


async def _read(db: Database, viewer: Viewer, pack_id: int) -> EvidencePack:
    policy.require(viewer, "export_evidence")
    async with db.reading() as tx:
        return await packs.opened(tx, viewer, known_id(pack_id))


async def _scope(tx: Tx, viewer: Viewer, conversation: str, account: str) -> Scope:
    if bool(conversation) == bool(account):
        raise Refused(422, Words("Diga de qué conversación o de qué cuenta."), code="invalid", field="conversation")
    if conversation:
        if not (conversation.isascii() and conversation.isdigit()) or len(conversation) > 18:
            raise not_found()
        seen = await queries.open_conversation(tx, viewer, int(conversation))
        found = await scopes.of_conversation(tx, seen.id, accounts=policy.visible_accounts(viewer))
    else:
        named = select(Account.external_id).where(Account.external_id == account, policy.visible_accounts(viewer))
        if (await tx.scalars(named.limit(1))).first() is None:
            raise not_found()
        found = await scopes.of_account(tx, account, conversations=policy.visible(viewer))
    if found is None:
        raise not_found()
    return found


async def _still_visible(tx: Tx, viewer: Viewer, pack: EvidencePack) -> EvidencePack:
    """Whoever has been moved to another team since does not take away what they may no longer read."""
    seen = select(Conversation.id).where(Conversation.id.in_(pack.conversations), policy.visible(viewer))
    if len(set(await tx.scalars(seen))) != len(set(pack.conversations)):
        raise not_found()
    return pack


routes = [ask_for_pack, pack_page, pack_progress, take_pack]
