"""What rings while a page is open, and the app on a phone: installable, kind without network, keeping nobody's data."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.house import House, NewPage
from tests.browser.test_lost_connection import GONE
from tests.browser.test_promises import RULES

LISTEN = """() => {
  window.rang = []
  window.shown = []
  document.addEventListener('rang', ({ detail }) => window.rang.push(detail))
  window.Notification = class {
    static permission = 'granted'
    constructor(title, told) { window.shown.push(told.body) }
  }
}"""
HIDE = """(hidden) => {
  Object.defineProperty(document, 'hidden', { value: hidden, configurable: true })
  document.dispatchEvent(new Event('visibilitychange'))
}"""


def rang(page: Page, *kinds: str) -> None:
    page.wait_for_function(
        "(wanted) => JSON.stringify(window.rang) === wanted", arg=str(list(kinds)).replace("'", '"').replace(", ", ",")
    )


def test_a_page_that_nobody_looks_at_says_how_many_wrote_and_nothing_of_them(house: House, new_page: NewPage) -> None:
    debtor, other = house.debtor(), house.debtor()
    debtor.write("Hola")
    page = house.enter(new_page, "ana")
    expect(debtor.row(page)).to_be_visible()
    page.wait_for_load_state("networkidle")
    page.evaluate(LISTEN)
    other.write("También yo")
    expect(other.row(page)).to_be_visible()
    rang(page, "team")
    debtor.open(page)
    page.keyboard.press("m")
    expect(page.locator("#pane .head summary")).to_contain_text("Ana Ríos")
    page.keyboard.press("g")
    page.keyboard.press("a")
    # What one has before one's eyes does not ring.
    debtor.write("secreto")
    expect(page.locator(".entry.in", has_text="secreto")).to_be_visible()
    page.evaluate(HIDE, True)
    debtor.write("otro secreto")
    expect(page).to_have_title(re.compile(r"^\(1\) "))
    page.wait_for_function("window.rang.at(-1) === 'mine' && window.shown.length === 1")
    assert page.evaluate("window.shown") == ["Alguien escribió en una conversación suya"]
    page.evaluate(HIDE, False)
    expect(page).not_to_have_title(re.compile(r"^\("))


@pytest.mark.complaints("ERR_INTERNET_DISCONNECTED", "WebSocket")
def test_it_can_be_installed_and_without_network_it_says_so_and_shows_nobodys_data(
    house: House, new_page: NewPage
) -> None:
    debtor = house.debtor("Reservado Silva")
    debtor.write("no lo guarden")
    page = house.enter(new_page, "ana", service_workers="allow")
    expect(debtor.row(page)).to_be_visible()
    app = page.evaluate("fetch('/manifest.webmanifest').then((came) => came.json())")
    assert (app["display"], app["start_url"]) == ("standalone", "/inbox")
    for drawn in app["icons"]:
        assert (
            page.evaluate("(src) => fetch(src).then((came) => came.headers.get('content-type'))", drawn["src"])
            == "image/png"
        )
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.reload()
    page.wait_for_function("navigator.serviceWorker.controller !== null")
    expect(debtor.row(page)).to_be_visible()

    kept = page.evaluate(
        """async () => {
          const texts = []
          for (const name of await caches.keys()) {
            const kept = await caches.open(name)
            for (const request of await kept.keys()) texts.push(request.url, await (await kept.match(request)).text())
          }
          return texts.join(' ')
        }"""
    )
    assert "/offline" in kept
    assert not any(word in kept for word in ("Reservado", "no lo guarden", "Ana Ríos", "/inbox/"))
    page.context.set_offline(True)
    page.goto(house.address + "/portfolio")
    expect(page.get_by_role("heading", name="Sin conexión")).to_be_visible()
    page.get_by_role("link", name="Reintentar").click()
    expect(page.get_by_role("heading", name="Sin conexión")).to_be_visible()
    page.context.set_offline(False)
    expect(page.get_by_role("heading", name="Cartera", exact=True)).to_be_visible(timeout=20_000)
    assert page.url.endswith("/portfolio"), "it comes back by itself, to the page that was wanted"


@pytest.mark.complaints(*GONE)
def test_a_form_that_nobody_answers_comes_back_to_its_page(house: House, new_page: NewPage) -> None:
    page = house.enter(new_page, "elena", "/settings/tags", service_workers="allow")
    page.goto(house.address + "/inbox?view=all")
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.goto(house.address + "/settings/tags")
    page.wait_for_function("navigator.serviceWorker.controller !== null")
    page.get_by_label("Nombre").first.fill("Cobra los viernes")
    house.product.console.kill()  # type: ignore[union-attr]
    try:
        page.get_by_role("button", name="Crear").click()
        expect(page.get_by_role("heading", name="Sin conexión")).to_be_visible()
        assert page.url.endswith("/settings/tags")
    finally:
        house.product.start()
    expect(page.get_by_role("heading", name="Etiquetas", exact=True)).to_be_visible(timeout=20_000)


def test_the_page_of_notifications_keeps_what_is_chosen(house: House, new_page: NewPage) -> None:
    page = house.enter(new_page, "luz", "/settings/notifications", viewport={"width": 390, "height": 844})
    page.get_by_label("Llega una conversación nueva a mi equipo").uncheck()
    page.get_by_label("Silencio desde").fill("20:00")
    page.get_by_label("hasta", exact=True).fill("07:00")
    page.get_by_role("button", name="Guardar").click()
    expect(page.get_by_label("Silencio desde")).to_have_value("20:00")
    expect(page.get_by_label("Llega una conversación nueva a mi equipo")).not_to_be_checked()
    assert not [each["id"] for each in Axe().run(page, options=RULES).response["violations"]]
    for box in page.locator(".narrow .check").all():
        size = box.bounding_box()
        assert size is not None
        assert size["height"] >= 24
