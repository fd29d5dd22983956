"""Three people at once: a debtor on the telephone, an agent, and a supervisor who looks on and steps in."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.house import House, NewPage, bubble, composer, send
from tests.browser.test_looks import STICKING_OUT
from tests.inbox import meta
from tests.patience import eventually_now


def test_watch_whisper_take_over_give_back(house: House, new_page: NewPage, page: Page) -> None:
    debtor = house.debtor()
    debtor.write("No reconozco ese cobro")
    agent = house.enter(new_page, "ana", "/inbox?view=all")
    debtor.open(agent)
    agent.keyboard.press("m")
    expect(agent.locator("#pane .head .cut")).to_have_text("Ana Ríos")
    colleague = house.enter(new_page, "luz", f"/inbox/{debtor.conversation}")
    house.let_in(page, "rosa")

    page.goto(f"{house.address}/supervisor?watch={debtor.conversation}")
    expect(page.locator("#watch .watch-bar h2")).to_contain_text(debtor.name)
    expect(page.locator("#floor-agents")).to_contain_text("Ana Ríos")
    debtor.write("¿Me escucha?")
    expect(page.locator("#watch .thread")).to_contain_text("¿Me escucha?")
    composer(agent).press_sequentially("Un momento")
    expect(page.locator("#watch .typing")).to_have_text("Ana Ríos está escribiendo…")

    page.get_by_label("Susurrar a quien la atiende").fill("No pida pago: hay un reclamo")
    page.keyboard.press("Enter")
    expect(page.locator("#watch .whisper")).to_contain_text("No pida pago")
    expect(bubble(agent, "No pida pago")).to_be_visible()
    expect(bubble(agent, "No pida pago")).to_contain_text("solo usted lo ve")
    agent.reload()
    expect(bubble(agent, "No pida pago")).to_be_visible()
    expect(bubble(colleague, "¿Me escucha?")).to_be_visible()
    expect(bubble(colleague, "No pida pago")).to_have_count(0)

    page.get_by_role("button", name="Tomar la conversación").click()
    expect(page.locator("#watch .watch-bar p")).to_contain_text("la tiene usted")
    expect(agent.locator("#pane .head")).to_contain_text("Rosa Vega")
    page.get_by_role("button", name="Devolver").click()
    expect(page.locator("#watch .watch-bar p")).to_contain_text("con Ana Ríos")
    expect(agent.locator("#pane .head .cut")).to_have_text("Ana Ríos")
    assert not debtor.got(), "the debtor was told nothing of all this"
    page.keyboard.press("Escape")
    expect(page.locator("#watch")).to_be_hidden()


@pytest.mark.parametrize("width", [1440, 1024, 390])
def test_what_is_only_to_be_watched_is_a_line_among_the_alerts(house: House, new_page: NewPage, width: int) -> None:
    # Nobody the simulator knows: what is written there cannot be delivered.
    number, name = f"5195{width:07d}", f"Gladys {width}"
    contacts = [{"wa_id": number, "profile": {"name": name}}]
    house.deliver(meta.body(meta.text("Hola", sender=number), contacts=contacts))
    listed = house.enter(new_page, "ana")
    listed.locator("#rows > .row a", has_text=name).click()
    expect(send(listed, "Buenos días")).to_contain_text("no se envió")
    page = house.enter(
        new_page, "rosa", "/supervisor", viewport={"width": width, "height": 844}, reduced_motion="reduce"
    )
    line = page.locator(".alerts li.watch").first
    expect(line).to_contain_text("Envíos fallidos")
    # What is pushed takes the place of the line meanwhile.
    eventually_now(lambda: 0 < (line.bounding_box() or {"height": 0})["height"] < 120)
    # Nothing lies over what else there is.
    page.get_by_role("link", name="Calidad").first.click(trial=True)
    page.get_by_role("link", name="En pausa").click(trial=True)
    assert page.evaluate(STICKING_OUT) == []
