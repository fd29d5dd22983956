"""What becomes of an answer: it fails with a reason, stays in doubt until that is settled, collides, or waits."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.house import House, NewPage, bubble, composer, send
from tests.inbox import meta
from tests.patience import eventually_now


def test_a_failed_message_says_why_and_what_to_do(house: House, new_page: NewPage) -> None:
    debtor = house.debtor()
    debtor.write()
    ana = house.enter(new_page, "ana")
    debtor.open(ana)
    house.product.simulated("PATCH", f"/personas/{debtor.id}", json={"on_whatsapp": False})

    failed = send(ana, "¿Recibió el estado de cuenta?")
    expect(failed).to_contain_text("no se envió")
    expect(failed.locator(".why")).to_contain_text("(131026)")
    assert len(failed.locator(".why").inner_text()) > 60, "a sentence, and what to do"
    expect(failed.get_by_role("button", name="Copiar texto")).to_be_visible()
    # "No insista" is what it says, and what it offers.
    expect(failed.get_by_role("button", name="Enviar otra vez")).to_have_count(0)
    expect(debtor.row(ana)).to_contain_text("No se envió: ¿Recibió el estado de cuenta?")


def test_a_window_that_whatsapp_closed_leads_to_templates(house: House, new_page: NewPage) -> None:
    debtor = house.debtor()
    debtor.write()
    ana = house.enter(new_page, "ana")
    debtor.open(ana)
    long_ago = [{"mine": True, "text": "Hola", "at": 1_700_000_000}]
    house.product.simulated("PUT", f"/threads/{debtor.id}", json={"messages": long_ago})

    failed = send(ana, "Llega tarde")
    expect(failed).to_contain_text("no se envió")
    expect(failed.locator(".why")).to_contain_text("24 horas")
    failed.get_by_role("button", name="Usar plantilla").click()
    expect(ana.get_by_role("searchbox", name="Buscar plantilla")).to_be_focused()
    expect(composer(ana)).not_to_be_editable()


def test_what_whatsapp_took_and_did_not_confirm_settles_by_itself(house: House, new_page: NewPage) -> None:
    """500 after accepting: in doubt, never sent again by a machine, settled by the echo of our reference."""
    debtor = house.debtor()
    debtor.write()
    ana, luz = (house.enter(new_page, who) for who in ("ana", "luz"))
    debtor.open(ana)
    house.misbehave(error_after_accept_one_in=1, delay_seconds=3)

    doubtful = send(ana, "Le envío la constancia")
    expect(doubtful).to_contain_text("sin confirmar")
    expect(doubtful.locator(".why")).to_be_visible()
    expect(doubtful.get_by_role("button", name="Enviar otra vez")).to_be_visible()
    expect(debtor.row(luz)).to_contain_text("sin confirmar")

    expect(doubtful).to_contain_text("entregado")
    expect(doubtful.locator(".why")).to_have_count(0)
    expect(doubtful).to_have_count(1)
    assert debtor.got() == ["Le envío la constancia"]


def test_what_stays_in_doubt_is_sent_again_only_by_a_person_and_once(house: House, new_page: NewPage) -> None:
    debtor = house.debtor()
    debtor.write()
    ana = house.enter(new_page, "ana")
    debtor.open(ana)
    house.misbehave(reset_after_one_in=1, drop_statuses_percent=100)
    doubtful = send(ana, "Le envío la constancia")
    expect(doubtful).to_contain_text("sin confirmar")
    house.misbehave(drop_statuses_percent=100)

    doubtful.get_by_role("button", name="Enviar otra vez").dblclick()
    expect(bubble(ana, "Le envío la constancia")).to_have_count(2)
    expect(bubble(ana, "Le envío la constancia").last).to_contain_text("enviado")
    assert len([it for it in debtor.chat() if not it["mine"]]) == 2


@pytest.mark.complaints("409")
def test_a_colleague_was_faster_and_there_is_a_choice(house: House, new_page: NewPage) -> None:
    debtor = house.debtor()
    debtor.write("¿Ya figura mi pago?")
    ana, luz = (house.enter(new_page, who) for who in ("ana", "luz"))
    for desk in (ana, luz):
        debtor.open(desk)
    held: list[Route] = []
    # Playwright marks what it is given, so a bound method will not do.
    ana.route("**/replies", lambda route: held.append(route), times=1)  # noqa: PLW0108
    with ana.expect_request("**/replies"):
        send(ana, "Lo verifico y le confirmo")
    expect(send(luz, "Buenos días, ya figura")).to_contain_text("entregado")
    held.pop().continue_()

    notice = ana.get_by_role("alert").filter(has_text="respondió mientras usted escribía")
    expect(notice).to_contain_text("Luz Paredes")
    expect(notice).to_contain_text("Buenos días, ya figura")
    expect(composer(ana)).to_have_value("Lo verifico y le confirmo")
    expect(bubble(ana, "Lo verifico y le confirmo")).to_have_count(0)
    notice.get_by_role("button", name="Enviar igual").click()
    expect(bubble(ana, "Lo verifico y le confirmo")).to_contain_text("entregado")
    expect(notice).to_be_hidden()
    assert debtor.got() == ["Buenos días, ya figura", "Lo verifico y le confirmo"]


def test_while_the_number_is_paused_everybody_reads_why_and_what_is_written_waits(
    house: House, new_page: NewPage
) -> None:
    debtor = house.debtor()
    debtor.write()
    ana = house.enter(new_page, "ana")
    debtor.open(ana)
    restriction = {
        "event": "ACCOUNT_RESTRICTION",
        "restriction_info": [{"restriction_type": "RESTRICTED_BIZ_INITIATED"}],
    }
    house.deliver(meta.notice("account_update", restriction))
    try:
        expect(ana.locator("#banner")).to_contain_text("Envíos en pausa: Meta restringió la cuenta")
        waiting = send(ana, "Queda en espera")
        expect(waiting).to_contain_text("en cola")
        expect(debtor.row(ana)).to_contain_text("Queda en espera")
        luz = house.enter(new_page, "luz")
        expect(luz.locator("#banner")).to_contain_text("Puede leer, anotar y guardar borradores")
        assert debtor.got() == []
    finally:
        resume(house, new_page)

    expect(ana.locator("#banner")).to_have_text("")
    expect(waiting).to_contain_text("entregado")
    assert debtor.got() == ["Queda en espera"]


def resume(house: House, new_page: NewPage) -> Page:
    elena = house.enter(new_page, "elena", "/settings/number")
    elena.get_by_role("button", name="Reanudar los envíos").click()
    expect(elena.get_by_text("En marcha", exact=True)).to_be_visible()
    return elena


def test_what_is_slowed_down_leaves_later_and_in_order(house: House, new_page: NewPage) -> None:
    """429: nothing is lost, nothing overtakes."""
    debtor = house.debtor()
    debtor.write()
    ana = house.enter(new_page, "ana")
    debtor.open(ana)
    house.misbehave(rate_limit_one_in=2, rate_limit_code="130429")
    said = [f"parte {number}" for number in range(1, 4)]
    for text in said:
        send(ana, text)
    eventually_now(lambda: len(debtor.got()) >= 1)
    house.misbehave()

    expect(bubble(ana, "parte 3")).to_contain_text(re.compile("entregado|leído"), timeout=30_000)
    assert debtor.got() == said
