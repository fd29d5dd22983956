"""What a file is, is what its bytes say; what browsers may be shown is a short list."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.inbox import media_files
from console.inbox.media_files import OCTETS, Nature
from tests.inbox import files

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SLIDES = "application/vnd.openxmlformats-officedocument.presentationml.presentation"


def examine(tmp_path: Path, content: bytes, declared: str | None) -> Nature:
    path = tmp_path / "file"
    path.write_bytes(content)
    return media_files.examine(path, declared)


@pytest.mark.parametrize(
    ("content", "declared", "mime_type"),
    [
        (files.jpeg(), "image/jpeg", "image/jpeg"),
        (files.png(), "image/png", "image/png"),
        (files.webp(), "image/webp", "image/webp"),
        (files.webp_lossy(), "image/webp", "image/webp"),
        (files.webp_lossless(), "image/webp", "image/webp"),
        (files.gif(), "image/gif", "image/gif"),
        (files.OGG, "audio/ogg; codecs=opus", "audio/ogg"),
        (files.MP3, "audio/mpeg", "audio/mpeg"),
        (files.MP3_BARE, "audio/mpeg", "audio/mpeg"),
        (files.AAC, "audio/aac", "audio/aac"),
        (files.iso(b"M4A "), "audio/mp4", "audio/mp4"),
        (files.iso(b"isom"), "audio/mp4", "audio/mp4"),
        (files.iso(b"mp42"), "video/mp4", "video/mp4"),
        (files.iso(b"3gp5"), "video/3gpp", "video/3gpp"),
        (files.PDF, "application/pdf", "application/pdf"),
        (files.office("word/document.xml"), WORD, WORD),
        (files.office("xl/workbook.xml"), EXCEL, EXCEL),
        (files.office("ppt/slides"), SLIDES, SLIDES),
        (files.office("docProps/app.xml"), WORD, WORD),
        (files.OLE, "application/vnd.ms-excel", "application/vnd.ms-excel"),
        ("Señor: pagué ayer ✓\n".encode(), "text/plain", "text/plain"),
        (b"a;b;c\n1;2;3", "text/csv", "text/plain"),
        (("ñ" * 5000).encode(), "text/plain", "text/plain"),
    ],
)
def test_what_whatsapp_carries_is_recognised(tmp_path: Path, content: bytes, declared: str, mime_type: str) -> None:
    assert examine(tmp_path, content, declared) == Nature(mime_type)
    assert examine(tmp_path, content, None).flagged is None


@pytest.mark.parametrize(
    ("content", "declared"),
    [
        (files.HTML, "image/jpeg"),
        (files.SVG, "image/png"),
        (files.EXE, "application/pdf"),
        (files.PDF, "image/png"),
        (files.png(), "application/pdf"),
        (files.jpeg(), "image/png"),
        (files.office("word/x"), "image/webp"),
        (b"palabras", "image/jpeg"),
        (b"", "image/jpeg"),
        (b"\x00\x01\x02", "audio/ogg"),
    ],
)
def test_what_is_not_what_it_claims_is_for_download_only(tmp_path: Path, content: bytes, declared: str) -> None:
    """M1."""
    nature = examine(tmp_path, content, declared)

    assert nature.mime_type == OCTETS
    assert nature.flagged in {"type_mismatch", "active_content"}


@pytest.mark.parametrize(
    "content",
    [
        files.HTML,
        files.SVG,
        b"\xef\xbb\xbf  \n<html>",
        b"<?xml version='1.0'?>",
        files.EXE,
        b"\x7fELF\x02",
        b"#!/bin/sh\nrm -rf",
    ],
)
@pytest.mark.parametrize("declared", ["text/html", "image/svg+xml", "text/plain", "application/xml", None])
def test_what_could_act_is_never_called_by_its_name(tmp_path: Path, content: bytes, declared: str | None) -> None:
    """M2, X18: whoever declares it honestly gets no further."""
    assert examine(tmp_path, content, declared) == Nature(OCTETS, "active_content")


@pytest.mark.parametrize(
    "content",
    [
        files.gif() + b"PK\x03\x04 and a Java archive",
        files.jpeg() + b"<script>alert(1)</script>",
        files.png() + files.office("x"),
        files.PDF + files.HTML,
    ],
)
def test_two_files_in_one_are_the_first_and_no_other(tmp_path: Path, content: bytes) -> None:
    """M2: GIFAR, JPEG+JS, PNG+ZIP, PDF+HTML: only the first is ever said to be there, and nosniff keeps it so."""
    assert examine(tmp_path, content, None).mime_type in {"image/gif", "image/jpeg", "image/png", "application/pdf"}


@pytest.mark.parametrize("make", [files.png, files.jpeg, files.gif, files.webp, files.webp_lossless, files.webp_lossy])
def test_a_picture_of_too_many_pixels_is_not_shown(tmp_path: Path, make: object) -> None:
    """M5, M6: read from the header; nothing is decoded."""
    assert callable(make)
    assert examine(tmp_path, make(9000, 9000), None).flagged == "too_many_pixels"
    assert examine(tmp_path, make(6000, 6000), None).flagged is None


def test_the_size_of_a_photograph_stands_behind_its_thumbnail(tmp_path: Path) -> None:
    exif = b"\xff\xe1\xff\xff" + b"\xff\xc0" + b"x" * 65531
    photograph = files.jpeg(13000, 13000, before=exif * 3)

    assert examine(tmp_path, photograph, "image/jpeg").flagged == "too_many_pixels"


@pytest.mark.parametrize(
    "content", [b"\xff\xd8\xff\xe0\x00\x10JFIF", files.png(0, 5), b"GIF89a\x01", b"RIFF....WEBPVP9 "]
)
def test_a_picture_without_a_size_is_damaged(tmp_path: Path, content: bytes) -> None:
    assert examine(tmp_path, content, None).flagged == "damaged"


@pytest.mark.parametrize(("content", "mime_type"), [(files.AMR, "audio/amr"), (files.iso(b"heic"), "image/heic")])
def test_what_browsers_do_not_know_is_for_download(tmp_path: Path, content: bytes, mime_type: str) -> None:
    assert examine(tmp_path, content, mime_type) == Nature(mime_type, "not_shown")


@given(content=st.binary(max_size=200), declared=st.none() | st.text(max_size=40))
def test_no_bytes_at_all_upset_it(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, declared: str | None
) -> None:
    for magic in (b"", b"\xff\xd8\xff", b"RIFF\0\0\0\0WEBP", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"\0\0\0\0ftyp"):
        nature = examine(tmp_path_factory.getbasetemp(), magic + content, declared)
        assert nature.flagged or nature.mime_type not in {"text/html", "image/svg+xml", "application/xml"}


@pytest.mark.parametrize(
    "name", ["", "x", "../../etc/passwd", "A" * 64, "/" + "a" * 63, "a" * 63 + "\n", "a" * 65, "..", "a" * 62 + "/."]
)
def test_only_a_hash_is_a_place(tmp_path: Path, name: str) -> None:
    """M4: nothing a stranger sends ever becomes a path."""
    with pytest.raises(ValueError, match="SHA-256"):
        media_files.place(tmp_path, name)


def test_a_file_is_kept_under_its_hash(tmp_path: Path) -> None:
    unfinished = tmp_path / "tmp-file"
    unfinished.write_bytes(b"x")

    kept = media_files.keep(tmp_path, unfinished, "ab" * 32)

    assert kept == tmp_path / "ab" / "ab" / ("ab" * 32)
    assert list(media_files.kept(tmp_path)) == [kept]
    assert not unfinished.exists()
