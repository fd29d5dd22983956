"""What the API says about itself."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

from console.agents import Role
from console.api import schema
from tests.api.house import House, Program, frames
from tests.inbox import meta

A_PAYMENT = {
    "external_id": "pago-1",
    "account": "nobody",
    "amount": {"amount": "412.50", "currency": "PEN"},
    "paid_at": "2026-11-05T12:00:00Z",
    "method": "transferencia",
}


@pytest.fixture
def document() -> dict[str, Any]:
    return schema.document()


async def test_the_document_can_be_read_without_a_token(house: House) -> None:
    async with httpx.AsyncClient(base_url=house.url, trust_env=False) as anybody:
        told = await anybody.get("/api/schema/openapi.json")

    assert told.status_code == 200
    assert told.headers["content-type"] == "application/json"
    assert told.json()["openapi"] == "3.1.0"
    assert told.json()["servers"] == [{"url": house.url}]


async def test_the_page_can_be_read_and_loads_nothing_from_elsewhere(house: House) -> None:
    async with httpx.AsyncClient(base_url=house.url, trust_env=False) as anybody:
        page = await anybody.get("/api/schema")

    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    loaded = re.findall(r'<(?:link|script|img|iframe)[^>]*(?:href|src)="([^"]*)"', page.text)
    assert loaded
    assert all(re.match(r"/(?!/)", address) for address in loaded), "from this very host"
    assert not re.search(r"<script(?![^>]*src=)|<style| style=| on\w+=", page.text), "the page's policy forbids inline"
    for path in schema.document()["paths"]:
        assert path in page.text
    assert len(re.findall(r' id="([^"]*)"', page.text)) == len(set(re.findall(r' id="([^"]*)"', page.text)))


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    named = set(re.findall(r"#/components/schemas/([^'\"]+)", str(document)))

    assert named
    assert named <= set(document["components"]["schemas"])


def test_every_call_says_what_it_needs_gives_and_refuses(document: dict[str, Any]) -> None:
    operations = [operation for methods in document["paths"].values() for operation in methods.values()]

    assert len({operation["operationId"] for operation in operations}) == len(operations) > 10
    for operation in operations:
        assert operation["summary"].endswith(".")
        assert "Scope: `" in operation["description"]
        assert {"401", "403"} <= set(operation["responses"])


async def test_what_is_given_is_what_was_promised(house: House, program: Program, document: dict[str, Any]) -> None:
    await house.writes(meta.MARIA)
    conversation = await program.conversation()
    reported = await program.http.post("/payments", json=A_PAYMENT)
    stated = {"holder": {"name": "María Ccori"}, "currency": "PEN", "invoices": []}
    assert (await program.http.put("/accounts/PR-1", json=stated)).status_code == 201
    ana, sara = (await house.agent()).id, (await house.agent("Sara", Role.SUPERVISOR)).id
    theirs = f"/users/{ana}"
    here = f"{theirs}/conversations/{conversation['id']}"
    asking = {"deed": "assign", "assignee": None, "conversations": [conversation["id"]]}
    job = (await program.http.post(f"{theirs}/bulk-jobs", json=asking)).json()
    view = (await program.http.post(f"{theirs}/saved-views", json={"name": "Todas", "view": "all"})).json()
    draft = f"{theirs}/conversations/{conversation['id']}/drafts/reply"
    assert (await program.http.put(draft, json={"text": "Buenos días"})).status_code == 200
    refused = {"state": "withdrawn", "channel": "whatsapp", "purpose": "marketing", "how": "call"}
    consents = f"/contacts/{conversation['contact']['id']}/consents"
    noted = await program.http.post(consents, json={**refused, "said_at": "2026-01-01T00:00:00Z"})
    assert noted.status_code == 201
    asked = {
        "/users/{user_id}/presence": f"{theirs}/presence",
        "/users/{user_id}/queues/{team_id}": f"/users/{sara}/queues/1",
        "/users/{user_id}/search": f"{theirs}/search",
        "/users/{user_id}/conversations/{conversation_id}/templates": f"{here}/templates",
        "/users/{user_id}/conversations/{conversation_id}/search": f"{here}/search",
        "/users/{user_id}/drafts": f"{theirs}/drafts",
        "/users/{user_id}/conversations/{conversation_id}/canned-responses": (
            f"{theirs}/conversations/{conversation['id']}/canned-responses"
        ),
        "/users/{user_id}/saved-views": f"{theirs}/saved-views",
        "/users/{user_id}/saved-views/{view_id}/conversations": f"{theirs}/saved-views/{view['id']}/conversations",
        "/users/{user_id}/bulk-jobs": f"{theirs}/bulk-jobs",
        "/users/{user_id}/bulk-jobs/{job_id}": f"{theirs}/bulk-jobs/{job['id']}",
        "/users/{user_id}/bulk-jobs/{job_id}/rows": f"{theirs}/bulk-jobs/{job['id']}/rows",
        "/payments/{payment_id}": f"/payments/{reported.json()['details']['payment']}",
        "/conversations/{conversation_id}": f"/conversations/{conversation['id']}",
        "/conversations/{conversation_id}/messages": f"/conversations/{conversation['id']}/messages",
        "/contacts/{contact_id}": f"/contacts/{conversation['contact']['id']}",
        "/contacts/{contact_id}/consents": f"/contacts/{conversation['contact']['id']}/consents",
        "/accounts/{external_id}": "/accounts/PR-1",
    }

    for path, methods in document["paths"].items():
        if "get" not in methods or path.endswith("/stream"):
            continue
        short = path.removeprefix("/api/v1")
        needs = {"q": "Hola"} if short.endswith("/search") else {}
        given = await program.get(asked.get(short, short), **needs)
        promised = methods["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        assert flaws(given, promised, document["components"]["schemas"]) == [], path


async def test_every_event_is_what_was_promised(house: House, program: Program, document: dict[str, Any]) -> None:
    """R20: the event itself, and what it is about by the first word of its type."""
    shapes = document["components"]["schemas"]
    async with program.socket("0") as wire:
        await house.writes(meta.MARIA)
        events = await frames(wire, 3)

    assert {event["type"] for event in events} == {"contact.updated", "conversation.created", "message.created"}
    for event in events:
        about = event["type"].partition(".")[0].capitalize()
        assert flaws(event, {"$ref": "#/components/schemas/Event"}, shapes) == []
        assert flaws(event["data"], {"$ref": f"#/components/schemas/{about}"}, shapes) == []


def flaws(given: Any, promised: dict[str, Any], shapes: dict[str, Any], place: str = "$") -> list[str]:
    """Where `given` is not as `promised`: enough of JSON Schema for what our shapes use."""
    if "$ref" in promised:
        return flaws(given, shapes[promised["$ref"].rpartition("/")[2]], shapes, place)
    if "anyOf" in promised:
        found = [flaws(given, kind, shapes, place) for kind in promised["anyOf"]]
        return [] if [] in found else found[0]
    if "enum" in promised:
        return [] if given in promised["enum"] else [f"{place}: {given!r}"]
    kinds: dict[str, Any] = {
        "object": dict,
        "array": list,
        "string": str,
        "integer": int,
        "boolean": bool,
        "null": type(None),
    }
    if "type" in promised and not isinstance(given, kinds[promised["type"]]):
        return [f"{place}: {given!r} is no {promised['type']}"]
    if promised.get("type") == "array":
        return [flaw for item in given for flaw in flaws(item, promised.get("items", {}), shapes, f"{place}[]")]
    missing = [f"{place}.{name} is missing" for name in promised.get("required", ()) if name not in given]
    members = promised.get("properties", {})
    return missing + [
        flaw
        for name, kind in members.items()
        if name in given
        for flaw in flaws(given[name], kind, shapes, f"{place}.{name}")
    ]
