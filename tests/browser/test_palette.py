"""The palette: one key from anywhere to a person, a view, a page or an action; and letters that stay letters."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.house import House, NewPage, bubble
from tests.browser.test_promises import RULES


def opened(page: Page) -> None:
    page.keyboard.press("Control+k")
    expect(page.get_by_role("dialog", name="Ir o hacer")).to_be_visible()


def test_from_one_field_to_anywhere(house: House, new_page: NewPage) -> None:
    debtor = house.debtor("Zenobia Larrañaga")
    debtor.write("Buenos días")
    page = house.enter(new_page, "rosa")
    expect(debtor.row(page)).to_be_visible()
    palette = page.get_by_role("dialog", name="Ir o hacer")

    opened(page)
    expect(palette.get_by_role("option", name="Respuestas rápidas /")).to_have_count(0)
    page.keyboard.type("zenobia larranaga")
    expect(palette.get_by_role("option")).to_have_count(1)
    assert not [each["id"] for each in Axe().run(page, options=RULES).response["violations"]]
    page.keyboard.press("Enter")
    expect(page.locator("#pane .head h2")).to_have_text("Zenobia Larrañaga")

    # What one does with a conversation is there once one is open; from inside a text, too.
    page.keyboard.press("r")
    page.keyboard.type("hola")
    opened(page)
    page.keyboard.type("nota")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Nota interna")).to_have_attribute("aria-pressed", "true")
    opened(page)
    page.keyboard.type("sin asig")
    page.keyboard.press("Enter")
    expect(page.locator("#list header h2")).to_have_text("Sin asignar")
    opened(page)
    page.keyboard.type("tipificaciones")
    expect(palette.get_by_role("option", name="Tipificaciones")).to_be_visible()
    page.keyboard.press("Enter")
    page.wait_for_url("**/settings/dispositions")
    # The quiet pages have it as well.
    opened(page)
    page.keyboard.type("cartera")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    page.wait_for_url("**/portfolio")


def test_letters_of_other_keyboards_and_of_a_text_are_letters(house: House, new_page: NewPage) -> None:
    debtor = house.debtor()
    debtor.write()
    page = house.enter(new_page, "ana")
    debtor.open(page)
    composer = page.get_by_role("textbox", name="Mensaje para")
    page.keyboard.press("r")
    page.keyboard.type("jkrntpcdblmeqfx?")
    expect(composer).to_have_value("jkrntpcdblmeqfx?")
    # AltGr is Ctrl and Alt at once where somebody writes @ or ł with it.
    page.keyboard.press("Escape")
    page.keyboard.press("Control+Alt+k")
    page.evaluate(
        """document.activeElement.dispatchEvent(new KeyboardEvent('keydown',
          { key: 'k', ctrlKey: true, altKey: true, modifierAltGraph: true, bubbles: true, cancelable: true }))"""
    )
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Atajos de teclado")).to_contain_text("Plan de pagos (convenio)")
    page.keyboard.press("Escape")
    page.keyboard.press("r")
    page.keyboard.press("Enter")
    expect(bubble(page, "jkrntpcdblmeqfx?")).to_be_visible()
