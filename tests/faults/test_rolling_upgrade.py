"""An upgrade while messages arrive: the schema gets its next form under the old release, then the processes change.

Meta sees no error that it would have to make good for more than one try, and nothing is lost or doubled.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from integrations.whatsapp.signature import sign
from tests.faults import ledger
from tests.faults.product import APP_SECRET, a_product
from tests.inbox import meta
from tests.patience import eventually

BEAT = 0.02
"""Seconds between two webhooks: a steady stream that leaves the machine to the processes under test."""


class Meta:
    """Webhooks in an endless row, each given to the first process that takes it, as the proxy in front does."""

    def __init__(self, addresses: list[str]) -> None:
        self.addresses = addresses
        self.acknowledged: list[str] = []
        self.refused: list[str] = []
        self._over = threading.Event()

    def work(self) -> None:
        """Deliver until told to stop."""
        for number in itertools.count():
            if self._over.wait(BEAT):
                return
            wamid = f"wamid.upgrade{number}"
            while not self._deliver(wamid) and not self._over.wait(BEAT):
                self.refused.append(wamid)

    def _deliver(self, wamid: str) -> bool:
        body = meta.body(meta.text("Buenas, ¿cuánto debo?", wamid=wamid, sender=f"5194400{int(wamid[13:]) % 50:04d}"))
        for address in self.addresses:
            try:
                answer = httpx.post(
                    f"{address}/webhooks/whatsapp",
                    content=body,
                    headers={"x-hub-signature-256": sign(body, APP_SECRET)},
                    timeout=10,
                )
            except httpx.TransportError:
                continue
            if answer.status_code == 200:
                self.acknowledged.append(wamid)
                return True
        return False

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Deliver for as long as the block lasts."""
        thread = threading.Thread(target=self.work)
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            thread.join()

    async def has_brought(self, more: int) -> None:
        """Until `more` have been acknowledged from now on."""
        enough = len(self.acknowledged) + more
        await eventually(lambda: len(self.acknowledged) >= enough)


async def the_next_release_migrates(database_url: str) -> None:
    """What a release does at first: it only adds."""
    engine = create_async_engine(database_url)
    async with engine.begin() as connection:
        await connection.execute(text("ALTER TABLE message ADD COLUMN of_the_next_release TEXT"))
        await connection.execute(text("ALTER TABLE conversation ADD COLUMN of_the_next_release TEXT"))
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    await engine.dispose()


async def test_the_next_release_takes_over_from_the_old_one_and_meta_sees_no_error(
    postgres_database_url: str, redis_url: str, tmp_path: Path
) -> None:
    """D1."""
    old_folder, new_folder = tmp_path / "old", tmp_path / "new"
    old_folder.mkdir()
    new_folder.mkdir()
    with (
        a_product(old_folder, postgres_database_url, redis_url=redis_url) as old,
        a_product(new_folder, postgres_database_url, redis_url=redis_url) as new,
    ):
        old.start()
        assert old.console is not None
        meta_ = Meta([old.address, new.address])
        with meta_.at_work():
            await meta_.has_brought(10)
            await the_next_release_migrates(postgres_database_url)
            await meta_.has_brought(10)
            new.start()
            await meta_.has_brought(10)
            old.console.stop()
            await meta_.has_brought(10)

    assert meta_.refused == []
    await ledger.received_once(postgres_database_url, meta_.acknowledged)
    await ledger.history_is_whole(postgres_database_url)


async def test_the_only_process_changes_and_what_meta_brings_again_is_there_once(
    sqlite_database_url: str, tmp_path: Path
) -> None:
    with a_product(tmp_path, sqlite_database_url) as product:
        product.start()
        assert product.console is not None
        meta_ = Meta([product.address])
        with meta_.at_work():
            await meta_.has_brought(10)
            await the_next_release_migrates(sqlite_database_url)
            await meta_.has_brought(10)
            product.console.stop()
            product.start()
            await meta_.has_brought(10)

    await ledger.received_once(sqlite_database_url, meta_.acknowledged)
    await ledger.history_is_whole(sqlite_database_url)
