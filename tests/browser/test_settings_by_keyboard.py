"""The settings with the keyboard alone: the focus is never lost, and nothing irrevocable goes at one key."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.house import House, NewPage
from tests.browser.test_looks import STICKING_OUT

LONG = "Sistema de facturación de la Inmobiliaria Los Álamos Arequipa"[:60]
SEEN = """(one) => {
  const style = getComputedStyle(one)
  return style.outlineStyle !== 'none' || style.boxShadow !== 'none'
}"""


pytestmark = pytest.mark.complaints("status of 409", "status of 422", "ERR_INTERNET_DISCONNECTED")


@pytest.fixture
def page(house: House, new_page: NewPage) -> Page:
    page = house.enter(new_page, "elena", "/settings/sessions", reduced_motion="reduce")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    return page


def reach(page: Page, wanted: Locator) -> None:
    """Tab until `wanted` has the focus, which one can see on the way; never more than a hundred times."""
    for _ in range(100):
        page.keyboard.press("Tab")
        focused = page.locator(":focus")
        assert focused.count() == 0 or focused.evaluate(SEEN), focused.evaluate("it => it.outerHTML")
        if wanted.evaluate("it => it === document.activeElement"):
            return
    pytest.fail(f"Tab does not reach {wanted}")


def test_a_key_of_the_api_is_made_copied_and_revoked(house: House, page: Page) -> None:
    page.goto(f"{house.address}/settings/tokens")
    keys = page.keyboard
    reach(page, page.get_by_label("Programa que la usará"))
    keys.type(LONG)
    keys.press("Tab")
    keys.type("ayer")
    keys.press("Enter")

    expect(page.get_by_role("checkbox").first).to_be_focused()
    keys.press("Space")
    keys.press("Enter")
    days = page.get_by_label("Vale por")
    expect(days).to_be_focused()
    expect(days).to_have_accessible_description(re.compile("días"))
    days.fill("30")
    keys.press("Enter")

    # The key is there this once: the next key of the keyboard copies it.
    expect(page.locator(".say")).to_be_focused()
    assert page.evaluate(STICKING_OUT) == []
    keys.press("Tab")
    keys.press("Enter")
    expect(page.locator("#toasts")).to_contain_text("Copiado")
    assert page.evaluate("navigator.clipboard.readText()") == page.locator(".say code").inner_text()

    ask = page.locator("summary", has_text="Revocar").first
    reach(page, ask)
    keys.press("Enter")
    expect(page.get_by_role("button", name="Sí, revocarla").first).to_be_visible()
    keys.press("Escape")
    expect(page.get_by_role("button", name="Sí, revocarla").first).to_be_hidden()
    expect(ask).to_be_focused()
    keys.press("Enter")
    keys.press("Tab")
    keys.press("Enter")
    expect(page.get_by_role("heading", name="Ya no abren")).to_be_visible()
    assert page.evaluate("document.activeElement !== document.body"), "the focus stands where the key stood"


def test_what_a_role_and_a_webhook_lack_is_said_where_it_is(house: House, page: Page) -> None:
    page.goto(f"{house.address}/settings/roles")
    keys = page.keyboard
    name = page.get_by_label("Nombre", exact=True)
    reach(page, name)
    keys.type("Agente")
    keys.press("Enter")
    expect(name).to_be_focused()
    expect(name).to_have_accessible_description("Ese nombre es de un rol de la casa.")
    name.fill("Analista")
    keys.press("Enter")
    expect(page.get_by_role("heading", name="Analista")).to_be_visible()
    reach(page, page.get_by_role("checkbox", name="Resolver dudas de identidad"))
    keys.press("Space")
    keys.press("Enter")
    expect(page.locator(".lines")).to_contain_text("cambió lo que puede un rol")
    expect(page.get_by_role("button", name="Guardar")).to_be_focused()

    page.goto(f"{house.address}/settings/webhooks")
    reach(page, page.get_by_label("Nombre", exact=True))
    keys.type(LONG)
    keys.press("Tab")
    keys.type("https://127.0.0.1/" + "a" * 300)
    keys.press("Enter")
    expect(page.locator("[aria-invalid]")).to_be_focused()


def test_people_are_added_and_shut_out(house: House, page: Page) -> None:
    page.goto(f"{house.address}/settings/users")
    keys = page.keyboard
    reach(page, page.get_by_label("Nombre y apellido"))
    keys.type("Ñusta Condorhuanca Huamanchumo de la Cruz")
    keys.press("Tab")
    keys.type("ana@andes.example")
    keys.press("Enter")
    mail = page.get_by_label("Correo de trabajo")
    expect(mail).to_be_focused()
    expect(mail).to_have_accessible_description("Ya hay una persona con ese correo.")
    tops = page.locator(".filters .field").evaluate_all("all => all.map((one) => one.getBoundingClientRect().top)")
    assert max(tops) - min(tops) < 2, "what is wrong pushes nothing out of its line"
    mail.fill("nusta@andes.example")
    keys.press("Enter")
    expect(page.locator(".say")).to_be_focused()

    item = page.locator(".cards > li", has_text="Ñusta")
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate(STICKING_OUT) == []
    reach(page, item.get_by_text("Inhabilitar…"))
    keys.press("Enter")
    keys.press("Tab")
    keys.press("Enter")
    expect(item).to_contain_text("Inhabilitada")
    expect(item.get_by_role("link")).to_be_focused()


def test_without_a_network_nothing_typed_is_lost(house: House, page: Page) -> None:
    page.goto(f"{house.address}/settings/number")
    keys = page.keyboard
    reach(page, page.get_by_label("Motivo"))
    keys.type("Meta pidió revisar")
    page.context.set_offline(True)
    keys.press("Enter")
    expect(page.locator("#toasts")).to_contain_text("Sin conexión")
    expect(page.get_by_label("Motivo")).to_have_value("Meta pidió revisar")
    page.context.set_offline(False)
    keys.press("Enter")
    expect(page.locator(".facts")).to_contain_text("Meta pidió revisar")
    reach(page, page.get_by_role("button", name="Reanudar los envíos"))
    keys.press("Enter")
    expect(page.locator(".facts")).to_contain_text("En marcha")


REFUSED = {
    "/settings/tags": {"name": "Deposita los lunes"},
    "/settings/canned": {"name": "Saludo", "body": "Buenos días"},
    "/settings/dispositions": {"code": "¡no!", "name": "Otra"},
    "/settings/hours": {"monday": "de ocho a cinco"},
    "/settings/targets": {"first_due": "pronto"},
    "/settings/routing": {"capacity": "0"},
    "/settings/portfolio": {"promise_grace_days": "99"},
    "/settings/retention": {"everything_months": "1"},
    "/settings/sign-in": {"idle": "1"},
    "/settings/quality": {"per_week": "99"},
    "/settings/password": {"current": "no es esta", "password": "otra frase larga y propia"},
    "/settings/second-factor": {"code": "000000"},
    "/settings/users": {"name": "Ana", "email": "ana@andes.example"},
    "/reports/rates": {"utility": "gratis"},
    "/bot/settings": {"tries": "99"},
}


@pytest.mark.timeout(120)
def test_the_focus_stands_on_the_field_that_was_refused(house: House, page: Page) -> None:
    house.press("elena", "/settings/tags", name="Deposita los lunes", colour="grey", description="", team="")
    house.press("elena", "/settings/canned", name="Saludo", folder="", body="Hola", scope="own")

    wrong = {path: where for path, typed in REFUSED.items() if (where := _stands(house, page, path, typed))}
    assert wrong == {}


def _stands(house: House, page: Page, path: str, typed: dict[str, str]) -> str | None:
    """Where the focus stands after Enter, if not on what was refused, described by what is wrong with it."""
    page.goto(house.address + path)
    page.locator("main").evaluate("it => it.querySelectorAll('details').forEach((one) => { one.open = true })")
    form = page.locator("main form[method=post]").filter(has=page.locator(f"[name={next(iter(typed))}]")).first
    for name, words in typed.items():
        form.locator(f"[name={name}]").fill(words)
    with page.expect_navigation():
        form.locator(f"[name={next(iter(typed))}]").press("Enter")
    focused = page.locator(":focus")
    is_on_it = focused.count() == 1 and focused.get_attribute("name") in typed
    said = focused.get_attribute("aria-describedby") if is_on_it else None
    is_said = said is not None and page.locator(f"[id='{said}']").inner_text() != ""
    return None if is_on_it and is_said else focused.evaluate_all("all => all.map((one) => one.outerHTML).join()")


def test_what_was_refused_of_a_tag_is_mended_and_the_focus_comes_back(house: House, page: Page) -> None:
    for called in ("Cobra en quincena", "Prefiere audios"):
        house.press("elena", "/settings/tags", name=called, colour="grey", description="", team="")
    page.goto(f"{house.address}/settings/tags")
    item = page.locator(".cards > li", has_text="Prefiere audios")
    item.get_by_text("Cambiar").press("Enter")
    name = item.get_by_label("Nombre")
    name.fill("Cobra en quincena")
    name.press("Enter")
    wrong = page.locator("[aria-invalid]")
    expect(wrong).to_be_focused()
    expect(wrong).to_have_value("Cobra en quincena")
    wrong.fill("Prefiere llamadas")
    wrong.press("Enter")
    expect(page.get_by_text("Prefiere llamadas", exact=True).first).to_be_visible()
    assert page.evaluate("document.activeElement !== document.body"), "the focus is lost"
