"""Our WhatsApp number, for administrators: how it stands, and stopping or resuming everything that leaves."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from sqlalchemy import func, select

from console.agents import Viewer
from console.db import Database, Tx
from console.errors import Refused, not_found
from console.forms import read_form
from console.inbox import channel_state, policy
from console.inbox.channel import Channel
from console.inbox.models import Message, Status
from console.settings import Settings
from console.settings_pages.answers import back_to, show
from integrations.whatsapp.client import WhatsApp
from integrations.whatsapp.errors import WhatsAppError

PAGE = "/settings/channel"


@get(PAGE)
async def channel_page(
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    viewer: NamedDependency[Viewer],
) -> Response[Any]:
    """The number's state and what waits to leave."""
    policy.require(viewer, "resume_channel")
    async with db.reading() as tx:
        channel = await _own(tx, settings)
        counting = select(Message.status, func.count()).where(_on_the_way(channel)).group_by(Message.status)
        waiting = dict((await tx.execute(counting)).all())
    return show("settings/channel.html", viewer, channel=channel, waiting=waiting)


def _on_the_way(channel: Channel) -> Any:  # noqa: ANN401 a condition
    return Message.status.in_([Status.QUEUED, Status.SENDING]) & (Message.channel_id == channel.id)


@post("/settings/channel/refresh", status_code=303)
async def refresh_channel(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    viewer: NamedDependency[Viewer],
) -> Response[Any]:
    """Ask WhatsApp how our number stands."""
    policy.require(viewer, "resume_channel")
    whatsapp: WhatsApp = request.app.state.console.whatsapp
    try:
        number = await whatsapp.number()
    except WhatsAppError as failed:
        text = "WhatsApp no respondió; lo que se muestra es lo último que dijo. Vuelva a probar en un momento."
        raise Refused(503, text, code="whatsapp_away", details={"reason": type(failed).__name__}) from failed
    async with db.transaction() as tx:
        await channel_state.learn(tx, await _own(tx, settings), number, by=viewer)
    return back_to(PAGE)


@post("/settings/channel/pause", status_code=303)
async def pause_channel(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    viewer: NamedDependency[Viewer],
) -> Response[Any]:
    """Stop everything that would leave; what is queued stays queued."""
    policy.require(viewer, "resume_channel")
    reason = " ".join((await read_form(request)).get("reason", "").split())
    if not reason or len(reason) > 200:
        raise Refused(422, "Escriba el motivo, en una línea: se muestra a todos.", code="invalid", field="reason")
    async with db.transaction() as tx:
        channel = await _own(tx, settings)
        await channel_state.pause(tx, channel, kind="person", reason=reason, by=viewer)
    return back_to(PAGE)


@post("/settings/channel/resume", status_code=303)
async def resume_channel(
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    viewer: NamedDependency[Viewer],
) -> Response[Any]:
    """Let sending go on."""
    async with db.transaction() as tx:
        await channel_state.resume(tx, await _own(tx, settings), by=viewer)
    return back_to(PAGE)


async def _own(tx: Tx, settings: Settings) -> Channel:
    channel = await channel_state.by_number(tx, settings.whatsapp_phone_number_id)
    if channel is None:
        raise not_found()
    return channel


routes = [channel_page, refresh_channel, pause_channel, resume_channel]
