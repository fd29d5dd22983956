"""kill -9 with the file written and the row not: fetched again, stored once, nothing broken is served. Row K14."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from sqlalchemy import select, update

from console import clock
from console.db import Database
from console.inbox import media_files
from console.inbox.models import Media
from tests.faults import ledger
from tests.faults.product import a_product
from tests.patience import eventually

MARIA = "maria-fernanda-ccori"


async def test_killed_between_the_file_and_its_row(sqlite_database_url: str, tmp_path: Path) -> None:
    with a_product(tmp_path, sqlite_database_url) as product:
        product.start_simulator()
        product.start("media.downloaded=kill:1")
        product.simulated("POST", f"/personas/{MARIA}/photo", json={"caption": "mire"})
        await eventually(lambda: product.hits.exists() and product.died, within=20)
        await _five_minutes_go_by(sqlite_database_url)
        product.start()
        media = await eventually(lambda: _stored(sqlite_database_url), within=20)

    content = media_files.place(tmp_path / "media", media["sha256"]).read_bytes()
    assert hashlib.sha256(content).hexdigest() == media["sha256"]
    assert len(content) == media["size"]
    await ledger.history_is_whole(sqlite_database_url)


async def _five_minutes_go_by(database_url: str) -> None:
    """The claim of the dead process runs out."""
    database = Database(database_url)
    async with database.transaction() as tx:
        await tx.execute(update(Media).values(claimed_until=clock.now()))
    await database.close()


async def _stored(database_url: str) -> dict[str, Any]:
    database = Database(database_url)
    try:
        async with database.reading() as tx:
            rows = (await tx.scalars(select(Media))).all()
    finally:
        await database.close()
    assert len(rows) == 1
    return {"sha256": rows[0].sha256, "size": rows[0].size} if rows[0].state == "stored" else {}
