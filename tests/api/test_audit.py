"""The history, as a program reads it."""

from __future__ import annotations

from datetime import datetime, timedelta

from console import audit
from tests.api.house import House, Program
from tests.conftest import SECRET_KEY
from tests.inbox import meta


async def test_the_whole_history_can_be_read_and_checked(house: House, program: Program) -> None:
    await house.writes(meta.MARIA, "51900000001")
    entries = await program.walk("/audit", order="asc", limit=3)

    assert [int(entry["id"]) for entry in entries] == list(range(1, len(entries) + 1))
    assert await program.walk("/audit", limit=4) == entries[::-1]
    async with house.db.reading() as tx:
        verdict = await audit.verify(tx, SECRET_KEY)
    assert verdict.intact
    assert entries[-1]["hash"] == verdict.head
    received = next(entry for entry in entries if entry["action"] == "message.received")
    assert received["actor"]["kind"] == "contact"
    assert received["old"] is None
    assert received["new"]["kind"] == "text"


async def test_filters_narrow_and_combine(house: House, program: Program) -> None:
    await house.writes(meta.MARIA, "51900000001")
    mine = await program.conversation()
    everything = await program.walk("/audit", limit=100)

    async def ids(**filters: str) -> list[str]:
        return [entry["id"] for entry in await program.walk("/audit", limit=2, **filters)]

    def those(**wanted: str) -> list[str]:
        return [entry["id"] for entry in everything if all(entry[name] == value for name, value in wanted.items())]

    assert await ids(conversation=mine["id"]) == those(conversation_id=mine["id"]) != []
    assert await ids(action="message.received") == those(action="message.received") != []
    both = await ids(conversation=mine["id"], action="message.received")
    assert both == those(conversation_id=mine["id"], action="message.received") != []
    assert await ids(actor="contact") == [entry["id"] for entry in everything if entry["actor"]["kind"] == "contact"]
    contact = mine["contact"]["id"]
    assert await ids(actor=f"contact:{contact}", action="message.received") == both
    assert await ids(actor="12") == await ids(action="'; --") == []
    middle = everything[len(everything) // 2]["at"]
    after = (datetime.fromisoformat(middle) + timedelta(microseconds=1)).isoformat()
    assert [*await ids(**{"from": after}), *await ids(to=after)] == [entry["id"] for entry in everything]


async def test_a_bad_filter_is_refused_by_name(program: Program) -> None:
    for field, value in {
        "conversation": "abc",
        "actor": "nobody:1",
        "from": "ayer",
        "to": "2026-11-20T10:00:00",
        "order": "random",
        "limit": "0",
        "cursor": "x",
        "unknown": "1",
        "action": "x" * 65,
    }.items():
        answer = await program.http.get("/audit", params={field: value})

        assert (answer.status_code, answer.json()["field"]) in {(400, field), (422, field)}, field
