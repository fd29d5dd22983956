"""What hours say about a moment: across midnight, holidays, closures and clocks that change."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.hours.working import MINUTES_OF_DAY, USUAL_WEEK, Hours, Interval

LIMA = ZoneInfo("America/Lima")
ZONES = ["America/Lima", "America/Mexico_City", "America/Santiago", "America/New_York", "Europe/Madrid"]
MOMENTS = st.datetimes(datetime(2019, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@st.composite
def weeks(draw: st.DrawFn) -> Hours:
    def day() -> tuple[Interval, ...]:
        edges = sorted(draw(st.lists(st.integers(0, MINUTES_OF_DAY + 600), max_size=6, unique=True)))
        pairs = zip(edges[::2], edges[1::2], strict=False)
        return tuple((begin, end) for begin, end in pairs if begin < MINUTES_OF_DAY)

    return Hours(zone=draw(st.sampled_from(ZONES)), days=[day() for _ in range(7)])


def at(day: int, hour: int, minute: int = 0, *, month: int = 11, zone: ZoneInfo = LIMA) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=zone)


def test_the_usual_week_is_open_on_weekdays_and_saturday_mornings() -> None:
    usual = Hours()

    assert usual.is_open(at(20, 8)), "Friday, from the first minute"
    assert not usual.is_open(at(20, 18)), "and not in the last"
    assert usual.is_open(at(21, 12, 59))
    assert not usual.is_open(at(22, 12))
    assert usual.next_opening(at(21, 13)) == at(23, 8)
    assert usual.closes_at(at(20, 9)) == at(20, 18)


def test_work_past_midnight_belongs_to_the_day_it_began() -> None:
    night = Hours(days=[((22 * 60, 26 * 60),), (), (), (), (), (), ()])  # Monday 22:00 to Tuesday 2:00

    assert night.is_open(at(23, 23))
    assert night.is_open(at(24, 1, 59))
    assert not night.is_open(at(24, 2))
    assert night.working_time(at(23, 0), at(25, 0)) == timedelta(hours=4)


def test_holidays_are_closed_and_closures_and_openings_of_the_business_win() -> None:
    keeps = Hours(country="PE")
    assert keeps.holiday(date(2026, 12, 8)) is not None
    assert not keeps.is_open(at(8, 10, month=12)), "the Immaculate Conception, a Tuesday"

    opened = Hours(country="PE", special={date(2026, 12, 8): ((600, 720),), date(2026, 12, 9): ()})
    assert opened.is_open(at(8, 10, month=12))
    assert not opened.is_open(at(9, 10, month=12))
    assert Hours(country=None).is_open(at(8, 10, month=12))


def test_who_never_opens_has_no_next_opening_and_no_work() -> None:
    closed = Hours(days=[()] * 7)

    assert closed.next_opening(at(20, 9)) is None
    assert closed.after(at(20, 9), timedelta(minutes=1)) is None
    assert closed.working_time(at(1, 0), at(30, 0)) == timedelta()


def test_two_hours_of_work_from_friday_evening_end_on_saturday_morning() -> None:
    assert Hours().after(at(20, 17), timedelta(hours=2)) == at(21, 10)


@pytest.mark.parametrize(
    ("zone", "day", "worked"),
    [
        ("America/New_York", date(2026, 3, 8), 3),  # 2:00 does not exist
        ("America/New_York", date(2026, 11, 1), 5),  # 1:00 comes twice
        ("America/Santiago", date(2026, 9, 6), 3),  # 0:00 does not exist
        ("America/Santiago", date(2026, 4, 5), 4),  # 23:00 of the day before comes twice
        ("America/Mexico_City", date(2026, 4, 5), 4),  # no longer changes
    ],
)
def test_a_night_shift_from_midnight_to_four_is_as_long_as_the_clocks_make_it(
    zone: str, day: date, worked: int
) -> None:
    """F33."""
    shift = Hours(zone=zone, days=[((0, 4 * 60),)] * 7)
    noon = datetime.combine(day, time(12), tzinfo=ZoneInfo(zone))

    assert shift.working_time(noon - timedelta(hours=11, minutes=59) * 1, noon) <= timedelta(hours=worked)
    midnight = datetime.combine(day, time(0), tzinfo=ZoneInfo(zone)).astimezone(UTC)
    assert shift.working_time(midnight, midnight + timedelta(hours=10)) == timedelta(hours=worked)


@given(weeks(), MOMENTS, st.timedeltas(timedelta(), timedelta(days=20)), st.timedeltas(timedelta(), timedelta(days=9)))
def test_work_between_moments_adds_up_and_never_exceeds_what_passed(
    hours: Hours, start: datetime, first: timedelta, second: timedelta
) -> None:
    middle, end = start + first, start + first + second

    whole = hours.working_time(start, end)

    assert whole == hours.working_time(start, middle) + hours.working_time(middle, end)
    assert timedelta() <= whole <= end - start


@given(weeks(), MOMENTS)
def test_open_closing_and_opening_agree(hours: Hours, moment: datetime) -> None:
    opening, closing = hours.next_opening(moment), hours.closes_at(moment)

    assert hours.is_open(moment) == (closing is not None) == (opening == moment)
    if closing is not None:
        assert closing > moment
        assert not hours.is_open(closing) or closing - moment > timedelta(days=300)
    elif opening is not None:
        assert opening > moment
        assert hours.is_open(opening)
        assert hours.working_time(moment, opening) == timedelta()


@given(weeks(), MOMENTS, st.timedeltas(timedelta(seconds=1), timedelta(hours=60)))
def test_after_so_much_work_exactly_so_much_has_been_worked(hours: Hours, start: datetime, working: timedelta) -> None:
    end = hours.after(start, working)

    if end is not None:
        assert hours.working_time(start, end) == working


def test_the_usual_week_has_seven_days() -> None:
    assert len(USUAL_WEEK) == 7
