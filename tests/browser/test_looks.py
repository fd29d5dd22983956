"""Every state at every size: nothing sticks out, nothing hides, and nobody is kept out by how it is made (axe)."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.house import House, NewPage
from tests.browser.states import STATES, Cast, cast

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"], "resultTypes": ["violations"]}
CONTRAST = {"runOnly": {"type": "rule", "values": ["color-contrast"]}, "resultTypes": ["violations"]}
# What a test may complain of: states are made by taking the line, the rights or the address away.
STATES_COMPLAIN = ("404", "409", "503", "ERR_FAILED", "ERR_CONNECTION")
# Whatever reaches over the window's edge, unless something around it scrolls or cuts it off on purpose.
STICKING_OUT = """() => {
  const seen = (it) => it.checkVisibility({ visibilityProperty: true, opacityProperty: true })
  const isHeld = (it) => {
    const up = it.parentElement
    return up && (getComputedStyle(up).overflowX !== 'visible' || isHeld(up))
  }
  const wide = [...document.body.querySelectorAll('*')].filter((it) => {
    const { width, left, right } = it.getBoundingClientRect()
    return width > 1 && (right > innerWidth + 1 || left < -1) && seen(it) && !isHeld(it)
  })
  if (document.scrollingElement.scrollWidth > innerWidth) wide.unshift(document.documentElement)
  return wide.map((it) => it.outerHTML.slice(0, 120))
}"""
# Controls in whose middle another one lies: a finger meets the wrong one.
COVERED = """() => {
  const controls = 'a[href], button, summary, input, textarea'
  const isCovered = (it) => {
    const { left, top, width, height } = it.getBoundingClientRect()
    const [x, y] = [left + width / 2, top + height / 2]
    const isIn = width > 1 && x >= 0 && y >= 0 && x <= innerWidth && y <= innerHeight
    if (!isIn || it.closest('.sr') || !it.checkVisibility({ visibilityProperty: true, opacityProperty: true })) return
    const met = document.elementFromPoint(x, y)?.closest(controls)
    const isApart = met && met !== it && !it.contains(met) && !met.contains(it)
    return isApart && !met.closest('.sheet, dialog, .panel, .rail, #toasts')
  }
  return [...document.querySelectorAll(controls)].filter(isCovered).map((it) => it.outerHTML.slice(0, 120))
}"""
# A folder for pictures of them all, for those who want to look themselves.
SHOTS = os.environ.get("ALDIA_TEST_SHOTS")


@pytest.fixture(scope="module")
def people(running_house: House) -> Cast:
    running_house.misbehave()
    return cast(running_house)


def serious(page: Page, options: dict[str, Any]) -> list[str]:
    found = Axe().run(page, options=options).response["violations"]
    return [
        f"{it['id']}: {node['html'][:160]} {node.get('failureSummary', '')[:300]}"
        for it in found
        if it["impact"] in {"serious", "critical"}
        for node in it["nodes"]
    ]


# Where the layout for a telephone differs most from that for a desk.
DIFFERENT_ON_PHONE = {"the list", "every kind of message", "the window is closed", "the menus", "the contacts panel"}
SIZES = {"desk": (1440, 900), "tablet": (1024, 768), "phone": (390, 844)}


@pytest.mark.complaints(*STATES_COMPLAIN)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", STATES)
def test_looks(house: House, people: Cast, new_page: NewPage, name: str, size: str) -> None:
    arranged = STATES[name]
    if size not in arranged.sizes:
        pytest.skip("looks the same, but for the width")
    width, height = SIZES[size]
    phone = {"is_mobile": True, "has_touch": True} if size == "phone" else {}
    page = new_page(viewport={"width": width, "height": height}, reduced_motion="reduce", **phone)
    if arranged.who:
        house.let_in(page, arranged.who)
    arranged.arrange(page, house, people)
    try:
        look(page, name, deep=size == "desk" or name in DIFFERENT_ON_PHONE)
    finally:
        arranged.undo(house)


def look(page: Page, name: str, *, deep: bool) -> None:
    assert page.evaluate(STICKING_OUT) == []
    assert page.evaluate(COVERED) == []
    for scheme, rules in (("light", RULES), ("dark", CONTRAST)):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        if SHOTS:
            width = page.evaluate("innerWidth")
            page.screenshot(path=Path(SHOTS) / f"{re.sub('[^a-z]+', '_', name).strip('_')}-{width}-{scheme}.png")
        if deep:
            assert serious(page, rules) == []
