"""Roles of one's own: what they may is decided where everything is, at once, and nobody gives more than they have."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, select
from sqlalchemy.engine import Engine

from console import users
from console.agents import Agent, OwnRole, Role, Viewer
from console.audit import SYSTEM, AuditEntry
from console.errors import Refused
from console.inbox import policy
from console.roles.words import GROUPS, WORDS
from tests.front import Front, Person, a_console, settings_for
from tests.inbox import meta

PAGE = "/settings/roles"
DOORS = {
    "watch_floor": "/supervisor",
    "read_reports": "/reports",
    "read_history": "/audit",
    "import_portfolio": "/portfolio/imports",
    "apply_payments": "/portfolio/payments",
    "edit_templates": "/settings/templates",
    "edit_tags": "/settings/tags",
    "edit_bot": "/bot",
    "review_identity": "/settings/reviews",
}


@pytest.fixture
async def front(database_url: str, tmp_path: Path) -> AsyncIterator[Front]:
    async with a_console(settings_for(database_url, tmp_path)) as front:
        yield front


async def made(admin: Person, name: str, base: str, *deeds: str) -> int:
    """A new role's number."""
    answer = await admin.do(PAGE, name=name, base=base, **{f"deed.{deed}": "1" for deed in deeds})
    assert answer.status_code == 303, answer.text
    return int(answer.headers["location"].rpartition("/")[2])


async def gets(front: Front, admin: Person, person: Person, role: str) -> Any:
    """Give somebody a role; their teams stay."""
    async with front.console.db.reading() as tx:
        from console.agents import AgentTeam  # noqa: PLC0415 only here

        teams = list(await tx.scalars(select(AgentTeam.team_id).where(AgentTeam.agent_id == person.id)))
    answer = await admin.do(f"/settings/users/{person.id}", role=role, **{f"team-{team}": "1" for team in teams})
    if answer.status_code == 200:
        await person.sign_in()
    return answer


async def entries(front: Front, action: str) -> list[AuditEntry]:
    async with front.console.db.reading() as tx:
        return list(await tx.scalars(select(AuditEntry).where(AuditEntry.action == action).order_by(AuditEntry.id)))


# The policy


def test_every_deed_has_its_words_and_stands_in_one_group() -> None:
    assert set(WORDS) == policy.EVERY_DEED
    assert sum(len(deeds) for _title, deeds in GROUPS) == len(policy.EVERY_DEED)
    assert set(GROUPS[-1][1]) == policy.OF_THE_BUSINESS


@pytest.mark.parametrize("role", [Role.AGENT, Role.SUPERVISOR, Role.ADMIN])
def test_a_role_with_all_that_a_built_in_one_has_may_exactly_that(role: Role) -> None:
    built_in = Viewer(id=1, name="Ana", role=role, team_ids=frozenset({1}))
    own = Viewer(id=1, name="Ana", role=role, team_ids=frozenset({1}), deeds=policy.deeds_of(role))

    for deed in WORDS:
        assert policy.may(built_in, deed) == policy.may(own, deed)
    assert built_in.sees_all == own.sees_all


def test_who_has_less_reaches_nobody_who_has_more() -> None:
    admin = Viewer(id=1, name="Elena", role=Role.ADMIN, team_ids=frozenset())
    fewer = policy.EVERY_DEED - {"erase_person"}
    clerk = Viewer(id=2, name="Luz", role=Role.ADMIN, team_ids=frozenset(), deeds=fewer)

    assert policy.reaches(admin, Role.ADMIN, None)
    assert policy.reaches(admin, Role.ADMIN, fewer)
    assert policy.reaches(clerk, Role.ADMIN, fewer)
    assert policy.reaches(clerk, Role.SUPERVISOR, None)
    assert not policy.reaches(clerk, Role.ADMIN, None)
    lead = Viewer(id=3, name="Sara", role=Role.SUPERVISOR, team_ids=frozenset(), deeds=policy.EVERY_DEED)
    assert not policy.reaches(lead, Role.ADMIN, frozenset()), "the scope is more, whatever the deeds"


