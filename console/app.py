"""The console put together: routes, what handlers are given, and what starts and stops with the process."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, cast

import httpx
import msgspec
from litestar import Litestar
from litestar.di import Provide
from litestar.types import Scope

from console import api as json_api
from console import (
    audit,
    first_admin,
    health,
    metrics,
    oidc_door,
    phone_app,
    refusals,
    render,
    security,
    settings_pages,
    sign_in,
    simulator_door,
    static_files,
    worker,
)
from console.api_tokens import pages as token_pages
from console.attachments import door as attachments_door
from console.bots import board, conduct_door, morning_door, teaching_door, texts_door, trying_door
from console.bots.pushes import BotPushes
from console.bulk_jobs import door as bulk_door
from console.canned import door as canned_door
from console.canned import file_door as canned_files
from console.canned import pages as canned_pages
from console.consents import door as consents_door
from console.db import Database
from console.evidence import doors as evidence_doors
from console.evidence import exports as history_exports
from console.evidence import history_pages, pack_door
from console.hours import keeping as hours
from console.inbox import (
    answering,
    channel_state,
    consent_door,
    disposition_pages,
    handling,
    media_door,
    pages,
    policy,
    sockets,
    tag_door,
    webhook,
    wrap_up_door,
)
from console.inbox.ingest import Ingest
from console.inbox.presence import Presence
from console.inbox.pushes import Pushes
from console.inbox.screens import Screens
from console.live import Live, LocalWire, RedisWire
from console.mentions import door as mentions_door
from console.message_templates import file_door as template_files
from console.message_templates import pages as template_pages
from console.notifications import pages as notification_pages
from console.number import pages as number_pages
from console.number.forgeries import Forgeries
from console.pdf_pages import door as pdf_door
from console.pdf_pages.asking import Desk
from console.portfolio import (
    claim_door,
    dispute_door,
    import_door,
    import_pages,
    link_door,
    pay_page,
    payment_pages,
    payments_door,
    plan_door,
    promise_door,
)
from console.portfolio import pages as portfolio_pages
from console.privacy import door as privacy_door
from console.privacy import rectification_door, reveal_door
from console.quality import calibration_door
from console.quality import door as quality_door
from console.quality import form_page as quality_form_page
from console.rates import Buckets
from console.reactions import door as reactions_door
from console.reports import own_pages as report_own_pages
from console.reports import pages as report_pages
from console.roles import pages as role_pages
from console.routing import door as routing_door
from console.routing.attendance import Attendance
from console.saved_views import door as saved_views_door
from console.scheduling import door as scheduling_door
from console.scheduling import pages as scheduling_pages
from console.search import door as search_door
from console.search.searcher import Searcher
from console.settings import Settings
from console.sign_in_letters import door as not_me
from console.snoozing import door as snoozing_door
from console.supervision import door as supervision_door
from console.supervision.pushes import FloorPushes
from console.webhooks_out import pages as webhook_pages
from console.word_lists import pages as words_pages
from integrations.payments import choosing
from integrations.payments.told import Provider
from integrations.whatsapp.client import WhatsApp

CLOUD_API_SECONDS = 35.0


class Console(msgspec.Struct):
    """What one process of the product is made of; the background work and the doors share it."""

    settings: Settings
    db: Database
    live: Live
    http: httpx.AsyncClient
    whatsapp: WhatsApp
    payments: Provider | None = None


def create_console(settings: Settings) -> Console:
    """The parts of a process, nothing started yet. Belongs to the running event loop from its first use."""
    db = Database(settings.database_url, seal=audit.sealer(settings.secret_key), scans=settings.scanner is not None)
    wire = RedisWire(settings.redis_url) if settings.redis_url else LocalWire()
    live = Live(db, wire, process=f"{os.getpid()}-{secrets.token_hex(4)}")
    db.tell = live.tell
    http = httpx.AsyncClient(
        timeout=httpx.Timeout(CLOUD_API_SECONDS, connect=5.0),
        limits=httpx.Limits(max_connections=500, max_keepalive_connections=100),
        follow_redirects=False,
        trust_env=False,
    )
    whatsapp = WhatsApp(
        http,
        base_url=settings.whatsapp_api_url,
        version=settings.whatsapp_api_version,
        phone_number_id=settings.whatsapp_phone_number_id,
        business_account_id=settings.whatsapp_business_account_id,
        token=settings.whatsapp_access_token,
        app_id=settings.whatsapp_app_id,
    )
    return Console(settings, db, live, http, whatsapp, _payments(settings, http))


def _payments(settings: Settings, http: httpx.AsyncClient) -> Provider | None:
    if settings.payments_provider is None:
        return None
    return choosing.provider_of(
        http,
        name=settings.payments_provider,
        base_url=settings.payments_api_url,
        key=settings.payments_api_key,
        secrets=settings.payment_secrets,
    )


@asynccontextmanager
async def running(console: Console, *last: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """The console's own life: the channel exists, the history is followed; both end with the block.

    `last` is done when the history is no longer followed and the database can still be asked.
    """
    settings = console.settings
    async with AsyncExitStack() as stack:
        stack.push_async_callback(console.db.close)
        stack.push_async_callback(console.http.aclose)
        async with console.db.transaction() as tx:
            await channel_state.ensure(
                tx,
                phone_number_id=settings.whatsapp_phone_number_id,
                business_account_id=settings.whatsapp_business_account_id,
            )
            await hours.ensure(tx, zone=str(settings.zone), country=settings.country)
        for step in last:
            stack.push_async_callback(step)
        await console.live.start()
        stack.push_async_callback(console.live.stop)
        yield


async def work(settings: Settings, stop: asyncio.Event) -> None:
    """The background work as a process of its own, until `stop`."""
    console = create_console(settings)
    async with running(console):
        await worker.run(console, stop)


def create_app(settings: Settings) -> Litestar:
    """The web process. Without Redis it also does the background work."""
    render.configure(
        zone=settings.zone,
        company=settings.company,
        country=settings.country,
        links=settings.payments_provider is not None,
        base_url=settings.base_url,
        may=policy.may,
    )
    console = create_console(settings)
    ingest = Ingest(console.db)
    screens = Screens()
    pushes = Pushes(console.db, screens, settings.zone)
    presence = Presence(screens)
    attendance = Attendance(console.db, screens)
    floor = FloorPushes(console.db, screens)
    bot_board = BotPushes(console.db, screens, settings.currency)
    console.live.followers += [pushes.follow, attendance.follow, floor.follow, bot_board.follow]
    console.live.on_whisper.append(presence.hear)
    console.live.on_setback.append(screens.begin_again)
    searcher = Searcher(settings.database_url)

    app = _doors()
    app.state.update(
        {
            "settings": settings,
            "console": console,
            "ingest": ingest,
            "forgeries": Forgeries(console.db, settings.whatsapp_phone_number_id),
            "screens": screens,
            "pushes": pushes,
            "presence": presence,
            "attendance": attendance,
            "floor": floor,
            "bot_board": bot_board,
            "live": console.live,
            "db": console.db,
            "searcher": searcher,
            "desk": Desk(settings.media_dir),
            "buckets": Buckets(),
            "reader_of": sign_in.reader_of,
        },
    )
    app.asgi_handler = webhook.Lane(security.protect(app.asgi_handler, settings), settings, ingest)
    return app


def _doors() -> Litestar:
    """Every door there is. They hold nothing of a process: what they need they find in the state of the app."""
    answers: dict[int | type[Exception], Any] = {**refusals.exception_handlers, **sign_in.exception_handlers}
    return Litestar(
        route_handlers=[
            webhook.whatsapp_webhook,
            *payments_door.routes,
            *link_door.routes,
            *claim_door.routes,
            *pay_page.routes,
            *payment_pages.routes,
            *import_pages.routes,
            *import_door.routes,
            *health.routes,
            *evidence_doors.routes,
            *history_pages.routes,
            *privacy_door.routes,
            *rectification_door.routes,
            *reveal_door.routes,
            *calibration_door.routes,
            *quality_door.routes,
            *quality_form_page.routes,
            *words_pages.routes,
            *history_exports.routes,
            *pack_door.routes,
            *sign_in.routes,
            *oidc_door.routes,
            *first_admin.routes,
            *not_me.routes,
            *pages.routes,
            *answering.routes,
            *attachments_door.routes,
            *reactions_door.routes,
            *handling.routes,
            *snoozing_door.routes,
            *scheduling_door.routes,
            *scheduling_pages.routes,
            *tag_door.routes,
            *search_door.routes,
            *bulk_door.routes,
            *canned_door.routes,
            *canned_files.routes,
            *canned_pages.routes,
            *mentions_door.routes,
            *notification_pages.routes,
            *phone_app.routes,
            *saved_views_door.routes,
            *template_files.routes,
            *template_pages.routes,
            *routing_door.routes,
            *supervision_door.routes,
            *portfolio_pages.routes,
            *wrap_up_door.routes,
            *promise_door.routes,
            *plan_door.routes,
            *dispute_door.routes,
            *consent_door.routes,
            *consents_door.routes,
            *disposition_pages.routes,
            *media_door.routes,
            *pdf_door.routes,
            *sockets.routes,
            *report_pages.routes,
            *report_own_pages.routes,
            *settings_pages.routes,
            *number_pages.routes,
            *role_pages.routes,
            *token_pages.routes,
            *webhook_pages.routes,
            *board.routes,
            *teaching_door.routes,
            *morning_door.routes,
            *trying_door.routes,
            *texts_door.routes,
            *conduct_door.routes,
            *simulator_door.routes,
            *json_api.routes,
            static_files.static_file,
        ],
        dependencies={
            "db": Provide(_db),
            "settings": Provide(_settings),
            "live": Provide(_live),
            "searcher": Provide(_searcher),
            "desk": Provide(_desk),
            **sign_in.dependencies,
        },
        exception_handlers=answers,
        before_request=refusals.begin,
        lifespan=[_life],
        openapi_config=None,
        logging_config=None,
        request_max_body_size=4 * 1024 * 1024,
        debug=False,
    )


@asynccontextmanager
async def _life(started: Litestar) -> AsyncIterator[None]:
    state, stop = started.state, asyncio.Event()
    console: Console = state["console"]
    async with running(console, state["pushes"].stop, state["searcher"].close):
        state["ingest"].start()
        loops = [
            metrics.watch_loop(),
            state["presence"].forget_for_ever(),
            state["attendance"].tell_for_ever(),
            state["floor"].run_for_ever(),
            state["bot_board"].run_for_ever(),
        ]
        tasks = [asyncio.create_task(loop) for loop in loops]
        alone = not console.settings.redis_url
        work = asyncio.create_task(worker.run(console, stop), name="worker") if alone else None
        state["work"] = work
        try:
            yield
        finally:
            await state["ingest"].stop()
            stop.set()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, *([work] if work else []), return_exceptions=True)


async def _db(scope: Scope) -> Database:
    return cast("Database", scope["litestar_app"].state["db"])


async def _settings(scope: Scope) -> Settings:
    return cast("Settings", scope["litestar_app"].state["settings"])


async def _searcher(scope: Scope) -> Searcher:
    return cast("Searcher", scope["litestar_app"].state["searcher"])


async def _desk(scope: Scope) -> Desk:
    return cast("Desk", scope["litestar_app"].state["desk"])


async def _live(scope: Scope) -> Live:
    return cast("Live", scope["litestar_app"].state["live"])
