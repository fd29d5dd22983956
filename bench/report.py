"""What runs found: plain values, percentiles, and tables a person reads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec


class Latency(msgspec.Struct):
    """How long it took, in milliseconds; zeros when nothing did."""

    p50: float = 0.0
    p99: float = 0.0
    most: float = 0.0


def latency(seconds: Sequence[float]) -> Latency:
    """Percentiles of durations in seconds."""
    if not seconds:
        return Latency()
    ordered = sorted(seconds)
    at = [ordered[min(int(len(ordered) * share), len(ordered) - 1)] * 1000 for share in (0.5, 0.99)]
    return Latency(round(at[0], 2), round(at[1], 2), round(ordered[-1] * 1000, 2))


class Window(msgspec.Struct, array_like=True):
    """A stretch of a run, by the intended time of what happened in it (seconds from the beginning)."""

    at: float
    ack: Latency
    screen: Latency


class Result(msgspec.Struct, kw_only=True):
    """One run as the generator saw it, with what it cost the server."""

    deliveries: int
    messages: int
    seconds: float
    first: int
    answers: dict[str, int]
    unacked: int
    ack: Latency
    screen: Latency
    expected: int
    seen: int
    overtaken: int
    lost: int
    drained: float
    lag_ms: float
    windows: list[Window] = []
    frames: int = 0
    frame_bytes: int = 0
    reloads: int = 0
    sockets_closed: int = 0
    cpu_seconds: float = 0.0
    database_cpu_seconds: float = 0.0
    rss_mib: float = 0.0
    rss_over_time: list[tuple[float, float]] = []
    others_cores: float = 0.0

    @property
    def rate(self) -> float:
        """Deliveries a second that were asked for."""
        return self.deliveries / self.seconds

    @property
    def cpu_us(self) -> float:
        """Processor time of the server's processes for each delivery, in microseconds."""
        return self.cpu_seconds / self.deliveries * 1e6

    @property
    def is_held(self) -> bool:
        """Whether the server kept up: all accepted, all seen, nothing left a second later, 99 % on screen in 1 s."""
        accepted = self.answers.get("200", 0) == self.deliveries
        return accepted and not self.lost and self.drained < 1.0 and self.ack.p99 < 1000 and self.screen.p99 < 1000


COLUMNS = (
    "",
    "webhooks/s",
    "ack p50/p99 ms",
    "screen p50/p99 ms",
    "CPU µs",
    "db µs",
    "cores",
    "others",
    "RSS MiB",
    "seen/expected",
    "lost",
)


def line(name: str, result: Result) -> list[str]:
    """A result as one line under `COLUMNS`. CPU is the server's for each delivery, others' are the machine's."""
    note = f" ({result.overtaken} overtaken)" if result.overtaken else ""
    return [
        name,
        f"{result.rate:,.0f}",
        f"{result.ack.p50:.1f} / {result.ack.p99:.1f}",
        f"{result.screen.p50:.1f} / {result.screen.p99:.1f}",
        f"{result.cpu_us:.0f}",
        f"{result.database_cpu_seconds / result.deliveries * 1e6:.0f}",
        f"{result.cpu_seconds / result.seconds:.2f}",
        f"{result.others_cores:.2f}",
        f"{result.rss_mib:.0f}",
        f"{result.seen + result.overtaken}/{result.expected}{note}",
        f"{result.lost}{'' if result.is_held else '  did not keep up'}",
    ]


def table(title: str, header: Iterable[str], lines: Iterable[Sequence[str]]) -> str:
    """Lines under a header, every column as wide as it must be."""
    rows = [list(header), *(list(line) for line in lines)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    written = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    return "\n".join([f"\n{title}", written[0], "  ".join("-" * width for width in widths), *written[1:]])
