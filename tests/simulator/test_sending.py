"""`POST /messages`: what is accepted, in which shape it is answered, and every refusal in Meta's words."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulator.town import MARIA, MARIA_PHONE, Town, town

TEXT: dict[str, Any] = {"type": "text", "text": {"body": "Buenos días"}}
KEVIN = "kevin-r"


def code_of(answer: Any) -> int:
    error = answer.json()["error"]
    assert {"message", "type", "code", "fbtrace_id"} <= error.keys()
    assert answer.status_code >= 400
    code: int = error["code"]
    return code


def test_an_accepted_send_is_answered_as_meta_answers(simulator: Town) -> None:
    simulator.write()

    answer = simulator.send("+51 944-218-305", **TEXT)

    assert answer.status_code == 200
    body = answer.json()
    assert body["messaging_product"] == "whatsapp"
    assert body["contacts"] == [{"input": "+51 944-218-305", "wa_id": MARIA_PHONE}]
    assert [*body["messages"][0]] == ["id"]
    assert body["messages"][0]["id"].startswith("wamid.HBgLNTE5NDQyMTgzMDUVAgARGB")


def test_any_version_of_the_api_is_spoken(simulator: Town) -> None:
    for version in ("v17.0", "v23.0", "v99.0"):
        path = f"/{version}/{simulator.settings.phone_number_id}"
        answer = simulator.http.get(path, headers={"Authorization": f"Bearer {simulator.settings.access_token}"})
        assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    "content",
    [
        TEXT,
        {"text": {"body": "sin tipo, como se permite al texto"}},
        {"type": "location", "location": {"latitude": "-12.04", "longitude": "-77.04", "name": "Agencia"}},
        {"type": "contacts", "contacts": [{"name": {"formatted_name": "Rosa"}, "phones": [{"phone": "+51 1"}]}]},
        {"type": "image", "image": {"link": "https://example.com/a.png", "caption": "mire"}},
        {"type": "document", "document": {"link": "https://example.com/a.pdf", "filename": "a.pdf"}},
        {
            "type": "interactive",
            "interactive": {
                "type": "button",
                "body": {"text": "¿Paga hoy?"},
                "action": {"buttons": [{"type": "reply", "reply": {"id": "si", "title": "Sí"}}]},
            },
        },
        {
            "type": "interactive",
            "interactive": {
                "type": "list",
                "body": {"text": "Elija"},
                "action": {"button": "Ver", "sections": [{"rows": [{"id": "a", "title": "A", "description": "d"}]}]},
            },
        },
        {
            "type": "interactive",
            "interactive": {
                "type": "cta_url",
                "body": {"text": "Pague aquí"},
                "action": {"name": "cta_url", "parameters": {"display_text": "Pagar", "url": "https://example.com"}},
            },
        },
    ],
    ids=lambda content: content.get("type", "text"),
)
def test_every_type_reaches_the_phone(simulator: Town, content: dict[str, Any]) -> None:
    simulator.write()

    wamid = simulator.sent(**content)

    simulator.told(wamid, "sent", "delivered")
    assert simulator.bubble(wamid)["kind"] == content.get("type", "text")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ({"messaging_product": "sms", **TEXT}, 100),
        ({"type": "text"}, 131008),
        ({"type": "text", "text": {}}, 131008),
        ({"type": "text", "text": {"body": ""}}, 131008),
        ({"type": "text", "text": "hola"}, 100),
        ({"type": "text", "text": {"body": "x" * 4097}}, 100),
        ({"type": "carta", "carta": {}}, 131051),
        ({"biz_opaque_callback_data": "x" * 513, **TEXT}, 100),
        ({"type": "image", "image": {}}, 100),
        ({"type": "image", "image": {"id": "1", "link": "https://example.com"}}, 100),
        ({"type": "image", "image": {"id": "123456"}}, 131009),
        ({"type": "audio", "audio": {"link": "https://example.com/a", "caption": "no"}}, 100),
        ({"type": "image", "image": {"link": "https://example.com/a", "caption": "x" * 1025}}, 100),
        ({"type": "location", "location": {"latitude": 1}}, 131008),
        ({"type": "location", "location": {"latitude": 91, "longitude": 1}}, 131009),
        ({"type": "location", "location": {"latitude": "nan", "longitude": 1}}, 131009),
        ({"type": "contacts", "contacts": []}, 100),
        ({"type": "contacts", "contacts": [{"phones": []}]}, 131008),
        ({"type": "reaction", "reaction": {"message_id": "wamid.nobody", "emoji": "👍"}}, 131009),
        ({"type": "interactive", "interactive": {"type": "encuesta"}}, 131009),
        ({"type": "interactive", "interactive": {"type": "button", "body": {"text": "a"}}}, 131008),
        ({"type": "template", "template": {"name": "no_existe", "language": {"code": "es"}}}, 132001),
    ],
)
def test_a_send_that_is_not_well_formed_is_refused(simulator: Town, content: dict[str, Any], code: int) -> None:
    simulator.write()

    assert code_of(simulator.send(**content)) == code
    assert simulator.api("GET", "/ledger")["total"] == 0


@pytest.mark.parametrize(
    "buttons",
    [
        [],
        [{"type": "reply", "reply": {"id": str(place), "title": str(place)}} for place in range(4)],
        [{"type": "reply", "reply": {"id": "a", "title": "x" * 21}}],
        [{"type": "reply", "reply": {"id": "a", "title": "A"}}, {"type": "reply", "reply": {"id": "a", "title": "B"}}],
    ],
    ids=["none", "four", "a long title", "one id twice"],
)
def test_reply_buttons_have_limits(simulator: Town, buttons: list[dict[str, Any]]) -> None:
    simulator.write()
    interactive = {"type": "button", "body": {"text": "a"}, "action": {"buttons": buttons}}

    assert code_of(simulator.send(type="interactive", interactive=interactive)) == 131009


@pytest.mark.parametrize(
    ("to", "code"),
    [("hola", 131009), ("123", 131009), ("PE.123456", 131009), ("5116402200", 131021), ({"a": 1}, 131009)],
)
def test_an_address_must_be_a_phone(simulator: Town, to: Any, code: int) -> None:
    assert (
        code_of(simulator.number("POST", "messages", json={"messaging_product": "whatsapp", "to": to, **TEXT})) == code
    )


def test_a_send_without_an_address_is_refused(simulator: Town) -> None:
    assert code_of(simulator.number("POST", "messages", json={"messaging_product": "whatsapp", **TEXT})) == 100


@pytest.mark.parametrize("body", [b"{", b"[]", b'"a"', b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_object_is_refused(simulator: Town, body: bytes) -> None:
    assert code_of(simulator.number("POST", "messages", content=body)) == 100


@pytest.mark.parametrize(("token", "code"), [("", 104), ("otro", 190)])
def test_only_the_right_token_is_let_in(simulator: Town, token: str, code: int) -> None:
    answer = simulator.number("POST", "messages", token=token, json={"messaging_product": "whatsapp", **TEXT})

    assert answer.status_code == 401
    assert code_of(answer) == code


@pytest.mark.parametrize("path", ["1/messages", "106540352240001/nada", "abc", "1/2/3"])
def test_what_is_not_there_is_refused(simulator: Town, path: str) -> None:
    assert code_of(simulator.call("POST", path, json={})) in {100, 2500}


def test_outside_the_24_hours_only_templates_pass(simulator: Town) -> None:
    assert code_of(simulator.send()) == 131047
    simulator.write(at=simulator.simulation.now() - 24 * 3600 - 1)
    assert code_of(simulator.send()) == 131047

    simulator.write(at=simulator.simulation.now() - 23 * 3600)

    assert simulator.send().status_code == 200
    simulator.api("PUT", "/clock", json={"advance_seconds": 3601})
    assert code_of(simulator.send()) == 131047


def test_a_closed_window_may_be_told_by_webhook(simulator: Town) -> None:
    simulator.faults(window_error_by_webhook=True)

    wamid = simulator.sent()

    simulator.told(wamid, "failed")
    assert simulator.console.statuses[0]["errors"][0]["code"] == 131047


def test_a_business_scoped_user_id_is_an_address(simulator: Town) -> None:
    user_id = simulator.api("GET", f"/personas/{KEVIN}")["user_id"]
    simulator.write(persona=KEVIN)

    answer = simulator.send(recipient=user_id, **TEXT)

    assert answer.json()["contacts"] == [{"input": user_id, "user_id": user_id}]
    simulator.told(answer.json()["messages"][0]["id"], "sent", "delivered")
    assert all("recipient_id" not in status for status in simulator.console.statuses)
    assert all(status["recipient_user_id"] == user_id for status in simulator.console.statuses)


@pytest.mark.parametrize("recipient", ["PE.1", "no-es-un-id"])
def test_an_unknown_user_id_is_refused(simulator: Town, recipient: str) -> None:
    assert code_of(simulator.send(recipient=recipient, **TEXT)) == 131009


@pytest.mark.parametrize(
    ("persona", "spelling", "wa_id"),
    [
        ("andrea-lozano", "525544182067", "5215544182067"),
        ("andrea-lozano", "5215544182067", "5215544182067"),
        ("sonia-medrano", "5215587643120", "525587643120"),
        ("rocio-gimenez", "541155302177", "5491155302177"),
    ],
)
def test_mexican_and_argentine_numbers_are_found_in_both_spellings(
    simulator: Town, persona: str, spelling: str, wa_id: str
) -> None:
    simulator.write(persona=persona)

    assert simulator.send(f"+{spelling}").json()["contacts"] == [{"input": f"+{spelling}", "wa_id": wa_id}]


def test_a_test_number_sends_to_dialable_numbers_only() -> None:
    with town(test_number=True) as simulator:
        simulator.write(persona="rocio-gimenez")

        assert code_of(simulator.send("+5491155302177")) == 131030
        assert code_of(simulator.send("+51911111111")) == 131030
        assert simulator.send("+541155302177").status_code == 200


def test_somebody_without_whatsapp_is_told_by_webhook(simulator: Town) -> None:
    for to in ("+51951279468", "+51911111111"):
        wamid = simulator.sent(to)
        simulator.told(wamid, "failed")
        failed = simulator.console.statuses[-1]
        assert failed["errors"][0]["code"] == 131026
        assert failed["errors"][0].keys() == {"code", "title", "message", "error_data", "href"}


def test_a_blocked_person_is_not_written_to(simulator: Town) -> None:
    simulator.write()
    simulator.number(
        "POST", "block_users", json={"messaging_product": "whatsapp", "block_users": [{"user": MARIA_PHONE}]}
    )

    assert code_of(simulator.send()) == 130403


def test_reading_and_typing_show_on_the_phone(simulator: Town) -> None:
    first, second = simulator.write("uno"), simulator.write("dos")
    simulator.arrived(second)
    body = {
        "messaging_product": "whatsapp",
        "status": "read",
        "message_id": second,
        "typing_indicator": {"type": "text"},
    }

    assert simulator.number("POST", "messages", json=body).json() == {"success": True}

    assert [simulator.bubble(wamid)["status"] for wamid in (first, second)] == ["read", "read"]
    assert 20 < simulator.api("GET", f"/threads/{MARIA}")["typing_seconds"] <= 25
    simulator.sent()
    assert simulator.api("GET", f"/threads/{MARIA}")["typing_seconds"] == 0


def test_only_what_was_received_can_be_read(simulator: Town) -> None:
    simulator.write()
    ours = simulator.sent()

    for wamid in (ours, "wamid.nobody", ""):
        body = {"messaging_product": "whatsapp", "status": "read", "message_id": wamid}
        assert code_of(simulator.number("POST", "messages", json=body)) == 131009


def test_the_business_reacts_and_takes_it_back(simulator: Town) -> None:
    wamid = simulator.write()

    sent = simulator.sent(type="reaction", reaction={"message_id": wamid, "emoji": "👍"})
    assert simulator.bubble(wamid)["reactions"] == {"business": "👍"}
    simulator.told(sent, "sent", "delivered")

    simulator.sent(type="reaction", reaction={"message_id": wamid, "emoji": ""})
    assert simulator.bubble(wamid)["reactions"] == {}


def test_the_ledger_is_the_truth_about_what_was_accepted(simulator: Town) -> None:
    simulator.write()
    accepted = [simulator.sent(biz_opaque_callback_data=f"own-{place}", **TEXT) for place in range(3)]
    simulator.send(type="carta")

    ledger = simulator.api("GET", "/ledger", params={"after": 1})

    assert ledger["total"] == 3
    assert [entry["wamid"] for entry in ledger["entries"]] == accepted[1:]
    assert [entry["opaque"] for entry in ledger["entries"]] == ["own-1", "own-2"]
    assert {entry["answer"] for entry in ledger["entries"]} == {"200"}
    assert ledger["entries"][0]["request"]["text"] == {"body": "Buenos días"}
