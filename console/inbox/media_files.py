"""Attachments as bytes: what they really are, whether a browser may show them, and where they are kept.

Nothing here decodes, unpacks or runs anything: types come from the first bytes, sizes from the headers of pictures.
"""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

OCTETS = "application/octet-stream"
HEAD = 8192
"""Bytes that the type is read from."""
MOST_PIXELS = 40_000_000
"""A 10 KB PNG can ask a browser for hundreds of megabytes (reliability.md §0.15); phones send far less than this."""
SHOWN_INLINE = frozenset(
    {
        "image/jpeg",
        "image/png",
        "image/webp",
        "image/gif",
        "audio/aac",
        "audio/mp4",
        "audio/mpeg",
        "audio/ogg",
        "video/mp4",
        "video/3gpp",
    },
)
_HASH = re.compile(r"[0-9a-f]{64}")
_ISO_MEDIA = frozenset({"audio/mp4", "audio/aac", "audio/x-m4a", "audio/3gpp", "video/mp4", "video/3gpp", "video/3gp"})
_OOXML = "application/vnd.openxmlformats-officedocument."
# What a declared type may be when the bytes only say what it is packed in.
_SAME = {
    "image/jpeg": {"image/jpg"},
    "audio/ogg": {"application/ogg", "audio/opus", "video/ogg"},
    "audio/mpeg": {"audio/mp3"},
    "audio/aac": {"audio/aacp", "audio/mp4"},
    "application/msword": {"application/vnd.ms-excel", "application/vnd.ms-powerpoint", "application/x-ole-storage"},
    "application/zip": {"application/x-zip-compressed"},
}


class Nature(msgspec.Struct, frozen=True):
    """What a file is. `flagged` says why it is offered for download only: None when nothing speaks against it."""

    mime_type: str
    flagged: str | None = None


def examine(path: Path, declared: str | None) -> Nature:
    """What the bytes at `path` say they are, and whether that is what was declared.

    Flags: "type_mismatch", "active_content" (markup or a program), "too_many_pixels", "damaged" (a picture whose
    size cannot be read), "not_shown" (a picture or sound that browsers do not know).
    """
    with path.open("rb") as file:
        head = file.read(HEAD)
        seen = sniff(head)
        base = (declared or "").partition(";")[0].strip().lower()
        if seen is None:
            return Nature(OCTETS, "active_content" if _looks_active(head) else "type_mismatch" if base else None)
        if base and not _agrees(base, seen):
            return Nature(OCTETS, "type_mismatch")
        return Nature(_named(base, seen), _flaw(file, _named(base, seen)))


def sniff(head: bytes) -> str | None:
    """The type that the first bytes belong to; None for markup, programs and whatever we do not know."""
    for offset, magic, mime_type in _MAGIC:
        if head[offset : offset + len(magic)] == magic:
            return mime_type
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[4:8] == b"ftyp":
        return next((kind for brand, kind in _BRANDS if head[8:12].startswith(brand)), "video/mp4")
    if head[:4] == b"PK\x03\x04":
        return _packed(head)
    if len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0:
        return "audio/aac" if head[1] & 0xF6 == 0xF0 else "audio/mpeg"
    return "text/plain" if _is_text(head) else None


def dimensions(file: BinaryIO, mime_type: str) -> tuple[int, int] | None:
    """Width and height as the header of a picture states them; None when it states none."""
    file.seek(0)
    head = file.read(32)
    try:
        match mime_type:
            case "image/png":
                return struct.unpack(">II", head[16:24]) if head[12:16] == b"IHDR" else None
            case "image/gif":
                return struct.unpack("<HH", head[6:10])
            case "image/webp":
                return _webp(head)
            case "image/jpeg":
                return _jpeg(file)
            case _:
                return None
    except struct.error:
        return None


def place(root: Path, sha256: str) -> Path:
    """Where the file with this hash is kept. Raises ValueError for anything but a hash: it becomes a path."""
    if not _HASH.fullmatch(sha256):
        raise ValueError("not a SHA-256 in lower-case hexadecimal")
    return root / sha256[:2] / sha256[2:4] / sha256


def keep(root: Path, unfinished: Path, sha256: str) -> Path:
    """Move a finished download to its place, durably: after this returns, a power cut loses nothing."""
    target = place(root, sha256)
    target.parent.mkdir(parents=True, exist_ok=True)
    with unfinished.open("rb") as file:
        os.fsync(file.fileno())
    unfinished.chmod(0o640)
    unfinished.replace(target)
    for folder in (target.parent, target.parent.parent, root):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    return target


