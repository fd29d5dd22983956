"""The loop that tells: events are set out from the history, and sent until they are taken, in order in each lane.

At least once, never out of order within a conversation: the next event of a lane waits for the one before it. Nothing
is on the wire within a transaction.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import httpx
import msgspec
import structlog
from sqlalchemy import exists, select, update
from sqlalchemy.orm import aliased

from console import clock, pacing
from console.api import events
from console.api.tokens import Program
from console.audit import SYSTEM, Entry
from console.db import Database, Tx, bulk_insert, says
from console.languages.words import as_kept
from console.pacing import Pace
from console.webhooks_out import addresses, keeping, signing
from console.webhooks_out.addresses import NotPublicError
from console.webhooks_out.models import (
    NOT_TAKEN,
    DeliveryState,
    SubscriptionState,
    WebhookDelivery,
    WebhookSubscription,
)

log = structlog.get_logger()
AT_ONCE = 20
"""Calls on the way at the same time, of one process."""
LOOK_EVERY = 1.0
SHARE, GATHER = 0.5, 0.1
"""Of the time for setting out, and seconds that news are let gather: beside a flood, theirs is the better part."""
CALL_SECONDS = 10.0
CLAIM = timedelta(seconds=60)
PAUSES = (5, 30, 120, 600, 1800, 3600, 3 * 3600, 6 * 3600, 6 * 3600, 6 * 3600)
"""Seconds after each failure. Whoever still refuses after them has given that event up: about a day."""
DISABLED_AFTER = timedelta(hours=72)
"""So long without one call taken, and nothing is sent any more until somebody says so."""
LONGEST_ANSWER = 2048


class Call(msgspec.Struct, frozen=True):
    """One call, claimed."""

    delivery_id: int
    subscription_id: int
    entry_id: int
    url: str
    secret: str
    body: str


class Outcome(msgspec.Struct, frozen=True):
    """What came of it: the status answered, or what went wrong in a word."""

    status: int | None = None
    error: str | None = None

    @property
    def is_taken(self) -> bool:
        """Any 2xx: the receiver has it."""
        return self.status is not None and 200 <= self.status < 300


class Teller:
    """Tells of events, in one process."""

    def __init__(self, db: Database, http: httpx.AsyncClient, *, loopback: bool) -> None:
        self._db = db
        self._http = http
        self._loopback = loopback
        self._awake = asyncio.Event()

    async def follow(self, _entries: Sequence[Entry]) -> None:
        """Something happened."""
        self._awake.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Tell until `stop`."""
        pace = Pace(SHARE, least=0)
        while not stop.is_set():
            self._awake.clear()
            is_heard = await self._is_listened_to()
            with pace.working():
                is_more = is_heard and await self.set_out()
            # Who answers slowly has not made us work: for that nobody rests.
            is_sent = is_heard and await self.send()
            await pace.rest(stop)
            if not (is_more or is_sent):
                await pacing.news(stop, self._awake, within=LOOK_EVERY)
                await pacing.pause(stop, GATHER)

    async def _is_listened_to(self) -> bool:
        """Where nobody is told anything, nothing is looked for."""
        async with self._db.reading() as tx:
            anybody = select(WebhookSubscription.id).where(WebhookSubscription.state != SubscriptionState.REMOVED)
            return (await tx.scalars(anybody.limit(1))).first() is not None

    async def set_out(self) -> bool:
        """Make deliveries of what happened since each subscription's cursor; whether there is more."""
        async with self._db.reading() as tx:
            active = select(WebhookSubscription.id).where(WebhookSubscription.state != SubscriptionState.REMOVED)
            numbers = list(await tx.scalars(active))
        more = False
        for number in numbers:
            async with self._db.reading() as tx:
                subscription = await tx.get_one(WebhookSubscription, number)
                batch = await events.after(tx, subscription.cursor, seen_by=_program(subscription))
            if batch.position == subscription.cursor:
                continue
            more = more or batch.is_full
            rows = [_delivery(subscription, event) for event in batch.events if event.type in subscription.events]
            async with self._db.transaction() as tx:
                mine = (WebhookSubscription.id == number, WebhookSubscription.cursor == subscription.cursor)
                moved = update(WebhookSubscription).where(*mine).values(cursor=batch.position)
                if (await tx.execute(moved.returning(WebhookSubscription.id))).first():
                    await bulk_insert(tx, WebhookDelivery, rows, or_ignore=True)
        return more

    async def send(self) -> bool:
        """Make the calls that are due; whether there were any."""
        async with self._db.reading() as tx:
            if not (await tx.scalars(_due(clock.now()).limit(1))).first():
                return False
        async with self._db.transaction() as tx:
            calls = await _claim(tx)
        outcomes = await asyncio.gather(*(self._call(call) for call in calls))
        for call, outcome in zip(calls, outcomes, strict=True):
            async with self._db.transaction() as tx:
                await _settle(tx, call, outcome)
        return bool(calls)

    async def _call(self, call: Call) -> Outcome:
        body = call.body.encode()
        try:
            target = await addresses.target_of(call.url, loopback=self._loopback)
            signed = signing.headers_of(
                call.secret, event_id=f"evt_{call.entry_id}", at=int(clock.now().timestamp()), body=body
            )
            request = self._http.build_request(
                "POST",
                target.url,
                content=body,
                headers={
                    "host": target.host_header,
                    "content-type": "application/json",
                    "user-agent": "AlDia-Webhooks/1",
                    # A connection kept would be one that was checked for another name.
                    "connection": "close",
                    **signed,
                },
                extensions={"sni_hostname": target.host},
                timeout=CALL_SECONDS,
            )
            async with asyncio.timeout(CALL_SECONDS):
                answer = await self._http.send(request, stream=True, follow_redirects=False)
                await answer.aclose()
        except NotPublicError as private:
            return Outcome(error=private.words)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, OSError) as failure:
            return Outcome(error=type(failure).__name__)
        return Outcome(status=answer.status_code)


