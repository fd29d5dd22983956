"""A long day, made short: what a process holds after many rounds of the same is what it held after a few. Row C9.

Hours at rate are measured by `make bench ARGS="--long soak"`; here each round goes through whatever is opened in a day
and has to be closed again, and what is left of each would be there fifty times.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import NamedTuple

import httpx
import msgspec
import pytest
import websockets
from sqlalchemy import text

from console import audit, clock, sessions
from console.agents import Agent, AgentTeam, Team
from console.db import Database
from integrations.whatsapp.signature import sign
from tests.conftest import SECRET_KEY
from tests.faults.product import APP_SECRET, Product, a_product
from tests.faults.test_kill_on_the_way_out import TOKEN, let_a_program_in
from tests.inbox import meta
from tests.patience import eventually

pytestmark = pytest.mark.timeout(240)
CROWD, WARM, ROUNDS = 12, 10, 50
SENDERS = 7
RECORD = ("audit_entry", "audit_seal", "message", "search_", "report_")
"""What happened, and what is made of it. Any other table is of the moment, or of who is known."""
MOST_MIB = 8.0
MOST_WAL_MIB = 32.0


class Held(msgspec.Struct):
    """What the process holds: descriptors, threads, connections and memory; and the rows of each table."""

    files: int
    threads: int
    connections: int
    mib: float
    wal_mib: float
    rows: dict[str, int]


class Opened(NamedTuple):
    """What of it comes and goes."""

    files: int
    threads: int
    connections: int

    def is_within(self, held: Held) -> bool:
        """Whether nothing of it is more than that."""
        return self.files <= held.files and self.threads <= held.threads and self.connections <= held.connections


class Day:
    """Meta, a program, an agent and strangers, round after round."""

    def __init__(self, product: Product, url: str) -> None:
        self.product, self.url = product, url
        self.db = Database(url, seal=audit.sealer(SECRET_KEY))
        self.key = ""
        self.number = 0

    async def ana(self) -> None:
        """Ana, signed in from the morning on."""
        async with self.db.transaction() as tx:
            team_id = (await tx.scalars(text("SELECT min(id) FROM team"))).one()
            ana = Agent(name="Ana", email="ana@andes.example", role="agent", created_at=clock.now())
            tx.add(ana)
            await tx.flush()
            assert await tx.get(Team, team_id)
            tx.add(AgentTeam(agent_id=ana.id, team_id=team_id))
            self.key = await sessions.start(tx, ana, address="127.0.0.1", user_agent="a browser")

    async def crowd(self) -> None:
        """Everybody at once, so that every pool keeps by now as many connections as it ever keeps."""
        await asyncio.gather(*(each() for each in (self._meta, self._ana, self._program) for _ in range(CROWD)))

    async def rounds(self, count: int) -> None:
        for _ in range(count):
            self.number += 1
            await asyncio.gather(self._meta(), self._ana(), self._program(), self._strangers())

    async def _meta(self) -> None:
        """A message, its repetition, and what cannot be read."""
        body = meta.body(meta.text(f"ronda {self.number}", sender=f"5194400000{self.number % SENDERS}"))
        for each in (body, body, b'{"entry":'):
            headers = {"x-hub-signature-256": sign(each, APP_SECRET)}
            async with self._client() as http:
                assert (await http.post("/webhooks/whatsapp", content=each, headers=headers)).status_code == 200

    async def _ana(self) -> None:
        """A page, a thread, a socket that breaks off without a word."""
        cookie = f"aldia={self.key}"
        async with self._client(cookie=cookie) as http:
            for path in ("/inbox?view=all", f"/inbox/{self.number % SENDERS + 1}?view=all", "/nothing/here"):
                assert (await http.get(path)).status_code in {200, 404}
        wire = await websockets.connect(
            self.product.address.replace("http", "ws") + "/live",
            additional_headers={"cookie": cookie},
            origin=self.product.address,  # type: ignore[arg-type]
        )
        await wire.send('{"t":"hello","head":0,"view":"all"}')
        await wire.recv()
        wire.transport.abort()

    async def _program(self) -> None:
        """The stream, left in the middle."""
        async with (
            self._client(authorization=f"Bearer {TOKEN}") as http,
            http.stream("GET", "/api/v1/stream") as stream,
        ):
            await anext(stream.aiter_lines())

    async def _strangers(self) -> None:
        """No key, a forged one, and a body that is never finished."""
        async with self._client(cookie="aldia=forged") as http:
            assert (await http.get("/inbox")).status_code == 401
        _reader, writer = await asyncio.open_connection("127.0.0.1", self.product.port)
        writer.write(b"POST /webhooks/whatsapp HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{")
        await writer.drain()
        writer.transport.abort()

    def _client(self, **headers: str) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self.product.address, headers=headers, trust_env=False, timeout=30)

    async def held(self, calm: Held | None = None) -> Held:
        """What it is at this moment; with `calm`, once it is no more than that, if it ever is.

        What works beside the rounds opens a connection more for a moment, which on SQLite is a thread, too.
        """

        async def calmly() -> Opened | None:
            seen = await self._opened()
            return seen if calm is None or seen.is_within(calm) else None

        try:
            opened = await eventually(calmly, within=15)
        except AssertionError:
            opened = await self._opened()
        assert opened is not None
        return Held(
            **opened._asdict(),
            mib=self._memory(),
            wal_mib=self._wal(),
            rows=await self._rows(),
        )

    async def _opened(self) -> Opened:
        return Opened(self._files(), self._threads(), await self._connections())

    def _process(self, name: str) -> Path:
        assert self.product.console is not None
        return Path(f"/proc/{self.product.console.pid}/{name}")

    def _threads(self) -> int:
        return len(list(self._process("task").iterdir()))

    def _files(self) -> int:
        return len(list(self._process("fd").iterdir()))

    def _memory(self) -> float:
        line = next(line for line in self._process("status").read_text().splitlines() if line.startswith("VmRSS"))
        return int(line.split()[1]) / 1024

    def _wal(self) -> float:
        wal = Path(self.url.partition("///")[2] + "-wal")
        return wal.stat().st_size / 2**20 if self.db.is_sqlite and wal.exists() else 0.0

    async def _connections(self) -> int:
        if self.db.is_sqlite:
            return 0
        async with self.db.reading() as tx:
            ours = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            return await tx.scalar(text(ours)) or 0

    async def _rows(self) -> dict[str, int]:
        async with self.db.reading() as tx:
            tables = (
                "SELECT name FROM sqlite_master WHERE type = 'table'"
                if self.db.is_sqlite
                else "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
            )
            names = list(await tx.scalars(text(tables)))
            return {name: await tx.scalar(text(f'SELECT count(*) FROM "{name}"')) or 0 for name in names}


async def test_what_a_process_holds_does_not_grow_with_the_day(database_url: str, tmp_path: Path) -> None:
    """C9: descriptors, threads, connections, memory, WAL and tables."""
    await let_a_program_in(database_url)
    with a_product(tmp_path, database_url) as product:
        product.start()
        day = Day(product, database_url)
        try:
            await day.ana()
            await day.crowd()
            await day.rounds(WARM)
            before = await day.held()
            await day.rounds(ROUNDS)
            after = await day.held(before)
        finally:
            await day.db.close()

    assert after.files <= before.files
    assert after.threads <= before.threads
    assert after.connections <= before.connections
    assert after.mib - before.mib < MOST_MIB
    assert after.wal_mib < MOST_WAL_MIB
    grown = {name: (before.rows[name], count) for name, count in after.rows.items() if count > before.rows[name]}
    assert not {name: counts for name, counts in grown.items() if not name.startswith(RECORD)}
    assert after.rows["message"] == before.rows["message"] + ROUNDS
