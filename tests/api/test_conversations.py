"""Conversations, as a program lists and changes them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from console import clock
from console.agents import Role
from tests.api.house import House, Program
from tests.inbox import meta

NUMBERS = [f"5194421{number:04d}" for number in range(12)]


async def test_a_conversation_shows_who_wrote_and_what(house: House, program: Program) -> None:
    await house.writes(meta.MARIA, text="¿Cuánto debo?")

    found = await program.conversation()

    assert await program.get(f"/conversations/{found['id']}") == found
    assert found["contact"] == {"id": found["contact"]["id"], "name": "Persona 8305", "phone": f"+{meta.MARIA}"}
    assert (found["status"], found["assignee"], found["handler"], found["tags"]) == ("open", None, "none", [])
    assert found["unread"] == 1
    assert found["last_message"]["text"] == "¿Cuánto debo?"
    assert found["window_closes_at"] > found["created_at"]
    assert found["created_at"].endswith("Z")


async def test_walking_the_pages_gives_everything_once_and_in_order(house: House, program: Program) -> None:
    await house.writes(*NUMBERS)
    everything = await program.walk("/conversations")

    for limit in (1, 5, 11, 12, 13):
        assert await program.walk("/conversations", limit=limit) == everything

    assert {each["contact"]["phone"] for each in everything} == {f"+{number}" for number in NUMBERS}
    assert [each["updated_at"] for each in everything] == sorted((e["updated_at"] for e in everything), reverse=True)


async def test_what_was_given_is_not_given_again_when_it_moves_to_the_front(house: House, program: Program) -> None:
    await house.writes(*NUMBERS)
    first = await program.get("/conversations", limit=5)
    given = {each["id"] for each in first["items"]}

    await house.writes(NUMBERS[-1], text="Otra vez yo")
    rest = await program.walk("/conversations", limit=5, cursor=first["next_cursor"])

    assert len(given) == 5
    assert not given & {each["id"] for each in rest}
    assert len(rest) == len(NUMBERS) - 5


async def test_a_page_costs_the_same_queries_however_long_it_is(house: House, program: Program) -> None:
    await house.writes(*NUMBERS)
    asked = []

    for shown in (1, 12):
        with house.queries() as seen:
            assert len((await program.get("/conversations", limit=shown))["items"]) == shown
        asked.append([statement for statement in seen if statement.startswith("SELECT")])

    # Token, page, contacts, last messages, their addresses, attachments, reactions, holders, read marks.
    assert len(asked[0]) == len(asked[1]) <= 10, asked


async def test_filters_narrow_and_combine(house: House, program: Program) -> None:
    await house.writes(*NUMBERS[:4])
    ana, bot = await house.agent(), await house.agent("Al Día", Role.BOT)
    first, second, third, fourth = sorted(await program.walk("/conversations"), key=lambda each: int(each["id"]))
    await change(program, first, assignee=str(ana.id))
    await change(program, second, assignee=str(bot.id))
    await change(program, third, status="resolved")

    async def ids(**filters: str) -> set[str]:
        return {each["id"] for each in await program.walk("/conversations", limit=1, **filters)}

    assert await ids(assignee=str(ana.id)) == await ids(handler="agent") == {first["id"]}
    assert await ids(handler="bot") == {second["id"]}
    assert await ids(assignee="none") == await ids(handler="none") == {third["id"], fourth["id"]}
    assert await ids(status="resolved") == {third["id"]}
    assert await ids(status="open", assignee="none") == {fourth["id"]}
    assert await ids(assignee="me") == await ids(tag="Vencido 31-60") == set()


async def test_a_phone_is_found_under_any_spelling(house: House, program: Program) -> None:
    spellings = {
        "51944218305": ["+51944218305", "51 944-218-305", "51944218305"],
        "5215512345678": ["+525512345678", "+52 1 55 1234 5678"],
        "525587654321": ["+5215587654321"],
        "553187654321": ["+5531987654321"],
        "541112345678": ["+5491112345678"],
    }
    await house.writes(*spellings)

    for written_from, asked in spellings.items():
        for phone in asked:
            (found,) = (await program.get("/conversations", phone=phone))["items"]

            assert found["contact"]["phone"] == f"+{written_from}"
            assert found["last_message"]["wa_id"] == written_from


async def test_searching_finds_the_beginning_of_names_and_numbers(house: House, program: Program) -> None:
    await house.writes("51944218305", "51987650000")
    contact = (await program.get("/contacts", phone="51944218305"))["items"][0]
    renamed = await program.http.patch(f"/contacts/{contact['id']}", json={"name": "Ángela Quispe"})
    assert renamed.status_code == 200

    async def found(q: str) -> list[str]:
        page = await program.get("/conversations", q=q)
        return [each["contact"]["phone"] for each in page["items"]]

    assert await found("quis") == await found("ángela") == await found("Ángela Q") == ["+51944218305"]
    assert await found("519442") == ["+51944218305"]
    assert sorted(await found("persona")) == ["+51944218305", "+51987650000"]
    assert await found("uispe") == await found("%") == await found("_") == await found("'; --") == []


async def test_assigning_and_giving_back(house: House, program: Program) -> None:
    await house.writes(meta.MARIA)
    ana = await house.agent()
    conversation = await program.conversation()

    assigned = await change(program, conversation, assignee=str(ana.id))
    released = await change(program, conversation, assignee=None)

    assert (assigned["assignee"], assigned["handler"]) == (str(ana.id), "agent")
    assert (released["assignee"], released["handler"]) == (None, "none")
    history = await program.walk("/audit", conversation=conversation["id"], actor="token", order="asc")
    assert [entry["action"] for entry in history] == ["conversation.assigned", "conversation.released"]
    assert history[0]["actor"]["name"] == "facturación"
    assert history[0]["new"] == {"holder_id": ana.id}


async def test_resolving_putting_off_and_opening_again(house: House, program: Program) -> None:
    await house.writes(meta.MARIA)
    conversation = await program.conversation()
    tomorrow = (clock.now() + timedelta(days=1)).isoformat()

    assert (await change(program, conversation, status="resolved"))["status"] == "resolved"
    snoozed = await change(program, conversation, status="snoozed", snoozed_until=tomorrow)
    assert (snoozed["status"], snoozed["snoozed_until"] is None) == ("snoozed", False)
    reopened = await change(program, conversation, status="open")
    assert (reopened["status"], reopened["snoozed_until"]) == ("open", None)


async def test_of_two_changes_to_the_same_version_one_wins(house: House, program: Program) -> None:
    await house.writes(meta.MARIA)
    conversation = await program.conversation()
    path, version = f"/conversations/{conversation['id']}", conversation["version"]
    first = await program.http.patch(path, json={"status": "resolved", "version": version})

    second = await program.http.patch(path, json={"status": "open", "version": version})

    assert first.status_code == 200
    assert second.status_code == 409
    assert second.json()["code"] == "version_conflict"
    assert second.json()["details"] == {"version": first.json()["version"]}
    assert (await program.conversation())["status"] == "resolved"


async def test_a_change_is_made_whole_or_not_at_all(house: House, program: Program) -> None:
    await house.writes(meta.MARIA)
    ana, conversation = await house.agent(), await program.conversation()

    refused = await program.http.patch(
        f"/conversations/{conversation['id']}",
        json={"assignee": str(ana.id), "status": "snoozed"},
    )

    assert (refused.status_code, refused.json()["field"]) == (422, "snoozed_until")
    assert await program.conversation() == conversation


async def test_a_bad_change_is_refused_by_the_name_of_its_field(house: House, program: Program) -> None:
    await house.writes(meta.MARIA)
    conversation = await program.conversation()
    bad: list[tuple[dict[str, Any], int, str]] = [
        ({"assignee": "999999"}, 422, "assignee"),
        ({"assignee": "me"}, 422, "assignee"),
        ({"assignee": 3}, 400, "assignee"),
        ({"team": "999999"}, 422, "team"),
        ({"status": "closed"}, 400, "status"),
        ({"status": "merged"}, 400, "status"),
        ({"status": "open", "snoozed_until": "2099-01-01T00:00:00Z"}, 422, "snoozed_until"),
        ({"snoozed_until": "2020-01-01T00:00:00Z"}, 422, "snoozed_until"),
        ({"snoozed_until": "2099-01-01T00:00:00"}, 400, "snoozed_until"),
        ({"tags": ["x" * 41]}, 422, "tags"),
        ({"version": "7"}, 400, "version"),
        ({"version": 7.5}, 400, "version"),
        ({"holder_id": 1}, 422, "holder_id"),
        ({"id": "1"}, 422, "id"),
    ]

    for asked, status, field in bad:
        answer = await program.http.patch(f"/conversations/{conversation['id']}", json=asked)

        assert (answer.status_code, answer.json().get("field")) == (status, field), asked
    assert await program.conversation() == conversation


async def test_an_id_that_is_none_is_not_found(house: House, program: Program) -> None:
    await house.writes(meta.MARIA)

    for number in ("0", "999999", "-1", "01", "1.0", "abc", "9" * 30, "%00", "1%20", "١"):
        for path in (f"/conversations/{number}", f"/conversations/{number}/messages", f"/contacts/{number}"):
            answer = await program.http.get(path)

            assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), path


async def test_without_the_scope_for_messages_the_last_one_is_not_shown(house: House, program: Program) -> None:
    await house.writes(meta.MARIA)
    assert (await program.conversation())["last_message"] is not None

    async with house.program("conversations:read") as blind:
        assert (await blind.conversation())["last_message"] is None


async def change(program: Program, conversation: dict[str, Any], **asked: Any) -> dict[str, Any]:
    answer = await program.http.patch(f"/conversations/{conversation['id']}", json=asked)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_how_it_ended_may_be_said_and_else_another_system_resolved_it(house: House, program: Program) -> None:
    await house.writes(meta.MARIA)
    conversation = await program.conversation()
    path = f"/conversations/{conversation['id']}"
    for changes, code in (
        ({"status": "resolved", "disposition": "CD-PDP"}, "no_account"),
        ({"status": "resolved", "disposition": "nothing"}, "unknown_disposition"),
        ({"status": "open", "disposition": "CD-CON"}, "invalid"),
    ):
        answer = await program.http.patch(path, json=changes)
        assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert (await program.conversation())["status"] == "open"

    for given in ({"disposition": "CD-CON"}, {}):
        await change(program, conversation, status="resolved", **given)
        await change(program, conversation, status="resolved")
        await change(program, conversation, status="open")

    history = await program.walk("/audit", conversation=conversation["id"], action="outcome.recorded", order="asc")
    assert [entry["new"]["disposition"] for entry in history] == ["CD-CON", "AD-EXT"]
