"""Debts on screen: tags that follow what happens, views and filters by keyboard, free tags, and the account panel."""

from __future__ import annotations

import os
import re
from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from console import clock
from tests.browser.house import Debtor, House, NewPage
from tests.browser.test_looks import RULES, STICKING_OUT

SHOTS = os.environ.get("ALDIA_TEST_SHOTS")


def serious(page: Page) -> list[str]:
    found = Axe().run(page, options=RULES).response["violations"]
    return [f"{it['id']}: {it['nodes'][0]['html'][:160]}" for it in found if it["impact"] in {"serious", "critical"}]


def shot(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png")


def count(page: Page, view: str) -> int:
    return int(page.locator(f"[data-count={view}]").inner_text().replace(",", ""))


def a_debtor_who_wrote(house: House, name: str | None = None) -> Debtor:
    debtor = house.debtor(name)
    debtor.write("Buenos días")
    return debtor


def test_the_tag_of_a_debt_is_on_row_head_and_panel_of_an_open_screen(house: House, new_page: NewPage) -> None:
    page = house.enter(new_page, "ana")
    debtor = a_debtor_who_wrote(house, "Andrea Deudora")
    debtor.open(page)
    expect(page.locator("#pane .owed")).to_contain_text("No conocemos ninguna deuda")
    before = count(page, "late_2")

    debtor.owes(31800, days=45)

    expect(debtor.row(page).locator(".tag.b60")).to_have_text("Vencido 31-60")
    expect(debtor.row(page).locator(".sum")).to_contain_text("318.00")
    expect(page.locator("#pane .head .tag.state")).to_have_text("Vencido 31-60")
    expect(page.locator("#pane .owed .total")).to_contain_text("318.00")
    expect(page.locator("#pane .owed .under")).to_contain_text("45 días de atraso")
    expect(page.locator("[data-count=late_2]")).to_have_text(str(before + 1))
    expect(page.locator("#pane .history")).to_contain_text("Etiqueta cambió a Vencido 31-60")
    shot(page, "debts-live")
    page.locator("#counts [data-view=late_2]").click()
    expect(debtor.row(page)).to_be_visible()
    expect(page).to_have_url(re.compile(r"\?view=late_2$"))


@pytest.mark.complaints("422")
def test_filters_are_put_and_taken_off_by_keyboard_and_stand_in_the_address(house: House, new_page: NewPage) -> None:
    little, much = a_debtor_who_wrote(house), a_debtor_who_wrote(house)
    little.owes(700_001)
    much.owes(990_000)
    page = house.enter(new_page, "ana")
    expect(much.row(page).locator(".tag.b30")).to_be_visible()

    page.keyboard.press("f")
    page.get_by_label("Monto vencido desde").fill("9,000")
    page.keyboard.press("Enter")
    expect(page.locator("#toasts")).to_contain_text("dos maneras")
    page.get_by_label("Monto vencido desde").fill("S/ 9,000.00")
    shot(page, "debts-filter")
    assert serious(page) == []
    page.keyboard.press("Enter")

    expect(much.row(page)).to_be_visible()
    expect(little.row(page)).to_be_hidden()
    expect(page.locator("#filter-count")).to_have_text("1 conversación")
    assert "amount_from=9000.00" in page.url
    page.reload()
    expect(page.locator(".chip")).to_contain_text("Vencido desde 9000.00")
    assert serious(page) == []
    page.locator(".chip").focus()
    page.keyboard.press("Enter")
    expect(little.row(page)).to_be_visible()
    page.go_back()
    expect(little.row(page)).to_be_hidden()


def test_a_list_that_is_filtered_follows_what_happens(house: House, new_page: NewPage) -> None:
    page = house.enter(new_page, "ana", "/inbox?view=all&days_from=200")
    debtor = a_debtor_who_wrote(house)
    expect(page.locator("#list .empty")).to_be_visible()

    debtor.owes(5000, days=210)

    expect(debtor.row(page)).to_be_visible(timeout=1_500)
    expect(page.locator("#filter-count")).to_have_text("1 conversación")


def test_tags_are_made_put_and_found_by_keyboard_and_a_colleague_sees_them(house: House, new_page: NewPage) -> None:
    debtor = a_debtor_who_wrote(house)
    debtor.owes()
    rosa, ana = house.enter(new_page, "rosa"), house.enter(new_page, "ana")
    debtor.open(rosa)

    rosa.keyboard.press("l")
    expect(rosa.locator("#deed")).to_be_visible()
    rosa.keyboard.type("Paga por Yape")
    shot(rosa, "debts-tag-editor")
    assert serious(rosa) == []
    rosa.keyboard.press("Enter")

    expect(rosa.locator("#pane .tags-of")).to_contain_text("Paga por Yape")
    expect(debtor.row(ana).locator(".tag.free")).to_have_text("Paga por Yape")
    debtor.open(ana)
    ana.keyboard.press("l")
    expect(ana.locator("#deed")).to_be_visible()
    ana.keyboard.type("páGA p")
    expect(ana.locator("#deed .ticks label:visible")).to_have_count(1)
    ana.keyboard.press("Enter")
    ana.keyboard.press("Enter")
    expect(debtor.row(rosa).locator(".tag.free")).to_have_count(0)
    expect(ana.locator("#pane .history")).to_contain_text("Ana Ríos quitó «Paga por Yape»")


def test_many_are_tagged_at_once_after_a_look_and_taken_back(house: House, new_page: NewPage) -> None:
    some = [a_debtor_who_wrote(house) for _ in range(3)]
    page = house.enter(new_page, "rosa")
    for debtor in some:
        expect(debtor.row(page)).to_be_visible()
    some[0].open(page)
    page.keyboard.press("l")
    expect(page.locator("#deed")).to_be_visible()
    page.keyboard.type("Campaña de noviembre")
    page.keyboard.press("Enter")
    expect(some[0].row(page).locator(".tag.free")).to_be_visible()

    expect(page.locator("#deed")).to_have_count(0)
    top = page.locator("#rows > .row > a").first
    top.focus()
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Shift+X")
    expect(page.locator("[data-chosen]")).to_have_text("3 elegidas")
    shot(page, "debts-chosen")
    assert serious(page) == []
    page.get_by_role("button", name="Etiquetar").click()
    page.locator("#deed [name=tag_id]").select_option(label="Campaña de noviembre")
    page.locator("#deed").get_by_role("button", name="Revisar").click()
    expect(page.locator("#deed .foreseen")).to_contain_text("2 cambian; 1 ya está así")
    shot(page, "debts-bulk")
    page.locator("#deed").get_by_role("button", name="Poner una etiqueta en 2").click()
    expect(page.locator("#deed .foreseen")).to_contain_text("Listo. 2 cambiaron; 1 ya estaba así")
    for debtor in some:
        expect(debtor.row(page).locator(".tag.free")).to_have_text("Campaña de noviembre")

    page.locator("#deed").get_by_role("button", name="Deshacer").click()
    expect(page.locator("#deed .foreseen")).to_contain_text("Listo. 2 cambiaron")
    expect(page.locator("#rows .tag.free", has_text="Campaña de noviembre")).to_have_count(1)


MANY = [(f"F-{n:03}-{'LARGA' * 5 if n == 3 else ''}", n) for n in range(30)]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 1024, 390])
def test_the_panel_holds_thirty_invoices_long_names_and_several_accounts(
    house: House, new_page: NewPage, width: int, scheme: str
) -> None:
    debtor = house.debtor(
        f"Inmobiliaria y Constructora Los Álamos de San Borja e Hijos S.A.C. sucursal {width} {scheme}"
    )
    debtor.write("Hola")
    today = clock.now().date()
    debt = debtor.owes(invoices=[(number, today + timedelta(days=30 * n - 200), 123456789 + n) for number, n in MANY])
    debtor.owes(debtor_id=debt.debtor_id, invoices=[], external_id=f"{width}-{scheme}-" + "X" * 50)
    debtor.owes(1234, days=100)
    page = house.enter(new_page, "ana", viewport={"width": width, "height": 900}, color_scheme=scheme)
    debtor.row(page).locator("a").click()
    expect(page.locator("#pane .head .tag.state")).to_have_text("Vencido +60")
    if width < 1280:
        page.locator("#pane [data-act=panel]:visible").first.click()

    expect(page.locator("#pane .owed")).to_contain_text("Este número es de 2 deudores")
    expect(page.locator("#pane .owed")).to_contain_text("Ver 24 más")
    shot(page, f"debts-panel-{width}-{scheme}")
    assert serious(page) == []
    assert page.evaluate(STICKING_OUT) == []
