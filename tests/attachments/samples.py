"""Whole files of many kinds, made on the spot: small, and complete to the last byte."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib

from tests.inbox import files

LIMA = b"GPS 12.0464 S 77.0428 W"


def jpeg(width: int = 4, height: int = 3, *, turned: int | None = None, talkative: bool = True) -> bytes:
    """A photo as a telephone takes it: EXIF with a place, XMP, a comment, and a film behind the picture."""
    told = _segment(0xE1, b"Exif\0\0" + _tiff(turned) + LIMA) if talkative else b""
    told += _segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + LIMA) + _segment(0xFE, LIMA) if talkative else b""
    frame = _segment(0xC0, struct.pack(">BHHB", 8, height, width, 1) + b"\x01\x11\x00")
    scan = _segment(0xDA, b"\x01\x01\x00\x00\x3f\x00") + b"\x12\xff\x00\x34\xff\xd0\x56"
    behind = b"ftyp film " + LIMA if talkative else b""
    return b"\xff\xd8" + _segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0") + told + frame + scan + b"\xff\xd9" + behind


def png(width: int = 2, height: int = 2, *, told: bytes = LIMA) -> bytes:
    """A picture with a text beside it."""
    rows = b"".join(b"\0" + b"\x40\x80\xc0" * width for _ in range(height))
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
        + _chunk(b"tEXt", b"Comment\0" + told)
        + _chunk(b"eXIf", told)
        + _chunk(b"IDAT", zlib.compress(rows))
        + _chunk(b"IEND", b"")
    )


def docx(*members: str) -> bytes:
    """A document of Word, or of whatever its members say."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name in ("[Content_Types].xml", *(members or ("word/document.xml",))):
            archive.writestr(name, "<x/>")
    return held.getvalue()


def webm(packets: list[bytes], *, channels: int = 2, codec: bytes = b"A_OPUS", clusters: int = 1) -> bytes:
    """A live recording: segment and clusters of unknown size, as MediaRecorder writes them."""
    head = b"OpusHead\x01" + bytes([channels]) + struct.pack("<HIHB", 312, 48000, 0, 0)
    track = _element(0xAE, _element(0xD7, b"\1") + _element(0x86, codec) + _element(0x63A2, head))
    body = b""
    share = max(-(-len(packets) // clusters), 1)
    for start in range(0, len(packets), share):
        blocks = [_element(0xA3, b"\x81\0\0\x80" + packet) for packet in packets[start : start + share]]
        body += _id(0x1F43B675) + b"\x01" + b"\xff" * 7 + _element(0xE7, b"\0") + b"".join(blocks)
    segment = _id(0x18538067) + b"\x01" + b"\xff" * 7
    return _element(0x1A45DFA3, _element(0x4282, b"webm")) + segment + _element(0x1654AE6B, track) + body


def opus(packets: int = 50) -> list[bytes]:
    """Packets of 20 ms each, in stereo, of different sizes."""
    return [b"\xfc" + bytes([n % 251]) * (40 + n % 300) for n in range(packets)]


PDF = files.PDF + b"\n%%EOF\n"


def _segment(marker: int, body: bytes) -> bytes:
    return b"\xff" + bytes([marker]) + struct.pack(">H", len(body) + 2) + body


def _tiff(turned: int | None) -> bytes:
    entries = [(0x010F, 2, 4, 0x50504C41), *([(0x0112, 3, 1, turned)] if turned else []), (0x8825, 4, 1, 90)]
    packed = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return b"II*\0" + struct.pack("<IH", 8, len(entries)) + packed + struct.pack("<I", 0)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _id(element: int) -> bytes:
    return element.to_bytes((element.bit_length() + 7) // 8)


def _element(element: int, body: bytes) -> bytes:
    return _id(element) + struct.pack(">Q", len(body) | 1 << 56) + body
