"""The scanner's client against a real server: what it found, and that everything else is no verdict."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from integrations.clamd import Clamd, NoVerdict, place_of
from tests.scanning.clamd import EICAR, SIGNATURE, FakeClamd, a_scanner


@pytest.fixture(params=["tcp", "unix"])
def scanner(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[FakeClamd]:
    with a_scanner(tmp_path / "clamd.ctl" if request.param == "unix" else None) as scanner:
        yield scanner


def client(scanner: FakeClamd, seconds: float = 5) -> Clamd:
    return Clamd(place_of(scanner.address), seconds=seconds)


def a_file(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "file"
    path.write_bytes(content)
    return path


async def test_a_clean_file_is_streamed_to_the_last_byte(scanner: FakeClamd, tmp_path: Path) -> None:
    content = os.urandom(700_001)

    assert await client(scanner).scan(a_file(tmp_path, content)) is None

    assert scanner.scanned == [hashlib.sha256(content).hexdigest()]


async def test_what_is_found_has_its_name(scanner: FakeClamd, tmp_path: Path) -> None:
    assert await client(scanner).scan(a_file(tmp_path, EICAR)) == SIGNATURE


async def test_an_empty_file_is_one_too(scanner: FakeClamd, tmp_path: Path) -> None:
    assert await client(scanner).scan(a_file(tmp_path, b"")) is None


@pytest.mark.parametrize("mode", ["hung", "slow", "garbage", "odd", "limit", "down"])
async def test_nothing_else_is_taken_for_a_verdict(scanner: FakeClamd, tmp_path: Path, mode: str) -> None:
    scanner.becomes(mode)

    with pytest.raises(NoVerdict):
        await client(scanner, seconds=0.3).scan(a_file(tmp_path, b"x" * 3_000_000))


@pytest.mark.parametrize(
    ("mode", "answers"),
    [
        ("on", True),
        ("slow", True),
        ("odd", True),
        ("limit", True),
        ("hung", False),
        ("garbage", False),
        ("down", False),
    ],
)
async def test_whether_it_is_there(scanner: FakeClamd, mode: str, answers: bool) -> None:
    scanner.becomes(mode)
    if answers:
        await client(scanner).ping()
        return
    with pytest.raises(NoVerdict):
        await client(scanner, seconds=0.3).ping()


async def test_a_file_that_is_not_there_is_no_fault_of_the_scanner(scanner: FakeClamd, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        await client(scanner).scan(tmp_path / "none")


@pytest.mark.parametrize(
    "url",
    [
        "127.0.0.1:3310",
        "tcp://127.0.0.1",
        "tcp://:3310",
        "tcp://scanner:0",
        "tcp://scanner:99999",
        "tcp://user@scanner:3310",
        "tcp://scanner:3310/path",
        "http://scanner:3310",
        "unix:relative.ctl",
        "unix://host/run/clamd.ctl",
        "unix:",
        "",
    ],
)
def test_an_address_is_one_of_two_kinds(url: str) -> None:
    with pytest.raises(ValueError, match="a scanner listens at"):
        place_of(url)