# The doors


async def test_a_role_opens_the_doors_it_names_and_no_others_within_its_teams(front: Front) -> None:
    elena, ana = await front.agent("Elena", role="admin"), await front.agent("Ana", team="Mora judicial")
    await front.webhook(meta.body(meta.text("de otro equipo")))
    number = await made(elena, "Analista", "agent", "read_reports", "read_history")

    assert (await gets(front, elena, ana, f"own-{number}")).status_code == 200

    for deed, door in DOORS.items():
        expected = 200 if deed in {"read_reports", "read_history"} else 403
        assert (await ana.http.get(door)).status_code == expected, door
    assert (await ana.http.get("/inbox/1")).status_code == 404, "the scope is that of an agent"
    page = await ana.see("/inbox")
    assert 'href="/reports"' in page
    assert 'href="/supervisor"' not in page
    assert "Analista" in page
    assert "Analista" in await elena.see("/settings/users")


async def test_a_supervisor_without_one_permission_has_all_the_others(front: Front) -> None:
    elena, sara = await front.agent("Elena", role="admin"), await front.agent("Sara", role="supervisor")
    fewer = policy.deeds_of(Role.SUPERVISOR) - {"import_portfolio"}
    number = await made(elena, "Supervisión sin cartera", "supervisor", *fewer)

    await gets(front, elena, sara, f"own-{number}")

    for deed, door in DOORS.items():
        expected = 403 if deed == "import_portfolio" else 200
        assert (await sara.http.get(door)).status_code == expected, door


async def test_what_a_role_may_costs_no_statement_of_its_own(front: Front) -> None:
    """It comes with the session: as many statements for who has a role of the business's own as for anybody."""
    elena, sara = await front.agent("Elena", role="admin"), await front.agent("Sara", role="supervisor")

    async def statements() -> int:
        seen: list[str] = []

        def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
            if "FROM sign_in_session" in statement or "own_role" in statement:
                seen.append(statement)

        event.listen(Engine, "before_cursor_execute", note)
        try:
            await sara.see("/settings/tags")
        finally:
            event.remove(Engine, "before_cursor_execute", note)
        return len(seen)

    before = await statements()
    number = await made(elena, "Etiquetas", "supervisor", "edit_tags")
    await gets(front, elena, sara, f"own-{number}")

    assert await statements() == before == 1


# At once


async def test_a_permission_taken_away_closes_the_open_floor_at_once(front: Front) -> None:
    elena, sara = await front.agent("Elena", role="admin"), await front.agent("Sara", role="supervisor")
    number = await made(elena, "Piso", "supervisor", "watch_floor", "read_reports")
    await gets(front, elena, sara, f"own-{number}")

    async with sara.live() as hers:
        await hers.say(t="floor")
        await hers.until(lambda frame: "floor-totals" in frame.html)
        await elena.do(f"{PAGE}/{number}", name="Piso", **{"deed.read_reports": "1"})
        await hers.until(lambda frame: "floor" in frame.control.get("reload", ()), within=2)

        viewers = [screen.viewer for screen in front.app.state.screens.all if screen.viewer.id == sara.id]
        assert [viewer.deeds for viewer in viewers] == [frozenset({"read_reports"})]

    assert (await sara.http.get("/supervisor")).status_code == 403, "in the same session"
    assert (await sara.http.get("/reports")).status_code == 200


async def test_a_new_role_is_felt_in_what_is_open(front: Front) -> None:
    """As ever when somebody's role changes: their sessions end."""
    elena, sara = await front.agent("Elena", role="admin"), await front.agent("Sara", role="supervisor")
    number = await made(elena, "Piso", "supervisor", "watch_floor")

    await elena.do(f"/settings/users/{sara.id}", role=f"own-{number}", **{"team-1": "1"})

    assert (await sara.http.get("/inbox")).status_code == 401


