"""What is measured every day: the product at fixed rates and at its limit, on both databases, beside the ceiling."""

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
    """How long each run lasts, in seconds, and how many tries the search for a limit has."""

    rate: float = 1.5
    attempt: float = 1.5
    rates: tuple[int, ...] = (100, 1000, 2000)
    tries: int = 4
    soak: float = 20.0
    soak_rate: float = 0.0
    """Deliveries a second; 0: half of what is held."""
    is_long: bool = False


SHORT = Length()
LONG = Length(rate=10.0, attempt=4.0, rates=(100, 300, 1000, 2000), tries=7, soak=600.0, is_long=True)
NAMES = {
    "sqlite": "one process, SQLite synchronous=FULL",
    "postgres": "one process, PostgreSQL synchronous_commit=on",
}
GUESSES = {"bare": 8000.0, "sqlite": 2500.0, "postgres": 3000.0}
STATUSES = 3


class Bench:
    """One session: the bare reference, which stands by all the time, and what was held so far."""

    def __init__(self, length: Length) -> None:
        self.length = length
        self.sustained: dict[str, float] = {}
        self._stack = contextlib.ExitStack()
        self._bare: Crowd | None = None
        self._bare_stand: Stand

    def limit(self, name: str, crowd: Crowd, *, statuses: int = 0, tries: int = 0) -> tuple[float, list[Result]]:
        """The highest rate held."""
        guess = self.sustained.get(name) or GUESSES.get(name.split(maxsplit=1)[0], 1000.0)
        held, results = searching.sustained(
            lambda rate: crowd.at(rate, self.length.attempt, statuses=statuses, patience=20.0),
            guess,
            tries=tries or self.length.tries,
        )
        self.sustained[name] = held or self.sustained.get(name, 0.0)
        return held, results

    def bare(self) -> tuple[Stand, Crowd]:
        """The reference: what these rows and frames cost without a framework. Idle, it costs nothing."""
        if self._bare is None:
            self._bare_stand = self._stack.enter_context(stands.prepared("sqlite"))
            self._stack.enter_context(stands.bare(self._bare_stand))
            self._bare = self._stack.enter_context(self._bare_stand.crowd())
            self._bare.at(300, 0.5)
        return self._bare_stand, self._bare

    def beside(self, held: float, results: list[Result]) -> tuple[str, dict[str, float]]:
        """What was held as a share of what the reference holds in this very minute: others' work disturbs both."""
        ceiling, attempts = self.limit("bare", self.bare()[1], tries=3)
        ours, theirs = _cost(results), _cost(attempts)
        shares = {"bare": ceiling, "of_bare": held / ceiling if ceiling else 0.0, "cost": theirs / ours}
        words = (
            f" ({shares['of_bare']:.2f} of bare's {ceiling:,.0f}; processor time a webhook: bare has {theirs:.0f} µs,"
        )
        return f"{words} we {ours:.0f}, a share of {shares['cost']:.2f})", shares

    def close(self) -> None:
        """Let the reference go."""
        self._stack.close()


def _cost(results: list[Result]) -> float:
    """Processor time for a delivery when there is most to do, database and all, in µs: the least of all attempts."""
    return min((result.cpu_seconds + result.database_cpu_seconds) / result.deliveries for result in results) * 1e6


def ceiling(bench: Bench) -> Iterator[Section]:
    """The bare reference by itself."""
    stand, crowd = bench.bare()
    results = [crowd.at(rate, bench.length.rate) for rate in bench.length.rates[1:]]
    held, attempts = bench.limit("bare", crowd)
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
        share, shares = bench.beside(held, attempts)
        yield _section(f"{NAMES[kind]}{share}", stand, held, results, attempts, more=shares)
        yield _mix(bench, kind, stand, crowd)


def _mix(bench: Bench, kind: str, stand: Stand, crowd: Crowd) -> Section:
    """Three statuses to each message, as real traffic has them."""
    crowd.at(300, 0.5, statuses=STATUSES)
    results = [crowd.at(rate, bench.length.rate, statuses=STATUSES) for rate in bench.length.rates[1:]]
    held, attempts = bench.limit(f"{kind} mix", crowd, statuses=STATUSES, tries=0 if bench.length.is_long else 2)
    return _section(f"{NAMES[kind]}, three statuses to a message", stand, held, results, attempts)


def mix(bench: Bench) -> Iterator[Section]:
    """Three statuses to each message, on both databases, and nothing else."""
    for kind in stands.KINDS:
        with _serving(kind) as stand, stand.crowd() as crowd:
            yield _mix(bench, kind, stand, crowd)


@contextlib.contextmanager
def _serving(kind: str) -> Iterator[Stand]:
    with stands.prepared(kind) as stand, stands.product(stand):
        yield stand


def _section(
    name: str,
    stand: Stand,
    held: float,
    results: list[Result],
    attempts: list[Result],
    *,
    more: dict[str, float] | None = None,
) -> Section:
    missing = sum(stand.missing(result) for result in [*results, *attempts])
    lines = [line("at", result) for result in results] + [line("limit?", result) for result in attempts]
    title = f"{name}: sustained {held:,.0f} webhooks/s; {missing} missing in the database"
    return Section(
        name,
        table(title, COLUMNS, lines),
        {"sustained": held, "missing": missing, "rates": results, "attempts": attempts, **(more or {})},
    )


Scenario = Callable[[Bench], Iterator[Section]]
EVERYDAY: dict[str, Scenario] = {"sqlite": sqlite, "postgres": postgres}
