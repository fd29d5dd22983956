"""The 24 hours: what the composer says about them, and what may still be said after them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Route, expect

from tests.browser.house import House, NewPage, bubble, composer, send


def test_the_time_left_is_shown_and_turns_urgent(house: House, new_page: NewPage) -> None:
    fresh, hurried = house.debtor(), house.debtor()
    fresh.write()
    hurried.wrote_long_ago(hours=22.5)
    ana = house.enter(new_page, "ana")

    fresh.open(ana)
    line = ana.locator("#pane .window")
    expect(line).to_contain_text(re.compile(r"Puede responder\s+libremente\s+por\s+23 h 5\d min"), use_inner_text=True)
    expect(fresh.row(ana)).to_contain_text("Quedan 23 h")
    hurried.open(ana)
    expect(line).to_contain_text(re.compile(r"La ventana se cierra en 1 h 2\d min"), use_inner_text=True)
    expect(hurried.row(ana)).to_contain_text(re.compile(r"Quedan 8\d min"))


def test_it_closes_while_one_writes_and_the_draft_is_kept(house: House, new_page: NewPage) -> None:
    debtor = house.debtor()
    debtor.wrote_long_ago(hours=22)
    ana = new_page()
    house.let_in(ana, "ana")
    ana.clock.install()
    ana.goto(f"{house.address}/inbox?view=all")
    debtor.open(ana)
    composer(ana).fill("Le propongo pagar en dos partes")

    ana.clock.fast_forward("02:00:00")
    expect(ana.locator("#pane .window")).to_contain_text("La ventana se cerró a las", use_inner_text=True)
    expect(composer(ana)).to_have_value("Le propongo pagar en dos partes")
    expect(composer(ana)).not_to_be_editable()
    expect(ana.locator("#pane .send")).to_be_hidden()
    expect(ana.get_by_role("group", name="Plantillas aprobadas")).to_be_visible()
    # A note needs no window.
    ana.keyboard.press("Escape")
    ana.keyboard.type("n")
    expect(composer(ana)).to_be_editable()
    send(ana, "Se pasó el plazo")
    expect(bubble(ana, "Se pasó el plazo")).to_contain_text("Su nota interna")

    debtor.write("Disculpe la demora")
    expect(ana.locator("#pane .window .on-note")).to_be_visible()
    ana.get_by_role("button", name="Responder", exact=True).click()
    expect(composer(ana)).to_have_value("Le propongo pagar en dos partes")


def test_when_it_is_closed_a_template_can_be_filled_seen_and_sent(house: House, new_page: NewPage) -> None:
    debtor = house.debtor("Comercial Suárez")
    debtor.wrote_long_ago(hours=30)
    ana = house.enter(new_page, "ana")
    expect(debtor.row(ana)).to_contain_text("Solo plantilla")
    debtor.open(ana)
    expect(ana.locator("#pane .window")).to_contain_text("La ventana se cerró", use_inner_text=True)
    expect(composer(ana)).not_to_be_editable()

    ana.get_by_role("searchbox", name="Buscar plantilla").fill("enlace")
    preview = ana.locator(".preview:visible")
    expect(preview).to_contain_text("Así lo verá Comercial Suárez")
    fields = preview.locator("input:visible")
    for place in range(fields.count()):
        fields.nth(place).fill(f"dato {place}")
    expect(preview.locator(".msg")).to_contain_text("dato 0")
    expect(preview.locator(".fill.blank")).to_have_count(0)
    words = preview.locator(".msg .text").inner_text()
    ana.keyboard.press("Control+Enter")

    sent = ana.locator("#pane .thread .entry.out")
    expect(sent).to_contain_text("entregado")
    expect(sent).to_contain_text("Plantilla: enlace de pago")
    expect(sent.locator(".text")).to_have_text(words, use_inner_text=True)
    assert debtor.got() == [words]
    # It opens nothing: only the debtor's own words do.
    expect(composer(ana)).not_to_be_editable()
    debtor.write("Gracias")
    expect(composer(ana)).to_be_editable()
    expect(ana.get_by_role("group", name="Plantillas aprobadas")).to_be_hidden()


def test_an_incomplete_template_says_what_is_missing(house: House, new_page: NewPage) -> None:
    debtor = house.debtor()
    debtor.wrote_long_ago(hours=30)
    ana = house.enter(new_page, "ana")
    debtor.open(ana)
    search = ana.get_by_role("searchbox", name="Buscar plantilla")
    search.fill("zzz")
    expect(ana.get_by_text("Ninguna plantilla dice eso.")).to_be_visible()
    search.fill("enlace")
    ana.locator(".preview:visible input:visible").first.fill("")
    ana.get_by_role("button", name=re.compile("Enviar plantilla")).click()

    expect(ana.locator(".preview:visible input:visible").first).to_be_focused()
    assert debtor.got() == []


@pytest.mark.complaints("409")
def test_the_server_refuses_what_comes_too_late_and_the_text_stays(house: House, new_page: NewPage) -> None:
    debtor = house.debtor()
    debtor.wrote_long_ago(hours=30)
    ana = new_page()
    ana.clock.install()
    house.let_in(ana, "ana")
    # A page that still believes it has time: the header it was given is an hour old.
    ana.route(re.compile(r"/inbox/\d+\?"), open_for_an_hour)
    ana.goto(f"{house.address}/inbox?view=all")
    debtor.open(ana)
    composer(ana).fill("Un segundo tarde")
    composer(ana).press("Enter")

    expect(composer(ana)).to_have_value("Un segundo tarde")
    expect(ana.get_by_role("alert")).to_contain_text("Pasaron más de 24 horas")
    ana.clock.run_for(2000)
    expect(ana.get_by_role("group", name="Plantillas aprobadas")).to_be_visible()
    expect(ana.locator("#pane .window")).to_contain_text("La ventana se cerró", use_inner_text=True)
    assert debtor.got() == []


def open_for_an_hour(route: Route) -> None:
    answer = route.fetch()
    later = datetime.now(UTC) + timedelta(hours=1)
    body = re.sub(r'data-window-closes="[^"]*"', f'data-window-closes="{later.isoformat()}"', answer.text())
    route.fulfill(response=answer, body=body.replace('data-window="closed"', 'data-window="open"'))
