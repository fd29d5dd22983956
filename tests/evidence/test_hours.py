"""Whether a message went out when it might."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from console.evidence.hours import Clockwork, Hour

LIMA = ZoneInfo("America/Lima")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=LIMA)


@pytest.mark.parametrize(
    ("heard", "said", "hour"),
    [
        (None, "2026-11-20 10:00", Hour.WITHIN),
        (None, "2026-11-20 19:59:59", Hour.WITHIN),
        (None, "2026-11-20 20:00", Hour.OUTSIDE),
        (None, "2026-11-21 10:00", Hour.OUTSIDE),  # a Saturday
        (None, "2026-12-08 10:00", Hour.OUTSIDE),  # a holiday
        ("2026-11-20 21:00", "2026-11-20 21:05", Hour.REPLY),
        ("2026-11-20 19:00", "2026-11-21 18:59", Hour.REPLY),
        ("2026-11-20 19:00", "2026-11-21 19:01", Hour.OUTSIDE),
        ("2026-11-20 21:00", "2026-11-23 10:00", Hour.WITHIN),
    ],
)
def test_the_hour_of_a_message(heard: str | None, said: str, hour: Hour) -> None:
    clockwork = Clockwork(LIMA, "PE")
    if heard:
        clockwork.heard(at(heard))

    assert clockwork.said(at(said)) == hour


def test_once_answered_the_talk_goes_on_for_two_hours() -> None:
    clockwork = Clockwork(LIMA, "PE")
    clockwork.heard(at("2026-11-20 21:00"))

    hours = [clockwork.said(at(f"2026-11-20 {when}")) for when in ("21:01", "22:59", "23:01")]

    assert hours == [Hour.REPLY, Hour.REPLY, Hour.OUTSIDE]
