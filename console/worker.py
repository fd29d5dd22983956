"""The background work of one process: sending, receipts, attachments, templates, and mending what was left undone.

Every loop is supervised: what fails is logged with its traceback and the loop begins again. All state is in rows, so
any number of processes may run these loops beside each other, and none of them has to end in order.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from typing import Protocol

import httpx
import structlog
from sqlalchemy import select

from console import clock, health, metrics, pacing, wholeness
from console.attachments import staging
from console.attachments.uploader import Uploader
from console.audit import Entry
from console.bots.helper import Helper
from console.bots.runner import Bot, mornings
from console.bulk_jobs import working
from console.bulk_jobs.deeds import House
from console.db import Database, Tx
from console.evidence import keeping, making, stamping
from console.inbox import assign, counts, deliver, fetcher, pulse, ticks
from console.inbox.channel import Channel
from console.inbox.fetcher import Fetcher
from console.inbox.receipts import Receipts
from console.inbox.sender import Sender
from console.inbox.templates_sync import TemplateSync
from console.live import Bell, Follower, Live
from console.notifications.telling import Teller
from console.number import asking
from console.pdf_pages import keeping as drawn_pages
from console.portfolio import importing, midnight, notices, reconcile, reminders, settling
from console.portfolio.thanks import Thanks
from console.quality import running as quality
from console.reports import follow as report_facts
from console.reports import summary
from console.retention import forgetting
from console.routing.router import Router
from console.scanning import reaching
from console.scanning.scanner import Scanner
from console.scheduling import running
from console.search.feeder import Feeder
from console.settings import Settings
from console.sign_in_letters import sending as letters
from console.targets import telling
from console.webhooks_out.sending import Teller as WebhookTeller
from integrations.payments.told import Declined, NoAnswer, Provider
from integrations.whatsapp.client import WhatsApp

log = structlog.get_logger()
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
"""Seconds before a loop that failed begins again; doubled each time it fails soon after."""
FIRST_AFTER, APART = 1.0, 0.05
"""Seconds until the first loop begins that may wait, and from each to the next: who waited for the process is served
first, and no crowd of loops opens every connection to the database at once. What the history wakes begins with that."""
AT_ONCE = frozenset({"sender", "bot", "payment notices", "sign of life"})
"""What a restart must hold up least, and what says that it is over. A new bot hears what comes after it began."""
LATER = 60.0
"""Seconds until the first of what is done by the quarter of an hour, or by the day."""
MEND_EVERY = 5.0
FEEL_EVERY = 15.0
SWEEP_EVERY = 3600.0
LOOK_THROUGH_EVERY = 24 * 3600.0
RECONCILE_EVERY = 6 * 3600.0
RECONCILE_BACK = timedelta(days=3)
"""How far back each look at the provider goes: a night without network is made good the next day."""

Loop = Callable[[asyncio.Event], Awaitable[None]]


class Woken(Protocol):
    """What the history wakes."""

    @property
    def awake(self) -> asyncio.Event:
        """Set when there is something to do."""

    async def follow(self, entries: Sequence[Entry]) -> None:
        """Set `awake` when `entries` say so (a follower of `Live`)."""


class Works(Woken, Protocol):
    """A loop that the history wakes."""

    async def run(self, stop: asyncio.Event) -> None:
        """Do it until `stop`."""


class Console(Protocol):
    """What the work needs of a process (see console.app)."""

    @property
    def settings(self) -> Settings:
        """How it is configured."""

    @property
    def db(self) -> Database:
        """Where everything is."""

    @property
    def live(self) -> Live:
        """How it hears what happened."""

    @property
    def whatsapp(self) -> WhatsApp:
        """Who it speaks to."""

    @property
    def http(self) -> httpx.AsyncClient:
        """How it speaks to others."""

    @property
    def payments(self) -> Provider | None:
        """Who makes payment links and reports payments, if anybody."""


async def run(console: Console, stop: asyncio.Event) -> None:
    """Do the background work until `stop`; returns when what is on the wire has come to an end, or had time to."""
    settings, db, whatsapp = console.settings, console.db, console.whatsapp
    channel_id = await _channel_of(console)
    if settings.redis_url is None:
        await _bury(db)
    sender = Sender(db, whatsapp, channel_id, rate=settings.send_rate)
    feeder, webhook_teller = Feeder(db), WebhookTeller(db, console.http, loopback=settings.webhooks_loopback)
    bulk, imports, packs = Bell(*working.WAKING), Bell(*importing.WAKING), Bell(*making.WAKING)
    woken: dict[str, Works] = {
        "queues": Router(db, settings.zone),
        "media": Fetcher(db, whatsapp, settings.media_dir),
        "uploads": Uploader(db, whatsapp, settings.media_dir),
        "payment receipts": Thanks(db),
        "notifications": Teller(db, console.http, settings),
        "receipts": Receipts(db, whatsapp),
        "templates": TemplateSync(db, whatsapp, channel_id),
    }
    # In the order in which they begin.
    loops: dict[str, Loop] = {
        "sender": sender.run,
        **{name: each.run for name, each in woken.items()},
        "scheduled messages": lambda until: running.run(db, settings, until),
        "search index": feeder.run,
        "outgoing webhooks": webhook_teller.run,
        "bulk jobs": lambda until: working.run(db, _house(settings), bulk.awake, until),
        "imports": lambda until: importing.run(db, settings, imports.awake, until),
        "evidence packs": lambda until: making.run(db, settings, packs.awake, until),
        "mending": _every(MEND_EVERY, lambda: _mend(db)),
        "pulse": _every(FEEL_EVERY, lambda: _feel(db, channel_id)),
        "midnight": lambda until: midnight.run(db, until),
        "settling": lambda until: settling.run(db, until),
        "reminding": lambda until: reminders.run(db, until),
        "report facts": lambda until: report_facts.run(db, settings.zone, until),
        "sealing": _after(LATER, _every(settings.seal_minutes * 60.0, lambda: keeping.seal_and_keep(db, settings))),
        "daily summary": _after(LATER, lambda until: summary.run(db, settings, until)),
        "quality samples": _after(LATER, lambda until: quality.run(db, settings.zone, until)),
        "retention": _after(LATER, lambda until: forgetting.run(db, settings.media_dir, until)),
        "sweeping": _after(LATER, _every(SWEEP_EVERY, lambda: _sweep(console))),
        "number": _after(asking.FIRST_AFTER, _every(asking.EVERY, lambda: _ask(console, channel_id))),
        "looking through": _after(LOOK_THROUGH_EVERY, _every(LOOK_THROUGH_EVERY, lambda: _look_through(db))),
    }
    if (client := reaching.client_of(settings)) is not None:
        scanner = Scanner(
            db, client, settings.media_dir, seconds=settings.scanner_seconds, alone=settings.redis_url is None
        )
        woken["malware scanner"], loops["malware scanner"] = scanner, scanner.run
    if settings.smtp_url is not None:
        loops["letters about sign-ins"] = lambda until: letters.run(db, settings, until)
    if settings.tsa_url is not None:
        loops["time stamps"] = lambda until: stamping.run(db, settings, until)
    if settings.bot:
        bot = Bot(db, settings, console.payments, _helper(console))
        woken["bot"], loops["bot"] = bot, bot.run
        loops["mornings"] = lambda until: mornings(bot, until)
    if (provider := console.payments) is not None:
        loops["payment notices"] = lambda until: notices.run(db, provider, until)
        loops["payment reconciliation"] = _after(
            RECONCILE_EVERY, _every(RECONCILE_EVERY, lambda: _reconcile(db, provider))
        )
    if url := settings.redis_url:
        loops["sign of life"] = lambda until: health.say_working(url, until)
    bells = {"bulk jobs": bulk, "imports": imports, "evidence packs": packs}
    followers: list[Follower] = [sender.follow, feeder.follow, webhook_teller.follow]
    followers += [each.follow for each in (woken | bells).values()]
    console.live.followers.extend(followers)
    try:
        await _run(loops, {name: each.awake for name, each in (woken | bells).items()}, stop)
    finally:
        for follower in followers:
            console.live.followers.remove(follower)


async def _run(loops: Mapping[str, Loop], wakes: Mapping[str, asyncio.Event], stop: asyncio.Event) -> None:
    async with asyncio.TaskGroup() as group:
        for turn, (name, loop) in enumerate(loops.items()):
            after = 0.0 if name in AT_ONCE else FIRST_AFTER + APART * turn
            begun = _begin(name, loop, stop, after=after, awake=wakes.get(name))
            group.create_task(begun, name=f"work.{name}")


async def _begin(name: str, loop: Loop, stop: asyncio.Event, *, after: float, awake: asyncio.Event | None) -> None:
    """Supervise `loop` from `after` so many seconds on, or from when it is woken."""
    if awake is None:
        await pacing.pause(stop, after)
    else:
        await pacing.news(stop, awake, within=after)
    await supervise(name, loop, stop)


def _helper(console: Console) -> Helper | None:
    settings = console.settings
    if settings.bot_model_url is None:
        return None
    return Helper(console.http, url=settings.bot_model_url, key=settings.bot_model_key, model=settings.bot_model)


def _house(settings: Settings) -> House:
    return House(settings.zone, settings.country, settings.company, settings.base_url)


async def supervise(name: str, loop: Loop, stop: asyncio.Event) -> None:
    """Run `loop` until `stop`, beginning again whenever it fails."""
    pause = FIRST_PAUSE
    while not stop.is_set():
        begun = asyncio.get_running_loop().time()
        try:
            await loop(stop)
        except Exception:
            log.exception("work.failed", loop=name, pause=pause)
        if asyncio.get_running_loop().time() - begun > LONGEST_PAUSE:
            pause = FIRST_PAUSE
        await pacing.pause(stop, pause)
        pause = min(pause * 2, LONGEST_PAUSE)


def _every(seconds: float, do: Callable[[], Awaitable[None]]) -> Loop:
    async def loop(stop: asyncio.Event) -> None:
        while not stop.is_set():
            await do()
            await pacing.pause(stop, seconds)

    return loop


def _after(seconds: float, loop: Loop) -> Loop:
    async def later(stop: asyncio.Event) -> None:
        await pacing.pause(stop, seconds)
        await loop(stop)

    return later


async def _reconcile(db: Database, provider: Provider) -> None:
    until = clock.now()
    try:
        found = await reconcile.reconcile(db, provider, since=until - RECONCILE_BACK, until=until)
    except (NoAnswer, Declined) as failure:
        log.warning("payments.not_reconciled", reason=str(failure))
        return
    log.info("payments.reconciled", seen=found.seen, gaps=found.gaps)


async def _mend(db: Database) -> None:
    """Settle what a crash or a race left between two steps; each in a transaction of its own."""
    deeds: tuple[Callable[[Tx], Awaitable[int]], ...] = (
        deliver.recover,
        lambda tx: ticks.adopt_orphans(tx, clock.now()),
        assign.wake,
        telling.tell,
    )
    for deed in deeds:
        async with db.transaction() as tx:
            await deed(tx)


async def _feel(db: Database, channel_id: int) -> None:
    async with db.reading() as tx:
        if not await pulse.has_changed(tx, channel_id, clock.now()):
            return
    async with db.transaction() as tx:
        news = await pulse.feel(tx, channel_id, clock.now())
    if news:
        log.warning("channel.pulse_changed", channel_id=channel_id)


async def _ask(console: Console, channel_id: int) -> None:
    await asking.refresh(console.db, console.whatsapp, channel_id)


async def _look_through(db: Database) -> None:
    wrong = await wholeness.damage(db)
    metrics.database_damaged.set(wrong is not None)
    if wrong is not None:
        log.critical("database.damaged", what=wrong)


async def _bury(db: Database) -> None:
    """The only process begins: what its predecessor had on the way goes out, or is shown as unconfirmed, at once."""
    found = 1
    while found:
        async with db.transaction() as tx:
            found = await deliver.recover(tx, alone=True)


async def _set_right(db: Database) -> None:
    """The counters beside the views. Looked at beside the writers: with all as it should be, nobody waits."""
    async with db.reading() as tx:
        if not await counts.wrong(tx):
            return
    async with db.transaction() as tx:
        found = await counts.mend(tx)
    log.warning("counters.mended", wrong=found)


async def _sweep(console: Console) -> None:
    await _set_right(console.db)
    async with console.db.transaction() as tx:
        await staging.forget_old(tx)
    removed, missing = await fetcher.sweep(console.db, console.settings.media_dir)
    if removed or missing:
        log.info("media.swept", removed=removed, missing=missing)
    await asyncio.to_thread(drawn_pages.sweep, console.settings.media_dir)


async def _channel_of(console: Console) -> int:
    async with console.db.reading() as tx:
        number = console.settings.whatsapp_phone_number_id
        return (await tx.scalars(select(Channel.id).where(Channel.phone_number_id == number))).one()
