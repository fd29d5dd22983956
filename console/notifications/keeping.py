"""Choosing what to be told of, and the browsers that are told."""

from __future__ import annotations

from collections.abc import Collection
from ipaddress import ip_address
from urllib.parse import urlsplit

from sqlalchemy import delete, select, update

from console import audit, clock
from console.agents import Viewer
from console.db import Tx
from console.errors import Refused
from console.languages.words import Words
from console.notifications.choosing import KINDS, Choice
from console.notifications.models import NotificationChoice, NotificationPlace, PushSubscription
from integrations.web_push import Subscription, is_well_formed

MOST_BROWSERS = 10
MOST_FAILURES = 8
"""A browser whose service has refused so often in a row is told no more."""
LONGEST_ENDPOINT = 2000
_INNER = (".local", ".internal", ".localhost", ".lan", ".home.arpa")


async def choose(
    tx: Tx, *, by: Viewer, kinds: Collection[str], sound: bool, quiet_from: int | None, quiet_to: int | None
) -> NotificationChoice:
    """Keep what `by` wants to be told of. Nobody else's business, so not on record.

    Refuses: 422 naming kinds, or quiet_to where only one end of the quiet hours is given.
    """
    if set(kinds) - set(KINDS):
        raise Refused(422, Words("Elija de la lista."), code="invalid", field="kinds")
    if (quiet_from is None) != (quiet_to is None):
        raise Refused(
            422, Words("Diga desde y hasta qué hora, o deje las dos vacías."), code="invalid", field="quiet_to"
        )
    row = await tx.get(NotificationChoice, by.id, with_for_update=True)
    row = row or NotificationChoice(agent_id=by.id)
    row.kinds, row.sound = [kind for kind in KINDS if kind in kinds], sound
    row.quiet_from, row.quiet_to, row.updated_at = quiet_from, quiet_to, clock.now()
    tx.add(row)
    await tx.flush()
    return row


async def choice_of(tx: Tx, agent_id: int) -> Choice:
    """What an agent wants to be told of."""
    row = await tx.get(NotificationChoice, agent_id)
    return as_choice(row)


def as_choice(row: NotificationChoice | None) -> Choice:
    """A row, or what stands without one."""
    if row is None:
        return Choice()
    return Choice(kinds=tuple(row.kinds), sound=row.sound, quiet_from=row.quiet_from, quiet_to=row.quiet_to)


async def subscribe(tx: Tx, subscription: Subscription, *, by: Viewer, device: str, is_loopback: bool) -> None:
    """Tell this browser from now on, as long as the session lasts. Again renews it. Records "push.subscribed".

    `is_loopback`: this console serves its own machine only, and so may the push service be on it.
    Refuses: 422 "invalid" (field endpoint) for what is no push service's address or has no sound keys; "too_many".
    """
    if not is_well_formed(subscription) or not _is_outside(subscription.endpoint, is_loopback=is_loopback):
        raise Refused(
            422, Words("Este navegador no dio una dirección de avisos válida."), code="invalid", field="endpoint"
        )
    row = (
        await tx.scalars(select(PushSubscription).where(PushSubscription.endpoint == subscription.endpoint))
    ).one_or_none()
    is_new = row is None or row.agent_id != by.id
    if is_new and len(await subscriptions_of(tx, by.id)) >= MOST_BROWSERS:
        raise Refused(
            422,
            Words("Ya hay {most_browsers} equipos con avisos: quite alguno.", most_browsers=MOST_BROWSERS),
            code="too_many",
        )
    if await tx.scalar(select(PushSubscription.id).limit(1)) is None:
        # Nobody has read on while nobody was to be told: what was before is not rung now.
        await tx.execute(update(NotificationPlace).values(entry_id=await audit.head_of(tx)))
    row = row or PushSubscription(endpoint=subscription.endpoint, created_at=clock.now())
    row.agent_id, row.session_id = by.id, by.session_id or 0
    row.p256dh, row.auth, row.device, row.failures = subscription.p256dh, subscription.auth, device[:200], 0
    tx.add(row)
    await tx.flush()
    if is_new:
        audit.record(tx, by.actor, "push.subscribed", subject=f"push_subscription:{row.id}")


async def unsubscribe(tx: Tx, subscription_id: int, *, by: Viewer) -> None:
    """Tell one of one's own browsers no more. Records "push.unsubscribed"; again changes nothing."""
    gone = delete(PushSubscription).where(PushSubscription.id == subscription_id, PushSubscription.agent_id == by.id)
    if (await tx.scalars(gone.returning(PushSubscription.id))).first() is not None:
        audit.record(tx, by.actor, "push.unsubscribed", subject=f"push_subscription:{subscription_id}")


async def subscriptions_of(tx: Tx, agent_id: int) -> list[PushSubscription]:
    """The browsers of an agent."""
    wanted = select(PushSubscription).where(PushSubscription.agent_id == agent_id).order_by(PushSubscription.id)
    return list(await tx.scalars(wanted))


async def note_outcomes(
    tx: Tx, *, told: Collection[int], gone: Collection[int], refused: Collection[int], unreached: Collection[int] = ()
) -> None:
    """Keep what came of telling these browsers; who is gone, or refuses again and again, is forgotten."""
    if told:
        fine = update(PushSubscription).where(PushSubscription.id.in_(told))
        await tx.execute(fine.values(told_at=clock.now(), failures=0))
    if refused:
        failed = update(PushSubscription).where(PushSubscription.id.in_(refused))
        await tx.execute(failed.values(failures=PushSubscription.failures + 1))
    del unreached  # their service is away, which says nothing of them
    if gone or refused:
        worn = PushSubscription.id.in_(refused) & (PushSubscription.failures >= MOST_FAILURES)
        await tx.execute(delete(PushSubscription).where(PushSubscription.id.in_(gone) | worn))


def _is_outside(endpoint: str, *, is_loopback: bool) -> bool:
    """Whether it is a push service's address: a name of the public web, never a machine beside ours."""
    if len(endpoint) > LONGEST_ENDPOINT or not endpoint.isascii() or any(sign.isspace() for sign in endpoint):
        return False
    try:
        parts = urlsplit(endpoint)
        host, _port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        return False
    if is_loopback and parts.scheme in {"http", "https"} and host in {"127.0.0.1", "localhost"}:
        return True
    if parts.scheme != "https" or parts.username or "." not in host.strip(".") or host.endswith(_INNER):
        return False
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return True
    return False
