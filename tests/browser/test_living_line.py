"""One debtor on a telephone, Ana and Luz at their desks: what one does, the others see without reloading."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Route, expect

from tests.browser.house import House, NewPage, bubble, composer, send
from tests.patience import eventually_now


def test_a_debtor_writes_and_is_answered_tick_by_tick(house: House, new_page: NewPage) -> None:
    """The whole line, with the debtor at the simulator's own page."""
    debtor = house.debtor()
    ana, luz = (house.enter(new_page, who) for who in ("ana", "luz"))
    phone = new_page()
    phone.goto(f"{house.product.simulator_address}/simulator")
    phone.get_by_role("option", name=debtor.name).click()
    phone.get_by_placeholder("Mensaje", exact=True).fill("Hola, ¿puedo pagar el viernes?")
    phone.keyboard.press("Enter")

    for desk in (ana, luz):
        row = debtor.row(desk)
        expect(row).to_contain_text("Hola, ¿puedo pagar el viernes?")
        expect(row.locator(".badge")).to_contain_text("1")
        expect(row).to_contain_text("Sin asignar")
    debtor.open(ana)
    # The debtor looks elsewhere, so that "leído" has to wait.
    phone.get_by_role("option", name="Julio Tapia").click()
    answer = send(ana, "Claro que sí, hasta el viernes")
    expect(answer).to_contain_text("en cola")
    expect(composer(ana)).to_have_value("")
    expect(answer).to_contain_text("entregado")
    expect(debtor.row(luz)).to_contain_text("Ana: Claro que sí")
    expect(debtor.row(luz)).to_contain_text("Ana Ríos")
    phone.get_by_role("option", name=debtor.name).click()
    expect(phone.locator("#log")).to_contain_text("Claro que sí, hasta el viernes")
    expect(answer).to_contain_text("leído")
    expect(answer).to_have_count(1)


def test_what_a_debtor_does_to_messages_is_seen_at_once(house: House, new_page: NewPage) -> None:
    debtor = house.debtor()
    first = debtor.write("Deposité 200")
    ana = house.enter(new_page, "ana")
    debtor.open(ana)
    answer = send(ana, "Recibido, gracias")
    expect(answer).to_contain_text("entregado")

    ours = next(message["id"] for message in debtor.chat() if not message["mine"])
    debtor.do("react", message_id=ours, emoji="🙏")
    expect(answer.locator(".reactions")).to_contain_text("🙏")
    debtor.do("react", message_id=ours, emoji="")
    expect(answer.locator(".reactions")).to_have_count(0)

    debtor.do("edit", message_id=first, text="Deposité 250")
    edited = bubble(ana, "Deposité 250")
    expect(edited).to_contain_text("editado")
    edited.get_by_text("ver anterior").click()
    expect(edited.locator(".before")).to_contain_text("Deposité 200")

    debtor.do("delete", message_id=first)
    expect(ana.locator("#pane .gone")).to_have_text("Eliminó este mensaje")
    expect(ana.locator("#pane .thread")).not_to_contain_text("Deposité 250")

    debtor.wrote_long_ago("Lo escribí sin señal", hours=2)
    late = bubble(ana, "Lo escribí sin señal")
    expect(late).to_contain_text("recibido tarde")
    # What comes last stands last, whenever it was written.
    expect(ana.locator("#pane .thread > .entry").last).to_contain_text("Lo escribí sin señal")


def test_what_a_debtor_sends_is_shown_as_what_it_is(house: House, new_page: NewPage) -> None:
    debtor = house.debtor()
    debtor.write()
    ana = house.enter(new_page, "ana")
    debtor.open(ana)
    thread = ana.locator("#pane .thread")

    debtor.do("photo", caption="Mi comprobante")
    picture = thread.locator("a.picture img")
    expect(picture).to_be_visible()
    eventually_now(lambda: picture.evaluate("image => image.complete && image.naturalWidth"))
    expect(thread.locator(".entry").last).to_contain_text("Mi comprobante")
    picture.click()
    expect(ana.locator("#lightbox")).to_be_visible()
    ana.keyboard.press("Escape")
    expect(ana.locator("#lightbox")).to_be_hidden()

    debtor.do("voice")
    play = thread.get_by_role("button", name="Reproducir")
    play.click()
    expect(thread.get_by_role("button", name="Pausar")).to_be_visible()
    expect(thread.locator(".voice .at")).not_to_have_text("no suena")

    debtor.write("", type="location", name="Agencia San Isidro", address="Av. Los Álamos 240, Lima")
    place = thread.locator(".place")
    expect(place).to_contain_text("Agencia San Isidro")
    expect(place.get_by_role("link", name="Abrir mapa")).to_have_attribute("rel", re.compile("noreferrer"))

    debtor.do("document")
    expect(thread.locator(".file").last.get_by_role("link", name=re.compile("Descargar"))).to_be_visible()
    expect(debtor.row(ana).locator(".last svg")).to_be_visible()


