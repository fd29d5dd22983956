"""What is worth a look about sign-ins: shown to administrators and to whose account it is, at any size."""

from __future__ import annotations

import httpx
from playwright.sync_api import expect
from sqlalchemy import select

from console import audit
from console.agents import Agent
from console.db import Database
from console.sign_in_letters import keeping
from console.sign_in_letters.keeping import Origin
from console.sign_in_letters.models import SignInLetter
from tests.browser.house import PASSWORD, House, NewPage
from tests.browser.test_debts import serious, shot
from tests.browser.test_looks import STICKING_OUT
from tests.conftest import SECRET_KEY
from tests.databases import apart


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


def test_the_page_of_a_letter_s_link_says_what_will_happen_at_any_size(house: House, new_page: NewPage) -> None:
    async def written() -> str:
        database = Database(house.product.environment["ALDIA_DATABASE_URL"], seal=audit.sealer(SECRET_KEY))
        origin = Origin(address="190.12.34.56", user_agent="Firefox/142 Windows", is_new_browser=True, language="es")
        async with database.transaction() as tx:
            beto = (await tx.scalars(select(Agent).where(Agent.email == "beto@andes.example").with_for_update())).one()
            await keeping.write(tx, beto, origin)
            await tx.flush()
            letter = (await tx.scalars(select(SignInLetter))).one()
            link = keeping.link_of(letter, key=SECRET_KEY)
        await database.close()
        return link

    page = new_page(viewport={"width": 1440, "height": 900})
    page.goto(f"{house.address}/not-me/{apart(written())}")
    expect(page.get_by_role("button", name="No fui yo: cerrar todo")).to_be_enabled()
    expect(page.locator("main")).to_contain_text("Firefox en Windows")
    assert serious(page) == []
    shot(page, "not-me")
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate(STICKING_OUT) == []
    assert serious(page) == []
    shot(page, "not-me-phone")