def _program(subscription: WebhookSubscription) -> Program:
    return Program(id=0, name=subscription.name, scopes=frozenset(map(str, subscription.scopes)))


def _delivery(subscription: WebhookSubscription, event: events.Event) -> dict[str, Any]:
    now = clock.now()
    data = msgspec.to_builtins(event.data, enc_hook=as_kept)
    noun = event.type.partition(".")[0]
    # A mention is a note's, and has no id of its own: it comes in its conversation's order.
    conversation = data["conversation_id"] if noun in {"message", "mention"} else None
    lane = f"conversation:{conversation}" if conversation else f"{noun}:{data['id']}"
    told = {"id": f"evt_{event.cursor}", "type": event.type, "at": event.at, "action": event.action}
    body = msgspec.json.encode(
        {**told, "cursor": event.cursor, "actor": event.actor, "data": event.data}, enc_hook=as_kept
    ).decode()
    return {
        "subscription_id": subscription.id,
        "entry_id": int(event.cursor),
        "lane": lane[:32],
        "type": event.type,
        "body": body,
        "state": DeliveryState.WAITING,
        "attempts": 0,
        "due_at": now,
        "created_at": now,
    }


def _due(moment: datetime) -> Any:  # noqa: ANN401 a select of delivery ids
    """The first that waits in each lane, if its time has come and nobody has it on the way."""
    before = aliased(WebhookDelivery)
    earlier = exists().where(
        before.subscription_id == WebhookDelivery.subscription_id,
        before.lane == WebhookDelivery.lane,
        says(before.state, DeliveryState.WAITING),
        before.id < WebhookDelivery.id,
    )
    unclaimed = WebhookDelivery.claimed_until.is_(None) | (WebhookDelivery.claimed_until < moment)
    return (
        select(WebhookDelivery.id)
        .join(WebhookSubscription, WebhookSubscription.id == WebhookDelivery.subscription_id)
        .where(
            WebhookSubscription.state == SubscriptionState.ACTIVE,
            says(WebhookDelivery.state, DeliveryState.WAITING),
            WebhookDelivery.due_at <= moment,
            unclaimed,
            ~earlier,
        )
        .order_by(WebhookDelivery.due_at, WebhookDelivery.id)
    )


async def _claim(tx: Tx) -> list[Call]:
    moment = clock.now()
    mine = _due(moment).limit(AT_ONCE).with_for_update(skip_locked=True, of=WebhookDelivery)
    ids = list(await tx.scalars(mine))
    if not ids:
        return []
    claimed = update(WebhookDelivery).where(WebhookDelivery.id.in_(ids)).values(claimed_until=moment + CLAIM)
    await tx.execute(claimed)
    wanted = (
        select(
            WebhookDelivery.id,
            WebhookSubscription.id,
            WebhookDelivery.entry_id,
            WebhookSubscription.url,
            WebhookSubscription.secret,
            WebhookDelivery.body,
        )
        .join(WebhookSubscription, WebhookSubscription.id == WebhookDelivery.subscription_id)
        .where(WebhookDelivery.id.in_(ids))
    )
    return [Call(*row) for row in await tx.execute(wanted)]


async def _settle(tx: Tx, call: Call, outcome: Outcome) -> None:
    """Keep what came of it: taken, to be tried again later, or given up; who takes nothing for days is disabled."""
    moment = clock.now()
    subscription = await tx.get_one(WebhookSubscription, call.subscription_id, with_for_update=True)
    delivery = await tx.get_one(WebhookDelivery, call.delivery_id, with_for_update=True)
    delivery.attempts += 1
    delivery.claimed_until, delivery.last_status, delivery.last_error = None, outcome.status, outcome.error
    if outcome.is_taken:
        delivery.state, delivery.settled_at, subscription.failing_since = DeliveryState.TAKEN, moment, None
        return
    log.warning("webhook.not_taken", subscription=call.subscription_id, status=outcome.status, error=outcome.error)
    subscription.failing_since = subscription.failing_since or moment
    if delivery.attempts > len(PAUSES):
        delivery.state, delivery.settled_at = DeliveryState.GIVEN_UP, moment
    else:
        delivery.due_at = moment + timedelta(seconds=PAUSES[delivery.attempts - 1])
    if subscription.state == SubscriptionState.ACTIVE and moment - subscription.failing_since >= DISABLED_AFTER:
        await keeping.turn(tx, subscription, SubscriptionState.DISABLED, by=SYSTEM, why=NOT_TAKEN)
