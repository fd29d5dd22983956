"""The catalogues hold what screens say: all of it, nothing else, and no markup."""

from __future__ import annotations

import re

import pytest

from console.languages import catalogues, extracting
from console.languages.readers import SPANISH, TAGS
from console.languages.words import Words

OTHERS = sorted(TAGS.keys() - {SPANISH})
PLACEHOLDER = re.compile(r"%\(\w+\)s|\{\w*\}")


@pytest.mark.parametrize("language", OTHERS)
def test_everything_that_whole_pages_say_is_translated_and_nothing_else(language: str) -> None:
    held = {message.id: message.string for message in catalogues.catalogue(language) if message.id}

    assert held.keys() == extracting.words().keys(), "run: python -m console.languages"
    assert [text for text, said in held.items() if not said] == []


@pytest.mark.parametrize("language", OTHERS)
def test_translations_keep_placeholders_and_the_space_around_and_hold_no_markup(language: str) -> None:
    for message in catalogues.catalogue(language):
        if not message.id:
            continue
        text, said = str(message.id), str(message.string)
        assert sorted(PLACEHOLDER.findall(said)) == sorted(PLACEHOLDER.findall(text)), text
        assert said == said.strip(), text
        assert not re.search(r"[<>]|&\w+;", said), text
        assert "fuzzy" not in message.flags, text


def test_only_words_of_ours_are_said_never_a_name_that_equals_them() -> None:
    assert catalogues.said(Words("Cartera"), "en") == "Portfolio"
    assert catalogues.said("Cartera", "en") == "Cartera"
    assert catalogues.said(Words("Cartera"), "es") == "Cartera"


def test_words_that_no_catalogue_has_stay_spanish() -> None:
    assert catalogues.said(Words("Algo que nadie tradujo"), "pt") == "Algo que nadie tradujo"


def test_the_classes_of_a_page_are_not_words() -> None:
    assert "sign-in" not in extracting.words()
