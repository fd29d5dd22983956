"""Webhooks under way: sent concurrently, repeated with growing pauses until the console answers 200."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine

import msgspec

from integrations.simulator.journal import Journal, Line
from integrations.simulator.poster import Answer, Poster
from integrations.simulator.settings import SimulatorSettings


class Delivery(msgspec.Struct, kw_only=True, eq=False):
    """One webhook on its way, with all its attempts."""

    line: Line
    attempts_left: int | None = None
    """None: until it is answered with 200."""
    arrived: Callable[[], None] | None = None
    """Called once, at the 200."""
    expects_refusal: bool = False
    note: str = ""
    """What the register says beside the 200."""
    since: float = msgspec.field(default_factory=time.monotonic)
    round: int = 0


class Courier:
    """Carries deliveries to the console. What has not arrived when it stops is lost, as everything here is."""

    def __init__(self, settings: SimulatorSettings, journal: Journal) -> None:
        self._settings = settings
        self._journal = journal
        self._ready: asyncio.Queue[Delivery] = asyncio.Queue()
        self._running = asyncio.Event()
        self._running.set()
        self._timers: set[asyncio.TimerHandle] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._round = 0
        self.pending = 0
        self.url = settings.webhook_url
        self._poster = Poster(self.url, timeout=settings.webhook_timeout)

    def start(self) -> None:
        """Begin to send, over as many connections as the settings say."""
        for _ in range(self._settings.webhook_connections):
            self.begin(self._send_forever())

    async def stop(self) -> None:
        """Stop sending and close the connections."""
        self.give_up()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._poster.close()

    def redirect(self, url: str) -> None:
        """Send to this address from now on."""
        self._poster.close()
        self.url = url
        self._poster = Poster(url, timeout=self._settings.webhook_timeout)

    def take(self, delivery: Delivery, *, after: float = 0) -> None:
        """Send now, or `after` so many seconds; the delivery counts as pending from now."""
        delivery.round = self._round
        self.pending += 1
        if after:
            self.later(after, lambda: self._ready.put_nowait(delivery))
        else:
            self._ready.put_nowait(delivery)

    def give_up(self) -> int:
        """Forget everything that has not arrived, and say how many that were."""
        given_up, self.pending = self.pending, 0
        self._round += 1
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        while not self._ready.empty():
            self._ready.get_nowait()
        return given_up

    @property
    def paused(self) -> bool:
        """Whether everything is kept back."""
        return not self._running.is_set()

    def pause(self) -> None:
        """Keep everything back until `go_on`."""
        self._running.clear()

    def go_on(self) -> None:
        """Send again."""
        self._running.set()

    def later(self, seconds: float, do: Callable[[], None]) -> None:
        """Do something in so many (real) seconds, unless everything is given up before."""

        def due() -> None:
            self._timers.discard(timer)
            do()

        timer = asyncio.get_running_loop().call_later(seconds, due)
        self._timers.add(timer)

    def begin(self, work: Coroutine[None, None, None]) -> None:
        """Work in the background until `stop`."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _send_forever(self) -> None:
        while True:
            delivery = await self._ready.get()
            await self._running.wait()
            if delivery.round == self._round:
                await self._attempt(delivery)

    async def _attempt(self, delivery: Delivery) -> None:
        line = delivery.line
        line.attempt += 1
        self._journal.counters.attempts += 1
        headers = {"X-Hub-Signature-256": line.signature} if line.signature else {}
        started = time.perf_counter()
        try:
            answer = await self._poster.post(line.body, headers)
        except TimeoutError:
            self._journal.unanswered(line, "sin respuesta")
        except OSError:
            self._journal.unanswered(line, "sin conexión")
        else:
            line.milliseconds = (time.perf_counter() - started) * 1000
            self._journal.timed(line.milliseconds)
            self._judge(delivery, answer)
        if delivery.round != self._round:
            return
        if line.status == 200:
            self.pending -= 1
            if delivery.arrived:
                delivery.arrived()
        else:
            self._retry(delivery)

    def _judge(self, delivery: Delivery, answer: Answer) -> None:
        line = delivery.line
        line.status, line.answer = answer.status, answer.body[:4096]
        if answer.status == 200:
            self._journal.counters.webhooks += 1
            line.tone, line.note = (
                ("bad", "aceptó una firma falsa") if delivery.expects_refusal else ("good", delivery.note)
            )
        else:
            self._journal.counters.refused += 1
            line.tone, line.note = "bad", "se repetirá"
            if delivery.expects_refusal and answer.status in {401, 403}:
                line.tone, line.note, line.icon = "good", "rechazado", "shield"
        self._journal.tell(line)

    def _retry(self, delivery: Delivery) -> None:
        line = delivery.line
        if delivery.attempts_left is not None:
            delivery.attempts_left -= 1
        too_old = time.monotonic() - delivery.since > self._settings.retry_for
        if delivery.attempts_left == 0 or too_old:
            self.pending -= 1
            if line.note == "se repetirá":
                line.note = "no se repite"
                self._journal.tell(line)
            return
        pauses = self._settings.retry_after
        self.later(pauses[min(line.attempt, len(pauses)) - 1], lambda: self._ready.put_nowait(delivery))
