"""A process that reads one file and gives its debts: `python -m console.portfolio.sheet_reader`, with bounds.

Whatever a file does to whoever reads it (memory, time, a fault in a parser) happens here, and ends here.
"""

from __future__ import annotations

import contextlib
import os
import resource
import sys
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import msgspec

from console.languages.words import Words, packed
from console.portfolio.columns import LOOKED_AT, header_of
from console.portfolio.frames import HEAD, End, Failed, Found, Frame, Given, Looked, Order, encoder
from console.portfolio.rows import Line, Reader, Reading
from console.portfolio.sheets import Unreadable, rows_of, shape_of

MEMORY = 2 * 1024**3
CPU_SECONDS = 300
MOST_ROWS = 500_000
MOST_PROBLEMS = 10_000
"""Problems told one by one; more of them say that a column was named wrongly."""
AT_ONCE = 250
TELL_EVERY = 2_000
SAMPLE = 5


def main(orders: BinaryIO, out: BinaryIO) -> None:
    """Read one order, do it, and say what came of it."""
    order = msgspec.json.decode(orders.read(), type=Order)
    try:
        _do(order, out)
    except Unreadable as unreadable:
        _say(out, Failed(packed(unreadable.args[0])))
    except MemoryError:
        _say(out, Failed(packed(Words("El archivo necesita demasiada memoria: divídalo o guárdelo como CSV."))))
    except OSError:
        _say(out, Failed(packed(Words("El archivo ya no está: vuelva a subirlo."))))


def _do(order: Order, out: BinaryIO) -> None:
    shape = shape_of(Path(order.path), sheet=order.sheet)
    if order.reading is not None:
        _read(order, order.reading, out)
        return
    first = list(islice(rows_of(Path(order.path), shape), LOOKED_AT * 4))
    header = header_of(first)
    below = [cells for number, cells in first if header is not None and number > header.row and any(cells)]
    _say(out, Looked(shape, header, [list(map(_plain, cells)) for cells in below[:SAMPLE]]))


def _read(order: Order, reading: Reading, out: BinaryIO) -> None:
    reader, told = Reader(reading), 0
    for number, cells in rows_of(Path(order.path), shape_of(Path(order.path), sheet=order.sheet)):
        if number <= order.header_row:
            continue
        reader.take(number, cells)
        if reader.rows > MOST_ROWS:
            raise Unreadable(
                Words("El archivo tiene más de {most} filas: divídalo.", most=f"{MOST_ROWS:,}".replace(",", " "))
            )
        if number % TELL_EVERY == 0:
            told += _tell(reader, out, told)
    told += _tell(reader, out, told)
    total, lines = reader.debts, list[Line]()
    for line in reader.lines():
        lines.append(line)
        if len(lines) == AT_ONCE:
            _say(out, Given(lines, total))
            lines = []
    _say(out, Given(lines, total))
    _say(out, End(reader.rows, reader.wrong, reader.skipped, told))


def _tell(reader: Reader, out: BinaryIO, told: int) -> int:
    problems = reader.problems()
    said = [msgspec.structs.replace(one, what=packed(one.what)) for one in problems[: max(0, MOST_PROBLEMS - told)]]
    _say(out, Found(reader.rows, said))
    return len(problems)


def _plain(cell: object) -> object:
    return cell if cell is None or isinstance(cell, str | int | float) else str(cell)


def _say(out: BinaryIO, frame: Frame) -> None:
    told = encoder.encode(frame)
    out.write(len(told).to_bytes(HEAD, "big") + told)
    out.flush()


def _bound() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Whoever answers a debtor comes first.
    with contextlib.suppress(OSError):
        os.nice(5)


if __name__ == "__main__":
    _bound()
    main(sys.stdin.buffer, sys.stdout.buffer)
