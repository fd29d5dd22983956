"""Saved views: one's own and a team's, counted as everyone may see, in their order, and nobody else's."""

from __future__ import annotations

import asyncio
import re

import pytest
from sqlalchemy import event, select, update

from console.agents import Team
from console.audit import AuditEntry
from console.inbox.models import Conversation
from console.saved_views import reading, saving
from tests.front import Front, Person
from tests.inbox import meta


async def team_of(front: Front, name: str = "Cobranza") -> str:
    async with front.console.db.reading() as tx:
        return str((await tx.scalars(select(Team.id).where(Team.name == name))).one())


async def save(person: Person, name: str, **asked: str) -> int:
    return (await person.do("/inbox/saved-views", name=name, **{"view": "all", **asked})).status_code


async def seen(person: Person) -> list[tuple[str, str]]:
    """The names and numbers, in order."""
    page = await person.see("/inbox/saved-views")
    return re.findall(r'class="named" dir="auto">([^<]+)</span> <b class="num">([^<]+)<', page)


async def ids(person: Person) -> list[str]:
    return re.findall(r'data-deed="/inbox/saved-views/(\d+)"', await person.see("/inbox/saved-views"))


async def test_a_list_is_kept_with_its_filters_and_counted_as_one_may_see(front: Front) -> None:
    rosa, beto = await front.agent("Rosa", role="supervisor"), await front.agent("Beto", team="Otra")
    ana = await front.agent("Ana")
    for number in range(3):
        await front.webhook(meta.body(meta.text(sender=f"5194400{number:04}")))

    assert await save(rosa, "Todo el equipo", team=await team_of(front)) == 200
    assert await save(ana, "Ventana", window="closing", days_from="31") == 200
    assert await seen(ana) == [("Ventana", "0"), ("Todo el equipo", "3")]
    assert await seen(beto) == []
    page = await ana.see("/inbox/saved-views")
    assert 'href="/inbox?view=all&amp;days_from=31&amp;window=closing"' in page
    assert "/inbox/saved-views/1" not in page, "a team's is changed by who leads it"
    async with front.console.db.transaction() as tx:
        other = int(await team_of(front, "Otra"))
        await tx.execute(update(Conversation).where(Conversation.id == 1).values(team_id=other))
    assert ("Todo el equipo", "2") in await seen(ana)


async def test_only_who_leads_shares_and_only_with_teams_of_theirs(front: Front) -> None:
    rosa, ana = await front.agent("Rosa", role="supervisor"), await front.agent("Ana")
    elena = await front.agent("Elena", role="admin")
    await front.agent("Beto", team="Otra")
    other = await team_of(front, "Otra")

    assert await save(ana, "Para todos", team=await team_of(front)) == 403
    assert await save(rosa, "Para los otros", team=other) == 422
    assert await save(rosa, "Para nadie", team="999") == 422
    assert await save(elena, "De arriba", team=other) == 200
    assert "Equipo Otra" not in await rosa.see("/inbox/saved-views/new")
    assert "Equipo" not in await ana.see("/inbox/saved-views/new")


async def test_another_persons_view_can_be_neither_seen_nor_changed(front: Front) -> None:
    ana, luz = await front.agent("Ana"), await front.agent("Luz")
    elena = await front.agent("Elena", role="admin")
    rosa = await front.agent("Rosa", role="supervisor")
    await save(ana, "La mía")
    await save(rosa, "La nuestra", team=await team_of(front))

    for other in (luz, elena, rosa):
        assert "La mía" not in await other.see("/inbox/saved-views")
        assert (await other.http.get("/inbox/saved-views/1")).status_code == 404
        for deed in ("rename", "up", "down", "remove"):
            assert (await other.do("/inbox/saved-views/1", deed=deed, name="x")).status_code == 404
    assert (await ana.do("/inbox/saved-views/2", deed="remove")).status_code == 403
    assert (await ana.do("/inbox/saved-views/2", deed="rename", name="x")).status_code == 403
    assert (await elena.do("/inbox/saved-views/2", deed="rename", name="De todos")).status_code == 200


async def test_views_are_renamed_moved_and_removed_on_record(front: Front) -> None:
    ana = await front.agent("Ana")
    for name in ("uno", "dos", "tres"):
        await save(ana, name)

    assert await ids(ana) == ["1", "2", "3"]
    await ana.do("/inbox/saved-views/3", deed="up")
    await ana.do("/inbox/saved-views/1", deed="up")
    assert await ids(ana) == ["1", "3", "2"]
    await ana.do("/inbox/saved-views/1", deed="down")
    assert await ids(ana) == ["3", "1", "2"]
    await ana.do("/inbox/saved-views/2", deed="rename", name="  Mi   lista ")
    await ana.do("/inbox/saved-views/1", deed="remove")
    assert [name for name, _count in await seen(ana)] == ["tres", "Mi lista"]
    async with front.console.db.reading() as tx:
        told = list(await tx.scalars(select(AuditEntry.action).where(AuditEntry.subject.like("view:%"))))
    assert told == ["view.saved"] * 3 + ["view.moved"] * 2 + ["view.renamed", "view.removed"]


@pytest.mark.parametrize(
    ("asked", "status", "field"),
    [
        ({"name": " "}, 422, None),
        ({"name": "x" * 41}, 422, None),
        ({"name": "a\ab"}, 422, None),
        ({"name": "bien", "view": "nope"}, 422, "view"),
        ({"name": "bien", "amount_from": "-4"}, 422, "amount_from"),
        ({"name": "bien", "team": "x"}, 422, "team"),
    ],
)
async def test_what_cannot_be_kept_is_refused_by_its_field(
    front: Front, asked: dict[str, str], status: int, field: str | None
) -> None:
    ana = await front.agent("Ana")

    answer = await ana.do("/inbox/saved-views", **asked)

    assert answer.status_code == status
    if field:
        assert answer.json()["field"] == field
    else:
        assert 'aria-invalid="true"' in answer.text
    assert await seen(ana) == []


async def test_a_name_is_taken_once_however_it_is_spelt_and_by_whoever_is_first(front: Front) -> None:
    ana, luz = await front.agent("Ana"), await front.agent("Luz")

    done = await asyncio.gather(*(save(ana, name) for name in ("Hoy", "HOY", "hóy")))

    assert sorted(done) == [200, 409, 409]
    assert await save(luz, "Hoy") == 200


async def test_there_are_not_endlessly_many(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saving, "MOST", 2)
    ana = await front.agent("Ana")

    assert [await save(ana, name) for name in ("a1", "b2", "c3")] == [200, 200, 422]


async def test_numbers_are_counted_so_far_and_by_two_statements(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "COUNTED", 2)
    ana = await front.agent("Ana")
    for number in range(3):
        await front.webhook(meta.body(meta.text(sender=f"5194400{number:04}")))
    asked: list[str] = []
    event.listen(
        front.console.db.reader.sync_engine,
        "before_cursor_execute",
        lambda _c, _u, statement, *_: (
            asked.append(statement) if "saved_view" in statement or "count(" in statement else None
        ),
    )
    await save(ana, "uno")
    asked.clear()
    assert await seen(ana) == [("uno", "1+")]
    few = len(asked)
    for name in ("dos", "tres", "cuatro"):
        await save(ana, name)
    asked.clear()

    assert [count for _name, count in await seen(ana)] == ["1+"] * 4
    assert len(asked) == few == 2
