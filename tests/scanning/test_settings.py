"""How a scanner is connected: an address that could not work stops the start."""

from __future__ import annotations

from pathlib import Path

import pytest

from console.settings import UnsafeSettings, load
from tests.evidence.test_stamps import WHOLE


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:3310", "tcp://[::1]:3310", "unix:/run/clamav/clamd.ctl"])
def test_an_address_of_either_kind_is_taken(address: str, tmp_path: Path) -> None:
    settings = load({**WHOLE, "ALDIA_SCANNER": address, "ALDIA_SCANNER_SECONDS": "90"}, dotenv=tmp_path / "none")

    assert (settings.scanner, settings.scanner_seconds) == (address, 90)


def test_without_one_no_file_is_scanned(tmp_path: Path) -> None:
    assert load({**WHOLE, "ALDIA_SCANNER": " "}, dotenv=tmp_path / "none").scanner is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ALDIA_SCANNER", "/run/clamav/clamd.ctl"),
        ("ALDIA_SCANNER", "clamd:3310"),
        ("ALDIA_SCANNER", "tcp://clamd"),
        ("ALDIA_SCANNER", "http://clamd:3310"),
        ("ALDIA_SCANNER_SECONDS", "0"),
        ("ALDIA_SCANNER_SECONDS", "pronto"),
    ],
)
def test_what_could_not_work_is_refused_at_the_start(name: str, value: str, tmp_path: Path) -> None:
    with pytest.raises(UnsafeSettings, match=name):
        load({**WHOLE, name: value}, dotenv=tmp_path / "none")
