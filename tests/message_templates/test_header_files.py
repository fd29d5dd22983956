"""Templates with a picture, a video or a PDF in the header: chosen, checked before any call, and seen on the phone."""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from console.attachments.models import StagedFile
from console.attachments.staging import MOST_WAITING
from console.audit import AuditEntry
from console.inbox.channel import MessageTemplate
from console.inbox.models import Media, Message, Status
from tests.attachments import samples
from tests.attachments.test_bring_and_send import bring, chat, on_the_telephone, uploads, waiting
from tests.inbox import files
from tests.inbox.test_both_ends import MARIA, Ends, both_ends
from tests.patience import eventually

NAMED = "Constancia de Rosa.pdf"


@pytest.fixture
async def ends(database_url: str, tmp_path: Path) -> AsyncIterator[Ends]:
    async with both_ends(database_url, tmp_path) as ends:
        await eventually(lambda: template(ends))
        yield ends


async def template(ends: Ends) -> MessageTemplate | None:
    """The simulator's own with a document in its header, once the console has read the list."""
    async with ends.db.reading() as tx:
        wanted = select(MessageTemplate).where(MessageTemplate.name == "constancia_adjunta")
        return (await tx.scalars(wanted)).first()


async def send(ends: Ends, conversation: int, file: str = "", **form: str) -> httpx.Response:
    """As the picker does it."""
    row = await template(ends)
    assert row is not None
    given = {"template_id": str(row.id), "variable.1": "Rosa", "variable.header.file": file, **form}
    return await ends.ana.do(f"/inbox/{conversation}/template-messages", **{"client_key": str(uuid.uuid4()), **given})


async def for_header(ends: Ends, conversation: int, content: Any = samples.PDF, name: str = NAMED) -> str:
    return waiting(await bring(ends.ana, conversation, content, name, **{"x-for": "header"}))


async def test_the_file_of_the_header_reaches_the_telephone_with_the_template(ends: Ends) -> None:
    conversation = await ends.writes(MARIA)
    picker = await ends.ana.see(f"/inbox/{conversation}/templates")
    assert 'accept="application/pdf" required' in picker
    file = await for_header(ends, conversation)
    assert "data-file" not in await ends.ana.see(f"/inbox/{conversation}/attachments"), "it is not the composer's"

    answer = await send(ends, conversation, file)

    assert answer.status_code == 201, answer.text
    assert NAMED in answer.text
    await ends.all_reach(Status.DELIVERED)
    (message,) = await chat(ends)
    assert message["text"] == "Estimado(a) Rosa, le enviamos la constancia de su plan de pagos."
    header = message["content"]["header_media"]
    assert (header["kind"], header["filename"]) == ("document", NAMED)
    assert await on_the_telephone(ends, header["id"]) == (samples.PDF, "application/pdf")
    await ends.nothing_was_sent_twice()


async def test_the_history_names_the_file_by_its_bytes(ends: Ends) -> None:
    """A file's name may say whose debt it is, and the history is never erased."""
    conversation = await ends.writes(MARIA)
    await send(ends, conversation, await for_header(ends, conversation))
    async with ends.db.reading() as tx:
        media = (await tx.scalars(select(Media))).one()
        entry = (await tx.scalars(select(AuditEntry).where(AuditEntry.action == "message.queued"))).one()
    assert json.loads(entry.new or "")["file"] == {"sha256": media.sha256, "size": len(samples.PDF)}
    assert "Rosa" not in (entry.new or "")


async def test_a_header_without_its_file_is_told_before_the_call_and_names_the_field(ends: Ends) -> None:
    conversation = await ends.writes(MARIA)

    for file, says in (("", "elija el documento PDF"), ("999", "ya no está disponible"), ("x", "con su número")):
        answer = await send(ends, conversation, file)
        assert (answer.status_code, says in answer.text) == (422, True), answer.text

    assert await ends.ours() == []
    assert await ends.accepted() == {}


@pytest.mark.parametrize(
    ("content", "name"), [(samples.jpeg(), "foto.jpg"), (samples.docx(), "carta.docx")], ids=["a photo", "a Word file"]
)
async def test_a_file_that_whatsapp_takes_in_no_such_header_is_refused(ends: Ends, content: bytes, name: str) -> None:
    conversation = await ends.writes(MARIA)
    answer = await send(ends, conversation, await for_header(ends, conversation, content, name))
    assert (answer.status_code, answer.headers["x-refused"]) == (422, "template_variables")
    assert f"«{name}» es otra cosa" in answer.text
    assert await ends.ours() == []


