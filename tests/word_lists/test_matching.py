"""What is found in a text, as a rule: words that follow each other, whatever their case, accents and plurals."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.word_lists.matching import KINDS, Choice, found, phrases, stems

LIMA, BOGOTA = "51944218305", "573001234567"


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("Le llegará una ORDEN   DE EMBARGO", ["false_legal"]),
        ("Le llegarán órdenes de embargos", ["false_legal"]),
        ("¡Ladrones! La policía, ya", ["threat", "insult"]),
        ("Era el más barato", []),  # "rata" is no word of it
        ("Orden del día y embargo preventivo", []),  # not one after the other
        ("", []),
        ("orden-de\nembargo", ["false_legal"]),
    ],
)
def test_case_accents_plurals_and_signs_make_no_difference(text: str, kinds: list[str]) -> None:
    assert [kind for kind, _words in found(text, LIMA)] == kinds


@pytest.mark.parametrize(
    ("one", "many"),
    [("ladrón", "ladrones"), ("juez", "jueces"), ("policía", "policías"), ("jefe", "jefes"), ("mes", "meses")],
)
def test_one_and_many_are_compared_alike(one: str, many: str) -> None:
    assert stems(one) == stems(many)


def test_short_words_keep_their_ending() -> None:
    assert stems("lo") != stems("los")


def test_a_country_decides_before_everywhere_and_for_itself_alone() -> None:
    off = Choice("PE", "threat", stems("policía"), "policia", is_on=False)
    added = Choice("all", "threat", stems("cárguese"), "cárguese", is_on=True)
    choices = frozenset({off, added})

    assert found("viene la policía", LIMA, choices) == []
    assert found("viene la policía", BOGOTA, choices) == [("threat", "policía")]
    assert found("CARGUESE de paciencia", LIMA, choices) == [("threat", "cárguese")]
    assert next(one for one in phrases("PE", choices) if one.words == "policía").is_on is False


@given(st.text(max_size=60))
def test_what_is_added_is_found_in_any_text_that_holds_it_and_no_text_breaks_it(words: str) -> None:
    choice = Choice("PE", "insult", stems(words), words, is_on=True)
    hits = dict(found(f"dijo {words} ayer", LIMA, frozenset({choice})))

    if stems(words):
        assert "insult" in hits
    assert set(hits) <= set(KINDS)
