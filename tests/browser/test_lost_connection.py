"""The line breaks: what is on the page stays, what was missed comes once, what was written leaves once."""

from __future__ import annotations

import random
import re

import pytest
from playwright.sync_api import Locator, Page, Route, WebSocketRoute, expect

from tests.browser.cable import Cable
from tests.browser.house import House, NewPage, bubble, composer, send
from tests.inbox import meta
from tests.patience import eventually_now

GONE = ("ERR_CONNECTION", "ERR_INTERNET_DISCONNECTED", "WebSocket connection", "ERR_EMPTY_RESPONSE", "ERR_SOCKET")


def pill(page: Page) -> Locator:
    return page.locator("#connection .pill:visible")


def texts(page: Page) -> list[str]:
    return page.locator("#pane .thread .entry .text").all_inner_texts()


@pytest.mark.complaints(*GONE)
def test_the_server_dies_while_somebody_writes(house: House, new_page: NewPage) -> None:
    debtor = house.debtor()
    for number in range(30):
        debtor.write(f"mensaje {number}")
    ana = house.enter(new_page, "ana")
    debtor.open(ana)
    expect(bubble(ana, "mensaje 29")).to_be_visible()
    answer = send(ana, "Lo reviso")
    expect(answer).to_contain_text("entregado")
    log = ana.locator("#pane .log")
    log.hover()
    ana.mouse.wheel(0, -400)
    eventually_now(lambda: log.evaluate("log => log.scrollHeight - log.scrollTop - log.clientHeight") > 300)
    composer(ana).press_sequentially("Estoy escribi")
    before = log.evaluate("log => log.scrollTop")

    house.product.console.kill()  # type: ignore[union-attr]
    composer(ana).press_sequentially("endo esto")
    expect(pill(ana)).to_have_text("Conectando…")
    debtor.write("¿Hola?")
    debtor.write("¿Sigue ahí?")
    debtor.read()
    house.product.start()

    expect(pill(ana)).to_have_text(re.compile("Conectado"))
    expect(bubble(ana, "¿Hola?")).to_have_count(1)
    expect(bubble(ana, "¿Sigue ahí?")).to_have_count(1)
    expect(answer).to_contain_text("leído")
    expect(composer(ana)).to_have_value("Estoy escribiendo esto")
    expect(composer(ana)).to_be_focused()
    assert log.evaluate("log => log.scrollTop") == before
    expect(ana.get_by_role("button", name="2 mensajes nuevos")).to_be_visible()
    expect(pill(ana)).to_have_count(0)
    composer(ana).press("Enter")
    eventually_now(lambda: debtor.got() == ["Lo reviso", "Estoy escribiendo esto"])
    assert len(texts(ana)) == len(set(texts(ana))) == 34


@pytest.mark.complaints(*GONE)
def test_what_is_sent_while_the_server_is_gone_leaves_once(house: House, new_page: NewPage) -> None:
    debtor = house.debtor()
    debtor.write()
    ana = house.enter(new_page, "ana")
    debtor.open(ana)
    house.product.console.kill()  # type: ignore[union-attr]

    first, second = (send(ana, text) for text in ("Se lo confirmo", "en un minuto"))
    expect(first).to_contain_text("saldrá al reconectar")
    expect(second).to_contain_text("saldrá al reconectar")
    # What waits is one's own: it may be taken back.
    second.get_by_role("button", name="Cancelar").click()
    expect(second).to_have_count(0)
    expect(composer(ana)).to_have_value("en un minuto")
    house.product.start()

    expect(first).to_contain_text("entregado")
    expect(first).to_have_count(1)
    assert debtor.got() == ["Se lo confirmo"]


@pytest.mark.complaints(*GONE)
def test_offline_a_message_waits_in_sight_and_leaves_once(house: House, new_page: NewPage) -> None:
    """O1."""
    debtor = house.debtor()
    debtor.write()
    ana = house.enter(new_page, "ana")
    debtor.open(ana)
    ana.context.set_offline(True)

    expect(pill(ana)).to_have_text("Sin internet. Lo que escriba saldrá al reconectar")
    waiting = send(ana, "Cuando vuelva la red")
    expect(waiting).to_contain_text("saldrá al reconectar")
    assert debtor.got() == []
    ana.context.set_offline(False)

    expect(waiting).to_contain_text("entregado")
    expect(waiting).to_have_count(1)
    expect(pill(ana)).to_have_count(0)
    assert debtor.got() == ["Cuando vuelva la red"]


