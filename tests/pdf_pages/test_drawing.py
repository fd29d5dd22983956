"""What the drawing process makes of files, good and bad; and what it may not do."""

from __future__ import annotations

import asyncio
import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from console.pdf_pages.asking import draw
from console.pdf_pages.frames import Frame, Problem, Size
from tests.patience import eventually
from tests.pdf_pages import papers


async def drawn(tmp_path: Path, content: bytes, number: int = 1, size: Size = Size.LARGE) -> Frame:
    path = tmp_path / "file.pdf"
    path.write_bytes(content)
    return await draw(path, number, size)


async def test_a_page_is_drawn_as_large_as_asked(tmp_path: Path) -> None:
    frame = await drawn(tmp_path, papers.pdf(3), 2)
    assert (frame.pages, frame.problem) == (3, None)
    picture = Image.open(io.BytesIO(frame.picture))
    assert picture.size == (1800, 2545)
    shades = picture.convert("L").histogram()
    assert (sum(shades[:60]) > 1000, sum(shades[240:]) > 1_000_000) == (True, True)

    small = Image.open(io.BytesIO((await drawn(tmp_path, papers.pdf(3), 1, Size.SMALL)).picture))
    assert small.size == (255, 360)


@pytest.mark.parametrize(
    ("content", "number", "expected"),
    [
        (papers.pdf(password="clave"), 1, (0, Problem.ENCRYPTED)),
        (papers.pdf()[:400], 1, (0, Problem.DAMAGED)),
        (b"", 1, (0, Problem.DAMAGED)),
        (b"%PDF-1.7\n" + bytes(range(256)) * 40, 1, (0, Problem.DAMAGED)),
        (papers.pdf(2), 3, (2, Problem.NO_SUCH_PAGE)),
        (papers.endless(), 1, (0, Problem.TOO_HEAVY)),
    ],
    ids=["password", "cut short", "empty", "noise", "no such page", "endless"],
)
async def test_what_cannot_be_drawn_says_why(
    tmp_path: Path, content: bytes, number: int, expected: tuple[int, Problem]
) -> None:
    frame = await drawn(tmp_path, content, number)
    assert (frame.pages, frame.problem, frame.picture) == (*expected, b"")


@pytest.mark.parametrize("box", ["0 0 1 14400", "0 0 9999999999 99999999", "0 0 0 0", "0 0 -5 200"])
async def test_no_page_is_larger_than_its_box(tmp_path: Path, box: str) -> None:
    frame = await drawn(tmp_path, papers.handmade(b"", box=box))
    if frame.problem is None:
        width, height = Image.open(io.BytesIO(frame.picture)).size
        assert (1 <= width <= 1800, 1 <= height <= 2600) == (True, True)


async def test_patience_by_the_clock_ends_and_so_does_the_process(tmp_path: Path) -> None:
    path = tmp_path / "file.pdf"
    path.write_bytes(papers.endless())
    assert (await draw(path, 1, Size.LARGE, seconds=0.2)).problem == Problem.TOO_HEAVY
    assert not running(tmp_path)


async def test_nobody_who_left_keeps_a_process_running(tmp_path: Path) -> None:
    path = tmp_path / "file.pdf"
    path.write_bytes(papers.endless())
    task = asyncio.create_task(draw(path, 1, Size.LARGE))
    await eventually(lambda: running(tmp_path))
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert not running(tmp_path)


def running(folder: Path) -> list[str]:
    """Processes that read a file of this folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "fd" / "0").readlink().is_relative_to(folder):
                found.append(process.name)
        except OSError:
            continue
    return found


def test_the_process_can_open_nothing_and_write_nothing(tmp_path: Path) -> None:
    """Whatever a fault in the parser runs: no connection, no file of ours, no child that could."""
    tried = """
import os, socket
from console.pdf_pages import drawing
drawing._give_up(0)
for name, attempt in {
    "socket": lambda: socket.socket(), "file": lambda: open("/etc/hostname"),
    "pipe": os.pipe, "write": lambda: os.truncate("file", 10),
}.items():
    try:
        attempt()
    except OSError as refused:
        continue
    print(name)
"""
    (tmp_path / "file").touch()
    home = str(Path(__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-c", "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n" + tried],
        env={"PYTHONPATH": home}, cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.stdout, done.returncode) == ("", 0), done.stderr


async def test_nothing_of_our_environment_goes_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALDIA_SECRET_KEY", "secreta")
    path = tmp_path / "file.pdf"
    path.write_bytes(papers.endless())
    task = asyncio.create_task(draw(path, 1, Size.LARGE))
    await eventually(lambda: running(tmp_path))
    (child,) = [name for name in running(tmp_path) if int(name) != os.getpid()]
    assert b"ALDIA" not in await asyncio.to_thread(Path(f"/proc/{child}/environ").read_bytes)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
