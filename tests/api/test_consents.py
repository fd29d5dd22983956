"""Consent noted by a program: with its proof, once, and never over a later withdrawal."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from console.consents import noting
from tests.api.house import House, Program
from tests.inbox import meta

GIVEN: dict[str, Any] = {
    "state": "given",
    "channel": "whatsapp",
    "purpose": "marketing",
    "how": "web_form",
    "said_at": "2026-03-01T10:00:00-05:00",
    "shown": "Acepto recibir ofertas por WhatsApp.",
    "version": "web-7",
    "reference": "FORM-881",
}


@pytest.fixture
async def maria(house: House, program: Program) -> str:
    """Where her consents are."""
    await house.writes(meta.MARIA)
    (contact,) = (await program.get("/contacts"))["items"]
    return f"/contacts/{contact['id']}/consents"


async def note(program: Program, path: str, **changed: Any) -> httpx.Response:
    told = {name: value for name, value in {**GIVEN, **changed}.items() if value is not None}
    return await program.http.post(path, json=told)


async def test_what_a_form_said_stands_with_its_proof_on_record(house: House, program: Program, maria: str) -> None:
    answer = await note(program, maria)
    listed = await program.get(maria)

    made = answer.json()
    assert answer.status_code == 201
    assert listed["items"] == [made]
    assert (made["state"], made["said_at"], made["reference"]) == ("given", "2026-03-01T15:00:00Z", "FORM-881")
    [entry] = (await program.get("/audit", action="consent.given"))["items"]
    assert entry["actor"]["kind"] == "token"
    assert "ofertas" not in str(entry)
    async with house.db.reading() as tx:
        assert await noting.last_words(tx, 1) == {("whatsapp", "marketing"): "given"}


async def test_the_same_again_however_often_and_at_once_is_one_line(program: Program, maria: str) -> None:
    answers = await asyncio.gather(*(note(program, maria) for _ in range(5)))

    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 200, 201]
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert len((await program.get(maria))["items"]) == 1


async def test_a_withdrawal_needs_no_proof_and_an_older_consent_does_not_come_back_over_it(
    program: Program, maria: str
) -> None:
    """A file of last year's forms that arrives late must not undo what somebody said since."""
    withdrawn = await note(
        program, maria, state="withdrawn", how="call", said_at="2026-06-01T09:00:00Z", shown=None, reference=None
    )
    late = await note(program, maria)
    since = await note(program, maria, said_at="2026-07-01T09:00:00Z")

    assert withdrawn.status_code == 201
    assert (late.status_code, late.json()["code"], late.json()["field"]) == (409, "withdrawn_since", "said_at")
    assert since.status_code == 201


async def test_withdrawing_collection_over_whatsapp_is_the_opt_out(house: House, program: Program, maria: str) -> None:
    stop = {"state": "withdrawn", "purpose": "collection", "how": "call", "shown": None, "reference": "LL-1"}
    answer = await note(program, maria, **stop)
    again = await note(program, maria, **stop)
    advertising = await note(program, maria, said_at="2026-10-01T00:00:00Z")

    assert (answer.status_code, answer.json()["reference"]) == (201, "LL-1")
    assert (again.status_code, again.json()["id"]) == (200, answer.json()["id"])
    assert (advertising.status_code, advertising.json()["code"]) == (409, "opted_out")
    [entry] = (await program.get("/audit", action="contact.opted_out"))["items"]
    assert entry["actor"]["kind"] == "token"


@pytest.mark.parametrize(
    ("changed", "status", "field"),
    [
        ({"shown": None}, 422, "shown"),
        ({"reference": None}, 422, "reference"),
        ({"how": "message"}, 422, "message_id"),
        ({"message_id": "999999"}, 422, "message_id"),
        ({"message_id": "x"}, 422, "message_id"),
        ({"said_at": "2030-01-01T00:00:00Z"}, 422, "said_at"),
        ({"said_at": "1960-01-01T00:00:00Z"}, 422, "said_at"),
        ({"said_at": "2026-01-01T00:00:00"}, 400, "said_at"),
        ({"said_at": None}, 422, "said_at"),
        ({"channel": "fax"}, 400, "channel"),
        ({"state": "lifted"}, 400, "state"),
        ({"shown": "x" * 4001}, 400, "shown"),
        ({"reference": "x" * 201}, 400, "reference"),
        ({"contact_id": "1"}, 422, "contact_id"),
    ],
)
async def test_what_cannot_be_is_refused_by_name_and_noted_nowhere(
    program: Program, maria: str, changed: dict[str, Any], status: int, field: str
) -> None:
    answer = await note(program, maria, **changed)

    assert (answer.status_code, answer.json()["field"]) == (status, field)
    assert (await program.get(maria))["items"] == []


async def test_a_message_of_theirs_proves_it_and_one_of_somebody_else_does_not(
    house: House, program: Program, maria: str
) -> None:
    await house.writes("51944210999")
    conversations = (await program.get("/conversations"))["items"]
    messages = {
        each["contact"]["id"]: (await program.get(f"/conversations/{each['id']}/messages"))["items"][0]["id"]
        for each in conversations
    }
    own = maria.split("/")[2]
    other = next(message for contact, message in messages.items() if contact != own)

    stolen = await note(program, maria, how="message", reference=None, message_id=other)
    theirs = await note(program, maria, how="message", reference=None, message_id=messages[own])

    assert (stolen.status_code, stolen.json()["field"]) == (422, "message_id")
    assert (theirs.status_code, theirs.json()["message_id"]) == (201, messages[own])


async def test_nobody_and_somebody_who_was_never_in_touch(program: Program, maria: str) -> None:
    assert (await note(program, "/contacts/999/consents")).status_code == 404
    assert (await program.http.get("/contacts/x/consents")).status_code == 404
