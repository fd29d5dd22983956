"""What is measured every day: the ceiling, the product at fixed rates and at its limit, on both databases."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from bench import searching, stands
from bench.report import COLUMNS, Result, line, table
from bench.stands import Crowd, Stand


class Section(msgspec.Struct):
    """One table, and the numbers behind it."""

    name: str
    text: str
    data: dict[str, Any]


class Length(msgspec.Struct, frozen=True):
    """How long each run lasts, in seconds."""

    rate: float = 2.0
    attempt: float = 1.5
    rates: tuple[int, ...] = (100, 300, 1000, 2000)
    is_long: bool = False


SHORT = Length()
LONG = Length(rate=10.0, attempt=4.0, is_long=True)
NAMES = {
    "sqlite": "one process, SQLite synchronous=FULL",
    "postgres": "one process, PostgreSQL synchronous_commit=on",
}
GUESSES = {"bare": 6000.0, "sqlite": 2000.0, "postgres": 2000.0}


class Bench:
    """One session: sections so far, and the ceiling they are compared with."""

    def __init__(self, length: Length) -> None:
        self.length = length
        self.ceiling: float | None = None
        self.sustained: dict[str, float] = {}

    def of_ceiling(self, rate: float) -> str:
        """A rate as a share of the bare reference in this same session."""
        return f" ({rate / self.ceiling:.2f} of bare)" if self.ceiling else ""

    def limit(self, name: str, crowd: Crowd, *, statuses: int = 0) -> tuple[float, list[Result]]:
        """The highest rate held."""
        guess = self.sustained.get(name.split(maxsplit=1)[0], GUESSES.get(name.split(maxsplit=1)[0], 1000.0))
        held, results = searching.sustained(
            lambda rate: crowd.at(rate, self.length.attempt, statuses=statuses, patience=20.0), guess
        )
        self.sustained[name] = held
        return held, results


def ceiling(bench: Bench) -> Iterator[Section]:
    """The bare reference: what these rows and frames cost without a framework."""
    with stands.prepared("sqlite") as stand, stands.bare(stand), stand.crowd() as crowd:
        results = [crowd.at(rate, bench.length.rate) for rate in bench.length.rates[1:]]
        held, attempts = bench.limit("bare", crowd)
        bench.ceiling = held
        yield _section("bare, SQLite synchronous=FULL", stand, held, results, attempts)


def sqlite(bench: Bench) -> Iterator[Section]:
    """The product in one process on SQLite."""
    yield from _product(bench, "sqlite")


def postgres(bench: Bench) -> Iterator[Section]:
    """The product in one process on PostgreSQL."""
    yield from _product(bench, "postgres")


def _product(bench: Bench, kind: str) -> Iterator[Section]:
    with _serving(kind) as stand, stand.crowd() as crowd:
        crowd.at(300, 1.0)  # the first messages of a process warm its caches
        results = [crowd.at(rate, bench.length.rate) for rate in bench.length.rates]
        held, attempts = bench.limit(kind, crowd)
        yield _section(f"{NAMES[kind]}{bench.of_ceiling(held)}", stand, held, results, attempts)


def mix(bench: Bench) -> Iterator[Section]:
    """Three statuses to each message, as real traffic has them."""
    for kind in stands.KINDS:
        with _serving(kind) as stand, stand.crowd() as crowd:
            crowd.at(300, 1.0, statuses=3)
            results = [crowd.at(rate, bench.length.rate, statuses=3) for rate in bench.length.rates]
            held, attempts = bench.limit(f"{kind} mix", crowd, statuses=3)
            yield _section(f"{NAMES[kind]}, three statuses to a message", stand, held, results, attempts)


@contextlib.contextmanager
def _serving(kind: str) -> Iterator[Stand]:
    with stands.prepared(kind) as stand, stands.product(stand):
        yield stand


def _section(name: str, stand: Stand, held: float, results: list[Result], attempts: list[Result]) -> Section:
    missing = sum(stand.missing(result) for result in [*results, *attempts])
    lines = [line("at", result) for result in results] + [line("limit?", result) for result in attempts]
    title = f"{name}: sustained {held:,.0f} webhooks/s; {missing} missing in the database"
    return Section(
        name,
        table(title, COLUMNS, lines),
        {"sustained": held, "missing": missing, "rates": results, "attempts": attempts},
    )


Scenario = Callable[[Bench], Iterator[Section]]
EVERYDAY: dict[str, Scenario] = {"ceiling": ceiling, "sqlite": sqlite, "postgres": postgres}
