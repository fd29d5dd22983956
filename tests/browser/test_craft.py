"""The hand's finer work, by keyboard alone: put aside, react, choose an emoji, let a message leave later."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.house import Debtor, House, NewPage, bubble, composer
from tests.patience import eventually_now

RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]}}


def before_ana(house: House, new_page: NewPage, words: str, **options: Any) -> tuple[Debtor, Page]:
    debtor = house.debtor()
    debtor.write(words)
    page = house.enter(new_page, "ana", **options)
    debtor.open(page)
    return debtor, page


def fine(page: Page, name: str) -> None:
    """Nothing that keeps anybody out; a picture for whoever asks for one (ALDIA_PICTURES)."""
    if folder := os.environ.get("ALDIA_PICTURES"):
        page.screenshot(path=Path(folder) / f"{name}.png")
    # What is just fading in has no contrast yet.
    page.evaluate(
        """() => Promise.allSettled(document.getAnimations()
            .filter((one) => one.effect.getComputedTiming().endTime !== Infinity).map((one) => one.finished))"""
    )
    assert not Axe().run(page, options=RULES).response["violations"], name


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_put_aside_and_brought_back_by_an_answer(house: House, new_page: NewPage, scheme: str) -> None:
    debtor, page = before_ana(house, new_page, "Le pago el viernes", color_scheme=scheme)

    page.keyboard.press("z")
    form = page.get_by_role("dialog", name="Posponer")
    expect(form).to_be_visible()
    fine(page, f"snooze-{scheme}")
    page.keyboard.press("Enter")

    expect(page.locator("#toasts")).to_contain_text("Pospuesta")
    expect(debtor.row(page)).to_have_count(0)
    expect(bubble(page, "pospuso la conversación: dentro de 1 hora")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("z")
    expect(debtor.row(page)).to_be_visible()

    debtor.write("ok gracias")
    expect(bubble(page, "ok gracias")).to_be_visible()
    expect(debtor.row(page)).to_be_visible()
    debtor.write("¿a qué cuenta deposito?")
    expect(debtor.row(page)).to_have_count(0)


def test_a_reaction_is_given_and_taken_back(house: House, new_page: NewPage) -> None:
    debtor, page = before_ana(house, new_page, "Ya deposité, señorita")
    entry = bubble(page, "Ya deposité")

    entry.get_by_role("button", name="Reaccionar").press("Enter")
    layer = page.get_by_role("dialog", name="Elegir un emoji")
    page.keyboard.type("gracias")
    fine(page, "emoji")
    page.keyboard.press("Enter")

    expect(layer).to_be_hidden()
    expect(entry.locator(".reactions")).to_contain_text("🙏 Nosotros")
    eventually_now(lambda: "🙏" in str(debtor.chat()[0]["reactions"]))

    entry.get_by_role("button", name="Quitar la reacción 🙏").press("Enter")
    expect(entry.locator(".reactions")).to_have_count(0)
    eventually_now(lambda: "🙏" not in str(debtor.chat()[0]["reactions"]))


def test_an_emoji_goes_where_the_cursor_is(house: House, new_page: NewPage) -> None:
    _debtor, page = before_ana(house, new_page, "Hola")
    composer(page).fill("Gracias, María")
    composer(page).press("Home")

    page.locator("#pane .composer").get_by_role("button", name="Emoji").press("Enter")
    page.keyboard.type("sol dia")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")

    expect(composer(page)).to_have_value("🌞Gracias, María")


@pytest.mark.complaints("422")
def test_a_message_for_later_stands_in_the_thread_until_it_is_cancelled(house: House, new_page: NewPage) -> None:
    debtor, page = before_ana(house, new_page, "Le pago más tarde")
    composer(page).fill("Le recuerdo su pago de hoy")
    composer(page).press("Escape")

    page.keyboard.press("h")
    form = page.get_by_role("dialog", name="Programar mensaje")
    expect(form.get_by_label("Mensaje")).to_have_value("Le recuerdo su pago de hoy")
    fine(page, "schedule")
    # On a Sunday the next hour at which one may write is Monday's.
    if form.get_by_text(re.compile("Dentro de 1 hora|El lunes")).count():
        page.keyboard.press("Control+Enter")
        entry = bubble(page, "Le recuerdo su pago de hoy")
        expect(entry).to_contain_text("Programado por usted")
        expect(composer(page)).to_have_value("")
        expect(page.locator("#toasts")).to_contain_text("Programado")
        fine(page, "scheduled")
        entry.get_by_role("button", name="Cancelar el envío").press("Enter")
        expect(entry).to_contain_text("cancelado")
    else:
        # At night nothing is offered, and what is asked for all the same is refused in words.
        page.keyboard.press("Control+Enter")
        expect(form.locator("[role=alert]")).to_be_visible()
    assert debtor.got() == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_outside_the_window_a_template_is_scheduled_changed_and_cancelled(
    house: House, new_page: NewPage, scheme: str
) -> None:
    name = {"light": "Distribuidora Luján", "dark": "Distribuidora Bolívar"}[scheme]
    debtor = house.debtor(name)
    debtor.wrote_long_ago(hours=30)
    page = house.enter(new_page, "ana", color_scheme=scheme)
    debtor.open(page)
    page.get_by_role("searchbox", name="Buscar plantilla").fill("retomar")
    page.keyboard.press("Escape")
    page.locator("#main").focus()

    page.keyboard.press("h")
    form = page.get_by_role("dialog", name="Programar plantilla")
    expect(form.locator("#schedule-preview")).to_contain_text("Hola, Distribuidora.")
    form.get_by_label("Dato 1").fill("{nombre|cliente} y familia")
    expect(form.locator("#schedule-preview")).to_contain_text("Hola, Distribuidora y familia.")
    fine(page, f"schedule-template-{scheme}")
    form.get_by_role("radio", name="El ").first.check(force=True)
    page.keyboard.press("Control+Enter")

    entry = page.locator("#pane .entry.scheduled")
    expect(entry).to_contain_text("Plantilla: retomar conversacion")
    expect(entry).to_contain_text("{nombre|cliente} y familia")
    fine(page, f"scheduled-template-{scheme}")
    entry.get_by_role("button", name="Cambiar").press("Enter")
    change = page.get_by_role("dialog", name="Cambiar plantilla programada")
    change.get_by_label("Dato 1").fill("señores")
    page.keyboard.press("Control+Enter")
    expect(entry).to_contain_text("Hola, señores.")
    page.goto(f"{house.address}/scheduled")
    fine(page, f"scheduled-list-{scheme}")
    line = page.locator(".scheduled li", has_text=name)
    expect(line).to_contain_text("Hola, señores.")
    line.get_by_role("button", name="Cancelar").press("Enter")
    expect(line).to_have_count(0)
    assert debtor.got() == []


def test_each_mode_keeps_its_own_draft_over_a_reload(house: House, new_page: NewPage) -> None:
    _debtor, page = before_ana(house, new_page, "Hola")
    composer(page).fill("Para usted")
    composer(page).press("Escape")
    page.keyboard.press("n")
    with page.expect_response(lambda it: it.request.method == "PUT" and "mode=note" in (it.request.post_data or "")):
        composer(page).fill("Solo entre nosotros")
    page.reload()

    expect(composer(page)).to_have_value("Solo entre nosotros")
    composer(page).press("Escape")
    page.keyboard.press("r")
    expect(composer(page)).to_have_value("Para usted")
