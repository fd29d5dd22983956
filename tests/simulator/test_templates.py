"""Message templates: listed by pages, filled, submitted, and what Meta decides about them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.patience import eventually_now
from tests.simulator.town import Town

NEW = {
    "name": "aviso_de_prueba",
    "language": "es_PE",
    "category": "utility",
    "components": [{"type": "body", "text": "Hola, {{1}}. Es una prueba.", "example": {"body_text": [["Ana"]]}}],
}


def template(name: str, *values: str, language: str = "es_PE", **more: Any) -> dict[str, Any]:
    body = [{"type": "body", "parameters": [{"type": "text", "text": value} for value in values]}] if values else []
    return {"name": name, "language": {"code": language}, "components": [*body, *more.get("components", [])]}


def test_the_list_comes_in_pages(simulator: Town) -> None:
    names: list[str] = []
    answer = simulator.account("GET", "message_templates", params={"limit": 4, "fields": "name,status"}).json()
    pages = 1
    while True:
        names += [it["id"] for it in answer["data"]]
        assert all(it.keys() == {"name", "status", "id"} for it in answer["data"])
        assert {"before", "after"} == answer["paging"]["cursors"].keys()
        following = answer["paging"].get("next")
        if following is None:
            break
        pages += 1
        assert following.startswith(simulator.url)
        answer = simulator.http.get(
            following, headers={"Authorization": f"Bearer {simulator.settings.access_token}"}
        ).json()

    assert pages == 4
    assert len(names) == len(set(names)) == 15
    assert "previous" in answer["paging"]


def test_the_list_can_be_narrowed(simulator: Town) -> None:
    paused = simulator.account("GET", "message_templates", params={"status": "paused"}).json()["data"]

    assert [it["name"] for it in paused] == ["rebaja_por_pronto_pago"]
    assert {"name", "parameter_format", "components", "language", "status", "category", "id"} <= paused[0].keys()
    assert simulator.account("GET", "message_templates", params={"name": "nada"}).json() == {"data": []}
    assert simulator.account("GET", "message_templates", params={"after": "%%"}).status_code == 400


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (template("no_existe"), 132001),
        (template("cuota_vencida", language="pt_BR"), 132001),
        (template("aviso_legal", "Ana", "O-1"), 132001),
        (template("encuesta_de_atencion", "Ana"), 132001),
        (template("rebaja_por_pronto_pago", "Ana", "hoy", "1"), 132015),
        (template("confirmacion_de_pago", "Ana"), 132000),
        (template("confirmacion_de_pago"), 132000),
        (template("confirmacion_de_pago", "Ana", "dos\nlíneas", "3"), 132012),
        (template("confirmacion_de_pago", "Ana", "x" * 1000, "3"), 132005),
        (template("confirmacion_de_pago", "Ana", "", "3"), 131008),
        (template("constancia_adjunta", "Ana"), 132012),
        (template("enlace_de_pago", "Ana", "S/ 1", "C-1"), 132012),
        ({"name": "confirmacion_de_pago"}, 131008),
    ],
)
def test_what_does_not_fit_is_refused(simulator: Town, content: dict[str, Any], code: int) -> None:
    answer = simulator.send(type="template", template=content)

    assert answer.json()["error"]["code"] == code


def test_a_template_passes_outside_the_24_hours(simulator: Town) -> None:
    answer = simulator.send(type="template", template=template("confirmacion_de_pago", "Luz", "S/ 280.00", "hoy"))

    assert answer.json()["messages"][0]["message_status"] == "accepted"
    wamid = answer.json()["messages"][0]["id"]
    simulator.told(wamid, "sent", "delivered")
    assert simulator.console.statuses[0]["pricing"]["category"] == "utility"
    bubble = simulator.bubble(wamid)
    assert bubble["text"] == "Gracias, Luz. Recibimos su pago de S/ 280.00 el hoy. Su saldo quedó al día."
    assert bubble["footer"] == "Conserve este mensaje como constancia"


def test_named_parameters_and_links_are_filled(simulator: Town) -> None:
    named = {"nombre": "Rubén", "importe": "S/ 1", "cuota": "C-1"}
    parameters = [{"type": "text", "parameter_name": name, "text": text} for name, text in named.items()]
    button = {"type": "button", "sub_type": "url", "index": "0", "parameters": [{"type": "text", "text": "Jx4m"}]}
    content = {
        "name": "enlace_de_pago",
        "language": {"code": "es_PE"},
        "components": [{"type": "body", "parameters": parameters}, button],
    }

    bubble = simulator.bubble(simulator.sent(type="template", template=content))

    assert bubble["text"].startswith("Hola, Rubén. Este es su enlace para pagar S/ 1 de la cuota C-1.")
    assert bubble["buttons"][0]["id"] == "https://pagos.example/p/Jx4m"
    content["components"] = [{"type": "body", "parameters": parameters}]
    assert simulator.send(type="template", template=content).json()["error"]["code"] == 131008


def test_a_code_cannot_go_to_a_user_id(simulator: Town) -> None:
    user_id = simulator.api("GET", "/personas/kevin-r")["user_id"]

    answer = simulator.send(recipient=user_id, type="template", template=template("codigo_de_verificacion", "123"))

    assert answer.json()["error"]["code"] == 131062


def test_a_new_template_is_approved_a_little_later(simulator: Town) -> None:
    answer = simulator.account("POST", "message_templates", json=NEW).json()
    assert answer.keys() == {"id", "status", "category"}
    assert (answer["status"], answer["category"]) == ("PENDING", "UTILITY")

    [news] = eventually_now(lambda: simulator.console.fields("message_template_status_update"))

    assert news["event"] == "APPROVED"
    assert news["message_template_id"] == int(answer["id"])
    assert simulator.console.webhooks[0].json["entry"][0]["time"] > 0
    assert simulator.call("GET", answer["id"]).json()["status"] == "APPROVED"
    assert simulator.send(type="template", template=template("aviso_de_prueba", "Ana")).status_code == 200


@pytest.mark.parametrize(
    ("change", "subcode"),
    [
        ({"name": "Con Mayúsculas"}, None),
        ({"name": ""}, None),
        ({"category": "otra"}, None),
        ({"components": "texto"}, None),
        ({"components": [{"type": "body", "text": "Hola {{1}} aquí"}]}, 2388293),
        ({"components": [{"type": "body", "text": "Hola {{1}}", "example": {"body_text": [["a"]]}}]}, 2388299),
        ({"name": "confirmacion_de_pago"}, 2388024),
    ],
)
def test_a_template_meta_would_refuse_is_refused(simulator: Town, change: dict[str, Any], subcode: int | None) -> None:
    error = simulator.account("POST", "message_templates", json={**NEW, **change}).json()["error"]

    assert error["code"] in {100, 131008}
    assert error.get("error_subcode") == subcode


def test_meta_pauses_and_reinstates(simulator: Town) -> None:
    content = template("confirmacion_de_pago", "Luz", "S/ 1", "hoy")

    simulator.api("POST", "/templates/confirmacion_de_pago/status", json={"event": "PAUSED"})
    assert simulator.send(type="template", template=content).json()["error"]["code"] == 132015
    simulator.api("POST", "/templates/confirmacion_de_pago/status", json={"event": "DISABLED"})
    assert simulator.send(type="template", template=content).json()["error"]["code"] == 132016
    simulator.api("POST", "/templates/confirmacion_de_pago/status", json={"event": "REINSTATED"})
    assert simulator.send(type="template", template=content).status_code == 200

    eventually_now(lambda: len(simulator.console.fields("message_template_status_update")) == 3)
    events = {value["event"]: value for value in simulator.console.fields("message_template_status_update")}
    assert events["PAUSED"]["other_info"]["title"] == "FIRST_PAUSE"
    assert "disable_date" in events["DISABLED"]["disable_info"]


def test_a_template_is_edited_and_deleted(simulator: Town) -> None:
    [it] = simulator.account("GET", "message_templates", params={"name": "aviso_legal"}).json()["data"]
    changed = [{"type": "BODY", "text": "Un aviso."}]

    assert simulator.call("POST", it["id"], json={"components": changed}).json() == {"success": True}
    assert simulator.call("POST", it["id"], json={"components": changed}).status_code == 400  # it is being looked at
    assert simulator.call("GET", it["id"]).json()["components"] == changed
    assert simulator.account("DELETE", "message_templates", params={"name": "aviso_legal"}).json() == {"success": True}
    assert simulator.call("GET", it["id"]).status_code == 400
    assert simulator.account("DELETE", "message_templates").status_code == 400
    assert simulator.account("DELETE", "message_templates", params={"name": "aviso_legal"}).status_code == 400


def test_one_language_can_be_deleted(simulator: Town) -> None:
    found = simulator.account("GET", "message_templates", params={"name": "cuota_vencida"}).json()["data"]
    assert len(found) == 2

    simulator.account("DELETE", "message_templates", params={"name": "cuota_vencida", "hsm_id": found[0]["id"]})

    left = simulator.account("GET", "message_templates", params={"name": "cuota_vencida"}).json()["data"]
    assert [it["id"] for it in left] == [found[1]["id"]]
