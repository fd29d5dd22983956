"""An agent's day through the API alone: what is theirs is read and changed in their name, with their rights."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from console import clock
from console.agents import Agent, Role, Team, Viewer
from console.audit import AuditEntry
from console.canned import keeping
from console.inbox import tagging
from console.inbox.models import Conversation
from tests.api.house import House, Program
from tests.api.test_accounts import BODY as ACCOUNT
from tests.conftest import Moment
from tests.inbox import meta
from tests.patience import eventually

OTHER = "51944000001"


class Day:
    """Ana, who answers, and a program that works for her."""

    def __init__(self, house: House, program: Program, ana: Agent, boss: Viewer) -> None:
        self.house, self.program, self.ana, self.boss = house, program, ana, boss

    async def do(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        """A call of Ana's own: `path` is below hers, or anybody's (`//`)."""
        where = path[1:] if path.startswith("//") else f"/users/{self.ana.id}{path}"
        answer = await self.program.http.request(method, where, json=body, headers=headers)
        return answer.status_code, answer.json()

    async def got(self, path: str) -> Any:
        status, given = await self.do("GET", path)
        assert status == 200, given
        return given


@pytest.fixture
async def day(house: House, program: Program, moment: Moment) -> Day:
    """Eleven in the morning in Lima: María has written, and so has somebody else."""
    moment.is_(moment.now.replace(hour=16))
    await house.writes(meta.MARIA, OTHER)
    ana, sara = await house.agent(), await house.agent("Sara Paz", Role.SUPERVISOR)
    async with house.db.reading() as tx:
        teams = frozenset(await tx.scalars(select(Team.id)))
    return Day(house, program, ana, Viewer(id=sara.id, name=sara.name, role=sara.role, team_ids=teams))


async def test_a_conversation_is_claimed_drafted_answered_put_off_and_wrapped_up(day: Day) -> None:
    maria = await day.program.conversation()
    here, drafts = f"//conversations/{maria['id']}", f"/conversations/{maria['id']}/drafts"
    assert (await day.do("PATCH", here, {"assignee": str(day.ana.id)}))[0] == 200

    assert (await day.do("PUT", f"{drafts}/reply", {"text": "Buenos"}))[0] == 200
    assert (await day.do("PUT", f"{drafts}/reply", {"text": "Buenos días"}))[0] == 200
    assert (await day.do("PUT", f"{drafts}/note", {"text": "ojo"}))[0] == 200
    kept = (await day.got("/drafts"))["items"]
    assert [(one["mode"], one["text"]) for one in kept] == [("note", "ojo"), ("reply", "Buenos días")]

    sent = await day.do("POST", f"{here}/messages", {"type": "text", "text": {"body": kept[1]["text"]}})
    noted = await day.do("POST", f"{here}/notes", {"text": kept[0]["text"]})
    assert (sent[0], noted[0]) == (201, 201)
    for mode in ("reply", "note"):
        assert (await day.do("DELETE", f"{drafts}/{mode}"))[0] == 200
    assert (await day.got("/drafts"))["items"] == []
    assert (await day.do("DELETE", f"{drafts}/note"))[0] == 404

    tomorrow = (clock.now() + timedelta(days=1)).isoformat()
    later = {"type": "text", "send_at": (clock.now() + timedelta(hours=2)).isoformat(), "text": {"body": "¿Pudo?"}}
    put_off = await day.do("PATCH", here, {"status": "snoozed", "snoozed_until": tomorrow})
    assert (put_off[0], put_off[1]["status"]) == (200, "snoozed")
    assert (await day.do("POST", f"{here}/scheduled-messages", later))[1]["status"] == "waiting"

    leaves = [one for one in await day.program.walk("/dispositions") if one["is_leaf"] and one["active"]]
    assert {"code", "name", "path", "needs"} <= leaves[0].keys()
    code = next(one["code"] for one in leaves if one["code"] == "AD-NOCOB")
    ended = await day.do("PATCH", here, {"status": "resolved", "disposition": code})
    assert (ended[0], ended[1]["status"]) == (200, "resolved")
    assert (await day.do("PATCH", here, {"status": "open"}))[1]["status"] == "open"


async def test_canned_responses_are_those_of_the_user_filled_in_for_this_very_person(day: Day) -> None:
    assert (await day.program.http.put("/accounts/PR-1", json=ACCOUNT)).status_code == 201
    mine = Viewer(id=day.ana.id, name=day.ana.name, role=day.ana.role, team_ids=day.boss.team_ids)
    async with day.house.db.transaction() as tx:
        for name, text in (
            ("Saludo", "{saludo}, soy {agente}"),
            ("Saldo", "Debe {saldo|lo suyo}"),
            ("Pago", "{pago_fecha}"),
        ):
            await keeping.create(tx, by=day.boss, name=name, body=text, scope="all")
        await keeping.create(tx, by=mine, name="Mía", body="Hola {nombre|qué tal}", scope="own")
        await keeping.create(tx, by=day.boss, name="De Sara", body="x", scope="own")
    maria = await day.program.conversation(OTHER)
    path = f"/conversations/{maria['id']}/canned-responses"

    first = await day.got(f"{path}?limit=2")
    rest = await day.got(f"{path}?limit=2&cursor={first['next_cursor']}")

    offered = {one["name"]: one for one in [*first["items"], *rest["items"]]}
    assert offered.keys() == {"Saludo", "Saldo", "Pago", "Mía"}
    assert offered["Saludo"]["text"] == "Buenos días, soy Ana Ríos"
    assert (offered["Saldo"]["text"], offered["Saldo"]["missing"]) == ("Debe lo suyo", [])
    assert offered["Pago"]["missing"] == ["pago_fecha"]
    used = await day.do("POST", f"{path}/{offered['Mía']['id']}/uses")
    assert (used[0], used[1]["used"]) == (200, 1)
    assert (await day.got(path))["items"][0]["name"] == "Mía", "what one uses most comes first"
    sent = await day.do(
        "POST", f"//conversations/{maria['id']}/messages", {"type": "text", "text": {"body": used[1]["text"]}}
    )
    assert sent[0] == 201
    blank = {"type": "text", "text": {"body": offered["Pago"]["text"]}}
    assert (await day.do("POST", f"//conversations/{maria['id']}/messages", blank))[0] == 422


async def test_a_list_is_kept_counted_shared_and_taken_away(day: Day) -> None:
    team = str(next(iter(day.boss.team_ids)))
    free = {"name": "Sin nadie", "view": "unassigned", "filters": {}}
    made = await day.do("POST", "/saved-views", free)
    again = await day.do("POST", "/saved-views", free)
    shared = await day.do("POST", "/saved-views", {"name": "Todas", "view": "all", "team": team})
    by_boss = await day.program.http.post(
        f"/users/{day.boss.id}/saved-views", json={"name": "Todas", "view": "all", "team": team}
    )

    assert (made[0], made[1]["count"], made[1]["team"], made[1]["may_change"]) == (201, 2, None, True)
    assert (again[0], again[1]["code"]) == (409, "name_taken")
    assert shared[0] == 403, "who does not lead a team shares nothing with it"
    assert by_boss.status_code == 201
    seen = (await day.got("/saved-views"))["items"]
    assert [(one["name"], one["team"], one["count"], one["may_change"]) for one in seen] == [
        ("Sin nadie", None, 2, True),
        ("Todas", team, 2, False),
    ]
    first = await day.got(f"/saved-views/{made[1]['id']}/conversations?limit=1")
    last = await day.got(f"/saved-views/{made[1]['id']}/conversations?limit=1&cursor={first['next_cursor']}")
    phones = {one["contact"]["phone"] for one in [*first["items"], *last["items"]]}
    assert (phones, last["next_cursor"]) == ({f"+{meta.MARIA}", f"+{OTHER}"}, None)
    assert (await day.do("PATCH", f"/saved-views/{made[1]['id']}", {"name": "Libres"}))[1]["name"] == "Libres"
    assert (await day.do("PATCH", f"/saved-views/{by_boss.json()['id']}", {"name": "Mía"}))[0] == 403
    theirs = f"/users/{day.boss.id}/saved-views/{made[1]['id']}"
    assert (await day.program.http.delete(theirs)).status_code == 404, "nobody has another's own"
    assert (await day.do("DELETE", f"/saved-views/{made[1]['id']}"))[1]["name"] == "Libres"
    wrong = await day.do("POST", "/saved-views", {"name": "x", "view": "all", "filters": {"colour": "red"}})
    assert (wrong[0], wrong[1]["field"]) == (422, "filters.colour")


async def test_a_deed_on_all_that_match_is_rehearsed_started_told_row_by_row_and_undone(day: Day) -> None:
    async with day.house.db.transaction() as tx:
        tag = str((await tagging.create(tx, by=day.boss, name="Campaña")).id)
    body = {"deed": "tag", "tag": tag, "listing": {"view": "all"}}

    made = await day.do("POST", "/bulk-jobs", body, **{"idempotency-key": "una vez"})
    again = await day.do("POST", "/bulk-jobs", body, **{"idempotency-key": "una vez"})
    other = await day.do("POST", "/bulk-jobs", {**body, "deed": "untag"}, **{"idempotency-key": "una vez"})

    assert (made[0], again[0], again[1]["id"]) == (201, 200, made[1]["id"])
    assert (other[0], other[1]["code"]) == (409, "key_reused")
    job = f"/bulk-jobs/{made[1]['id']}"
    rehearsed = await _when(day, job, "checked")
    assert (rehearsed["total"], rehearsed["changed"], rehearsed["may_undo"]) == (2, 2, False)
    assert (await day.program.conversation())["tags"] == [], "a rehearsal changes nothing"

    assert (await day.do("POST", f"{job}/start"))[1]["status"] == "running"
    ended = await _when(day, job, "done")
    assert (ended["done"], ended["changed"], ended["may_undo"]) == (2, 2, True)
    assert (await day.program.conversation())["tags"] == ["Campaña"]
    page = await day.got(f"{job}/rows?limit=1&verdict=changed")
    rows = [
        *page["items"],
        *(await day.got(f"{job}/rows?limit=1&verdict=changed&cursor={page['next_cursor']}"))["items"],
    ]
    assert [(row["verdict"], row["done"]) for row in rows] == [("changed", True)] * 2

    back = await day.do("POST", f"{job}/undo")
    assert (back[0], back[1]["undoes"]) == (201, made[1]["id"])
    assert (await _when(day, f"/bulk-jobs/{back[1]['id']}", "done"))["changed"] == 2
    assert (await day.program.conversation())["tags"] == []
    twice = await day.do("POST", f"{job}/undo")
    assert (twice[0], twice[1]["code"]) == (409, "already_undone")
    assert [one["undone_by"] for one in (await day.got("/bulk-jobs"))["items"]] == [None, back[1]["id"]]
    await _all_is_hers(day, "bulk.asked")


async def _when(day: Day, job: str, status: str) -> Any:
    """The job once it has come to that."""

    async def it() -> Any:
        found = await day.got(job)
        return found if found["status"] == status else None

    return await eventually(it)


async def _all_is_hers(day: Day, action: str) -> None:
    """What was done for Ana is hers in the history, and says by which token."""
    async with day.house.db.reading() as tx:
        entry = (await tx.scalars(select(AuditEntry).where(AuditEntry.action == action))).one()
    assert (entry.actor_kind, entry.actor_id) == ("agent", day.ana.id)
    assert str(entry.origin).startswith("token:")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"deed": "dance"}, "deed"),
        ({"tag": "x"}, "tag"),
        ({"tag": None}, "tag"),
        ({"assignee": None}, "assignee"),
        ({"conversations": []}, "conversations"),
        ({"listing": {"view": "nowhere"}}, "view"),
        ({"deed": "snooze"}, "snoozed_until"),
        ({"deed": "resolve", "disposition": "NADA"}, "disposition"),
        ({"deed": "template", "template": {"id": "9"}}, "template.id"),
        ({"deed": "team", "team": "999"}, "team"),
    ],
)
async def test_what_is_wrong_with_a_job_is_named(day: Day, *, change: dict[str, Any], field: str) -> None:
    body: dict[str, Any] = {"deed": "tag", "tag": "1", "listing": {"view": "all"}, **change}
    if body["deed"] not in {"tag", "dance"}:
        del body["tag"]
    boss = f"/users/{day.boss.id}/bulk-jobs"

    answer = await day.program.http.post(boss, json=body)

    assert (answer.status_code, answer.json().get("field")) in {(400, field), (422, field)}, answer.text


async def test_whoever_acts_for_somebody_sees_and_does_no_more_than_they(day: Day) -> None:
    maria = await day.program.conversation()
    async with day.house.db.transaction() as tx:
        other = Team(name="Mora judicial", created_at=clock.now())
        tx.add(other)
        await tx.flush()
        await tx.execute(update(Conversation).where(Conversation.id == int(maria["id"])).values(team_id=other.id))
        bot = Agent(name="Bot", role=Role.BOT, email=None, created_at=clock.now())
        tx.add(bot)
        await tx.flush()
    out_of_reach = f"/conversations/{maria['id']}"

    assert (await day.do("PUT", f"{out_of_reach}/drafts/reply", {"text": "x"}))[0] == 404
    assert (await day.do("GET", f"{out_of_reach}/canned-responses"))[0] == 404
    assert (await day.do("PUT", "/conversations/2/drafts/shout", {"text": "x"}))[0] == 404
    assert (await day.do("PUT", "/conversations/2/drafts/reply", {"text": "x" * 5000}))[0] in {400, 422}
    many = {"deed": "team", "team": str(other.id), "listing": {"view": "all"}}
    assert (await day.do("POST", "/bulk-jobs", many))[0] == 403
    nobody = {"deed": "assign", "assignee": None, "conversations": [maria["id"]]}
    assert (await day.do("POST", "/bulk-jobs", nobody))[1]["code"] == "nobody"
    async with day.house.program("conversations:write", "messages:write") as lesser:
        assert (await lesser.http.get(f"/users/{day.ana.id}/drafts")).status_code == 403
    for gone in (bot.id, 999_999):
        assert (await day.program.http.get(f"/users/{gone}/drafts")).status_code == 404
    async with day.house.db.transaction() as tx:
        await tx.execute(update(Agent).where(Agent.id == day.ana.id).values(disabled_at=clock.now()))
    assert (await day.do("GET", "/drafts"))[0] == 404
