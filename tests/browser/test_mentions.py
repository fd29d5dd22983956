"""Mentioning a colleague by keyboard alone: `@`, a few letters, Enter; and the colleague finds it by keyboard too."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.house import House, NewPage
from tests.browser.test_notices import LISTEN, rang
from tests.browser.test_promises import RULES


@pytest.mark.timeout(150)  # two people, and axe, on a busy machine
def test_from_an_at_sign_to_the_colleague_who_reads_it(house: House, new_page: NewPage) -> None:
    debtor, other = house.debtor(), house.debtor()
    debtor.write()
    other.write()
    luz = house.enter(new_page, "luz", "/inbox?view=unassigned")
    expect(other.row(luz)).to_be_visible()
    luz.wait_for_load_state("networkidle")
    luz.evaluate(LISTEN)
    ana = house.enter(new_page, "ana")
    debtor.open(ana)

    # In an answer it is a letter like any other, and inside of an address it is one in a note too.
    ana.keyboard.press("r")
    box = ana.get_by_role("textbox", name="Mensaje para")
    picker = ana.get_by_role("group", name="Mencionar a un colega")
    ana.keyboard.type("@")
    expect(box).to_have_value("@")
    ana.keyboard.press("Backspace")
    ana.keyboard.press("Escape")
    ana.keyboard.press("n")
    ana.keyboard.type("luz@andes.example ")
    expect(picker).to_have_count(0)
    ana.keyboard.type("@")
    expect(picker.get_by_role("option")).not_to_have_count(0)
    expect(picker.get_by_role("option", name="Beto")).to_have_count(0)
    expect(picker.get_by_role("combobox")).to_be_focused()
    assert not [each["id"] for each in Axe().run(ana, options=RULES).response["violations"]]
    ana.keyboard.press("Escape")
    expect(picker).to_be_hidden()
    expect(box).to_be_focused()
    expect(box).to_have_value("luz@andes.example @")
    ana.keyboard.press("Backspace")
    ana.keyboard.type("@")
    expect(picker).to_be_visible()
    ana.keyboard.type("páred")
    expect(picker.get_by_role("option")).to_have_count(1)
    ana.keyboard.press("Enter")
    expect(box).to_be_focused()
    ana.keyboard.type("¿se puede?")
    expect(box).to_have_value("luz@andes.example @Luz Paredes ¿se puede?")
    ana.keyboard.press("Enter")
    expect(ana.locator(".entry.note mark.mention")).to_have_text("@Luz Paredes")

    # Whoever is mentioned hears of it wherever they are, and goes there with two keys.
    rang(luz, "mention")
    number = luz.locator("[data-count=mentions]")
    expect(number).to_have_text("1")
    luz.locator("#main").focus()
    luz.keyboard.press("g")
    luz.keyboard.press("m")
    expect(debtor.row(luz).locator(".named")).to_be_visible()
    expect(other.row(luz)).to_have_count(0)
    luz.keyboard.press("j")
    luz.keyboard.press("Enter")
    expect(luz.locator(".entry.note mark.mention")).to_be_visible()
    expect(number).to_have_text("0")
    expect(debtor.row(luz)).to_be_visible()
    expect(debtor.row(luz).locator(".named")).to_have_count(0)


@pytest.mark.timeout(150)
def test_the_note_of_a_transfer_calls_a_colleague_from_the_same_list(house: House, new_page: NewPage) -> None:
    debtor = house.debtor()
    debtor.write()
    ana = house.enter(new_page, "ana")
    debtor.open(ana)
    ana.keyboard.press("m")
    expect(ana.locator("#pane .head [data-deed$='/transfer']")).to_be_attached()
    ana.keyboard.press("w")
    layer = ana.get_by_role("dialog", name="Transferir la conversación")
    layer.get_by_label("A quién").select_option(label=None, index=1)
    note = layer.get_by_label("Nota para quien la recibe")
    picker = layer.get_by_role("group", name="Mencionar a un colega")

    note.focus()
    ana.keyboard.type("Sigue tú, @")
    expect(picker.get_by_role("combobox")).to_be_focused()
    expect(picker.get_by_role("option", name="Beto")).to_have_count(0)
    assert not [each["id"] for each in Axe().run(ana, options=RULES).response["violations"]]
    # Esc leaves the list alone, and the layer open; nobody found sends nothing.
    ana.keyboard.press("Escape")
    expect(picker).to_be_hidden()
    expect(note).to_be_focused()
    ana.keyboard.press("Backspace")
    ana.keyboard.type("@")
    expect(picker.get_by_role("combobox")).to_be_focused()
    ana.keyboard.type("zzz")
    ana.keyboard.press("Enter")
    expect(layer).to_be_visible()
    for _ in "zzz":
        ana.keyboard.press("Backspace")
    ana.keyboard.type("páred")
    expect(picker.get_by_role("option")).to_have_count(1)
    ana.keyboard.press("Enter")
    expect(note).to_be_focused()
    expect(note).to_have_value("Sigue tú, @Luz Paredes ")
    expect(layer.locator("input[name=mentions]")).not_to_have_value("")
    ana.keyboard.type("ella sabe")
    ana.keyboard.press("Control+Enter")
    expect(layer).to_have_count(0)
    expect(ana.locator(".entry.note mark.mention")).to_have_text("@Luz Paredes")
