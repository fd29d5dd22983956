"""Attachments over HTTP: only to who may see them, only for a while, and never as something that acts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from console import clock
from console.inbox import file_names, media_door, media_files
from console.inbox.models import Media, Message
from tests.conftest import Moment
from tests.front import Front, Person, a_console, settings_for
from tests.inbox import files, meta
from tests.inbox.people import history

FILE = files.jpeg() + bytes(range(256)) * 40


@pytest.fixture
async def front(sqlite_database_url: str, tmp_path: Path) -> AsyncIterator[Front]:
    async with a_console(settings_for(sqlite_database_url, tmp_path)) as front:
        yield front


async def an_attachment(front: Front, content: bytes = FILE, **columns: Any) -> int:
    """A file that came with a message of the team "Cobranza" and is stored."""
    await front.webhook(meta.body(meta.message("image", {"id": "1", "mime_type": "image/jpeg"})))
    sha256 = "ab" * 32
    path = media_files.place(front.console.settings.media_dir, sha256)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    async with front.console.db.transaction() as tx:
        message = (await tx.scalars(select(Message).order_by(Message.id.desc()).limit(1))).one()
        stored = {"state": "stored", "mime_type": "image/jpeg", "sha256": sha256, "size": len(content), **columns}
        media = Media(message_id=message.id, kind="image", created_at=clock.now(), **stored)
        tx.add(media)
        await tx.flush()
        return media.id


async def link(person: Person, media_id: int) -> str:
    answer = await person.http.get(f"/media/{media_id}")
    assert answer.status_code == 303, answer.text
    assert "private" in answer.headers["cache-control"]
    return answer.headers["location"]


async def get(person: Person, media_id: int, **headers: str) -> httpx.Response:
    return await person.http.get(await link(person, media_id), headers=headers)


async def test_a_picture_is_shown_with_headers_that_let_it_do_nothing(front: Front) -> None:
    """M2, M21."""
    ana = await front.agent("Ana")
    media_id = await an_attachment(front, filename="recibo.jpeg")

    answer = await get(ana, media_id)

    assert (answer.status_code, answer.content) == (200, FILE)
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["content-length"] == str(len(FILE))
    assert answer.headers["content-disposition"] == "inline; filename=\"recibo.jpeg\"; filename*=UTF-8''recibo.jpeg"
    assert answer.headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert answer.headers["cache-control"] == "private, no-store"


@pytest.mark.parametrize(
    ("columns", "mime_type"),
    [
        ({"mime_type": "application/pdf"}, "application/pdf"),
        ({"mime_type": "text/plain"}, "text/plain; charset=utf-8"),
        ({"mime_type": media_files.OCTETS, "flagged": "active_content"}, media_files.OCTETS),
        ({"flagged": "too_many_pixels"}, "image/jpeg"),
        ({"flagged": "hash_mismatch"}, "image/jpeg"),
        ({"flagged": "type_mismatch"}, media_files.OCTETS),
    ],
)
async def test_the_rest_is_for_download(front: Front, columns: dict[str, Any], mime_type: str) -> None:
    """M1, M5, M13, X18."""
    ana = await front.agent("Ana")
    media_id = await an_attachment(front, filename="x", **columns)

    answer = await get(ana, media_id)

    assert answer.headers["content-type"] == mime_type
    assert answer.headers["content-disposition"].startswith("attachment;")


async def test_nobody_else_gets_it_by_any_way(front: Front, moment: Moment) -> None:
    """M21: by guessed id, from another team, with a colleague's link, signed out, late, or changed."""
    moment.is_(clock.now())
    ana, luz, beto = await front.agent("Ana"), await front.agent("Luz"), await front.agent("Beto", team="Otra")
    media_id = await an_attachment(front)
    hers = await link(ana, media_id)

    assert (await beto.http.get(f"/media/{media_id}")).status_code == 404
    assert (await ana.http.get("/media/999")).status_code == 404
    assert (await luz.http.get(hers)).status_code == 403
    assert (await beto.http.get(hers)).status_code == 403
    assert (await front.outside.get(hers)).status_code == 401
    assert (await front.outside.get(f"/media/{media_id}")).status_code == 401
    _media, _id, expiry, signature = hers.strip("/").split("/")
    for forged in (
        f"/media/{media_id}/{int(expiry) + 1}/{signature}",
        f"/media/{media_id + 1}/{expiry}/{signature}",
        f"/media/{media_id}/{expiry}/{'0' * 64}",
        f"/media/{media_id}/{expiry}/%C3%B1",
        f"/media/{media_id}/-5/{signature}",
    ):
        assert (await ana.http.get(forged)).status_code in {403, 404}
    assert (await ana.http.get(hers)).status_code == 200
    moment.passes(seconds=301)
    assert (await ana.http.get(hers)).status_code == 403


async def test_a_right_that_is_taken_away_is_gone_at_once(front: Front) -> None:
    """M21: the link checks again."""
    ana = await front.agent("Ana")
    media_id = await an_attachment(front)
    hers = await link(ana, media_id)
    async with front.console.db.transaction() as tx:
        from sqlalchemy import delete  # noqa: PLC0415

        from console.agents import AgentTeam  # noqa: PLC0415

        await tx.execute(delete(AgentTeam).where(AgentTeam.agent_id == ana.id))

    assert (await ana.http.get(hers)).status_code in {401, 404}


