"""The portfolio and its settings in a browser: found, read and changed at every size, by keyboard alone."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.house import House, NewPage
from tests.browser.test_debts import serious, shot
from tests.browser.test_looks import COVERED, STICKING_OUT

SIZES = [(1440, "light"), (1440, "dark"), (1024, "light"), (390, "light"), (390, "dark")]


@pytest.mark.parametrize(("width", "scheme"), SIZES)
def test_a_debt_is_found_and_read_whole(house: House, new_page: NewPage, width: int, scheme: str) -> None:
    debtor = house.debtor(f"Ñusta Quispe {width} {scheme}")
    debtor.write("Buenos días")
    debtor.owes(123456, days=75, external_id=f"PR-{width}-{scheme}")
    page = house.enter(new_page, "rosa", "/portfolio", viewport={"width": width, "height": 900}, color_scheme=scheme)
    assert serious(page) == []
    assert page.evaluate(STICKING_OUT) == []

    page.get_by_label("Buscar", exact=True).fill(f"nusta quispe {width} {scheme}"[:18])
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name=debtor.name)).to_be_visible()
    shot(page, f"portfolio-{width}-{scheme}")
    assert serious(page) == []
    page.get_by_role("link", name=debtor.name).click()

    expect(page.get_by_role("heading", level=1)).to_have_text(debtor.name)
    expect(page.locator("main")).to_contain_text("75 días de atraso")
    expect(page.locator("main")).to_contain_text("1,234.56")
    shot(page, f"debtor-{width}-{scheme}")
    assert serious(page) == []
    assert page.evaluate(STICKING_OUT) == []
    assert page.evaluate(COVERED) == []
    page.get_by_role("link", name="Abrir la conversación").click()
    expect(page.locator("#pane .head h2")).to_have_text(debtor.name)
    if width >= 1280:
        page.locator("#pane .owed .account h3 a").click()
        expect(page).to_have_url(re.compile(r"/portfolio/debtors/\d+#account-\d+"))


@pytest.mark.parametrize(("width", "scheme"), SIZES)
@pytest.mark.parametrize("room", ["tags", "portfolio"])
def test_settings_are_for_everybodys_eyes_and_fingers(
    house: House, new_page: NewPage, room: str, width: int, scheme: str
) -> None:
    page = house.enter(
        new_page, "rosa", f"/settings/{room}", viewport={"width": width, "height": 900}, color_scheme=scheme
    )

    expect(page.get_by_role("heading", level=1)).to_be_visible()
    shot(page, f"settings-{room}-{width}-{scheme}")
    assert serious(page) == []
    assert page.evaluate(STICKING_OUT) == []
    assert page.evaluate(COVERED) == []


@pytest.mark.complaints("409", "422")
def test_a_tag_is_made_changed_and_retired_on_its_page(house: House, new_page: NewPage) -> None:
    page = house.enter(new_page, "rosa", "/settings/tags")
    form = page.locator(".sheet-body > form")
    form.get_by_label("Nombre").fill("Disputa")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("es un estado de cuenta")
    form.get_by_label("Nombre").fill("Prefiere las mañanas")
    form.get_by_label("Color").select_option(label="Azul")
    form.get_by_role("button", name="Crear").click()
    line = page.locator(".cards li", has_text="Prefiere las mañanas")
    expect(line.locator(".tag.c-blue")).to_be_visible()

    line.locator("summary").click()
    line.get_by_label("Qué significa").fill("Llamar antes de las 11")
    line.get_by_role("button", name="Guardar").click()
    expect(line).to_contain_text("Llamar antes de las 11")
    shot(page, "settings-tags-some")
    assert serious(page) == []
    line.get_by_role("button", name="Retirar").click()
    expect(line).to_contain_text("Retirada")


@pytest.mark.complaints("422")
def test_rules_are_changed_and_what_is_wrong_is_named(house: House, new_page: NewPage) -> None:
    page = house.enter(new_page, "elena", "/settings/portfolio")
    page.get_by_label("Gracia antes de darla por rota").fill("99")
    page.get_by_role("button", name="Guardar las reglas").click()
    expect(page.get_by_role("alert").first).to_contain_text("Gracia antes de darla por rota: escriba de 0 a 30.")
    assert serious(page) == []
    page.get_by_label("Gracia antes de darla por rota").fill("2")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").first).to_contain_text("Reglas guardadas")
    expect(page.get_by_label("Gracia antes de darla por rota")).to_have_value("2")
