"""How fast a number may send: in all, and to one person."""

from __future__ import annotations

from collections import OrderedDict

import msgspec

PAIR_INTERVAL = 6.0
PAIR_BURST = 45
PAIRS_KEPT = 50_000


class Throughput:
    """So many messages a second for the number as a whole, with a second's worth of burst."""

    def __init__(self, per_second: int) -> None:
        self._rate = per_second
        self._left = float(per_second)
        self._seen_at = 0.0

    def allows(self, at: float) -> bool:
        """Take one place if there is one."""
        self._left = min(float(self._rate), self._left + max(0.0, at - self._seen_at) * self._rate)
        self._seen_at = at
        if self._left < 1:
            return False
        self._left -= 1
        return True


class _Pair(msgspec.Struct):
    burst_began_at: float
    sent: int
    paid_at: float


class PairLimit:
    """One message in six seconds to one person. Up to 45 may go within six seconds, borrowed from the time after."""

    def __init__(self) -> None:
        self._pairs: OrderedDict[str, _Pair] = OrderedDict()

    def allows(self, person: str, at: float) -> bool:
        """Take one place with this person if there is one."""
        pair = self._pairs.get(person)
        if pair is None or (at - pair.burst_began_at >= PAIR_INTERVAL and at >= pair.paid_at):
            self._pairs[person] = _Pair(burst_began_at=at, sent=1, paid_at=at + PAIR_INTERVAL)
            self._pairs.move_to_end(person)
            if len(self._pairs) > PAIRS_KEPT:
                self._pairs.popitem(last=False)
            return True
        if at - pair.burst_began_at < PAIR_INTERVAL and pair.sent < PAIR_BURST:
            pair.sent += 1
            pair.paid_at += PAIR_INTERVAL
            return True
        return False
