"""What was there before is read while new messages keep coming."""

from __future__ import annotations

import asyncio
from itertools import count
from pathlib import Path

from sqlalchemy import select

from console.search.feeder import Feeder
from console.search.models import SearchProgress
from tests.front import Front, a_console, settings_for
from tests.inbox import meta
from tests.patience import eventually, pace


async def test_a_stream_of_news_does_not_keep_what_is_old_from_being_read(database_url: str, tmp_path: Path) -> None:
    async with a_console(settings_for(database_url, tmp_path)) as front:
        front.app.state["work"].cancel()
        await _write(front, "lo de antes")
        stop = asyncio.Event()
        feeding = asyncio.create_task(Feeder(front.console.db).run(stop))
        streaming = asyncio.create_task(_stream(front))

        async def is_read() -> bool:
            async with front.console.db.reading() as tx:
                progress = (await tx.scalars(select(SearchProgress))).one()
                return progress.history is not None and progress.fill_below is None

        try:
            await eventually(is_read)
        finally:
            stop.set()
            streaming.cancel()
            await asyncio.gather(feeding, streaming, return_exceptions=True)


async def _write(front: Front, text: str) -> None:
    assert (await front.webhook(meta.body(meta.text(text)))).status_code == 200


async def _stream(front: Front) -> None:
    for number in count():
        await _write(front, f"nuevo {number}")
        await pace(0.05)
