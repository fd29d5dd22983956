"""Subscriptions: making, disabling and removing one, another secret, and telling again what was told or given up."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import func, select, update

from console import audit, clock
from console.agents import Viewer
from console.audit import Actor
from console.db import Tx
from console.errors import Refused, not_found
from console.inbox import policy
from console.inbox.queries import LARGEST_ID
from console.languages.words import Words
from console.webhooks_out import addresses, signing
from console.webhooks_out.models import ERASED, DeliveryState, SubscriptionState, WebhookDelivery, WebhookSubscription

EVENTS = {
    "message.created": "messages:read",
    "message.updated": "messages:read",
    "conversation.created": "conversations:read",
    "conversation.updated": "conversations:read",
    "contact.updated": "contacts:read",
    "account.updated": "accounts:read",
    "mention.created": "conversations:read",
}
"""Every type of event, and the scope it needs."""
LONGEST_NAME = 60
MOST = 20


async def subscribe(
    tx: Tx, *, by: Viewer, name: str, url: str, events: Collection[str], loopback: bool
) -> WebhookSubscription:
    """Tell `url` from now on of these types of events. Records "webhook.subscribed", without the secret.

    Its scopes are those that its events need, and of a conversation's last message no more is shown than they allow.
    Refuses: 403 unless `by` may manage webhooks; 422 naming the field.
    """
    policy.require(by, "manage_webhooks")
    name = " ".join(name.split())
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise Refused(
            422,
            Words("Escriba un nombre de hasta {longest_name} letras.", longest_name=LONGEST_NAME),
            code="invalid",
            field="name",
        )
    wanted = sorted(set(events))
    if not wanted or not set(wanted) <= set(EVENTS):
        raise Refused(422, Words("Elija al menos un tipo de evento."), code="invalid", field="events")
    addresses.check_url(url, loopback=loopback)
    alive = select(func.count()).where(WebhookSubscription.state != SubscriptionState.REMOVED)
    if (await tx.scalar(alive) or 0) >= MOST:
        raise Refused(422, Words("Ya hay {most}: elimine alguna antes.", most=MOST), code="too_many", field="name")
    made = WebhookSubscription(
        name=name,
        url=url,
        events=wanted,
        scopes=sorted({EVENTS[event] for event in wanted}),
        secret=signing.new_secret(),
        state=SubscriptionState.ACTIVE,
        cursor=await audit.head_of(tx),
        made_by=by.id,
        created_at=clock.now(),
    )
    tx.add(made)
    await tx.flush()
    record(tx, made, "webhook.subscribed", by=by.actor, new={"name": name, "url": url, "events": wanted})
    return made


async def open_subscription(tx: Tx, number: int, *, lock: bool = False) -> WebhookSubscription:
    """A subscription that was not removed; Refused(404) for any other."""
    alive = WebhookSubscription.state != SubscriptionState.REMOVED
    wanted = select(WebhookSubscription).where(WebhookSubscription.id == number, alive)
    wanted = wanted.with_for_update() if lock else wanted
    found = (await tx.scalars(wanted)).one_or_none() if 0 < number <= LARGEST_ID else None
    if found is None:
        raise not_found()
    return found


async def turn(
    tx: Tx, subscription: WebhookSubscription, state: SubscriptionState, *, by: Actor, why: str | None = None
) -> None:
    """Disable, enable again or remove. Records "webhook.disabled", "webhook.enabled" or "webhook.removed".

    What waits for a disabled one goes on waiting; enabled again it is told all of it, in order.
    """
    if subscription.state == state:
        return
    old: dict[str, object] = {"state": subscription.state}
    subscription.state, subscription.why, subscription.failing_since = state, why, None
    subscription.version += 1
    words = {
        SubscriptionState.ACTIVE: "enabled",
        SubscriptionState.DISABLED: "disabled",
        SubscriptionState.REMOVED: "removed",
    }
    of_it = (WebhookDelivery.subscription_id == subscription.id, WebhookDelivery.state == DeliveryState.WAITING)
    if state == SubscriptionState.ACTIVE:
        await tx.execute(update(WebhookDelivery).where(*of_it).values(due_at=clock.now(), attempts=0))
    if state == SubscriptionState.REMOVED:
        subscription.secret = ""
        ended = {"state": DeliveryState.GIVEN_UP, "settled_at": clock.now()}
        await tx.execute(update(WebhookDelivery).where(*of_it).values(ended))
    record(
        tx,
        subscription,
        f"webhook.{words[state]}",
        by=by,
        old=old,
        new={"state": state, **({"why": why} if why else {})},
    )


async def change_secret(tx: Tx, subscription: WebhookSubscription, *, by: Viewer) -> str:
    """Another secret from the next call on; returned this once. Records "webhook.secret_changed"."""
    policy.require(by, "manage_webhooks")
    subscription.secret = signing.new_secret()
    subscription.version += 1
    # Never a secret, nor what would tell one from another.
    record(tx, subscription, "webhook.secret_changed", by=by.actor, old={"secret": "former"}, new={"secret": "fresh"})
    return subscription.secret


async def replay(tx: Tx, delivery: WebhookDelivery, *, by: Viewer) -> None:
    """Tell it once more, after what waits before it. Records "webhook.replayed". One that waits comes at once.

    Refuses: 409 "erased".
    """
    policy.require(by, "manage_webhooks")
    if delivery.body == ERASED:
        raise Refused(409, Words("Los datos de este aviso se borraron a pedido de su titular."), code="erased")
    delivery.state, delivery.attempts, delivery.due_at = DeliveryState.WAITING, 0, clock.now()
    delivery.settled_at = delivery.claimed_until = None
    subscription = await open_subscription(tx, delivery.subscription_id)
    record(tx, subscription, "webhook.replayed", by=by.actor, new={"event": delivery.entry_id})


def record(
    tx: Tx,
    subscription: WebhookSubscription,
    action: str,
    *,
    by: Actor,
    new: dict[str, object] | None = None,
    old: dict[str, object] | None = None,
) -> None:
    """Note it in the history."""
    audit.record(tx, by, action, subject=f"webhook:{subscription.id}", old=old, new=new)
