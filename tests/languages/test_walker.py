"""What of a template is words, and what is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.languages.walker import Walker

PIECES = st.lists(
    st.sampled_from(
        [
            "<p>", "</p>", '<b title="', "\" class='", "' hidden", ">", "<br>", "Guardar ", " y  seguir\n", "&amp; más",
            "&nbsp;", "<script>", "</script>", "if (a < b) x", "<style>", "</style>", "<!--", "-->", "5 < 6", "<",
            "aria-label=", '"', "'", "=", "<kbd>Ctrl</kbd>", "«é»",
        ]
    )
    | st.text(max_size=8),
    max_size=20,
)  # fmt: skip


def shout(html: str, *more: str) -> str:
    walker = Walker(str.upper)
    return "".join(walker.walk(piece) for piece in (html, *more))


@given(pieces=PIECES)
def test_what_is_said_as_it_is_stays_as_it_is_to_the_byte(pieces: list[str]) -> None:
    walker = Walker(str)

    assert [walker.walk(piece) for piece in pieces] == pieces


@given(inside=st.text(st.characters(exclude_characters="<", exclude_categories=["Cs"])))
@pytest.mark.parametrize("element", ["script", "style", "kbd", "code"])
def test_what_programs_read_is_never_touched(element: str, inside: str) -> None:
    html = f"<{element} class='x'>{inside}</{element}>"

    assert shout(html) == html


@given(said=st.text(min_size=1), around=st.sampled_from(['<b title="{}">', "<b title='{}'>", "<p>{}</p>"]))
def test_no_translation_can_become_markup(said: str, around: str) -> None:
    html = Walker(lambda _words: said).walk(around.format("Hola"))

    inside = html.removeprefix(around.partition("{}")[0]).removesuffix(around.partition("{}")[2])
    assert said == "Hola" or not set("<>\"'") & set(inside)


def test_text_is_words_and_so_are_the_attributes_that_people_meet() -> None:
    html = '<a href="/hola" class="ib" title="Ver" aria-label="Ver todo" data-act="ver">Ver <b>más</b></a>'

    assert (
        shout(html) == '<a href="/hola" class="ib" title="VER" aria-label="VER TODO" data-act="ver">VER <b>MÁS</b></a>'
    )


def test_words_for_scripts_stand_in_attributes_of_their_own() -> None:
    assert shout('<button data-say-hide="ocultar" data-hide="x">') == '<button data-say-hide="OCULTAR" data-hide="x">'


def test_what_is_computed_may_stand_in_the_middle_of_an_attribute() -> None:
    assert shout('<b title="cuenta: ', ', agente" class="a ', ' b">sí') == '<b title="CUENTA: , AGENTE" class="a  b">SÍ'


def test_spaces_around_words_stay_and_those_within_are_one() -> None:
    said = {"uno dos": "one two"}

    assert Walker(said.__getitem__).walk("<p>\n  uno\n  dos </p>") == "<p>\n  one two </p>"


def test_entities_are_read_as_the_letters_they_are_and_written_safely() -> None:
    said = {"Pagos & más": "A & <B>"}

    assert Walker(said.__getitem__).walk("Pagos &amp; más") == "A &amp; &lt;B&gt;"


def test_what_has_no_letter_is_not_asked_about() -> None:
    assert Walker(lambda _words: pytest.fail("asked")).walk("<b> · 12 &nbsp;…</b>") == "<b> · 12 &nbsp;…</b>"


def test_a_macro_that_is_called_inside_a_tag_has_attributes_and_no_words() -> None:
    assert shout(' aria-invalid="true" aria-describedby="', '-words" title="Ver"') == (
        ' aria-invalid="true" aria-describedby="-words" title="VER"'
    )
    assert shout('a="b" es una cuenta') == 'a="b" es una cuenta'
