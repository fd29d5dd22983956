"""The same inbox in one hand: list, conversation, contact, and back, at 390 pixels."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.house import Debtor, House, NewPage, composer

PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}


def shown(page: Page) -> dict[str, bool]:
    parts = {"list": "#rows", "thread": "#pane .log", "contact": "#pane .panel"}
    return {name: page.locator(selector).is_visible() for name, selector in parts.items()}


def tap_open(page: Page, debtor: Debtor) -> None:
    debtor.row(page).locator("a").tap()
    expect(page.locator("#pane .head h2")).to_have_text(debtor.name)


def test_from_the_list_to_the_contact_and_back(house: House, new_page: NewPage) -> None:
    debtor = house.debtor()
    debtor.write("Buenas tardes")
    page = house.enter(new_page, "ana", **PHONE)
    expect(debtor.row(page)).to_be_visible()
    assert shown(page) == {"list": True, "thread": False, "contact": False}

    tap_open(page, debtor)
    expect(page.locator("#pane .log")).to_contain_text("Buenas tardes")
    assert shown(page) == {"list": False, "thread": True, "contact": False}
    page.get_by_role("button", name="Ficha del contacto").tap()
    expect(page.get_by_role("complementary", name=f"Ficha de {debtor.name}")).to_be_visible()
    expect(page.locator("#pane .panel")).to_be_in_viewport(ratio=0.99)

    page.go_back()
    expect(page.locator("#pane .panel")).to_be_hidden()
    assert shown(page) == {"list": False, "thread": True, "contact": False}
    page.get_by_role("button", name="Ficha del contacto").tap()
    page.get_by_role("button", name="Cerrar la ficha").tap()
    expect(page.locator("#pane .panel")).to_be_hidden()
    page.get_by_role("link", name="Volver a la lista").tap()
    expect(debtor.row(page)).to_be_visible()
    assert shown(page) == {"list": True, "thread": False, "contact": False}
    page.go_back()
    expect(page.locator("#pane .head h2")).to_have_text(debtor.name)
    page.go_back()
    expect(debtor.row(page)).to_be_visible()


def test_answering_taking_and_closing_with_a_thumb(house: House, new_page: NewPage) -> None:
    debtor = house.debtor()
    debtor.write("¿Puedo pagar mañana?")
    page = house.enter(new_page, "luz", **PHONE)
    tap_open(page, debtor)
    page.get_by_role("button", name="Asignármela").tap()
    expect(page.locator("#pane .thread")).to_contain_text("Luz Paredes se asignó la conversación")
    composer(page).tap()
    page.keyboard.type("Sí, hasta las 6 p. m.")
    page.get_by_role("button", name="Enviar", exact=True).tap()

    expect(page.locator("#pane .entry.out")).to_contain_text("entregado")
    page.get_by_role("button", name="Resolver").tap()
    page.get_by_role("dialog").get_by_role("button", name="Resolver").tap()
    expect(page.locator("#pane .head")).to_contain_text("Resuelta")
    # What a finger must meet is large enough for one.
    small = page.locator("#pane .head").get_by_role("button").or_(page.locator("#pane .tools button:visible"))
    for button in small.all():
        box = button.bounding_box()
        assert box, button
        assert min(box["width"], box["height"]) >= 40, (button.get_attribute("title"), box)


def test_a_link_opens_the_conversation_and_the_way_back_is_the_list(house: House, new_page: NewPage) -> None:
    debtor = house.debtor()
    debtor.write()
    first = house.enter(new_page, "ana", **PHONE)
    tap_open(first, debtor)
    page = house.enter(new_page, "ana", first.url.removeprefix(house.address), **PHONE)
    expect(page.locator("#pane .head h2")).to_have_text(debtor.name)
    assert shown(page) == {"list": False, "thread": True, "contact": False}

    page.get_by_role("link", name="Volver a la lista").tap()
    expect(debtor.row(page)).to_be_visible()
