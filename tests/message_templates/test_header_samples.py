"""Templates written here with a file in the header: the sample reaches Meta, and may go out by default."""

from __future__ import annotations

import html
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import msgspec
import pytest
from sqlalchemy import select

from console.audit import AuditEntry
from console.inbox import fetcher, media_files
from console.message_templates.models import TemplateDraft, TemplateFile, TemplateSubmission
from integrations.simulator.graph_number import APP
from tests.attachments import samples
from tests.conftest import Moment
from tests.front import Front, Person, a_console, settings_for
from tests.inbox import files
from tests.simulator.town import Town, town

MP4 = b"\0\0\0\x20ftypisom\0\0\2\0isomiso2avc1mp41" + b"\0" * 40
BODY = "Buen día, {{nombre}}. Le enviamos la constancia de su plan de pagos."


@pytest.fixture(scope="module")
def _module_town() -> Iterator[Town]:
    with town() as made:
        yield made


@pytest.fixture
def simulator(_module_town: Town) -> Town:
    _module_town.api("POST", "/reset")
    return _module_town


@pytest.fixture
def app_id() -> str | None:
    return APP["id"]


@pytest.fixture
async def front(database_url: str, tmp_path: Path, simulator: Town, app_id: str | None) -> AsyncIterator[Front]:
    settings = msgspec.structs.replace(
        settings_for(database_url, tmp_path),
        whatsapp_api_url=simulator.url,
        whatsapp_phone_number_id=simulator.settings.phone_number_id,
        whatsapp_business_account_id=simulator.settings.business_account_id,
        whatsapp_access_token=simulator.settings.access_token,
        whatsapp_app_id=app_id,
    )
    async with a_console(settings) as front:
        yield front


async def bring(person: Person, draft: int, content: Any = samples.PDF, name: str = "muestra.pdf") -> httpx.Response:
    given = {"content-type": "application/octet-stream", "x-file-name": quote(name), "origin": person.front.address}
    return await person.http.post(f"/settings/templates/drafts/{draft}/file", content=content, headers=given)


async def write(person: Person, name: str = "constancia", format_: str = "DOCUMENT", **more: str) -> httpx.Response:
    form = {"name": name, "language": "es", "category": "UTILITY", "body": BODY, "header_format": format_, **more}
    return await person.do(more.pop("path", "/settings/templates"), **form)


async def the_draft(front: Front, name: str = "constancia") -> TemplateDraft:
    async with front.console.db.reading() as tx:
        return (await tx.scalars(select(TemplateDraft).where(TemplateDraft.name == name))).one()


async def submit(person: Person, draft: TemplateDraft) -> httpx.Response:
    form = {"name": draft.name, "language": draft.language, "category": draft.category, "body": draft.body}
    path = f"/settings/templates/drafts/{draft.id}"
    return await person.do(path, **form, header_format=draft.header_format, submit="1")


async def told(front: Front, action: str) -> list[dict[str, Any]]:
    async with front.console.db.reading() as tx:
        rows = await tx.scalars(select(AuditEntry).where(AuditEntry.action == action).order_by(AuditEntry.id))
        return [json.loads(row.new or "{}") for row in rows]


@pytest.mark.parametrize(
    ("format_", "content", "name"),
    [("DOCUMENT", samples.PDF, "muestra.pdf"), ("IMAGE", samples.jpeg(), "foto.jpg"), ("VIDEO", MP4, "cómo.mp4")],
    ids=["a document", "an image", "a video"],
)
async def test_the_sample_goes_up_and_the_template_names_its_handle(
    front: Front, simulator: Town, format_: str, content: bytes, name: str
) -> None:
    sara = await front.agent("Sara", role="supervisor")
    assert (await write(sara, format_=format_)).status_code == 303
    draft = await the_draft(front)
    brought = await bring(sara, draft.id, content, name)
    assert (brought.status_code, name in html.unescape(brought.text)) == (201, True), brought.text

    answer = await submit(sara, draft)

    assert (answer.status_code, answer.headers["location"]) == (303, "/settings/templates")
    (there,) = simulator.account("GET", "message_templates", params={"name": "constancia"}).json()["data"]
    header = there["components"][0]
    assert (header["type"], header["format"]) == ("HEADER", format_)
    (handle,) = header["example"]["header_handle"]
    assert handle.startswith("4::")
    assert [entry["file"]["name"] for entry in await told(front, "template_draft.file_set")] == [name]
    assert (await told(front, "template.submitted"))[0]["file"]["name"] == name
    # The picker knows what it needs once Meta has approved it.
    page = await sara.see("/settings/templates")
    assert "Se cambia en el administrador" not in page.split("Constancia")[1][:1500]


