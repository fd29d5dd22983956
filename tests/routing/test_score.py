"""Points and their reasons: pure, printed as they are counted."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from console.portfolio.agreements import PromiseState
from console.portfolio.states import State
from console.routing.score import POINTS, USUAL_POINTS, Facts, in_words, reasons, total

NOW = datetime(2026, 11, 20, 15, tzinfo=UTC)
TODAY = date(2026, 11, 20)
facts = st.builds(
    Facts,
    waiting_since=st.none() | st.timedeltas(timedelta(0), timedelta(days=40)).map(lambda ago: NOW - ago),
    window_closes_at=st.none() | st.timedeltas(timedelta(hours=-5), timedelta(hours=24)).map(lambda ahead: NOW + ahead),
    account_state=st.none() | st.sampled_from(State),
    overdue_minor=st.none() | st.integers(0, 10**12),
    promise_on=st.none() | st.dates(date(2026, 11, 1), date(2026, 12, 20)),
    promise_state=st.none() | st.sampled_from(PromiseState),
)
points = st.fixed_dictionaries({name: st.integers(0, 100) for name in POINTS})


def test_every_reason_is_printed_with_its_points_the_weightiest_first() -> None:
    found = reasons(
        Facts(
            waiting_since=NOW - timedelta(minutes=47),
            window_closes_at=NOW + timedelta(minutes=90),
            account_state=State.LATE_3,
            overdue_minor=412_550,
            promise_on=TODAY,
            promise_state=PromiseState.OPEN,
        ),
        USUAL_POINTS,
        NOW,
        TODAY,
    )

    assert in_words(found) == (
        "+25 la ventana cierra en 1 h 30 min, +20 promesa vence hoy, +12 espera 47 min, +8 atraso mayor, "
        "+8 monto vencido"
    )
    assert total(found) == 73


@given(facts, points)
def test_the_points_are_what_the_printed_reasons_add_up_to(of: Facts, worth: dict[str, int]) -> None:
    found = reasons(of, worth, NOW, TODAY)

    printed = [int(part.split(" ", 1)[0]) for part in in_words(found).split(", ") if part]
    assert sum(printed) == total(found)
    assert all(one.points > 0 for one in found)
    assert [one.points for one in found] == sorted((one.points for one in found), reverse=True)


@given(facts, points, st.timedeltas(timedelta(0), timedelta(hours=3)))
def test_who_waits_longer_never_has_fewer_points_for_it(of: Facts, worth: dict[str, int], longer: timedelta) -> None:
    def of_waiting(moment: datetime) -> int:
        return sum(one.points for one in reasons(of, worth, moment, TODAY) if one.words.startswith("espera"))

    assert of_waiting(NOW + longer) >= of_waiting(NOW)


@given(facts)
def test_a_rule_that_gives_no_points_has_no_reasons(of: Facts) -> None:
    assert reasons(of, dict.fromkeys(POINTS, 0), NOW, TODAY) == []
