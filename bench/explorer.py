"""A page of /audit over a long history: each filter, its first page and the one that follows.

`python -m bench explorer --entries 5000000 [--postgres]`: by itself. Entries are written by the database, and not
chained: this is about finding, `python -m bench history` about proving.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import text

from bench import stands
from bench.seed import Shape
from console.agents import Viewer
from console.db import Database
from console.evidence import searching
from console.evidence.searching import Asked

PEOPLE, ACCOUNTS, AGENTS = 10_000, 5_000, 40
AIM = 0.3
"""Seconds that a page may take at five million entries."""
_STEP = 250_000
_LIMA = ZoneInfo("America/Lima")
_DAYS = 90
# As a day of the product looks: mostly messages and their statuses; each twentieth is something that somebody did.
_ACTION = """CASE WHEN n % 20 < 19 THEN
    CASE n % 5 WHEN 0 THEN 'message.received' WHEN 1 THEN 'message.queued' WHEN 2 THEN 'message.sent'
        WHEN 3 THEN 'message.delivered' ELSE 'message.read' END
    ELSE CASE n / 20 % 5 WHEN 0 THEN 'conversation.assigned' WHEN 1 THEN 'conversation.tagged'
        WHEN 2 THEN 'media.viewed' WHEN 3 THEN 'session.started' ELSE 'promise.made' END END"""
_ROWS = f"""
    INSERT INTO audit_entry (id, at_us, actor_kind, actor_id, actor_name, action, conversation_id, message_id,
        account_id, new, origin, hash)
    SELECT n, :begin + (n * :step), CASE WHEN n % 20 = 19 THEN 'agent' WHEN n % 5 = 0 THEN 'contact' ELSE 'system' END,
        CASE WHEN n % 20 = 19 THEN n / 20 % {AGENTS} + 1 END, CASE WHEN n % 20 = 19 THEN 'Agente' END,
        {_ACTION}, n * 7919 % {PEOPLE} + 1, n / 5 + 1, CASE WHEN n % 20 = 19 THEN n / 20 % {ACCOUNTS} + 1 END,
        '{{"kind":"text"}}', 'whatsapp', '4a44dc15364204a80fe80e9039455cc1608281820fe2b24f1e5233ade6af1dd5'
    FROM (%s) AS numbers"""  # noqa: S608 numbers of our own
_NUMBERS = {
    True: """WITH RECURSIVE count(n) AS (SELECT :low UNION ALL SELECT n + 1 FROM count WHERE n < :high)
        SELECT n FROM count""",
    False: "SELECT generate_series(CAST(:low AS BIGINT), CAST(:high AS BIGINT)) AS n",
}
_CREDITOR = "INSERT INTO creditor (id, name, created_at) VALUES (1, 'Andes', :now)"
_DEBTOR = """
    INSERT INTO debtor (id, name, name_key, country, timezone, created_at, updated_at, version)
    VALUES (1, 'A', 'a', 'PE', 'America/Lima', :now, :now, 1)"""
_ACCOUNTS = """
    INSERT INTO account (id, creditor_id, external_id, debtor_id, team_id, currency, status, state, balance_minor,
        overdue_minor, created_at, updated_at, version)
    SELECT n, 1, 'PR-' || n, 1, 1, 'PEN', 'open', 'current', 0, 0, CAST(:now AS {instant}), CAST(:now AS {instant}), 1
    FROM (%s) AS numbers"""


class Page(msgspec.Struct, frozen=True):
    """How long a page took, the middle of five, and what came."""

    seconds: float
    entries: int
    is_partial: bool
    following: int | None


def main(arguments: list[str]) -> None:
    """Fill a database, open every page, and end with 1 when one takes longer than AIM at the size asked for."""
    parser = argparse.ArgumentParser(prog="python -m bench explorer", description=__doc__)
    parser.add_argument("--entries", type=int, default=5_000_000)
    parser.add_argument("--postgres", action="store_true")
    options = parser.parse_args(arguments)
    with stands.prepared("postgres" if options.postgres else "sqlite", Shape(PEOPLE, 0)) as stand:
        slow = asyncio.run(_run(stand.settings.database_url, options.entries))
    if slow:
        raise SystemExit(f"slower than {AIM * 1000:.0f} ms: {', '.join(slow)}")


async def _run(url: str, count: int) -> list[str]:
    db = Database(url)
    try:
        begun = time.perf_counter()
        await _fill(db, count)
        print(f"{count:,} entries written in {time.perf_counter() - begun:.0f} s", flush=True)
        slow = []
        for viewer in (_viewer(None), _viewer(await _a_team(db))):
            for what, asked in _asked().items():
                first = await _page(db, viewer, asked, None)
                _say(viewer, what, first)
                following = await _page(db, viewer, asked, first.following) if first.following else None
                if following:
                    _say(viewer, f"{what}, the page after", following)
                slow += [what for page in (first, following) if page and page.seconds > AIM]
        return slow
    finally:
        await db.close()


async def _a_team(db: Database) -> int:
    async with db.reading() as tx:
        return int(await tx.scalar(text("SELECT team_id FROM conversation WHERE id = 4242")) or 0)


async def _fill(db: Database, count: int) -> None:
    is_sqlite = db.is_sqlite
    begin = int((datetime.now(UTC) - timedelta(days=_DAYS)).timestamp() * 1_000_000)
    step = _DAYS * 86_400 * 1_000_000 // count
    async with db.reading() as tx:
        head = int(await tx.scalar(text("SELECT entry_id FROM audit_head")) or 0)
    numbers = _NUMBERS[is_sqlite]
    moment = datetime.now(UTC)
    now = moment.replace(tzinfo=None).isoformat(" ", "microseconds") if is_sqlite else moment
    async with db.writer.begin() as connection:
        await connection.execute(text(_CREDITOR), {"now": now})
        await connection.execute(text(_DEBTOR), {"now": now})
        accounts = _ACCOUNTS.replace("{instant}", "TEXT" if is_sqlite else "TIMESTAMPTZ").replace("%s", numbers)
        await connection.execute(text(accounts), {"now": now, "low": 1, "high": ACCOUNTS})
    for low in range(head + 1, count + 1, _STEP):
        bounds = {"low": low, "high": min(low + _STEP - 1, count), "begin": begin, "step": step}
        async with db.writer.begin() as connection:
            await connection.execute(text(_ROWS.replace("%s", numbers)), bounds)
    async with db.writer.begin() as connection:
        await connection.execute(text("UPDATE audit_head SET entry_id = :last"), {"last": max(head, count)})
        await connection.execute(text("ANALYZE"))


async def _page(db: Database, viewer: Viewer, asked: Asked, below: int | None) -> Page:
    taken = []
    for _ in range(5):
        begun = time.perf_counter()
        async with db.reading() as tx:
            found = await searching.find(tx, viewer, asked, _LIMA, below=below)
        taken.append(time.perf_counter() - begun)
    return Page(sorted(taken)[2], len(found.entries), found.is_partial, found.following)


def _say(viewer: Viewer, what: str, page: Page) -> None:
    who = "all" if viewer.sees_all else "a team"
    cut = ", looked for as long as it may" if page.is_partial else ""
    print(f"{page.seconds * 1000:6.1f} ms  {who}: {what}, {page.entries} entries{cut}", flush=True)


def _viewer(team: int | None) -> Viewer:
    if team is None:
        return Viewer(id=1, name="", role="admin", team_ids=frozenset())
    return Viewer(id=1, name="", role="supervisor", team_ids=frozenset({team}))


def _asked() -> dict[str, Asked]:
    today = datetime.now(UTC)
    since, until = f"{today - timedelta(days=60):%Y-%m-%d}", f"{today - timedelta(days=53):%Y-%m-%d}"
    return {
        "everything": Asked(),
        "a contact by name": Asked(contact="Quispe"),
        "a contact by number": Asked(contact="51900004242"),
        "an account": Asked(account="PR-4242"),
        "a conversation": Asked(conversation="4242"),
        "an agent": Asked(actor="7"),
        "a kind of actor": Asked(actor="agent"),
        "an action": Asked(action="promise.made"),
        "an action that never was": Asked(action="never.was"),
        "a group": Asked(group="sessions"),
        "a week two months ago": Asked(since=since, until=until),
        "a conversation in that week": Asked(conversation="4242", since=since, until=until),
        "an action in that week": Asked(action="promise.made", since=since, until=until),
    }
