"""Blanks are filled, or what stands after the bar is said, or nothing goes out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.errors import Refused
from console.texts import variables

WORDS = st.text(st.characters(exclude_characters="{}", exclude_categories=["Cs"]), max_size=20)
NAMES = st.sampled_from(sorted(variables.CATALOGUE))


def test_what_is_known_stands_in_the_blank_and_the_rest_says_its_fallback() -> None:
    text = "{saludo}, {nombre|cliente}: debe { saldo } desde el {vencimiento|mes pasado}."

    filled = variables.fill(text, {"saludo": "Buenos días", "saldo": "S/ 412.50", "nombre": "  "})

    assert filled.text == "Buenos días, cliente: debe S/ 412.50 desde el mes pasado."
    assert filled.missing == []


def test_a_blank_that_nothing_fills_stays_as_it_was_written_and_is_named() -> None:
    filled = variables.fill("Debe {saldo}, {saldo} sí, {Dias|}", {})

    assert filled == variables.Filled("Debe {saldo}, {saldo} sí, {Dias|}", ["saldo", "dias"])
    assert variables.unfilled(filled.text) == "{saldo}"


@given(st.lists(st.tuples(WORDS, NAMES, WORDS), max_size=6), WORDS)
def test_a_text_whose_blanks_are_all_known_has_none_left(parts: list[tuple[str, str, str]], end: str) -> None:
    text = "".join(f"{words}{{{name}}}" for words, name, _value in parts) + end
    values = {name: f"x{value}" for _words, name, value in parts}

    filled = variables.fill(text, values)

    assert filled.missing == []
    assert variables.unfilled(filled.text) is None


@given(st.text(max_size=60))
def test_cutting_a_text_at_its_blanks_loses_nothing(text: str) -> None:
    assert "".join(words for words, _is_blank in variables.pieces(text)) == text


@pytest.mark.parametrize(
    "text", ["Son {saldo}.", "{nombre|cliente}", "Hola {{1}}", "Hola {{contact.name}}", "{ Saldo }"]
)
def test_a_blank_is_never_sent(text: str) -> None:
    with pytest.raises(Refused) as refused:
        variables.require_filled(text, field="text")

    assert (refused.value.code, refused.value.field) == ("unfilled_variable", "text")


@pytest.mark.parametrize("text", ["{}", "{1}", "{ }", "a } b {", '{"total": 3}', "if (a) { return b }", "{{}}"])
def test_braces_that_are_no_blank_may_be_written(text: str) -> None:
    variables.require_filled(text, field="text")


@pytest.mark.parametrize("text", ["{saldoo}", "Hola {{1}}", "Hola {{contact.name}}", "{nombre|" + "x" * 121 + "}"])
def test_what_nobody_could_fill_is_said_when_it_is_written(text: str) -> None:
    with pytest.raises(Refused) as refused:
        variables.check(text, field="body")

    assert refused.value.field == "body"
