"""Searching with the keyboard alone: what was said far back opens where it stands, and the thread goes on both ways."""

from __future__ import annotations

import contextlib

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.house import House, NewPage
from tests.inbox import meta


def serious(page: Page) -> list[str]:
    page.evaluate(Axe().axe_script)
    found = page.evaluate("() => axe.run({ resultTypes: ['violations'] })")["violations"]
    return [one["id"] for one in found if one["impact"] in {"serious", "critical"}]


def look_for(page: Page, words: str, result: str) -> None:
    """Type `words` until the index, which comes a moment behind, has what is to be found."""
    for _ in range(10):
        page.locator("#search input").fill("")
        page.locator("#search input").fill(words)
        with contextlib.suppress(AssertionError):
            expect(page.locator(result).first).to_be_visible(timeout=2_000)
            return
    expect(page.locator(result).first).to_be_visible()


@pytest.mark.complaints("422")
def test_finding_what_was_said_long_ago(house: House, new_page: NewPage) -> None:
    debtor = house.debtor("Yolanda Vásquez Quispe")
    debtor.write("El comprobante número 774 lo dejé en ventanilla")
    called = [{"wa_id": debtor.phone, "profile": {"name": debtor.name}}]
    filling = (meta.text(f"relleno {n}", sender=debtor.phone) for n in range(140))
    house.deliver(meta.body(*filling, contacts=called))
    page = house.enter(new_page, "ana")

    page.keyboard.press("q")
    expect(page.locator("#search input")).to_be_focused()
    look_for(page, "basquez", "#found .person .who:has-text('Yolanda')")
    expect(page.locator("#found")).to_contain_text("Nombre parecido")
    look_for(page, "numero ventan", "#found .hit")
    expect(page.locator("#found .hit mark")).to_have_text(["número", "ventanilla"])
    assert serious(page) == []
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#found .hit")).to_be_focused()
    page.keyboard.press("Enter")

    entry = page.locator("#pane .entry", has_text="ventanilla").first
    expect(entry).to_be_in_viewport()
    expect(entry).to_be_focused()
    assert page.locator("#pane .thread > .entry").count() <= 60
    expect(page.locator("#pane .thread > .entry", has_text="relleno 139")).to_have_count(0)
    # Further down the rest comes page by page, to the very end, with no hole.
    for last in (60, 100, 139):
        page.locator("#pane .log").evaluate("log => log.scrollTo(0, log.scrollHeight)")
        expect(page.locator("#pane .thread > .entry", has_text=f"relleno {last}").first).to_be_attached()
    positions = page.locator("#pane .thread > .entry").evaluate_all(
        "all => all.map((one) => Number(one.dataset.position))"
    )
    assert positions == list(range(positions[0], positions[0] + len(positions)))
    debtor.write("Sigo aquí")
    expect(page.locator("#pane .thread > .entry").last).to_contain_text("Sigo aquí")

    page.keyboard.press("Escape")
    page.keyboard.press("q")
    page.locator("#search input").fill("🙏")
    expect(page.locator("#found")).to_contain_text("no se buscan")
    page.locator("#search input").fill("zzzzqqq")
    expect(page.locator("#found h2")).to_contain_text("Nada con")
    page.keyboard.press("Escape")
    expect(page.locator("#search")).not_to_be_visible()


def test_searching_on_a_telephone(house: House, new_page: NewPage) -> None:
    debtor = house.debtor("Saturnina Mamani")
    debtor.write("Le deposité en el agente de la avenida")
    page = house.enter(new_page, "ana", viewport={"width": 390, "height": 844})

    page.get_by_role("button", name="Buscar").click()
    look_for(page, "avenida", "#found .hit")
    page.locator("#found .hit").first.click()

    expect(page.locator("#pane .head h2")).to_have_text("Saturnina Mamani")
    expect(page.locator("#pane .entry", has_text="avenida").first).to_be_in_viewport()


CUT = """<div id="found" class="found"><ol class="groups"></ol><p class="further"><button type="button" class="btn"
 data-act="search-further" data-cursor="999999999999" data-goes-on>Seguir</button></p></div>"""


def test_a_search_that_was_cut_short_goes_on_by_itself(house: House, new_page: NewPage) -> None:
    """The first answer is one that came to nothing in its time, as among a million messages; the rest is real."""
    debtor = house.debtor("Hermelinda Choque")
    debtor.write("Fui al banco de la esquina")
    page = house.enter(new_page, "ana")
    page.keyboard.press("q")
    look_for(page, "esquina banco", "#found .hit")
    page.route(
        lambda url: "/inbox/search?" in url and "cursor" not in url,
        lambda route: route.fulfill(body=CUT, content_type="text/html"),
    )

    page.locator("#search input").fill("banco esquina")

    expect(page.locator("#found .hit mark")).to_have_text(["banco", "esquina"])
    expect(page.locator("#search input")).to_be_focused()
    expect(page.locator("#found .further")).to_have_count(0)

    page.locator("#search input").fill("zzzzqqq")

    expect(page.locator("#found h2")).to_contain_text("Nada con")
