"""Places where a test may make this process die, fail or hang, to show that nothing is lost there.

Without ALDIA_FAILPOINTS in the environment they do nothing. With `sender.wired=kill:3` the process kills itself the
third time it gets there; `raise`, `hang` and `delay` are the other faults. Hits are noted in ALDIA_FAILPOINTS_HITS.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

DELAY_SECONDS = 0.5
HANG_SECONDS = 3600.0

NAMES = (
    "ingest.parsed",
    "ingest.written",
    "ingest.committed",
    "audit.sealed",
    "live.told",
    "sender.claimed",
    "sender.wired",
    "sender.answered",
    "sender.settled",
    "media.downloaded",
    "media.stored",
    "scan.answered",
    "attachments.kept",
    "uploads.answered",
    "uploads.settled",
    "payments.kept",
    "payments.booked",
    "imports.staged",
    "imports.applied",
    "imports.given",
    "bot.claimed",
    "bot.understood",
    "bot.linked",
    "bot.deed",
    "bot.answered",
    "schedule.decided",
    "schedule.left",
)
"""Every place that exists; a test walks them all, and fails for one that is never hit."""


class PlannedFaultError(Exception):
    """What `raise` raises."""


def _read(text: str) -> dict[str, tuple[str, int]]:
    plan = {}
    for part in filter(None, text.split(",")):
        name, _equals, fault = part.partition("=")
        deed, _colon, number = fault.partition(":")
        if name not in NAMES or deed not in {"kill", "raise", "hang", "delay"}:
            raise ValueError(f"ALDIA_FAILPOINTS: no such fault: {part}")
        plan[name] = (deed, int(number or 1))
    return plan


_plan = _read(os.environ.get("ALDIA_FAILPOINTS", ""))
_hits_file = os.environ.get("ALDIA_FAILPOINTS_HITS")
_hits: dict[str, int] = {}


def failpoint(name: str) -> None:
    """Be at the place `name`; nothing happens unless a fault was planned for this very hit."""
    if not _plan:
        return
    deed, number = _plan.get(name, ("", 0))
    if not deed:
        return
    _hits[name] = _hits.get(name, 0) + 1
    if _hits[name] != number:
        return
    if _hits_file:
        with Path(_hits_file).open("a", encoding="utf-8") as file:
            file.write(f"{name}={deed}:{number}\n")
    if deed == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif deed == "raise":
        raise PlannedFaultError(name)
    else:
        # Blocking on purpose: the whole process stands still, as in a long pause of the machine.
        time.sleep(HANG_SECONDS if deed == "hang" else DELAY_SECONDS)
