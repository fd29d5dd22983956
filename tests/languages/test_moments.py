"""Days and moments as each language writes them; amounts as the company's country does."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console import render
from console.languages import catalogues, moments
from console.languages.readers import TAGS
from console.languages.words import Words

TODAY = date(2026, 11, 27)
LANGUAGES = st.sampled_from(sorted(TAGS))


@pytest.mark.parametrize(
    ("language", "short", "of_last_year", "named", "near"),
    [
        ("es", "6 nov", "6 nov 2025", "viernes 6 de noviembre", "Viernes 6 nov"),
        ("pt", "6 de nov", "6 de nov de 2025", "sexta-feira, 6 de novembro", "Sexta-feira, 6 de nov"),
        ("en", "Nov 6", "Nov 6, 2025", "Friday, November 6", "Friday, Nov 6"),
    ],
)
def test_a_day_is_written_as_the_language_does(
    language: str, short: str, of_last_year: str, named: str, near: str
) -> None:
    on = date(2026, 11, 6)

    assert moments.day(on, TODAY, language) == short
    assert moments.day(date(2025, 11, 6), TODAY, language) == of_last_year
    assert moments.weekday(on, TODAY, language) == named
    assert moments.near_day(on, language) == near


@pytest.mark.parametrize(
    ("language", "today", "yesterday"),
    [("es", "hoy 10:42", "ayer 18:22"), ("pt", "hoje 10:42", "ontem 18:22"), ("en", "today 10:42", "yesterday 18:22")],
)
def test_what_is_near_has_its_word(language: str, today: str, yesterday: str) -> None:
    now, before = datetime(2026, 11, 27, 10, 42, tzinfo=UTC), datetime(2026, 11, 26, 18, 22, tzinfo=UTC)

    assert moments.long_when(now, TODAY, language) == today
    assert moments.long_when(before, TODAY, language) == yesterday
    assert moments.short_when(now, TODAY, language) == "10:42"


@given(on=st.dates(date(1970, 1, 1), date(2100, 1, 1)), language=LANGUAGES)
def test_every_day_says_its_number_and_the_year_only_if_it_is_another(on: date, language: str) -> None:
    for written in (moments.day(on, TODAY, language), moments.weekday(on, TODAY, language)):
        numbers = [int(word) for word in "".join(c if c.isdigit() else " " for c in written).split()]
        assert on.day in numbers
        assert (on.year in numbers) == (on.year != TODAY.year)


@given(minutes=st.integers(-10, 10_000), language=LANGUAGES)
def test_what_is_left_is_never_nothing(minutes: int, language: str) -> None:
    assert moments.left_roughly(timedelta(minutes=minutes), language)


@given(on=st.dates(date(2000, 1, 1), date(2050, 1, 1)))
def test_a_day_within_a_sentence_is_in_the_language_of_the_sentence(on: date) -> None:
    sentence = Words("{n} {day}", n=1, day=render.day(on))

    assert sentence == f"1 {render.day(on)}"
    assert catalogues.said(sentence, "en") == f"1 {moments.day(on, render._today(), 'en')}"


@given(minor=st.integers(-(10**12), 10**12), language=LANGUAGES)
def test_an_amount_is_the_same_to_everybody(minor: int, language: str) -> None:
    written = render._speaking(language).from_string('{{ minor|money("PEN") }}').render(minor=minor)

    assert written == render.money(minor, "PEN")
