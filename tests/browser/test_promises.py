"""A promise in two keys: what the debtor wrote fills the form, and the panel, the list and the thread know."""

from __future__ import annotations

import os
import re
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from console import clock
from console.render import weekday
from tests.browser.house import Debtor, House, NewPage, bubble

LIMA = ZoneInfo("America/Lima")
LAPTOP = 1000
RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]}}


def a_promiser(house: House, new_page: NewPage, words: str, **options: Any) -> tuple[Debtor, Page]:
    """Somebody who owes S/ 412.50 and wrote `words`, open before Ana."""
    debtor = house.debtor()
    debtor.write(words)
    page = house.enter(new_page, "ana", **options)
    expect(debtor.row(page)).to_be_visible()
    debtor.owes()
    debtor.open(page)
    return debtor, page


def test_two_keys_from_a_message_to_a_promise(house: House, new_page: NewPage) -> None:
    debtor, page = a_promiser(house, new_page, "Señorita, pasado mañana le deposito S/ 200")
    day = clock.now().astimezone(LIMA).date() + timedelta(days=2)

    page.keyboard.press("p")
    form = page.get_by_role("dialog", name="Registrar promesa")
    expect(form.locator("mark")).to_have_text(["pasado mañana", "S/ 200"])
    expect(form.get_by_label("Para el día")).to_have_value(day.isoformat())
    expect(form.get_by_label("Monto")).to_have_value("200.00")
    page.keyboard.press("Enter")

    expect(form).to_have_count(0)
    expect(page.locator("#toasts")).to_contain_text("Promesa registrada")
    expect(bubble(page, "anotó una promesa: S/ 200.00")).to_be_visible()
    expect(page.locator("#pane .promises")).to_contain_text(weekday(day))
    expect(page.locator("#pane .promises")).to_contain_text("faltan 2 días")
    expect(debtor.row(page)).to_contain_text("Promesa")
    assert debtor.got() == []


def test_what_was_noted_is_sent_to_be_confirmed(house: House, new_page: NewPage) -> None:
    debtor, page = a_promiser(house, new_page, "mañana pago la mitad")
    page.keyboard.press("p")
    form = page.get_by_role("dialog")
    expect(form.get_by_label("Monto")).to_have_value("206.25")
    form.get_by_label("Monto").fill("300")
    day = clock.now().astimezone(LIMA).date() + timedelta(days=1)
    words = f"Gracias, {debtor.name}. Anoté S/ 300.00 para el {weekday(day)}. ¿Es correcto?"
    expect(form.get_by_label("Se le enviará")).to_have_value(re.compile(re.escape(words).replace(r"S/\ ", r"S/\s")))
    page.keyboard.press("Control+Enter")

    expect(bubble(page, "¿Es correcto?")).to_contain_text("entregado")
    assert [text.replace("\xa0", " ") for text in debtor.got()] == [words]


@pytest.mark.complaints("status of 422")
def test_a_refusal_says_why_beside_the_field_and_keeps_what_was_typed(house: House, new_page: NewPage) -> None:
    _debtor, page = a_promiser(house, new_page, "mañana le pago 5000 soles")
    page.keyboard.press("p")
    form = page.get_by_role("dialog")
    expect(form.get_by_label("Monto")).to_have_value("5000.00")
    page.keyboard.press("Enter")
    expect(form.get_by_role("alert")).to_have_text("Prometió más de lo que debe. Si es así, confírmelo.")
    expect(form.get_by_label("Monto")).to_have_value("5000.00")
    form.get_by_label("Monto").fill("doscientos")
    page.keyboard.press("Enter")
    expect(form.get_by_role("alert")).to_contain_text("no es un monto")
    page.keyboard.press("Escape")
    expect(form).to_have_count(0)
    expect(page.locator("#pane .promises")).not_to_contain_text("5")


def test_it_is_changed_and_cancelled_with_a_reason(house: House, new_page: NewPage) -> None:
    _debtor, page = a_promiser(house, new_page, "mañana pago 100")
    page.keyboard.press("p")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Enter")
    promises = page.locator("#pane .promises")
    expect(promises).to_contain_text("vence mañana")

    promises.get_by_role("button", name="Cambiar").click()
    form = page.get_by_role("dialog", name="Cambiar la promesa")
    expect(form).to_contain_text("Reemplaza a la de S/ 100.00")
    form.get_by_label("Monto").fill("150")
    form.get_by_label("Para el día").fill(clock.now().astimezone(LIMA).date().isoformat())
    page.keyboard.press("Enter")
    expect(promises).to_contain_text("vence hoy")
    expect(promises).to_contain_text("150.00")

    promises.get_by_role("button", name="Anular").click()
    expect(page.get_by_role("dialog").get_by_role("textbox")).to_be_focused()
    page.keyboard.type("Se anotó en otra persona")
    page.keyboard.press("Enter")
    expect(promises).not_to_contain_text("vence hoy")
    expect(bubble(page, "anuló la promesa")).to_be_visible()


def test_a_promise_whose_message_was_changed_is_in_doubt_on_every_screen(night: House, new_page: NewPage) -> None:
    """People attend, and the bot listens: the open thread and its panel say so at once."""
    for scheme, width in (("light", 1440), ("dark", 1440), ("light", 390), ("dark", 390)):
        size = {"width": width, "height": 900}
        debtor, page = a_promiser(night, new_page, "mañana pago 100", color_scheme=scheme, viewport=size)
        wrote = next(each["id"] for each in debtor.chat() if each["mine"])
        page.locator("body").press("p")
        expect(page.get_by_role("dialog")).to_be_visible()
        page.keyboard.press("Enter")
        expect(page.get_by_role("dialog")).to_have_count(0)
        expect(bubble(page, "anotó una promesa")).to_be_visible()

        debtor.do("edit", message_id=wrote, text="mañana no voy a poder")

        doubt = page.locator("#pane .promises .agreed .hint", has_text="en duda")
        expect(doubt).to_have_count(1)
        if width < LAPTOP:
            page.get_by_role("button", name="Ficha del contacto").click()
        expect(doubt).to_be_visible()
        doubt.scroll_into_view_if_needed()
        expect(doubt).to_contain_text("Confírmela con ella")
        if folder := os.environ.get("ALDIA_PICTURES"):
            page.screenshot(path=Path(folder) / f"doubt-{scheme}-{width}.png")
        found = Axe().run(page, options=RULES)
        assert found.violations_count == 0, found.generate_report()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_stranger_has_nothing_to_promise(house: House, new_page: NewPage) -> None:
    debtor = house.debtor()
    debtor.write("mañana pago 100")
    page = house.enter(new_page, "ana")
    debtor.open(page)
    expect(page.locator("#pane .promises")).to_have_count(0)


def test_the_form_can_be_used_by_everybody(house: House, new_page: NewPage) -> None:
    for scheme, width in (("light", 1440), ("dark", 1440), ("light", 390), ("dark", 390)):
        size = {"width": width, "height": 844}
        _debtor, page = a_promiser(house, new_page, "el viernes pago 200", color_scheme=scheme, viewport=size)
        page.locator("body").press("p")
        expect(page.get_by_role("dialog")).to_be_visible()
        found = Axe().run(page, options=RULES)
        assert found.violations_count == 0, found.generate_report()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
