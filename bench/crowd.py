"""The generator, a process of its own: debtors who write at their own pace whatever the server does, agents who watch.

Orders come as JSON lines on standard input, answers go out as JSON lines. Latencies count from the intended time.
"""

from __future__ import annotations

import asyncio
import gc
import random
import sys
import time
from array import array
from collections import Counter
from pathlib import Path

import msgspec
import uvloop

from bench import scene as scenes
from bench.bodies import MARK, Writer
from bench.orders import Leave, Open, Run, orders
from bench.posting import Poster
from bench.report import Latency, Result, Window, latency
from bench.scene import Scene
from bench.watching import Watcher, sit_down

# A page says this often that it is there (console/static/live.js); who says nothing for long is hung up on.
PING_SECONDS = 20.0
# Requests made before the first is sent; longer runs make the others on the way.
PREPARED = 60_000
RETRY_SECONDS = 1.0


class Crowd:
    """Everybody who takes part, on our side of the wire."""

    def __init__(self, scene: Scene, first: int, connections: int) -> None:
        self._scene = scene
        self._poster = Poster(scene.host, scene.ports, connections, self._answered)
        self._watchers: list[Watcher] = []
        self._next_message = first
        self._next_status = 0
        self._order = list(range(len(scene.debtors)))
        random.Random(7).shuffle(self._order)
        self._run: Running | None = None
        self._pinging: asyncio.Task[None] | None = None
        self.frames = self.bytes = self.reloads = 0

    async def open(self, wanted: Open) -> int:
        """Seat the agents, a few at a time."""
        seats = self._scene.seats[: wanted.seats] * wanted.copies
        for at in range(0, len(seats), 20):
            coming = [
                sit_down(self._scene, seat, at + n, wanted.head, self._look, deaf=wanted.deaf)
                for n, seat in enumerate(seats[at : at + 20])
            ]
            self._watchers += await asyncio.gather(*coming)
        self._pinging = self._pinging or asyncio.create_task(self._ping())
        return len(self._watchers)

    async def _ping(self) -> None:
        while True:
            await asyncio.sleep(PING_SECONDS)
            for watcher in list(self._watchers):
                watcher.ping()
                await asyncio.sleep(0.001)

    def leave(self) -> None:
        """Close every page."""
        for watcher in self._watchers:
            watcher.leave()
        self._watchers.clear()

    async def run(self, plan: Run) -> Result:
        """Deliver and watch as planned."""
        await self._poster.warm(8 if not self._run else 0)
        self.frames = self.bytes = self.reloads = 0
        order = [n for n in self._order if not plan.debtors or n < plan.debtors]
        if plan.only_open:
            shown = {seat.open for seat in self._scene.seats}
            order = [n for n in order if self._scene.debtors[n].conversation_id in shown]
        running = self._run = Running(
            self._scene, plan, order, first=self._next_message, first_status=self._next_status
        )
        gc.collect()
        gc.freeze()
        gc.disable()
        try:
            await running.deliver(self._poster)
            await running.settle(plan.patience)
        finally:
            gc.enable()
        self._next_message += len(running.debtor_of)
        self._next_status += running.statuses
        result = running.result()
        result.frames, result.frame_bytes, result.reloads = self.frames, self.bytes, self.reloads
        result.sockets_closed = sum(watcher.closed for watcher in self._watchers)
        return result

    def _answered(self, ticket: int, status: int) -> None:
        if self._run is not None:
            self._run.answered(ticket, status, self._poster)

    def _look(self, watcher: Watcher, payload: bytes) -> None:
        self.frames += 1
        self.bytes += len(payload)
        if b'"reload"' in payload[:200]:
            self.reloads += 1
        if self._run is not None and watcher.seat.place >= 0:
            self._run.seen(watcher, payload)


