"""The sign-in as a reader of another language meets it: found, chosen, and said by the scripts as well."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.house import House, NewPage
from tests.browser.test_sign_in_page import serious

ELSEWHERE = {"extra_http_headers": {"X-Forwarded-For": "192.0.2.78"}}


@pytest.mark.complaints("401", "429")
def test_who_reads_portuguese_is_answered_in_it_to_the_end(house: House, new_page: NewPage) -> None:
    page = new_page(locale="pt-BR", viewport={"width": 390, "height": 844}, **ELSEWHERE)
    page.goto(f"{house.address}/login")
    password = page.get_by_label("Senha", exact=True)
    password.fill("à vista")
    page.get_by_role("button", name="Mostrar senha").click()
    expect(page.get_by_role("button", name="Ocultar senha")).to_be_visible()
    expect(password).to_have_attribute("type", "text")

    said = page.get_by_role("alert")
    for _ in range(7):
        page.get_by_label("E-mail de trabalho").fill("ninguem@andes.example")
        password.fill("não é esta, com certeza")
        page.get_by_role("button", name="Entrar", exact=True).click()
        page.wait_for_load_state()
        if "Por segurança" in said.inner_text():
            break
    expect(said).to_contain_text(re.compile(r"aguarde 0:\d\d para tentar de novo"))
    expect(page.locator("[data-submit]")).to_have_text(re.compile(r"Entrar em 0:\d\d"))
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert serious(page) == []


def test_the_language_can_be_chosen_by_keyboard(house: House, new_page: NewPage) -> None:
    page = new_page(locale="pt-BR")
    page.goto(f"{house.address}/login?next=/inbox")
    page.get_by_role("link", name="Español").focus()
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", name="Ingrese a Al Día")).to_be_visible()
    expect(page.get_by_role("link", name="Español")).to_have_attribute("aria-current", "true")
    assert page.locator("input[name=next]").first.input_value() == "/inbox"
    assert serious(page) == []


def test_scripts_say_their_words_in_the_language_of_the_page(house: House, new_page: NewPage) -> None:
    house.press("ana", "/settings/language", language="en")
    try:
        page = house.enter(new_page, "ana", "/settings/sessions")
        page.keyboard.press("Control+k")
        page.keyboard.type("portfolio")
        expect(page.locator("#palette-list > li").first.locator("small")).to_have_text("Page")
        words = str(page.locator('script[src$="/page.js"]').get_attribute("src")).replace("page.js", "words.js")
        counted = "[1, 2].map((n) => it.ngettext('{n} mensaje nuevo', '{n} mensajes nuevos', n))"
        assert page.evaluate(f"import('{words}').then((it) => {counted})") == ["1 new message", "2 new messages"]
    finally:
        house.press("ana", "/settings/language", language="es")


@pytest.mark.parametrize("language", ["pt", "en"])
def test_no_line_of_the_list_cuts_off_an_amount_or_a_wait(house: House, new_page: NewPage, language: str) -> None:
    debtor = house.debtor()
    debtor.write()
    debtor.owes(123_456_789, days=45)
    house.press("ana", "/settings/language", language=language)
    try:
        page = house.enter(new_page, "ana", viewport={"width": 1440, "height": 900})
        expect(debtor.row(page).locator(".sum")).to_contain_text("1,234,567.89")
        outside = "list => list.filter((one) => one.scrollWidth > one.clientWidth).map((one) => one.innerText)"
        assert debtor.row(page).locator(".meta").evaluate_all(outside) == []
        assert debtor.row(page).locator(".sum, .wait").evaluate_all(outside) == []
    finally:
        house.press("ana", "/settings/language", language="es")
