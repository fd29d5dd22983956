"""The append-only list of every send that was accepted: the oracle to compare a console's own records with."""

from __future__ import annotations

from collections import deque
from itertools import islice
from typing import Literal

import msgspec

from integrations.simulator.payloads import Json

LEDGER_LIMIT = 200_000

Outcome = Literal["200", "500", "hang", "reset", "broken", "pending"]


class Entry(msgspec.Struct, kw_only=True):
    """One accepted send."""

    seq: int = 0
    at: float
    wamid: str
    to: str
    """As the caller wrote it."""
    persona: str | None
    kind: str
    text: str | None
    opaque: str | None
    """`biz_opaque_callback_data`, verbatim."""
    answer: Outcome = "pending"
    """What the caller was told, if anything: with `500`, `hang`, `reset` and `broken` it was accepted all the same."""
    request: Json


class Ledger:
    """Numbers accepted sends from 1. Beyond the limit the oldest go, and `dropped` says how many."""

    def __init__(self) -> None:
        self.entries: deque[Entry] = deque()
        self.dropped = 0
        self._last = 0

    def append(self, entry: Entry) -> Entry:
        """Write down a send the moment it is accepted, before anything is answered."""
        self._last += 1
        entry.seq = self._last
        self.entries.append(entry)
        if len(self.entries) > LEDGER_LIMIT:
            self.entries.popleft()
            self.dropped += 1
        return entry

    def after(self, seq: int, limit: int) -> list[Entry]:
        """At most `limit` entries that follow `seq`, oldest first."""
        start = max(0, seq - self.dropped)
        return list(islice(self.entries, start, start + limit))
