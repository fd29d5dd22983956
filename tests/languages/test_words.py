"""What becomes of words that are kept: they are the Spanish they read as."""

from __future__ import annotations

import msgspec
import pytest

from console.languages.words import Shown, Words, as_kept


@pytest.mark.parametrize(
    "words", [Words("Vencido 1-{first}", first=30), Shown(lambda language: f"Vencido 1-30{language.strip('es')}")]
)
def test_words_are_kept_in_spanish(words: str) -> None:
    kept = msgspec.json.encode({"tag": words, "many": [words]}, enc_hook=as_kept)

    assert msgspec.json.decode(kept) == {"tag": "Vencido 1-30", "many": ["Vencido 1-30"]}


def test_nothing_else_odd_is_kept() -> None:
    with pytest.raises(TypeError):
        msgspec.json.encode({"tag": object()}, enc_hook=as_kept)
