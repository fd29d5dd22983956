"""The page of notifications, and what browsers ask: the key to subscribe with, subscribing, what rings now."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from console import clock
from console.agents import Viewer
from console.db import Database
from console.errors import Refused, not_found
from console.forms import html, read_form
from console.inbox import queries
from console.languages.catalogues import said
from console.languages.readers import page_language
from console.notifications import choosing, keeping, telling
from console.notifications.choosing import KINDS, Choice, as_time, minutes
from console.notifications.models import PushSubscription
from console.render import page
from console.settings import LOOPBACK, Settings
from integrations.web_push import Subscription

PAGE = "/settings/notifications"


@get(PAGE)
async def notifications_page(
    db: NamedDependency[Database], settings: NamedDependency[Settings], viewer: NamedDependency[Viewer]
) -> Response[str]:
    """What rings, when, and on which of one's devices."""
    return await _show(db, settings, viewer)


@post(PAGE, status_code=303)
async def choose_notifications(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    viewer: NamedDependency[Viewer],
) -> Response[Any]:
    """Keep what one wants to be told of."""
    form = await read_form(request)
    try:
        async with db.transaction() as tx:
            await keeping.choose(
                tx,
                by=viewer,
                kinds={name.removeprefix("kind.") for name in form if name.startswith("kind.")},
                sound=form.get("sound") == "1",
                quiet_from=minutes(form.get("quiet_from", ""), "quiet_from"),
                quiet_to=minutes(form.get("quiet_to", ""), "quiet_to"),
            )
    except Refused as refused:
        return await _show(db, settings, viewer, refused=refused, typed=form)
    return Response(None, status_code=303, headers={"location": f"{PAGE}?kept=1"})


@get("/notifications/choice")
async def notification_choice(
    db: NamedDependency[Database], settings: NamedDependency[Settings], viewer: NamedDependency[Viewer]
) -> dict[str, Any]:
    """What rings in an open page now, and the words for it."""
    async with db.reading() as tx:
        choice = await keeping.choice_of(tx, viewer.id)
    moment = clock.now()
    return {
        "words": {
            kind: said(choosing.WORDS[kind], page_language.get())
            for kind in KINDS
            if choosing.wants(choice, kind, moment, settings.zone)
        },
        "sound": choice.sound,
        "key": telling.key_of(settings).public,
    }


@post("/notifications/subscriptions", status_code=204)
async def subscribe_browser(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    viewer: NamedDependency[Viewer],
) -> None:
    """Tell this browser even when it is closed, as long as its session lasts."""
    form = await read_form(request)
    subscription = Subscription(form.get("endpoint", ""), form.get("p256dh", ""), form.get("auth", ""))
    device = request.headers.get("user-agent", "")
    async with db.transaction() as tx:
        is_loopback = settings.base_url.startswith(LOOPBACK_ADDRESSES)
        await keeping.subscribe(tx, subscription, by=viewer, device=device, is_loopback=is_loopback)


@post("/notifications/subscriptions/{subscription_id:int}/end", status_code=303)
async def unsubscribe_browser(
    subscription_id: FromPath[int], db: NamedDependency[Database], viewer: NamedDependency[Viewer]
) -> Response[Any]:
    """Tell one of one's own browsers no more."""
    if subscription_id > queries.LARGEST_ID:
        raise not_found()
    async with db.transaction() as tx:
        await keeping.unsubscribe(tx, subscription_id, by=viewer)
    return Response(None, status_code=303, headers={"location": PAGE})


@post("/notifications/test", status_code=303)
async def try_notifications(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    viewer: NamedDependency[Viewer],
) -> Response[Any]:
    """Push one to each of one's own browsers now, whatever the hour, and say what came of it."""
    async with db.reading() as tx:
        mine = await keeping.subscriptions_of(tx, viewer.id)
    key, http = telling.key_of(settings), request.app.state.console.http
    outcomes = [await telling.tell(http, key, _of(row), "alert", None, language=viewer.language) for row in mine]
    by_outcome = {name: [row.id for row, came in zip(mine, outcomes, strict=True) if came == name] for name in outcomes}
    async with db.transaction() as tx:
        await keeping.note_outcomes(
            tx,
            told=by_outcome.get("sent", []),
            gone=by_outcome.get("gone", []),
            refused=by_outcome.get("refused", []),
        )
    came = "&".join(f"{name}={len(ids)}" for name, ids in by_outcome.items())
    return Response(None, status_code=303, headers={"location": f"{PAGE}?tried=1&{came}"})


async def _show(
    db: Database,
    settings: Settings,
    viewer: Viewer,
    *,
    refused: Refused | None = None,
    typed: dict[str, str] | None = None,
) -> Response[str]:
    async with db.reading() as tx:
        choice = await keeping.choice_of(tx, viewer.id)
        mine = await keeping.subscriptions_of(tx, viewer.id)
    shown = page(
        "notifications/page.html",
        viewer=viewer,
        kinds=KINDS,
        choice=_typed(typed) if typed is not None else choice,
        quiet_from=typed.get("quiet_from", "") if typed is not None else as_time(choice.quiet_from),
        quiet_to=typed.get("quiet_to", "") if typed is not None else as_time(choice.quiet_to),
        browsers=mine,
        key=telling.key_of(settings).public,
        problems={refused.field or "form": refused.text} if refused else {},
    )
    return html(shown, status=refused.status if refused else 200)


def _typed(form: dict[str, str]) -> Choice:
    kinds = tuple(kind for kind in KINDS if f"kind.{kind}" in form)
    return Choice(kinds=kinds, sound=form.get("sound") == "1")


def _of(row: PushSubscription) -> Subscription:
    return Subscription(row.endpoint, row.p256dh, row.auth)


LOOPBACK_ADDRESSES = tuple(f"http://{host}" for host in LOOPBACK)

routes = [
    notifications_page,
    choose_notifications,
    notification_choice,
    subscribe_browser,
    unsubscribe_browser,
    try_notifications,
]
