"""A console to which María has written, and Ana before it; the clock of scheduled messages is turned by hand."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.conftest import Moment
from tests.front import Front, Person, a_console, settings_for
from tests.inbox import meta


@pytest.fixture
async def front(database_url: str, tmp_path: Path, moment: Moment) -> AsyncIterator[Front]:
    async with a_console(settings_for(database_url, tmp_path)) as front:
        front.app.state["work"].cancel()
        await front.webhook(meta.body(meta.text("Le pago más tarde", at=moment.now)))
        yield front


@pytest.fixture
async def ana(front: Front) -> Person:
    return await front.agent("Ana")
