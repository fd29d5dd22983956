"""The page that says how long things are kept: tried before it is saved, with the keyboard, at any size."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.house import House, NewPage
from tests.browser.test_debts import serious, shot
from tests.browser.test_looks import STICKING_OUT


@pytest.mark.complaints("422")
def test_a_rule_is_tried_then_saved(house: House, new_page: NewPage) -> None:
    page = house.enter(new_page, "elena", "/settings/retention")
    expect(page.locator("main")).to_contain_text("no se borra nada")
    page.get_by_label("Mensajes, nombres y números").fill("6")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("de 24 a 240 meses")
    expect(page.get_by_label("Mensajes, nombres y números")).to_have_value("6")
    shot(page, "retention-refused")
    assert serious(page) == []

    page.get_by_label("Mensajes, nombres y números").fill("60")
    page.get_by_role("button", name="Ver qué se borraría").press("Enter")
    expect(page.locator("main")).to_contain_text("todavía sin guardar, hoy se borrarían 0 mensajes de 0 personas")
    expect(page.get_by_label("Mensajes, nombres y números")).to_have_value("60")
    page.get_by_role("button", name="Guardar la regla").press("Enter")
    expect(page.get_by_role("status").first).to_contain_text("hasta entonces puede deshacerla")
    shot(page, "retention")
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate(STICKING_OUT) == []
    assert serious(page) == []
    shot(page, "retention-phone")
