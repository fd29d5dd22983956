"""Our WhatsApp number, for administrators: how it stands, what customers see of it, stopping and resuming."""

from __future__ import annotations

import re
from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency

from console import clock
from console.agents import Viewer
from console.db import Database, Tx
from console.errors import Refused, not_found
from console.forms import read_form
from console.inbox import channel_state, policy
from console.inbox.channel import Channel
from console.languages.words import Words
from console.number import asking, keeping, reading, words
from console.number.models import NumberReport
from console.settings import Settings
from console.settings_pages.answers import back_to, show
from console.settings_pages.change_lines import newest
from integrations.whatsapp.account import Profile, ProfileChanges
from integrations.whatsapp.client import WhatsApp
from integrations.whatsapp.errors import Invalid, WhatsAppError

PAGE = "/settings/number"
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_WEBSITE = re.compile(r"https?://[^\s/]+\.[^\s/]+\S*")
_WRONG = {
    "about": Words("Escriba de 1 a 139 letras."),
    "address": Words("Escriba hasta 256 letras."),
    "description": Words("Escriba hasta 512 letras."),
    "email": Words("Escriba un correo completo, como hola@empresa.example, de hasta 128 letras."),
    "websites": Words("Escriba direcciones completas, como https://empresa.example, de hasta 256 letras."),
    "vertical": Words("Elija un rubro de la lista."),
}
CHANGES = 20
ABOUT = (
    *("channel.updated", "channel.profile_updated", "channel.token_expiring"),
    *("channel.paused", "channel.resumed", "channel.troubled", "channel.recovered"),
)


@get(PAGE)
async def number_page(
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    viewer: NamedDependency[Viewer],
) -> Response[Any]:
    """The number's state, what waits to leave, its profile, and what was changed."""
    policy.require(viewer, "resume_channel")
    return await _show(db, settings, viewer)


@get("/settings/channel", status_code=303)
async def former_page(viewer: NamedDependency[Viewer]) -> Response[Any]:
    """Where the page used to be."""
    policy.require(viewer, "resume_channel")
    return back_to(PAGE)


@post(PAGE + "/refresh", status_code=303)
async def refresh_number(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    viewer: NamedDependency[Viewer],
) -> Response[Any]:
    """Ask WhatsApp how our number stands; when it does not say, the page says so beside what it last said."""
    policy.require(viewer, "resume_channel")
    async with db.reading() as tx:
        channel = await _own(tx, settings)
    whatsapp: WhatsApp = request.app.state.console.whatsapp
    failure = await asking.refresh(db, whatsapp, channel.id, by=viewer)
    return back_to(PAGE) if failure is None else await _show(db, settings, viewer, status=503)


@post(PAGE + "/profile", status_code=303)
async def change_profile(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    viewer: NamedDependency[Viewer],
) -> Response[Any]:
    """Change what customers see of the business. Only what differs is sent, and what Meta then has is kept."""
    policy.require(viewer, "resume_channel")
    typed = {name: value.strip() for name, value in (await read_form(request)).items()}
    whatsapp: WhatsApp = request.app.state.console.whatsapp
    async with db.reading() as tx:
        channel = await _own(tx, settings)
    try:
        after = await _changed(whatsapp, _wanted(typed))
    except (Refused, Invalid, WhatsAppError) as wrong:
        refused = _in_words(wrong)
        return await _show(db, settings, viewer, status=refused.status, typed=typed, refused=refused)
    async with db.transaction() as tx:
        await keeping.keep_profile(tx, channel.id, after, by=viewer)
    return back_to(PAGE)


@post(PAGE + "/pause", status_code=303)
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
        raise Refused(
            422, Words("Escriba el motivo, en una línea: se muestra a todos."), code="invalid", field="reason"
        )
    async with db.transaction() as tx:
        channel = await _own(tx, settings)
        await channel_state.pause(tx, channel, kind="person", reason=reason, by=viewer)
    return back_to(PAGE)


@post(PAGE + "/resume", status_code=303)
async def resume_channel(
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    viewer: NamedDependency[Viewer],
) -> Response[Any]:
    """Let sending go on."""
    async with db.transaction() as tx:
        await channel_state.resume(tx, await _own(tx, settings), by=viewer)
    return back_to(PAGE)


async def _changed(whatsapp: WhatsApp, wanted: dict[str, Any]) -> Profile:
    """What Meta has once it was told what differs from what it had."""
    before = await whatsapp.profile()
    changes = {name: value for name, value in wanted.items() if (value or None) != (getattr(before, name) or None)}
    if not changes:
        return before
    await whatsapp.update_profile(ProfileChanges(**changes))
    return await whatsapp.profile()


def _in_words(wrong: Refused | WhatsAppError) -> Refused:
    """Beside its field what is wrong with a field; above them all what Meta says, or that it says nothing."""
    if isinstance(wrong, Refused):
        return wrong
    if isinstance(wrong, Invalid):
        field = wrong.field.partition("[")[0]
        return Refused(422, _WRONG.get(field, Words("No es válido.")), code="invalid", field=field)
    return Refused(503, Words("El perfil no se cambió. {wrong}", wrong=asking.words_of(wrong)), code="whatsapp_away")


def _wanted(typed: dict[str, str]) -> dict[str, Any]:
    """The profile as typed. Refuses: 422 naming the first field that is wrong."""
    websites = [typed[name] for name in ("website1", "website2") if typed.get(name)]
    checks = {
        "about": bool(typed.get("about")),
        "email": not typed.get("email") or _EMAIL.fullmatch(typed["email"]),
        "websites": all(_WEBSITE.fullmatch(site) for site in websites),
    }
    for field, holds in checks.items():
        if not holds:
            raise Refused(422, _WRONG[field], code="invalid", field=field)
    texts = {name: typed.get(name, "") for name in ("about", "address", "description", "email")}
    vertical = {"vertical": typed["vertical"]} if typed.get("vertical") else {}
    return {**texts, "websites": websites, **vertical}


async def _show(
    db: Database,
    settings: Settings,
    viewer: Viewer,
    *,
    status: int = 200,
    typed: dict[str, str] | None = None,
    refused: Refused | None = None,
) -> Response[Any]:
    async with db.reading() as tx:
        channel = await _own(tx, settings)
        report = await tx.get(NumberReport, channel.id) or NumberReport(channel_id=channel.id, profile={})
        waiting, heard_at = await reading.waiting(tx, channel), await reading.heard_at(tx)
        about = (f"channel:{channel.id}",)
        history = await newest(tx, ABOUT, words.TERMS, subjects=about, most=CHANGES)
    profile = msgspec.convert(report.profile, Profile)
    sites = [*profile.websites, "", ""]
    shown = msgspec.to_builtins(profile) | {"website1": sites[0], "website2": sites[1]}
    return show(
        "settings/number.html",
        viewer,
        status=status,
        channel=channel,
        report=report,
        failure=asking.failure_of(report.failure),
        waiting=waiting,
        heard_at=heard_at,
        token_ends_soon=keeping.ends_soon(report, clock.now()),
        codes=words,
        verticals=words.VERTICALS,
        typed={name: value or "" for name, value in (shown | (typed or {})).items()},
        problems={refused.field or "form": refused.text} if refused else {},
        history=history,
    )


async def _own(tx: Tx, settings: Settings) -> Channel:
    channel = await channel_state.by_number(tx, settings.whatsapp_phone_number_id)
    if channel is None:
        raise not_found()
    return channel


routes = [number_page, former_page, refresh_number, change_profile, pause_channel, resume_channel]
