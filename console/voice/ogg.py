"""Ogg pages (RFC 3533) around Opus packets (RFC 7845, RFC 6716): written, and read back."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Sequence

RATE = 48_000
"""Samples a second that Ogg counts Opus in, whatever it was recorded at."""
PACKETS_A_PAGE = 50
"""About a second: what a player can jump to."""
MOST_LACES = 255
_HEAD = b"OpusHead"
_TAGS = b"OpusTags"
_VENDOR = b"Al Dia"
_FIRST, _LAST = 0x02, 0x04
# Samples of a frame by the configuration in a packet's first byte (RFC 6716 3.1).
_SILK = (480, 960, 1920, 2880)
_FRAMES = (*_SILK, *_SILK, *_SILK, 480, 960, 480, 960, *(120, 240, 480, 960) * 4)
_MOST_SAMPLES = 5760  # 120 ms: no packet may be longer
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


class BrokenError(ValueError):
    """What should be a recording is none."""


def write(head: bytes, packets: Sequence[bytes], *, serial: int) -> bytes:
    """An Ogg stream of one channel. `head` is an OpusHead packet; BrokenError when it, or a packet, is none."""
    pages = [
        _page([_mono(head)], granule=0, serial=serial, number=0, flags=_FIRST),
        _page([_TAGS + _counted(_VENDOR) + struct.pack("<I", 0)], granule=0, serial=serial, number=1, flags=0),
    ]
    if not packets:
        raise BrokenError("nothing was recorded")
    granule = 0
    groups = list(_grouped(packets))
    for place, group in enumerate(groups):
        granule += sum(samples(packet) for packet in group)
        last = _LAST if place == len(groups) - 1 else 0
        pages.append(_page(group, granule=granule, serial=serial, number=place + 2, flags=last))
    return b"".join(pages)


def read(data: bytes) -> tuple[bytes, list[bytes]]:
    """The OpusHead packet and the packets of sound of an Ogg stream; BrokenError for anything else."""
    packets: list[bytes] = []
    unfinished, place = b"", 0
    while place < len(data):
        laces, body = _laces(data, place)
        for lace in laces:
            unfinished += data[body : body + lace]
            body += lace
            if lace < MOST_LACES:
                packets.append(unfinished)
                unfinished = b""
        place = body
    if len(packets) < 2 or not packets[0].startswith(_HEAD) or not packets[1].startswith(_TAGS):
        raise BrokenError("no Opus in it")
    return packets[0], [packet for packet in packets[2:] if packet]


def samples(packet: bytes) -> int:
    """How long a packet sounds, in samples of RATE."""
    if not packet:
        raise BrokenError("an empty packet")
    frame, code = _FRAMES[packet[0] >> 3], packet[0] & 3
    if code == 3 and len(packet) < 2:
        raise BrokenError("a packet without its frame count")
    length = frame * (1, 2, 2, packet[1] & 0x3F if code == 3 else 0)[code]
    if not 0 < length <= _MOST_SAMPLES:
        raise BrokenError("a packet of impossible length")
    return length


def seconds(data: bytes) -> float:
    """How long a stream sounds."""
    head, packets = read(data)
    skipped = int.from_bytes(head[10:12], "little")
    return max(sum(samples(packet) for packet in packets) - skipped, 0) / RATE


def _mono(head: bytes) -> bytes:
    """One channel, as WhatsApp wants voice: a decoder mixes packets that hold two (RFC 7845 5.1.1)."""
    if not head.startswith(_HEAD) or len(head) < 19 or head[18] != 0:
        raise BrokenError("no OpusHead that a voice note can have")
    return head[:9] + b"\x01" + head[10:19]


def _grouped(packets: Sequence[bytes]) -> Iterator[list[bytes]]:
    group: list[bytes] = []
    laces = 0
    for packet in packets:
        needed = len(packet) // MOST_LACES + 1
        if needed > MOST_LACES:
            raise BrokenError("a packet of impossible size")
        if group and (laces + needed > MOST_LACES or len(group) == PACKETS_A_PAGE):
            yield group
            group, laces = [], 0
        group.append(packet)
        laces += needed
    yield group


def _page(packets: Sequence[bytes], *, granule: int, serial: int, number: int, flags: int) -> bytes:
    laces = b"".join(b"\xff" * (len(packet) // MOST_LACES) + bytes([len(packet) % MOST_LACES]) for packet in packets)
    head = b"OggS\0" + bytes([flags]) + struct.pack("<qIII", granule, serial, number, 0) + bytes([len(laces)])
    page = head + laces + b"".join(packets)
    return page[:22] + struct.pack("<I", checksum(page)) + page[26:]


def checksum(page: bytes) -> int:
    """The CRC of RFC 3533 6: zlib's mirrored, over mirrored bytes, so that C does the work."""
    mirrored = ~zlib.crc32(page.translate(_REVERSED), 0xFFFFFFFF) & 0xFFFFFFFF
    return int(f"{mirrored:032b}"[::-1], 2)


def _laces(data: bytes, place: int) -> tuple[bytes, int]:
    if data[place : place + 5] != b"OggS\0" or place + 27 > len(data):
        raise BrokenError("no Ogg page where one should be")
    body = place + 27 + data[place + 26]
    laces = data[place + 27 : body]
    if body + sum(laces) > len(data):
        raise BrokenError("a page that is cut off")
    return laces, body


def _counted(words: bytes) -> bytes:
    return struct.pack("<I", len(words)) + words
