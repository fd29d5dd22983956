"""Plans, disputes and opt-outs at the screen: with the keyboard, told to everybody, and usable by everybody."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.house import House, NewPage, bubble, composer, send
from tests.browser.test_promises import RULES, a_promiser


def test_a_plan_is_simulated_sent_and_accepted(house: House, new_page: NewPage) -> None:
    debtor, page = a_promiser(house, new_page, "¿Puedo pagar en partes?")
    page.keyboard.press("c")
    form = page.get_by_role("dialog", name="Plan de pagos")
    expect(form.get_by_label("Total")).to_have_value("412.50")
    expect(form.locator("#plan-schedule tr")).to_have_count(3)
    form.get_by_label("Cuotas").fill("5")
    form.get_by_label("Cuota inicial").fill("12.50")
    expect(form.locator("#plan-schedule tr")).to_have_count(6)
    expect(form.locator("#plan-schedule")).to_contain_text("80.00")
    form.get_by_label("Cuotas").fill("50")
    expect(form.locator("#plan-schedule")).to_contain_text("De 1 a 12 cuotas.")
    form.get_by_label("Cuotas").fill("2")
    expect(form.locator("#plan-schedule tr")).to_have_count(3)
    page.keyboard.press("Control+Enter")

    expect(bubble(page, "propuso un plan de pagos")).to_be_visible()
    expect(bubble(page, "¿Está de acuerdo? Responda SÍ.")).to_contain_text("entregado")
    plan = page.locator("#pane .plans")
    expect(plan).to_contain_text("Propuesto")
    debtor.write("Sí, acepto")
    expect(bubble(page, "Sí, acepto")).to_be_visible()
    plan.get_by_role("button", name="Aceptó").click()
    expect(page.get_by_role("dialog", name="Aceptó el plan")).to_contain_text("Sí, acepto")
    page.keyboard.press("Enter")
    expect(plan).to_contain_text("Cuota 0 de 2")
    expect(debtor.row(page)).to_contain_text("En plan de pago")


def test_a_dispute_freezes_the_debt_and_is_decided(house: House, new_page: NewPage) -> None:
    debtor, page = a_promiser(house, new_page, "Yo ya pagué esa cuota en la agencia")
    page.keyboard.press("d")
    form = page.get_by_role("dialog", name="Abrir disputa")
    form.get_by_label("Qué se disputa").select_option("already_paid")
    page.keyboard.press("Enter")
    expect(page.locator("#pane .disputes")).to_contain_text("Dice que ya pagó")
    expect(debtor.row(page)).to_contain_text("Disputa")
    expect(bubble(page, "abrió una disputa: dice que ya pagó")).to_be_visible()

    waiting = house.enter(new_page, "rosa", "/portfolio/disputes")
    expect(waiting.locator("main")).to_contain_text(debtor.name)

    page.locator("#pane .disputes").get_by_role("button", name="Resolver").click()
    form = page.get_by_role("dialog", name="Resolver la disputa")
    form.get_by_label("Termina").select_option("rejected")
    form.get_by_label("Por qué").fill("El comprobante es de otra cuenta")
    form.get_by_role("button", name="Resolver").click()
    expect(debtor.row(page)).to_contain_text("Vencido 1-30")


def test_who_asks_to_be_left_alone_is_answered_once_and_only_a_supervisor_lifts_it(
    house: House, new_page: NewPage
) -> None:
    debtor, page = a_promiser(house, new_page, "no me escriban más por favor")
    notice = page.locator("#pane .consent")
    expect(notice).to_contain_text("Parece pedir que no le escribamos.")
    page.keyboard.press("b")
    expect(page.get_by_role("dialog", name="No escribirle más")).to_be_visible()
    page.keyboard.press("Enter")
    expect(notice).to_contain_text("Puede responder una vez")
    expect(send(page, "Queda registrado.")).to_contain_text("entregado")
    expect(notice).to_contain_text("Ya se le respondió")
    expect(composer(page)).to_be_hidden()

    rosa = house.enter(new_page, "rosa")
    debtor.open(rosa)
    rosa.locator("#pane .consent").get_by_role("button", name="Levantar").click()
    expect(rosa.get_by_role("dialog", name="Volver a escribirle")).to_be_visible()
    rosa.keyboard.type("Llamó: quiere que le escribamos")
    rosa.keyboard.press("Enter")
    expect(rosa.locator("#pane .consent")).to_have_text("")
    expect(composer(page)).to_be_visible()


def test_on_a_wrong_number_no_debt_is_left_to_see(house: House, new_page: NewPage) -> None:
    debtor, page = a_promiser(house, new_page, "Número equivocado señorita")
    expect(page.locator("#pane .promises")).to_be_visible()
    page.locator("#pane .consent").get_by_role("button", name="Registrarlo").click()
    expect(page.get_by_role("radio", name="El número es de otra persona")).to_be_checked()
    page.keyboard.press("Enter")
    expect(page.locator("#pane .promises")).to_have_count(0)
    expect(page.locator("#pane")).not_to_contain_text("412.50")
    expect(debtor.row(page)).not_to_contain_text("412.50")
    expect(page.locator("#pane .consent")).to_contain_text("El número es de otra persona")


def test_these_forms_can_be_used_by_everybody(house: House, new_page: NewPage) -> None:
    for scheme, width in (("light", 1440), ("dark", 390)):
        size = {"width": width, "height": 844}
        _debtor, page = a_promiser(house, new_page, "stop", color_scheme=scheme, viewport=size)
        for key in "cdb":
            page.locator("body").press(key)
            expect(page.get_by_role("dialog")).to_be_visible()
            _look(page)
            page.keyboard.press("Escape")
            expect(page.get_by_role("dialog")).to_have_count(0)


def _look(page: Page) -> None:
    found = Axe().run(page, options=RULES)
    assert found.violations_count == 0, found.generate_report()
    wide = "[...document.querySelectorAll('*')].filter((one) => one.getBoundingClientRect().right > innerWidth + 1)"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), page.evaluate(
        f"{wide}.map((one) => one.outerHTML.slice(0, 120))"
    )
