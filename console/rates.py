"""How often one person may do what costs others: a guard for the machine, not a rule of the business.

Each person has a bucket for each kind of deed, in this process alone: it fills with time and every deed takes one out.
No hand at a keyboard empties it; a script that runs wild does, and then it waits while everybody else works on.
"""

from __future__ import annotations

import math
import time
from typing import Any, Literal, NamedTuple

from litestar import Request

from console.errors import Refused
from console.languages.words import Words

Kind = Literal["search", "send", "export"]


class Rate(NamedTuple):
    """`burst` at once, and one more every `each` seconds; `words` for whoever did more."""

    burst: int
    each: float
    words: str


RATES: dict[Kind, Rate] = {
    "search": Rate(40, 0.5, Words("Son demasiadas búsquedas seguidas")),
    "send": Rate(60, 1.0, Words("Son demasiados mensajes seguidos; no se envió")),
    "export": Rate(20, 15.0, Words("Son demasiadas descargas seguidas")),
}
MOST_BUCKETS = 10_000


class Buckets:
    """The buckets of one process, by kind and person."""

    def __init__(self) -> None:
        self._full_at: dict[tuple[Kind, int], float] = {}
        """When each would be full again, on the monotonic clock; a full one need not be remembered."""

    def take(self, kind: Kind, who: int, now: float) -> float:
        """Take one at `now`; the seconds until there is one again if there is none, else 0."""
        rate = RATES[kind]
        full_at = max(self._full_at.get((kind, who), now), now) + rate.each
        too_early = full_at - now - rate.burst * rate.each
        if too_early > 1e-9:
            return too_early
        if len(self._full_at) >= MOST_BUCKETS:
            self._full_at = {key: at for key, at in self._full_at.items() if at > now}
        self._full_at[kind, who] = full_at
        return 0.0


def charge(request: Request[Any, Any, Any], kind: Kind, who: int) -> None:
    """Count one deed of `who`. Refuses: 429 "too_often" with `retry_after` seconds, for what is beyond the rate."""
    buckets: Buckets = request.app.state["buckets"]
    wait = buckets.take(kind, who, time.monotonic())
    if wait:
        seconds = math.ceil(wait)
        raise Refused(
            429,
            Words("{words}. Espere {seconds} s y vuelva a probar.", words=RATES[kind].words, seconds=seconds),
            code="too_often",
            details={"retry_after": seconds},
        )
