"""What the process has counted, and who may see it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import select, update

from console import clock, metrics
from console.inbox import ingest
from console.inbox.models import Message
from tests.api.house import House, serving
from tests.inbox import meta


@pytest.fixture
async def house(database_url: str) -> AsyncIterator[House]:
    async with serving(database_url) as house:
        yield house


async def scraped(house: House) -> dict[str, float]:
    """Every series that a scrape from this machine gives."""
    async with httpx.AsyncClient(base_url=house.url, trust_env=False) as prometheus:
        answer = await prometheus.get("/metrics")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return {
        sample.name + "".join(f"[{value}]" for value in sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


async def test_what_waits_is_counted_when_asked(house: House) -> None:
    before = await scraped(house)
    await house.writes(meta.MARIA, "51900000001")
    async with house.program() as program:
        conversation = await program.conversation()
        path = f"/conversations/{conversation['id']}/messages"
        for _ in range(3):
            await program.http.post(path, json={"type": "text", "text": {"body": "Buenas"}})
    async with house.db.transaction() as tx:
        await ingest.dead_letter(tx, {b"{": "not_json"}, clock.now())
        ours = update(Message).where(Message.direction == "out")
        await tx.execute(ours.values(status="unknown", due_at=None))

    after = await scraped(house)

    assert before["aldia_backlog[unknown]"] == 0
    assert (after["aldia_backlog[unknown]"], after["aldia_backlog[dead_letters]"]) == (3, 1)
    assert after["aldia_history_head"] > before["aldia_history_head"] > 0
    assert after["aldia_messages_received_total"] - before["aldia_messages_received_total"] == 2
    assert {f"aldia_backlog[{name}]" for name in ("queued", "sending", "dead_letters", "media")} <= set(after)


async def test_every_series_is_there_before_its_first_event(house: House) -> None:
    series = set(await scraped(house))

    assert {
        "aldia_webhooks_total[accepted]",
        "aldia_webhooks_total[bad_signature]",
        "aldia_sends_total[sent]",
        "aldia_sends_total[failed]",
        "aldia_ticks_total[read]",
        "aldia_frames_pushed_total",
        "aldia_live_sockets",
        "aldia_live_streams",
        "aldia_webhook_seconds_count",
        "aldia_screen_seconds_count",
        "aldia_ingest_batch_size_count",
        "aldia_event_loop_lag_seconds_count",
    } <= series
    assert not [name for name in series if name.endswith("_created")]


async def test_counting_what_waits_reads_only_what_waits(sqlite_database_url: str) -> None:
    """A scrape every few seconds must not read all messages ever sent. SQLite tells its plan without the rows."""
    async with serving(sqlite_database_url) as house:
        with house.queries() as seen:
            await scraped(house)
        (backlog,) = [statement for statement in seen if "dead_letter" in statement]
        async with house.db.reading() as tx:
            connection = await tx.connection()
            plan = [row[-1] for row in await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {backlog}")]

    for table in ("message", "dead_letter", "media"):
        steps = [step for step in plan if table in step]
        assert steps
        assert all("INDEX" in step for step in steps), plan


async def test_numbers_are_for_this_machine_or_for_a_token(house: House) -> None:
    passed_on = {"x-forwarded-for": "203.0.113.9"}
    async with house.program("metrics") as scraper, house.program("audit:read") as other:
        statuses = [
            (await client.get(f"{house.url}/metrics", headers=headers)).status_code
            for client, headers in (
                (scraper.http, passed_on),
                (other.http, passed_on),
                (scraper.http, {**passed_on, "authorization": ""}),
            )
        ]

    assert statuses == [200, 403, 401]


async def test_time_in_which_nobody_is_served_shows_as_lag() -> None:
    before = metrics.loop_lag._sum.get()
    watching = asyncio.create_task(metrics.watch_loop(every=0.01))
    await asyncio.sleep(0)

    while metrics.loop_lag._sum.get() - before < 0.05:
        hogging = time.perf_counter()
        while time.perf_counter() - hogging < 0.06:
            pass  # the fault itself: something that does not let go of the loop
        await asyncio.sleep(0)

    watching.cancel()


async def test_calls_are_counted_by_how_they_were_answered(house: House) -> None:
    before = await scraped(house)
    async with house.program() as program:
        await program.get("/users")
        await program.http.get("/conversations/999")
        await program.http.get("/users", headers={"authorization": "Bearer nobody"})

    after = await scraped(house)

    for status in ("200", "404", "401"):
        series = f"aldia_api_requests_total[{status}]"
        assert after[series] - before.get(series, 0) == 1


async def test_the_log_behind_a_reader_that_never_ends_is_seen_to_grow(sqlite_database_url: str) -> None:
    """Row F24: docs/operations.md has the threshold. It is not copied into the file while somebody reads before it."""
    async with serving(sqlite_database_url) as house:
        before = (await scraped(house))["aldia_wal_bytes"]
        async with house.db.reading() as forgotten:
            await forgotten.execute(select(Message.id).limit(1))
            for number in range(40):
                await house.writes(*(f"519000{number:02}{each:03}" for each in range(40)), text="x" * 1000)

            assert (await scraped(house))["aldia_wal_bytes"] > before + 4_000_000
            assert (await scraped(house))["aldia_backlog[dead_letters]"] == 0
