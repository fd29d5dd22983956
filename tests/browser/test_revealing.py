"""A masked document or telephone seen whole with the keyboard, for a moment, by who attends to the person."""

from __future__ import annotations

import re
from urllib.parse import urljoin

from playwright.sync_api import expect

from tests.browser.house import House, NewPage
from tests.browser.test_debts import a_debtor_who_wrote, serious, shot
from tests.browser.test_looks import STICKING_OUT


def test_a_document_is_whole_for_who_attends_and_only_while_they_look(house: House, new_page: NewPage) -> None:
    page = house.enter(new_page, "ana")
    debtor = a_debtor_who_wrote(house, "Documenta Enmascarada Quispe Huamán")
    debtor.owes(31800, document=("DNI", "70818912"))
    debtor.open(page)
    button = page.locator("#pane .panel .kv .secret button")
    masked = page.locator("#pane .panel .kv .secret bdi")
    expect(masked).to_have_text("•••• 8912")
    expect(button).to_be_hidden()
    assert "70818912" not in page.content()

    page.keyboard.press("m")
    expect(button).to_be_visible()
    page.clock.install()
    button.focus()
    page.keyboard.press("Enter")

    expect(masked).to_have_text("70818912")
    expect(button).to_have_attribute("aria-pressed", "true")
    shot(page, "revealed")
    assert serious(page) == []
    page.keyboard.press("Enter")
    expect(masked).to_have_text("•••• 8912")
    page.keyboard.press("Enter")
    expect(masked).to_have_text("70818912")
    page.clock.fast_forward(31_000)
    expect(masked).to_have_text("•••• 8912")
    assert "70818912" not in page.content()
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate(STICKING_OUT) == []
    shot(page, "masked-phone")

    leader = house.enter(new_page, "rosa", "/portfolio?q=Documenta", color_scheme="dark")
    leader.get_by_role("link", name=re.compile("Documenta")).first.click()
    leader.get_by_role("button", name="Ver el documento completo").press("Enter")
    expect(leader.locator("header.title .secret bdi")).to_have_text("70818912")
    shot(leader, "revealed-portfolio")
    assert serious(leader) == []
    leader.goto(urljoin(leader.url, "/audit?action=document.revealed"))
    expect(leader.locator("main")).to_contain_text("vio un documento completo")
    shot(leader, "revealed-audit")


def test_a_telephone_is_seen_or_copied_whole_by_who_attends_and_by_nobody_else(house: House, new_page: NewPage) -> None:
    page, other = house.enter(new_page, "ana"), house.enter(new_page, "rosa", color_scheme="dark")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    debtor = a_debtor_who_wrote(house, "Telefonía Enmascarada Quispe")
    for screen in (page, other):
        debtor.open(screen)
    end = f"+51 •••• {debtor.phone[-4:]}"
    number, head = page.locator("#pane .panel .person .secret bdi"), page.locator("#pane .head .id p.num")
    look, copy = (
        page.get_by_role("button", name=re.compile(name)) for name in ("Ver el teléfono completo", "Copiar el número")
    )
    expect(number).to_have_text(end)
    expect(head).to_contain_text(end)
    expect(look).to_be_hidden()
    expect(copy).to_be_hidden()

    page.keyboard.press("m")
    expect(copy).to_be_visible()
    copy.press("Enter")
    expect(page.get_by_text("Copiado")).to_be_visible()
    expect(number).to_have_text(end)
    assert digits(page.evaluate("navigator.clipboard.readText()")) == debtor.phone
    look.press("Enter")
    expect(look).to_have_attribute("aria-pressed", "true")
    assert digits(number.inner_text()) == debtor.phone
    shot(page, "telephone-whole")
    assert serious(page) == []

    debtor.write("¿Sigue ahí?")
    expect(other.locator("#pane .thread")).to_contain_text("¿Sigue ahí?")
    expect(other.locator("#pane .panel .person .secret bdi")).to_have_text(end)
    assert debtor.phone not in digits(other.content())
    other.set_viewport_size({"width": 1024, "height": 768})
    shot(other, "telephone-tablet-dark")
    page.reload()
    expect(page.locator("#pane .panel .person .secret bdi")).to_have_text(end)
    assert debtor.phone not in digits(page.content())
    page.set_viewport_size({"width": 390, "height": 844})
    page.get_by_role("button", name="Ficha del contacto").click()
    expect(copy).to_be_visible()
    assert page.evaluate(STICKING_OUT) == []
    shot(page, "telephone-phone")


def digits(text: str) -> str:
    return re.sub(r"\D", "", text)