def test_two_enters_are_one_message(house: House, new_page: NewPage) -> None:
    debtor = house.debtor()
    debtor.write()
    ana = house.enter(new_page, "ana")
    debtor.open(ana)
    composer(ana).fill("Una sola vez")
    ana.keyboard.down("Enter")
    ana.keyboard.down("Enter")
    ana.keyboard.up("Enter")
    ana.keyboard.press("Enter")
    composer(ana).fill("y con el ratón")
    ana.locator("#pane .send").dblclick()

    expect(bubble(ana, "y con el ratón")).to_contain_text("entregado")
    assert debtor.got() == ["Una sola vez", "y con el ratón"]
    expect(bubble(ana, "Una sola vez")).to_have_count(1)


def test_a_laptop_that_slept_wakes_up_complete(house: House, new_page: NewPage) -> None:
    """R16."""
    debtor = house.debtor()
    debtor.write("buenas noches")
    ana = new_page()
    house.let_in(ana, "ana")
    ana.clock.install()
    cable = Cable(ana)
    ana.goto(f"{house.address}/inbox?view=all")
    debtor.open(ana)
    composer(ana).fill("Mañana le")

    cable.go_dead()
    debtor.write("¿me oye?")
    debtor.write("buenos días")
    eventually_now(lambda: len(debtor.chat()) == 3 and debtor.chat()[-1]["status"] == "delivered")
    ana.clock.fast_forward("08:00:00")
    expect(bubble(ana, "buenos días")).to_have_count(0)
    ana.clock.fast_forward("00:10")

    expect(pill(ana)).to_have_text("Conectado, 2 novedades")
    expect(bubble(ana, "buenos días")).to_be_visible()
    assert texts(ana) == ["buenas noches", "¿me oye?", "buenos días"]
    expect(composer(ana)).to_have_value("Mañana le")
    expect(ana.locator("#toasts .toast")).to_have_count(0)


def test_a_frame_that_is_lost_is_noticed_at_the_next(house: House, new_page: NewPage) -> None:
    """R4."""
    debtor = house.debtor()
    debtor.write("uno")
    ana = new_page()
    house.let_in(ana, "ana")
    cable = Cable(ana)
    ana.goto(f"{house.address}/inbox?view=all")
    debtor.open(ana)
    # Whatever opening it brought has come.
    expect(debtor.row(ana).locator(".badge")).to_have_count(0)

    cable.lose = 1
    debtor.write("dos")
    eventually_now(lambda: ana.title() and not cable.lose)
    assert cable.times == 1
    ana.evaluate("dispatchEvent(new Event('online'))")

    expect(bubble(ana, "dos")).to_be_visible()
    assert texts(ana) == ["uno", "dos"]
    assert cable.times == 2


def test_what_happens_between_page_and_socket_is_not_missed(house: House, new_page: NewPage) -> None:
    debtor = house.debtor()
    debtor.write("antes")
    ana = new_page()
    house.let_in(ana, "ana")
    held: list[WebSocketRoute] = []
    ana.route_web_socket(re.compile("/live"), lambda route: held.append(route))  # noqa: PLW0108 Playwright marks it
    ana.goto(f"{house.address}/inbox?view=all")
    eventually_now(lambda: ana.title() and held)
    debtor.write("entretanto")
    expect(debtor.row(ana)).to_contain_text("antes")
    held[0].close(code=1001)
    ana.unroute_all()
    held.clear()
    eventually_now(lambda: ana.title() and held)
    held[0].connect_to_server()

    expect(debtor.row(ana)).to_contain_text("entretanto")


def test_cut_again_and_again_each_message_comes_once_and_in_order(house: House, new_page: NewPage) -> None:
    """R2: the socket ends at any frame."""
    debtor = house.debtor()
    debtor.write("0")
    ana = new_page()
    house.let_in(ana, "ana")
    cable = Cable(ana)
    chance = random.Random(7)
    cable.cut_after = iter(lambda: chance.randrange(1, 5), 0)
    ana.goto(f"{house.address}/inbox?view=all")
    debtor.open(ana)
    number = 0
    # On a busy machine one frame brings many messages, so that it takes more of them to be cut as often.
    while number < 40 or cable.times <= 5:
        number += 1
        debtor.write(str(number))
        ana.title()

    # From here on the line holds: cut at every other frame, a page waits longer each time before it tries again.
    cable.cut_after = iter(lambda: 1_000_000, 0)
    # A message on a new line may come before those that were missed on the old one.
    written = sorted(map(str, range(number + 1)))
    eventually_now(lambda: sorted(texts(ana)) == written, within=60)
    # The telephone's deliveries may overtake each other on a busy machine: the order is the one in which they came.
    shown = texts(ana)
    ana.reload()
    expect(bubble(ana, str(number))).to_be_visible()
    fresh = texts(ana)
    assert shown[-len(fresh) :] == fresh


