"""A name that many bear is found as one that few do, and a plan is made for each word that is looked for."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import event, insert, text

from console.agents import Viewer
from console.db import Database, table_of
from console.search import crowded, finding
from console.search.models import SearchMessage
from console.search.searcher import Searcher
from console.search.words import read_query
from tests.inbox.people import an_inbox
from tests.search.portfolio import a_portfolio


@pytest.fixture(params=[(300, 4_000), (7, 20)], ids=["walked in one", "in steps, and not far enough"])
def walks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crowded, "_WALKS", request.param)


@pytest.mark.usefixtures("walks")
async def test_of_many_the_same_are_found_as_if_all_were_sorted(
    database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox = await an_inbox(database)
    await a_portfolio(database, inbox)
    nobody = Viewer(id=999_999, name="De nadie", role="agent", team_ids=frozenset())
    searcher = Searcher(database_url)
    try:
        for viewer in (inbox.ana, inbox.admin, inbox.stranger, nobody):
            for q in ("ma", "maria", "jul quis", "garcia", "5194", "maria garcia", "pedro"):
                found = []
                for many in (10**9, 3):
                    monkeypatch.setattr(crowded, "MANY", many)
                    async with searcher.reading() as tx:
                        found.append(await finding.find_people(tx, viewer, read_query(q)))
                assert found[0] == found[1], (viewer.name, q)
                assert bool(found[0]) == (viewer is not nobody and q != "pedro"), (viewer.name, q)
    finally:
        await searcher.close()


async def test_postgresql_makes_its_plan_for_the_word_that_is_looked_for(
    postgres_database_url: str,
) -> None:
    """After five searches it would take one for any word: all people walked along for each one found, for seconds."""
    database, searcher = Database(postgres_database_url), Searcher(postgres_database_url)
    try:
        inbox = await an_inbox(database)
        for _ in range(8):
            async with searcher.reading() as tx:
                await finding.find(tx, inbox.admin, read_query("maria quispe"), version=0)
        async with searcher.reading() as tx:
            # What has nothing to be told has but one plan.
            told = "SELECT sum(generic_plans), sum(custom_plans) FROM pg_prepared_statements"
            plans = await tx.execute(text(f"{told} WHERE cardinality(parameter_types) > 0"))
            generic, custom = plans.one()
        assert (generic, custom > 0) == (0, True)
    finally:
        await searcher.close()
        await database.close()


async def test_sqlite_goes_from_what_matches_to_its_conversations_and_reads_no_other_message(
    sqlite_database_url: str,
) -> None:
    """Left to choose it reads every message there is, along an index, and looks each up in what matched."""
    database, searcher = Database(sqlite_database_url), Searcher(sqlite_database_url)
    plans: list[str] = []

    def explain(connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.startswith("WITH found"):
            told = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
            plans.extend(str(line[-1]) for line in told)

    try:
        inbox = await an_inbox(database)
        await a_portfolio(database, inbox)
        said = [
            {"message_id": number, "conversation_id": 1000 + number % 240, "folded": "la cuota vence"}
            for number in range(1, 20_000)
        ]
        async with database.transaction() as tx:
            await tx.execute(insert(table_of(SearchMessage)), said)
            await tx.execute(text("ANALYZE"))
        for viewer in (inbox.admin, inbox.ana):
            async with searcher.reading() as tx:
                connection = await tx.connection()
                event.listen(connection.sync_connection, "before_cursor_execute", explain)
                await finding.find(tx, viewer, read_query("cuota"), version=0)
    finally:
        await searcher.close()
        await database.close()
    assert len(plans) > 6
    assert [
        step for step in plans if step.startswith(("SCAN search_message ", "SCAN conversation")) or "AUTOMATIC" in step
    ] == []
