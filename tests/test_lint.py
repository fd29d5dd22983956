"""The linters, as tests: what `make lint` says, `make test` says too."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TOOLS = Path(sys.executable).parent


@pytest.mark.timeout(300)  # a first run types everything from nothing
@pytest.mark.parametrize(
    "command",
    [
        pytest.param(["ruff", "check", "--quiet", "--output-format=concise"], id="ruff check"),
        pytest.param(["ruff", "format", "--check", "--quiet", "--output-format=concise"], id="ruff format"),
        pytest.param(["mypy"], id="mypy"),
        pytest.param(["lint-imports", "--no-logo"], id="lint-imports"),
    ],
)
def test_the_code_satisfies(command: list[str]) -> None:
    tool, *options = command

    verdict = subprocess.run([TOOLS / tool, *options], cwd=ROOT, capture_output=True, text=True, check=False)

    if verdict.returncode != 0:
        pytest.fail(f"{verdict.stdout}{verdict.stderr}", pytrace=False)