def test_cut_while_a_conversation_opens_what_came_meanwhile_is_there(house: House, new_page: NewPage) -> None:
    """R5: it was not in the answer yet, and the line on which it would have been brought is gone."""
    debtor = house.debtor()
    debtor.write("antes")
    ana = new_page()
    house.let_in(ana, "ana")
    cable = Cable(ana)
    ana.goto(f"{house.address}/inbox?view=all")
    expect(debtor.row(ana)).to_contain_text("antes")

    def answer_late(route: Route) -> None:
        answer = route.fetch()
        debtor.write("mientras se abre")
        expect(debtor.row(ana)).to_contain_text("mientras se abre")
        cable.cut()
        route.fulfill(response=answer)

    ana.route(re.compile(r"/inbox/\d+\?"), answer_late, times=1)
    debtor.open(ana)

    expect(bubble(ana, "mientras se abre")).to_be_visible()


def test_what_is_read_again_in_one_piece_leaves_no_hole(house: House, new_page: NewPage) -> None:
    """R2: more was missed than is read again at once, and the newest of it had come by the line already."""
    debtor = house.debtor()
    debtor.write("0")
    ana = new_page()
    house.let_in(ana, "ana")
    lines: list[WebSocketRoute] = []
    ana.route_web_socket(re.compile("/live"), lambda line: lines.append(line))  # noqa: PLW0108 it looks for the name
    ana.goto(f"{house.address}/inbox?view=all")
    debtor.open(ana)
    house.deliver(meta.body(*[meta.text(str(number), sender=debtor.phone) for number in range(1, 61)]))
    newest = ana.evaluate("""async () => {
      const page = new DOMParser().parseFromString(await (await fetch(location.href)).text(), 'text/html')
      return [...page.querySelectorAll('.thread > .entry')].at(-1).outerHTML
    }""")
    lines[-1].send('{"n":1,"caught_up":1}\n' + newest)
    expect(bubble(ana, "60")).to_be_visible()

    lines[-1].send('{"n":2,"reload":["pane"]}')

    eventually_now(lambda: texts(ana) == [str(number) for number in range(11, 61)])


def test_two_tabs_of_one_person_agree(house: House, new_page: NewPage) -> None:
    """R17."""
    debtor = house.debtor()
    debtor.write()
    one = house.enter(new_page, "ana")
    two = one.context.new_page()
    two.goto(f"{house.address}/inbox?view=all")
    debtor.open(one)
    with one.expect_response(re.compile("/draft$")):
        composer(one).fill("Le escribo desde")
    expect(debtor.row(two).locator(".badge")).to_have_count(0)

    debtor.open(two)
    expect(composer(two)).to_have_value("Le escribo desde")
    expect(two.locator("#pane .typing")).to_be_hidden()
    composer(two).press("Enter")

    for tab in (one, two):
        expect(bubble(tab, "Le escribo desde")).to_have_count(1)
        expect(bubble(tab, "Le escribo desde")).to_contain_text("entregado")
        expect(composer(tab)).to_have_value("")
    answer = send(one, "y desde la otra")
    expect(answer).to_contain_text("entregado")
    assert debtor.got() == ["Le escribo desde", "y desde la otra"]


@pytest.mark.complaints("WebSocket")
def test_without_sockets_the_page_keeps_up_all_the_same(house: House, new_page: NewPage) -> None:
    """R21: some proxies let no socket through."""
    debtor = house.debtor()
    debtor.write("uno")
    ana = new_page()
    house.let_in(ana, "ana")
    ana.route_web_socket(re.compile("/live"), lambda route: route.close(code=1006))
    ana.goto(f"{house.address}/inbox?view=all")
    debtor.open(ana)
    expect(pill(ana)).to_have_text("Sin conexión directa: se actualiza cada pocos segundos", timeout=20_000)
    composer(ana).fill("Estoy en ello")

    debtor.write("dos")
    expect(bubble(ana, "dos")).to_be_visible(timeout=20_000)
    expect(debtor.row(ana)).to_contain_text("dos")
    expect(composer(ana)).to_have_value("Estoy en ello")
    composer(ana).press("Enter")
    expect(bubble(ana, "Estoy en ello")).to_contain_text("entregado", timeout=20_000)
    assert texts(ana) == ["uno", "dos", "Estoy en ello"]