async def test_without_its_sample_nothing_is_asked_of_meta_and_the_field_is_named(
    front: Front, simulator: Town
) -> None:
    sara = await front.agent("Sara", role="supervisor")
    answer = await write(sara, submit="1")

    assert answer.status_code == 422
    assert "Falta el archivo de muestra del encabezado: adjunte un documento PDF" in html.unescape(answer.text)
    assert simulator.account("GET", "message_templates", params={"name": "constancia"}).json()["data"] == []
    draft = await the_draft(front)
    assert draft.state == "draft"
    # One of another kind, chosen before the header was changed, is none.
    await bring(sara, draft.id)
    draft.header_format = "IMAGE"
    again = await submit(sara, draft)
    assert (again.status_code, "adjunte una imagen JPEG o PNG" in html.unescape(again.text)) == (422, True)


@pytest.mark.parametrize("app_id", [None])
async def test_without_the_id_of_the_app_it_says_which_setting_is_missing(front: Front, simulator: Town) -> None:
    sara = await front.agent("Sara", role="supervisor")
    await write(sara)
    draft = await the_draft(front)
    await bring(sara, draft.id)

    answer = await submit(sara, draft)

    assert (answer.status_code, "Falta WHATSAPP_APP_ID" in answer.text) == (409, True)
    async with front.console.db.reading() as tx:
        assert (await tx.scalars(select(TemplateSubmission))).all() == []
    assert (await the_draft(front)).state == "draft"


@pytest.mark.parametrize(
    ("content", "name", "status", "says"),
    [
        (files.EXE, "muestra.pdf", 422, "no es lo que su nombre dice"),
        (files.SVG, "logo.svg", 422, "no es lo que su nombre dice"),
        (samples.jpeg(), "../../etc/foto.jpg", 422, "lleva un documento PDF"),
        (samples.jpeg() + b"\0" * 50 * 1024 * 1024, "foto.jpg", 413, "La foto pesa más de 5 MB"),
        (samples.PDF + b"\0" * 17 * 1024 * 1024, "largo.pdf", 413, "a lo más 16 MB"),
        (b"", "nada.pdf", 422, "vacío"),
    ],
    ids=["a renamed program", "an SVG with a script", "a photo", "a photo of 50 MB", "17 MB", "nothing"],
)
async def test_what_cannot_be_the_sample_is_refused_at_once(
    front: Front, content: bytes, name: str, status: int, says: str
) -> None:
    sara = await front.agent("Sara", role="supervisor")
    await write(sara)
    answer = await bring(sara, (await the_draft(front)).id, content, name)
    assert (answer.status_code, says in answer.text) == (status, True), answer.text
    async with front.console.db.reading() as tx:
        assert (await tx.scalars(select(TemplateFile))).all() == []


async def test_a_hostile_name_stays_a_name_and_everybody_may_look(front: Front) -> None:
    sara, ana = await front.agent("Sara", role="supervisor"), await front.agent("Ana")
    await write(sara)
    draft = await the_draft(front)
    brought = await bring(sara, draft.id, name="../../x<script>.pdf")
    assert "<script>" not in brought.text

    seen = await ana.http.get(f"/template-files/{draft.id}")

    assert (seen.content, seen.headers["content-type"]) == (samples.PDF, "application/pdf")
    assert "sandbox" in seen.headers["content-security-policy"]
    assert "/" not in seen.headers["content-disposition"].split("filename=")[1].split(";")[0]
    assert (await bring(ana, draft.id)).status_code == 403
    stranger = await front.outside.get(f"/template-files/{draft.id}")
    assert stranger.status_code in {303, 401}


async def test_the_sweep_leaves_the_file_of_a_template_and_takes_the_one_it_lost(front: Front, moment: Moment) -> None:
    sara = await front.agent("Sara", role="supervisor")
    await write(sara)
    draft = await the_draft(front)
    await bring(sara, draft.id)
    folder = front.console.settings.media_dir
    (sample,) = media_files.kept(folder)
    files.long_ago(sample)

    assert await fetcher.sweep(front.console.db, folder) == (0, 0)
    assert (await sara.do(f"/settings/templates/drafts/{draft.id}/file/removal")).status_code == 303
    assert await fetcher.sweep(front.console.db, folder) == (1, 0)
    assert not sample.exists()
    assert len(await told(front, "template_draft.file_removed")) == 1
