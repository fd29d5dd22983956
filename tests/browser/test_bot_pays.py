"""By night: the bot makes sure who writes and gives a link; the debtor pays it; the open thread shows all of it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.house import House, NewPage, bubble

# A product of its own starts, with its simulator, and two people look at it.
pytestmark = pytest.mark.timeout(180)
DOCUMENT, BORN = ("DNI", "45127304"), 1991


def test_the_debtor_pays_the_bots_link_and_the_thread_shows_the_receipt(night: House, new_page: NewPage) -> None:
    debtor = night.debtor()
    debtor.owes(document=DOCUMENT, birth_year=BORN)
    page = night.enter(new_page, "ana")

    debtor.write("Buenas noches cuanto debo y por donde pago")
    debtor.open(page)
    expect(bubble(page, "año de nacimiento")).to_have_count(1)
    debtor.write("7304 1991")
    expect(bubble(page, "Identidad confirmada")).to_have_count(1)
    expect(bubble(page, "vencidos S/ 412.50")).to_have_count(1)
    address = re.search(r"http://\S+/p/[\w-]+", bubble(page, "Puede pagar").inner_text())
    assert address is not None

    payer = new_page()
    payer.goto(address[0])
    payer.get_by_role("link", name="Pagar").click()
    payer.get_by_role("button", name="Pagar").click()
    expect(payer.locator("h1")).to_have_text("Pago recibido")

    expect(bubble(page, "Pago de S/ 412.50 recibido")).to_be_visible()
    expect(bubble(page, "Recibimos su pago")).to_be_visible()
    expect(page.locator("#pane .head .tag.state")).to_have_text("Al día")
