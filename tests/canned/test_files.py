"""Files of canned texts: added and removed by who may change the text, put beside a message by who uses it."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from sqlalchemy import select

from console.attachments.models import StagedFile
from console.attachments.staging import MOST_WAITING
from console.audit import AuditEntry
from console.canned.attaching import MOST_FILES
from console.canned.models import CannedFile
from console.inbox import fetcher, media_files
from console.inbox.models import Media
from console.privacy import erasing
from tests.attachments import samples
from tests.attachments.test_bring_and_send import bring as bring_here
from tests.attachments.test_bring_and_send import send, waiting
from tests.canned.test_canned import make
from tests.front import Front, Person, a_console, settings_for
from tests.inbox import files, meta
from tests.journeys.test_living_line import queries_of


@pytest.fixture
async def front(database_url: str, tmp_path: Path) -> AsyncIterator[Front]:
    async with a_console(settings_for(database_url, tmp_path)) as front:
        yield front


async def bring(person: Person, canned: int, content: Any = samples.PDF, name: str = "pago.pdf") -> httpx.Response:
    given = {"content-type": "application/octet-stream", "x-file-name": quote(name), "origin": person.front.address}
    return await person.http.post(f"/settings/canned/{canned}/files", content=content, headers=given)


async def rows(front: Front) -> list[CannedFile]:
    async with front.console.db.reading() as tx:
        return list(await tx.scalars(select(CannedFile).order_by(CannedFile.id)))


async def staged(front: Front) -> list[StagedFile]:
    async with front.console.db.reading() as tx:
        return list(await tx.scalars(select(StagedFile).order_by(StagedFile.id)))


async def test_its_files_stand_in_the_list_and_go_into_the_message(front: Front) -> None:
    ana = await front.agent("Ana")
    await front.webhook(meta.body(meta.text("¿Dónde pago?")))
    await make(ana, "Dónde pagar", "Le envío los lugares de pago.")
    for content, name in ((samples.PDF, "lugares.pdf"), (samples.jpeg(), "mapa.jpg")):
        answer = await bring(ana, 1, content, name)
        assert (answer.status_code, name in answer.text) == (201, True), answer.text
    assert "lugares.pdf" in await ana.see("/settings/canned")
    offered = await ana.see("/inbox/1/canned-texts")
    assert 'data-files="2"' in offered
    assert re.findall(r'with-file">.*?<span dir="auto">([^<]*)<', offered) == ["lugares.pdf", "mapa.jpg"]

    answer = await ana.do("/inbox/1/canned-texts/1/attachments")

    assert answer.status_code == 201
    first, second = re.findall(r'data-file="(\d+)"', answer.text)
    assert "mapa.jpg" in await ana.see("/inbox/1/attachments"), "a reload keeps them"
    sent = await send(ana, 1, first, "Le envío los lugares de pago.")
    assert (sent.status_code, "lugares.pdf" in sent.text) == (201, True)
    # Taken away before it was sent: the text keeps it.
    await ana.do(f"/inbox/1/attachments/{second}/removal")
    assert [row.filename for row in await rows(front)] == ["lugares.pdf", "mapa.jpg"]
    seen = await ana.http.get(f"/settings/canned/1/files/{(await rows(front))[0].id}")
    assert (seen.content, seen.headers["content-type"]) == (samples.PDF, "application/pdf")
    async with front.console.db.reading() as tx:
        told = await tx.scalars(select(AuditEntry).where(AuditEntry.action == "canned_text.file_added"))
        assert [json.loads(entry.new or "")["file"]["name"] for entry in told] == ["lugares.pdf", "mapa.jpg"]


@pytest.mark.parametrize(
    ("content", "name", "status", "says"),
    [
        (files.EXE, "pago.pdf", 422, "no es lo que su nombre dice"),
        (files.SVG, "logo.svg", 422, "no es lo que su nombre dice"),
        (samples.jpeg() + b"\0" * 50 * 1024 * 1024, "foto.jpg", 413, "La foto pesa más de 5 MB"),
        (b"", "nada.pdf", 422, "vacío"),
    ],
    ids=["a renamed program", "an SVG with a script", "a photo of 50 MB", "nothing"],
)
async def test_what_cannot_be_sent_is_not_kept(front: Front, content: bytes, name: str, status: int, says: str) -> None:
    ana = await front.agent("Ana")
    await make(ana)
    answer = await bring(ana, 1, content, name)
    assert (answer.status_code, says in answer.text) == (status, True), answer.text
    assert await rows(front) == []


async def test_a_hostile_name_is_a_name(front: Front) -> None:
    ana = await front.agent("Ana")
    await make(ana)
    answer = await bring(ana, 1, name="../../x<script>.pdf")
    assert (answer.status_code, "<script>" in answer.text) == (201, False)
    assert "/" not in (await rows(front))[0].filename


async def test_who_may_change_the_text_may_change_its_files_and_who_may_use_it_sees_them(front: Front) -> None:
    ana, luz = await front.agent("Ana"), await front.agent("Luz")
    sara = await front.agent("Sara", role="supervisor")
    await front.webhook(meta.body(meta.text("Hola")))
    await make(sara, "De todos", "Uno", "all")
    await make(ana, "De Ana", "Dos", "own")
    assert (await bring(sara, 1)).status_code == 201
    assert (await bring(ana, 2)).status_code == 201
    (shared, own) = await rows(front)

    assert (await bring(luz, 1)).status_code == 403
    assert (await bring(luz, 2)).status_code == 404
    assert (await luz.do(f"/settings/canned/1/files/{shared.id}/removal")).status_code == 403
    assert (await luz.http.get(f"/settings/canned/1/files/{shared.id}")).status_code == 200
    assert (await luz.http.get(f"/settings/canned/2/files/{own.id}")).status_code == 404
    # Another text's number does not lead to it.
    assert (await luz.http.get(f"/settings/canned/1/files/{own.id}")).status_code == 404
    assert (await luz.do("/inbox/1/canned-texts/1/attachments")).status_code == 201
    assert (await luz.do("/inbox/1/canned-texts/2/attachments")).status_code == 404
    assert (await sara.do(f"/settings/canned/1/files/{shared.id}/removal")).status_code == 303
    assert [row.id for row in await rows(front)] == [own.id]


async def test_there_are_only_so_many_and_all_of_them_go_or_none(front: Front) -> None:
    ana = await front.agent("Ana")
    await front.webhook(meta.body(meta.text("Hola")))
    await make(ana)
    for number in range(MOST_FILES):
        assert (await bring(ana, 1, name=f"{number}.pdf")).status_code == 201
    refused = await bring(ana, 1, name="uno más.pdf")
    assert (refused.status_code, refused.json()["field"]) == (409, "file")
    for number in range(MOST_WAITING - MOST_FILES + 1):
        waiting(await bring_here(ana, 1, samples.PDF, f"propio-{number}.pdf"))
    before = len(await staged(front))

    answer = await ana.do("/inbox/1/canned-texts/1/attachments")

    assert (answer.status_code, answer.json()["code"]) == (409, "too_many")
    assert len(await staged(front)) == before


async def test_a_persons_erasure_takes_what_was_sent_and_leaves_the_houses_own(front: Front) -> None:
    ana = await front.agent("Ana")
    await front.webhook(meta.body(meta.text("Hola")))
    await make(ana)
    await bring(ana, 1)
    own = waiting(await bring_here(ana, 1, samples.PDF + b"\n", "de Rosa.pdf"))
    (put,) = re.findall(r'data-file="(\d+)"', (await ana.do("/inbox/1/canned-texts/1/attachments")).text)
    for number in (own, put):
        assert (await send(ana, 1, number)).status_code == 201
    folder = front.console.settings.media_dir
    assert len(list(media_files.kept(folder))) == 2

    async with front.console.db.transaction() as tx:
        gone = await erasing.erase_files(tx, [1])
    erasing.remove(gone, folder)

    (left,) = media_files.kept(folder)
    assert left.name == (await rows(front))[0].sha256
    async with front.console.db.reading() as tx:
        assert set(await tx.scalars(select(Media.sha256))) == {None}
    assert await staged(front) == []
    # Nor does the hourly sweep take it, until nothing speaks of it.
    files.long_ago(left)
    assert (await fetcher.sweep(front.console.db, folder))[0] == 0
    await ana.do(f"/settings/canned/1/files/{(await rows(front))[0].id}/removal")
    assert (await fetcher.sweep(front.console.db, folder))[0] == 1


async def test_the_list_takes_the_same_queries_for_any_number_of_files(front: Front) -> None:
    ana = await front.agent("Ana")
    await front.webhook(meta.body(meta.text("Hola")))
    await make(ana, "Uno")
    await bring(ana, 1)
    few = await queries_of(front, ana, "/inbox/1/canned-texts")
    await make(ana, "Dos")
    for canned in (1, 2, 2):
        await bring(ana, canned)
    assert await queries_of(front, ana, "/inbox/1/canned-texts") == few
