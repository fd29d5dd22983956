"""kill -9 between a download and its verdict: the file is not lost, and opens for nobody before. Row M25."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import select

from console.audit import AuditEntry
from console.db import Database
from console.inbox.models import Media
from console.scanning.models import ScannedFile
from tests.faults import ledger
from tests.faults.product import a_product
from tests.patience import eventually
from tests.scanning.clamd import EICAR, SIGNATURE, a_scanner

MARIA = "maria-fernanda-ccori"


@pytest.mark.parametrize("place", ["media.stored", "scan.answered"])
async def test_killed_between_the_download_and_the_verdict(
    sqlite_database_url: str, tmp_path: Path, place: str
) -> None:
    with (
        a_scanner() as clamd,
        a_product(tmp_path, sqlite_database_url, ALDIA_SCANNER=clamd.address) as product,
    ):
        product.start_simulator()
        product.start(f"{place}=kill:1")
        product.simulated("POST", f"/personas/{MARIA}/files", files={"file": ("nota.txt", EICAR, "text/plain")})
        await eventually(lambda: product.hits.exists() and product.died, within=20)
        assert await verdicts(sqlite_database_url) == ["waiting"]
        product.start()

        async def settled() -> bool:
            return await verdicts(sqlite_database_url) == ["infected"]

        # No lease is waited for: nobody else could have it.
        await eventually(settled, within=20)

    database = Database(sqlite_database_url)
    async with database.reading() as tx:
        (media,) = await tx.scalars(select(Media))
        (entry,) = await tx.scalars(select(AuditEntry).where(AuditEntry.action == "media.quarantined"))
    await database.close()
    assert (media.state, entry.subject) == ("stored", f"media:{media.id}")
    assert json.loads(entry.new or "")["signature"] == SIGNATURE
    await ledger.history_is_whole(sqlite_database_url)


async def verdicts(database_url: str) -> list[str]:
    database = Database(database_url)
    try:
        async with database.reading() as tx:
            return list(await tx.scalars(select(ScannedFile.verdict)))
    finally:
        await database.close()
