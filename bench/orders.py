"""What the generator can be told to do, one JSON line each."""

from __future__ import annotations

import msgspec


class Open(msgspec.Struct, tag="open"):
    """Open the first `seats` seats `copies` times, as pages that show the history up to the entry `head`.

    A deaf page reads nothing after its first frame.
    """

    head: int
    copies: int = 1
    deaf: bool = False
    seats: int = 1_000_000


class Run(msgspec.Struct, tag="run"):
    """Deliver at these rates (a second, for so many seconds), `statuses` statuses with each message.

    `patience`: seconds to wait for what is still missing at the end. `window`: seconds of each stretch reported.
    `debtors`: only the first so many of them write (0: all). `only_open`: only those whom somebody has open.
    """

    phases: list[tuple[float, float]]
    statuses: int = 0
    patience: float = 10.0
    window: float = 0.0
    debtors: int = 0
    only_open: bool = False


class Leave(msgspec.Struct, tag="leave"):
    """Close every page."""


Order = Open | Run | Leave
orders = msgspec.json.Decoder(Order)
