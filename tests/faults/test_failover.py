"""Row F10: the database's machine is gone for good, and its standby takes over.

What was acknowledged is there if the standby is synchronous; else screens and programs go on from what there is.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
from sqlalchemy.engine import make_url

from tests import servers
from tests.databases import PostgresCopies
from tests.faults import ledger
from tests.faults.test_postgres import Load, by_hand
from tests.front import a_console, settings_for
from tests.inbox import meta
from tests.patience import eventually
from tests.servers import Server


def folder_of(url: str) -> str:
    """Where the server's socket is."""
    return str(make_url(url).query["host"])


async def say(url: str, sql: str) -> object:
    """What one statement gives."""
    connection = await asyncpg.connect(make_url(url).set(drivername="postgresql").render_as_string())
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


@contextmanager
def address(server: Server) -> Iterator[Path]:
    """One name for whichever server is the one, as a virtual address or a proxy gives it."""
    folder = Path(tempfile.mkdtemp(prefix="aldia-vip-", dir=servers.SHORT))
    (folder / "now").symlink_to(folder_of(server.url))
    yield folder / "now"
    shutil.rmtree(folder)


def point(name: Path, server: Server) -> None:
    """Let the name mean `server` from now on."""
    fresh = name.with_name("next")
    fresh.symlink_to(folder_of(server.url))
    fresh.replace(name)


async def test_row_f10_a_synchronous_standby_takes_over_with_everything_that_was_acknowledged(tmp_path: Path) -> None:
    with servers.postgres({"wal_level": "replica", "max_wal_senders": "4"}) as primary:
        copies = PostgresCopies(primary.url)
        copies.prepare()
        copies.hang_up()
        with servers.standby_of(primary) as standby, address(primary) as name:
            await say(primary.url, "ALTER SYSTEM SET synchronous_standby_names = '*'")
            await say(primary.url, "SELECT pg_reload_conf()")

            async def is_synchronous() -> bool:
                return await say(primary.url, "SELECT sync_state FROM pg_stat_replication") == "sync"

            await eventually(is_synchronous, within=15)
            url = make_url(copies.master).set(query={"host": str(name)}).render_as_string(hide_password=False)
            async with a_console(settings_for(url, tmp_path)) as front:
                ana = await front.agent("Ana")
                load = Load(front, ana)
                async with ana.live(view="all") as wire, load.running():
                    await wire.shows("otra más", within=20)
                    await eventually(lambda: len(load.wamids) > 40, within=30)
                    before = len(load.wamids)

                    await by_hand(primary.kill)
                    await say(standby.url, "SELECT pg_promote(true, 30)")
                    point(name, standby)

                    await eventually(lambda: len(load.wamids) > before + 20, within=30)
                assert set(load.refusals) <= {503}
                assert set(load.pages) <= {200, 503, 0}
            await ledger.received_once(url, load.wamids)
            await ledger.history_is_whole(url)


async def test_row_f10_a_standby_that_lags_takes_over_and_screens_show_what_comes_then(tmp_path: Path) -> None:
    """Its history is shorter: the numbers that screens have seen come a second time, for something else."""
    with servers.postgres({"wal_level": "replica", "max_wal_senders": "4"}) as primary:
        copies = PostgresCopies(primary.url)
        copies.prepare()
        copies.hang_up()
        with servers.standby_of(primary) as standby, address(primary) as name:
            url = make_url(copies.master).set(query={"host": str(name)}).render_as_string(hide_password=False)
            async with a_console(settings_for(url, tmp_path)) as front:
                ana = await front.agent("Ana")
                await front.webhook(meta.body(first := meta.text("antes")))
                await eventually(lambda: _has(standby, make_url(url).database or "", "antes"), within=15)
                await say(standby.url, "ALTER SYSTEM SET primary_conninfo = ''")
                await say(standby.url, "SELECT pg_reload_conf()")
                await eventually(lambda: _is_alone(primary), within=15)
                async with ana.live(view="all") as wire:
                    for number in range(30):
                        await front.webhook(meta.body(meta.text(f"se pierde {number}")))
                    await wire.shows("se pierde 29")
                    stream, was = front.console.live, front.console.live.head

                    await by_hand(primary.kill)
                    await say(standby.url, "SELECT pg_promote(true, 30)")
                    point(name, standby)

                    await eventually(lambda: stream.head < was, within=30)
                    await wire.until(lambda frame: "list" in frame.control.get("reload", ()))
                    await front.webhook(meta.body(last := meta.text("después")))
                    await wire.shows("después")
            await ledger.received_once(url, [first["id"], last["id"]])
            await ledger.history_is_whole(url)


async def _has(server: Server, database: str, text: str) -> bool:
    return bool(
        await say(server.url.replace("/postgres?", f"/{database}?"), f"SELECT 1 FROM message WHERE text = '{text}'")
    )


async def _is_alone(server: Server) -> bool:
    return await say(server.url, "SELECT count(*) FROM pg_stat_replication") == 0
