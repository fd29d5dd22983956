"""What scripts say is in the page's language: no sentence stands in a script that the catalogues do not have."""

from __future__ import annotations

import html
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from console.languages import catalogues, scripts
from console.languages.scripts import literals
from tests.front import Person, a_console, settings_for
from tests.languages.spanish import only_spanish, words_of

OURS = {
    file.name: list(literals(file.read_text(encoding="utf-8")))
    for file in sorted(scripts.SCRIPTS.glob("*.js"))
    # Its three languages stand side by side.
    if file.name != "emoji_list.js"
}
# The product's name, a blank in what a debtor will read, and the name of a recording's file.
NO_WORDS = {"Al Día", "{día}", "nota-de-voz"}
SPANISH_LETTER = re.compile(r"[áéíóúüñ¿¡«»]", re.IGNORECASE)
SENTENCE = re.compile(r"^[A-ZÁÉÍÓÚÑ¿¡][a-záéíóúñ]+(?: [a-záéíóúñ]+)+|[a-záéíóúñ]{2,} [a-záéíóúñ]{2,}[.:…]$")


def is_for_people(text: str) -> bool:
    """Whether somebody would read it: Spanish letters, a sentence, or a word that only our Spanish has."""
    shown = re.sub(r"\$\{[^}]*\}", " ", text)
    return bool(
        SPANISH_LETTER.search(shown)
        or SENTENCE.search(shown)
        or words_of(shown) & only_spanish("en") - {"color", "ficha", "media"}
    )


@pytest.mark.parametrize("script", sorted(OURS))
def test_no_script_says_anything_in_spanish_alone(script: str) -> None:
    bare = [literal.text for literal in OURS[script] if literal.said is None]

    assert [text for text in bare if is_for_people(text) and text not in NO_WORDS] == [], "say it: _('…')"
    assert [text for text in bare if re.search(r"\b(?:_|ngettext)\(", text)] == [], "no template holds it"


def test_what_scripts_say_would_be_noticed_if_they_said_it_in_spanish_alone() -> None:
    said = [literal.text for script in OURS.values() for literal in script if literal.said is not None]

    assert len(said) > 60
    # Of "{file} de {files}" nothing says that it is Spanish.
    assert [text for text in said if words_of(text) and not is_for_people(text)] == []


def test_texts_are_found_as_a_browser_would() -> None:
    script = r"""
    // _('a comment') isn't said
    toast(_('Dijo \'no\''), 'error'); ngettext('{n} día', '{n} días', n); my_('no'); `${x} de ${y}` /* 'no' */
    """

    assert list(literals(script)) == [
        ("Dijo 'no'", "Dijo 'no'"),
        ("error", None),
        ("{n} días", ("{n} día", "{n} días")),
        ("no", None),
        ("${x} de ${y}", None),
    ]


@pytest.fixture
async def elena(sqlite_database_url: str, tmp_path: Path) -> AsyncIterator[Person]:
    async with a_console(settings_for(sqlite_database_url, tmp_path)) as front:
        yield await front.agent("Elena", role="admin")


def said_to_scripts(page: str) -> dict[str, object]:
    found = re.search(r'<meta name="words" content="([^"]*)">', page)
    return json.loads(html.unescape(found[1])) if found else {}


@pytest.mark.parametrize(
    ("language", "copied", "chosen"),
    [("es", None, None), ("pt", "Copiado", ["{n} escolhida", "{n} escolhidas"]), ("en", "Copied", ["{n} chosen"] * 2)],
)
async def test_a_page_brings_its_scripts_their_words(
    elena: Person, language: str, copied: str | None, chosen: list[str] | None
) -> None:
    await elena.do("/settings/language", language=language)

    words = said_to_scripts((await elena.http.get("/settings/language")).text)

    assert (words.get("Copiado"), words.get("{n} elegida")) == (copied, chosen)


@pytest.mark.parametrize(("tag", "language"), [("es", "es"), ("pt-BR", "pt"), ("en", "en")])
async def test_what_rings_on_a_page_is_said_in_its_language(elena: Person, tag: str, language: str) -> None:
    answer = await elena.http.get("/notifications/choice", headers={"x-page-language": tag})

    ours = "Alguien escribió en una conversación suya"
    assert answer.json()["words"]["mine"] == catalogues.say(language)(ours)
