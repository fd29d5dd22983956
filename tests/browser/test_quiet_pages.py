"""The history, privacy, the floor, reviews and every setting: wide and narrow, by day and by night."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.browser.house import House, NewPage
from tests.browser.test_looks import CONTRAST, RULES, STICKING_OUT, serious, shoot

PAGES = [
    "/audit",
    "/inbox/1/consents",
    "/privacy",
    "/privacy/1/rectification",
    "/inbox/morning",
    "/scheduled",
    "/scheduled?show=ended",
    "/supervisor",
    "/quality",
    "/quality/calibrations",
    "/settings/sessions",
    "/settings/language",
    "/settings/password",
    "/settings/second-factor",
    "/settings/notifications",
    "/settings/canned",
    "/settings/templates",
    "/settings/tags",
    "/settings/dispositions",
    "/settings/hours",
    "/settings/routing",
    "/settings/targets",
    "/settings/portfolio",
    "/settings/users",
    "/settings/words",
    "/settings/sign-in",
    "/settings/number",
    "/settings/roles",
    "/settings/tokens",
    "/settings/webhooks",
    "/settings/dead-letters",
]


@pytest.fixture(scope="module")
def a_long_name(running_house: House) -> str:
    """Somebody with a long name has written, and asks to be corrected: the history has something to say."""
    debtor = running_house.debtor("Ñusta Condorhuanca Huamanchumo de la Cruz y Villavicencio")
    debtor.write("Buenos días, quisiera saber cuánto debo de la cuota de noviembre")
    debtor.house.press("elena", "/privacy", conversation=str(debtor.number()), kind="rectification")
    return debtor.name


@pytest.mark.timeout(240)
@pytest.mark.usefixtures("a_long_name")
@pytest.mark.parametrize("width", [1440, 390])
def test_every_quiet_page_is_open_to_everybody(house: House, new_page: NewPage, width: int) -> None:
    """Nothing sticks out, and axe finds nothing serious, by night nothing pale."""
    page = house.enter(new_page, "elena", viewport={"width": width, "height": 900}, reduced_motion="reduce")

    assert {path: wrong for path in PAGES if (wrong := _wrong(page, house, path))} == {}


def _wrong(page: Page, house: House, path: str) -> list[str]:
    page.emulate_media(color_scheme="light")
    answer = page.goto(f"{house.address}{path}")
    assert answer is not None
    assert answer.status == 200, path
    wrong = [*page.evaluate(STICKING_OUT), *serious(page, RULES)]
    shoot(page, path, "light")
    page.emulate_media(color_scheme="dark")
    shoot(page, path, "dark")
    return wrong + serious(page, CONTRAST)
