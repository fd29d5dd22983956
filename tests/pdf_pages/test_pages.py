"""Pages of attachments over HTTP: who may see them, what is said when there is none, and that they go with the file."""

from __future__ import annotations

import hashlib
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from console import backup, clock
from console.inbox import media_files
from console.inbox.models import Media, Message
from console.pdf_pages import asking, keeping
from console.pdf_pages.frames import Frame, Problem, Size
from console.portfolio.states import today_in
from tests.front import Front, a_console, settings_for
from tests.inbox import meta
from tests.inbox.people import history
from tests.pdf_pages import papers


@pytest.fixture
async def front(sqlite_database_url: str, tmp_path: Path) -> AsyncIterator[Front]:
    async with a_console(settings_for(sqlite_database_url, tmp_path)) as front:
        yield front


async def a_file(front: Front, content: bytes, **columns: Any) -> int:
    """A file that came with a message of the team "Cobranza" and is stored."""
    await front.webhook(meta.body(meta.message("document", {"id": "1", "mime_type": "application/pdf"})))
    sha256 = hashlib.sha256(content).hexdigest()
    path = media_files.place(front.console.settings.media_dir, sha256)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    async with front.console.db.transaction() as tx:
        message = (await tx.scalars(select(Message).order_by(Message.id.desc()).limit(1))).one()
        stored = {"state": "stored", "mime_type": "application/pdf", "sha256": sha256, "size": len(content), **columns}
        media = Media(message_id=message.id, kind="document", created_at=clock.now(), **stored)
        tx.add(media)
        await tx.flush()
        return media.id


async def test_a_page_is_a_picture_that_can_do_nothing_and_the_look_is_on_record(front: Front) -> None:
    ana = await front.agent("Ana")
    media_id = await a_file(front, papers.pdf(3))

    for number in (1, 3):
        answer = await ana.http.get(f"/media/{media_id}/pages/{number}")
        assert (answer.status_code, answer.content[8:12]) == (200, b"WEBP")
        assert answer.headers["content-type"] == "image/webp"
        assert answer.headers["aldia-pages"] == "3"
        assert answer.headers["content-security-policy"] == "sandbox; default-src 'none'"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "private, no-store"

    small = await ana.http.get(f"/media/{media_id}/first-page")
    assert small.status_code == 200
    assert len(small.content) < 20_000
    looks = [entry for entry in await history(front.console.db) if entry.action == "media.viewed"]
    assert [(entry.actor_name, entry.subject) for entry in looks] == [("Ana", f"media:{media_id}")]


async def test_nobody_else_sees_a_page(front: Front) -> None:
    await front.agent("Ana")
    beto = await front.agent("Beto", team="Otra")
    media_id = await a_file(front, papers.pdf())

    for path in (f"/media/{media_id}/pages/1", f"/media/{media_id}/first-page"):
        assert (await beto.http.get(path)).status_code == 404
        assert (await front.outside.get(path)).status_code == 401
    assert not (front.console.settings.media_dir / keeping.FOLDER).exists()


@pytest.mark.parametrize(
    ("content", "number", "code", "sentence"),
    [
        (papers.pdf(password="clave"), 1, "encrypted", "El PDF pide una contraseña"),
        (papers.pdf()[:400], 1, "damaged", "El PDF está dañado o incompleto"),
        (papers.endless(), 1, "too_heavy", "Este PDF es demasiado pesado para mostrarlo aquí"),
        (papers.handmade(b"", pages=5000), 201, "too_many_pages", "Aquí se ven las primeras 200 páginas"),
        (papers.pdf(2), 3, "not_found", "No existe"),
        (papers.pdf(2), 0, "not_found", "No existe"),
    ],
)
async def test_what_cannot_be_shown_is_said_and_the_file_stays(
    front: Front, content: bytes, number: int, code: str, sentence: str
) -> None:
    ana = await front.agent("Ana")
    media_id = await a_file(front, content)

    answer = await ana.http.get(f"/media/{media_id}/pages/{number}")

    assert answer.status_code == (404 if code == "not_found" else 422)
    assert (answer.json()["code"], answer.json()["detail"][: len(sentence)]) == (code, sentence)
    file = await ana.http.get(f"/media/{media_id}", follow_redirects=True)
    assert file.content == content