@pytest.mark.parametrize(
    ("content", "name"), [(files.EXE, "constancia.pdf"), (files.SVG, "logo.svg")], ids=["a program", "an SVG"]
)
async def test_what_is_no_file_to_send_is_refused_where_it_is_brought(ends: Ends, content: bytes, name: str) -> None:
    conversation = await ends.writes(MARIA)
    answer = await bring(ends.ana, conversation, content, name, **{"x-for": "header"})
    assert (answer.status_code, "no es lo que su nombre dice" in answer.text) == (422, True)


async def test_the_same_key_sends_it_once_and_a_file_belongs_to_one_message(ends: Ends) -> None:
    conversation = await ends.writes(MARIA)
    file, key = await for_header(ends, conversation), str(uuid.uuid4())

    first, again = [await send(ends, conversation, file, client_key=key) for _ in range(2)]
    other = await send(ends, conversation, file)

    assert (first.status_code, again.status_code) == (201, 201)
    assert (other.status_code, other.headers["x-refused"]) == (409, "attachment_used")
    assert len(await ends.ours()) == 1


async def test_one_that_failed_goes_again_with_its_file_and_one_that_whatsapp_lost_is_uploaded_anew(ends: Ends) -> None:
    conversation = await ends.writes(MARIA)
    await send(ends, conversation, await for_header(ends, conversation))
    await ends.all_reach(Status.DELIVERED)
    (upload,) = await uploads(ends)
    await ends.control.delete(f"/v23.0/{upload.wire_id}", headers={"authorization": "Bearer a-token"})
    await send(ends, conversation, await for_header(ends, conversation))
    await ends.all_reach(Status.DELIVERED, within=20)
    (anew,) = await uploads(ends)
    assert anew.wire_id != upload.wire_id

    async with ends.db.transaction() as tx:
        last = (await tx.scalars(select(Message).order_by(Message.id.desc()).limit(1))).one()
        last.status = Status.FAILED
    answer = await ends.ana.do(f"/inbox/{conversation}/messages/{last.id}/resend")
    assert answer.status_code == 201, answer.text
    await ends.all_reach(Status.DELIVERED, Status.FAILED, within=20)
    assert [it["content"]["header_media"]["id"] for it in await chat(ends)][-1] == anew.wire_id


async def test_what_is_chosen_and_not_sent_makes_room_for_the_next(ends: Ends) -> None:
    conversation = await ends.writes(MARIA)
    for number in range(MOST_WAITING + 2):
        last = await for_header(ends, conversation, name=f"{number}.pdf")
    async with ends.db.reading() as tx:
        kept = list(await tx.scalars(select(StagedFile.filename).order_by(StagedFile.id)))
    assert kept == [f"{number}.pdf" for number in range(2, MOST_WAITING + 2)]
    assert (await send(ends, conversation, last)).status_code == 201


async def test_what_is_kept_with_the_template_goes_out_when_nothing_else_is_chosen(ends: Ends) -> None:
    conversation = await ends.writes(MARIA)
    sara = await ends.front.agent("Sara", role="supervisor")
    row = await template(ends)
    assert row is not None
    opened = await sara.do(f"/settings/templates/{row.id}/draft")
    path = opened.headers["location"]
    given = {"content-type": "application/octet-stream", "x-file-name": "C%C3%B3mo.pdf", "origin": ends.front.address}
    brought = await sara.http.post(f"{path}/file", content=samples.PDF, headers=given)
    assert brought.status_code == 201, brought.text
    assert (await send(ends, conversation)).status_code == 422, "a sample is a sample until somebody says otherwise"
    assert (await sara.do(f"{path}/file/default", on="1")).status_code == 303
    assert "sale «Cómo.pdf»" in await ends.ana.see(f"/inbox/{conversation}/templates")

    first = await send(ends, conversation)
    own = await send(ends, conversation, await for_header(ends, conversation, samples.PDF + b"\n", "otro.pdf"))

    assert (first.status_code, own.status_code) == (201, 201)
    await ends.all_reach(Status.DELIVERED, within=20)
    names = [it["content"]["header_media"]["filename"] for it in await chat(ends)]
    assert names == ["Cómo.pdf", "otro.pdf"]
