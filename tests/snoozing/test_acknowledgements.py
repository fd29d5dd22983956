"""What is no reason to bring a conversation back: said to be polite, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.snoozing.acknowledgements import is_acknowledgement


@pytest.mark.parametrize(
    "text",
    [
        "ok gracias",
        "OK, gracias 🙏",
        "ok",
        "👍",
        "👍🏽👍🏽",
        "🙏❤️",
        "listo",
        "Entendido, muchas gracias señorita",
        "vale",
        "okas",
    ],
)
def test_a_mere_thank_you_asks_for_nothing(text: str) -> None:
    assert is_acknowledgement(text)


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "sí",
        "no",
        "claro",
        "acepto",
        "ok?",
        "ok, mañana pago",
        "ya pagué, gracias",
        "gracias, ¿cuánto debo?",
        "ok gracias. pero no reconozco esa deuda",
        "listo, ahí le mando el comprobante",
        "no gracias",
        "😡",
        "gracias por nada, voy a denunciarlos",
    ],
)
def test_whatever_says_more_is_for_a_person(text: str | None) -> None:
    assert not is_acknowledgement(text)


@given(st.text(max_size=200))
def test_nothing_that_is_written_breaks_it(text: str) -> None:
    assert is_acknowledgement(text) in {True, False}
