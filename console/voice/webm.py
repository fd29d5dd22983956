"""WebM as browsers record it (EBML, RFC 8794): the Opus packets of its one track, without decoding anything."""

from __future__ import annotations

from console.voice.ogg import BrokenError

MAGIC = b"\x1a\x45\xdf\xa3"
# Master elements that are entered. A live recording does not know their sizes, and needs none: what stands in them
# simply follows (Segment, Tracks, TrackEntry, Cluster, BlockGroup).
_ENTERED = frozenset({0x18538067, 0x1654AE6B, 0xAE, 0x1F43B675, 0xA0})
_TRACK = 0xAE
_LACING = 0x06


def read(data: bytes) -> tuple[bytes, list[bytes]]:
    """The OpusHead packet and the packets of sound; BrokenError for anything but one track of Opus.

    A recording that was cut off keeps what is whole of it.
    """
    if not data.startswith(MAGIC):
        raise BrokenError("no EBML")
    head, codec, tracks = b"", b"", 0
    packets: list[bytes] = []
    place = 0
    while place < len(data):
        try:
            element, place = _number(data, place, keep_marker=True)
            size, place = _number(data, place, keep_marker=False)
        except IndexError:
            break
        if element in _ENTERED:
            tracks += element == _TRACK
            continue
        end = place + size
        if end > len(data):
            break
        body = data[place:end]
        match element:
            case 0x86:  # CodecID
                codec = body
            case 0x63A2:  # CodecPrivate
                head = body
            case 0xA3 | 0xA1:  # SimpleBlock, Block
                packets.append(_packet(body))
        place = end
    if tracks != 1 or codec.rstrip(b"\0") != b"A_OPUS":
        raise BrokenError("not one track of Opus")
    return head, packets


def _number(data: bytes, place: int, *, keep_marker: bool) -> tuple[int, int]:
    """A variable-length number (RFC 8794 4), and where the next byte is. IndexError past the end."""
    first = data[place]
    if first == 0:
        raise BrokenError("a number of more than eight bytes")
    length = 9 - first.bit_length()
    if place + length > len(data):
        raise IndexError(place)
    value = int.from_bytes(data[place : place + length])
    return value if keep_marker else value & ~(1 << (7 * length)), place + length


def _packet(block: bytes) -> bytes:
    """The one frame of a block: track number, two bytes of time, flags, and the frame."""
    try:
        _track, place = _number(block, 0, keep_marker=False)
        flags = block[place + 2]
    except IndexError:
        raise BrokenError("a block without its head") from None
    if flags & _LACING:
        raise BrokenError("laced blocks, which no browser records")
    return block[place + 3 :]
