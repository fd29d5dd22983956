"""Tables that leave the house as CSV: no cell of them starts a formula in whoever's spreadsheet opens them.

OWASP, "CSV Injection": a cell that begins with = + - @, a tab or a line end is taken for a formula; blanks and control
characters before it do not help (CVE-2026-55154).
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence

_FORMULA = re.compile(r"[\s\x00-\x1f\x7f\u00a0\u200b-\u200f\u2028\u2029\ufeff\"']*[=+\-@\uff1d\uff0b\uff0d\uff20|]")
_NUMBER = re.compile(r"-?\d+([.,]\d+)?", re.ASCII)
_LEADING = ("\t", "\r", "\n")
BOM = "\ufeff"
"""What tells Excel that a CSV is UTF-8."""


def csv_safe(value: object) -> str:
    """`value` as the text of a cell that stays text: what would be a formula gets an apostrophe before it.

    Numbers stay numbers, negative ones too.
    """
    if value is None:
        return ""
    text = str(value)
    if _NUMBER.fullmatch(text):
        return text
    return f"'{text}" if text.startswith(_LEADING) or _FORMULA.match(text) else text


def lines_of(rows: Iterable[Sequence[object]], *, delimiter: str = ";") -> Iterator[str]:
    """The lines of a CSV that Excel opens in Spanish: a mark for UTF-8, semicolons, nothing that runs."""
    yield BOM
    for row in rows:
        line = io.StringIO()
        csv.writer(line, delimiter=delimiter, lineterminator="\r\n").writerow([csv_safe(value) for value in row])
        yield line.getvalue()
