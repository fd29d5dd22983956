"""One table says what the keys do: the help shows it, the palette offers it, and the script obeys nothing else."""

from __future__ import annotations

import re
from pathlib import Path

from console import shortcuts
from console.bots.labels import LABELS
from console.bots.words import LABEL_KEYS, LABEL_WORDS

SCRIPT = Path(shortcuts.__file__).parent / "static" / "keyboard.js"


def obeyed() -> set[str]:
    """The keys that keyboard.js does something for."""
    table = SCRIPT.read_text().partition("const KEYS = {\n")[2].partition("\n}\n")[0]
    return {name.strip("'") for name in re.findall(r"^  ('.'|\w):", table, re.MULTILINE)}


def test_what_is_explained_is_obeyed_and_what_is_obeyed_is_explained() -> None:
    assert {one.name for one in shortcuts.TABLE if one.name} == obeyed()


def test_no_key_means_two_things_in_one_place() -> None:
    for place in shortcuts.PLACES:
        keys = [one.keys for one in shortcuts.shortcuts(place)]
        assert len(keys) == len(set(keys)), place


def test_a_key_is_named_as_it_is_printed() -> None:
    assert all(one.keys == (one.name.upper(),) for one in shortcuts.TABLE if one.name)


def test_the_bot_s_page_obeys_what_is_explained_of_it() -> None:
    table = SCRIPT.with_name("bot.js").read_text().partition("const KEYS = {\n")[2].partition("\n}\n")[0]
    arrows = {"ArrowLeft": "←", "ArrowRight": "→"}
    keys = {arrows.get(name, name.upper()) for name in re.findall(r"^  (\w+):", table, re.MULTILINE)}

    assert {one.keys[0] for one in shortcuts.shortcuts("bot")} == keys


def test_every_label_has_a_letter_of_its_own_which_is_no_key_of_the_page() -> None:
    assert LABEL_KEYS.keys() == LABEL_WORDS.keys() == set(LABELS)
    letters = list(LABEL_KEYS.values())
    assert len(set(letters)) == len(letters)
    assert not {letter.upper() for letter in letters} & {one.keys[0] for one in shortcuts.shortcuts("bot")}
    assert LABEL_KEYS["other"] == "0"
    assert all(letter.isalpha() for label, letter in LABEL_KEYS.items() if label != "other")
