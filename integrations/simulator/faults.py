"""How the simulator may misbehave, and when it is time to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from random import Random
from typing import Annotated, Literal, TypeVar

import msgspec

Thing = TypeVar("Thing")
OneIn = Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]
Percent = Annotated[float, msgspec.Meta(ge=0, le=100)]
Seconds = Annotated[float, msgspec.Meta(ge=0, le=3600)]


class Faults(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every fault that can be switched on. Zero is off; `…_one_in=N` means every Nth time, counted from now."""

    duplicate: Annotated[int, msgspec.Meta(ge=0, le=50)] = 0
    """Send every webhook so many times."""
    reorder: Annotated[int, msgspec.Meta(ge=0, le=1000)] = 0
    """Shuffle webhooks within windows of so many."""
    delay_seconds: Seconds = 0
    """Wait before sending a webhook (real seconds)."""
    drop_percent: Percent = 0
    """Never send so many webhooks in a hundred."""
    drop_statuses_percent: Percent = 0
    """Never send so many statuses in a hundred."""
    garbage_one_in: OneIn = 0
    """Beside every Nth webhook, send one that is well signed and cannot be understood."""
    wrong_signature_one_in: OneIn = 0
    """Beside every Nth webhook, send a forged one: another text under a signature that does not fit."""
    status_before_answer: bool = False
    """Send the `sent` status before the call that caused it is answered."""

    rate_limit_one_in: OneIn = 0
    """Refuse every Nth send with HTTP 429."""
    rate_limit_code: Literal["130429", "131056", "both"] = "both"
    retry_after_header: bool = True
    """Say in the answer when to try again; Meta has been seen to and not to."""
    unavailable_one_in: OneIn = 0
    """Refuse every Nth send with HTTP 503 and code 131016; it is not accepted."""
    error_after_accept_one_in: OneIn = 0
    """Accept every Nth send and answer 500."""
    hang_seconds: Seconds = 0
    """Accept sends and keep the answer back so long (real seconds)."""
    hang_one_in: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 1
    slow_seconds: Seconds = 0
    """Keep every answer of the Cloud API back so long (real seconds)."""
    reset_before_one_in: OneIn = 0
    """Break the connection of every Nth send before reading it."""
    reset_after_one_in: OneIn = 0
    """Break the connection of every Nth send after accepting it."""
    broken_answer_one_in: OneIn = 0
    """Accept every Nth send and answer with something that is no answer, most kinds with 200."""
    broken_answer: Literal["no_id", "html", "empty", "half_json", "huge", "bad_gateway"] = "no_id"
    window_error_by_webhook: bool = False
    """Tell 131047 by a `failed` status instead of in the answer; Meta has been seen to do both."""
    edits_unsupported: bool = False
    """Send edits as `unsupported`, as accounts without the edit webhooks get them."""

    def active(self) -> list[str]:
        """The names of the faults that are on."""
        details = {"rate_limit_code", "retry_after_header", "hang_one_in", "broken_answer"}
        on = [name for name, value in msgspec.structs.asdict(self).items() if value and name not in details]
        return [name for name in on if name != "duplicate" or self.duplicate > 1]


class Mischief:
    """Decides, occasion by occasion, whether a fault strikes."""

    def __init__(self, chance: Random) -> None:
        self.faults = Faults()
        self._chance = chance
        self._occasions: Counter[str] = Counter()

    def set(self, faults: Faults) -> None:
        """Change the faults; what is counted, is counted anew."""
        self.faults = faults
        self._occasions.clear()

    def nth(self, name: str) -> bool:
        """Whether this occasion of a `…_one_in` fault is one to strike."""
        every: int = getattr(self.faults, name)
        if not every:
            return False
        self._occasions[name] += 1
        return self._occasions[name] % every == 0

    def percent(self, name: str) -> bool:
        """Whether a `…_percent` fault strikes."""
        share: float = getattr(self.faults, name)
        return share > 0 and self._chance.uniform(0, 100) < share

    def shuffled(self, held: Sequence[Thing]) -> list[Thing]:
        """The same things in another order; where there are two or more, never in theirs."""
        order = list(range(len(held)))
        self._chance.shuffle(order)
        if order == sorted(order):
            order.reverse()
        return [held[place] for place in order]
