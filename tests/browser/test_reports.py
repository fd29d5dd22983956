"""The numbers in a browser: drawn, read as a table, narrowed by the address, at every size and in the dark."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.house import House, NewPage
from tests.browser.test_debts import serious, shot
from tests.browser.test_looks import STICKING_OUT

SIZES = [(1440, "light"), (1440, "dark"), (1024, "light"), (390, "dark")]


@pytest.mark.parametrize(("width", "scheme"), SIZES)
def test_the_numbers_are_drawn_and_readable(house: House, new_page: NewPage, width: int, scheme: str) -> None:
    debtor = house.debtor(f"Ñusta Condorhuanca Huamanchumo de la Cruz {width}")
    debtor.write("Buenos días")
    size = {"width": width, "height": 900}
    page = house.enter(new_page, "rosa", "/reports", viewport=size, color_scheme=scheme)

    expect(page.locator("#table-volume_by_day canvas")).to_be_visible()
    for view in ("collections", "bot", "templates", "operation"):
        page.goto(f"{house.address}/reports?view={view}")
        shot(page, f"reports-{view}-{width}-{scheme}")
        assert serious(page) == [], view
        assert page.evaluate(STICKING_OUT) == [], view


def test_a_chart_is_a_table_one_key_away_and_a_figure_opens_its_rows(house: House, new_page: NewPage) -> None:
    page = house.enter(new_page, "rosa", "/reports", viewport={"width": 1440, "height": 900})
    as_table = page.locator("#table-volume_by_day [data-as-table]")

    as_table.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#table-volume_by_day table")).to_be_visible()
    expect(page.locator("#table-volume_by_day canvas")).to_be_hidden()
    expect(as_table).to_have_attribute("aria-pressed", "true")

    page.get_by_label("Desde", exact=True).fill("2020-01-01")
    page.get_by_label("Hasta", exact=True).fill("2020-01-31")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("since=2020-01-01.*until=2020-01-31"))
    page.locator("#figure-sent .value a").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Mensajes enviados")
    expect(page.get_by_role("heading", name="Nada en este período")).to_be_visible()
