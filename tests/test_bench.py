"""The bench measures what it says: every delivery acknowledged, stored, and seen by all who watch."""

from __future__ import annotations

import pytest

from bench import searching, stands
from bench.endurance import calm_after
from bench.report import Latency, Result, Window, latency
from bench.seed import Shape

FEW = Shape(conversations=120, outgoing=60)


@pytest.mark.parametrize("kind", stands.KINDS)
def test_a_short_run_against_the_product_loses_nothing(kind: str) -> None:
    with stands.prepared(kind, FEW) as stand, stands.product(stand), stand.crowd() as crowd:
        result = crowd.at(60, 1.0, statuses=2, patience=20.0)

        assert (result.deliveries, result.messages, result.answers) == (60, 20, {"200": 60})
        assert (result.lost, result.seen + result.overtaken) == (0, 60)
        assert stand.missing(result) == 0
        assert result.cpu_us > 0
        assert result.screen.p50 > 0


def test_the_bare_reference_stores_and_shows_the_same() -> None:
    with stands.prepared("sqlite", FEW) as stand, stands.bare(stand), stand.crowd() as crowd:
        result = crowd.at(60, 1.0, patience=20.0)

        assert (result.answers, result.lost, result.seen) == ({"200": 60}, 0, 180)
        assert stand.missing(result) == 0


def test_percentiles_are_those_of_what_was_measured() -> None:
    assert latency([n / 1000 for n in range(1, 101)]) == Latency(51.0, 100.0, 100.0)
    assert latency([]) == Latency()


def test_a_server_that_keeps_up_to_a_rate_is_found_to() -> None:
    def attempt(rate: float) -> Result:
        late = 0.0 if rate <= 1700 else 5.0
        return Result(
            deliveries=int(rate),
            messages=int(rate),
            seconds=1.0,
            first=1,
            unacked=0,
            seen=1,
            answers={"200": int(rate)},
            ack=Latency(),
            screen=Latency(),
            expected=1,
            overtaken=0,
            lost=0,
            drained=late,
            lag_ms=0.0,
        )

    held, _tries = searching.sustained(attempt, 6000)

    assert 1500 <= held <= 1700


def test_calm_begins_after_the_last_window_that_was_not() -> None:
    slow, quick = Latency(1, 900, 900), Latency(1, 9, 9)
    windows = [Window(n / 2, quick, slow if n < 30 else quick) for n in range(50)]

    assert calm_after(windows, 13.0) == 2.0
