"""Contacts and catalogues, as a program reads them."""

from __future__ import annotations

from console import clock
from console.agents import Role
from console.inbox.channel import MessageTemplate
from console.inbox.contacts import Contact
from tests.api.house import House, Program
from tests.inbox import meta

NUMBERS = [f"5194421{number:04d}" for number in range(7)]


async def test_contacts_are_walked_once_each(house: House, program: Program) -> None:
    await house.writes(*NUMBERS)
    everybody = await program.walk("/contacts")

    for limit in (1, 3, 7):
        assert await program.walk("/contacts", limit=limit) == everybody

    assert [contact["phone"] for contact in everybody] == [f"+{number}" for number in NUMBERS]
    assert await program.get(f"/contacts/{everybody[0]['id']}") == everybody[0]


async def test_a_contact_known_by_user_name_alone_has_no_phone(house: House, program: Program) -> None:
    async with house.db.transaction() as tx:
        tx.add(Contact(username="rosa.q", user_id="PE.13491208655302741918", created_at=clock.now()))

    (found,) = (await program.get("/contacts", q="rosa"))["items"]

    assert (found["phone"], found["wa_id"], found["username"]) == (None, None, "rosa.q")


async def test_a_contact_is_called_what_we_say(house: House, program: Program) -> None:
    """R13."""
    await house.writes(meta.MARIA)
    (contact,) = (await program.get("/contacts"))["items"]
    path = f"/contacts/{contact['id']}"

    renamed = (await program.http.patch(path, json={"name": "  María   Quispe ", "version": contact["version"]})).json()
    late = await program.http.patch(path, json={"name": "Otra", "version": contact["version"]})
    back = (await program.http.patch(path, json={"name": None})).json()

    assert (renamed["name"], renamed["profile_name"]) == ("María Quispe", "Persona 8305")
    assert (late.status_code, late.json()["details"]) == (409, {"version": renamed["version"]})
    assert back["name"] == "Persona 8305"
    entries = (await program.get("/audit", action="contact.updated"))["items"]
    assert len(entries) == 2
    assert "Quispe" not in str(entries)


async def test_a_bad_name_is_refused(house: House, program: Program) -> None:
    await house.writes(meta.MARIA)
    (contact,) = (await program.get("/contacts"))["items"]

    for name, status in (("", 422), (" ", 422), ("x" * 121, 422), ("a\x1bb", 422), ("a\0b", 400), (7, 400), ([], 400)):
        answer = await program.http.patch(f"/contacts/{contact['id']}", json={"name": name})
        assert (answer.status_code, answer.json()["field"]) == (status, "name"), name
    unknown = await program.http.patch(f"/contacts/{contact['id']}", json={"wa_id": "51900000000"})
    assert (unknown.status_code, unknown.json()["code"]) == (422, "unknown_field")


async def test_the_catalogues_say_who_answers_and_what_may_be_sent(house: House, program: Program) -> None:
    ana = await house.agent("Ana Ríos", Role.SUPERVISOR)
    async with house.db.transaction() as tx:
        tx.add(
            MessageTemplate(
                channel_id=1,
                name="recordatorio",
                language="es",
                category="UTILITY",
                status="APPROVED",
                components=[{"type": "BODY", "text": "Hola {{1}}"}],
                updated_at=clock.now(),
            ),
        )

    (user,) = await program.walk("/users")
    (team,) = await program.walk("/teams")
    (template,) = await program.walk("/templates")

    assert user == {
        "id": str(ana.id),
        "name": "Ana Ríos",
        "email": ana.email,
        "role": "supervisor",
        "teams": [team["id"]],
        "active": True,
    }
    assert (template["name"], template["language"], template["status"]) == ("recordatorio", "es", "APPROVED")
    assert template["components"] == [{"type": "BODY", "text": "Hola {{1}}"}]
    assert await program.get("/canned-responses") == {"items": [], "next_cursor": None}
