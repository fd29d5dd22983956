"""Files that debtors send: a few that ship with the simulator, and what the browser hands over made fit to send."""

from __future__ import annotations

import mimetypes
from pathlib import Path
from typing import Literal

import msgspec

from integrations.simulator.ogg import NotOpusError, remuxed

FOLDER = Path(__file__).with_name("samples")


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """A file, and the message type it goes as."""

    kind: Literal["image", "audio", "video", "document", "sticker"]
    filename: str
    mime_type: str
    data: bytes
    voice: bool = False


SAMPLES = {
    "photo": Sample(
        kind="image",
        filename="comprobante.jpg",
        mime_type="image/jpeg",
        data=(FOLDER / "comprobante.jpg").read_bytes(),
    ),
    "voice": Sample(
        kind="audio",
        filename="nota-de-voz.ogg",
        mime_type="audio/ogg; codecs=opus",
        data=(FOLDER / "nota-de-voz.ogg").read_bytes(),
        voice=True,
    ),
    "document": Sample(
        kind="document",
        filename="OC-2231.pdf",
        mime_type="application/pdf",
        data=(FOLDER / "OC-2231.pdf").read_bytes(),
    ),
    "sticker": Sample(
        kind="sticker",
        filename="gracias.webp",
        mime_type="image/webp",
        data=(FOLDER / "gracias.webp").read_bytes(),
    ),
}


def fitting(data: bytes, declared: str, filename: str, like: Sample | None) -> Sample:
    """A file somebody chose or recorded, as WhatsApp would send it.

    `like` tells which button was used; without one, the type decides. Browsers record WebM, WhatsApp's voice notes are
    Ogg: the packets are the same and change their wrapping.
    """
    mime_type = declared or mimetypes.guess_type(filename)[0] or "application/octet-stream"
    if like and like.voice:
        try:
            return msgspec.structs.replace(like, data=remuxed(data) if mime_type.startswith("audio/webm") else data)
        except NotOpusError:
            return Sample(kind="document", filename=filename, mime_type=mime_type, data=data)
    family = mime_type.partition("/")[0]
    kind = like.kind if like else None
    if mime_type == "image/webp" and kind is None:
        kind = "sticker"
    if kind in {None, "image"} and family not in {"image", "video", "audio"}:
        kind = "document"
    if kind is None or (kind == "image" and family != "image"):
        kind = "video" if family == "video" else "audio" if family == "audio" else "image"
    return Sample(kind=kind, filename=filename, mime_type=mime_type, data=data)
