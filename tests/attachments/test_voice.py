"""A recording becomes Opus in Ogg: the same packets, one channel, the length they add up to. Nothing is decoded."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.voice import ogg, webm
from console.voice.notes import BrokenError, voice_note
from tests.attachments import samples


def table_crc(page: bytes) -> int:
    """RFC 3533's checksum, bit by bit: slow, and as the RFC says it."""
    crc = 0
    for byte in page:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1 ^ 0x04C11DB7 if crc & 0x80000000 else crc << 1) & 0xFFFFFFFF
    return crc


packets = st.lists(
    st.builds(
        lambda first, count, rest: bytes([first, count]) + rest,
        st.integers(0, 255),
        st.just(1),
        st.binary(max_size=1500),
    ),
    min_size=1,
    max_size=120,
)


@given(packets, st.integers(1, 5))
def test_every_packet_comes_through_unchanged_and_in_order(sound: list[bytes], clusters: int) -> None:
    made = voice_note(samples.webm(sound, clusters=clusters))

    head, found = ogg.read(made)
    assert found == sound
    assert head[9] == 1, "one channel"
    assert struct.unpack_from("<H", head, 10) == (312,), "the encoder's own delay is kept"


@given(packets)
def test_pages_are_whole_numbered_and_end_at_the_length_of_the_sound(sound: list[bytes]) -> None:
    made = voice_note(samples.webm(sound))

    place, number, granule, flags = 0, 0, 0, []
    while place < len(made):
        flag, granule, _serial, sequence, crc, count = struct.unpack_from("<BqIIIB", made, place + 5)
        end = place + 27 + count + sum(made[place + 27 : place + 27 + count])
        page = made[place:end]
        assert page[:5] == b"OggS\0"
        assert sequence == number
        assert crc == table_crc(page[:22] + b"\0\0\0\0" + page[26:])
        flags.append(flag)
        place, number = end, number + 1
    assert flags[0] == 2
    assert flags[-1] == 4
    assert set(flags[1:-1]) <= {0}
    assert granule == sum(ogg.samples(packet) for packet in sound)


def test_a_second_of_sound_is_a_second() -> None:
    assert ogg.seconds(voice_note(samples.webm(samples.opus(50)))) == pytest.approx(1 - 312 / 48000)


def test_what_firefox_records_is_made_one_channel_too() -> None:
    stereo = ogg.write(b"OpusHead\x01\x02" + struct.pack("<HIHB", 312, 48000, 0, 0), samples.opus(10), serial=7)

    assert ogg.read(voice_note(stereo))[1] == samples.opus(10)


def test_a_recording_that_was_cut_off_keeps_what_is_whole() -> None:
    whole = samples.webm(samples.opus(20))

    assert ogg.read(voice_note(whole[:-5]))[1] == samples.opus(19)


@pytest.mark.parametrize(
    "recorded",
    [
        b"",
        b"RIFF",
        samples.webm([]),
        samples.webm(samples.opus(3), codec=b"A_VORBIS"),
        webm.MAGIC + b"\x00" * 40,
        b"OggS\0" + b"\0" * 30,
    ],
    ids=["nothing", "something else", "silence", "another codec", "nonsense", "an empty page"],
)
def test_what_is_no_recording_is_refused(recorded: bytes) -> None:
    with pytest.raises(BrokenError):
        voice_note(recorded)


@given(st.binary(max_size=400))
def test_nonsense_never_does_more_than_be_refused(noise: bytes) -> None:
    for recorded in (noise, webm.MAGIC + noise, samples.webm(samples.opus(2))[:80] + noise, b"OggS\0" + noise):
        try:
            voice_note(recorded)
        except BrokenError:
            continue