# On record


async def test_each_change_is_on_record_before_and_after(front: Front) -> None:
    elena, ana = await front.agent("Elena", role="admin"), await front.agent("Ana")
    number = await made(elena, "Analista", "agent", "read_reports")
    await gets(front, elena, ana, f"own-{number}")

    for _ in range(2):  # the second time nothing changes
        await elena.do(f"{PAGE}/{number}", name="Analista", **{"deed.read_history": "1"})

    (created,) = await entries(front, "role.created")
    assert json.loads(created.new or "") == {"name": "Analista", "base": "agent", "deeds": ["read_reports"]}
    (changed,) = await entries(front, "role.updated")
    assert (changed.actor_name, json.loads(changed.old or ""), json.loads(changed.new or "")) == (
        "Elena",
        {"deeds": ["read_reports"]},
        {"deeds": ["read_history"]},
    )
    given, felt = await entries(front, "agent.updated")
    assert json.loads(given.new or "")["own_role"] == {"id": number, "name": "Analista"}
    assert "own_role" not in json.loads(given.old or "")
    assert json.loads(felt.new or "")["own_role"] == number
    page = await elena.see(f"{PAGE}/{number}")
    assert "cambió lo que puede un rol" in page
    assert "Ana" in page


async def test_a_role_is_retired_once_nobody_holds_it_and_its_name_is_free_again(front: Front) -> None:
    elena, ana = await front.agent("Elena", role="admin"), await front.agent("Ana")
    number = await made(elena, "Analista", "agent", "read_reports")
    await gets(front, elena, ana, f"own-{number}")

    held = await elena.do(f"{PAGE}/{number}/retirement")
    await gets(front, elena, ana, "agent")
    free = await elena.do(f"{PAGE}/{number}/retirement")

    assert (held.status_code, free.status_code) == (409, 303)
    assert "Lo tiene una persona" in held.text
    assert (await elena.http.get(f"{PAGE}/{number}")).status_code == 404
    assert (await gets(front, elena, ana, f"own-{number}")).status_code == 422
    assert await made(elena, "Analista", "agent", "read_reports") != number


# Nobody gives more than they have


async def a_clerk(front: Front, elena: Person) -> tuple[Person, int]:
    """Somebody who manages people and lacks the right to erase anybody, with the number of their role."""
    luz = await front.agent("Luz", role="admin")
    number = await made(elena, "Personal", "admin", *(policy.EVERY_DEED - {"erase_person"}))
    await gets(front, elena, luz, f"own-{number}")
    return luz, number


async def test_who_manages_people_makes_nobody_mightier_than_themselves(front: Front) -> None:
    elena, ana = await front.agent("Elena", role="admin"), await front.agent("Ana")
    luz, own = await a_clerk(front, elena)
    might = await made(elena, "Borrador", "admin", "erase_person")

    for answer in (
        await gets(front, luz, luz, "admin"),
        await gets(front, luz, ana, "admin"),
        await gets(front, luz, ana, f"own-{might}"),
        await luz.do("/settings/users", name="Otra", email="otra@andes.example", role="admin"),
        await luz.do(PAGE, name="Todo", base="admin", **{f"deed.{deed}": "1" for deed in policy.EVERY_DEED}),
        await luz.do(f"{PAGE}/{own}", name="Personal", **{f"deed.{deed}": "1" for deed in policy.EVERY_DEED}),
        await luz.do(f"{PAGE}/{might}", name="Borrador", **{"deed.edit_tags": "1"}),
        await luz.do(f"{PAGE}/{might}/retirement"),
    ):
        assert answer.status_code == 403, answer.text
    assert (await gets(front, luz, ana, "supervisor")).status_code == 200, "what they have they may give"


