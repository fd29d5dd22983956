"""One simulated number with all its parts, and what it takes to begin anew."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from random import Random

from integrations.simulator.clock import Clock
from integrations.simulator.faults import Faults, Mischief
from integrations.simulator.ids import Ids
from integrations.simulator.journal import Journal
from integrations.simulator.ledger import Ledger
from integrations.simulator.limits import PairLimit, Throughput
from integrations.simulator.live import Hub
from integrations.simulator.load import Load
from integrations.simulator.people import shown_phone
from integrations.simulator.settings import SimulatorSettings
from integrations.simulator.template_store import the_templates
from integrations.simulator.webhooks import News, Webhooks
from integrations.simulator.world import Message, Thread, World


class Simulation:
    """The parts, by name. Whoever does something takes the simulation as the first argument."""

    def __init__(self, settings: SimulatorSettings) -> None:
        self.settings = settings
        self.chance = Random(settings.seed)  # noqa: S311 - repeatable on purpose, and secret to nobody
        self.ids = Ids(self.chance)
        self.clock = Clock()
        self.mischief = Mischief(self.chance)
        self.journal = Journal()
        self.hub = Hub(self.counters)
        self.journal.changed = self.hub.line_changed
        self.webhooks = Webhooks(
            settings, clock=self.clock, mischief=self.mischief, journal=self.journal, chance=self.chance
        )
        self.base_url = settings.base_url
        self.load: Load | None = None
        self._timers: set[asyncio.TimerHandle] = set()
        self._begin()

    def _begin(self) -> None:
        self.world = World()
        self.world.templates = the_templates(self.ids, self.clock.now())
        lasts = self.settings.access_token_lasts
        self.world.token_expires_at = None if lasts is None else self.clock.now() + lasts
        self.world.profile = {"about": f"{self.settings.business_name}, atención a clientes", "vertical": "FINANCE"}
        self.ledger = Ledger()
        self.throughput = Throughput(self.settings.throughput)
        self.pairs = PairLimit()

    def reset(self) -> None:
        """Back to the start: no chats, no faults, no webhooks under way, the real time. Ids do not repeat."""
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        self.webhooks.give_up()
        self.webhooks.courier.go_on()
        self.webhooks.courier.redirect(self.settings.webhook_url)
        if self.load:
            self.load.stop()
        self.mischief.set(Faults())
        self.journal.clear()
        self.clock.reset()
        self._begin()
        self.hub.tell("resync", {})

    async def stop(self) -> None:
        """Stop everything that is under way."""
        for timer in self._timers:
            timer.cancel()
        await self.webhooks.courier.stop()

    def now(self) -> float:
        """The simulated moment, in seconds since 1970."""
        return self.clock.now()

    def later(self, seconds: float, do: Callable[[], None]) -> None:
        """Do something in so many simulated seconds, unless everything begins anew before."""

        def due() -> None:
            self._timers.discard(timer)
            do()

        timer = asyncio.get_running_loop().call_later(self.clock.real(seconds), due)
        self._timers.add(timer)

    def announce(self, news: News) -> None:
        """Tell the business something, if its app is subscribed."""
        if self.world.subscribed:
            self.webhooks.announce(news)

    def show(self, thread: Thread, message: Message) -> None:
        """Let the pages draw a message, new or changed."""
        if self.hub.viewers and self.world.threads.get(thread.persona.id) is thread:
            self.hub.tell("message", {"persona": thread.persona.id, "message": message})

    def show_persona(self, thread: Thread) -> None:
        """Let the pages draw a person's row and phone."""
        if self.hub.viewers and self.world.threads.get(thread.persona.id) is thread:
            self.hub.tell("persona", brief(thread, self.now()))

    def counters(self) -> dict[str, object]:
        """The figures above the register."""
        counted = self.journal.counters
        return {
            "webhooks": counted.webhooks,
            "attempts": counted.attempts,
            "refused": counted.refused,
            "dropped": counted.dropped,
            "calls": counted.calls,
            "accepted_sends": counted.accepted_sends,
            "pending": self.webhooks.pending,
            "p99_milliseconds": self.journal.p99,
        }


def brief(thread: Thread, at: float) -> dict[str, object]:
    """A person's row: who they are, and how their chat stands."""
    persona = thread.persona
    newest = next(reversed(thread.messages.values()), None)
    return {
        "id": persona.id,
        "name": persona.name,
        "profile_name": persona.profile_name,
        "wa_id": persona.wa_id,
        "phone": shown_phone(persona.wa_id) if persona.wa_id else None,
        "user_id": persona.user_id,
        "username": persona.username,
        "initials": persona.shown_initials,
        "country": persona.country,
        "situation": persona.situation,
        "bucket": persona.bucket,
        "online": persona.online,
        "blocks_business": persona.blocks_business,
        "on_whatsapp": persona.on_whatsapp,
        "invented": persona.invented,
        "undelivered": len(thread.with_status("accepted", "sent")),
        "unsent": sum(message.mine and message.status == "waiting" for message in thread.messages.values()),
        "unread": len(thread.with_status("delivered")),
        "window_open": thread.window_is_open(at),
        "last_text": newest.text if newest and not newest.deleted else None,
        "last_at": newest.at if newest else None,
        "last_kind": newest.kind if newest else None,
    }
