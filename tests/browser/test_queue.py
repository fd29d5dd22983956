"""One's own state, and handing a conversation on with a note, by keyboard."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.house import House, NewPage, bubble, send


def test_pausing_shows_at_once_on_all_of_ones_screens(house: House, new_page: NewPage) -> None:
    one, other = house.enter(new_page, "luz"), house.enter(new_page, "luz")
    for page in (one, other):
        expect(page.locator("#own-state summary b")).to_have_text("Disponible")

    one.locator("#own-state summary").click()
    one.get_by_role("button", name="Refrigerio").click()

    for page in (one, other):
        expect(page.locator("#own-state summary b")).to_have_text("Refrigerio")
        expect(page.locator("#own-state summary small")).to_contain_text("hasta")
    other.locator("#own-state summary").click()
    other.get_by_role("button", name="Disponible", exact=True).click()
    expect(one.locator("#own-state summary b")).to_have_text("Disponible")


def test_handing_on_with_a_note_by_keyboard(house: House, new_page: NewPage, page: Page) -> None:
    debtor = house.debtor()
    debtor.write("Quiero hablar con Luz")
    house.let_in(page, "ana")
    page.goto(f"{house.address}/inbox?view=all")
    debtor.open(page)
    expect(send(page, "Le paso con ella")).to_be_visible()
    hers = house.enter(new_page, "luz", "/inbox?view=mine")
    keys = page.keyboard
    keys.press("Escape")

    keys.press("w")
    expect(page.get_by_label("A quién")).to_be_focused()
    page.get_by_label("A quién").select_option(label=_option(page, "Luz Paredes"))
    keys.press("Tab")
    keys.type("Pidió por usted; ya se identificó")
    keys.press("Control+Enter")

    expect(page.locator("#deed")).to_be_hidden()
    expect(debtor.row(hers)).to_have_class("row unread")
    debtor.open(hers)
    expect(bubble(hers, "Pidió por usted; ya se identificó")).to_be_visible()
    expect(hers.locator("#pane .head .cut")).to_have_text("Luz Paredes")


def _option(page: Page, name: str) -> str:
    return page.locator("#deed option", has_text=name).inner_text()
