"""A recording of a browser becomes a voice note of WhatsApp: repacked, never recoded."""

from __future__ import annotations

import zlib

from console.voice import ogg, webm
from console.voice.ogg import BrokenError

__all__ = ["BrokenError", "voice_note"]

MIME_TYPE = "audio/ogg; codecs=opus"
"""As Meta's own examples name it; plain audio/ogg does not say what is in it (whatsapp.md §12)."""


def voice_note(recorded: bytes) -> bytes:
    """The same sound as Opus in Ogg, in one channel; BrokenError when it is neither WebM nor Ogg with Opus in it."""
    head, packets = webm.read(recorded) if recorded.startswith(webm.MAGIC) else ogg.read(recorded)
    return ogg.write(head, packets, serial=zlib.crc32(recorded))
