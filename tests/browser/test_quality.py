"""A review by keyboard alone: the supervisor marks what was drawn, the agent reads it and answers once."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from console import audit, clock
from console.db import Database
from console.portfolio.states import today_in
from console.quality import drawing, sampling
from tests.browser.house import House, NewPage, send
from tests.browser.test_promises import RULES
from tests.conftest import SECRET_KEY
from tests.databases import apart


def draw(house: House, conversation: int) -> None:
    """What the background work does when the week is over, as if its agent had spoken in this conversation alone."""

    async def drawn() -> None:
        database = Database(house.product.environment["ALDIA_DATABASE_URL"], seal=audit.sealer(SECRET_KEY))
        try:
            zone = ZoneInfo("America/Lima")
            week_on = drawing.week_of(today_in(zone, clock.now()))
            async with database.transaction() as tx:
                for worked in await sampling.undrawn(tx, week_on, zone):
                    if span := worked.spans.get(conversation):
                        await sampling.draw_for(tx, worked._replace(spans={conversation: span}), week_on)
        finally:
            await database.close()

    apart(drawn())


def flaws(page: Page) -> list[str]:
    return [each["id"] for each in Axe().run(page, options=RULES).response["violations"]]


@pytest.mark.complaints("422")
def test_a_conversation_is_reviewed_and_the_agent_answers(house: House, new_page: NewPage, page: Page) -> None:
    debtor = house.debtor("Ñusta Quispe de la Cruz y Villanueva")
    debtor.write("¿Cuánto debo?")
    agent = house.enter(new_page, "luz")
    debtor.open(agent)
    expect(send(agent, "Buenos días, le ayudo enseguida").last).to_contain_text("entregado")
    draw(house, debtor.conversation)
    house.let_in(page, "rosa")

    page.goto(f"{house.address}/supervisor")
    page.get_by_role("link", name="Calidad", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Calidad", level=1)).to_be_visible()
    assert not flaws(page)
    page.get_by_role("link", name=f"con {debtor.name}").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".told li.theirs")).to_contain_text("le ayudo enseguida")
    assert not flaws(page)

    page.locator(".marking input[type=radio]").first.focus()
    page.keyboard.press("Space")
    for _next in range(4):
        page.keyboard.press("Tab")
        page.keyboard.press("Space")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Tab")
    expect(page.get_by_label("Nota para el agente")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Diga qué faltó")
    expect(page.locator(".marking input:checked")).to_have_count(5)
    assert not flaws(page)
    page.get_by_label("Nota para el agente").fill("Cierre con una fecha")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="Revisión guardada")).to_be_visible()
    expect(page.get_by_role("heading", name="Puntaje 85 de 100")).to_be_visible()
    assert not flaws(page)

    agent.goto(f"{house.address}/quality")
    agent.get_by_role("link", name=f"con {debtor.name}").focus()
    agent.keyboard.press("Enter")
    expect(agent.locator(".finding")).to_contain_text("Cierre con una fecha")
    agent.get_by_label("Lo que quiera decir a esta revisión").focus()
    agent.keyboard.type("Lo tendré presente")
    agent.keyboard.press("Tab")
    agent.keyboard.press("Enter")
    expect(agent.get_by_text("Lo tendré presente")).to_be_visible()
    expect(agent.get_by_role("button", name="Responder")).to_have_count(0)
    assert not flaws(agent)


def test_two_reviewers_calibrate_by_keyboard_alone(house: House, new_page: NewPage) -> None:
    debtor = house.debtor("Wilfredo Ccahuana Mamani de los Ríos")
    debtor.write("¿Cuánto debo?")
    agent = house.enter(new_page, "ana")
    debtor.open(agent)
    expect(send(agent, "Buenos días, le ayudo enseguida").last).to_contain_text("entregado")
    draw(house, debtor.conversation)
    rosa, elena = (new_page(viewport={"width": 390, "height": 844}) for _ in range(2))
    house.let_in(rosa, "rosa")
    house.let_in(elena, "elena")

    rosa.goto(f"{house.address}/quality")
    rosa.get_by_role("link", name=f"con {debtor.name}").click()
    rosa.locator(".calibrate summary").focus()
    rosa.keyboard.press("Enter")
    rosa.get_by_role("checkbox", name="Elena Soto").focus()
    rosa.keyboard.press("Space")
    assert not flaws(rosa)
    rosa.get_by_role("button", name="Abrir la calibración").focus()
    rosa.keyboard.press("Enter")
    expect(rosa.locator(".say", has_text="Calibración abierta")).to_be_visible()
    where = rosa.url.partition("?")[0]

    for page, marks in ((rosa, ["0", "2", "2", "2", "2"]), (elena, ["2"] * 5)):
        page.goto(where)
        for name, mark in zip(("identification", "right_party", "tone", "disclosure", "next_step"), marks, strict=True):
            page.locator(f"[name=mark_{name}][value='{mark}']").focus()
            page.keyboard.press("Space")
        page.locator("[name=note]").fill("Falta el documento")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(page.get_by_role("status").filter(has_text="Su revisión quedó enviada")).to_be_visible()
    rosa.goto(where)
    expect(rosa.locator(".compared .differs")).to_have_count(1)
    assert not flaws(rosa)
    rosa.locator("[name=mark_identification][value='1']").focus()
    rosa.keyboard.press("Space")
    rosa.locator("[name=note]").fill("Dio el nombre, no el documento")
    rosa.keyboard.press("Tab")
    rosa.keyboard.press("Enter")

    expect(rosa.get_by_text("Acuerdo guardado")).to_be_visible()
    assert not flaws(rosa)
    assert rosa.evaluate("document.documentElement.scrollWidth") <= 390
    rosa.goto(f"{house.address}/quality/calibrations")
    expect(rosa.get_by_role("heading", name="Cuánto se aparta cada persona")).to_be_visible()
    assert not flaws(rosa)
    assert rosa.evaluate("document.documentElement.scrollWidth") <= 390
