"""The door: wrong, too often, ended elsewhere, left, opened for the first time; and what was written waits inside."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.house import PASSWORD, House, NewPage, composer
from tests.faults.product import a_product

# Counted apart from everybody else who signs in from this machine.
ELSEWHERE = {"extra_http_headers": {"X-Forwarded-For": "192.0.2.77"}}


def sign_in(page: Page, email: str, password: str) -> None:
    page.get_by_label("Correo de trabajo").fill(email)
    page.get_by_label("Contraseña", exact=True).fill(password)
    page.get_by_role("button", name="Ingresar", exact=True).click()


@pytest.mark.complaints("401", "429")
def test_wrong_and_then_too_often(house: House, new_page: NewPage) -> None:
    page = new_page(**ELSEWHERE)
    page.goto(f"{house.address}/login")
    sign_in(page, "nadie@andes.example", "no es esta, seguro que no")
    expect(page.get_by_role("alert")).to_have_text(
        "No pudimos ingresar con esos datos. Revise el correo y la contraseña."
    )
    expect(page.get_by_label("Correo de trabajo")).to_have_value("nadie@andes.example")
    password = page.get_by_label("Contraseña", exact=True)
    expect(password).to_have_value("")
    expect(password).to_be_focused()

    said = page.get_by_role("alert")
    for _ in range(6):
        if "Por seguridad" in said.inner_text():
            break
        sign_in(page, "nadie@andes.example", "tampoco esta, seguro que no")
        page.wait_for_load_state()
    expect(said).to_contain_text(re.compile(r"espere 0:\d\d para volver a probar\. Su cuenta no está bloqueada"))
    button = page.locator("[data-submit]")
    expect(button).to_be_disabled()
    expect(button).to_have_text(re.compile(r"Ingresar en 0:\d\d"))
    assert serious(page) == []


def test_a_password_can_be_looked_at(house: House, page: Page) -> None:
    page.goto(f"{house.address}/login")
    field = page.get_by_label("Contraseña", exact=True)
    field.fill("a la vista")
    page.get_by_role("button", name="Mostrar contraseña").click()
    expect(field).to_have_attribute("type", "text")
    page.get_by_role("button", name="Ocultar contraseña").click()
    expect(field).to_have_attribute("type", "password")


@pytest.mark.complaints("401")
def test_a_session_ended_elsewhere_closes_the_screen_and_what_was_written_waits(
    house: House, new_page: NewPage
) -> None:
    debtor = house.debtor()
    debtor.write()
    page = new_page()
    page.goto(f"{house.address}/login")
    sign_in(page, "rosa@andes.example", PASSWORD)
    page.wait_for_url("**/inbox")
    page.goto(f"{house.address}/inbox?view=all")
    debtor.open(page)
    where = page.url
    other = new_page()
    other.goto(f"{house.address}/login")
    sign_in(other, "rosa@andes.example", PASSWORD)
    other.wait_for_url("**/inbox")
    other.goto(f"{house.address}/settings/sessions")
    composer(page).press_sequentially("Señora Persona, le escri")
    other.get_by_role("button", name="Cerrar todas las demás").click()

    expect(page).to_have_url(re.compile("/login"))
    expect(page.get_by_role("status")).to_contain_text("Su sesión terminó. Lo que estaba escribiendo quedó guardado")
    sign_in(page, "rosa@andes.example", PASSWORD)
    expect(page).to_have_url(where)
    expect(composer(page)).to_have_value("Señora Persona, le escri")


def test_leaving_leaves_nothing_behind(house: House, new_page: NewPage) -> None:
    page = new_page()
    page.goto(f"{house.address}/login?next=/settings/sessions")
    sign_in(page, "luz@andes.example", PASSWORD)
    page.wait_for_url("**/settings/sessions")
    page.goto(f"{house.address}/inbox")
    page.evaluate("localStorage.setItem('theme', 'dark')")
    page.locator("#menu-me summary").click()
    page.get_by_role("button", name="Salir", exact=True).click()

    expect(page.get_by_role("status")).to_have_text("Salió de Al Día en este equipo.")
    assert page.evaluate("localStorage.length + sessionStorage.length") == 0
    page.go_back()
    expect(page).to_have_url(re.compile("/login"))


@pytest.mark.complaints("403", "404")
def test_the_first_administrator_comes_in_by_a_door_of_their_own(
    sqlite_database_url: str, tmp_path: Path, page: Page
) -> None:
    with a_product(tmp_path, sqlite_database_url, ALDIA_COMPANY="Financiera Andes") as product:
        product.start()
        page.goto(f"{product.address}/inbox")
        expect(page.get_by_role("heading", name="Cree la primera cuenta")).to_be_visible()
        assert serious(page) == []
        fields = {
            "Nombre y apellido": "Elena Paredes",
            "Correo de trabajo": "elena@andes.example",
            "Contraseña": PASSWORD,
        }
        printed = re.search(r"\b[0-9a-f]{40}\b", (tmp_path / "console.log").read_text())
        assert printed, "the operator is told the code where the server starts"
        for code in ("no es este", printed.group()):
            page.get_by_label("Código de instalación").fill(code)
            for label, value in fields.items():
                page.get_by_label(label).fill(value)
            page.get_by_role("button", name="Crear y continuar").click()
            if code == "no es este":
                expect(page.get_by_text("No es el código")).to_be_visible()

        expect(page).to_have_url(re.compile("/login"))
        sign_in(page, "elena@andes.example", PASSWORD)
        expect(page.locator("#list .empty")).to_contain_text("Está al día")
        page.goto(f"{product.address}/setup")
        expect(page.get_by_role("heading", name="No encontramos esa página")).to_be_visible()


def serious(page: Page) -> list[str]:
    rules = {"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]}
    found = Axe().run(page, options=rules).response["violations"]
    return [it["id"] for it in found if it["impact"] in {"serious", "critical"}]
