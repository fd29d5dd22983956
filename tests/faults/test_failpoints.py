"""Every failpoint that exists is in the code once, and is reached by a test that kills or fails there."""

from __future__ import annotations

import re
from pathlib import Path

from console import failpoints

HERE = Path(__file__).parent
CONSOLE = Path(failpoints.__file__).parent


def test_every_failpoint_stands_somewhere_and_every_place_is_known() -> None:
    used = [
        name for path in CONSOLE.rglob("*.py") for name in re.findall(r'failpoint\("([a-z.]+)"\)', path.read_text())
    ]

    assert sorted(used) == sorted(failpoints.NAMES), "a place without a name, or a name without a place"


def test_every_failpoint_is_walked_by_a_test_that_fails_when_it_is_not_hit() -> None:
    walked = "".join(path.read_text() for path in HERE.glob("test_kill_*.py"))

    missing = [name for name in failpoints.NAMES if f'"{name}' not in walked]
    assert not missing, f"nothing kills at {missing}"
