"""How long a hundred thousand debtors take to import, how much memory, and how long anybody waits for a write."""

from __future__ import annotations

import asyncio
import csv
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import select, text

from bench import stands
from bench.report import Latency, latency, table
from bench.scenarios import Bench, Scenario, Section
from bench.stands import Stand
from console.db import Database
from console.inbox.contacts import Alias

DEBTORS = 100_000
COLUMNS = ["Crédito", "Nombre", "DNI", "Celular", "Factura", "Vencimiento", "Monto", "Saldo", "Moneda"]
PROBE_EVERY = 0.01


class Imported(msgspec.Struct, kw_only=True):
    """One import: its seconds, its largest process, and how long writes beside it took."""

    name: str
    seconds: float
    rss_mib: float
    writes: Latency
    said: str


def imports(_bench: Bench) -> Iterator[Section]:
    """A first file, the same again, one in ten changed; each with `aldia portfolio import` beside other writers."""
    for kind in stands.KINDS:
        with stands.prepared(kind) as stand:
            numbers = asyncio.run(_numbers(stand))
            files = {
                "all new": _file(stand.folder / "first.csv", numbers),
                "the same again": stand.folder / "first.csv",
                "a tenth changed": _file(stand.folder / "next.csv", numbers, paid=10),
                "all changed": _file(stand.folder / "last.csv", numbers, paid=1),
            }
            found = [asyncio.run(_import(stand, name, path)) for name, path in files.items()]
        header = ["", "seconds", "largest process MiB", "a write beside it p50/p99/most ms"]
        rows = [
            [
                each.name,
                f"{each.seconds:.1f}",
                f"{each.rss_mib:.0f}",
                f"{each.writes.p50:.1f} / {each.writes.p99:.1f} / {each.writes.most:.0f}",
            ]
            for each in found
        ]
        title = f"{kind}: {DEBTORS:,} debtors, {len(numbers):,} of whom write"
        yield Section(f"{kind} imports", table(title, header, rows), {"runs": found})


async def _numbers(stand: Stand) -> list[str]:
    """The numbers of those who write already: their conversations must show the debt."""
    db = Database(stand.settings.database_url)
    try:
        async with db.reading() as tx:
            return list(await tx.scalars(select(Alias.value).where(Alias.kind == "phone").order_by(Alias.id)))
    finally:
        await db.close()


def _file(path: Path, numbers: list[str], *, paid: int = 0) -> Path:
    """A portfolio; of every `paid` debtors one owes less than before."""
    with path.open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file, delimiter=";")
        lines.writerow(COLUMNS)
        for place in range(DEBTORS):
            phone = f"+{numbers[place]}" if place < len(numbers) else f"9{place * 7919 % 10**8:08}"
            owes = 100 + place % 900 - (1 if paid and place % paid == 0 else 0)
            due = f"{1 + place % 28:02}/{1 + place % 12:02}/2026"
            lines.writerow([
                f"PR-{place:06}", f"Deudor {place} Apellido", f"{10_000_000 + place * 7}", phone, f"F-{place}", due,
                f"{1000 + place % 900}.00", f"{owes}.50", "PEN",
            ])  # fmt: skip
    return path


async def _import(stand: Stand, name: str, path: Path) -> Imported:
    # As the settings of the stand, but for what a command line reads from the environment.
    environ = {**os.environ, **stands.environ(stand.settings.database_url, 1), "ALDIA_BASE_URL": "http://127.0.0.1:1"}
    environ["ALDIA_MEDIA_DIR"] = str(stand.folder / "media")
    aldia = [str(Path(sys.executable).parent / "aldia"), "portfolio", "import", str(path)]
    waits: list[float] = []
    began = time.perf_counter()
    process = subprocess.Popen(aldia, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)  # noqa: ASYNC220
    probing = asyncio.create_task(_probe(stand, waits))
    usage, status = await asyncio.to_thread(_ended, process.pid)
    seconds = time.perf_counter() - began
    probing.cancel()
    await asyncio.gather(probing, return_exceptions=True)
    said = process.stdout.read() if process.stdout else ""
    if status:
        raise RuntimeError(f"the import failed: {said}")
    return Imported(name=name, seconds=seconds, rss_mib=usage.ru_maxrss / 1024, writes=latency(waits), said=said)


def _ended(pid: int) -> tuple[Any, int]:
    """What the system says of a process that has ended, and how it ended."""
    _pid, status, usage = os.wait4(pid, 0)
    return usage, status


async def _probe(stand: Stand, waits: list[float]) -> None:
    """Write something small again and again, as a webhook would, and note how long each took."""
    db = Database(stand.settings.database_url)
    try:
        while True:
            began = time.perf_counter()
            async with db.transaction() as tx:
                await tx.execute(text("UPDATE contact SET version = version + 1 WHERE id = 1"))
            waits.append(time.perf_counter() - began)
            await asyncio.sleep(PROBE_EVERY)
    finally:
        await db.close()


SCENARIOS: dict[str, Scenario] = {"imports": imports}
