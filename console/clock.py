"""The one place that knows what time it is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime


def _system() -> datetime:
    return datetime.now(UTC)


_source: Callable[[], datetime] = _system


def now() -> datetime:
    """The present moment, aware and in UTC. Nothing else may ask the operating system."""
    return _source()


def set_source(source: Callable[[], datetime] | None) -> None:
    """Make `now()` read another source (tests, rehearsals); None returns to the system's clock."""
    global _source  # noqa: PLW0603 one clock for the whole process is the point
    _source = source or _system
