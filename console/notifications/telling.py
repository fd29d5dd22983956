"""Telling closed browsers: the loop that reads the history on, and pushes to whoever wants to know."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence

import httpx
import msgspec
import structlog
from sqlalchemy import func, select, update

from console import audit, clock, pacing
from console.agents import Agent, SignInSession
from console.audit import Entry
from console.db import Database, Tx
from console.languages.catalogues import said
from console.languages.readers import SPANISH, TAGS
from console.notifications import finding, keeping
from console.notifications.choosing import SECURITY, WORDS, wants
from console.notifications.finding import Notice
from console.notifications.models import NotificationChoice, NotificationPlace, PushSubscription
from console.sessions import open_now
from console.settings import Settings
from integrations import web_push
from integrations.web_push import Key, Outcome, Subscription

log = structlog.get_logger()
POLL_SECONDS = 5.0
BATCH = 1000
MOST_BEHIND = 5 * BATCH
"""Of more than this nobody is told: after a standstill, or before the first browser subscribed."""
BREATH_SECONDS = 0.3
"""Under load the history is read in larger pieces rather than more often."""
AT_ONCE = 20
PAGES = {"sign_in": "/settings/sessions", "attempts": "/settings/sign-in", "disowned": "/settings/sign-in"}
"""Where one looks at what is about no conversation."""
LIVES_SECONDS = 3600
"""How long a push service keeps it for a browser that is away."""


class _Letter(msgspec.Struct, frozen=True):
    """What one browser is told."""

    subscription_id: int
    to: Subscription
    kind: str
    conversation_id: int | None
    language: str


def key_of(settings: Settings) -> Key:
    """Who we are to push services."""
    subject = settings.base_url if settings.base_url.startswith("https://") else "mailto:avisos@aldia.example"
    return Key(settings.secret_key, subject=subject)


class Teller:
    """The loop. Several processes may run it: whoever moves the place in the history on is the one who tells."""

    def __init__(self, db: Database, http: httpx.AsyncClient, settings: Settings) -> None:
        self._db = db
        self._http = http
        self._zone = settings.zone
        self._key = key_of(settings)
        self.awake = asyncio.Event()

    async def follow(self, entries: Sequence[Entry]) -> None:
        """Look when something happened that may be told (a follower of `Live`)."""
        if finding.interesting(entries, clock.now()):
            self.awake.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Tell until `stop`."""
        while not stop.is_set():
            while await self.turn():
                pass
            await pacing.news(stop, self.awake, within=POLL_SECONDS)
            self.awake.clear()
            await pacing.pause(stop, BREATH_SECONDS)

    async def turn(self) -> bool:
        """Read a batch of the history and tell of it; whether more is waiting.

        The place moves before anybody is told: a crash in between loses a ring, and never rings twice.
        """
        async with self._db.reading() as tx:
            place = await tx.scalar(select(NotificationPlace.entry_id).where(NotificationPlace.id == 1))
            anybody = await tx.scalar(select(PushSubscription.id).limit(1))
            head = await audit.head_of(tx)
            # Without a browser to tell, nothing is read and nothing written.
            if place is None or place >= head or not anybody:
                return False
            entries = await audit.entries_after(tx, max(place, head - MOST_BEHIND), limit=BATCH)
        last = entries[-1].id if entries else head
        async with self._db.transaction() as tx:
            move = update(NotificationPlace).where(NotificationPlace.id == 1, NotificationPlace.entry_id == place)
            moved = await tx.scalar(move.values(entry_id=last).returning(NotificationPlace.id))
        if moved is None:
            return True
        fresh = finding.interesting(entries, clock.now())
        if fresh:
            async with self._db.reading() as tx:
                letters = await self._letters(tx, await finding.notices(tx, fresh))
            await self._send(letters)
        return last < head

    async def _letters(self, tx: Tx, notices: Sequence[Notice]) -> list[_Letter]:
        """One for each browser, thing and conversation, as its agent wants it; only while its session holds."""
        agents = {notice.agent_id for notice in notices}
        wanted = (
            select(
                PushSubscription,
                NotificationChoice,
                func.coalesce(Agent.language, SignInSession.language, SPANISH),
            )
            .join(SignInSession, SignInSession.id == PushSubscription.session_id)
            .join(Agent, Agent.id == PushSubscription.agent_id)
            .outerjoin(NotificationChoice, NotificationChoice.agent_id == PushSubscription.agent_id)
            .where(PushSubscription.agent_id.in_(agents), *await open_now(tx), Agent.disabled_at.is_(None))
        )
        browsers: defaultdict[int, list[tuple[PushSubscription, NotificationChoice | None, str]]] = defaultdict(list)
        for subscription, choice, language in await tx.execute(wanted):
            browsers[subscription.agent_id].append((subscription, choice, language))
        return [
            _Letter(
                row.id, Subscription(row.endpoint, row.p256dh, row.auth), notice.kind, notice.conversation_id, language
            )
            for notice in notices
            for row, choice, language in browsers[notice.agent_id]
            if wants(keeping.as_choice(choice), notice.kind, clock.now(), self._zone)
        ]

    async def _send(self, letters: Sequence[_Letter]) -> None:
        outcomes: defaultdict[Outcome, set[int]] = defaultdict(set)
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(letter: _Letter) -> None:
            async with gate:
                outcome = await tell(
                    self._http, self._key, letter.to, letter.kind, letter.conversation_id, language=letter.language
                )
            outcomes[outcome].add(letter.subscription_id)

        await asyncio.gather(*(one(letter) for letter in letters))
        async with self._db.transaction() as tx:
            await keeping.note_outcomes(tx, told=outcomes["sent"], gone=outcomes["gone"], refused=outcomes["refused"])
        log.info("push.told", **{outcome: len(ids) for outcome, ids in outcomes.items()})


async def tell(
    http: httpx.AsyncClient,
    key: Key,
    to: Subscription,
    kind: str,
    conversation_id: int | None,
    *,
    language: str = SPANISH,
) -> Outcome:
    """Push one notice: our words and an address of ours, and nothing of anybody's."""
    message = {
        "title": "Al Día",
        "body": said({**WORDS, **SECURITY}[kind], language),
        "lang": TAGS[language],
        "url": f"/inbox/{conversation_id}" if conversation_id else PAGES.get(kind, "/inbox"),
        "tag": f"{kind}-{conversation_id or 0}",
    }
    topic = f"{kind}-{conversation_id or 0}"
    return await web_push.push(http, key, to, msgspec.json.encode(message), ttl=LIVES_SECONDS, topic=topic)
