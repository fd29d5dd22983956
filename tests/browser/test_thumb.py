"""Under a thumb: at a telephone's width everything that is tapped is large enough for one."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.house import House, NewPage
from tests.browser.test_phone import PHONE, tap_open
from tests.patience import eventually_now

SMALL = """
() => {
  const MOST = 44, REACH = 21.5
  const wanted = 'a[href], button, summary, select, textarea, input:not([type=hidden]), [role=button], [role=tab]'
  const target = (one) => (one.matches('[type=checkbox], [type=radio], [type=file]') && one.closest('label')) || one
  // WCAG 2.5.8 leaves out what stands in a sentence: its line is as high as it is.
  const inText = (one) => getComputedStyle(one).display === 'inline' &&
    [...one.parentElement.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim().length > 1)
  const found = []
  for (const each of document.querySelectorAll(wanted)) {
    const one = target(each)
    if (each.disabled || !one.checkVisibility({ visibilityProperty: true, opacityProperty: true })) continue
    one.scrollIntoView({ block: 'center', inline: 'center' })
    const box = one.getBoundingClientRect()
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2]
    const hits = (x, y) => {
      const hit = document.elementFromPoint(x, y)
      return hit && (one.contains(hit) || hit.closest('label')?.contains(each))
    }
    if (!box.width || !box.height || inText(one)) continue
    if (getComputedStyle(one).pointerEvents === 'none') found.push(`${one.textContent}: not to be tapped at all`)
    if (!hits(x, y)) continue
    const wide = box.width > MOST - .5 || (hits(x - REACH, y) && hits(x + REACH, y))
    const high = box.height > MOST - .5 || (hits(x, y - REACH) && hits(x, y + REACH))
    const name = (one.getAttribute('aria-label') || one.textContent).trim().replace(/\\s+/g, ' ').slice(0, 40)
    if (!wide || !high) found.push(`${name}: ${Math.round(box.width)}x${Math.round(box.height)}`)
  }
  return [...new Set(found)]
}
"""


def large_enough(page: Page, name: str) -> None:
    """Nothing that can be tapped here is smaller than 44 by 44 pixels, by its box or by where it is hit."""
    if folder := os.environ.get("ALDIA_PICTURES"):
        page.screenshot(path=Path(folder) / f"thumb-{name}.png")
    assert page.evaluate(SMALL) == [], name
    assert page.evaluate("document.documentElement.scrollWidth") <= 390, name


def test_in_list_thread_composer_and_contact(house: House, new_page: NewPage) -> None:
    debtor = house.debtor("María Fernanda de los Ángeles Ccori Huamanchumo viuda de Zevallos")
    debtor.write("Le mando el audio")
    debtor.do("voice")
    debtor.do("document")
    page = house.enter(new_page, "ana", **PHONE)
    expect(debtor.row(page)).to_be_visible()
    large_enough(page, "list")

    tap_open(page, debtor)
    expect(page.get_by_role("button", name="Reproducir")).to_be_visible()
    large_enough(page, "thread")
    # The name has a useful part of the line, however much can be done beside it.
    named = page.locator("#pane .head h2")
    # What is pushed takes the place of the head meanwhile.
    eventually_now(lambda: (named.bounding_box() or {"width": 0})["width"] >= 110)
    assert named.get_attribute("title") == debtor.name

    # What goes with the words waits behind the plus; an empty line offers the microphone, a written one the arrow.
    expect(page.get_by_role("button", name="Adjuntar archivos")).to_be_hidden()
    page.get_by_role("button", name="Adjuntar y más").tap()
    for name in ("Adjuntar archivos", "Emoji", "Programar para más tarde"):
        expect(page.get_by_role("button", name=name)).to_be_visible()
    large_enough(page, "composer")
    page.get_by_role("button", name="Emoji").tap()
    expect(page.locator("#pane .emoji, .emoji").first).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Enviar", exact=True)).to_be_hidden()
    page.locator("#pane textarea[name=text]").fill("Con gusto")
    expect(page.get_by_role("button", name="Grabar una nota de voz")).to_be_hidden()
    expect(page.get_by_role("button", name="Enviar", exact=True)).to_be_visible()
    page.get_by_role("button", name="Nota interna").tap()
    expect(page.get_by_role("button", name="Mencionar a un colega")).to_be_visible()
    large_enough(page, "note")

    page.get_by_role("button", name="Ficha del contacto").tap()
    expect(page.locator("#pane .panel")).to_be_in_viewport(ratio=0.99)
    large_enough(page, "contact")


def test_the_smallest_telephone_shows_the_conversation_whole(house: House, new_page: NewPage) -> None:
    debtor = house.debtor("María Fernanda Ccori Huamanchumo")
    debtor.write()
    page = house.enter(new_page, "luz", **{**PHONE, "viewport": {"width": 320, "height": 640}})
    tap_open(page, debtor)
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    for part in (".head h2", ".tabs [data-mode=note]", "textarea[name=text]", "[data-act=record]"):
        expect(page.locator(f"#pane {part}")).to_be_in_viewport(ratio=0.99)


def test_the_place_one_is_at_is_in_sight_and_new_numbers_do_not_move_it(house: House, new_page: NewPage) -> None:
    debtor = house.debtor()
    page = house.enter(new_page, "luz", "/inbox?view=window_closing", **PHONE)
    current = page.locator("#counts [aria-current]")
    expect(current).to_have_text(re.compile("Por cerrar ventana"))
    expect(current).to_be_in_viewport(ratio=0.99)
    before = page.locator("#counts [data-count=all]").inner_text()
    debtor.write()
    expect(page.locator("#counts [data-count=all]")).not_to_have_text(before)
    expect(current).to_be_in_viewport(ratio=0.99)


def test_of_more_sections_than_fit_the_one_that_is_open_is_in_sight_and_the_rest_behind_the_last(
    house: House, new_page: NewPage
) -> None:
    page = house.enter(new_page, "elena", "/settings/tags", **PHONE)
    rail = page.locator(".rail")
    shown = rail.locator(".places > a:visible, .me > summary")
    assert [it.strip() for it in shown.locator(".name").all_inner_texts()] == [
        "Bandeja", "Cartera", "Piso", "Ajustes", "Más",
    ]  # fmt: skip
    expect(rail.locator("[aria-current=page]")).to_have_text("Ajustes")
    for place in shown.all():
        expect(place).to_be_in_viewport(ratio=1)

    page.get_by_label(re.compile("^Más, su cuenta")).tap()
    expect(rail.get_by_role("link", name="Ajustes")).to_have_count(1)
    for named in ("Bot", "Indicadores", "Auditoría", "Pagos por revisar", "Por revisar"):
        expect(rail.locator(".sheet").get_by_role("link", name=named, exact=True)).to_be_visible()
    large_enough(page, "more")
    rail.locator(".sheet").get_by_role("link", name="Auditoría").tap()
    expect(rail.locator("[aria-current=page]")).to_have_text("Auditoría")
    expect(rail.locator("[aria-current=page]")).to_be_in_viewport(ratio=1)


@pytest.mark.parametrize("width", [1440, 1024])
def test_a_narrow_head_keeps_the_name_and_folds_what_is_done_seldom(
    house: House, new_page: NewPage, width: int
) -> None:
    debtor = house.debtor(f"María Fernanda de los Ángeles Ccori Huamanchumo viuda de Zevallos {width}")
    debtor.write()
    page = house.enter(new_page, "luz", viewport={"width": width, "height": 800})
    debtor.open(page)
    page.keyboard.press("Escape")
    page.keyboard.press("m")
    expect(page.locator("#pane .thread")).to_contain_text("Luz Paredes se asignó la conversación")
    head = page.locator("#pane .head")
    # What is pushed takes the place of the head meanwhile.
    eventually_now(lambda: (head.locator("h2").bounding_box() or {"width": 0})["width"] >= 180)
    expect(head.get_by_role("button", name="Posponer")).to_be_hidden()
    head.get_by_title("Quién la atiende").click()
    head.get_by_role("button", name="Posponer…").click()
    expect(page.get_by_role("dialog", name="Posponer")).to_be_visible()


@pytest.mark.parametrize(
    ("who", "paths"),
    [
        ("ana", ["/portfolio", "/quality", "/settings/sessions", "/settings/canned", "/settings/notifications"]),
        ("elena", ["/supervisor", "/bot", "/bot/try", "/bot/texts", "/bot/settings", "/reports", "/audit"]),
        ("elena", ["/settings/hours", "/settings/routing", "/settings/tags", "/settings/users", "/portfolio/imports"]),
    ],
)
def test_on_the_pages_beside_the_inbox(house: House, new_page: NewPage, who: str, paths: list[str]) -> None:
    page = new_page(**PHONE)
    house.let_in(page, who)
    for path in paths:
        page.goto(house.address + path)
        large_enough(page, path.strip("/").replace("/", "-"))
