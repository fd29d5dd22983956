"""Photos without what they tell of whoever took them: places, devices, names and what hangs behind the picture.

The picture itself is not touched. Of a JPEG's EXIF the orientation alone stays, or it would be shown lying down.
"""

from __future__ import annotations

import struct
import zlib

_SOI, _EOI = b"\xff\xd8", 0xD9
_EXIF, _COLOURS = b"Exif\0\0", b"ICC_PROFILE\0"
_ORIENTATION = 0x0112
_PNG = b"\x89PNG\r\n\x1a\n"
# What decides how it looks (PNG, 3rd edition, 11.3); texts, times and EXIF do not.
_LOOKS = frozenset({b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"cICP", b"sBIT", b"bKGD", b"pHYs"})


class DamagedError(ValueError):
    """The file is not a whole picture."""


def stripped(picture: bytes, mime_type: str) -> bytes:
    """The picture without metadata. Other types come back as they are. DamagedError for a file that is cut off."""
    if mime_type == "image/jpeg":
        return _jpeg(picture)
    return _png(picture) if mime_type == "image/png" else picture


def _jpeg(picture: bytes) -> bytes:
    """Segment by segment (ITU T.81 B.1) to the end of the image; what comes behind it is left out."""
    kept = [_SOI]
    place, length = 2, len(picture)
    while place + 2 <= length:
        if picture[place] != 0xFF:
            raise DamagedError("no marker where one should be")
        marker = picture[place + 1]
        if marker == 0xFF:
            place += 1
            continue
        if marker == _EOI:
            kept.append(picture[place : place + 2])
            return b"".join(kept)
        end = place + 2
        if not 0xD0 <= marker <= 0xD7 and marker != 0x01:
            if place + 4 > length:
                break
            end += int.from_bytes(picture[place + 2 : place + 4])
        if marker == 0xDA:
            end = _end_of_scan(picture, end)
        if end > length:
            break
        kept.append(_segment(picture[place:end], marker))
        place = end
    raise DamagedError("the picture has no end")


def _end_of_scan(picture: bytes, place: int) -> int:
    """Where the coded data of a scan ends: at the first marker that is neither stuffing nor a restart."""
    while True:
        place = picture.find(b"\xff", place)
        if place < 0 or place + 1 >= len(picture):
            raise DamagedError("the picture has no end")
        if picture[place + 1] not in {0x00, *range(0xD0, 0xD8)}:
            return place
        place += 2


def _segment(segment: bytes, marker: int) -> bytes:
    body = segment[4:]
    if marker == 0xE1:
        return _only_orientation(body) if body.startswith(_EXIF) else b""
    is_application = 0xE2 <= marker <= 0xEF and marker != 0xEE  # 0xEE says how Adobe coded the colours
    if marker == 0xFE or (is_application and not body.startswith(_COLOURS)):
        return b""
    return segment


def _only_orientation(exif: bytes) -> bytes:
    tiff = exif[len(_EXIF) :]
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    try:
        turned = _orientation(tiff, order) if order else None
    except struct.error:
        turned = None
    if turned is None or not 2 <= turned <= 8:
        return b""
    entry = struct.pack(">HHIHH", _ORIENTATION, 3, 1, turned, 0)
    body = _EXIF + b"MM\0\x2a" + struct.pack(">IH", 8, 1) + entry + struct.pack(">I", 0)
    return b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body


def _orientation(tiff: bytes, order: str) -> int | None:
    (first,) = struct.unpack_from(f"{order}I", tiff, 4)
    (count,) = struct.unpack_from(f"{order}H", tiff, first)
    for entry in range(count):
        tag, _type, _count, value = struct.unpack_from(f"{order}HHIH", tiff, first + 2 + 12 * entry)
        if tag == _ORIENTATION:
            return int(value)
    return None


def _png(picture: bytes) -> bytes:
    kept = [_PNG]
    place = len(_PNG)
    while place + 12 <= len(picture):
        size = int.from_bytes(picture[place : place + 4])
        kind, end = picture[place + 4 : place + 8], place + 12 + size
        if end > len(picture) or zlib.crc32(picture[place + 4 : end - 4]) != int.from_bytes(picture[end - 4 : end]):
            break
        # A capital first letter: no decoder can do without it.
        if kind[:1].isupper() or kind in _LOOKS:
            kept.append(picture[place:end])
        if kind == b"IEND":
            return b"".join(kept)
        place = end
    raise DamagedError("the picture has no end")
