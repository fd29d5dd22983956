"""The simulator of a test, with a console that remembers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.patience import eventually_now
from tests.simulator.town import Town, town


@pytest.fixture(scope="module")
def _module_town() -> Iterator[Town]:
    with town() as made:
        yield made


@pytest.fixture
def simulator(_module_town: Town) -> Iterator[Town]:
    """A simulator that is quick about everything, and its console; both as new.

    A module shares one server, because starting one takes longer than most tests.
    """
    made = _module_town
    made.console.forget()
    yield made
    made.console.forget()
    made.faults()
    made.api("POST", "/webhooks/resume")
    eventually_now(lambda: made.simulation.webhooks.pending == 0)
    made.api("POST", "/reset")
