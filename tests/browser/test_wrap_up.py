"""Resolving asks how it ended: two keys when it is the likely ending, three when it has to be found."""

from __future__ import annotations

from datetime import timedelta

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from console import clock
from tests.browser.house import Debtor, House, NewPage, bubble
from tests.browser.test_promises import LIMA, RULES, a_promiser


def resolved(page: Page) -> None:
    expect(page.locator("#pane .head")).to_contain_text("Resuelta")


def test_two_keys_for_the_likely_ending(house: House, new_page: NewPage) -> None:
    debtor = house.debtor()
    debtor.write("¿A qué hora atienden?")
    page = house.enter(new_page, "ana")
    debtor.open(page)
    page.keyboard.press("e")
    expect(page.get_by_role("dialog", name="¿Cómo terminó?")).to_be_visible()
    page.keyboard.press("Enter")
    resolved(page)
    expect(bubble(page, "resolvió la conversación: No es un asunto de cobranza")).to_be_visible()
    expect(page.locator("#pane .history")).to_contain_text("No es un asunto de cobranza")


def test_it_is_found_by_typing_and_by_arrows(house: House, new_page: NewPage) -> None:
    _debtor, page = a_promiser(house, new_page, "Ya pagué señorita")
    page.keyboard.press("e")
    picker = page.get_by_role("dialog", name="¿Cómo terminó?")
    expect(picker).to_be_visible()
    page.keyboard.type("dice pago")
    expect(picker.locator("li:visible")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(picker).to_have_count(0)
    page.keyboard.press("e")
    expect(picker).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(picker.locator("input:checked")).to_have_value("CD-CON")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    page.keyboard.type("zzz")
    expect(picker.get_by_text("Ninguna tipificación dice eso.")).to_be_visible()
    page.keyboard.press("Control+a")
    page.keyboard.type("por verificar")
    page.keyboard.press("Enter")
    resolved(page)
    expect(bubble(page, "Dice que ya pagó, por verificar")).to_be_visible()


def test_what_the_ending_needs_is_asked_and_filled_in_from_what_they_wrote(house: House, new_page: NewPage) -> None:
    _debtor, page = a_promiser(house, new_page, "mañana pago 100")
    page.keyboard.press("e")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.type("promesa de")
    page.keyboard.press("Enter")
    form = page.get_by_role("dialog", name="Promesa de pago")
    day = clock.now().astimezone(LIMA).date() + timedelta(days=1)
    expect(form.get_by_label("Para el día")).to_have_value(day.isoformat())
    expect(form.get_by_label("Monto")).to_have_value("100.00")
    page.keyboard.press("Enter")
    resolved(page)
    expect(page.locator("#pane .promises")).to_contain_text("vence mañana")


def test_asking_to_be_left_alone_is_the_first_ending_offered(house: House, new_page: NewPage) -> None:
    _debtor, page = a_promiser(house, new_page, "no me escriban más")
    page.keyboard.press("e")
    expect(page.get_by_role("dialog").locator("input:checked")).to_have_value("CD-BAJA")
    page.keyboard.press("Enter")
    resolved(page)
    expect(bubble(page, "no quiere que le escribamos")).to_be_visible()


def test_the_picker_can_be_used_by_everybody(house: House, new_page: NewPage) -> None:
    for scheme, width in (("light", 1440), ("dark", 390)):
        size = {"width": width, "height": 844}
        debtor, page = a_promiser(house, new_page, "no reconozco esa deuda", color_scheme=scheme, viewport=size)
        _look(page, debtor)


def _look(page: Page, _debtor: Debtor) -> None:
    page.locator("body").press("e")
    expect(page.get_by_role("dialog")).to_be_visible()
    found = Axe().run(page, options=RULES)
    assert found.violations_count == 0, found.generate_report()
    page.keyboard.type("no reconoce")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="No reconoce la deuda")).to_be_visible()
    found = Axe().run(page, options=RULES)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_tree_is_edited_and_the_picker_follows(house: House, new_page: NewPage) -> None:
    for scheme, width in (("light", 1440), ("dark", 390)):
        page = house.enter(
            new_page,
            "rosa",
            "/settings/dispositions",
            color_scheme=scheme,
            viewport={"width": width, "height": 844},
        )
        page.get_by_label("Debajo de").select_option(label="Habló el titular › Ya pagó")
        page.get_by_label("Código").fill(f"cd-x{width}")
        page.get_by_label("Nombre").first.fill(f"Pagó en agencia {width}")
        page.get_by_role("button", name="Agregar").click()
        mine = page.locator("li", has_text=f"CD-X{width}")
        expect(mine.locator("details")).to_have_attribute("open", "")
        mine.get_by_label("Pausa (días hábiles)").fill("2")
        mine.get_by_role("button", name="Guardar").click()
        expect(mine).to_contain_text("2 días hábiles sin escribirle")
        found = Axe().run(page, options=RULES)
        assert found.violations_count == 0, found.generate_report()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        # The next button is one of the page that answers, not of the one that goes.
        with page.expect_event("load"):
            mine.get_by_role("button", name="Subir").click()
        page.locator("li", has_text=f"CD-X{width}").get_by_role("button", name="Retirar").click()
        expect(page.locator("li", has_text=f"CD-X{width}")).to_contain_text("Retirada")
    ana = house.enter(new_page, "ana", "/settings/sessions")
    expect(ana.get_by_role("link", name="Tipificaciones")).to_have_count(0)
