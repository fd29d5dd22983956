"""Keeping a list under a name, and coming back to it, with the keyboard alone."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.house import House, NewPage


def test_a_filtered_list_is_kept_and_opened_again(house: House, new_page: NewPage) -> None:
    debtor = house.debtor()
    debtor.write("Hola")
    page = house.enter(new_page, "rosa", "/inbox?view=unassigned&days_from=3001")

    page.keyboard.press("v")
    expect(page.locator("#deed input[name=name]")).to_be_focused()
    page.keyboard.type("Sin asignar, +3000 días con un nombre largo")
    page.keyboard.press("Enter")
    saved = page.locator("#saved-views a")
    expect(saved).to_have_attribute("aria-current", "true")
    expect(saved.locator("b")).to_have_text("0")

    page.keyboard.press("Escape")
    page.locator("#main").focus()
    page.keyboard.type("ga")
    expect(page.locator("#list header h2")).to_have_text("Todas")
    expect(saved).not_to_have_attribute("aria-current", "true")
    page.keyboard.type("g1")
    expect(page.locator("#list header h2")).to_have_text("Sin asignar")
    expect(page.locator(".chips .chip").first).to_contain_text("Atraso")

    page.locator("#saved-views .ib").focus()
    page.keyboard.press("Enter")
    page.locator("#deed").get_by_role("button", name="Eliminar").click()
    expect(page.locator("#saved-views")).to_be_hidden()
