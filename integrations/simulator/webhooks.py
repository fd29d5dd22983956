"""What the business is told, and how it is spoilt on the way when the simulator is to misbehave."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable
from random import Random
from urllib.parse import urlencode

import msgspec

from integrations.simulator.clock import Clock
from integrations.simulator.courier import Courier, Delivery
from integrations.simulator.faults import Mischief
from integrations.simulator.garbage import forged, unreadable
from integrations.simulator.journal import Journal, Line
from integrations.simulator.payloads import Json, written
from integrations.simulator.poster import Poster
from integrations.simulator.settings import SimulatorSettings
from integrations.whatsapp.signature import sign

REORDER_WAIT = 2.0
GARBAGE_ATTEMPTS = 3


class News(msgspec.Struct, kw_only=True, eq=False):
    """Something the business is to be told."""

    body: Json
    what: str
    """For the register, in Spanish."""
    persona: str | None = None
    is_status: bool = False
    """Statuses, and nothing else, are in it."""
    arrived: Callable[[], None] | None = None
    """Called once, when the console has answered 200."""


class Webhooks:
    """Signs news, lets the faults have their way with it, and hands it to the courier."""

    def __init__(
        self, settings: SimulatorSettings, *, clock: Clock, mischief: Mischief, journal: Journal, chance: Random
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._mischief = mischief
        self._journal = journal
        self._chance = chance
        self._held: list[Delivery] = []
        self.courier = Courier(settings, journal)
        self.verified: bool | None = None

    def start(self) -> None:
        """Begin to send; with `verify_on_start`, do the handshake too."""
        self.courier.start()
        if self._settings.verify_on_start:
            self.courier.begin(self._verify_until_answered())

    def announce(self, news: News) -> None:
        """Send news, as often, as late and as faithfully as the faults say."""
        body = written(news.body)
        if self._mischief.percent("drop_percent") or (
            news.is_status and self._mischief.percent("drop_statuses_percent")
        ):
            self._lose(news, body)
            return
        for copy in range(max(1, self._mischief.faults.duplicate)):
            delivery = self._delivery(body, what=news.what, persona=news.persona, note="repetido" if copy else "")
            delivery.arrived = None if copy else news.arrived
            self._release(delivery)
        if self._mischief.nth("garbage_one_in"):
            spoilt = self._delivery(unreadable(body, self._chance), what="basura bien firmada")
            spoilt.attempts_left, spoilt.note = GARBAGE_ATTEMPTS, "ilegible a propósito"
            self._release(spoilt)
        if self._mischief.nth("wrong_signature_one_in"):
            self.forge(news.body)

    def forge(self, body: Json) -> Line:
        """Send what a stranger might: another text and other ids, under a signature made with another secret."""
        false = written(forged(body))
        delivery = self._delivery(
            false, what="firma alterada a propósito", signature=sign(false, "not the secret of this app")
        )
        delivery.attempts_left, delivery.expects_refusal = 1, True
        self.courier.take(delivery)
        return delivery.line

    def send_bytes(self, body: bytes, *, what: str, signature: str | None = None, attempts: int = 1) -> Line:
        """Send any bytes as they are, well signed unless a signature is given ("" for none)."""
        delivery = self._delivery(body, what=what, signature=signature)
        delivery.attempts_left = attempts
        self.courier.take(delivery)
        return delivery.line

    def resend(self, line: Line) -> Line:
        """Send the very bytes of an earlier webhook once more."""
        delivery = self._delivery(
            line.body, what=line.what, persona=line.persona, signature=line.signature or "", note="reenviado"
        )
        delivery.attempts_left = 1
        self.courier.take(delivery)
        return delivery.line

    def give_up(self) -> int:
        """Forget everything that has not arrived, and say how many that were."""
        held = len(self._held)
        self._held.clear()
        return held + self.courier.give_up()

    @property
    def pending(self) -> int:
        """How many webhooks have not arrived."""
        return self.courier.pending + len(self._held)

    async def verify(self, url: str, token: str) -> bool:
        """Do Meta's handshake with an address, which must echo the challenge."""
        return await self._shake_hands(url, token, self._handshake(url))

    def _handshake(self, url: str) -> Line:
        line = Line(way="webhook", at=self._clock.now(), what="GET verificación, hub.challenge", method="GET")
        line.address = url
        return self._journal.open(line)

    async def _shake_hands(self, url: str, token: str, line: Line) -> bool:
        challenge = str(secrets.randbelow(10**10))
        line.attempt += 1
        poster = Poster(url, timeout=self._settings.webhook_timeout)
        started = time.perf_counter()
        try:
            answer = await poster.get(
                urlencode({"hub.mode": "subscribe", "hub.challenge": challenge, "hub.verify_token": token})
            )
        except TimeoutError:
            self._journal.unanswered(line, "sin respuesta")
            return False
        except OSError:
            self._journal.unanswered(line, "sin conexión")
            return False
        finally:
            poster.close()
        echoed = answer.status == 200 and answer.body == challenge.encode()
        line.status, line.milliseconds = answer.status, (time.perf_counter() - started) * 1000
        line.tone, line.note = ("good", "") if echoed else ("bad", "no devolvió el desafío")
        self._journal.tell(line)
        return echoed

    def _delivery(
        self, body: bytes, *, what: str, persona: str | None = None, signature: str | None = None, note: str = ""
    ) -> Delivery:
        if signature is None and self._settings.app_secret:
            signature = sign(body, self._settings.app_secret)
        line = Line(
            way="webhook",
            at=self._clock.now(),
            what=f"{what}, {note}" if note else what,
            persona=persona,
            address=self.courier.url,
            signature=signature or None,
            body=body,
            icon="copy" if note else "",
        )
        return Delivery(line=self._journal.open(line), note=note)

    def _lose(self, news: News, body: bytes) -> None:
        self._journal.counters.dropped += 1
        line = Line(way="webhook", at=self._clock.now(), what=news.what, persona=news.persona, body=body)
        line.tone, line.note, line.icon, line.address = "warn", "perdido a propósito", "ban", self.courier.url
        self._journal.open(line)

    def _release(self, delivery: Delivery) -> None:
        window = self._mischief.faults.reorder
        if window < 2 and not self._held:
            delivery.line.delayed = self._mischief.faults.delay_seconds
            self.courier.take(delivery, after=delivery.line.delayed)
            return
        self._held.append(delivery)
        if len(self._held) >= window:
            self._let_go()
        elif len(self._held) == 1:
            self.courier.later(REORDER_WAIT, self._let_go)

    def _let_go(self) -> None:
        held, self._held = self._held, []
        delay = self._mischief.faults.delay_seconds
        for place, delivery in enumerate(self._mischief.shuffled(held)):
            # A few milliseconds apart: sent at once over several connections, they would order themselves anew.
            delivery.line.delayed = delay
            self.courier.take(delivery, after=delay + place * 0.005)

    async def _verify_until_answered(self) -> None:
        pauses = self._settings.retry_after
        line = self._handshake(self.courier.url)
        while not await self._shake_hands(line.address, self._settings.verify_token, line):
            self.verified = False
            await asyncio.sleep(pauses[min(line.attempt, len(pauses)) - 1])
        self.verified = True
