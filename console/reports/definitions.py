"""Every figure and table by its key: its name, how its value is read, and its definition as the screen says it.

docs/reports.md gives the query of each; a test runs those queries against these figures.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

from console import money, render
from console.languages.catalogues import said
from console.languages.words import Shown, Words
from console.reports.figures import Cell, Chart, Column, Figure, Kind, Ratio, Table

_READ = tomllib.loads(Path(__file__).with_name("definitions.toml").read_text(encoding="utf-8"))
FIGURES: dict[str, tuple[str, Kind, str]] = {
    key: (Words(each["title"]), each["kind"], Words(each["definition"])) for key, each in _READ["figures"].items()
}
TABLES: dict[str, tuple[str, str]] = {
    key: (Words(each["title"]), Words(each["definition"])) for key, each in _READ["tables"].items()
}
NOT_KNOWN = Words("n/d")


def figure(key: str, value: Ratio | float | None, *, beside: str = "", has_rows: bool = True) -> Figure:
    """The figure `key` with this value; a ratio says beside it what was divided by what."""
    title, kind, definition = FIGURES[key]
    if isinstance(value, Ratio):
        counted = Words("{part} de {whole}", part=render.number(value.part), whole=render.number(value.whole))
        beside = beside or counted
        value = value.value
    return Figure(key=key, title=title, value=value, kind=kind, definition=definition, beside=beside, has_rows=has_rows)


def table(
    key: str,
    columns: tuple[Column, ...],
    rows: Sequence[Sequence[Cell]],
    *,
    chart: Chart = "none",
    is_wide: bool = False,
) -> Table:
    """The table `key` with these rows."""
    title, definition = TABLES[key]
    return Table(key=key, title=title, columns=columns, rows=rows, definition=definition, chart=chart, is_wide=is_wide)


def duration(length: float) -> str:
    """How long, in the two largest units: `2 min 48 s`, `3 h 5 min`."""
    left = int(length)
    parts = []
    for name, size in (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1)):
        amount, left = divmod(left, size)
        if amount:
            parts.append(f"{amount} {name}")
    return " ".join(parts[:2]) or "0 s"


def unit(currency: str) -> int:
    """How many of the smallest unit make one."""
    size: int = 10 ** money.decimals(currency)
    return size


def shown(value: Cell, kind: Kind, currency: str, locale: str) -> str:
    """A value as people read it, each in their language; what does not exist is said so."""
    if value is None:
        return NOT_KNOWN
    if isinstance(value, str):
        return _moment(value) if kind in {"day", "moment"} and value else value
    if kind == "money":
        return money.shown(round(value), currency, locale)
    return _WRITTEN[kind](value)


def _moment(text: str) -> str:
    """A day of the business's calendar, `2026-11-20`, with the time where there is one."""
    on, _, time = text.partition(" ")
    day = render.day(date.fromisoformat(on))
    return Shown(lambda language: f"{said(day, language)} {time}".strip())


_WRITTEN: dict[str, Callable[[float], str]] = {
    "percent": render.percent,
    "duration": duration,
    "days": lambda value: f"{value:g} d",
    "text": str,
    "count": lambda value: render.number(value, 0 if isinstance(value, int) else 1),
}