async def test_the_bubble_of_a_file_without_pages_is_no_fault(front: Front) -> None:
    ana = await front.agent("Ana")
    media_id = await a_file(front, papers.pdf(password="clave"))
    assert (await ana.http.get(f"/media/{media_id}/first-page")).status_code == 204


@pytest.mark.parametrize("columns", [{"flagged": "hash_mismatch"}, {"mime_type": "text/plain"}, {"state": "expired"}])
async def test_only_a_pdf_that_nothing_speaks_against_is_drawn(front: Front, columns: dict[str, Any]) -> None:
    ana = await front.agent("Ana")
    media_id = await a_file(front, papers.pdf(), **columns)
    assert (await ana.http.get(f"/media/{media_id}/pages/1")).status_code == 404
    thread = await ana.see("/inbox/1")
    assert "first-page" not in thread


async def test_a_page_is_drawn_once_and_what_was_too_heavy_is_tried_again_later(
    front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = await front.agent("Ana")
    content = papers.pdf()
    media_id = await a_file(front, content)
    assert (await ana.http.get(f"/media/{media_id}/pages/1")).status_code == 200

    async def no_process(*_: Any, **__: Any) -> Frame:
        raise AssertionError("drawn again")

    monkeypatch.setattr(asking, "draw", no_process)
    assert (await ana.http.get(f"/media/{media_id}/pages/1")).status_code == 200

    root, sha256 = front.console.settings.media_dir, hashlib.sha256(content).hexdigest()
    keeping.keep(root, sha256, 2, Size.LARGE, Frame(problem=Problem.TOO_HEAVY))
    assert keeping.find(root, sha256, 2, Size.LARGE) is not None
    page = keeping.place(root, sha256) / "2-large"
    os.utime(page, (0, clock.now().timestamp() - keeping.HEAVY_FOR.total_seconds() - 1))
    assert keeping.find(root, sha256, 2, Size.LARGE) is None
    page.write_bytes(b"half")
    assert keeping.find(root, sha256, 2, Size.LARGE) is None


async def test_pages_go_with_the_file_and_with_time_and_no_copy_carries_them(front: Front, tmp_path: Path) -> None:
    ana, admin = await front.agent("Ana"), await front.agent("Iván", role="admin")
    media_id = await a_file(front, papers.pdf())
    assert (await ana.http.get(f"/media/{media_id}/pages/1")).status_code == 200
    root = front.console.settings.media_dir
    (pages,) = (root / keeping.FOLDER).glob("*/*/*")
    assert not [path for path in backup.attachments(root) if keeping.FOLDER in path.parts]

    assert keeping.sweep(root) == 0
    for page in pages.iterdir():
        os.utime(page, (0, clock.now().timestamp() - keeping.UNUSED_FOR.total_seconds() - 1))
    assert keeping.sweep(root) == 1
    assert not pages.exists()

    assert (await ana.http.get(f"/media/{media_id}/pages/1")).status_code == 200
    today = today_in(front.console.settings.zone, clock.now())
    asked = {"conversation": "1", "kind": "erasure", "asked_on": today.isoformat()}
    assert (await admin.http.post("/privacy", data=asked)).status_code == 303
    assert (await admin.http.post("/privacy/1/answer")).status_code == 303
    assert not pages.exists()
    assert (await ana.http.get(f"/media/{media_id}/pages/1")).status_code == 404


async def test_a_page_that_was_being_drawn_while_its_file_was_erased_is_not_kept(tmp_path: Path) -> None:
    keeping.keep(tmp_path, "ab" * 32, 1, Size.LARGE, Frame(1, picture=b"RIFF"))
    assert keeping.find(tmp_path, "ab" * 32, 1, Size.LARGE) is None
    assert not list((tmp_path / keeping.FOLDER).glob("*/*/*"))
