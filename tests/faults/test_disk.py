"""The disk says no: a write that never reached it is not acknowledged, and a file that may only be read is read.

Rows F22 and F44; a full disk is in test_sqlite.py.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from console.db import Tx
from integrations.whatsapp.signature import sign
from tests.faults import ledger
from tests.faults.product import APP_SECRET, Product, a_product
from tests.front import Front, a_console, settings_for
from tests.inbox import meta
from tests.patience import eventually_now

STRACE = shutil.which("strace")
DELIVERIES = 12
pytestmark = pytest.mark.timeout(120)


@pytest.mark.skipif(STRACE is None, reason="strace is what makes a disk fail")
@pytest.mark.parametrize("when", ["1+4", "2+3", "1..3", "1+"])
async def test_what_the_disk_did_not_keep_is_not_acknowledged(
    sqlite_database_url: str, tmp_path: Path, when: str
) -> None:
    """F22: fsync fails at the first, the second, some or every commit; then the process dies.

    A frame of the log whose fsync failed is written again by the next commit and never trusted, so the process may
    go on: it answers 503, and Meta comes again.
    """
    wamids = [meta.new_wamid() for _ in range(DELIVERIES)]
    with a_product(tmp_path, sqlite_database_url) as product:
        product.start()
        with failing_disk(product, when):
            answers = [_brought(product, wamid) for wamid in wamids]
            assert product.console is not None
            product.console.kill()
        assert set(answers) <= {200, 503}
        assert 503 in answers, "the disk never failed"
        product.start()
        acknowledged = [wamid for wamid, answer in zip(wamids, answers, strict=True) if answer == 200]
        await ledger.received_at_least(sqlite_database_url, acknowledged)
        for wamid in wamids:
            assert _brought(product, wamid) == 200
    await ledger.received_once(sqlite_database_url, wamids)
    await ledger.history_is_whole(sqlite_database_url)


@contextmanager
def failing_disk(product: Product, when: str) -> Iterator[None]:
    """While the block lasts fsync and fdatasync of the console fail with EIO, as strace's `when` says."""
    assert STRACE is not None
    assert product.console is not None
    said = product.folder / "strace"
    calls = "fsync,fdatasync"
    inject = f"inject={calls}:error=EIO:when={when}"
    with said.open("wb") as log:
        tracer = subprocess.Popen(
            [STRACE, "-f", "-e", f"trace={calls}", "-e", inject, "-p", str(product.console.pid)],
            stdout=log,
            stderr=log,
        )
    try:
        eventually_now(lambda: "attached" in said.read_text(errors="replace"), within=20)
        yield
    finally:
        tracer.terminate()
        tracer.wait(timeout=20)


def _brought(product: Product, wamid: str) -> int:
    """What Meta is answered, once."""
    body = meta.body(meta.text("¿me guardan esto?", wamid=wamid))
    headers = {"x-hub-signature-256": sign(body, APP_SECRET)}
    return httpx.post(f"{product.address}/webhooks/whatsapp", content=body, headers=headers, timeout=20).status_code


async def test_a_disk_that_may_only_be_read_is_read(sqlite_database_url: str, tmp_path: Path) -> None:
    """F44, with SQLite's own switch in place of the mount's: lists show, what would write is told 503.

    A thread is not opened either: that somebody looked could not be put on record.
    """
    settings = settings_for(sqlite_database_url, tmp_path)
    async with a_console(settings) as front:
        ana = await front.agent("Ana")
        await front.webhook(meta.body(first := meta.text("antes")))
        await nobody_may_write(front)

        late = meta.body(element := meta.text("ahora no"))
        assert (await front.webhook(late)).status_code == 503
        assert "antes" in await ana.see("/inbox?view=all")
        assert (await ana.reply(1, "tampoco")).status_code == 503
    await ledger.received_once(sqlite_database_url, [first["id"]])
    async with a_console(settings) as front:
        assert (await front.webhook(late)).status_code == 200
    await ledger.received_once(sqlite_database_url, [first["id"], element["id"]])
    await ledger.history_is_whole(sqlite_database_url)


async def nobody_may_write(front: Front) -> None:
    """From the next transaction on no connection of this process may write."""

    async def forbid(tx: Tx) -> None:
        await tx.execute(text("PRAGMA query_only = 1"))

    await front.console.db.write(forbid)
    async with front.console.db.transaction() as tx:
        await forbid(tx)
