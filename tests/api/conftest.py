"""Who calls the API in a test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.api.house import House, Program, serving


@pytest.fixture
async def house(database_url: str) -> AsyncIterator[House]:
    """A console on loopback with an empty database of its own; the test runs on SQLite and on PostgreSQL."""
    async with serving(database_url) as house:
        yield house


@pytest.fixture
async def program(house: House) -> AsyncIterator[Program]:
    """A program that may do everything."""
    async with house.program() as program:
        yield program