def kept(root: Path) -> Iterator[Path]:
    """Every file in its place."""
    for path in root.glob("[0-9a-f][0-9a-f]/[0-9a-f][0-9a-f]/*"):
        if _HASH.fullmatch(path.name):
            yield path


_MAGIC = (
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (0, b"OggS", "audio/ogg"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"#!AMR", "audio/amr"),
    (0, b"%PDF-", "application/pdf"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/msword"),
)
# Brands of ISO media files (mp4ra.org); any other is a video as far as we are concerned.
_BRANDS = (
    (b"M4A", "audio/mp4"),
    (b"M4B", "audio/mp4"),
    (b"3g", "video/3gpp"),
    (b"hei", "image/heic"),
    (b"mif1", "image/heic"),
    (b"avi", "image/avif"),
)
_PROGRAMS = (b"MZ", b"\x7fELF", b"#!", b"\xca\xfe\xba\xbe", b"\xfe\xed\xfa", b"\xcf\xfa\xed\xfe")


def _packed(head: bytes) -> str:
    """Office documents are ZIP files; the names of their first members tell which. Nothing is unpacked."""
    for member, kind in ((b"word/", "wordprocessingml.document"), (b"xl/", "spreadsheetml.sheet")):
        if member in head:
            return _OOXML + kind
    return _OOXML + "presentationml.presentation" if b"ppt/" in head else "application/zip"


def _is_text(head: bytes) -> bool:
    """Plain words: UTF-8 without control characters, and nothing a browser could take for markup or a program."""
    if not head or _looks_active(head):
        return False
    try:
        text = head.decode()
    except UnicodeDecodeError as cut:
        # The last character may have been cut in two.
        if cut.start < len(head) - 3:
            return False
        text = head[: cut.start].decode()
    return not re.search(r"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]", text)


def _looks_active(head: bytes) -> bool:
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    return start.startswith(b"<") or head.startswith(_PROGRAMS)


def _agrees(declared: str, seen: str) -> bool:
    if declared == seen or declared in _SAME.get(seen, ()):
        return True
    if seen in {"audio/mp4", "video/mp4", "video/3gpp"}:
        return declared in _ISO_MEDIA
    if seen == "text/plain":
        return declared.startswith("text/") and declared not in {"text/html", "text/xml"}
    # A large document may name its parts later than in the first bytes.
    return seen == "application/zip" and declared.startswith(_OOXML)


def _named(declared: str, seen: str) -> str:
    """The more telling of two names for the same thing."""
    if seen in {"audio/mp4", "video/mp4", "video/3gpp"} and declared in SHOWN_INLINE:
        return declared
    if seen in {"application/msword", "application/zip"} and declared:
        return declared
    return seen


def _flaw(file: BinaryIO, mime_type: str) -> str | None:
    if mime_type.startswith(("image/", "audio/", "video/")) and mime_type not in SHOWN_INLINE:
        return "not_shown"
    if not mime_type.startswith("image/"):
        return None
    size = dimensions(file, mime_type)
    if size is None or 0 in size:
        return "damaged"
    return "too_many_pixels" if size[0] * size[1] > MOST_PIXELS else None


def _webp(head: bytes) -> tuple[int, int] | None:
    match head[12:16]:
        case b"VP8 ":
            width, height = struct.unpack("<HH", head[26:30])
            return width & 0x3FFF, height & 0x3FFF
        case b"VP8L":
            (bits,) = struct.unpack("<I", head[21:25])
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8X":
            return int.from_bytes(head[24:27], "little") + 1, int.from_bytes(head[27:30], "little") + 1
        case _:
            return None


def _jpeg(file: BinaryIO) -> tuple[int, int] | None:
    """Walk the segments to the frame header (ITU T.81 B.2.2); a file that never comes to one is damaged."""
    file.seek(2)
    for _ in range(1000):
        marker = file.read(4)
        if len(marker) < 4 or marker[0] != 0xFF:
            return None
        if 0xC0 <= marker[1] <= 0xCF and marker[1] not in {0xC4, 0xC8, 0xCC}:
            height, width = struct.unpack(">xHH", file.read(5))
            return width, height
        length = int.from_bytes(marker[2:], "big")
        if length < 2:
            return None
        file.seek(length - 2, os.SEEK_CUR)
    return None
