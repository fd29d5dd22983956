"""What a file may be called: a name that is nothing but a name, and ends as its type does."""

from __future__ import annotations

import re
import unicodedata

LONGEST_NAME = 120

_EXTENSIONS = {
    "image/jpeg": (".jpg", ".jpeg"),
    "image/png": (".png",),
    "image/webp": (".webp",),
    "image/gif": (".gif",),
    "audio/aac": (".aac",),
    "audio/amr": (".amr",),
    "audio/mpeg": (".mp3",),
    "audio/mp4": (".m4a",),
    "audio/ogg": (".ogg", ".opus", ".oga"),
    "video/mp4": (".mp4",),
    "video/3gpp": (".3gp",),
    "application/pdf": (".pdf",),
    "application/zip": (".zip",),
    "application/msword": (".doc",),
    "application/vnd.ms-excel": (".xls",),
    "application/vnd.ms-powerpoint": (".ppt",),
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": (".docx",),
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": (".xlsx",),
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": (".pptx",),
    "text/plain": (".txt", ".csv", ".log", ".vcf"),
}


def clean_name(given: str | None, mime_type: str, *, fallback: str) -> str:
    """A file name that is nothing but a name, and ends as its type does.

    No folders, no control or direction-changing characters, no leading dots or dashes, at most LONGEST_NAME characters.
    """
    name = re.split(r"[/\\]", given or "")[-1]
    name = "".join(letter for letter in name if unicodedata.category(letter)[0] != "C" and letter not in '<>:"|?*')
    name = re.sub(r"\s+", " ", name).strip().lstrip(".-~ ").rstrip(". ")
    endings = _EXTENSIONS.get(mime_type, (".bin",))
    stem, dot, ending = name.rpartition(".")
    if dot and f".{ending.lower()}" in endings:
        name, suffix = stem, f".{ending.lower()}"
    else:
        suffix = endings[0]
    return (name[: LONGEST_NAME - len(suffix)].rstrip(". ") or fallback) + suffix
