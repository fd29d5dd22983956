"""A masked document seen whole with the keyboard, for a moment, by who attends to the person."""

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
    button = page.locator("#pane .panel .secret button")
    masked = page.locator("#pane .panel .secret bdi")
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
