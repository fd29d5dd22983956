"""The score and the draw, as rules: whole numbers between 0 and 100, and a sample that anybody can draw again."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.quality.drawing import draw, week_before, week_of
from console.quality.scoring import MARKS, Criterion, score
from console.word_lists.matching import found as flags_in
from tests.inbox import meta

marks = st.sampled_from(list(MARKS))
weighed = st.lists(st.tuples(st.integers(0, 100), marks), min_size=1, max_size=8)


def form(weights: list[int]) -> list[Criterion]:
    return [Criterion(f"c{place}", f"Criterio {place}", "", weight) for place, weight in enumerate(weights)]


def scored(rows: list[tuple[int, int | None]]) -> int | None:
    return score(form([weight for weight, _mark in rows]), {f"c{place}": mark for place, (_w, mark) in enumerate(rows)})


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([(20, 2), (25, 2), (20, 2), (20, 2), (15, 2)], 100),
        ([(20, 2), (25, 0), (20, 2), (20, 1), (15, 2)], 65),
        ([(20, 2), (25, None), (20, 0), (20, 1), (15, 2)], 60),
        ([(1, 2), (7, 0)], 13),  # 12.5: halves go up
        ([(1, 1), (2, 0)], 17),  # 16.67
        ([(1, 0)], 0),
        ([(5, None), (0, 2)], None),
    ],
)
def test_scores_by_hand(rows: list[tuple[int, int | None]], expected: int | None) -> None:
    assert scored(rows) == expected


@given(weighed)
def test_a_score_is_the_weighted_share_rounded_to_the_nearest_whole_number(rows: list[tuple[int, int | None]]) -> None:
    counted = [(weight, Fraction(mark, 2)) for weight, mark in rows if weight and mark is not None]
    found = scored(rows)

    if not counted:
        assert found is None
        return
    exact = 100 * sum(weight * mark for weight, mark in counted) / sum(weight for weight, _mark in counted)
    assert found is not None
    assert 0 <= found <= 100
    assert -Fraction(1, 2) < found - exact <= Fraction(1, 2)


@given(weighed, st.integers(1, 9))
def test_only_the_proportion_of_the_weights_matters_and_better_marks_never_cost(
    rows: list[tuple[int, int | None]], times: int
) -> None:
    found = scored(rows)

    assert scored([(weight * times, mark) for weight, mark in rows]) == found
    if found is not None:
        better = scored([(weight, mark if mark is None else min(2, mark + 1)) for weight, mark in rows])
        assert better is not None
        assert better >= found


@given(st.text(max_size=32), st.sets(st.integers(1, 10**9), max_size=60), st.integers(0, 20), st.randoms())
def test_a_sample_follows_from_its_seed_alone(seed: str, numbers: set[int], size: int, chance: object) -> None:
    listed = sorted(numbers)
    chance.shuffle(listed)  # type: ignore[attr-defined]
    drawn = draw(seed, numbers, size)

    assert draw(seed, listed, size) == drawn
    assert len(drawn) == len(set(drawn)) == min(size, len(numbers))
    assert set(drawn) <= numbers
    assert draw(seed, numbers, size + 1)[: len(drawn)] == drawn


@pytest.mark.parametrize(
    ("text", "phone", "kinds"),
    [
        ("Tiene una ORDEN de embargo", meta.MARIA, ["false_legal"]),
        ("Dígale a su esposa que pague", meta.MARIA, ["third_party"]),
        ("Irá preso: hay denuncia penal", meta.MARIA, ["threat", "false_legal"]),
        ("Tiene impedimento de salida", "51944000000", ["false_legal"]),
        ("Tiene impedimento de salida", "56944000000", []),
        ("¿Le ayudo con el pago?", meta.MARIA, []),
        ("Recordenjudicial", None, []),
        ("", None, []),
    ],
)
def test_what_is_to_be_looked_at_by_the_list_of_the_country(text: str, phone: str | None, kinds: list[str]) -> None:
    assert [kind for kind, _words in flags_in(text, phone)] == kinds


@given(st.dates(date(2000, 1, 10), date(2100, 1, 1)))
def test_the_week_before_is_over_and_touches_this_one(day: date) -> None:
    assert week_of(day).weekday() == 0
    assert week_before(day) + timedelta(days=7) == week_of(day) <= day


def test_every_conversation_is_as_likely_as_any_other() -> None:
    """Of ten, two thousand draws of three: each is drawn about six hundred times."""
    times = dict.fromkeys(range(1, 11), 0)
    for seed in range(2000):
        for number in draw(str(seed), times, 3):
            times[number] += 1

    assert all(500 < found < 700 for found in times.values()), times
