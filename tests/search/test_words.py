"""Words as searches compare them, and what cannot be looked for."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.errors import Refused
from console.search.words import LONGEST, excerpt, holds, pieces_of, read_query, words_of


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("¿Cuánto DEBO?", ["cuanto", "debo"]),
        ("Ñandú, ñandu", ["nandu"]),
        ("F001-000234 por S/ 412.50", ["f001", "000234", "por", "s", "412", "50"]),
        ("cafe\u0301s", ["cafes"]),
        ("a_b", ["a", "b"]),
        ("🙏👍", []),
    ],
)
def test_words_lose_accents_capitals_and_signs(text: str, words: list[str]) -> None:
    assert words_of(text) == words


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "nothing_to_find"),
        ("   \t ", "nothing_to_find"),
        ("🙏 👍", "nothing_to_find"),
        ('"" () * - ^', "nothing_to_find"),
        ("\0", "nothing_to_find"),
        ("a", "too_short"),
        ("a b c d e f g h ii", "too_many_words"),
        ("x" * 10_000, "too_long"),
        ("uno dos tres cuatro cinco seis siete ocho nueve", "too_many_words"),
    ],
)
def test_what_cannot_be_looked_for_is_refused_with_a_reason(text: str, code: str) -> None:
    with pytest.raises(Refused) as refused:
        read_query(text)

    assert (refused.value.status, refused.value.field, refused.value.code) == (422, "q", code)


def test_operators_are_words_like_any_other() -> None:
    assert read_query('pago AND "ayer" OR (no*) -x').words == ("pago", "and", "ayer", "or", "no", "x")


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("+51 944 218 305", "51944218305"),
        ("12.345.678-9", "123456789"),
        ("8305", "8305"),
        ("305", None),
        ("Rosa 8305", None),
    ],
)
def test_a_number_is_one_however_it_is_written(text: str, digits: str | None) -> None:
    assert read_query(text).digits == digits


def test_a_long_text_is_cut_around_what_was_found_and_what_was_found_is_marked() -> None:
    text = "Buenos días. " * 40 + "Ya pagué la cuota con Yape." + " Gracias." * 40

    pieces = excerpt(text, read_query("pague yape"))

    assert [words for words, is_found in pieces if is_found] == ["pagué", "Yape"]
    assert pieces[0][0].startswith("…")
    assert sum(len(words) for words, _ in pieces) < 260


@given(st.text(max_size=300), st.text(alphabet="abcñáé01 ", min_size=2, max_size=20))
def test_pieces_put_together_are_the_text(text: str, asked: str) -> None:
    try:
        query = read_query(asked)
    except Refused:
        return

    pieces = pieces_of(text, query)

    assert words_of("".join(words for words, _ in pieces)) == words_of(text)
    assert holds(text, query) <= any(is_found for _, is_found in pieces)


@given(st.text(max_size=400))
def test_anything_typed_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(Refused):
        query = read_query(text)
        assert query.words
        assert len(text) <= LONGEST
        assert all(word.isalnum() for word in query.words)
