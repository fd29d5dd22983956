"""Looking for the highest rate that a server keeps up with."""

from __future__ import annotations

from collections.abc import Callable

from bench.report import Result

Try = Callable[[float], Result]
CLOSE_ENOUGH = 1.12


def sustained(attempt: Try, guess: float, *, tries: int = 7) -> tuple[float, list[Result]]:
    """The highest rate held (0.0 if none was), and every attempt. Each is judged once, so edges are rough."""
    held, failed = 0.0, float("inf")
    results: list[Result] = []
    rate = guess
    while len(results) < tries and failed > held * CLOSE_ENOUGH:
        result = attempt(rate)
        results.append(result)
        if result.is_held:
            held = max(held, rate)
            rate = rate * 1.5 if failed == float("inf") else (held + failed) / 2
        else:
            failed = min(failed, rate)
            # What went through says where to look next.
            through = result.deliveries / (result.seconds + max(result.drained, 0.0))
            rate = (held + failed) / 2 if held else max(min(through * 0.95, rate * 0.8), rate * 0.3)
    return held, results
