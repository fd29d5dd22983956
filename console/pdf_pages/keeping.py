"""Drawn pages as files: beside the attachments, under the hash of what they were drawn from, and gone with it."""

from __future__ import annotations

import shutil
import uuid
from datetime import timedelta
from pathlib import Path

import msgspec

from console import clock
from console.inbox import media_files
from console.pdf_pages.frames import Frame, Problem, Size, decode, encode

FOLDER = "pages"
UNUSED_FOR = timedelta(days=7)
"""Pages nobody looked at for so long are drawn again when somebody does."""
HEAVY_FOR = timedelta(hours=1)
"""What was too heavy may have been so because the machine was busy."""


def find(root: Path, sha256: str, number: int, size: Size) -> Frame | None:
    """The page as it was drawn before, or what was wrong with it; None when it must be drawn."""
    path = place(root, sha256) / f"{number}-{size}"
    try:
        age = clock.now().timestamp() - path.stat().st_mtime
        frame = decode(path.read_bytes())
    except (FileNotFoundError, msgspec.MsgspecError):
        return None
    if frame.problem == Problem.TOO_HEAVY and age > HEAVY_FOR.total_seconds():
        return None
    if age > timedelta(days=1).total_seconds():
        path.touch()
    return frame


def keep(root: Path, sha256: str, number: int, size: Size, frame: Frame) -> None:
    """Keep a page. Nothing is kept of a file that was erased while it was drawn."""
    folder = place(root, sha256)
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = folder / f"{uuid.uuid4().hex}.part"
    unfinished.write_bytes(encode(frame))
    unfinished.replace(folder / f"{number}-{size}")
    if not media_files.place(root, sha256).exists():
        forget(root, sha256)


def forget(root: Path, sha256: str) -> None:
    """Everything that was drawn from this file goes."""
    # A page put there at this very moment stays for `keep` to see that its file is gone, or for the sweep.
    shutil.rmtree(place(root, sha256), ignore_errors=True)


def sweep(root: Path) -> int:
    """Forget what nobody looked at lately and what belongs to no file any more; says of how many files."""
    before = clock.now().timestamp() - UNUSED_FOR.total_seconds()
    gone = 0
    for folder in (root / FOLDER).glob("*/*/*"):
        newest = max((path.stat().st_mtime for path in folder.iterdir()), default=0.0)
        if newest < before or not media_files.place(root, folder.name).exists():
            forget(root, folder.name)
            gone += 1
    return gone


def place(root: Path, sha256: str) -> Path:
    """The folder of what is drawn from this file."""
    return media_files.place(root / FOLDER, sha256)