async def test_a_view_is_on_record_once_however_many_pieces_a_player_asks_for(front: Front) -> None:
    """L16."""
    ana = await front.agent("Ana")
    media_id = await an_attachment(front)

    for first in (0, 100, 200):
        await get(ana, media_id, Range=f"bytes={first}-")

    (entry,) = [each for each in await history(front.console.db) if each.action == "media.viewed"]
    assert (entry.actor_id, entry.subject) == (ana.id, f"media:{media_id}")
    assert entry.conversation_id


@pytest.mark.parametrize(
    ("asked", "first", "beyond"),
    [
        ("bytes=0-", 0, 1000),
        ("bytes=10-19", 10, 20),
        ("bytes=0-0", 0, 1),
        ("bytes=-5", 995, 1000),
        (f"bytes=5-{10**17}", 5, 1000),
        (f"bytes=-{10**17}", 0, 1000),
    ],
)
def test_one_range_is_served(asked: str, first: int, beyond: int) -> None:
    assert media_door.piece_asked_for(asked, 1000) == range(first, beyond)


@pytest.mark.parametrize(
    "asked",
    [
        "",
        "bytes=19-10",
        "bytes=-",
        "bytes=0-1,5-6",
        "bytes=" + ",".join(f"{n}-{n}" for n in range(10_000)),
        "bytes=-1-5",
        "bytes=" + "9" * 4000 + "-",
        "lines=1-2",
        "bytes=\u0661-\u0662",
        "bytes=0x1-2",
    ],
    ids=lambda value: value[:20],
)
def test_many_ranges_and_nonsense_count_as_none(asked: str) -> None:
    """M22."""
    assert media_door.piece_asked_for(asked, 1000) is None


@pytest.mark.parametrize("asked", ["bytes=1000-", f"bytes={10**17}-", "bytes=-0"])
def test_what_lies_outside_is_an_empty_range(asked: str) -> None:
    """M22."""
    assert not media_door.piece_asked_for(asked, 1000)
    assert media_door.piece_asked_for(asked, 1000) is not None


async def test_pieces_over_http(front: Front) -> None:
    """M22."""
    ana = await front.agent("Ana")
    hers = await link(ana, await an_attachment(front))

    piece = await ana.http.get(hers, headers={"range": "bytes=3-1002"})
    outside = await ana.http.get(hers, headers={"range": f"bytes={len(FILE)}-"})
    head = await ana.http.head(hers)

    assert (piece.status_code, piece.content) == (206, FILE[3:1003])
    assert piece.headers["content-range"] == f"bytes 3-1002/{len(FILE)}"
    assert (outside.status_code, outside.headers["content-range"]) == (416, f"bytes */{len(FILE)}")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(FILE))


async def test_an_empty_file_is_an_empty_file(front: Front) -> None:
    ana = await front.agent("Ana")
    media_id = await an_attachment(front, b"", mime_type="text/plain")

    for asked in ("", "bytes=0-", "bytes=-5"):
        answer = await get(ana, media_id, **({"Range": asked} if asked else {}))
        assert answer.status_code in {200, 416}
        assert answer.content == b""


async def test_what_is_not_here_yet_is_not_found(front: Front) -> None:
    ana = await front.agent("Ana")
    pending = await an_attachment(front, state="pending")
    gone = await an_attachment(front)
    media_files.place(front.console.settings.media_dir, "ab" * 32).unlink()

    assert (await ana.http.get(f"/media/{pending}")).status_code == 404
    assert (await get(ana, gone)).status_code == 404


@pytest.mark.parametrize(
    ("given", "mime_type", "named"),
    [
        ("recibo.pdf", "application/pdf", "recibo.pdf"),
        ("RECIBO.PDF", "application/pdf", "RECIBO.pdf"),
        ("../../etc/passwd", "application/pdf", "passwd.pdf"),
        ("C:\\Windows\\system32\\cmd.exe", "application/pdf", "cmd.exe.pdf"),
        ("\\\\host\\share\\x.jpg", "image/jpeg", "x.jpg"),
        ("-rf", "application/pdf", "rf.pdf"),
        ("...", "image/png", "archivo-7.png"),
        (None, "image/png", "archivo-7.png"),
        ("a\r\nSet-Cookie: x=1.jpg", "image/jpeg", "aSet-Cookie x=1.jpg"),
        ("\u202egpj.exe", media_files.OCTETS, "gpj.exe.bin"),
        ("constancia año.pdf", "application/pdf", "constancia año.pdf"),
        ('con"comillas".pdf', "application/pdf", "concomillas.pdf"),
        ("x" * 4096 + ".pdf", "application/pdf", "x" * 116 + ".pdf"),
        ("factura.pdf.html", media_files.OCTETS, "factura.pdf.html.bin"),
        ("foto.jpeg", "image/jpeg", "foto.jpeg"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_name_is_a_name_and_ends_as_its_type_does(given: str | None, mime_type: str, named: str) -> None:
    """M4."""
    assert file_names.clean_name(given, mime_type, fallback="archivo-7") == named


async def test_a_hostile_name_breaks_no_header(front: Front) -> None:
    """M4, X21."""
    ana = await front.agent("Ana")
    media_id = await an_attachment(front, filename='a";\r\nX-Evil: 1\u2028 ñ%/..\\"\x7f.jpg')

    answer = await get(ana, media_id)

    assert answer.status_code == 200
    assert "x-evil" not in answer.headers
    assert answer.headers["content-disposition"].startswith("inline; filename=")
