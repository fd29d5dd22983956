"""Every state the screens can be in, and how one gets there: for looking at them one after the other."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import Any

import httpx
import msgspec
from playwright.sync_api import Page, Route, expect

from tests.browser.everything import everything
from tests.browser.house import House, bubble, composer, send
from tests.inbox import meta
from tests.patience import eventually_now

LONG_NAME = (
    "Inmobiliaria y Constructora Los Álamos de San Borja e Hijos Sociedad Anónima Cerrada, sucursal " + "Arequipa-" * 2
)
LONG_NAME += "Cercado"
LONG_TEXT = ("Le cuento lo que pasó con la cuota de noviembre, señorita. " * 70)[:4080] + " y eso es todo."
UNBROKEN = "https://pagos.example/" + "a1b2c3" * 60
MARIA = "María Fernanda Ccori"
LONG = "51978000002"


class Cast(msgspec.Struct):
    """Whose conversations show the states: their numbers."""

    everything: int
    long: int
    closed: int
    hurried: int
    failed: int
    doubtful: int
    noted: int
    plain: int


Arrange = Callable[[Page, House, Cast], None]
EVERYWHERE = ("desk", "tablet", "phone")
SMALL_AND_LARGE = ("desk", "phone")


class State(msgspec.Struct):
    """Who looks (None: nobody who is signed in), what is done to see it, and at which sizes it is worth a look."""

    who: str | None
    arrange: Arrange
    sizes: tuple[str, ...] = SMALL_AND_LARGE
    undo: Callable[[House], None] = lambda _house: None


STATES: dict[str, State] = {}


def cast(house: House) -> Cast:
    """Let everybody write."""
    maria = house.debtor(MARIA)
    maria.write("Buenos días")
    house.deliver(everything("Mañana le deposito, señorita", sender=maria.phone, name=MARIA))
    lengthy = [meta.text(words, sender=LONG) for words in ("Corto", LONG_TEXT, UNBROKEN, "W" * 400)]
    house.deliver(meta.body(*lengthy, contacts=[{"wa_id": LONG, "profile": {"name": LONG_NAME}}]))
    names = ("Andrea Lozano", "Luz Gamarra", "Lidia Huerta", "Pedro Villanueva", "Julián Tapia", "Rubén Mamani")
    closed, hurried, failed, doubtful, noted, plain = (house.debtor(name) for name in names)
    closed.wrote_long_ago("¿Me puede ayudar?", hours=30)
    hurried.wrote_long_ago("¿Sigue ahí?", hours=22.5)
    failed.write("Buenas")
    doubtful.write("¿Me envía la constancia?")
    noted.write("¿Ya se reflejó?")
    plain.write("Buenas tardes")
    house.product.simulated("PATCH", f"/personas/{failed.id}", json={"on_whatsapp": False})
    everybody = {MARIA, LONG_NAME, *names}
    eventually_now(lambda: _numbers(house).keys() >= everybody)
    numbers = _numbers(house)
    return Cast(*(numbers[name] for name in (MARIA, LONG_NAME, *names)))


def _numbers(house: House) -> dict[str, int]:
    page = httpx.get(f"{house.address}/inbox?view=all", cookies={"aldia": house.keys["ana"]}).text
    rows = re.findall(r'id="row-(\d+)".*?class="who"[^>]*>(.*?)</span>', page, re.DOTALL)
    return {html.unescape(name): int(number) for number, name in rows}


def state(who: str | None = "ana", **more: Any) -> Callable[[Arrange], Arrange]:
    def keep(arrange: Arrange) -> Arrange:
        STATES[arrange.__name__.replace("_", " ")] = State(who, arrange, **more)
        return arrange

    return keep


def _open(page: Page, house: House, number: int) -> None:
    page.goto(f"{house.address}/inbox/{number}?view=all")
    expect(page.locator("#pane .thread")).to_be_visible()


@state(sizes=EVERYWHERE)
def the_list(page: Page, house: House, cast: Cast) -> None:
    page.goto(f"{house.address}/inbox?view=all")
    expect(page.locator("#rows > .row").first).to_be_visible()


@state("beto")
def nothing_to_do(page: Page, house: House, cast: Cast) -> None:
    page.goto(f"{house.address}/inbox")
    expect(page.locator("#list .empty")).to_contain_text("Está al día")


@state()
def the_list_cannot_be_read(page: Page, house: House, cast: Cast) -> None:
    page.goto(f"{house.address}/inbox?view=all")
    page.route("**/inbox?view=resolved", _unavailable, times=1)
    page.locator("#counts [data-view=resolved]").click()
    expect(page.get_by_role("button", name="Reintentar").first).to_be_visible()


@state(sizes=EVERYWHERE)
def every_kind_of_message(page: Page, house: House, cast: Cast) -> None:
    _open(page, house, cast.everything)


@state(sizes=EVERYWHERE)
def long_words(page: Page, house: House, cast: Cast) -> None:
    _open(page, house, cast.long)


@state()
def long_words_whole(page: Page, house: House, cast: Cast) -> None:
    _open(page, house, cast.long)
    page.get_by_role("button", name="Ver todo").first.click()
    expect(page.get_by_role("button", name="Ver menos")).to_be_visible()


@state()
def a_note_is_written(page: Page, house: House, cast: Cast) -> None:
    _open(page, house, cast.noted)
    page.get_by_role("button", name="Nota interna").click()
    composer(page).fill("Si pagó por Yape, tarda 20 minutos en reflejarse")


@state(sizes=EVERYWHERE)
def the_window_is_closed(page: Page, house: House, cast: Cast) -> None:
    _open(page, house, cast.closed)
    expect(page.locator(".preview:visible")).to_be_visible()


@state()
def the_window_closes_soon(page: Page, house: House, cast: Cast) -> None:
    _open(page, house, cast.hurried)
    composer(page).fill("¿Le sirve el viernes 27?")
    expect(page.locator("#pane .window.soon")).to_be_visible()


@state()
def it_failed(page: Page, house: House, cast: Cast) -> None:
    _open(page, house, cast.failed)
    if not bubble(page, "¿Pudo revisarlo?").count():
        send(page, "¿Pudo revisarlo?")
    expect(bubble(page, "¿Pudo revisarlo?").last).to_contain_text("no se envió")


@state(undo=lambda house: house.misbehave())
def it_is_in_doubt(page: Page, house: House, cast: Cast) -> None:
    _open(page, house, cast.doubtful)
    house.misbehave(error_after_accept_one_in=1, drop_statuses_percent=100)
    expect(send(page, "Le envío la constancia").last).to_contain_text("sin confirmar")


@state()
def a_colleague_was_faster(page: Page, house: House, cast: Cast) -> None:
    _open(page, house, cast.everything)

    def meanwhile(route: Route) -> None:
        house.reply("luz", cast.everything, "Buenos días, su pago ya figura. Queda al día.")
        route.continue_()

    page.route("**/replies", meanwhile, times=1)
    send(page, "Recibido. Lo verifico y le confirmo")
    expect(page.get_by_role("alert").filter(has_text="respondió mientras usted escribía")).to_be_visible()


@state()
def it_waits_for_the_line(page: Page, house: House, cast: Cast) -> None:
    _open(page, house, cast.plain)
    page.route("**/replies", lambda route: route.abort())
    send(page, "Cuando vuelva la red")
    page.locator("#connection").evaluate("it => { it.dataset.says = 'offline' }")
    expect(bubble(page, "Cuando vuelva la red").last).to_contain_text("saldrá al reconectar")


@state()
def connecting(page: Page, house: House, cast: Cast) -> None:
    the_list(page, house, cast)
    page.locator("#connection").evaluate("it => { it.dataset.says = 'failed' }")
    page.evaluate("document.querySelector('[data-act=help]').click()")
    page.keyboard.press("Escape")


@state(sizes=EVERYWHERE, undo=lambda house: house.press("elena", "/settings/number/resume"))
def sending_is_paused(page: Page, house: House, cast: Cast) -> None:
    house.press("elena", "/settings/number/pause", reason="Meta restringió la cuenta (código 368)")
    _open(page, house, cast.plain)
    expect(page.locator("#banner")).to_contain_text("Envíos en pausa")


@state(sizes=EVERYWHERE)
def the_menus(page: Page, house: House, cast: Cast) -> None:
    _open(page, house, cast.long)
    if page.locator("#pane .head button[value=me]:visible").count():
        page.locator("#pane .head button[value=me]").first.click()
        expect(page.locator("#pane .head summary")).to_have_attribute("title", "Quién la atiende")
    page.locator("#pane .head summary").click()
    expect(page.get_by_role("button", name="Dejarla sin asignar")).to_be_visible()


@state()
def ones_own_menu(page: Page, house: House, cast: Cast) -> None:
    the_list(page, house, cast)
    page.locator("#menu-me summary").click()
    expect(page.get_by_role("button", name="Salir")).to_be_visible()


@state()
def help_is_open(page: Page, house: House, cast: Cast) -> None:
    the_list(page, house, cast)
    page.evaluate("document.querySelector('[data-act=help]').click()")
    expect(page.get_by_role("dialog", name="Atajos de teclado")).to_be_visible()


@state(sizes=EVERYWHERE)
def the_contacts_panel(page: Page, house: House, cast: Cast) -> None:
    _open(page, house, cast.everything)
    if not page.locator("#pane .panel").is_visible():
        page.locator("#pane .head [data-act=panel]").click()
    page.locator("#pane .history .lnk").click()
    expect(page.locator("#pane .history .lnk")).to_have_count(0)


@state("beto")
def out_of_reach(page: Page, house: House, cast: Cast) -> None:
    page.goto(f"{house.address}/inbox/{cast.plain}")
    expect(page.locator("#pane")).to_contain_text("No está a su alcance")


@state()
def it_did_not_open(page: Page, house: House, cast: Cast) -> None:
    the_list(page, house, cast)
    page.route(re.compile(r"/inbox/\d+\?"), lambda route: route.abort(), times=1)
    page.locator("#rows > .row > a").first.click()
    expect(page.get_by_role("button", name="Reintentar").first).to_be_visible()


@state()
def it_is_being_opened(page: Page, house: House, cast: Cast) -> None:
    the_list(page, house, cast)
    held: list[Route] = []
    page.route(re.compile(r"/inbox/\d+\?"), lambda route: held.append(route))  # noqa: PLW0108 Playwright marks it
    page.locator("#rows > .row > a").first.click()
    expect(page.locator("#pane[aria-busy]")).to_be_visible()


def _quiet(path: str) -> Arrange:
    def arrange(page: Page, house: House, cast: Cast) -> None:
        page.goto(house.address + path)
        expect(page.locator("main h1").first).to_be_visible()

    return arrange


for _path in ("sessions", "password", "users", "channel", "dead-letters", "reviews"):
    STATES[_path] = State("elena", _quiet(f"/settings/{_path}"))
STATES["audit"] = State("elena", _quiet("/audit"))
STATES["not found"] = State("elena", _quiet("/nowhere"), ("desk",))
STATES["signed out"] = State(None, _quiet("/login?out="))


def _unavailable(route: Route) -> None:
    problem = {"title": "Service Unavailable", "status": 503, "detail": "La base de datos no responde en este momento."}
    route.fulfill(status=503, json=problem, content_type="application/problem+json")
