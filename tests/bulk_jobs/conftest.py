"""A console that runs, on either database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.front import Front, a_console, settings_for


@pytest.fixture
async def front(database_url: str, tmp_path: Path) -> AsyncIterator[Front]:
    """The product on loopback, in this process, with nobody at the Cloud API's address."""
    async with a_console(settings_for(database_url, tmp_path)) as front:
        yield front
