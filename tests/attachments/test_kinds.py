"""What a file may be sent as: its bytes decide. Photos say nothing of whoever took them. Row M26."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.attachments import kinds, staging
from console.attachments.stripping import DamagedError, stripped
from console.errors import Refused
from tests.attachments import samples
from tests.attachments.samples import LIMA
from tests.inbox import files

MEGABYTE = 1024 * 1024


def judged(tmp_path: Path, content: bytes, filename: str = "archivo", **more: bool) -> tuple[str, str]:
    path = tmp_path / "file"
    path.write_bytes(content)
    found = kinds.judge(path, filename=filename, **more)
    return found.kind, found.mime_type


@pytest.mark.parametrize(
    ("content", "filename", "kind", "mime_type"),
    [
        (samples.jpeg(), "foto.png", "image", "image/jpeg"),
        (samples.png(), "foto", "image", "image/png"),
        (files.webp(512, 512), "s.webp", "sticker", "image/webp"),
        (files.iso(b"isom"), "v.mp4", "video", "video/mp4"),
        (files.MP3, "a.mp3", "audio", "audio/mpeg"),
        (files.OGG, "a.ogg", "audio", "audio/ogg; codecs=opus"),
        (samples.PDF, "oc.exe", "document", "application/pdf"),
        (b"cuota;monto\n1;412.50\n", "cuotas.csv", "document", "text/plain"),
        (samples.docx(), "carta.docx", "document", kinds._OOXML + "wordprocessingml.document"),
        (samples.docx("xl/workbook.xml"), "a.xlsx", "document", kinds._OOXML + "spreadsheetml.sheet"),
        (files.OLE, "viejo.doc", "document", "application/msword"),
    ],
)
def test_the_bytes_say_what_it_is(tmp_path: Path, content: bytes, filename: str, kind: str, mime_type: str) -> None:
    assert judged(tmp_path, content, filename) == (kind, mime_type)


@pytest.mark.parametrize(
    ("content", "filename", "code"),
    [
        (b"", "vacio.pdf", "empty"),
        (files.EXE, "factura.pdf", "not_sendable"),
        (b"#!/bin/sh\nrm -rf x\n", "notas.txt", "not_sendable"),
        (files.SVG, "logo.svg", "not_sendable"),
        (b"\xef\xbb\xbf  " + files.SVG, "logo.png", "not_sendable"),
        (files.HTML, "carta.txt", "not_sendable"),
        (files.gif(), "baile.gif", "not_sendable"),
        (files.iso(b"heic"), "foto.heic", "not_sendable"),
        (files.OLE, "instalador.msi", "not_sendable"),
        (samples.docx("run.exe"), "archivos.zip", "not_sendable"),
        (samples.docx("word/document.xml", "word/vbaProject.bin"), "carta.docx", "not_sendable"),
        (b"OggS\0\2" + b"\0" * 22 + b"\x01vorbis" + b"\0" * 30, "a.ogg", "not_sendable"),
        (files.png(9000, 9000), "bomba.png", "too_big"),
        (files.png(0, 9), "rota.png", "damaged"),
        (samples.jpeg() + b"\0" * 5 * MEGABYTE, "foto.jpg", "too_big"),
        (files.webp(512, 512) + b"\0" * 101 * 1024, "s.webp", "too_big"),
        (files.iso(b"isom") + b"\0" * 16 * MEGABYTE, "v.mp4", "too_big"),
    ],
)
def test_what_whatsapp_would_refuse_is_refused_before(tmp_path: Path, content: bytes, filename: str, code: str) -> None:
    with pytest.raises(Refused) as refused:
        judged(tmp_path, content, filename)

    assert (refused.value.code, refused.value.field) == (code, "file")


@pytest.mark.parametrize("turned", [None, 1, 6, 8])
def test_a_photo_keeps_how_it_lies_and_tells_nothing_else(turned: int | None) -> None:
    bare = stripped(samples.jpeg(turned=turned), "image/jpeg")

    assert LIMA not in bare
    assert b"ALPP" not in bare
    assert bare.endswith(b"\xff\xd9")
    assert (b"Exif" in bare) == (turned in {6, 8})
    assert stripped(bare, "image/jpeg") == bare
    if turned in {6, 8}:
        assert re.search(rb"\x01\x12\x00\x03\x00\x00\x00\x01\x00" + bytes([turned]), bare)


def test_a_png_keeps_its_picture_and_no_text() -> None:
    bare = stripped(samples.png(), "image/png")

    assert LIMA not in bare
    assert b"IDAT" in bare
    assert bare.endswith(b"IEND\xaeB`\x82")


@pytest.mark.parametrize("whole", [samples.jpeg(talkative=False), samples.png()])
def test_a_picture_cut_anywhere_is_said_to_be_damaged(whole: bytes) -> None:
    mime_type = "image/jpeg" if whole.startswith(b"\xff\xd8") else "image/png"
    for end in range(8, len(whole) - 1):
        with pytest.raises(DamagedError):
            stripped(whole[:end], mime_type)


@given(st.binary(max_size=300))
def test_nonsense_is_damaged_and_nothing_worse(noise: bytes) -> None:
    for start, mime_type in ((b"\xff\xd8\xff", "image/jpeg"), (b"\x89PNG\r\n\x1a\n", "image/png")):
        try:
            stripped(start + noise, mime_type)
        except DamagedError:
            continue


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ("../../x", "x.pdf"),
        ("..\\..\\windows\\x.exe", "x.exe.pdf"),
        ("/etc/passwd\0.pdf", "passwd.pdf"),
        ("factura\u202efdp.exe", "facturafdp.exe.pdf"),
        ("", "archivo.pdf"),
        ("a" * 4096 + ".pdf", "a" * 116 + ".pdf"),
    ],
)
def test_a_name_is_nothing_but_a_name_and_the_file_stays_where_files_are(
    tmp_path: Path, given: str, named: str
) -> None:
    folder = tmp_path / "media"
    (folder / "tmp").mkdir(parents=True)
    unfinished = folder / "tmp" / "x"
    unfinished.write_bytes(samples.PDF)

    kept = staging.keep(folder, unfinished, filename=given, voice=False)

    assert kept.filename == named
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [
        folder / kept.sha256[:2] / kept.sha256[2:4] / kept.sha256
    ]
