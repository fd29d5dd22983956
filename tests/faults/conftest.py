"""What the tests of faults share."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest
import structlog

# Drawing a traceback with all its values takes seconds, in which the process under test serves nobody.
_plainly = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
structlog.configure(processors=[structlog.processors.add_log_level, _plainly])


@pytest.fixture(autouse=True)
def _nothing_left_open() -> Iterator[None]:
    """What a fault left half open shows in the test that caused it, not in one that comes later."""
    yield
    gc.collect()
