"""Programs send files: brought first, named in a message, sent once under one key."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from sqlalchemy import select

from console import clock
from console.canned.models import CannedFile, CannedText
from console.inbox.channel import Channel, MessageTemplate
from tests.api.house import House, Program
from tests.attachments import samples
from tests.inbox import files, meta

PATH = "/conversations/1"


async def bring(program: Program, content: bytes, name: str = "carta.pdf", **headers: str) -> httpx.Response:
    given = {"content-type": "application/octet-stream", "x-file-name": name, **headers}
    return await program.http.post(f"{PATH}/attachments", content=content, headers=given)


async def say(program: Program, body: dict[str, Any], key: str = "") -> httpx.Response:
    headers = {"idempotency-key": key} if key else {}
    return await program.http.post(f"{PATH}/messages", json=body, headers=headers)


@pytest.fixture
async def conversation(house: House) -> None:
    await house.writes(meta.MARIA)


@pytest.mark.usefixtures("conversation")
async def test_a_file_is_brought_named_and_queued_once(program: Program) -> None:
    brought = await bring(program, samples.PDF)
    assert brought.status_code == 201, brought.text
    file = brought.json()
    assert (file["kind"], file["mime_type"], file["filename"]) == ("document", "application/pdf", "carta.pdf")
    body = {"type": "document", "document": {"id": file["id"], "caption": "Su cronograma"}}

    first, again = await say(program, body, "k1"), await say(program, body, "k1")
    used = await say(program, body, "k2")

    assert (first.status_code, again.status_code) == (201, 200), first.text
    assert first.json() == again.json()
    assert first.json()["media"]["sha256"] == file["sha256"]
    assert (used.status_code, used.json()["code"]) == (409, "attachment_used")


@pytest.mark.usefixtures("conversation")
@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({"type": "image", "image": {"id": "ID"}}, "another_kind", "type"),
        ({"type": "document", "document": {"id": "999"}}, "attachment_gone", "attachment"),
        ({"type": "document", "document": {"id": "x"}}, "invalid", "document.id"),
        ({"type": "document", "document": {"link": "https://x.example/a.pdf"}}, "unknown_field", "document.link"),
        ({"type": "document"}, "missing_field", "document"),
    ],
)
async def test_what_is_wrong_is_named(program: Program, body: dict[str, Any], code: str, field: str) -> None:
    file = (await bring(program, samples.PDF)).json()
    for member in body.values():
        if isinstance(member, dict) and member.get("id") == "ID":
            member["id"] = file["id"]

    answer = await say(program, body)

    assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text
    assert answer.json()["field"] == field


@pytest.mark.usefixtures("conversation")
async def test_a_program_is_told_what_whatsapp_would_refuse(program: Program) -> None:
    renamed = await bring(program, files.EXE, "factura.pdf")
    as_json = await program.http.post(f"{PATH}/attachments", json={})

    assert (renamed.status_code, renamed.json()["code"]) == (422, "not_sendable")
    assert as_json.status_code == 415


@pytest.mark.usefixtures("conversation")
async def test_a_file_goes_into_the_header_of_a_template(house: House, program: Program) -> None:
    async with house.db.transaction() as tx:
        channel_id = await tx.scalar(select(Channel.id))
        components = [{"type": "HEADER", "format": "IMAGE"}, {"type": "BODY", "text": "Así se paga, {{1}}."}]
        named = {"name": "como_pagar", "language": "es", "category": "UTILITY", "status": "APPROVED"}
        tx.add(MessageTemplate(channel_id=channel_id, components=components, updated_at=clock.now(), **named))
    file = (await bring(program, samples.jpeg(), "pago.jpg")).json()

    def body(parameter: dict[str, Any]) -> dict[str, Any]:
        header = {"type": "header", "parameters": [parameter]}
        words = {"type": "body", "parameters": [{"type": "text", "text": "Rosa"}]}
        return {"type": "template", "template": {"name": "como_pagar", "language": "es", "components": [header, words]}}

    by_id = body({"type": "image", "image": {"id": file["id"]}})
    sent, again = await say(program, by_id, "h1"), await say(program, by_id, "h1")
    assert (sent.status_code, again.status_code) == (201, 200), sent.text
    assert (sent.json()["type"], sent.json()["media"]["sha256"]) == ("template", file["sha256"])
    by_link = await say(program, body({"type": "image", "image": {"link": "https://cdn.example/a.jpg"}}))
    assert (by_link.status_code, by_link.json()["media"]) == (201, None)

    plain = {"name": "como_pagar", "language": "es", "variables": {"1": "Rosa"}}
    without = await say(program, {"type": "template", "template": plain})
    assert (without.status_code, without.json()["field"]) == (422, "variables.header.file")
    pdf = (await bring(program, samples.PDF)).json()
    plain["variables"] = {"1": "Rosa", "header.file": pdf["id"]}
    other = await say(program, {"type": "template", "template": plain})
    assert (other.status_code, other.json()["field"]) == (422, "variables.header.file")


async def test_canned_responses_say_which_files_go_with_them(house: House, program: Program) -> None:
    async with house.db.transaction() as tx:
        given = {"name": "Dónde pagar", "name_key": "donde pagar", "body": "Aquí.", "scope": "all"}
        text = CannedText(**given, created_at=clock.now(), updated_at=clock.now())
        tx.add(text)
        await tx.flush()
        file = {"kind": "document", "mime_type": "application/pdf", "filename": "lugares.pdf", "size": 9}
        tx.add(CannedFile(canned_id=text.id, sha256="a" * 64, created_at=clock.now(), **file))

    (listed,) = (await program.get("/canned-responses"))["items"]

    (told,) = listed["files"]
    assert {name: told[name] for name in file} == file
    assert told["sha256"] == "a" * 64
