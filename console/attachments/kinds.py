"""What a file may be sent as. Its bytes decide, never its name; whatever WhatsApp would refuse is refused before.

The types and their limits are Meta's (whatsapp.md §12).
"""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from console.errors import Refused
from console.inbox import media_files
from console.languages.words import Words
from console.voice.notes import MIME_TYPE as VOICE
from console.voice.webm import MAGIC as WEBM

MEGABYTE = 1024 * 1024
LARGEST = 100 * MEGABYTE
TAIL = 64 * 1024
"""Bytes at the end in which an office document lists its parts."""
PHOTOS = {"image/jpeg", "image/png"}

_LIMITS = {"image": 5 * MEGABYTE, "video": 16 * MEGABYTE, "audio": 16 * MEGABYTE, "document": LARGEST}
_STICKER = 500 * 1024
_STILL_STICKER = 100 * 1024
_KINDS = {
    "image/jpeg": "image",
    "image/png": "image",
    "image/webp": "sticker",
    "video/mp4": "video",
    "video/3gpp": "video",
    "audio/aac": "audio",
    "audio/amr": "audio",
    "audio/mpeg": "audio",
    "audio/mp4": "audio",
    "audio/ogg": "audio",
    "text/plain": "document",
    "application/pdf": "document",
}
_OOXML = "application/vnd.openxmlformats-officedocument."
_OFFICE = {
    b"word/": _OOXML + "wordprocessingml.document",
    b"xl/": _OOXML + "spreadsheetml.sheet",
    b"ppt/": _OOXML + "presentationml.presentation",
}
_OLD_OFFICE = {
    ".doc": "application/msword",
    ".xls": "application/vnd.ms-excel",
    ".ppt": "application/vnd.ms-powerpoint",
}
_NAMES = {
    "video": Words("El video"),
    "audio": Words("El audio"),
    "document": Words("El documento"),
}


class Judged(msgspec.Struct, frozen=True):
    """What a file is and how it goes out."""

    kind: str
    mime_type: str
    voice: bool = False


def limit_of(head: bytes, *, voice: bool) -> int:
    """How many bytes a file that begins like this may have; said before the rest of it has come."""
    if voice:
        return _LIMITS["audio"]
    kind = _KINDS.get(media_files.sniff(head) or "", "document")
    return _LIMITS.get(kind, _STICKER)


def too_large(head: bytes, *, voice: bool) -> Refused:
    """The sentence for a file that begins like this and goes beyond `limit_of`."""
    if not voice and media_files.sniff(head) == "image/webp":
        return Refused(
            413, Words("Un sticker pesa a lo más 500 KB. Guarde la imagen como JPEG."), code="too_big", field="file"
        )
    kind = "audio" if voice else _KINDS.get(media_files.sniff(head) or "", "document")
    most = _LIMITS[kind] // MEGABYTE
    text = (
        Words("La foto pesa más de {most} MB, lo más que WhatsApp acepta. Redúzcala antes de enviarla.", most=most)
        if kind == "image"
        else Words("{what} pesa más de {most} MB, lo más que WhatsApp acepta.", what=_NAMES[kind], most=most)
    )
    return Refused(413, text, code="too_big", field="file")


def judge(path: Path, *, filename: str, voice: bool = False) -> Judged:
    """What the file at `path` is sent as.

    Refuses 422 "empty", "not_sendable" (programs, pages, archives, macros, formats WhatsApp does not know) and
    "damaged", 413 "too_big".
    """
    size = path.stat().st_size
    if size == 0:
        raise Refused(422, Words("El archivo está vacío."), code="empty", field="file")
    with path.open("rb") as file:
        head = file.read(media_files.HEAD)
        file.seek(max(size - TAIL, 0))
        tail = file.read(TAIL)
    if size > limit_of(head, voice=voice):
        raise too_large(head, voice=voice)
    if voice:
        return _recording(head)
    mime_type = _type_of(head, tail, filename)
    kind = _KINDS.get(mime_type.partition(";")[0], "document")
    if kind in {"image", "sticker"}:
        _check_picture(path, mime_type, size, head)
    return Judged(kind, mime_type)


def _recording(head: bytes) -> Judged:
    """Older Safari records MP4, which goes out as sound: only Opus in Ogg is a voice note."""
    seen = media_files.sniff(head)
    if head.startswith(WEBM) or seen == "audio/ogg":
        return Judged("audio", VOICE, voice=True)
    if seen in {"audio/mp4", "video/mp4"}:
        return Judged("audio", "audio/mp4")
    raise _not_sendable(Words("La grabación no se reconoce."))


def _type_of(head: bytes, tail: bytes, filename: str) -> str:
    seen = media_files.sniff(head)
    ending = "".join(re.findall(r"\.[a-z]{3}$", filename.lower()))
    if seen == "application/zip" or (seen or "").startswith(_OOXML):
        return _office(head + tail)
    if seen == "application/msword":
        if ending in _OLD_OFFICE:
            return _OLD_OFFICE[ending]
        raise _not_sendable(Words("El archivo no es un documento de Office."))
    if seen == "audio/ogg" and b"OpusHead" not in head:
        raise _not_sendable(Words("WhatsApp solo acepta audio Ogg con Opus."))
    if seen == "audio/ogg":
        return VOICE
    if seen in _KINDS:
        return seen
    if (seen or "").startswith("image/"):
        raise _not_sendable(Words("WhatsApp no acepta este formato de imagen. Guárdela como JPEG o PNG."))
    if seen is not None:
        raise _not_sendable(Words("WhatsApp no acepta este tipo de archivo."))
    raise _not_sendable(Words("El archivo no es lo que su nombre dice, o es de un tipo que no se puede enviar."))


def _office(parts: bytes) -> str:
    if b"vbaProject.bin" in parts:
        raise _not_sendable(Words("El documento tiene macros. Guárdelo sin ellas."))
    found = next((mime_type for member, mime_type in _OFFICE.items() if member in parts), None)
    if found is None or b"[Content_Types].xml" not in parts:
        raise _not_sendable(Words("WhatsApp no acepta archivos comprimidos. Envíe los documentos por separado."))
    return found


def _check_picture(path: Path, mime_type: str, size: int, head: bytes) -> None:
    with path.open("rb") as file:
        dimensions = media_files.dimensions(file, mime_type)
    if dimensions is None or 0 in dimensions:
        raise Refused(422, Words("La imagen está dañada y no se puede abrir."), code="damaged", field="file")
    if dimensions[0] * dimensions[1] > media_files.MOST_PIXELS:
        raise Refused(422, Words("La imagen tiene demasiados píxeles. Redúzcala."), code="too_big", field="file")
    moves = head[12:16] == b"VP8X" and bool(head[20] & 0x02)
    if mime_type == "image/webp" and size > _STILL_STICKER and not moves:
        text = Words("Un sticker sin movimiento pesa a lo más 100 KB. Guarde la imagen como JPEG.")
        raise Refused(413, text, code="too_big", field="file")


def _not_sendable(text: str) -> Refused:
    return Refused(422, text, code="not_sendable", field="file")
