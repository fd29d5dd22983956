"""A file from the agent's screen to the debtor's telephone: brought, kept, uploaded once, sent once, told when not."""

from __future__ import annotations

import asyncio
import hashlib
import uuid
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from sqlalchemy import select, update

from console import clock
from console.attachments.models import StagedFile, Upload
from console.inbox.models import Media, Message, Status
from console.voice import ogg
from integrations.simulator.graph_media import DOWNLOAD_PATH
from tests.attachments import samples
from tests.front import Person
from tests.inbox import files
from tests.inbox.test_both_ends import MARIA, Ends, both_ends
from tests.patience import eventually


@pytest.fixture
async def ends(database_url: str, tmp_path: Path) -> AsyncIterator[Ends]:
    async with both_ends(database_url, tmp_path) as ends:
        yield ends


async def bring(
    person: Person, conversation: int, content: Any, name: str = "carta.pdf", **headers: str
) -> httpx.Response:
    """As the page does it: one request a file, its name beside it."""
    given = {"content-type": "application/octet-stream", "x-file-name": quote(name), "origin": person.front.address}
    path = f"/inbox/{conversation}/attachments"
    return await person.http.post(path, content=content, headers={**given, **headers})


async def send(person: Person, conversation: int, attachment: str, text: str = "", **form: str) -> httpx.Response:
    form = {"attachment": attachment, "text": text, "client_key": str(uuid.uuid4()), **form}
    return await person.do(f"/inbox/{conversation}/files", **form)


def waiting(answer: httpx.Response) -> str:
    assert answer.status_code == 201, answer.text
    return answer.text.split('data-file="')[1].split('"')[0]


async def chat(ends: Ends) -> list[dict[str, Any]]:
    return [it for it in (await ends.api("GET", f"/threads/{MARIA}"))["messages"] if not it["mine"]]


async def on_the_telephone(ends: Ends, wire_id: str) -> tuple[bytes, str]:
    """What the debtor's telephone would fetch, and of which type."""
    token = {"authorization": "Bearer a-token"}
    told = (await ends.control.get(f"/v23.0/{wire_id}", headers=token)).json()
    assert DOWNLOAD_PATH in told["url"]
    return (await ends.control.get(told["url"], headers=token)).content, told["mime_type"]


def kept(ends: Ends) -> list[Path]:
    return [path for path in ends.front.console.settings.media_dir.rglob("*") if path.is_file()]


async def uploads(ends: Ends) -> list[Upload]:
    async with ends.db.reading() as tx:
        return list(await tx.scalars(select(Upload)))


async def test_a_document_with_words_reaches_the_telephone_whole(ends: Ends) -> None:
    conversation = await ends.writes(MARIA)
    attachment = waiting(await bring(ends.ana, conversation, samples.PDF, "Cronograma de pagos.exe"))
    assert "Cronograma de pagos.exe.pdf" in await ends.ana.see(f"/inbox/{conversation}?view=all"), "a reload keeps it"

    answer = await send(ends.ana, conversation, attachment, "Le envío su cronograma")
    assert answer.status_code == 201, answer.text
    await ends.all_reach(Status.DELIVERED)

    (message,) = await chat(ends)
    assert (message["kind"], message["text"]) == ("document", "Le envío su cronograma")
    assert message["content"]["filename"] == "Cronograma de pagos.exe.pdf"
    assert await on_the_telephone(ends, message["content"]["id"]) == (samples.PDF, "application/pdf")
    await ends.nothing_was_sent_twice()
    assert "Le envío su cronograma" in await ends.ana.see(f"/inbox/{conversation}?view=all")
    assert (await ends.ana.http.get(f"/inbox/{conversation}/attachments")).text.count("data-file") == 0


async def test_a_photo_leaves_without_the_place_it_was_taken_at(ends: Ends) -> None:
    """Row M26."""
    conversation = await ends.writes(MARIA)
    attachment = waiting(await bring(ends.ana, conversation, samples.jpeg(turned=6), "foto.jpg"))

    await send(ends.ana, conversation, attachment)
    await ends.all_reach(Status.DELIVERED)

    (message,) = await chat(ends)
    seen, mime_type = await on_the_telephone(ends, message["content"]["id"])
    assert (message["kind"], mime_type) == ("image", "image/jpeg")
    assert samples.LIMA not in seen


