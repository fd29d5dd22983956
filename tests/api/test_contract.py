"""The edges of the API as they are promised, one by one: each call, its fields, filters, refusals and events."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any, get_args

import httpx
import pytest
from sqlalchemy import select

from console import clock
from console.api import events, shapes
from console.audit import SYSTEM
from console.canned.models import CannedText
from console.inbox.channel import Channel, MessageTemplate
from console.routing import availability
from tests.api.house import House, Program, frames
from tests.api.test_accounts import BODY as ACCOUNT
from tests.inbox import meta
from tests.patience import eventually

MESSAGE = "id conversation_id direction author type text media status wa_id external_id error created_at sequence"
CONVERSATION = (
    "id contact status assignee team handler tags unread last_message window_closes_at version created_at updated_at"
)
ENTRY = "id at actor action conversation_id account_id old new hash"
TEXT = {"type": "text", "text": {"body": "Buenos días, María"}}
TEMPLATE = {"type": "template", "template": {"name": "aviso", "language": "es", "variables": {"1": "María"}}}
PAYMENT = {
    "external_id": "pago-1",
    "account": "PR-1",
    "amount": {"amount": "12.50", "currency": "PEN"},
    "paid_at": "2026-11-05T12:00:00Z",
    "method": "transferencia",
    "invoice": "F-1",
}
# method, path, body, status, and the fields that what is given has at least.
CALLS: tuple[tuple[str, str, Any, int, str], ...] = (
    ("GET", "/conversations", None, 200, "items next_cursor"),
    ("GET", "/conversations/1", None, 200, CONVERSATION),
    ("PATCH", "/conversations/1", {"status": "open"}, 200, CONVERSATION),
    ("GET", "/conversations/1/messages", None, 200, "items next_cursor"),
    ("POST", "/conversations/1/messages", TEXT, 201, MESSAGE),
    ("POST", "/conversations/1/messages", TEMPLATE, 201, MESSAGE),
    ("POST", "/conversations/1/notes", {"text": "Paga los viernes"}, 201, "id text author created_at"),
    ("GET", "/contacts", None, 200, "items next_cursor"),
    ("GET", "/contacts/1", None, 200, "id name phone"),
    ("PATCH", "/contacts/1", {"name": "María Ccori"}, 200, "id name phone"),
    ("PUT", "/accounts/PR-1", ACCOUNT, 201, "id external_id holder currency invoices"),
    ("PUT", "/accounts/PR-1", ACCOUNT, 200, "id external_id holder currency invoices"),
    ("POST", "/payments", PAYMENT, 201, "id external_id account amount paid_at method invoice"),
    ("POST", "/payments", PAYMENT, 200, "id external_id account amount paid_at method invoice"),
    ("POST", "/payments", {**PAYMENT, "method": "efectivo"}, 409, "type title status detail code"),
    ("GET", "/audit", None, 200, "items next_cursor"),
    ("GET", "/templates", None, 200, "items next_cursor"),
    ("GET", "/canned-responses", None, 200, "items next_cursor"),
    ("GET", "/tags", None, 200, "items next_cursor"),
    ("GET", "/users", None, 200, "items next_cursor"),
)
FILTERS = {
    "/conversations": {
        "status": ("open", "snoozed", "resolved"),
        "tag": ("Vencido 31-60",),
        "assignee": ("me", "none", "1"),
        "handler": ("agent", "bot", "none"),
        "phone": ("+51944218305",),
        "q": ("maria",),
    },
    "/audit": {
        "conversation": ("1",),
        "actor": ("agent", "agent:1", "token"),
        "action": ("message.received",),
        "from": ("2026-11-05T12:00:00Z",),
        "to": ("2026-11-05T12:00:00-05:00",),
    },
}
BODIES: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("PATCH", "/conversations/1", {}),
    ("POST", "/conversations/1/messages", TEXT),
    ("POST", "/conversations/1/notes", {"text": "x"}),
    ("PATCH", "/users/1/conversations/1", {}),
    ("POST", "/users/1/conversations/1/messages", TEXT),
    ("POST", "/users/1/conversations/1/notes", {"text": "x"}),
    ("POST", "/users/1/conversations/1/transfer", {"note": "x", "assignee": "1"}),
    ("PUT", "/users/1/conversations/1/read-mark", {"sequence": 1}),
    ("PATCH", "/users/1/queues/1", {}),
    ("PUT", "/users/1/presence", {"status": "away"}),
    ("PATCH", "/contacts/1", {"name": "x"}),
    ("PUT", "/accounts/PR-1", ACCOUNT),
    ("POST", "/payments", PAYMENT),
)
EVENTS = (
    "message.created message.updated conversation.created conversation.updated contact.updated account.updated "
    "presence.updated bot.session.updated"
)
STATUSES = "received queued sending sent delivered read failed unknown"


@pytest.fixture
async def there(house: House, program: Program) -> Program:
    """Somebody has written; somebody works here, with a template and a canned text."""
    await house.agent()
    await house.writes(meta.MARIA)
    async with house.db.transaction() as tx:
        channel_id, now = (await tx.scalars(select(Channel.id))).one(), clock.now()
        named = {"name": "aviso", "language": "es", "category": "UTILITY", "status": "APPROVED"}
        body = [{"type": "BODY", "text": "Hola {{1}}"}]
        tx.add(MessageTemplate(channel_id=channel_id, components=body, updated_at=now, **named))
        canned = {"name": "Saludo", "name_key": "saludo", "body": "Hola {nombre}", "scope": "all"}
        tx.add(CannedText(created_at=now, updated_at=now, **canned))
    return program


async def test_every_call_gives_what_is_promised(there: Program) -> None:
    for method, path, body, status, fields in CALLS:
        answer = await there.http.request(method, path, json=body)

        assert answer.status_code == status, (method, path, answer.text)
        assert set(fields.split()) <= answer.json().keys(), (method, path)
        kind = "application/problem+json" if status >= 400 else "application/json"
        assert answer.headers["content-type"].startswith(kind), (method, path)


async def test_what_is_inside_has_the_promised_shape(there: Program) -> None:
    await there.http.put("/accounts/PR-1", json=ACCOUNT)
    conversation = await there.conversation()
    (message,) = await there.walk("/conversations/1/messages")
    entry = (await there.walk("/audit", limit=100))[-1]

    assert {"id", "name", "phone"} <= conversation["contact"].keys()
    assert conversation["last_message"] == message
    assert set(MESSAGE.split()) <= message.keys()
    assert {"kind", "id", "name"} == message["author"].keys()
    assert set(ENTRY.split()) <= entry.keys()
    assert {"kind", "id", "name"} == entry["actor"].keys()
    assert re.fullmatch(r"[a-z_]+\.[a-z_]+", entry["action"])
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", one["created_at"]) for one in (conversation, message))
    assert set(get_args(shapes.MessageStatus)) == set(STATUSES.split())
    assert set(get_args(events.Kind)) >= set(EVENTS.split())


async def test_every_filter_narrows_and_an_unknown_one_is_refused_by_name(there: Program) -> None:
    for path, filters in FILTERS.items():
        for name, values in filters.items():
            for value in values:
                answer = await there.http.get(path, params={name: value})
                assert answer.status_code == 200, (path, name, value, answer.text)
        unknown = await there.http.get(path, params={"nothing": "1"})
        assert (unknown.status_code, unknown.json()["field"]) == (400, "nothing")


async def test_every_listing_is_walked_page_by_page(house: House, there: Program) -> None:
    await house.writes(*(f"5194421{number:04d}" for number in range(3)))
    for path in ("/conversations", "/contacts", "/audit", "/tags", "/conversations/1/messages", "/users", "/templates"):
        everything = (await there.get(path, limit=100))["items"]

        assert await there.walk(path, limit=1) == everything, path


async def test_options_are_told_and_are_no_call(there: Program) -> None:
    for path in {path for _method, path, _body, _status, _fields in CALLS} | {"/stream"}:
        answer = await there.http.request("OPTIONS", path)

        assert answer.status_code == 204, (path, answer.text)
        assert "OPTIONS" in answer.headers["allow"]


async def test_an_unknown_field_is_refused_by_its_name(there: Program) -> None:
    for method, path, body in BODIES:
        answer = await there.http.request(method, path, json={**body, "surplus": 1})

        assert (answer.status_code, answer.json()["field"]) == (422, "surplus"), (method, path)


async def test_what_is_refused_is_a_problem_whoever_asks(house: House, there: Program) -> None:
    async with httpx.AsyncClient(base_url=f"{house.url}/api/v1", trust_env=False) as nobody:
        for method, path, body, _status, _fields in CALLS:
            answer = await nobody.request(method, path, json=body)
            assert answer.status_code == 401, (method, path)
            assert {"type", "title", "status", "detail"} <= answer.json().keys()
            assert answer.headers["content-type"] == "application/problem+json"
    for method, path in (("GET", "/conversations/99"), ("GET", "/contacts/99"), ("GET", "/nothing")):
        assert (await there.http.request(method, path)).status_code == 404, path


async def test_a_lost_race_and_a_repeated_key_answer_as_promised(there: Program) -> None:
    conversation = await there.conversation()
    stale = {"status": "open", "version": conversation["version"] + 7}
    assert (await there.http.patch("/conversations/1", json=stale)).status_code == 409

    for path, body in (("/conversations/1/messages", TEXT), ("/conversations/1/notes", {"text": "una vez"})):
        key = {"Idempotency-Key": f"the very same {path}"}
        first = await there.http.post(path, json=body, headers=key)
        again = await there.http.post(path, json=body, headers=key)
        assert (first.status_code, again.status_code) == (201, 200), path
        assert again.json() == first.json()
    assert [it["direction"] for it in await there.walk("/conversations/1/messages")] == ["in", "out"]


async def test_who_is_there_is_an_event(house: House, there: Program) -> None:
    async with there.socket() as wire:
        json.loads(await wire.recv())
        async with house.db.transaction() as tx:
            await availability.stand(tx, 1, by=SYSTEM, state="paused", reason="lunch")
        (event,) = await frames(wire, 1)

    assert (event["type"], event["action"]) == ("presence.updated", "presence.changed")
    assert (event["data"]["user"], event["data"]["status"], event["data"]["reason"]) == ("1", "paused", "lunch")
    assert {"cursor", "type", "at", "data"} <= event.keys()


async def test_a_whole_day_by_calls_alone(house: House, there: Program) -> None:
    """Claim, pass on with a note, give back, answer, put aside, schedule, resolve, reopen, find: and it is all told."""
    ana, luz = "1", str((await house.agent("Luz Paredes")).id)
    cursor = (await there.get("/audit"))["items"][0]["id"]
    one = "/conversations/1"
    (team,) = await there.walk("/teams")

    async def change(**asked: Any) -> dict[str, Any]:
        answer = await there.http.patch(one, json=asked)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    assert (await change(assignee=ana))["handler"] == "agent"
    assert [it["id"] for it in await there.walk("/conversations", assignee=ana)] == ["1"]
    note = {"text": "@Luz Paredes prefiere que la llamen tarde", "mentions": [luz]}
    noted = await there.http.post(f"{one}/notes", json=note)
    assert noted.json()["mentions"] == [luz]
    assert (await change(team=team["id"], assignee=luz))["assignee"] == luz
    assert (await change(assignee=None))["assignee"] is None
    (canned,) = await there.walk("/canned-responses")
    assert canned["variables"] == ["nombre"]
    for body in (TEXT, TEMPLATE):
        assert (await there.http.post(f"{one}/messages", json=body)).status_code == 201
    at = clock.now() + timedelta(days=1)
    moments = [(at + timedelta(hours=n)).isoformat() for n in range(0, 96, 4)]
    made = await _scheduled(there, one, moments)
    gone = await there.http.delete(f"{one}/scheduled-messages/{made['id']}")
    assert gone.json()["status"] == "cancelled"
    assert (await change(status="snoozed", snoozed_until=at.isoformat()))["status"] == "snoozed"
    assert (await change(status="open"))["snoozed_until"] is None
    assert (await change(status="resolved", disposition="CD-CON"))["status"] == "resolved"
    assert (await change(status="open"))["status"] == "open"
    (found,) = await eventually(lambda: there.walk("/conversations", q="buenos dias"))
    assert found["id"] == "1"
    actions = [
        it["action"] for it in await there.walk("/audit", conversation="1", order="asc") if int(it["id"]) > int(cursor)
    ]
    for action in ["assigned", "noted", "queued", "scheduled", "schedule_cancelled", "snoozed", "resolved", "reopened"]:
        assert any(it.endswith(f".{action}") for it in actions), (action, actions)
    async with there.socket(cursor) as wire:
        told = await frames(wire, 6)
    assert [int(it["cursor"]) for it in told] == sorted(int(it["cursor"]) for it in told)


async def _scheduled(program: Program, one: str, moments: list[str]) -> dict[str, Any]:
    """At the first of these moments at which the debtor may be written to: what hour it is now is not the test's."""
    for moment in moments:
        answer = await program.http.post(f"{one}/scheduled-messages", json={**TEMPLATE, "send_at": moment})
        if answer.status_code == 201:
            return dict(answer.json())
        assert answer.json()["code"] == "outside_hours", answer.text
    raise AssertionError("closed for days")
