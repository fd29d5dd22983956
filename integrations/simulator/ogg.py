"""Opus out of WebM, as browsers record it, into Ogg, as WhatsApp's voice notes are; nothing is encoded anew.

WebM is EBML (RFC 8794, RFC 9559), Ogg is RFC 3533 with Opus as in RFC 7845.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

import msgspec

SEGMENT, TRACKS, TRACK, CLUSTER, BLOCK_GROUP = 0x18538067, 0x1654AE6B, 0xAE, 0x1F43B675, 0xA0
CODEC_PRIVATE, SIMPLE_BLOCK, BLOCK = 0x63A2, 0xA3, 0xA1
NESTED = {SEGMENT, TRACKS, TRACK, CLUSTER, BLOCK_GROUP}
LACING = 0x06
PACKETS_A_PAGE = 40
BEGINNING, END = 2, 4


class NotOpusError(ValueError):
    """The recording is not Opus in WebM, or it is damaged."""


def remuxed(webm: bytes) -> bytes:
    """A WebM recording with one Opus track as an Ogg file; raises NotOpusError."""
    recording = _Recording()
    try:
        _read(webm, 0, len(webm), recording)
    except (IndexError, struct.error) as damaged:
        raise NotOpusError("the recording breaks off") from damaged
    if not recording.head.startswith(b"OpusHead") or not recording.packets:
        raise NotOpusError("there is no Opus in it")
    return b"".join(_pages(recording))


class _Recording(msgspec.Struct):
    head: bytes = b""
    packets: list[bytes] = []


def _read(data: bytes, at: int, end: int, into: _Recording) -> None:
    while at < end:
        name, at, _ = _number(data, at, marker=True)
        size, at, endless = _number(data, at)
        stop = end if endless else min(at + size, end)
        if name in NESTED:
            _read(data, at, stop, into)
        elif name == CODEC_PRIVATE:
            into.head = data[at:stop]
        elif name in {SIMPLE_BLOCK, BLOCK}:
            _, body, _ = _number(data, at)
            if data[body + 2] & LACING:
                raise NotOpusError("its packets are laced")
            into.packets.append(data[body + 3 : stop])
        at = stop


def _number(data: bytes, at: int, *, marker: bool = False) -> tuple[int, int, bool]:
    """A number of one to eight bytes, where it ends, and whether it stands for "unknown"."""
    first = data[at]
    length = 9 - first.bit_length()
    if length > 8:
        raise NotOpusError("not EBML")
    value = first if marker else first & ((1 << (8 - length)) - 1)
    for place in range(1, length):
        value = value << 8 | data[at + place]
    return value, at + length, not marker and value == (1 << (7 * length)) - 1


def _pages(recording: _Recording) -> Iterator[bytes]:
    yield _page([recording.head], granule=0, number=0, flags=BEGINNING)
    vendor = b"simulator"
    yield _page([b"OpusTags" + struct.pack("<I", len(vendor)) + vendor + struct.pack("<I", 0)], granule=0, number=1)
    granule = 0
    packets = recording.packets
    for number, start in enumerate(range(0, len(packets), PACKETS_A_PAGE), 2):
        some = packets[start : start + PACKETS_A_PAGE]
        granule += sum(_samples(packet) for packet in some)
        last = start + PACKETS_A_PAGE >= len(packets)
        yield _page(some, granule=granule, number=number, flags=END if last else 0)


def _page(packets: list[bytes], *, granule: int, number: int, flags: int = 0) -> bytes:
    lacing = b"".join(b"\xff" * (len(packet) // 255) + bytes([len(packet) % 255]) for packet in packets)
    if len(lacing) > 255:
        raise NotOpusError("its packets are larger than speech makes them")
    page = struct.pack("<4sBBqIII", b"OggS", 0, flags, granule, 1, number, 0)
    page += bytes([len(lacing)]) + lacing + b"".join(packets)
    return page[:22] + struct.pack("<I", _checksum(page)) + page[26:]


def _samples(packet: bytes) -> int:
    """How long a packet sounds, in samples of 48 kHz (RFC 6716, section 3.1)."""
    kind, frames = packet[0] >> 3, packet[0] & 3
    if kind < 12:
        each = (480, 960, 1920, 2880)[kind % 4]
    elif kind < 16:
        each = (480, 960)[kind % 2]
    else:
        each = (120, 240, 480, 960)[kind % 4]
    return each * (1 if frames == 0 else 2 if frames < 3 else packet[1] & 63)


def _row(byte: int) -> int:
    value = byte << 24
    for _ in range(8):
        value = (value << 1) ^ (0x04C11DB7 if value & 0x80000000 else 0)
    return value & 0xFFFFFFFF


TABLE = [_row(byte) for byte in range(256)]


def _checksum(page: bytes) -> int:
    value = 0
    for byte in page:
        value = ((value << 8) & 0xFFFFFFFF) ^ TABLE[(value >> 24) ^ byte]
    return value
