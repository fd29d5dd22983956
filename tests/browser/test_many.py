"""A thousand conversations, a thousand messages: the page shows what one looks at, and stays quick."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.house import House, NewPage, bubble
from tests.inbox import meta

MANY = 1_000
# How long from a key until the next frame is drawn, in milliseconds.
KEY_TO_FRAME = """async () => {
  const from = performance.now()
  document.activeElement.dispatchEvent(new KeyboardEvent('keydown', { key: 'j', bubbles: true }))
  await new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn)))
  return performance.now() - from
}"""


@pytest.fixture(scope="module")
def crowd(running_house: House) -> None:
    """A thousand people write once."""
    running_house.deliver(meta.body(*(meta.text(f"consulta {n}", sender=f"5196{n:07d}") for n in range(MANY))))


def rows(page: Page) -> list[str]:
    ids: list[str] = page.locator("#rows > .row").evaluate_all("rows => rows.map((row) => row.id)")
    return ids


def test_a_thousand_conversations_come_as_one_scrolls(house: House, crowd: None, new_page: NewPage) -> None:
    page = house.enter(new_page, "luz")
    count = page.locator("#counts [data-count=all]")
    expect(page.locator("#rows > .row").first).to_be_visible()
    total = int(count.inner_text().replace(",", ""))
    assert total >= MANY
    assert len(rows(page)) == 30

    seen = 30
    while seen < 400:
        page.locator("#rows").evaluate("rows => rows.scrollTo(0, rows.scrollHeight)")
        expect(page.locator("#rows > .row").nth(seen)).to_be_attached()
        seen = len(rows(page))
    assert len(set(rows(page))) == len(rows(page)), "a line came twice"
    positions = page.locator("#rows > .row").evaluate_all("rows => rows.map((row) => Number(row.dataset.position))")
    assert positions == sorted(positions, reverse=True)

    # Somebody writes: one line moves to the top, and what one looks at stays where it is.
    before = page.locator("#rows").evaluate("rows => rows.scrollTop")
    debtor = house.debtor()
    debtor.write("¿Hay alguien?")
    expect(debtor.row(page)).to_be_attached()
    assert rows(page)[0] == debtor.row(page).get_attribute("id")
    after = page.locator("#rows").evaluate("rows => rows.scrollTop")
    assert abs(after - before) < 120, "anchored to what was in sight"
    page.locator("#rows").evaluate("rows => rows.scrollTo(0, 0)")
    page.keyboard.press("j")
    assert min(page.evaluate(KEY_TO_FRAME) for _ in range(5)) < 100


def test_a_long_history_comes_as_one_scrolls_back(house: House, new_page: NewPage) -> None:
    debtor = house.debtor()
    elements = [meta.text(f"mensaje {n}", sender=debtor.phone) for n in range(200)]
    house.deliver(meta.body(*elements, contacts=[{"wa_id": debtor.phone, "profile": {"name": debtor.name}}]))
    page = house.enter(new_page, "luz")
    debtor.open(page)
    log = page.locator("#pane .log")
    expect(bubble(page, "mensaje 199")).to_be_in_viewport()

    entries = page.locator("#pane .thread > .entry")
    loaded = entries.count()
    assert loaded < 100
    mark = bubble(page, f"mensaje {200 - loaded + 10}").first
    mark.scroll_into_view_if_needed()
    top = mark.bounding_box()
    expect(entries.nth(loaded)).to_be_attached()
    now = mark.bounding_box()
    assert top
    assert now
    assert abs(top["y"] - now["y"]) < 3, "what one reads stays where it is"
    while entries.count() < 200:
        count = entries.count()
        log.evaluate("log => log.scrollTo(0, 0)")
        expect(entries.nth(count)).to_be_attached()
    texts = page.locator("#pane .thread .entry .text").all_inner_texts()
    assert texts == [f"mensaje {n}" for n in range(200)]

    # Reading above, one is told of what comes below, and taken there.
    debtor.write("lo último")
    page.get_by_role("button", name="1 mensaje nuevo").click()
    expect(bubble(page, "lo último")).to_be_in_viewport()
