"""The live register: every webhook that left and every call that came, as the page shows them."""

from __future__ import annotations

import itertools
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Literal

import msgspec

LINE_LIMIT = 1500
BYTES_LIMIT = 32 * 1024 * 1024
TIMES_KEPT = 2000

Tone = Literal["wait", "good", "warn", "bad"]


class Line(msgspec.Struct, kw_only=True, eq=False):
    """One webhook, with all its attempts, or one call."""

    id: int = 0
    way: Literal["webhook", "call"]
    at: float
    what: str
    """In Spanish, for the page."""
    persona: str | None = None
    status: int | None = None
    """The HTTP status of the last answer; None while there is none."""
    note: str = ""
    """In Spanish: what is to be said beside the status."""
    tone: Tone = "wait"
    icon: str = ""
    """Which sign stands beside the status, if not the tone's own."""
    milliseconds: float | None = None
    attempt: int = 0
    delayed: float = 0.0
    size: int = 0
    method: str = "POST"
    address: str = ""
    signature: str | None = None
    body: bytes = b""
    answer: bytes = b""


class Counters(msgspec.Struct, kw_only=True):
    """How much went over the wire since the start or the last reset."""

    webhooks: int = 0
    """Accepted by the console (200)."""
    attempts: int = 0
    refused: int = 0
    dropped: int = 0
    calls: int = 0
    accepted_sends: int = 0


class Journal:
    """Keeps the newest lines, counts all of them, and tells whoever listens."""

    def __init__(self) -> None:
        self.lines: OrderedDict[int, Line] = OrderedDict()
        self.counters = Counters()
        self.changed: Callable[[Line], None] | None = None
        self._ids = itertools.count(1)
        self._times: deque[float] = deque(maxlen=TIMES_KEPT)
        self._bytes = 0

    def open(self, line: Line) -> Line:
        """Number a line and show it; `tell` again when its answer is known."""
        line.id, line.size = next(self._ids), len(line.body)
        self.lines[line.id] = line
        self._bytes += line.size
        while len(self.lines) > LINE_LIMIT or self._bytes > BYTES_LIMIT:
            _, oldest = self.lines.popitem(last=False)
            self._bytes -= oldest.size
        self.tell(line)
        return line

    def tell(self, line: Line) -> None:
        """Let the page know that a line is new or has changed."""
        if self.changed:
            self.changed(line)

    def unanswered(self, line: Line, note: str) -> None:
        """Say that no answer came, and why."""
        line.status, line.tone, line.note = None, "bad", note
        line.icon = "hour" if note == "sin respuesta" else ""
        self.tell(line)

    def timed(self, milliseconds: float) -> None:
        """Count how long a webhook took."""
        self._times.append(milliseconds)

    @property
    def p99(self) -> float | None:
        """Of the last webhooks: the time in milliseconds that 99 of 100 stayed below."""
        if not self._times:
            return None
        ranked = sorted(self._times)
        return ranked[min(len(ranked) - 1, int(len(ranked) * 0.99))]

    def clear(self) -> None:
        """Forget the lines and count from zero; line numbers go on."""
        self.lines.clear()
        self._bytes = 0
        self._times.clear()
        self.counters = Counters()
