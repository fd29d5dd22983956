"""What cannot be written is kept nowhere but at Meta, which brings it again. Row K17."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from integrations.whatsapp.signature import sign
from tests import servers
from tests.databases import PostgresCopies
from tests.faults import ledger
from tests.faults.product import APP_SECRET, Product, a_product
from tests.inbox import meta
from tests.patience import eventually_now

pytestmark = pytest.mark.timeout(240)
WORDS = "esto no cabe en ninguna parte"
DELIVERIES = 4
# A lock that is not given costs five seconds, however many wait for it: Meta is not left without an answer.
MOST_SECONDS = 12


@contextmanager
def _locked(url: str) -> Iterator[None]:
    """Somebody else writes to the file and does not come to an end."""
    with contextlib.closing(sqlite3.connect(url.partition("///")[2], isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@contextmanager
def _stopped(server: servers.Server) -> Iterator[None]:
    server.stop()
    try:
        yield
    finally:
        server.start()


async def test_on_sqlite(sqlite_database_url: str, tmp_path: Path) -> None:
    """K17: the file is locked; see below."""
    with a_product(tmp_path, sqlite_database_url) as product:
        product.start()
        wamids = _come_again(product, _locked(sqlite_database_url))
    await ledger.received_once(sqlite_database_url, wamids)
    await ledger.history_is_whole(sqlite_database_url)


async def test_on_postgresql(tmp_path: Path) -> None:
    """K17: the server is stopped; see below."""
    with servers.postgres() as server:
        copies = PostgresCopies(server.url)
        copies.prepare()
        with copies.one() as url:
            with a_product(tmp_path, url) as product:
                product.start()
                wamids = _come_again(product, _stopped(server))
            await ledger.received_once(url, wamids)
            await ledger.history_is_whole(url)
        copies.drop()


def _come_again(product: Product, away: contextlib.AbstractContextManager[None]) -> list[str]:
    """Told 503 while the database is away, with nothing of it on our disk; brought again it is there once.

    While it is brought again the process dies twice: before anything is committed, and before Meta is answered.
    There is no spool that could be replayed, lost, or read by somebody.
    """
    elements = [meta.text(WORDS, sender=f"5194400000{number}") for number in range(DELIVERIES)]
    with away:
        eventually_now(lambda: _brought(product, elements[0]) == 503, within=30)
        with ThreadPoolExecutor(DELIVERIES) as meta_s:
            assert set(meta_s.map(lambda element: _brought(product, element), elements)) == {503}
        assert not _kept(product.folder)
    for place in ("ingest.written=kill:2", "ingest.committed=kill:2"):
        assert product.console is not None
        product.console.kill()
        product.start(place)
        for element in elements:
            product.deliver(meta.body(element))
        assert product.hits.read_text().count(place) == 1
    return [element["id"] for element in elements]


def _brought(product: Product, element: dict[str, object]) -> int:
    """What Meta is answered, once."""
    body = meta.body(element)
    headers = {"x-hub-signature-256": sign(body, APP_SECRET)}
    address = f"{product.address}/webhooks/whatsapp"
    return httpx.post(address, content=body, headers=headers, timeout=MOST_SECONDS).status_code


def _kept(folder: Path) -> list[Path]:
    """The files in which what could not be written stands nevertheless."""
    return [path for path in folder.rglob("*") if path.is_file() and WORDS.encode() in path.read_bytes()]
