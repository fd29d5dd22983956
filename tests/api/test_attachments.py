"""Programs send files: brought first, named in a message, sent once under one key."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

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
