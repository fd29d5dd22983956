"""What a debtor can do, and what the console is sent of it, in the shape of the payloads we know."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.patience import eventually_now
from tests.simulator.town import MARIA, MARIA_PHONE, Town

PAYLOADS = Path(__file__).parents[1] / "payloads" / "whatsapp"
BUTTONS = {
    "type": "button",
    "body": {"text": "¿Paga hoy?"},
    "action": {"buttons": [{"type": "reply", "reply": {"id": "si", "title": "Sí"}}]},
}
LIST = {
    "type": "list",
    "body": {"text": "Elija"},
    "action": {"button": "Ver", "sections": [{"rows": [{"id": "a", "title": "A", "description": "primera"}]}]},
}
REMINDER = {
    "name": "recordatorio_de_cuota",
    "language": {"code": "es_PE"},
    "components": [
        {
            "type": "body",
            "parameters": [{"type": "text", "text": text} for text in ("Ana", "C-1", "S/ 1.00", "5 de mayo")],
        },
        {
            "type": "button",
            "sub_type": "quick_reply",
            "index": "0",
            "parameters": [{"type": "payload", "payload": "PAGO"}],
        },
    ],
}


def tap(simulator: Town, **offer: Any) -> dict[str, Any]:
    simulator.write()
    wamid = simulator.sent(**offer)
    tapped: dict[str, Any] = simulator.do(MARIA, "tap", message_id=wamid, index=0)
    return tapped


def reply(simulator: Town) -> dict[str, Any]:
    simulator.write("uno")
    answered: dict[str, Any] = simulator.do(MARIA, "messages", text="dos", reply_to=simulator.sent())
    return answered


def edit(simulator: Town) -> dict[str, Any]:
    edited: dict[str, Any] = simulator.do(MARIA, "edit", message_id=reply(simulator)["id"], text="tres")
    return edited


DEEDS: dict[str, Callable[[Town], dict[str, Any]]] = {
    "in_text": lambda sim: sim.do(MARIA, "messages", text="Hola"),
    "in_text_reply": reply,
    "in_text_forwarded": lambda sim: sim.do(MARIA, "messages", text="Hola", forwarded=1),
    "in_text_frequently_forwarded": lambda sim: sim.do(MARIA, "messages", text="Hola", forwarded=5),
    "in_text_username_without_phone": lambda sim: sim.do("kevin-r", "messages", text="Hola"),
    "in_text_mexico": lambda sim: sim.do("andrea-lozano", "messages", text="Hola"),
    "in_image": lambda sim: sim.do(MARIA, "photo", caption="mire"),
    "in_voice_note": lambda sim: sim.do(MARIA, "voice"),
    "in_document": lambda sim: sim.do(MARIA, "document", caption="mire"),
    "in_sticker": lambda sim: sim.do(MARIA, "sticker"),
    "in_location": lambda sim: sim.do(MARIA, "messages", type="location", name="Agencia", address="Lima"),
    "in_contacts": lambda sim: sim.do(MARIA, "messages", type="contacts", name="Taller"),
    "in_contacts_own_number": lambda sim: tap(
        sim,
        type="interactive",
        interactive={"type": "request_contact_info", "body": {"text": "¿Su número?"}, "action": {}},
    ),
    "in_button": lambda sim: tap(sim, type="template", template=REMINDER),
    "in_button_reply": lambda sim: tap(sim, type="interactive", interactive=BUTTONS),
    "in_list_reply": lambda sim: tap(sim, type="interactive", interactive=LIST),
    "in_reaction": lambda sim: sim.do(MARIA, "react", message_id=sim.write(), emoji="🙏"),
    "in_reaction_removed_missing": lambda sim: sim.do(MARIA, "react", message_id=sim.write(), emoji=""),
    "in_edit_text": edit,
    "in_revoke": lambda sim: sim.do(MARIA, "delete", message_id=sim.write()),
}
# What the samples carry and a simulated message need not: Meta's own options.
OPTIONAL = {"parent_user_id", "from_parent_user_id", "identity", "referral", "username", "caption", "url", "urls"}
OPTIONAL |= {"name", "address", "first_name", "last_name", "org", "emails", "addresses", "birthday", "vcard"}


@pytest.mark.parametrize("sample", DEEDS)
def test_a_deed_arrives_in_the_known_shape(simulator: Town, sample: str) -> None:
    known = json.loads((PAYLOADS / f"{sample}.json").read_text())["entry"][0]["changes"][0]["value"]

    wamid = DEEDS[sample](simulator)["id"]

    message = simulator.arrived(wamid)
    value = next(
        value for hook in simulator.console.webhooks for value in hook.values if message in value.get("messages", [])
    )
    assert shape(known) - shape(value) == set()


def shape(value: Any, path: str = "") -> set[tuple[str, str]]:
    """The paths in a body and the type of what is there."""
    if isinstance(value, dict):
        inside = [shape(inner, f"{path}.{name}") for name, inner in value.items() if name not in OPTIONAL]
        return {(path, "object")}.union(*inside)
    if isinstance(value, list):
        return {(path, "list")}.union(*(shape(inner, f"{path}[]") for inner in value))
    return {
        (path, "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__)
    }


def test_a_tap_says_what_it_answers(simulator: Town) -> None:
    message = simulator.arrived(tap(simulator, type="template", template=REMINDER)["id"])

    assert message["type"] == "button"
    assert message["button"] == {"payload": "PAGO", "text": "Ya pagué"}
    offer = next(bubble for bubble in simulator.thread() if bubble["kind"] == "template")
    assert message["context"]["id"] == offer["id"]
    assert offer["buttons"][0]["used"] is True
    assert offer["text"].startswith("Buen día, Ana. Le recordamos que su cuota C-1 por S/ 1.00 vence el 5 de mayo.")


@pytest.mark.parametrize(("index", "kind"), [(9, "text"), (-1, "text"), (0, "text")])
def test_what_is_not_there_cannot_be_tapped(simulator: Town, index: int, kind: str) -> None:
    simulator.write()
    wamid = simulator.sent(type=kind, text={"body": "Hola"})

    answer = simulator.http.post(f"/simulator/api/personas/{MARIA}/tap", json={"message_id": wamid, "index": index})

    assert answer.status_code == 409


def test_only_ones_own_messages_are_edited_and_deleted(simulator: Town) -> None:
    simulator.write()
    ours = simulator.sent()

    for verb in ("edit", "delete"):
        body = {"message_id": ours, "text": "otra cosa"}
        assert simulator.http.post(f"/simulator/api/personas/{MARIA}/{verb}", json=body).status_code == 409
    assert simulator.bubble(ours)["text"] == "Buenos días"


def test_an_edited_and_a_deleted_message_look_so(simulator: Town) -> None:
    edited, deleted = simulator.write("Hoal"), simulator.write("no debí")

    simulator.do(MARIA, "edit", message_id=edited, text="Hola")
    simulator.do(MARIA, "delete", message_id=deleted)

    assert (simulator.bubble(edited)["text"], simulator.bubble(edited)["edited"]) == ("Hola", True)
    assert simulator.bubble(deleted)["deleted"] is True
    answer = simulator.http.post(f"/simulator/api/personas/{MARIA}/react", json={"message_id": deleted})
    assert answer.status_code == 409


def test_what_is_written_offline_leaves_later_with_its_own_time(simulator: Town) -> None:
    simulator.do(MARIA, "offline")
    wamid = simulator.write("desde el túnel")
    assert simulator.bubble(wamid)["status"] == "waiting"
    simulator.api("PUT", "/clock", json={"advance_seconds": 600})

    simulator.do(MARIA, "online")

    message = simulator.arrived(wamid)
    assert simulator.simulation.now() - int(message["timestamp"]) > 590


def test_something_written_earlier_arrives_late(simulator: Town) -> None:
    earlier = simulator.simulation.now() - 7200

    message = simulator.arrived(simulator.write(at=earlier))

    assert message["timestamp"] == str(int(earlier))


def test_whoever_blocks_the_business_does_not_write_to_it(simulator: Town) -> None:
    simulator.do(MARIA, "block")

    answer = simulator.http.post(f"/simulator/api/personas/{MARIA}/messages", json={"text": "Hola"})

    assert answer.status_code == 409
    assert "desbloquear" in answer.json()["detail"]


def test_whoever_left_whatsapp_does_not_write(simulator: Town) -> None:
    wilmer = "/simulator/api/personas/wilmer-huaman"
    assert simulator.http.post(f"{wilmer}/messages", json={"text": "Hola"}).status_code == 409

    simulator.http.patch(wilmer, json={"on_whatsapp": True})

    simulator.arrived(simulator.write(persona="wilmer-huaman"))


def test_a_voice_note_of_the_business_is_listened_to_once(simulator: Town) -> None:
    simulator.write()
    fields = {"messaging_product": "whatsapp", "type": "audio/ogg"}
    upload = simulator.number("POST", "media", data=fields, files={"file": ("v.ogg", b"OggS", "audio/ogg")})
    wamid = simulator.sent(type="audio", audio={"id": upload.json()["id"], "voice": True})
    simulator.told(wamid, "sent", "delivered")

    for _ in range(2):
        simulator.do(MARIA, "listen", message_id=wamid)
    simulator.do(MARIA, "read")

    simulator.told(wamid, "sent", "delivered", "played", "read")
    answer = simulator.http.post(f"/simulator/api/personas/{MARIA}/listen", json={"message_id": simulator.write()})
    assert answer.status_code == 409


def test_whoever_the_business_blocks_is_not_heard(simulator: Town) -> None:
    simulator.arrived(simulator.write())
    body = {"messaging_product": "whatsapp", "block_users": [{"user": f"+{MARIA_PHONE}"}]}
    assert simulator.number("POST", "block_users", json=body).json() == {
        "messaging_product": "whatsapp",
        "block_users": {"added_users": [{"input": f"+{MARIA_PHONE}", "wa_id": MARIA_PHONE}]},
    }

    simulator.write("¿Hola?")
    assert simulator.number("GET", "block_users").json()["data"] == [
        {"messaging_product": "whatsapp", "wa_id": MARIA_PHONE}
    ]
    simulator.number("DELETE", "block_users", json=body)
    simulator.arrived(simulator.write("¿Y ahora?"))

    assert [message["text"]["body"] for message in simulator.console.messages] == ["Hola", "¿Y ahora?"]


def test_only_people_who_wrote_lately_are_blocked(simulator: Town) -> None:
    body = {"messaging_product": "whatsapp", "block_users": [{"user": MARIA_PHONE}]}

    users = simulator.number("POST", "block_users", json=body).json()["block_users"]

    assert users["added_users"] == []
    assert users["failed_users"][0]["errors"][0]["code"] == 131047


def test_a_change_of_number_is_told_twice_and_the_old_one_is_gone(simulator: Town) -> None:
    simulator.write()
    before = simulator.api("GET", f"/personas/{MARIA}")

    after = simulator.do(MARIA, "number", wa_id="51911222333")

    eventually_now(lambda: simulator.console.fields("user_id_update"))
    [system] = [message for message in simulator.console.messages if message["type"] == "system"]
    assert system["from"] == MARIA_PHONE
    assert (system["system"]["type"], system["system"]["wa_id"]) == ("user_changed_number", "51911222333")
    [update] = simulator.console.fields("user_id_update")[0]["user_id_update"]
    assert update["user_id"] == {"previous": before["user_id"], "current": after["user_id"]}
    assert before["user_id"] != after["user_id"]
    simulator.told(simulator.sent(f"+{MARIA_PHONE}"), "failed")
    simulator.told(simulator.sent("+51911222333"), "sent", "delivered")
    assert simulator.send(recipient=before["user_id"], type="text", text={"body": "a"}).status_code == 400


def test_a_number_already_taken_is_refused(simulator: Town) -> None:
    answer = simulator.http.post(f"/simulator/api/personas/{MARIA}/number", json={"wa_id": "51955301776"})

    assert answer.status_code == 409


def test_marketing_can_be_stopped(simulator: Town) -> None:
    known = json.loads((PAYLOADS / "field_user_preferences.json").read_text())["entry"][0]["changes"][0]["value"]

    simulator.do(MARIA, "preferences", value="stop")

    [value] = eventually_now(lambda: simulator.console.fields("user_preferences"))
    assert shape(known) - shape(value) == set()
    assert value["user_preferences"][0]["value"] == "stop"


def test_the_cast_is_two_dozen_people_of_five_countries(simulator: Town) -> None:
    people = simulator.api("GET", "/personas")["personas"]

    assert len(people) == 24
    assert {person["country"] for person in people} == {"PE", "MX", "CO", "CL", "AR"}
    assert len({person["wa_id"] for person in people}) == 24
    assert [person["name"] for person in people if not person["wa_id"]] == ["@kevin.r"]
    assert any(person["wa_id"].startswith("521") for person in people if person["wa_id"])
    assert any(person["wa_id"].startswith("549") for person in people if person["wa_id"])
    assert all(person["user_id"].startswith(f"{person['country']}.") for person in people)


def test_somebody_new_can_be_invented_and_goes_again(simulator: Town) -> None:
    made = simulator.api("POST", "/personas", json={"name": "Zoila Bravo", "country": "CO"})
    assert (made["name"], made["country"], made["wa_id"][:3]) == ("Zoila Bravo", "CO", "573")
    simulator.arrived(simulator.write(persona=made["id"]))

    simulator.api("DELETE", f"/personas/{made['id']}")

    assert simulator.http.get(f"/simulator/api/personas/{made['id']}").status_code == 404
    assert simulator.http.delete(f"/simulator/api/personas/{MARIA}").status_code == 409


def test_fifty_write_at_once(simulator: Town) -> None:
    who = simulator.api("POST", "/crowd", json={"count": 50, "seconds": 0.1})["personas"]

    eventually_now(lambda: len(simulator.console.messages) == 50)
    assert len(set(who)) == 50
    assert len({message["from_user_id"] for message in simulator.console.messages}) == 50


def test_a_chat_can_be_made_what_it_was(simulator: Town) -> None:
    now = simulator.simulation.now()
    past = [
        {"mine": True, "text": "Buenas", "at": now - 3600},
        {"mine": False, "text": "Buenos días", "at": now - 3500, "id": "wamid.ours", "status": "delivered"},
    ]

    simulator.api("PUT", f"/threads/{MARIA}", json={"messages": past})

    assert [message["text"] for message in simulator.thread()] == ["Buenas", "Buenos días"]
    assert simulator.console.webhooks == []
    assert simulator.send().status_code == 200
    assert simulator.do(MARIA, "read")["read"] >= 1
    eventually_now(lambda: "wamid.ours" in {status["id"] for status in simulator.console.statuses})


def test_reset_begins_anew(simulator: Town) -> None:
    simulator.write()
    simulator.sent()
    simulator.faults(duplicate=2)
    simulator.api("POST", "/personas", json={})
    simulator.api("PUT", "/clock", json={"advance_seconds": 1000, "speed": 5})

    simulator.api("POST", "/reset")

    assert simulator.thread() == []
    assert simulator.api("GET", "/ledger")["entries"] == []
    assert simulator.api("GET", "/faults")["active"] == []
    assert len(simulator.api("GET", "/personas")["personas"]) == 24
    assert simulator.api("GET", "/counters")["pending"] == 0
    assert simulator.api("GET", "/clock")["speed"] == 1


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("personas/nobody/messages", {"text": "a"}),
        (f"personas/{MARIA}/dance", {}),
        (f"personas/{MARIA}/messages", {}),
        (f"personas/{MARIA}/messages", {"type": "order"}),
        (f"personas/{MARIA}/messages", {"tpye": "text", "text": "a"}),
        (f"personas/{MARIA}/files", {}),
        (f"personas/{MARIA}/chat", {"viewer": "a page that is closed"}),
        ("templates/nada/status", {"event": "PAUSED"}),
        ("templates/recordatorio_de_cuota/status", {"event": "HAPPY"}),
        ("webhooks/dance", {}),
        ("webhooks/raw", {"body_base64": "%%%"}),
        ("journal/999999/resend", {}),
    ],
)
def test_the_control_api_says_what_is_wrong(simulator: Town, path: str, body: dict[str, Any]) -> None:
    answer = simulator.http.post(f"/simulator/api/{path}", json=body)

    assert answer.status_code in {400, 404, 409}
    assert answer.json()["detail"]
