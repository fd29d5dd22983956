"""A word that everybody says and of which one may see little is looked for along what one may see."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import event

from console.agents import Viewer
from console.db import Database
from console.inbox import policy
from console.search import finding, matching, within
from console.search.found import Place
from console.search.searcher import Searcher
from console.search.words import read_query
from tests.inbox.people import Inbox, an_inbox
from tests.search.portfolio import a_portfolio, they_said

NOBODY = Viewer(id=999_999, name="De nadie", role="agent", team_ids=frozenset())
QUERIES = ("cuota", "la cuot", "banco", "banco cuota", "poco", "nada")


@pytest.fixture
async def searcher(database: Database, database_url: str) -> AsyncIterator[Searcher]:
    made = Searcher(database_url)
    yield made
    await made.close()


def sees(viewer: Viewer, conversation: dict[str, Any]) -> bool:
    is_his = policy.sees(viewer, team_id=conversation["team_id"], holder_id=conversation["holder_id"])
    return is_his and conversation["status"] != "merged"


def words_of(inbox: Inbox, conversations: list[dict[str, Any]]) -> dict[int, str]:
    """What is said in each: one word by all, one where the other team cannot see, one in every twentieth."""
    ours = {one["id"] for one in conversations if not sees(inbox.stranger, one)}
    return {
        number: f"la cuota{' banco' if number in ours else ''}{' poco' if number % 20 == 0 else ''}"
        for number in (one["id"] for one in conversations)
    }


async def every_page(searcher: Searcher, viewer: Viewer, q: str) -> list[tuple[int, int, bool]]:
    """All that is found, page by page: the conversation, its newest message, and whether there are more."""
    seen: list[tuple[int, int, bool]] = []
    place: Place | None = None
    while True:
        async with searcher.reading() as tx:
            page = await finding.find(tx, viewer, read_query(q), after=place, version=0)
        seen += [(one.row.conversation_id, one.hit.message_id, one.has_more) for one in page.groups if one.hit]
        place = page.following
        if place is None:
            return seen


@pytest.mark.parametrize("is_tried", [True, False], ids=["along what one sees", "along all that matches"])
async def test_what_one_may_see_is_found_in_order_from_either_side(
    database: Database, searcher: Searcher, monkeypatch: pytest.MonkeyPatch, *, is_tried: bool
) -> None:
    inbox = await an_inbox(database)
    conversations = await a_portfolio(database, inbox)
    words = words_of(inbox, conversations)
    said = await they_said(database, inbox, 700, words.__getitem__, apart=3_000)
    monkeypatch.setattr(matching, "_STEPS", (2, 300))
    monkeypatch.setattr(within, "LOOKED", 1)
    monkeypatch.setattr(within, "FAR", 0)
    monkeypatch.setattr(within, "MESSAGES", 50_000 if is_tried else -1)
    monkeypatch.setattr(finding, "MOST_SHOWN", 1_000)

    for viewer in (inbox.ana, inbox.supervisor, inbox.stranger, inbox.admin, NOBODY):
        theirs = {one["id"] for one in conversations if sees(viewer, one)}
        for q in QUERIES:
            newest: dict[int, list[int]] = {}
            for number, conversation, text in said:
                if conversation in theirs and all(f" {word}" in f" {text}" for word in q.split()):
                    newest.setdefault(conversation, []).append(number)
            wanted = sorted(((one, max(all_), len(all_) > 1) for one, all_ in newest.items()), key=lambda one: -one[1])

            found = await every_page(searcher, viewer, q)

            assert [one[:2] for one in found] == [one[:2] for one in wanted], (viewer.name, q)
            if is_tried and not viewer.sees_all:
                assert found == wanted, (viewer.name, q)


async def test_of_a_word_of_which_one_sees_nothing_the_matches_are_not_walked_through(
    database: Database, searcher: Searcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the first ones on it is known that they are not one's own."""
    inbox = await an_inbox(database)
    words = words_of(inbox, await a_portfolio(database, inbox))
    await they_said(database, inbox, 900, words.__getitem__, apart=8_000)
    monkeypatch.setattr(matching, "_STEPS", (20, 20))
    monkeypatch.setattr(within, "LOOKED", 2)
    walked: list[str] = []
    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        asked.append(statement)
        if "search_message_words" in statement or "@@" in statement:
            walked.append(statement)

    event.listen(searcher.engine.sync_engine, "before_cursor_execute", note)
    for viewer, q in ((NOBODY, "cuota"), (inbox.stranger, "banco")):
        walked.clear()
        asked.clear()
        async with searcher.reading() as tx:
            found = await finding.find(tx, viewer, read_query(q), version=0)

        assert (found.groups, found.following, found.is_cut) == ([], None, False)
        assert len([one for one in walked if "search_message" in one]) <= 2, walked
        assert len([one for one in asked if "WITH seen" in one]) == 2


async def test_along_what_one_may_see_no_table_is_read_from_end_to_end(database: Database, searcher: Searcher) -> None:
    inbox = await an_inbox(database)
    words = words_of(inbox, await a_portfolio(database, inbox))
    await they_said(database, inbox, 6_000, words.__getitem__, apart=10)
    plans: list[str] = []

    def explain(connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.startswith("WITH seen"):
            how = "EXPLAIN QUERY PLAN" if database.is_sqlite else "EXPLAIN"
            told = connection.exec_driver_sql(f"{how} {statement}", parameters).all()
            plans.append("\n".join(str(line[-1]) for line in told))

    async with searcher.reading() as tx:
        connection = await tx.connection()
        event.listen(connection.sync_connection, "before_cursor_execute", explain)
        await finding.find(tx, inbox.stranger, read_query("banco"), version=0)

    assert len(plans) == 2
    for plan in plans:
        assert "ix_search_message_conversation" in plan
        assert "SCAN search_message" not in plan
        assert "Seq Scan on search_message" not in plan
