"""A history too long to be read every hour: how fast all of it is verified, and that the newest part is by itself."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text

from bench.history import fill
from console import audit, clock
from console.commands.history import audit as command
from console.db import Database
from console.evidence import seals
from console.evidence.keys import signer_of
from tests.conftest import SECRET_KEY
from tests.inbox import meta

ENTRIES = 20_000
LATER = 50
# A million in a minute (make bench writes and verifies them), for this process's share of the work: a busy machine
# makes it wait, and hardly makes it work more.
MOST_CPU_SECONDS = 60 * ENTRIES / 1_000_000


@pytest.fixture
def long(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of a database whose long history is sealed up to its last entries."""

    async def lived() -> None:
        db = Database(database_url, seal=audit.sealer(SECRET_KEY))
        try:
            await fill(db, ENTRIES, SECRET_KEY)
            while await seals.seal_up(db, signer_of(SECRET_KEY), clock.now()):
                pass
            await fill(db, LATER, SECRET_KEY)
        finally:
            await db.close()

    asyncio.run(lived())
    monkeypatch.chdir(tmp_path)
    for name, value in {
        "ALDIA_DATABASE_URL": database_url,
        "ALDIA_SECRET_KEY": SECRET_KEY,
        "ALDIA_BASE_URL": "http://127.0.0.1",
        "WHATSAPP_PHONE_NUMBER_ID": meta.PHONE_NUMBER_ID,
        "WHATSAPP_BUSINESS_ACCOUNT_ID": meta.BUSINESS_ACCOUNT_ID,
        "WHATSAPP_ACCESS_TOKEN": "x",
        "WHATSAPP_APP_SECRET": "x",
        "WHATSAPP_VERIFY_TOKEN": "x",
    }.items():
        monkeypatch.setenv(name, value)
    return database_url


def verified(*words: str) -> tuple[Result, float]:
    """`aldia audit verify`, and the processor seconds it took this process."""
    begun = time.process_time()
    result = CliRunner().invoke(command, ["verify", *words])
    return result, time.process_time() - begun


def test_a_million_entries_are_verified_in_a_minute_and_what_is_new_at_once(long: str) -> None:
    """L14: the whole at the rate promised; from the last seal on only what came after it, and it says what it is."""
    whole, cost = verified()
    newest, little = verified("--since-last-seal")

    assert (whole.exit_code, newest.exit_code) == (0, 0), (whole.output, newest.output)
    assert f"{ENTRIES + LATER} entradas, íntegras" in whole.stdout
    assert f"{ENTRIES + LATER} entradas, íntegras" in newest.stdout
    assert cost < MOST_CPU_SECONDS
    assert little < cost / 4

    asyncio.run(_rewritten(long, ENTRIES // 2))

    assert f"entrada {ENTRIES // 2}" in str(verified()[0].exception)
    assert verified("--since-last-seal")[0].exit_code == 0, "what the seal covers is taken as it was"

    asyncio.run(_rewritten(long, ENTRIES + LATER // 2))

    assert f"entrada {ENTRIES + LATER // 2}" in str(verified("--since-last-seal")[0].exception)


async def _rewritten(database_url: str, number: int) -> None:
    """An entry is changed by somebody who may do what they like with the database."""
    db = Database(database_url)
    try:
        async with db.writer.begin() as connection:
            if db.is_sqlite:
                await connection.execute(text("DROP TRIGGER IF EXISTS audit_entry_no_update"))
            else:
                await connection.execute(text("ALTER TABLE audit_entry DISABLE TRIGGER ALL"))
            change = text("UPDATE audit_entry SET actor_name = 'Otra persona' WHERE id = :number")
            await connection.execute(change, {"number": number})
    finally:
        await db.close()
