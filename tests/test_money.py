"""Amounts: to the smallest unit and back without a loss, and nothing guessed that can be read in two ways."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.money import (
    LARGEST_MINOR,
    BadAmount,
    Money,
    as_decimal,
    as_text,
    decimals,
    is_currency,
    parse,
    read,
    shown,
    shown_short,
)

CURRENCIES = st.sampled_from(["PEN", "MXN", "COP", "ARS", "USD", "BRL", "CLP", "PYG", "UYU", "KWD"])
AMOUNTS = st.integers(-LARGEST_MINOR, LARGEST_MINOR)


@given(minor=AMOUNTS, currency=CURRENCIES)
def test_what_is_written_for_programs_is_read_back_as_it_was(minor: int, currency: str) -> None:
    assert parse(as_text(minor, currency), currency) == minor
    assert as_decimal(minor, currency) * 10 ** decimals(currency) == minor


@given(minor=st.integers(0, LARGEST_MINOR), currency=CURRENCIES, style=st.sampled_from(["1,234.50", "1.234,50"]))
def test_what_people_write_with_both_separators_is_read_either_way(minor: int, currency: str, style: str) -> None:
    whole, _point, cents = as_text(minor, currency).partition(".")
    thousands, point = (",", ".") if style == "1,234.50" else (".", ",")
    grouped = f"{int(whole):,}".replace(",", thousands)
    written = f"{grouped}{point}{cents}" if cents else grouped

    if len(cents) == 3 and len(whole) <= 3 and int(whole):
        with pytest.raises(BadAmount):
            read(written, currency)
    else:
        assert read(written, currency) == minor


@given(minor=st.integers(0, 10**11), locale=st.sampled_from(["es_PE", "es_MX", "es_CL", "es_AR", "es_CO"]))
def test_what_the_screens_show_can_be_pasted_back(minor: int, locale: str) -> None:
    currency = {"es_PE": "PEN", "es_MX": "MXN", "es_CL": "CLP", "es_AR": "ARS", "es_CO": "COP"}[locale]

    assert read(shown(minor, currency, locale), currency) == minor


@given(text=st.text(max_size=40), currency=CURRENCIES)
def test_any_text_is_an_amount_or_refused_in_words(text: str, currency: str) -> None:
    for reader in (parse, read):
        try:
            minor = reader(text, currency)
        except BadAmount:
            continue
        assert abs(minor) <= LARGEST_MINOR
        assert parse(as_text(minor, currency), currency) == minor
        if decimals(currency) != 3:  # else 1.000 may be one or a thousand
            assert read(as_text(minor, currency), currency) == minor


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("S/ 1,234.50", "PEN", 123450),
        ("S/1 234.50", "PEN", 123450),
        ("1.234,50", "PEN", 123450),
        ("412,5", "PEN", 41250),
        ("412", "PEN", 41200),
        (",50", "PEN", 50),
        ("0.050", "KWD", 50),
        ("1.234.567", "PEN", 123456700),
        ("1'234'567.80", "PEN", 123456780),
        ("$1.234", "CLP", 1234),
        ("$ 1.234.567", "CLP", 1234567),
        ("R$ 10,00", "BRL", 1000),
        ("US$ 10", "USD", 1000),
        ("PEN 10", "PEN", 1000),
        ("-412.50", "PEN", -41250),
        ("(412.50)", "PEN", -41250),
        ("\u2212412.50", "PEN", -41250),
    ],
)
def test_amounts_as_people_and_spreadsheets_write_them(text: str, currency: str, minor: int) -> None:
    assert read(text, currency) == minor


@pytest.mark.parametrize("text", ["1.234", "1,234", "12.500", "S/ 999,999", "-1.234"])
def test_one_separator_before_three_digits_is_refused_rather_than_guessed(text: str) -> None:
    with pytest.raises(BadAmount, match="dos maneras"):
        read(text, "PEN")


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "S/",
        "abc",
        "12a",
        "1.2.3",
        "1,23,45",
        "1.234,5,6",
        "1,2345.6",
        "10.999",
        "--5",
        "1e9",
        "١٢",
        "9" * 40,
        "=",
    ],
)
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(BadAmount):
        read(text, "PEN")


@pytest.mark.parametrize("text", ["412.505", "1,234.50", "+5", "5.", ".5", " 5", "5 ", "1e3", "NaN", "Infinity", "٣"])
def test_programs_are_held_to_one_spelling(text: str) -> None:
    with pytest.raises(BadAmount):
        parse(text, "PEN")


def test_a_currency_without_decimals_takes_none() -> None:
    assert parse("1234", "CLP") == 1234
    with pytest.raises(BadAmount, match="0 de CLP"):
        parse("1234.5", "CLP")


def test_currencies_are_those_of_the_standard() -> None:
    assert all(is_currency(code) for code in ("PEN", "MXN", "CLP"))
    assert not any(is_currency(code) for code in ("pen", "PE", "SOL", "", "PENX"))
    assert str(Money(41250, "PEN")) == "412.50 PEN"
    assert shown(288750, "PEN", "es_PE") == "S/\xa02,887.50"


@pytest.mark.parametrize(
    ("minor", "currency", "locale", "said"),
    [
        (93_000_000, "COP", "es_PE", "COP\u00a0930,000"),
        (93_000_050, "COP", "es_PE", "COP\u00a0930,000.50"),
        (41_200, "PEN", "es_PE", "S/\u00a0412.00"),
        (164_900, "CLP", "es_CL", "$164.900"),
    ],
)
def test_a_long_amount_is_short_where_there_is_little_room(minor: int, currency: str, locale: str, said: str) -> None:
    assert shown_short(minor, currency, locale) == said