@pytest.mark.parametrize("deed", ["reset-password", "disable", "end-sessions", "remove-factor"])
async def test_who_manages_people_touches_nobody_mightier(front: Front, deed: str) -> None:
    """A new password for an administrator would be an administrator's keys."""
    elena = await front.agent("Elena", role="admin")
    luz, _ = await a_clerk(front, elena)

    assert (await luz.do(f"/settings/users/{elena.id}/{deed}")).status_code == 403
    assert (await elena.http.get("/inbox")).status_code == 200


async def test_a_key_of_the_api_gives_no_more_than_its_maker_has(front: Front) -> None:
    elena, luz = await front.agent("Elena", role="admin"), await front.agent("Luz", role="admin")
    number = await made(elena, "Sistemas", "admin", "manage_tokens")
    await gets(front, elena, luz, f"own-{number}")

    for scope in ("*", "audit:read", "payments:write", "accounts:write"):
        assert (await luz.do("/settings/tokens", name=scope, **{f"scope.{scope}": "1"})).status_code == 403
    assert (await luz.do("/settings/tokens", name="Métricas", **{"scope.metrics": "1"})).status_code == 200


async def test_the_last_who_holds_all_keys_keeps_them(front: Front) -> None:
    """A role made from an administrator's counts for none, however much it may."""
    elena, luz = await front.agent("Elena", role="admin"), await front.agent("Luz", role="admin")
    number = await made(elena, "Casi todo", "admin", *policy.EVERY_DEED)
    await gets(front, elena, luz, f"own-{number}")

    assert (await gets(front, elena, elena, f"own-{number}")).status_code == 409
    assert (await elena.do(f"/settings/users/{elena.id}/disable")).status_code == 409
    async with front.console.db.transaction() as tx:
        with pytest.raises(Refused, match="última"):
            await users.disable(tx, await tx.get_one(Agent, elena.id), by=SYSTEM)


# Bad input


@pytest.mark.parametrize(
    ("form", "field", "status"),
    [
        ({"name": " "}, "name", 422),
        ({"name": "x" * 41}, "name", 422),
        ({"name": "a\u202eb"}, "name", 422),
        ({"name": "administración"}, "name", 409),
        ({"name": "Tomado"}, "name", 409),
        ({"base": "bot"}, "base", 422),
        ({"base": ""}, "base", 422),
        ({"deed.fly": "1"}, "deeds", 422),
        ({"deed.manage_users": "1"}, "deeds", 422),
    ],
)
async def test_what_is_wrong_is_said_beside_its_field_and_nothing_typed_is_lost(
    front: Front, form: dict[str, str], field: str, status: int
) -> None:
    elena = await front.agent("Elena", role="admin")
    await made(elena, "Tomado", "agent", "read_reports")
    whole = {"name": "Analista & <b>", "base": "supervisor", "deed.edit_tags": "1", **form}

    answer = await elena.do(PAGE, **whole)

    assert answer.status_code == status
    if field != "base":
        assert f'id="{field}-words"' in answer.text
    assert 'name="deed.edit_tags" value="1" checked' in answer.text
    async with front.console.db.reading() as tx:
        assert len(list(await tx.scalars(select(OwnRole)))) == 1


@pytest.mark.parametrize("number", ["0", "999", "99999999999999999999"])
async def test_a_role_that_is_not_there_is_not_found(front: Front, number: str) -> None:
    elena = await front.agent("Elena", role="admin")

    assert (await elena.http.get(f"{PAGE}/{number}")).status_code == 404
    assert (await elena.do(f"{PAGE}/{number}", name="x")).status_code == 404
    assert (await elena.do(f"{PAGE}/{number}/retirement")).status_code == 404


@pytest.mark.parametrize("role", ["agent", "supervisor"])
async def test_only_who_manages_people_has_the_roles(front: Front, role: str) -> None:
    rosa = await front.agent("Rosa", role=role)

    assert (await rosa.http.get(PAGE)).status_code == 403
    assert (await rosa.do(PAGE, name="x", base="agent")).status_code == 403
