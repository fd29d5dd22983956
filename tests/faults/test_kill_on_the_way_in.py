"""kill -9 between the webhook and the screen: Meta comes again, and nothing is lost, doubled or half done.

Rows K1 to K12. At each place the first, the second, the third … hit kills the process, until a run passes untouched.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults import ledger
from tests.faults.product import Product, a_product
from tests.inbox import meta

pytestmark = pytest.mark.timeout(240)
PLACES = ("ingest.parsed", "ingest.written", "audit.sealed", "ingest.committed", "live.told")
DELIVERIES = 1
# A start, the channel's opening and two deliveries pass each place fewer times than this.
MOST = 8


@pytest.mark.parametrize("place", PLACES)
async def test_killed_at_every_hit(sqlite_database_url: str, tmp_path: Path, place: str) -> None:
    """K2, K3, K4, K5, K6, K7, K8, K9 and K10, on SQLite: no half row, one transaction, a repeat absorbed."""
    wamids: list[str] = []
    with a_product(tmp_path, sqlite_database_url) as product:
        for number in range(1, MOST):
            product.hits.unlink(missing_ok=True)
            _start(product, f"{place}=kill:{number}")
            for n in range(DELIVERIES):
                element = meta.text(f"{place} {number} {n}", sender=f"5194400{number:02d}{n:02d}")
                wamids.append(element["id"])
                product.deliver(meta.body(element, meta.text("vecino", wamid=f"{element['id']}.2")))
                wamids.append(f"{element['id']}.2")
            product.stop()
            if not product.hits.exists():
                break
        else:
            pytest.fail("the fault never ceased to hit")
    assert number > 1, "the place was never reached"
    await ledger.received_once(sqlite_database_url, wamids)
    await ledger.history_is_whole(sqlite_database_url)


@pytest.mark.parametrize("place", PLACES)
async def test_killed_once_on_postgresql(
    postgres_database_url: str,
    redis_url: str,
    tmp_path: Path,
    place: str,
) -> None:
    """The same places with the other database and with Redis."""
    number = 2 if place in {"audit.sealed", "live.told"} else 1
    wamids = []
    with a_product(tmp_path, postgres_database_url, redis_url=redis_url) as product:
        product.start(f"{place}=kill:{number}")
        for n in range(4):
            element = meta.text(f"{place} {n}", sender=f"519440000{n:02d}")
            wamids.append(element["id"])
            product.deliver(meta.body(element))
        assert product.hits.exists(), "the place was never reached"
    await ledger.received_once(postgres_database_url, wamids)
    await ledger.history_is_whole(postgres_database_url)


def _start(product: Product, failpoints: str) -> None:
    """A fault may strike while it starts: then it starts once more, without one."""
    try:
        product.start(failpoints)
    except RuntimeError:
        product.start()
