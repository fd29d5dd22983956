"""A supervisor brings a file, corrects it, sees what changes, imports it and takes it back."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.house import House, NewPage
from tests.portfolio.files import HEADER, MARIA, PEDRO, a_csv, an_xlsx

PATH = "/portfolio/imports"


def bring(page: Page, path: Path) -> None:
    page.set_input_files("#file", path)
    page.get_by_role("button", name="Subir").click()
    expect(page.get_by_role("heading", name=path.name)).to_be_visible()


def compare(page: Page) -> None:
    page.get_by_role("button", name="Revisar qué cambia").click()
    expect(page.locator(".tallies")).to_be_visible(timeout=20_000)


def tally(page: Page, name: str) -> str:
    return page.locator(".tallies li", has_text=name).locator("b").inner_text()


def test_a_file_is_brought_corrected_imported_and_taken_back(house: House, new_page: NewPage, tmp_path: Path) -> None:
    page = house.enter(new_page, "rosa", PATH)
    wrong = a_csv(tmp_path / "cartera.csv", HEADER, MARIA, [*PEDRO[:5], "31/02/2026", *PEDRO[6:]], delimiter=";")
    bring(page, wrong)
    expect(page.locator("select[name=column_due]")).to_have_value("5")
    compare(page)

    expect(page.get_by_role("cell", name="Esa fecha no existe")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("Importar"))).to_have_count(0)
    with page.expect_download() as download:
        page.get_by_role("link", name="Descargar todos").click()
    assert "Fecha de Vencimiento;Esa fecha no existe" in download.value.path().read_text(encoding="utf-8-sig")

    page.goto(house.address + PATH)
    bring(page, an_xlsx(tmp_path / "cartera.xlsx", ["Cartera"], HEADER, MARIA, PEDRO))
    compare(page)
    assert (tally(page, "nuevas"), tally(page, "errores")) == ("2", "0")

    page.get_by_role("button", name="Importar 2 filas").click()
    expect(page.locator(".title .tag")).to_have_text("Importada", timeout=20_000)
    page.goto(house.address + "/portfolio?q=Ccori")
    expect(page.get_by_role("link", name="Ccori, María")).to_be_visible()

    page.goto(house.address + PATH)
    page.get_by_role("link", name="cartera.xlsx").first.click()
    page.get_by_role("button", name="Deshacer esta carga").click()
    expect(page.locator(".title .tag")).to_have_text("Deshecha", timeout=20_000)


@pytest.mark.complaints("422")
def test_what_is_no_table_is_said_where_it_was_dropped(house: House, new_page: NewPage, tmp_path: Path) -> None:
    page = house.enter(new_page, "rosa", PATH)
    (tmp_path / "foto.csv").write_bytes(b"\x89PNG\r\n\x1a\n....")

    page.set_input_files("#file", tmp_path / "foto.csv")
    page.get_by_role("button", name="Subir").click()

    expect(page.get_by_role("alert")).to_contain_text("No es una tabla")
