"""The process that draws one page: `python -m console.pdf_pages.drawing PAGE SIZE`, the file as its standard input.

PDFium reads what strangers wrote. Before it reads the first byte this process has given up what it does not need: it
can open no file and no connection, write none, and has seconds to live. Its environment is empty (`asking`).
"""

from __future__ import annotations

import contextlib
import ctypes
import io
import mmap
import os
import resource
import sys
from pathlib import Path

import pypdfium2
from PIL import Image, WebPImagePlugin
from pypdfium2 import raw

from console.pdf_pages.frames import BOXES, Frame, Problem, Size, encode

CPU_SECONDS = 8
MEMORY = 400 * 1024 * 1024
"""Beyond the file itself; a scan of 22 million pixels is drawn with 320 MB."""
QUALITY = 82


def main(arguments: list[str]) -> None:
    """Draw the page that is asked for and say what came of it."""
    number, size = int(arguments[0]), Size(arguments[1])
    # Whatever would be opened later is opened now.
    _pack(Image.new("RGB", (1, 1)))
    length = os.fstat(0).st_size
    held = mmap.mmap(0, length, access=mmap.ACCESS_COPY) if length else None
    _give_up(length)
    frame = Frame(problem=Problem.DAMAGED) if held is None else _drawn(held, number, size)
    sys.stdout.buffer.write(encode(frame))
    sys.stdout.buffer.flush()
    # PDFium's own tidying up is for the process to end; there is nothing left to keep.
    os._exit(0)


def _give_up(length: int) -> None:
    # Whoever answers a debtor comes first; and where memory runs out, this process goes and no other (Linux).
    with contextlib.suppress(OSError):
        os.nice(5)
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")
    for what, most in (
        (resource.RLIMIT_AS, MEMORY + length),
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        # No number is left for another file or socket: what is open stays, nothing is opened.
        (resource.RLIMIT_NOFILE, 0),
    ):
        resource.setrlimit(what, (most, most))


def _drawn(held: mmap.mmap, number: int, size: Size) -> Frame:
    pages = 0
    try:
        file = pypdfium2.PdfDocument((ctypes.c_char * len(held)).from_buffer(held))
        pages = len(file)
        if not 1 <= number <= pages:
            return Frame(pages, Problem.NO_SUCH_PAGE)
        return Frame(pages, picture=_pack(_picture(file[number - 1], BOXES[size])))
    except pypdfium2.PdfiumError as failed:
        if getattr(failed, "err_code", None) in {raw.FPDF_ERR_PASSWORD, raw.FPDF_ERR_SECURITY}:
            return Frame(problem=Problem.ENCRYPTED)
        return Frame(pages, Problem.DAMAGED)
    except MemoryError:
        return Frame(pages, Problem.TOO_HEAVY)


def _picture(page: pypdfium2.PdfPage, box: tuple[int, int]) -> Image.Image:
    width, height = page.get_size()
    if not (0 < width < 1e6 and 0 < height < 1e6):
        raise pypdfium2.PdfiumError("a page without a size")
    # Part of a pixel counts as one.
    scale = min((box[0] - 0.5) / width, (box[1] - 0.5) / height)
    drawn: Image.Image = page.render(scale=scale, fill_color=(255, 255, 255, 255)).to_pil()
    return drawn.convert("RGB")


def _pack(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, WebPImagePlugin.WebPImageFile.format, quality=QUALITY, method=2)
    return out.getvalue()


if __name__ == "__main__":
    main(sys.argv[1:])
