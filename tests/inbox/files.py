"""Small files of many kinds, made on the spot: enough of each for whoever only looks at the beginning."""

from __future__ import annotations

import os
import struct
from datetime import timedelta
from pathlib import Path

from console import clock


def png(width: int = 4, height: int = 3) -> bytes:
    return (
        b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
        + struct.pack(">II", width, height)
        + b"\x08\x02\x00\x00\x00"
        + b"\0" * 20
    )


def jpeg(width: int = 4, height: int = 3, *, before: bytes = b"") -> bytes:
    frame = b"\xff\xc0" + struct.pack(">HBHHB", 11, 8, height, width, 1) + b"\x01\x11\x00"
    return b"\xff\xd8" + b"\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00" + before + frame + b"\xff\xd9"


def gif(width: int = 4, height: int = 3) -> bytes:
    return b"GIF89a" + struct.pack("<HH", width, height) + b"\0" * 20


def webp(width: int = 4, height: int = 3) -> bytes:
    body = b"VP8X" + struct.pack("<I", 10) + b"\0" * 4
    body += (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body + b"\0" * 8


def webp_lossless(width: int = 4, height: int = 3) -> bytes:
    bits = (width - 1) | (height - 1) << 14
    return b"RIFF\0\0\0\0WEBPVP8L" + struct.pack("<IBI", 5, 0x2F, bits) + b"\0" * 16


def webp_lossy(width: int = 4, height: int = 3) -> bytes:
    return b"RIFF\0\0\0\0WEBPVP8 " + b"\0" * 7 + b"\x9d\x01\x2a" + struct.pack("<HH", width, height) + b"\0" * 8


def iso(brand: bytes) -> bytes:
    return b"\x00\x00\x00\x18ftyp" + brand + b"\x00\x00\x00\x00isommp42" + b"\0" * 30


def office(member: str) -> bytes:
    return b"PK\x03\x04" + b"\0" * 26 + b"[Content_Types].xml" + b"\0" * 50 + member.encode() + b"\0" * 50


OGG = b"OggS\x00\x02" + b"\0" * 22 + b"OpusHead" + b"\0" * 30
MP3 = b"ID3\x04\x00" + b"\0" * 30
MP3_BARE = b"\xff\xfb\x90\x00" + b"\0" * 30
AAC = b"\xff\xf1\x50\x80" + b"\0" * 30
AMR = b"#!AMR\n" + b"\0" * 30
PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n" + b"\0" * 30
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 60
HTML = b"<!DOCTYPE html><script>alert(1)</script>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'
EXE = b"MZ\x90\x00" + b"\0" * 60


def long_ago(path: Path) -> None:
    """Let the file have been written before what the sweep leaves for rows that are about to speak of it."""
    then = (clock.now() - timedelta(days=2)).timestamp()
    os.utime(path, (then, then))
