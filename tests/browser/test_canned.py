"""Canned text by keyboard alone: `/`, a few letters, Enter, and the debtor reads it with their own data in it."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, Route, expect

from tests.browser.house import Debtor, House, NewPage, bubble
from tests.browser.test_promises import RULES

BODY = "{nombre|Hola}: su saldo es {saldo}. Escríbanos a {agente}."


@pytest.mark.complaints("422")
def test_three_keys_from_a_slash_to_a_message(house: House, new_page: NewPage) -> None:
    for name, body in (("Saldo de hoy", BODY), ("Constancia", "¿Me envía la constancia?"), ("Enlace", "{enlace_pago}")):
        house.press("elena", "/settings/canned", name=name, body=body, folder="Pago", scope="all")
    debtor = house.debtor("María Ccori")
    debtor.owes(41250)
    debtor.write()
    page = house.enter(new_page, "ana")
    debtor.open(page)
    page.keyboard.press("r")
    page.keyboard.press("/")
    picker = page.get_by_role("group", name="Respuestas rápidas")
    expect(picker.get_by_text("Falta confirmar que responde el titular")).to_be_visible()
    picker.get_by_role("button", name="Responde el titular").press("Enter")
    expect(picker.get_by_text("Falta confirmar")).to_have_count(0)
    page.keyboard.type("saldó")
    expect(picker.get_by_role("option")).to_have_count(1)
    assert not [each["id"] for each in Axe().run(page, options=RULES).response["violations"]]

    with page.expect_response("**/uses"):
        page.keyboard.press("Enter")
    box = page.get_by_role("textbox", name="Mensaje para")
    expect(box).to_be_focused()
    expect(box).to_have_value("María: su saldo es S/\u00a0412.50. Escríbanos a Ana Ríos.")
    page.keyboard.press("Enter")
    expect(bubble(page, "su saldo es")).to_be_visible()

    _what_is_missing_is_selected_and_does_not_go_out(page, debtor)


def _what_is_missing_is_selected_and_does_not_go_out(page: Page, debtor: Debtor) -> None:
    box = page.get_by_role("textbox", name="Mensaje para")
    page.keyboard.press("/")
    picker = page.get_by_role("group", name="Respuestas rápidas")
    # What was used last stands first.
    expect(picker.get_by_role("option").first).to_contain_text("Saldo de hoy")
    page.keyboard.type("enlace")
    page.keyboard.press("Enter")
    expect(box).to_have_value("{enlace_pago}")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Falta completar «{enlace_pago}»")).to_be_visible()
    expect(box).to_have_value("{enlace_pago}")
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    # A slash that is meant as one, and one that is not the first letter.
    page.keyboard.press("/")
    expect(picker).to_be_visible()
    page.keyboard.press("/")
    expect(box).to_have_value("/")
    page.keyboard.type("/x")
    expect(box).to_have_value("//x")
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    page.keyboard.press("/")
    expect(picker).to_be_visible()
    page.keyboard.press("Escape")
    expect(picker).to_be_hidden()
    expect(box).to_be_focused()
    assert not [text for text in debtor.got() if "{" in text]


def test_the_page_writes_a_variable_where_the_cursor_is(house: House, new_page: NewPage) -> None:
    page = house.enter(new_page, "luz", "/settings/canned")
    fresh = page.locator("details.fresh")
    if fresh.get_attribute("open") is None:
        fresh.locator("summary").click()
    form = fresh.locator("form")
    form.get_by_label("Nombre").fill("Mi saludo")
    form.get_by_label("Texto").fill("Hola , bienvenida")
    form.get_by_label("Texto").evaluate("area => area.setSelectionRange(5, 5)")
    form.get_by_role("button", name="nombre", exact=True).click()
    expect(form.get_by_label("Texto")).to_have_value("Hola {nombre}, bienvenida")
    assert not [each["id"] for each in Axe().run(page, options=RULES).response["violations"]]
    form.get_by_role("button", name="Crear").click()
    expect(page.locator(".cards li", has_text="Mi saludo")).to_contain_text("Solo usted")


def test_who_types_faster_than_the_list_comes_finds_what_they_typed(house: House, new_page: NewPage) -> None:
    """And no Enter of theirs sends the words that were to be looked for."""
    house.press("elena", "/settings/canned", name="Zona de pago", body="Pague en el banco.", folder="Pago", scope="all")
    debtor = house.debtor()
    debtor.write()
    page = house.enter(new_page, "ana")
    debtor.open(page)
    held: list[Route] = []
    page.route("**/canned-texts", lambda route: held.append(route))  # noqa: PLW0108 Playwright marks its handlers
    box = page.get_by_role("textbox", name="Mensaje para")
    page.keyboard.press("r")
    expect(box).to_be_focused()
    with page.expect_request("**/canned-texts"):
        page.keyboard.press("/")
    page.keyboard.type("zona de pago")
    page.keyboard.press("Enter")
    expect(box).to_have_value("zona de pago")

    held[0].continue_()

    picker = page.get_by_role("group", name="Respuestas rápidas")
    expect(picker.get_by_role("option")).to_have_count(1)
    expect(box).to_have_value("")
    page.keyboard.press("Enter")
    expect(box).to_have_value("Pague en el banco.")
    assert [each for each in debtor.chat() if not each["mine"]] == []
