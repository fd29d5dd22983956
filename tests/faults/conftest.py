"""What the tests of faults share."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def _nothing_left_open() -> Iterator[None]:
    """What a fault left half open shows in the test that caused it, not in one that comes later."""
    yield
    gc.collect()
