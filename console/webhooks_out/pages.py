"""Outgoing webhooks in the settings: who is told of what, how it goes, and telling again."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy import func, select

from console.agents import Viewer
from console.db import Database
from console.errors import Refused, not_found
from console.forms import read_form
from console.inbox import policy
from console.languages.kept import as_words
from console.languages.words import Words
from console.settings import Settings
from console.settings_pages.answers import back_to, cursor_of, known_id, show
from console.settings_pages.change_lines import Terms, among, newest
from console.webhooks_out import keeping
from console.webhooks_out.models import (
    NOT_TAKEN,
    DeliveryState,
    SubscriptionState,
    WebhookDelivery,
    WebhookSubscription,
)

PAGE = "/settings/webhooks"
ONE = "/settings/webhooks/{subscription_id:int}"
LINES = 50
WORDS = {
    "message.created": Words("Mensaje nuevo (entra o sale)"),
    "message.updated": Words("Mensaje que cambia (entregado, leído, editado)"),
    "conversation.created": Words("Conversación nueva"),
    "conversation.updated": Words("Conversación que cambia (asignada, etiquetada, resuelta)"),
    "contact.updated": Words("Contacto que cambia"),
    "account.updated": Words("Cuenta que cambia (saldo, estado)"),
    "mention.created": Words("Mención en una nota interna (sin su texto)"),
}
STATES = {
    SubscriptionState.ACTIVE: Words("activo"),
    SubscriptionState.DISABLED: Words("detenido"),
    SubscriptionState.REMOVED: Words("eliminado"),
}
# A notice told again changes nothing: it stands in the log of deliveries.
CHANGES = tuple(f"webhook.{deed}" for deed in ("subscribed", "enabled", "disabled", "secret_changed", "removed"))
TERMS = Terms(
    fields={"secret": Words("Clave"), "events": Words("Avisos")},
    said={
        "events": among(WORDS),
        "secret": among({"former": Words("la anterior"), "fresh": Words("una nueva (no se muestra)")}),
        "state": among(STATES),
        "why": lambda why: as_words(why, NOT_TAKEN) or "—",
    },
)


@get(PAGE)
async def webhooks_page(db: NamedDependency[Database], viewer: NamedDependency[Viewer]) -> Response[Any]:
    """All subscriptions, with what waits for each."""
    policy.require(viewer, "manage_webhooks")
    return await _show(db, viewer)


@post(PAGE, status_code=200)
async def add_webhook(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    viewer: NamedDependency[Viewer],
) -> Response[Any]:
    """Make one; its secret is shown this once."""
    policy.require(viewer, "manage_webhooks")
    form = await read_form(request)
    events = [name.removeprefix("event.") for name in form if name.startswith("event.")]
    try:
        async with db.transaction() as tx:
            made = await keeping.subscribe(
                tx,
                by=viewer,
                name=form.get("name", ""),
                url=form.get("url", "").strip(),
                events=events,
                loopback=settings.webhooks_loopback,
            )
            number, secret = made.id, made.secret
    except Refused as refused:
        return await _show(db, viewer, refused=refused, typed=form)
    return await _show_one(db, viewer, number, secret=secret)


@get(ONE)
async def webhook_page(
    request: Request[Any, Any, Any],
    subscription_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[Any]:
    """One, with the log of its deliveries, the newest first."""
    policy.require(viewer, "manage_webhooks")
    return await _show_one(db, viewer, known_id(subscription_id), below=cursor_of(request))


@post(ONE, status_code=200)
async def change_webhook(
    request: Request[Any, Any, Any],
    subscription_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[Any]:
    """Enable, disable, remove, or give it another secret, which is shown this once."""
    policy.require(viewer, "manage_webhooks")
    deed = (await read_form(request)).get("deed", "")
    states = {
        "enable": SubscriptionState.ACTIVE,
        "disable": SubscriptionState.DISABLED,
        "remove": SubscriptionState.REMOVED,
    }
    if deed not in {*states, "secret"}:
        raise Refused(422, Words("Eso no se puede hacer."), code="invalid", field="deed")
    secret = None
    async with db.transaction() as tx:
        subscription = await keeping.open_subscription(tx, known_id(subscription_id), lock=True)
        if deed == "secret":
            secret = await keeping.change_secret(tx, subscription, by=viewer)
        else:
            await keeping.turn(tx, subscription, states[deed], by=viewer.actor)
    return back_to(PAGE) if deed == "remove" else await _show_one(db, viewer, subscription_id, secret=secret)


@post(ONE + "/deliveries/{delivery_id:int}/replay", status_code=303)
async def replay_delivery(
    subscription_id: FromPath[int],
    delivery_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[Any]:
    """Tell it again."""
    policy.require(viewer, "manage_webhooks")
    async with db.transaction() as tx:
        await keeping.open_subscription(tx, known_id(subscription_id))
        wanted = select(WebhookDelivery).where(
            WebhookDelivery.id == known_id(delivery_id), WebhookDelivery.subscription_id == subscription_id
        )
        delivery = (await tx.scalars(wanted.with_for_update())).one_or_none()
        if delivery is None:
            raise not_found()
        await keeping.replay(tx, delivery, by=viewer)
    return back_to(f"{PAGE}/{subscription_id}")


async def _show(
    db: Database, viewer: Viewer, *, refused: Refused | None = None, typed: dict[str, str] | None = None
) -> Response[Any]:
    async with db.reading() as tx:
        every = list(await tx.scalars(select(WebhookSubscription).order_by(WebhookSubscription.id)))
        names = {f"webhook:{one.id}": one.name for one in every}
        history = await newest(tx, CHANGES, msgspec.structs.replace(TERMS, about=names))
        waiting = select(WebhookDelivery.subscription_id, func.count()).where(
            WebhookDelivery.state == DeliveryState.WAITING
        )
        waits = {row[0]: row[1] for row in await tx.execute(waiting.group_by(WebhookDelivery.subscription_id))}
    return show(
        "settings/webhooks.html",
        viewer,
        status=refused.status if refused else 200,
        subscriptions=[one for one in every if one.state != SubscriptionState.REMOVED],
        history=history,
        waits=waits,
        words=WORDS,
        typed=typed or {},
        problems={refused.field or "form": refused.text} if refused else {},
    )


async def _show_one(
    db: Database, viewer: Viewer, number: int, *, secret: str | None = None, below: int | None = None
) -> Response[Any]:
    async with db.reading() as tx:
        subscription = await keeping.open_subscription(tx, number)
        log = select(WebhookDelivery).where(WebhookDelivery.subscription_id == number)
        if below is not None:
            log = log.where(WebhookDelivery.id < below)
        lines = list(await tx.scalars(log.order_by(WebhookDelivery.id.desc()).limit(LINES + 1)))
        history = await newest(tx, CHANGES, TERMS, subjects=(f"webhook:{number}",))
    return show(
        "settings/webhook.html",
        viewer,
        subscription=subscription,
        why=as_words(subscription.why, NOT_TAKEN),
        secret=secret,
        lines=lines[:LINES],
        next_cursor=lines[LINES - 1].id if len(lines) > LINES else None,
        words=WORDS,
        history=history,
    )


routes = [webhooks_page, add_webhook, webhook_page, change_webhook, replay_delivery]