async def test_a_recording_arrives_as_a_voice_note(ends: Ends) -> None:
    conversation = await ends.writes(MARIA)
    recorded = samples.webm(samples.opus(100), clusters=3)
    attachment = waiting(await bring(ends.ana, conversation, recorded, "nota-de-voz", **{"x-voice": "1"}))

    await send(ends.ana, conversation, attachment)
    await ends.all_reach(Status.DELIVERED)

    (message,) = await chat(ends)
    assert (message["kind"], message["content"]["voice"]) == ("audio", True)
    heard, mime_type = await on_the_telephone(ends, message["content"]["id"])
    assert mime_type == "audio/ogg; codecs=opus"
    assert ogg.read(heard)[1] == samples.opus(100)


async def test_one_upload_serves_many_messages_and_is_repeated_when_whatsapp_forgot_it(ends: Ends) -> None:
    conversation = await ends.writes(MARIA)

    async def again() -> str:
        attachment = waiting(await bring(ends.ana, conversation, samples.PDF))
        assert (await send(ends.ana, conversation, attachment)).status_code == 201
        await ends.all_reach(Status.DELIVERED, within=20)
        return str((await chat(ends))[-1]["content"]["id"])

    first = await again()
    assert await again() == first, "the same bytes are uploaded once"

    # Thirty days later, by our own clock.
    async with ends.db.transaction() as tx:
        await tx.execute(update(Upload).values(expires_at=clock.now() - timedelta(seconds=1)))
    second = await again()
    assert second != first

    # Meta lost it, and says so only when it is sent.
    ends_media = await ends.control.delete(f"/v23.0/{second}", headers={"authorization": "Bearer a-token"})
    assert ends_media.json() == {"success": True}
    assert await again() not in {first, second}
    await ends.nothing_was_sent_twice()


async def test_what_follows_a_file_waits_for_it(ends: Ends) -> None:
    conversation = await ends.writes(MARIA)
    attachment = waiting(await bring(ends.ana, conversation, samples.PDF))

    await send(ends.ana, conversation, attachment)
    await ends.ana.reply(conversation, "Léalo, por favor")
    await ends.all_reach(Status.DELIVERED, within=20)

    assert [it["kind"] for it in await chat(ends)] == ["document", "text"]


async def test_the_same_key_sends_one_file_and_a_file_goes_under_one_key(ends: Ends) -> None:
    conversation = await ends.writes(MARIA)
    attachment = waiting(await bring(ends.ana, conversation, samples.PDF))
    key = str(uuid.uuid4())

    answers = await asyncio.gather(*(send(ends.ana, conversation, attachment, client_key=key) for _ in range(4)))
    other = await send(ends.ana, conversation, attachment)

    assert {answer.status_code for answer in answers} == {201}
    assert (other.status_code, other.headers["x-refused"]) == (409, "attachment_used")
    await ends.all_reach(Status.DELIVERED)
    assert len(await chat(ends)) == 1


@pytest.mark.parametrize(
    ("content", "name", "status", "says"),
    [
        (samples.jpeg() + b"\0" * 50 * 1024 * 1024, "foto.jpg", 413, "La foto pesa más de 5 MB"),
        (files.EXE, "comprobante.pdf", 422, "no es lo que su nombre dice"),
        (files.SVG, "logo.svg", 422, "no es lo que su nombre dice"),
        (samples.jpeg(talkative=False)[:-3], "cortada.jpg", 422, "incompleta"),
        (b"", "nada.pdf", 422, "vacío"),
    ],
    ids=["a photo of 50 MB", "a renamed program", "an SVG with a script", "half a photo", "nothing"],
)
async def test_what_cannot_be_sent_is_told_before_any_call_and_leaves_nothing_behind(
    ends: Ends, content: bytes, name: str, status: int, says: str
) -> None:
    conversation = await ends.writes(MARIA)

    answer = await bring(ends.ana, conversation, content, name)

    assert (answer.status_code, says in answer.text) == (status, True), answer.text
    assert kept(ends) == []
    assert await uploads(ends) == []
    async with ends.db.reading() as tx:
        assert (await tx.scalars(select(StagedFile))).all() == []


