"""Every state at every size: nothing sticks out, nothing hides, and nobody is kept out by how it is made (axe)."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.browser.conftest import Profile
from tests.browser.house import House, NewPage
from tests.browser.states import STATES, Cast, cast

Sit = Callable[[str | None], Page]
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
  // Scrolled out of what holds it: no finger looks for it there.
  const isAway = (it, x, y) => {
    const up = it.parentElement
    if (!up) return false
    const { left, top, right, bottom } = up.getBoundingClientRect()
    const clips = getComputedStyle(up).overflowX !== 'visible'
    return (clips && (x < left || x > right || y < top || y > bottom)) || isAway(up, x, y)
  }
  const isCovered = (it) => {
    const { left, top, width, height } = it.getBoundingClientRect()
    const [x, y] = [left + width / 2, top + height / 2]
    const isIn = width > 1 && x >= 0 && y >= 0 && x <= innerWidth && y <= innerHeight
    if (!isIn || it.closest('.sr') || !it.checkVisibility({ visibilityProperty: true, opacityProperty: true })) return
    if (isAway(it, x, y)) return
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
    # Half a megabyte to read: once a page.
    if not page.evaluate("'axe' in window"):
        page.evaluate(Axe().axe_script)
    found = page.evaluate("(options) => axe.run(options)", options)["violations"]
    return [
        f"{it['id']}: {node['html'][:160]} {node.get('failureSummary', '')[:300]}"
        for it in found
        if it["impact"] in {"serious", "critical"}
        for node in it["nodes"]
    ]


# Where the layout for a telephone differs most from that for a desk.
DIFFERENT_ON_PHONE = {"the list", "every kind of message", "the window is closed", "the menus", "the contacts panel"}
SIZES = {"tablet": (1024, 768), "phone": (390, 844)}


@pytest.fixture(scope="module")
def desks(browser: Browser) -> Iterator[dict[str | None, Profile]]:
    """One browser a person, so that our own files are fetched once."""
    desks: dict[str | None, Profile] = {}
    yield desks
    for profile in desks.values():
        profile.context.close()


@pytest.fixture
def sit(browser: Browser, desks: dict[str | None, Profile], request: pytest.FixtureRequest) -> Iterator[Sit]:
    """A page at the desk of somebody, or of nobody yet, closed at the end; it must not have complained."""
    sat: list[tuple[Profile, Page]] = []

    def sit(who: str | None) -> Page:
        if who not in desks:
            desks[who] = Profile(browser, reduced_motion="reduce")
        sat.append((desks[who], desks[who].context.new_page()))
        return sat[-1][1]

    yield sit
    for profile, page in sat:
        page.close()
        profile.complained(request.node)


@pytest.mark.complaints(*STATES_COMPLAIN)
@pytest.mark.parametrize("name", STATES)
def test_at_the_desk(house: House, people: Cast, sit: Sit, name: str) -> None:
    page = sit(STATES[name].who)
    if who := STATES[name].who:
        house.let_in(page, who)

    assert look(page, house, people, name, deep=True) == []


# Here the people keep even their page: what differs from the desk is the width.
@pytest.mark.complaints(*STATES_COMPLAIN)
@pytest.mark.timeout(240)
@pytest.mark.parametrize("size", ["tablet", "phone"])
def test_where_there_is_less_room(house: House, people: Cast, new_page: NewPage, size: str) -> None:
    names = [name for name, one in STATES.items() if size in one.sizes]
    seats = {who: seat(house, new_page, size, who) for who in {STATES[name].who for name in names}}

    wrong = {}
    for name in names:
        page = seats[STATES[name].who]
        deep = size == "phone" and name in DIFFERENT_ON_PHONE
        if found := look(page, house, people, name, deep=deep):
            wrong[name] = found
        page.unroute_all()
    assert wrong == {}


def seat(house: House, new_page: NewPage, size: str, who: str | None) -> Page:
    """A browser of that size, with the key of `who`."""
    width, height = SIZES[size]
    phone = {"is_mobile": True, "has_touch": True} if size == "phone" else {}
    page = new_page(viewport={"width": width, "height": height}, reduced_motion="reduce", **phone)
    if who:
        house.let_in(page, who)
    return page


def look(page: Page, house: House, people: Cast, name: str, *, deep: bool) -> list[str]:
    """Whatever is wrong with the state; `deep` asks axe as well, by day, and by night for the colours."""
    page.emulate_media(color_scheme="light")
    STATES[name].arrange(page, house, people)
    try:
        wrong: list[str] = [*page.evaluate(STICKING_OUT), *page.evaluate(COVERED)]
        wrong += serious(page, RULES) if deep else []
        shoot(page, name, "light")
        if deep or SHOTS:
            page.emulate_media(color_scheme="dark")
            shoot(page, name, "dark")
            wrong += serious(page, CONTRAST) if deep else []
    finally:
        STATES[name].undo(house)
    return wrong


def shoot(page: Page, name: str, scheme: str) -> None:
    if SHOTS:
        file = f"{re.sub('[^a-z]+', '_', name)}-{page.viewport_size['width']}-{scheme}.png"  # type: ignore[index]
        page.screenshot(path=Path(SHOTS) / file)
