"""The simulated time: the machine's, moved and hurried as asked."""

from __future__ import annotations

import time


class Clock:
    """A clock that starts at the real time and from there goes `speed` times as fast."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Go back to the real time at the real pace."""
        self.speed = 1.0
        self._seen_at = self._shown_at = time.time()

    def now(self) -> float:
        """The simulated moment, in seconds since 1970 (UTC)."""
        return self._shown_at + (time.time() - self._seen_at) * self.speed

    def advance(self, seconds: float) -> None:
        """Jump ahead. There is no way back but `reset`: messages already carry the times they carry."""
        self._shown_at += seconds

    def go(self, speed: float) -> None:
        """Run `speed` times as fast from now on."""
        self._shown_at, self._seen_at = self.now(), time.time()
        self.speed = speed

    def real(self, seconds: float) -> float:
        """How long `seconds` of simulated time last."""
        return seconds / self.speed
