"""The bot's pages: tried by keyboard alone, its texts, its settings; at any width, in light and in dark."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from tests.browser.house import House, NewPage
from tests.browser.test_craft import fine

# Under load the axe audits of a journey take more than a test usually may.
pytestmark = pytest.mark.timeout(180)
ON_TOP = """(field) => {
  const { x, y, width, height } = field.getBoundingClientRect()
  return field.contains(document.elementFromPoint(x + width / 2, y + height / 2))
}"""
LONG = "Buenas noches señorita, le escribo porque quiero saber cuánto debo y si puedo pagar en cuotas " * 2


def wide_enough(page: Page) -> None:
    """Nothing lies beside the window."""
    width = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert width[0] <= width[1], (page.url, width)


@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 1024), ("dark", 390)])
def test_the_bot_is_tried_and_looked_after(house: House, new_page: NewPage, scheme: str, width: int) -> None:
    size: ViewportSize = {"width": width, "height": 900}
    page = house.enter(new_page, "rosa", "/bot", color_scheme=scheme, viewport=size)
    expect(page.get_by_role("heading", level=1)).to_have_text("Bot")
    wide_enough(page)
    fine(page, f"bot-{scheme}-{width}")

    page.goto(f"{house.address}/bot/try")
    expect(page.get_by_label("Mensaje")).to_be_focused()
    for words in ("cuanto debo", LONG):
        page.keyboard.type(words)
        page.keyboard.press("Enter")
        expect(page.locator(".tried")).to_contain_text(words.strip())
        expect(page.get_by_label("Mensaje")).to_be_focused()
    expect(page.locator(".tried .bubble.bot")).to_have_count(2)
    assert page.get_by_label("Mensaje").evaluate(ON_TOP), "something lies over what is typed"
    wide_enough(page)
    fine(page, f"bot-try-{scheme}-{width}")

    for tab in ("Frases", "Textos", "Cuándo y cómo responde"):
        page.get_by_role("navigation", name="Bot").get_by_role("link", name=tab).press("Enter")
        expect(page.get_by_role("link", name=tab)).to_have_attribute("aria-current", "page")
        wide_enough(page)
        fine(page, f"bot-{tab[:6]}-{scheme}-{width}")