async def test_an_upload_cut_half_way_leaves_nothing_behind(ends: Ends) -> None:
    conversation = await ends.writes(MARIA)

    async def half() -> AsyncIterator[bytes]:
        yield samples.PDF
        raise OSError("the cable")

    with pytest.raises(OSError, match="the cable"):
        await bring(ends.ana, conversation, half())

    await eventually(lambda: kept(ends) == [])
    async with ends.db.reading() as tx:
        assert (await tx.scalars(select(StagedFile))).all() == []


async def test_a_name_with_folders_is_nothing_but_a_name(ends: Ends) -> None:
    conversation = await ends.writes(MARIA)
    attachment = waiting(await bring(ends.ana, conversation, samples.PDF, "../../x"))

    await send(ends.ana, conversation, attachment)
    await ends.all_reach(Status.DELIVERED)

    assert (await chat(ends))[0]["content"]["filename"] == "x.pdf"
    assert [path.name for path in kept(ends)] == [hashlib.sha256(samples.PDF).hexdigest()]


async def test_what_whatsapp_refuses_fails_with_its_reason_and_can_be_sent_again(ends: Ends) -> None:
    conversation = await ends.writes(MARIA)
    broken = waiting(await bring(ends.ana, conversation, samples.PDF))
    # What a client of another kind left: a type that Meta does not know.
    async with ends.db.transaction() as tx:
        await tx.execute(update(StagedFile).values(mime_type="application/x-unknown"))

    await send(ends.ana, conversation, broken)
    await ends.all_reach(Status.FAILED)

    assert await chat(ends) == []
    assert "Enviar otra vez" in await ends.ana.see(f"/inbox/{conversation}?view=all")


@pytest.mark.parametrize(
    ("form", "code"),
    [({"attachment": "999"}, "attachment_gone"), ({"attachment": "x"}, "invalid"), ({"text": "a" * 1025}, "invalid")],
)
async def test_what_is_wrong_with_a_send_is_named(ends: Ends, form: dict[str, str], code: str) -> None:
    conversation = await ends.writes(MARIA)
    attachment = waiting(await bring(ends.ana, conversation, samples.PDF))

    answer = await send(ends.ana, conversation, **{"attachment": attachment, **form})

    assert (answer.status_code, answer.headers["x-refused"]) == (422, code)


async def test_a_voice_note_carries_no_words_and_another_agents_file_is_nobody_elses(ends: Ends) -> None:
    conversation = await ends.writes(MARIA)
    recorded = samples.webm(samples.opus(5))
    attachment = waiting(await bring(ends.ana, conversation, recorded, "n", **{"x-voice": "1"}))
    luz = await ends.front.agent("Luz")

    with_words = await send(ends.ana, conversation, attachment, "escúcheme")
    by_another = await send(luz, conversation, attachment)

    assert with_words.headers["x-refused"] == "invalid"
    assert by_another.headers["x-refused"] == "attachment_gone"
    assert (await luz.http.get(f"/inbox/{conversation}/attachments")).text.count("data-file") == 0


async def test_ten_files_wait_and_the_eleventh_is_told_so(ends: Ends) -> None:
    conversation = await ends.writes(MARIA)
    ids = [waiting(await bring(ends.ana, conversation, samples.PDF + bytes([n]))) for n in range(10)]

    refused = await bring(ends.ana, conversation, samples.PDF)
    await ends.ana.do(f"/inbox/{conversation}/attachments/{ids[0]}/removal")
    accepted = await bring(ends.ana, conversation, samples.PDF)

    assert (refused.status_code, accepted.status_code) == (409, 201)


async def test_the_digest_on_record_covers_the_file(ends: Ends) -> None:
    conversation = await ends.writes(MARIA)
    await send(ends.ana, conversation, waiting(await bring(ends.ana, conversation, samples.PDF)))

    async with ends.db.reading() as tx:
        message = (await tx.scalars(select(Message).where(Message.direction == "out"))).one()
        media = (await tx.scalars(select(Media).where(Media.message_id == message.id))).one()
    assert message.content is not None
    assert message.content["file"]["sha256"] == media.sha256 == hashlib.sha256(samples.PDF).hexdigest()
