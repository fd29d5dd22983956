"""Which language somebody is answered in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.languages.readers import TAGS, asked


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "es"),
        ("", "es"),
        ("pt-BR,pt;q=0.9,en;q=0.8", "pt"),
        ("en-US,en;q=0.9", "en"),
        ("es-PE,es;q=0.9,en;q=0.8", "es"),
        ("fr-FR,fr;q=0.9,en;q=0.5,pt;q=0.7", "pt"),
        ("de", "es"),
        ("*", "es"),
        ("en;q=0, pt;q=0", "es"),
        ("en;q=much, pt;q=0.1", "pt"),
        ("EN-gb ; q=1.0", "en"),
        ("pt, en", "pt"),
        ("es;q=0.2, en;q=0.2", "es"),
    ],
)
def test_the_browser_says_what_is_liked_best(header: str | None, language: str) -> None:
    assert asked(header) == language


def test_what_is_chosen_by_hand_counts_more_than_the_browser() -> None:
    assert asked("en-US", chosen="pt") == "pt"
    assert asked("en-US", chosen="tlh") == "en"


@given(header=st.text() | st.from_regex(r"([a-z*-]{0,5}(;q=[0-9.]{0,4})?,?){0,9}", fullmatch=True))
def test_whatever_is_sent_there_is_a_language(header: str) -> None:
    assert asked(header) in TAGS
