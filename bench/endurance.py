"""What is asked of it now and then: too much at once, many pages, deaf ones, several processes, ten minutes."""

from __future__ import annotations

import math
from collections.abc import Iterator

from bench import gauges, stands
from bench.gauges import Gauge
from bench.orders import Run
from bench.report import COLUMNS, Result, Window, line, table
from bench.scenarios import Bench, Scenario, Section
from tests import servers

# A page that shows what it should, soon enough (performance.md §6).
CALM_MS = 250.0
OVERLOAD_SECONDS = 10.0
QUIET_SHARE = 0.1
CONNECTIONS = 4096
# A soak is told in so many lines.
STRETCHES = 20


def overload(bench: Bench) -> Iterator[Section]:
    """Twice what it can, for ten seconds, then a tenth: is anything lost, how much memory, when is it calm again."""
    for kind in stands.KINDS:
        with stands.prepared(kind) as stand, stands.product(stand), stand.crowd(connections=CONNECTIONS) as crowd:
            crowd.at(300, 1.0)
            held = bench.sustained.get(kind) or bench.limit(kind, crowd)[0]
            phases = [(held / 2, 3.0), (held * 2, OVERLOAD_SECONDS), (held * QUIET_SHARE, 15.0)]
            before = stand.server.rss_mib()
            result = crowd.run(Run(phases=phases, window=0.5, patience=40.0))
            calm = calm_after(result.windows, 3.0 + OVERLOAD_SECONDS)
            after = crowd.at(held / 2, 2.0)
            title = (
                f"{kind}: {held * 2:,.0f}/s for {OVERLOAD_SECONDS:.0f} s, twice the sustained rate: calm (screen p99 < "
                f"{CALM_MS:.0f} ms) for what is written from {calm:.1f} s after; memory {before:.0f} → "
                f"{result.rss_mib:.0f} MiB; answers {result.answers}; {stand.missing(result)} missing in the database"
            )
            data = {"result": result, "after": after, "calm_after": calm, "missing": stand.missing(result)}
            lines = [line("overload", result), line("after it", after)]
            yield Section(f"{kind} overload", table(title, COLUMNS, lines), data)


def calm_after(windows: list[Window], end: float) -> float:
    """Seconds after `end` from which on every window was calm; nan when it never was."""
    late = [window.at + 0.5 for window in windows if window.screen.p99 >= CALM_MS]
    last = max([end, *late])
    return last - end if windows and last <= windows[-1].at else math.nan


def sockets(bench: Bench) -> Iterator[Section]:
    """A thousand open pages, and one that never reads while the others are looked at."""
    with stands.prepared("sqlite") as stand, stands.product(stand):
        lines: list[list[str]] = []
        data: dict[str, object] = {}
        with stand.crowd() as crowd:
            crowd.at(300, 1.0)
            alone = crowd.at(300, bench.length.rate)
            lines.append(line("100 pages", alone))
        before = stand.server.rss_mib()
        with stand.crowd(seated=False) as crowd:
            count = crowd.open(copies=10)
            each = (stand.server.rss_mib() - before) * 1024 / count
            full = crowd.at(300, bench.length.rate)
            lines.append(line(f"{count} pages", full))
        with stand.crowd() as crowd, stand.crowd(seated=False) as sleepers:
            sleepers.open(deaf=True, seats=3)
            deaf = crowd.run(Run(phases=[(300, max(bench.length.rate, 12.0))]))
            lines.append(line("100, and 3 that never read", deaf))
        title = (
            f"pages: {count} open ones take {each:.1f} KiB each, {full.rss_mib:.0f} MiB in all; p99 with some that"
            f" never read {deaf.screen.p99:.0f} ms, without {alone.screen.p99:.0f} ms"
        )
        data = {"kib_each": each, "alone": alone, "full": full, "deaf": deaf}
        yield Section("pages", table(title, COLUMNS, lines), data)


def processes(bench: Bench) -> Iterator[Section]:
    """One, two and four web processes on PostgreSQL and Valkey, with the background work beside them."""
    lines: list[list[str]] = []
    data: dict[str, object] = {}
    for count in (1, 2, 4):
        with (
            stands.prepared("postgres") as stand,
            servers.valkey() as valkey,
            stands.product(stand, workers=count, redis_url=valkey.url) as stand,
            stand.crowd() as crowd,
        ):
            crowd.at(300, 1.0)
            steady = crowd.at(1000, bench.length.rate)
            held, attempts = bench.limit(f"{count} processes", crowd)
            best = max(
                (result for result in attempts if result.is_held), key=lambda result: result.rate, default=steady
            )
            lines += [line(f"{count}, steady", steady), line(f"{count}, limit", best)]
            data[str(count)] = {"sustained": held, "steady": steady, "attempts": attempts}
    title = (
        f"web processes on PostgreSQL and Valkey: sustained {', '.join(f'{n}: {_held(data, n):,.0f}/s' for n in data)}"
    )
    yield Section("processes", table(title, COLUMNS, lines), data)


def _held(data: dict[str, object], count: str) -> float:
    found = data[count]
    assert isinstance(found, dict)
    return float(found["sustained"])


def soak(bench: Bench) -> Iterator[Section]:
    """A steady rate for long: latency, memory, files, checkpoints and vacuum over time."""
    seconds = bench.length.soak
    for kind in stands.KINDS:
        with stands.prepared(kind) as stand, stands.product(stand), stand.crowd() as crowd:
            crowd.at(300, 1.0)
            rate = bench.length.soak_rate or (bench.sustained.get(kind) or bench.limit(kind, crowd)[0]) / 2
            with gauges.watching(stand, seconds / STRETCHES) as looks:
                result = crowd.run(Run(phases=[(rate, seconds)], window=seconds / STRETCHES))
            missing = stand.missing(result)
        yield _over_time(kind, result, missing, looks)


def _over_time(kind: str, result: Result, missing: int, looks: list[Gauge]) -> Section:
    memory = dict(result.rss_over_time)
    rows = []
    for window in result.windows:
        mib = memory[min(memory, key=lambda at, window=window: abs(at - window.at))]  # type: ignore[misc]
        look = min(looks, key=lambda look, window=window: abs(look.at - window.at))  # type: ignore[misc]
        rows.append(
            [
                f"{window.at:.0f} s",
                f"{window.ack.p50:.1f} / {window.ack.p99:.1f} / {window.ack.most:.0f}",
                f"{window.screen.p50:.1f} / {window.screen.p99:.1f} / {window.screen.most:.0f}",
                f"{mib:.0f}",
                f"{look.database_mib:,.0f}",
                f"{look.wal_mib:,.0f}",
                f"{look.checkpoints}",
                f"{look.dead_rows:,}",
                f"{look.vacuums}",
            ]
        )
    title = (
        f"{kind}: {result.seconds:.0f} s at {result.rate:,.0f}/s: {result.deliveries:,} deliveries, answers "
        f"{result.answers}, {result.lost} not seen, {missing} missing; {result.cpu_us:.0f} µs a delivery"
    )
    header = [
        *("from", "ack p50/p99/most ms", "screen p50/p99/most ms", "RSS MiB", "database MiB", "WAL MiB"),
        *("checkpoints", "dead rows", "vacuums"),
    ]
    data = {"result": result, "missing": missing, "looks": looks}
    return Section(f"{kind} soak", table(title, header, rows), data)


SCENARIOS: dict[str, Scenario] = {"overload": overload, "sockets": sockets, "processes": processes, "soak": soak}
