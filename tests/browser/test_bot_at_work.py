"""The bot at work, watched: dialogues come in by themselves, are replayed, labelled, and taken with one key."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.house import House, NewPage
from tests.browser.test_bot_pages import wide_enough
from tests.browser.test_craft import fine
from tests.patience import eventually_now

# A product of its own starts, with its simulator, and two people look at it.
pytestmark = pytest.mark.timeout(180)
STRANGE = "ustedes son los de la moto?"
STRANGER = "y el perro de la moto?"


def at_step(page: Page, number: int) -> None:
    expect(page.get_by_role("navigation", name="Pasos").get_by_role("status")).to_contain_text(f"Paso {number} de ")
    expect(page.locator(f"#step-{number}[aria-current=step]")).to_have_count(1)


def test_a_dialogue_is_watched_replayed_and_taken_by_keyboard_alone(night: House, new_page: NewPage) -> None:
    debtor = night.debtor("María Fernanda Ccori de la Cruz y Villavicencio-Huamanchumo")
    debtor.owes(document=("DNI", "45127304"), birth_year=1991)
    page = night.enter(new_page, "rosa", "/bot")
    expect(page.locator("#bot-sessions")).to_contain_text("no conversa con nadie")

    debtor.write("Buenas noches cuanto debo")
    expect(page.locator("#replay h2")).to_have_text(debtor.name)  # nobody has touched the page
    debtor.write("7304 1991")
    expect(page.locator("#step-2")).to_contain_text("Confirmó la identidad")
    at_step(page, 1)
    page.keyboard.press("ArrowRight")
    at_step(page, 2)
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    at_step(page, 1)
    page.get_by_role("link", name="Paso siguiente").press("Enter")
    at_step(page, 2)

    debtor.write(STRANGE)
    expect(page.locator("#step-3")).to_contain_text(STRANGE)
    at_step(page, 2)  # what is looked at stays
    page.reload()
    at_step(page, 2)
    page.keyboard.press("l")
    phrase = page.locator("#bot-phrases summary").first
    expect(phrase).to_be_focused()
    page.keyboard.press("Enter")  # nothing is chosen yet
    expect(page.locator("#toasts")).to_contain_text("Elija qué quiso decir")
    page.keyboard.press("s")
    page.keyboard.press("0")  # none of them takes the others away
    page.keyboard.press("h")
    expect(page.locator("#bot-phrases :checked")).to_have_count(1)
    debtor.write(STRANGER)
    expect(page.locator("#bot-phrases summary")).to_have_count(2)  # it came in by itself
    expect(page.locator("#bot-phrases details[open]")).to_contain_text(STRANGE)
    expect(page.locator("#bot-phrases details[open] summary")).to_be_focused()
    expect(page.locator("#bot-phrases :checked")).to_have_count(1)
    fine(page, "bot-labelling")
    page.keyboard.press("Enter")
    expect(page.locator("#bot-phrases")).to_contain_text("1 etiquetada")
    expect(page.locator("#bot-phrases summary:focus")).to_contain_text(STRANGER)
    page.keyboard.press("0")
    page.keyboard.press("Enter")
    expect(page.locator("#bot-phrases")).to_contain_text("2 etiquetadas")
    expect(page.locator("#phrases-title")).to_be_focused()
    page.keyboard.press("?")
    expect(page.locator("#help")).to_contain_text("Al etiquetar frases")
    page.keyboard.press("Escape")

    page.get_by_role("button", name=re.compile("Pausar 1 h en Cobranza")).press("Enter")
    expect(page.locator(".bot-teams")).to_contain_text("en pausa hasta")
    page.get_by_role("button", name=re.compile("Reanudar en Cobranza")).press("Enter")
    expect(page.locator(".bot-teams")).to_contain_text("atiende")

    for scheme, width in (("light", 1440), ("dark", 1024), ("light", 390), ("dark", 390)):
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        page.set_viewport_size({"width": width, "height": 900})
        wide_enough(page)
        fine(page, f"bot-at-work-{scheme}-{width}")

    page.keyboard.press("j")
    expect(page.locator("#bot-sessions a").first).to_be_focused()
    page.keyboard.press("m")
    expect(page).to_have_url(re.compile(r"/inbox/\d+$"))
    expect(page.locator("#pane .head .acts")).to_contain_text("Rosa Vega")


def test_all_that_was_not_grasped_has_a_page_where_it_is_labelled_and_what_to_do_with_it(
    night: House, new_page: NewPage
) -> None:
    debtor = night.debtor()
    page = night.enter(new_page, "rosa", "/bot")
    for number, words in enumerate((STRANGE, STRANGER), 1):
        debtor.write(words)
        expect(page.locator("#bot-phrases summary")).to_have_count(number)
    page.locator("#bot-phrases").get_by_role("link", name="Ver todas").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Frases")
    expect(page.locator("#training")).to_contain_text("Cuando haya frases etiquetadas")

    page.keyboard.press("l")
    expect(page.locator("#bot-phrases summary:focus")).to_contain_text(STRANGER)
    page.keyboard.press("0")
    page.keyboard.press("Enter")
    expect(page.locator("#bot-phrases summary")).to_have_count(1)
    expect(page.locator("#bot-phrases summary:focus")).to_contain_text(STRANGE)

    page.reload()
    expect(page.locator("#training")).to_contain_text("1 frase etiquetada por personas")
    expect(page.locator("#training")).to_contain_text("make train")
    expect(page.get_by_role("link", name="Descargar frases.tsv")).to_be_visible()
    for scheme, width in (("light", 1440), ("dark", 1024), ("light", 390)):
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        page.set_viewport_size({"width": width, "height": 900})
        wide_enough(page)
        fine(page, f"bot-phrases-{scheme}-{width}")


def test_what_the_bot_holds_is_taken_with_the_same_key_in_the_thread(night: House, new_page: NewPage) -> None:
    debtor = night.debtor()
    page = night.enter(new_page, "ana")
    debtor.write("Buenas noches")
    debtor.open(page)
    expect(page.get_by_role("button", name="Tomar")).to_be_visible()

    page.locator("#pane .composer textarea").fill("")
    page.keyboard.press("m")  # a letter, while writing
    expect(page.get_by_role("button", name="Tomar")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("m")

    expect(page.locator("#pane .head .acts")).to_contain_text("Ana Ríos")
    expect(page.get_by_role("button", name="Tomar")).to_have_count(0)


def test_what_it_left_to_people_opens_from_the_inbox(night: House, new_page: NewPage) -> None:
    debtor = night.debtor("María Fernanda Ccori de la Cruz y Villavicencio-Huamanchumo")
    page = night.enter(new_page, "ana")
    page.get_by_role("link", name="Lo que dejó el bot").press("Enter")
    expect(page.locator("main")).to_contain_text("Nadie espera por el bot")
    fine(page, "bot-morning-empty")

    debtor.write("ya no quiero vivir")
    eventually_now(lambda: any("importa mucho" in text for text in debtor.got()), within=20)
    page.reload()
    for scheme, width in (("light", 1440), ("dark", 1024), ("light", 390)):
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        page.set_viewport_size({"width": width, "height": 900})
        wide_enough(page)
        fine(page, f"bot-morning-{scheme}-{width}")
    page.set_viewport_size({"width": 1440, "height": 900})
    page.get_by_role("link", name=debtor.name).press("Enter")
    expect(page.locator("#pane .head h2")).to_have_text(debtor.name)


def test_the_deeds_beside_a_conversation_that_the_bot_holds_never_cover_whose_it_is(
    night: House, new_page: NewPage
) -> None:
    debtor = night.debtor("Elsa Ramos")
    debtor.owes(days=45)
    page = night.enter(new_page, "rosa")
    debtor.write("Buenas noches")
    debtor.open(page)
    expect(page.get_by_role("button", name="Tomar")).to_be_visible()
    for width in (1440, 1280, 1180, 1024):
        page.set_viewport_size({"width": width, "height": 800})
        name, tag, deeds = page.evaluate(
            """() => ['.name h2', '.name .tag', '.acts'].map(
                (what) => document.querySelector(`#pane .head ${what}`).getBoundingClientRect()
            ).map((box) => ({left: box.left, right: box.right}))"""
        )
        assert max(name["right"], tag["right"]) <= deeds["left"], width