class Running:
    """One run: what was intended when, answered when, and seen when."""

    def __init__(self, scene: Scene, plan: Run, order: list[int], *, first: int, first_status: int) -> None:
        self._scene = scene
        self._writer = Writer(scene)
        self._window = plan.window
        self._first = first
        self._first_status = first_status
        self._step = 1 + plan.statuses
        self._due = array("d")
        at = 0.0
        for rate, seconds in plan.phases:
            count = int(rate * seconds)
            self._due.extend(at + n / rate for n in range(count))
            at += seconds
        total = len(self._due)
        self.seconds = at
        messages = (total + self._step - 1) // self._step
        self.statuses = total - messages
        start = first % len(order)
        self.debtor_of = array("l", (order[(start + n) % len(order)] for n in range(messages)))
        self._team_of = [scene.debtors[debtor].team for debtor in self.debtor_of]
        self._places = scene.places
        self._acked_at = array("d", bytes(8 * total))
        self._seen_at = array("d", bytes(8 * messages * scene.places))
        self._unacked = total
        self._unseen = messages * scene.places
        self._answers: Counter[int] = Counter()
        self._requests: dict[int, bytes] = {}
        self._lag = 0.0
        self._start = 0.0

    def _request(self, ticket: int) -> bytes:
        number, status = divmod(ticket, self._step)
        if status:
            return self._writer.status(self._first_status + number * (self._step - 1) + status - 1)
        return self._writer.message(self._first + number, self._scene.debtors[self.debtor_of[number]])

    async def deliver(self, poster: Poster) -> None:
        """Send everything at its time. Being late ourselves is measured, and told."""
        prepared = {ticket: self._request(ticket) for ticket in range(min(len(self._due), PREPARED))}
        self._start = time.perf_counter() + 0.05
        ticket, total, due = 0, len(self._due), self._due
        while ticket < total:
            now = time.perf_counter() - self._start
            while ticket < total and due[ticket] <= now:
                request = self._requests[ticket] = prepared.pop(ticket, b"") or self._request(ticket)
                poster.post(ticket, request)
                ticket += 1
                self._lag = max(self._lag, now - due[ticket - 1])
                if not ticket % 64:
                    now = time.perf_counter() - self._start
            await asyncio.sleep(0.001 if ticket < total and due[ticket] - now < 0.002 else 0.002)

    def answered(self, ticket: int, status: int, poster: Poster) -> None:
        """Note a 200; whatever else it was, Meta would come again."""
        self._answers[status] += 1
        if status == 200:
            if not self._acked_at[ticket]:
                self._acked_at[ticket] = time.perf_counter() - self._start
                self._unacked -= 1
            self._requests.pop(ticket, None)
        elif (request := self._requests.get(ticket)) is not None:
            asyncio.get_running_loop().call_later(RETRY_SECONDS, poster.post, ticket, request)

    def seen(self, watcher: Watcher, payload: bytes) -> None:
        """Look for messages' own numbers in what a page was sent."""
        now = time.perf_counter() - self._start
        team, place, places = watcher.seat.team, watcher.seat.place, self._places
        for mark in MARK.findall(payload):
            number = int(mark) - self._first
            if 0 <= number < len(self._team_of) and self._team_of[number] == team:
                slot = number * places + place
                if not self._seen_at[slot]:
                    self._seen_at[slot] = now
                    self._unseen -= 1

    async def settle(self, patience: float) -> None:
        """Wait for what is still missing, not for ever."""
        end = time.perf_counter() + patience
        while time.perf_counter() < end and (self._unacked or (self._unseen and self._lost()[0])):  # noqa: ASYNC110
            await asyncio.sleep(0.02 if self._unacked else 0.1)
        self._drained = time.perf_counter() - self._start - self.seconds

    def _lost(self) -> tuple[int, int]:
        """Messages that no watcher's page shows: lost, and those whose line shows a newer one of the same debtor.

        The latter get the time of that newer line.
        """
        newer: dict[tuple[int, int], float] = {}
        lost = overtaken = 0
        for number in range(len(self.debtor_of) - 1, -1, -1):
            for place in range(self._places):
                slot = number * self._places + place
                key = (self.debtor_of[number], place)
                if self._seen_at[slot]:
                    newer[key] = self._seen_at[slot]
                elif key in newer:
                    overtaken += 1
                else:
                    lost += 1
        return lost, overtaken

    def result(self) -> Result:
        """What came of it, latencies in milliseconds from the intended time."""
        lost, overtaken = self._lost()
        places = self._places
        acks = [(due, at - due) for due, at in zip(self._due, self._acked_at, strict=True) if at]
        screens = [
            (self._due[slot // places * self._step], at - self._due[slot // places * self._step])
            for slot, at in enumerate(self._seen_at)
            if at
        ]
        return Result(
            deliveries=len(self._due),
            messages=len(self.debtor_of),
            seconds=self.seconds,
            first=self._first,
            answers={str(status): count for status, count in sorted(self._answers.items())},
            unacked=self._unacked,
            ack=latency([late for _due, late in acks]),
            screen=latency([late for _due, late in screens]),
            expected=len(self._seen_at),
            seen=len(screens),
            overtaken=overtaken,
            lost=lost,
            drained=self._drained,
            lag_ms=self._lag * 1000,
            windows=self._windows(acks, screens),
        )

    def _windows(self, acks: list[tuple[float, float]], screens: list[tuple[float, float]]) -> list[Window]:
        if not self._window:
            return []
        piles: dict[int, tuple[list[float], list[float]]] = {}
        for which, pairs in enumerate((acks, screens)):
            for due, late in pairs:
                piles.setdefault(int(due / self._window), ([], []))[which].append(late)
        empty = Latency()
        return [
            Window(number * self._window, latency(a) if a else empty, latency(s) if s else empty)
            for number, (a, s) in sorted(piles.items())
        ]


async def main(path: Path, first: int, connections: int) -> None:
    """Obey until standard input ends."""
    crowd = Crowd(scenes.load(path), first, connections)
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.buffer.readline):
        answer: object
        match orders.decode(line):
            case Open() as wanted:
                answer = await crowd.open(wanted)
            case Leave():
                crowd.leave()
                answer = None
            case Run() as plan:
                answer = await crowd.run(plan)
        sys.stdout.buffer.write(msgspec.json.encode(answer) + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    uvloop.run(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
