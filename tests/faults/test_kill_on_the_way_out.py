"""kill -9 of the sender between claim and answer: sent once, or shown as in doubt; never twice, never forgotten.

Rows O2 and O5 to O9, with the simulator's ledger of accepted calls as the oracle.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import httpx
import pytest

from console import audit, clock
from console.agents import ApiToken
from console.db import Database
from console.sessions import hash_of
from tests.conftest import SECRET_KEY
from tests.faults import ledger
from tests.faults.product import Product, a_product
from tests.patience import eventually, eventually_now

pytestmark = pytest.mark.timeout(240)
TOKEN = "aldia_a-token-of-the-tests"
MARIA = "maria-fernanda-ccori"


@pytest.mark.parametrize("place", ["sender.claimed", "sender.wired", "sender.answered", "sender.settled"])
async def test_killed_while_sending(sqlite_database_url: str, tmp_path: Path, place: str) -> None:
    await let_a_program_in(sqlite_database_url)
    with a_product(tmp_path, sqlite_database_url) as product:
        product.start_simulator()
        product.start(f"{place}=kill:1")
        product.simulated("POST", f"/personas/{MARIA}/messages", json={"type": "text", "text": "¿cuánto debo?"})
        await eventually(lambda: _conversation(product))
        for n in range(3):
            _say(product, f"respuesta {n}")

        await eventually(product.hits.exists, within=30)
        doubts = 1 if place == "sender.wired" else 0
        accepted = await eventually(lambda: _all_ended(product, 3, doubts), within=60)

    shown = await ledger.sent_once_or_in_doubt(sqlite_database_url, accepted)
    assert len(shown) == 3
    assert list(shown.values()).count("unknown") == doubts, "only what was on the wire may be in doubt"
    await ledger.history_is_whole(sqlite_database_url)


async def let_a_program_in(database_url: str) -> None:
    """A token that may do everything: TOKEN."""
    database = Database(database_url, seal=audit.sealer(SECRET_KEY))
    async with database.transaction() as tx:
        tx.add(ApiToken(name="pruebas", token_hash=hash_of(TOKEN), scopes=["*"], created_at=clock.now()))
    await database.close()


def _call(product: Product, method: str, path: str, **more: Any) -> httpx.Response:
    headers = {"authorization": f"Bearer {TOKEN}", **more.pop("headers", {})}
    return httpx.request(method, f"{product.address}/api/v1{path}", headers=headers, timeout=10, **more)


def _conversation(product: Product) -> bool:
    return bool(_call(product, "GET", "/conversations").json()["items"])


def _say(product: Product, text: str) -> None:
    """As a program does it: the same key until it is answered, over any number of deaths."""

    def is_answered() -> bool:
        with contextlib.suppress(httpx.HTTPError):
            body = {"type": "text", "text": {"body": text}}
            answer = _call(product, "POST", "/conversations/1/messages", json=body, headers={"idempotency-key": text})
            assert answer.status_code in {200, 201}, answer.text
            return True
        if product.died:
            product.start()
        return False

    eventually_now(is_answered, within=30)


def _all_ended(product: Product, count: int, doubts: int) -> list[dict[str, Any]]:
    """The accepted sends, once every message of ours has left, but for `doubts` that a person must look at."""
    try:
        messages = _call(product, "GET", "/conversations/1/messages").json()["items"]
    except httpx.HTTPError:
        # What was noted in `hits` may take its moment to die.
        if product.died:
            product.start()
        return []
    ours = [message["status"] for message in messages if message["direction"] == "out"]
    left = [status for status in ours if status in {"sent", "delivered", "read"}]
    accepted: list[dict[str, Any]] = product.simulated("GET", "/ledger")["entries"]
    return accepted if len(ours) == count and len(left) == count - doubts == len(accepted) else []
