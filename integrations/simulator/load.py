"""An open-loop load: signed webhooks at a set rate, whether or not the console keeps up."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import Counter, deque
from collections.abc import Iterator
from random import Random
from typing import Annotated, Literal

import msgspec

from integrations.simulator.ids import Ids
from integrations.simulator.payloads import (
    Json,
    contact,
    envelope,
    message,
    messages_value,
    pricing,
    statuses_value,
    written,
)
from integrations.simulator.people import Persona
from integrations.simulator.poster import Poster
from integrations.simulator.settings import SimulatorSettings
from integrations.whatsapp.signature import sign

TICK = 0.005
LATENCIES_KEPT = 200_000


class Plan(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """What to fire."""

    rate: Annotated[float, msgspec.Meta(gt=0, le=50_000)] = 100
    """Webhooks a second."""
    seconds: Annotated[float, msgspec.Meta(gt=0, le=3600)] = 10
    kind: Literal["messages", "statuses", "mix"] = "messages"
    """`mix`: one message to three statuses, as Meta sizes an endpoint."""
    people: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 2000
    """Among so many people the messages are spread."""
    connections: Annotated[int, msgspec.Meta(ge=1, le=1024)] = 64
    first_number: str = "51900000000"


class Progress(msgspec.Struct, kw_only=True):
    """How a run stands. Times are milliseconds from the intended moment of sending to the answer."""

    running: bool = False
    offered: int = 0
    answered: int = 0
    statuses: dict[str, int] = {}
    """How many answers of each HTTP status; `error` for those that did not come."""
    waiting: int = 0
    p50: float | None = None
    p99: float | None = None
    slowest: float | None = None
    seconds: float = 0.0


class Load:
    """One run. `sent` holds the ids of the messages offered, for whoever wants to look for them."""

    def __init__(
        self, settings: SimulatorSettings, plan: Plan, *, url: str | None = None, seed: int | None = None
    ) -> None:
        self.plan = plan
        self.sent: list[str] = []
        self.acknowledged: list[str] = []
        self._settings = settings
        self._ids = Ids(Random(seed))  # noqa: S311 - ids, not secrets
        self._poster = Poster(url or settings.webhook_url, timeout=settings.webhook_timeout)
        self._waiting: deque[tuple[float, str | None, bytes]] = deque()
        self._idle = plan.connections
        self._answers: Counter[str] = Counter()
        self._times: deque[float] = deque(maxlen=LATENCIES_KEPT)
        self._began_at = self._ended_at = 0.0
        self._offered = 0
        self._stopped = False
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> Progress:
        """Fire the plan and wait for the last answer."""
        bodies = self._bodies()
        self._began_at = time.perf_counter()
        total = int(self.plan.rate * self.plan.seconds)
        while self._offered < total and not self._stopped:
            due = min(total, int((time.perf_counter() - self._began_at) * self.plan.rate) + 1)
            while self._offered < due:
                wamid, body = next(bodies)
                self._offer(self._began_at + self._offered / self.plan.rate, wamid, body)
                self._offered += 1
            await asyncio.sleep(TICK)
        await asyncio.gather(*self._tasks)
        self._ended_at = time.perf_counter()
        self._poster.close()
        return self.progress()

    def stop(self) -> None:
        """Offer nothing more."""
        self._stopped = True

    def progress(self) -> Progress:
        """Where the run stands now."""
        ranked = sorted(self._times)
        now = self._ended_at or time.perf_counter()
        return Progress(
            running=not self._ended_at,
            offered=self._offered,
            answered=sum(self._answers.values()),
            statuses=dict(self._answers),
            waiting=len(self._waiting) + len(self._tasks),
            p50=_share(ranked, 0.50),
            p99=_share(ranked, 0.99),
            slowest=ranked[-1] if ranked else None,
            seconds=now - self._began_at if self._began_at else 0.0,
        )

    def _offer(self, intended: float, wamid: str | None, body: bytes) -> None:
        self._waiting.append((intended, wamid, body))
        if self._idle:
            self._idle -= 1
            task = asyncio.get_running_loop().create_task(self._drain())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _drain(self) -> None:
        while self._waiting:
            intended, wamid, body = self._waiting.popleft()
            signed = {"X-Hub-Signature-256": sign(body, self._settings.app_secret)} if self._settings.app_secret else {}
            try:
                answer = await self._poster.post(body, signed)
            except (OSError, TimeoutError):
                self._answers["error"] += 1
            else:
                self._answers[str(answer.status)] += 1
                self._times.append((time.perf_counter() - intended) * 1000)
                if wamid and answer.status == 200:
                    self.acknowledged.append(wamid)
        self._idle += 1

    def _bodies(self) -> Iterator[tuple[str | None, bytes]]:
        kinds = {"messages": [True], "statuses": [False], "mix": [True, False, False, False]}[self.plan.kind]
        for turn, is_message in enumerate(itertools.cycle(kinds)):
            yield self._message(turn) if is_message else (None, self._status(turn))

    def _person(self, turn: int) -> Persona:
        number = str(int(self.plan.first_number) + turn % self.plan.people)
        return Persona(
            id=number, name=f"Carga {number}", country="PE", situation="", wa_id=number, user_id=f"PE.9{number}"
        )

    def _message(self, turn: int) -> tuple[str, bytes]:
        person = self._person(turn)
        wamid = self._ids.wamid(person.wa_id or "", inbound=True)
        self.sent.append(wamid)
        content = {"text": {"body": f"Mensaje de carga número {turn}: ¿me confirma el año de la cuota?"}}
        element = message(person, wamid, time.time(), "text", content)
        return wamid, written(
            envelope(self._settings, "messages", [messages_value(self._settings, [person], [element])])
        )

    def _status(self, turn: int) -> bytes:
        person = self._person(turn)
        status: Json = {
            "id": self._ids.wamid(person.wa_id or "", inbound=False),
            "status": ("sent", "delivered", "read")[turn % 3],
            "timestamp": str(int(time.time())),
            "recipient_id": person.wa_id,
            "recipient_user_id": person.user_id,
            "pricing": pricing("service"),
        }
        value = statuses_value(self._settings, [contact(person)], [status])
        return written(envelope(self._settings, "messages", [value]))


def _share(ranked: list[float], share: float) -> float | None:
    return ranked[min(len(ranked) - 1, int(len(ranked) * share))] if ranked else None