def test_a_colleague_is_seen_looking_and_writing(house: House, new_page: NewPage) -> None:
    debtor = house.debtor()
    debtor.write()
    ana, luz = (house.enter(new_page, who) for who in ("ana", "luz"))
    debtor.open(ana)
    said = ana.locator("#pane .typing")
    expect(said).to_be_hidden()

    debtor.open(luz)
    expect(said).to_have_text("Luz Paredes también la está viendo")
    composer(luz).press_sequentially("Buen")
    expect(said).to_have_text("Luz Paredes está escribiendo…")
    expect(luz.locator("#pane .typing")).to_have_text("Ana Ríos también la está viendo")
    composer(luz).fill("")
    expect(said).to_have_text("Luz Paredes también la está viendo")
    luz.close()
    expect(said).to_be_hidden()


@pytest.mark.complaints("409")
def test_of_two_who_take_it_the_slower_reads_who_was_first(house: House, new_page: NewPage) -> None:
    debtor = house.debtor()
    debtor.write()
    ana, luz = (house.enter(new_page, who) for who in ("ana", "luz"))
    held: list[Route] = []
    luz.route("**/assignment", lambda route: held.append(route))  # noqa: PLW0108 Playwright marks what it is given
    for desk in (ana, luz):
        debtor.open(desk)
    take = "#pane .head button[value=me]"

    with luz.expect_request("**/assignment"):
        luz.locator(take).click()
    ana.locator(take).click()
    expect(ana.locator("#pane .head summary")).to_contain_text("Ana Ríos")
    held.pop().continue_()

    expect(luz.locator("#toasts")).to_have_text("Ana Ríos ya tiene esta conversación.")
    expect(luz.locator("#pane .head")).to_contain_text("Ana Ríos")
    expect(luz.locator("#pane .panel dl")).to_contain_text("Ana Ríos")
    expect(luz.locator(take)).to_have_count(0)
    expect(bubble(luz, "Ana Ríos se asignó la conversación")).to_have_count(1)


def test_reading_is_each_ones_own_and_blue_ticks_are_the_holders(house: House, new_page: NewPage) -> None:
    debtor = house.debtor()
    debtor.write("uno")
    ana, luz = (house.enter(new_page, who) for who in ("ana", "luz"))
    debtor.open(ana)
    ana.locator("#pane .head button[value=me]").click()
    expect(ana.locator("#pane .head summary")).to_contain_text("Ana Ríos")
    ana.goto(f"{house.address}/inbox?view=mine")
    wamid = debtor.write("dos")
    debtor.write("tres")
    for desk, unread in ((ana, "2"), (luz, "3")):
        expect(debtor.row(desk).locator(".badge")).to_contain_text(unread)

    debtor.open(luz)
    expect(debtor.row(luz).locator(".badge")).to_have_count(0)
    expect(debtor.row(ana).locator(".badge")).to_contain_text("2")
    assert status_of(debtor.chat(), wamid) == "delivered"

    debtor.open(ana)
    expect(debtor.row(ana).locator(".badge")).to_have_count(0)
    eventually_now(lambda: status_of(debtor.chat(), wamid) == "read")


def test_views_and_counts_follow_what_happens(house: House, new_page: NewPage) -> None:
    debtor = house.debtor()
    debtor.write()
    luz = house.enter(new_page, "luz", "/inbox?view=unassigned")
    ana = house.enter(new_page, "ana")
    debtor.open(ana)
    mine = ana.locator("#counts [data-count=mine]")
    before = int(mine.inner_text())

    ana.locator("#pane .head button[value=me]").click()
    expect(mine).to_have_text(str(before + 1))
    expect(debtor.row(luz)).to_have_count(0)
    ana.get_by_role("button", name="Resolver").click()
    ana.get_by_role("dialog").get_by_role("button", name="Resolver").click()
    expect(ana.locator("#pane .head")).to_contain_text("Resuelta")
    expect(debtor.row(ana)).to_have_count(0)
    expect(mine).to_have_text(str(before))

    debtor.write("Perdone, una cosa más")
    expect(debtor.row(ana)).to_contain_text("Perdone, una cosa más")
    expect(ana.locator("#pane .head")).not_to_contain_text("Resuelta")


@pytest.mark.complaints("404")
def test_another_teams_browser_shows_nothing(house: House, new_page: NewPage) -> None:
    debtor = house.debtor()
    beto = new_page()
    house.let_in(beto, "beto")
    with beto.expect_websocket() as opened:
        beto.goto(f"{house.address}/inbox?view=all")
    ana = house.enter(new_page, "ana")
    frames: list[str | bytes] = []
    opened.value.on("framereceived", lambda frame: frames.append(frame))  # noqa: PLW0108 Playwright marks what it is given
    debtor.write("Es un asunto privado")
    debtor.open(ana)
    send(ana, "Con gusto, en privado")

    with opened.value.expect_event("framereceived", lambda frame: "pong" in frame):
        beto.evaluate("dispatchEvent(new Event('online'))")
    assert not any("privado" in str(frame) or "row-" in str(frame) for frame in frames)
    expect(beto.locator("#rows .row")).to_have_count(0)
    expect(beto.locator("#counts [data-count=all]")).to_have_text("0")
    beto.goto(f"{house.address}/inbox/{debtor.conversation}")
    expect(beto.locator("#pane")).to_contain_text("No está a su alcance")
    expect(beto.locator("body")).not_to_contain_text(debtor.name)


def status_of(chat: list[dict[str, str]], wamid: str) -> str:
    return next(message["status"] for message in chat if message["id"] == wamid)
