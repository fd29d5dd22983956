"""Sentences of ours that were kept are told apart from what people wrote, and said in the reader's language."""

from __future__ import annotations

import pytest

from console.languages.catalogues import said
from console.languages.kept import as_words
from console.message_templates import keeping


@pytest.mark.parametrize(
    ("kept", "english"),
    [
        (
            "WhatsApp no la aceptó: Invalid parameter",
            "WhatsApp did not accept it: Invalid parameter",
        ),
        ("WhatsApp no la aceptó: sin explicación", "WhatsApp did not accept it: no explanation"),
        ("WhatsApp no la aceptó: {why}\nand more", "WhatsApp did not accept it: {why}\nand more"),
        ("Otra cosa", "Otra cosa"),
        (None, None),
        ("", ""),
    ],
)
def test_what_was_kept_is_said_anew(kept: str | None, english: str | None) -> None:
    found = keeping.problem_of(kept)

    assert found == kept, "read as a string it is what was kept"
    assert said(found, "en") == english


def test_what_merely_holds_our_words_is_somebodys_own() -> None:
    written = "Me dijo: sin explicación"

    assert said(as_words(written, keeping.UNEXPLAINED), "en") == written
