"""Tags as a program lists, filters by and sets them; the account state comes first and by itself."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from console import clock
from console.agents import Team
from console.inbox.rows import labels_of
from console.portfolio.models import PortfolioRules
from tests.api.house import House, Program
from tests.inbox import meta
from tests.portfolio.debts import a_debtor

OTHER = "51944218399"


async def owes(house: House, phone: str = meta.MARIA, *, days: int = 45) -> None:
    async with house.db.reading() as tx:
        team = (await tx.scalars(select(Team.id).order_by(Team.id))).first()
    assert team is not None
    await a_debtor(house.db, team, phone=phone, invoices=[("C-1", clock.now().date() - timedelta(days=days), 900)])


async def patched(program: Program, path: str, change: dict[str, Any]) -> dict[str, Any]:
    answer = await program.http.patch(path, json=change)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_the_account_state_stands_first_among_the_tags_and_can_be_listed_by(
    house: House, program: Program
) -> None:
    await house.writes(meta.MARIA, OTHER)
    await owes(house)
    late = await program.conversation()

    changed = await patched(program, f"/conversations/{late['id']}", {"tags": ["Paga por Yape", "Aval"]})

    assert changed["tags"] == ["Vencido 31-60", "Aval", "Paga por Yape"]
    assert changed["version"] > late["version"]
    for tag in ("Vencido 31-60", "vencido  31-60", "paga por yape", "AVAL"):
        assert [each["id"] for each in await program.walk("/conversations", tag=tag)] == [late["id"]], tag
    assert await program.walk("/conversations", tag="Al día") == []
    assert await program.walk("/conversations", tag="nadie la tiene") == []


async def test_tags_are_set_as_they_were_given_and_what_stays_is_not_told_anew(house: House, program: Program) -> None:
    await house.writes(meta.MARIA)
    await owes(house)
    number = (await program.conversation())["id"]
    await patched(program, f"/conversations/{number}", {"tags": ["Uno", "Dos"]})

    # As it came, with one more and one less, and another spelling of what stays.
    changed = await patched(program, f"/conversations/{number}", {"tags": ["Vencido 31-60", "DOS", "Trés"]})

    assert changed["tags"] == ["Vencido 31-60", "Dos", "Trés"]
    told = [each["action"] for each in await program.walk("/audit", conversation=number)]
    assert told.count("conversation.tagged") == 3
    assert told.count("conversation.untagged") == 1
    assert (await patched(program, f"/conversations/{number}", {"tags": []}))["tags"] == ["Vencido 31-60"]


@pytest.mark.parametrize(
    ("tags", "code"),
    [
        (["Al día"], "computed_tag"),
        (["vencido 1-15"], "computed_tag"),
        (["Disputa"], "computed_tag"),
        ([""], "invalid"),
        (["x" * 41], "invalid"),
        (["tab\tulador\x07"], "invalid"),
        ([f"n{number}" for number in range(22)], "too_many"),
    ],
)
async def test_what_cannot_be_a_tag_is_refused_and_nothing_changes(
    house: House, program: Program, tags: list[str], code: str
) -> None:
    await house.writes(meta.MARIA)
    before = await program.conversation()

    answer = await program.http.patch(f"/conversations/{before['id']}", json={"tags": tags, "status": "resolved"})

    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert await program.conversation() == before


async def test_the_catalogue_lists_states_and_free_tags_page_by_page(house: House, program: Program) -> None:
    await house.writes(meta.MARIA)
    number = (await program.conversation())["id"]
    await patched(program, f"/conversations/{number}", {"tags": ["Uno", "Dos"]})

    every = await program.walk("/tags")

    states = ["Al día", "Vencido 1-30", "Vencido 31-60", "Vencido +60", "En plan de pago", "Disputa"]
    assert [each["name"] for each in every] == [*states, "Uno", "Dos"]
    assert [each["kind"] for each in every] == ["account_state"] * 6 + ["free"] * 2
    for limit in (1, 5, 6, 7):
        assert await program.walk("/tags", limit=limit) == every
        assert len((await program.get("/tags", limit=limit))["items"]) == limit


async def test_other_edges_name_the_states_otherwise_at_once(house: House, program: Program) -> None:
    await house.writes(meta.MARIA)
    await owes(house, days=45)
    async with house.db.transaction() as tx:
        await tx.execute(update(PortfolioRules).values(first_edge=40, second_edge=80))

    assert (await program.conversation())["tags"] == ["Vencido 41-80"]
    assert "Vencido 41-80" in [each["name"] for each in await program.walk("/tags")]
    async with house.db.reading() as tx:
        assert await labels_of(tx, [999]) == {}
