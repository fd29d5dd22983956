"""What is worth a look about sign-ins: shown to administrators and to whose account it is, at any size."""

from __future__ import annotations

import httpx
from playwright.sync_api import expect

from tests.browser.house import PASSWORD, House, NewPage
from tests.browser.test_debts import serious, shot
from tests.browser.test_looks import STICKING_OUT


def test_a_new_browser_and_many_failures_are_shown(house: House, new_page: NewPage) -> None:
    page = house.enter(new_page, "elena", "/settings/sign-in")
    came = httpx.post(f"{house.address}/login", data={"email": "elena@andes.example", "password": PASSWORD})
    assert came.status_code == 303
    # Somebody whose password no other test needs: it has to wait now.
    for _ in range(5):
        httpx.post(f"{house.address}/login", data={"email": "beto@andes.example", "password": "no es esta"})
    page.reload()
    expect(page.locator("main")).to_contain_text("5 ingresos fallidos seguidos · Beto")
    expect(page.locator("main")).to_contain_text("Navegador nuevo · Elena")
    shot(page, "sign-in-alerts")
    page.goto(page.url.replace("/settings/sign-in", "/settings/sessions"))
    expect(page.get_by_role("heading", name="Ingresos desde un navegador o una red nuevos")).to_be_visible()
    assert serious(page) == []
    page.emulate_media(color_scheme="dark")
    shot(page, "sessions-alerts")
    page.goto(page.url.replace("/settings/sessions", "/settings/sign-in"))
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate(STICKING_OUT) == []
    assert serious(page) == []
    shot(page, "sign-in-alerts-phone")
