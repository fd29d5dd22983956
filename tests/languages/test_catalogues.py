"""The catalogues hold what screens say: all of it, nothing else, and no markup."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import msgspec
import pytest
from jinja2 import Environment

from console.languages import catalogues, extracting
from console.languages.readers import SPANISH, TAGS
from console.languages.words import Words, as_kept, plural

OTHERS = sorted(TAGS.keys() - {SPANISH})
PLACEHOLDER = re.compile(r"%\(\w+\)s|\{\w*\}")


@pytest.mark.parametrize("language", OTHERS)
def test_everything_that_whole_pages_say_is_translated_and_nothing_else(language: str) -> None:
    wanted = extracting.by_room()

    assert catalogues.rooms(language) == sorted(wanted), "run: python -m console.languages"
    for room in catalogues.rooms(language):
        held = [message for message in catalogues.catalogue(language, room) if message.id]
        assert {message.id for message in held} == wanted[room].keys(), "run: python -m console.languages"
        assert [message.id for message in held if not extracting.is_said(message)] == []


@pytest.mark.parametrize("language", OTHERS)
def test_what_two_rooms_say_is_said_in_the_same_words(language: str) -> None:
    said: dict[object, set[object]] = {}
    for room in catalogues.rooms(language):
        for message in catalogues.catalogue(language, room):
            if message.id:
                said.setdefault(message.id, set()).add(message.string)

    assert {text: forms for text, forms in said.items() if len(forms) > 1} == {}


@pytest.mark.parametrize(
    ("file", "room"),
    [
        ("templates/layout.html", "frame"),
        ("shortcuts.py", "frame"),
        ("templates/inbox/_row.html", "inbox"),
        ("inbox/tags.py", "inbox"),
        ("settings_pages/language.py", "settings"),
    ],
)
def test_each_room_has_a_catalogue_of_its_own(file: str, room: str) -> None:
    assert extracting.room_of(file) == room


@pytest.mark.parametrize("language", OTHERS)
def test_translations_keep_placeholders_and_the_space_around_and_hold_no_markup(language: str) -> None:
    for message in [one for room in catalogues.rooms(language) for one in catalogues.catalogue(language, room)]:
        if not message.id:
            continue
        assert "fuzzy" not in message.flags, message.id
        many = message.id[-1] if isinstance(message.id, tuple) else str(message.id)
        forms = message.string if isinstance(message.string, tuple) else (str(message.string),)
        for said in forms:
            # A form for one alone need not say the number.
            lacking = Counter(PLACEHOLDER.findall(many)) - Counter(PLACEHOLDER.findall(said))
            assert not lacking or (said is forms[0] and len(forms) > 1), message.id
            assert not Counter(PLACEHOLDER.findall(said)) - Counter(PLACEHOLDER.findall(many)), message.id
            assert said == said.strip(), message.id
            assert not re.search(r"[<>]|&\w+;", said), message.id


def test_only_words_of_ours_are_said_never_a_name_that_equals_them() -> None:
    assert catalogues.said(Words("Cartera"), "en") == "Portfolio"
    assert catalogues.said("Cartera", "en") == "Cartera"
    assert catalogues.said(Words("Cartera"), "es") == "Cartera"


def test_words_that_no_catalogue_has_stay_spanish() -> None:
    assert catalogues.said(Words("Algo que nadie tradujo"), "pt") == "Algo que nadie tradujo"


def test_a_sentence_keeps_what_is_computed_in_it() -> None:
    sentence = Words("{whose} Cartera", whose="Cartera")

    assert sentence == "Cartera Cartera"
    assert catalogues.said(sentence, "pt") == "Cartera Cartera"
    assert catalogues.said(Words("{label}: {name}", label=Words("Cartera"), name="Cartera"), "en") == (
        "Portfolio: Cartera"
    )


def test_braces_that_a_person_typed_are_no_blanks() -> None:
    assert catalogues.said(Words("{name}", name="{0} {name} {"), "en") == "{0} {name} {"
    assert catalogues.said(Words("{"), "en") == "{"


def test_words_are_kept_as_text() -> None:
    sentence = Words("Hasta {most}", most=3)

    assert msgspec.json.encode({"why": sentence}, enc_hook=as_kept) == b'{"why":"Hasta 3"}'
    with pytest.raises(TypeError):
        msgspec.json.encode({"why": object()}, enc_hook=as_kept)


@pytest.mark.parametrize(("count", "words"), [(0, "0 cosas"), (1, "1 cosa"), (2, "2 cosas")])
def test_what_is_counted_has_its_plural(count: int, words: str) -> None:
    assert plural("{n} cosa", "{n} cosas", n=count) == words
    assert catalogues.said(plural("{n} cosa", "{n} cosas", n=count), "en") == words


@pytest.mark.parametrize("language", ["es", "en"])
def test_templates_say_what_they_compute_and_escape_it(language: str) -> None:
    environment = Environment(autoescape=True, extensions=["jinja2.ext.i18n"])
    catalogues.give(environment, language)
    template = environment.from_string(
        "<b title='{{ _(\"L'eau\") }}'>{{ label }} {{ name }}</b> {{ _('Cartera') if yes }} "
        "{% trans n=n %}{{ n }} <día>{% pluralize %}\n  {{ n }} <días>\n{% endtrans %}"
    )

    said = template.render(label=Words("Cartera"), name="<Cartera>", yes=True, n=2)

    ours = catalogues.said(Words("Cartera"), language)
    assert said == f"<b title='L&#39;eau'>{ours} &lt;Cartera&gt;</b> {ours} 2 &lt;días&gt;"


def test_what_templates_compute_and_what_they_count_is_for_the_catalogues(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(
        "<p>Uno {{ _('Dos') if yes else _('Tres') }}</p>"
        "{% trans n=n %}{{ n }} día{% pluralize %}{{ n }} días{% endtrans %} y <b>más</b>",
        encoding="utf-8",
    )

    assert extracting.words_of(page) == ["Uno", "y", "más", "Dos", "Tres", ("%(n)s día", "%(n)s días")]


def test_what_python_gives_is_for_the_catalogues(tmp_path: Path) -> None:
    code = tmp_path / "code.py"
    code.write_text(
        'LABELS = (Words("Uno " "y dos"), Words("Tres" if yes else "Cuatro"), plural("{n} día", "{n} días", n=3))\n'
        'raise Refused(422, Words("No {what}", what=name), code="no")\n',
        encoding="utf-8",
    )

    assert set(extracting.marked(code)) == {"Uno y dos", "Tres", "Cuatro", ("{n} día", "{n} días"), "No {what}"}


def test_the_classes_of_a_page_are_not_words() -> None:
    assert "sign-in" not in extracting.words()
