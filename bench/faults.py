"""`python -m bench.faults`: how hard. kill -9 under load, and afterwards every message accounted for.

Real processes on real servers: the console, WhatsApp's simulator, deliveries that come again as Meta's do, and a
program that answers. A process is killed every few seconds. Exits 1 when anything is lost or doubled.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
from sqlalchemy import select

from console import audit, clock, schema
from console.agents import ApiToken
from console.db import Database
from console.inbox.models import Message
from console.sessions import hash_of
from integrations.whatsapp.signature import sign
from tests import servers
from tests.conftest import SECRET_KEY
from tests.faults.product import APP_SECRET, Product, answers, free_port
from tests.inbox import meta
from tests.servers import Server

TOKEN = "aldia_a-token-of-the-bench"
DEBTORS = 200
DELIVERERS = 8
AGAIN_AFTER = (0.1, 2.0)
"""Meta comes again after a while that grows; here, in seconds, so that a run shows it."""
DRAIN_SECONDS = 60.0
# Durable as in production: the tests' own server is not.
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}


# A server ends with the thread that started it, so this one stays to the end of the run.
_operator = ThreadPoolExecutor(1, thread_name_prefix="operator")


class House:
    """The processes of one product, any of which may be killed at any moment."""

    def __init__(self, product: Product, *, webs: int, workers: int) -> None:
        self.product = product
        self.ports = [product.port, *(free_port() for _ in range(webs - 1))]
        self.processes = [self._serving(port) for port in self.ports] + [self._working() for _ in range(workers)]
        self.kills = 0
        self.away: list[float] = []

    def start(self) -> None:
        for process in self.processes:
            process.start()

    def stop(self) -> None:
        for process in self.processes:
            process.stop()

    def strike(self, number: int) -> None:
        """End one of them with kill -9, and start it again at once, as systemd would."""
        process = self.processes[number % len(self.processes)]
        began = time.monotonic()
        process.kill()
        process.start()
        self.kills += 1
        self.away.append(time.monotonic() - began)

    def _serving(self, port: int) -> Server:
        address = f"http://127.0.0.1:{port}"
        return self._process("serve", "--port", str(port), ready=f"{address}/health", url=address)

    def _working(self) -> Server:
        # What it does shows in the messages that leave; the web processes say whether one is there.
        return self._process("work", ready=None, url="")

    def _process(self, *command: str, ready: str | None, url: str) -> Server:
        program = Path(sys.executable).parent / "aldia"
        product = self.product
        return Server(
            url,
            [program, *command],
            ready=(lambda: answers(ready)) if ready else (lambda: True),
            log=product.folder / f"{command[0]}.log",
            cwd=product.folder,
            env=product.environment,
        )


class Load:
    """Deliveries and answers, each tried until it is answered, over any number of deaths."""

    def __init__(self, house: House, rate: float) -> None:
        self.house = house
        self.rate = rate
        self.acknowledged: list[str] = []
        self.answered: list[str] = []
        self.tries: Counter[str] = Counter()
        self.again = 0
        self.conversations: list[str] = []
        self.until = 0.0
        self._ports = itertools.cycle(house.ports)
        self.http = httpx.AsyncClient(timeout=10, trust_env=False)

    async def run(self, seconds: float) -> None:
        self.until = time.monotonic() + seconds
        async with self.http, asyncio.TaskGroup() as group:
            for number in range(DELIVERERS):
                group.create_task(self._bring(number))
            group.create_task(self._answer())

    async def _bring(self, deliverer: int) -> None:
        """Messages and, for each tenth, the same delivery once more although it was acknowledged."""
        for number in itertools.count():
            if time.monotonic() > self.until:
                return
            sender = f"519440{(number * DELIVERERS + deliverer) % DEBTORS:05d}"
            element = meta.text(f"mensaje {number}", sender=sender)
            body = meta.body(element)
            await self._until_taken(body)
            self.acknowledged.append(element["id"])
            if number % 10 == 0:
                await self._until_taken(body)
                self.again += 1
            await asyncio.sleep(random.expovariate(self.rate / DELIVERERS))

    async def _until_taken(self, body: bytes) -> None:
        headers = {"x-hub-signature-256": sign(body, APP_SECRET)}
        pause = AGAIN_AFTER[0]
        while True:
            answer = await self._ask("POST", "/webhooks/whatsapp", content=body, headers=headers)
            if answer is not None and answer.status_code == 200:
                return
            await asyncio.sleep(pause)
            pause = min(pause * 2, AGAIN_AFTER[1])

    async def _answer(self) -> None:
        """A program that answers conversation after conversation, with the same key until it knows."""
        for number in itertools.count():
            if time.monotonic() > self.until:
                return
            if number % 50 == 0 or len(self.conversations) < DEBTORS // 2:
                await self._look()
            if self.conversations:
                await self._say(self.conversations[number % len(self.conversations)], f"respuesta-{number:06d}")
            await asyncio.sleep(random.expovariate(self.rate / 8))

    async def _look(self) -> None:
        found: list[str] = []
        cursor = ""
        while cursor is not None:
            where = f"/api/v1/conversations?limit=100{f'&cursor={cursor}' if cursor else ''}"
            answer = await self._ask("GET", where)
            if answer is None or answer.status_code != 200:
                return
            found += [item["id"] for item in answer.json()["items"]]
            cursor = answer.json()["next_cursor"]
        self.conversations = found

    async def _say(self, conversation: str, key: str) -> None:
        said = {"type": "text", "text": {"body": key}}
        for _attempt in range(200):
            path = f"/api/v1/conversations/{conversation}/messages"
            answer = await self._ask("POST", path, json=said, headers={"idempotency-key": key})
            if answer is not None and answer.status_code in {200, 201}:
                self.answered.append(key)
                return
            if answer is not None and answer.status_code < 500 and answer.status_code != 429:
                self.tries[f"refused: {answer.json().get('code')}"] += 1
                return
            await asyncio.sleep(0.2)

    async def _ask(self, method: str, path: str, **more: object) -> httpx.Response | None:
        # As behind a proxy: whichever process answers, it is asked by the public name.
        ours = {"authorization": f"Bearer {TOKEN}", "host": self.house.product.address.removeprefix("http://")}
        headers = {**ours, **dict(more.pop("headers", {}))}  # type: ignore[call-overload]
        try:
            url = f"http://127.0.0.1:{next(self._ports)}{path}"
            answer = await self.http.request(method, url, headers=headers, **more)  # type: ignore[arg-type]
        except httpx.HTTPError as broken:
            self.tries[type(broken).__name__] += 1
            return None
        self.tries[str(answer.status_code)] += 1
        return answer


class Found(dict[str, object]):
    """The figures of a run, by name; the names in BREACHES must all be 0."""


BREACHES = (
    "acknowledged lost",
    "messages doubled",
    "answers lost",
    "sends doubled",
    "sent and unknown to us",
    "broken",
)


async def account(product: Product, url: str, load: Load) -> Found:
    """What was sent and answered outside against what the database and the history say."""
    accepted = _accepted(product)
    database = Database(url)
    try:
        async with database.reading() as tx:
            kept = Counter(await tx.scalars(select(Message.wamid).where(Message.direction == "in")))
            ours = (
                await tx.execute(select(Message.ref, Message.status, Message.text).where(Message.ref.is_not(None)))
            ).all()
            verdict = await audit.verify(tx, SECRET_KEY)
    finally:
        await database.close()
    taken = Counter(accepted)
    written = Counter(row.text for row in ours)
    return Found(
        {
            "deliveries acknowledged": len(load.acknowledged),
            "deliveries repeated": load.again,
            "answers accepted": len(load.answered),
            "sends accepted by WhatsApp": len(accepted),
            "history entries": verdict.entries,
            "acknowledged lost": sum(1 for wamid in load.acknowledged if wamid not in kept),
            "messages doubled": sum(1 for count in kept.values() if count > 1),
            "answers lost": sum(1 for key in load.answered if written[key] == 0),
            "sends doubled": sum(1 for count in taken.values() if count > 1)
            + sum(1 for key in load.answered if written[key] > 1),
            "sent and unknown to us": len(set(taken) - {str(row.ref) for row in ours}),
            "in doubt, for a person": sum(1 for row in ours if row.status == "unknown"),
            "still waiting": sum(1 for row in ours if row.status in {"queued", "sending"}),
            "broken": 0 if verdict.intact else 1,
        },
    )


def _accepted(product: Product) -> list[str]:
    found: list[str] = []
    after = 0
    while page := product.simulated("GET", f"/ledger?after={after}&limit=10000")["entries"]:
        found += [str(entry["opaque"]) for entry in page]
        after = page[-1]["seq"]
    return found


@contextlib.contextmanager
def places(kind: str, folder: Path) -> Iterator[tuple[str, str | None]]:
    """A migrated database, and Redis where there are several processes."""
    if kind == "sqlite":
        url = f"sqlite+aiosqlite:///{folder}/aldia.db"
        asyncio.run(prepare(url))
        yield url, None
        return
    with servers.postgres(DURABLE) as database, servers.valkey() as redis:
        asyncio.run(prepare(database.url))
        yield database.url, redis.url


async def prepare(url: str) -> None:
    await schema.migrate(url)
    database = Database(url, seal=audit.sealer(SECRET_KEY))
    async with database.transaction() as tx:
        tx.add(ApiToken(name="faults", token_hash=hash_of(TOKEN), scopes=["*"], created_at=clock.now()))
    await database.close()


async def drained(url: str) -> float:
    """Seconds until nothing waits to be sent any more; I9 gives it a minute."""
    began = time.monotonic()
    database = Database(url)
    waiting = select(Message.id).where(Message.status.in_(["queued", "sending"])).limit(1)
    try:
        while time.monotonic() - began < DRAIN_SECONDS:
            async with database.reading() as tx:
                if await tx.scalar(waiting) is None:
                    break
            await asyncio.sleep(0.2)
    finally:
        await database.close()
    return time.monotonic() - began


async def under_fire(house: House, load: Load, seconds: float, every: float) -> None:
    """The load, and a process killed every so often. Killing waits for the new process, the load does not."""
    firing = asyncio.create_task(load.run(seconds))
    for number in itertools.count():
        await asyncio.wait({firing}, timeout=every)
        if firing.done():
            break
        await asyncio.get_running_loop().run_in_executor(_operator, house.strike, number)
    await firing


def run(kind: str, seconds: float, every: float, rate: float) -> Found:
    """One run on a stand of its own."""
    with tempfile.TemporaryDirectory(prefix="aldia-faults-") as name, places(kind, Path(name)) as (url, redis):
        product = Product(Path(name), url, redis_url=redis)
        house = House(product, webs=1 if kind == "sqlite" else 2, workers=0 if kind == "sqlite" else 1)
        try:
            product.start_simulator()
            house.start()
            load = Load(house, rate)
            asyncio.run(under_fire(house, load, seconds, every))
            if product.simulator is None or not product.simulator.is_running:
                print((product.folder / "simulator.log").read_text(errors="replace")[-2000:], file=sys.stderr)
                raise RuntimeError("the simulator died, so the run says nothing")
            waited = asyncio.run(drained(url))
            found = asyncio.run(account(product, url, load))
        finally:
            house.stop()
            product.stop()
    found["kills"] = house.kills
    found["seconds away after a kill, most"] = round(max(house.away, default=0.0), 2)
    found["seconds to drain"] = round(waited, 1)
    found["answers by status"] = dict(load.tries)
    return found


def main() -> None:
    """Run, print a table, and exit 1 on any breach."""
    parser = argparse.ArgumentParser(prog="python -m bench.faults", description=__doc__)
    parser.add_argument("--long", action="store_true", help="10 minutes, a kill every 30 s")
    parser.add_argument("--postgres", action="store_true", help="PostgreSQL, Redis, 2 web processes and a worker")
    parser.add_argument("--rate", type=float, default=40.0, help="messages a second (default 40)")
    options = parser.parse_args()
    kind = "postgres" if options.postgres else "sqlite"
    found = run(kind, *((600.0, 30.0) if options.long else (60.0, 10.0)), options.rate)
    print(f"\nkill -9 under load, {kind}")
    for name, value in found.items():
        print(f"  {name:34} {value}")
    breaches = [name for name in BREACHES if found[name]]
    if found["still waiting"]:
        breaches.append("still waiting")
    # What nobody tried proves nothing.
    breaches += [
        f"no {name}" for name in ("answers accepted", "sends accepted by WhatsApp", "kills") if not found[name]
    ]
    print(f"  {'BREACH: ' + ', '.join(breaches) if breaches else 'nothing lost, nothing doubled, history verifies'}")
    sys.exit(1 if breaches else 0)


if __name__ == "__main__":
    main()
