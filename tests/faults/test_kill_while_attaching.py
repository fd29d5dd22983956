"""kill -9 between a file's bytes and the telephone: what was said to be kept is not lost, and nothing is sent twice.

Row O17.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from console import clock
from console.attachments.models import Upload
from console.db import Database
from tests.attachments import samples
from tests.faults import ledger
from tests.faults.product import Product, a_product
from tests.faults.test_kill_on_the_way_out import MARIA, TOKEN, let_a_program_in
from tests.patience import eventually

pytestmark = pytest.mark.timeout(240)
PATH = "/conversations/1"
OCTETS = {"content-type": "application/octet-stream", "x-file-name": "c.pdf"}


@pytest.mark.parametrize("place", ["attachments.kept", "uploads.answered", "uploads.settled", "sender.answered"])
async def test_killed_between_the_file_and_the_telephone(sqlite_database_url: str, tmp_path: Path, place: str) -> None:
    await let_a_program_in(sqlite_database_url)
    with a_product(tmp_path, sqlite_database_url) as product:
        product.start_simulator()
        product.start(f"{place}=kill:1")
        product.simulated("POST", f"/personas/{MARIA}/messages", json={"type": "text", "text": "¿el cronograma?"})
        await eventually(lambda: bool(call(product, "GET", "/conversations").json()["items"]))

        attachment = insisted(product, f"{PATH}/attachments", content=samples.PDF, headers=OCTETS)
        insisted(
            product,
            f"{PATH}/messages",
            json={"type": "document", "document": {"id": attachment["id"], "caption": "Su cronograma"}},
            headers={"idempotency-key": "the document"},
        )
        await eventually(product.hits.exists, within=30)
        await five_minutes_go_by(sqlite_database_url)
        accepted = await eventually(lambda: sent(product), within=60)

    assert [send["kind"] for send in accepted] == ["document"]
    assert list((await ledger.sent_once_or_in_doubt(sqlite_database_url, accepted)).values()) == ["delivered"]
    await ledger.history_is_whole(sqlite_database_url)


def call(product: Product, method: str, path: str, **more: Any) -> httpx.Response:
    headers = {"authorization": f"Bearer {TOKEN}", **more.pop("headers", {})}
    return httpx.request(method, f"{product.address}/api/v1{path}", headers=headers, timeout=10, **more)


def insisted(product: Product, path: str, **more: Any) -> dict[str, Any]:
    """As a program does it: again until it is answered, over any number of deaths."""
    for _attempt in range(20):
        with contextlib.suppress(httpx.HTTPError):
            answer = call(product, "POST", path, **more)
            assert answer.status_code in {200, 201}, answer.text
            told: dict[str, Any] = answer.json()
            return told
        if product.died:
            product.start()
    raise AssertionError("never answered")


def sent(product: Product) -> list[dict[str, Any]]:
    """The accepted sends, once the telephone has it."""
    try:
        messages = call(product, "GET", f"{PATH}/messages").json()["items"]
    except httpx.HTTPError:
        if product.died:
            product.start()
        return []
    accepted: list[dict[str, Any]] = product.simulated("GET", "/ledger")["entries"]
    return accepted if [it["status"] for it in messages if it["direction"] == "out"] == ["delivered"] else []


async def five_minutes_go_by(database_url: str) -> None:
    """The claim of the dead process runs out."""
    database = Database(database_url)
    async with database.transaction() as tx:
        await tx.execute(update(Upload).values(claimed_until=clock.now()))
    await database.close()
