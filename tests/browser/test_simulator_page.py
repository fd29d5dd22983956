"""Being a debtor in a browser: the phone, the misbehaviour and the register of the simulator's page."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from integrations.simulator.samples import SAMPLES
from tests.browser.house import NewPage
from tests.patience import eventually_now
from tests.simulator.town import MARIA, Town, town

HOSTILE = '<img src=x onerror="window.taken=1"><script>window.taken=1</script>{{7*7}} "\'& https://x.example/?a="><b>'


@pytest.fixture
def simulator() -> Iterator[Town]:
    with town() as made:
        yield made


@pytest.fixture
def phone(simulator: Town, page: Page) -> Page:
    """The page, being María Fernanda."""
    return being(page, simulator)


def being(page: Page, simulator: Town, persona: str = MARIA) -> Page:
    page.goto(f"{simulator.url}/simulator#{persona}")
    expect(page.locator(".one[aria-selected=true]")).to_have_attribute("data-persona", persona)
    expect(page.locator("#clock")).not_to_be_empty()
    return page


def write(phone: Page, text: str) -> Locator:
    phone.get_by_placeholder("Mensaje").fill(text)
    phone.keyboard.press("Enter")
    bubble = phone.locator(".msg.out", has_text=text).last
    expect(bubble).to_be_visible()
    return bubble


def line(phone: Page, text: str) -> Locator:
    return phone.locator(".ln", has_text=text).first


def test_what_one_writes_reaches_the_console_and_ticks(phone: Page, simulator: Town) -> None:
    expect(phone.locator("#log")).to_contain_text("Todavía no hay mensajes")

    bubble = write(phone, "Si ya hice por yape")

    expect(bubble.locator("footer")).to_contain_text("entregado")
    [message] = simulator.console.messages
    assert message["text"]["body"] == "Si ya hice por yape"
    read = {"messaging_product": "whatsapp", "status": "read", "message_id": message["id"]}
    simulator.number("POST", "messages", json={**read, "typing_indicator": {"type": "text"}})
    expect(bubble.locator("footer")).to_contain_text("leído")
    expect(phone.locator("#business-state")).to_have_text("cuenta de empresa, escribiendo…")
    expect(phone.get_by_placeholder("Mensaje")).to_be_empty()


def test_an_answer_appears_and_is_read_while_one_looks(phone: Page, simulator: Town) -> None:
    write(phone, "Buenas")
    quoted = simulator.console.messages[0]["id"]

    wamid = simulator.sent(type="text", text={"body": "Buenos *días*"}, context={"message_id": quoted})

    bubble = phone.locator(".msg:not(.out)")
    expect(bubble.locator(".txt")).to_have_text("Buenos días")
    expect(bubble.locator("strong")).to_have_text("días")
    expect(bubble.locator(".quote")).to_contain_text("Buenas")
    simulator.told(wamid, "sent", "read")


def test_an_answer_to_somebody_else_waits_unread(phone: Page, simulator: Town) -> None:
    simulator.write(persona="luz-gamarra")

    wamid = simulator.sent("+51936117428")

    row = phone.locator("[data-persona=luz-gamarra]")
    expect(row.locator(".badge")).to_have_text("1")
    eventually_now(lambda: simulator.console.steps(wamid) == ["sent", "delivered"])
    row.click()
    expect(row.locator(".badge")).to_have_count(0)
    eventually_now(lambda: simulator.console.steps(wamid) == ["sent", "delivered", "read"])


def test_a_message_is_quoted_edited_reacted_to_and_deleted(phone: Page, simulator: Town) -> None:
    write(phone, "Hoal").click()
    phone.get_by_role("menuitem", name="Editar").click()
    phone.get_by_placeholder("Mensaje").fill("Hola")
    phone.keyboard.press("Enter")
    bubble = phone.locator(".msg.out").first
    expect(bubble).to_contain_text("Hola")
    expect(bubble.locator("footer")).to_contain_text("editado")

    bubble.click()
    phone.get_by_role("menuitem", name="Responder citando").click()
    write(phone, "y otra cosa")
    expect(phone.locator(".msg.out").last.locator(".quote")).to_contain_text("Hola")

    bubble.click()
    phone.get_by_role("button", name="🙏").click()
    expect(bubble.locator(".reactions")).to_have_text("🙏")
    bubble.click()
    phone.get_by_role("button", name="Más reacciones").click()
    phone.get_by_role("button", name="💪").click()
    expect(bubble.locator(".reactions")).to_have_text("💪")

    bubble.click()
    phone.get_by_role("menuitem", name="Eliminar para todos").click()
    expect(bubble).to_contain_text("Eliminó este mensaje")

    eventually_now(lambda: len(simulator.console.messages) == 6)
    kinds = [message["type"] for message in simulator.console.messages]
    assert sorted(kinds) == ["edit", "reaction", "reaction", "revoke", "text", "text"]


def test_files_places_and_people_are_sent(phone: Page, simulator: Town) -> None:
    for thing in ("Ubicación", "Contacto", "Sticker"):
        phone.locator("#quick").get_by_role("button", name=thing).click()
    phone.locator("#quick summary", has_text="Foto").click()
    phone.get_by_role("menuitem", name="Comprobante de ejemplo").click()
    phone.locator("#quick summary", has_text="Archivo").click()
    with phone.expect_file_chooser() as chooser:
        phone.get_by_role("menuitem", name="Elegir un archivo…").click()
    chooser.value.set_files({"name": "estado.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4"})

    expect(phone.locator(".msg.out")).to_have_count(5)
    expect(phone.locator(".msg.out", has_text="estado.pdf")).to_be_visible()
    eventually_now(lambda: len(simulator.console.messages) == 5)
    photo = phone.get_by_alt_text("Foto")
    eventually_now(lambda: photo.evaluate("image => image.naturalWidth") == 540)
    kinds = {message["type"] for message in simulator.console.messages}
    assert kinds == {"location", "contacts", "sticker", "image", "document"}


NO_MICROPHONE = (
    "() => { navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('', 'NotFoundError') } }"
)


def test_without_a_microphone_the_sample_goes(phone: Page, simulator: Town) -> None:
    # What a browser answers where there is none; the tests' own has one that beeps.
    phone.evaluate(NO_MICROPHONE)
    phone.get_by_role("button", name="Grabar un audio").click()

    expect(
        phone.get_by_text("Sin microfono", exact=False).or_(phone.get_by_text("Sin micrófono", exact=False))
    ).to_be_visible()
    expect(phone.locator(".msg.out .voice")).to_be_visible()
    eventually_now(lambda: simulator.console.messages)
    audio = simulator.console.messages[0]["audio"]
    assert audio["voice"] is True
    assert simulator.http.get(f"/simulator/api/media/{audio['id']}").content == SAMPLES["voice"].data


def test_buttons_are_tapped(phone: Page, simulator: Town) -> None:
    write(phone, "Hola")
    buttons = [{"type": "reply", "reply": {"id": "si", "title": "Sí, hoy"}}]
    simulator.sent(
        type="interactive",
        interactive={"type": "button", "body": {"text": "¿Paga hoy?"}, "action": {"buttons": buttons}},
    )

    phone.get_by_role("button", name="Sí, hoy").click()

    expect(phone.locator(".msg.out").last).to_contain_text("Sí, hoy")
    eventually_now(lambda: len(simulator.console.messages) == 2)
    assert simulator.console.messages[1]["interactive"]["button_reply"]["id"] == "si"


def test_the_phone_goes_off_the_network_and_back(phone: Page, simulator: Town) -> None:
    write(phone, "Hola")
    phone.get_by_role("switch", name="En línea").click()
    row = phone.locator(f"[data-persona={MARIA}]")
    expect(row).to_contain_text("Sin conexión")
    simulator.sent()
    expect(row).to_contain_text("Sin conexión, 1 por entregar")
    waiting = write(phone, "desde el túnel")
    expect(waiting.locator("footer")).to_contain_text("en espera")
    expect(phone.locator(".msg:not(.out)")).to_have_count(0)

    phone.get_by_role("switch", name="Sin conexión").click()

    expect(waiting.locator("footer")).to_contain_text("entregado")
    expect(phone.locator(".msg:not(.out)")).to_have_count(1)


def test_blocking_and_a_new_number(phone: Page, simulator: Town) -> None:
    phone.get_by_role("button", name="Bloquear").click()
    expect(phone.get_by_role("button", name="Desbloquear")).to_be_visible()
    expect(phone.locator(f"[data-persona={MARIA}]")).to_contain_text("Bloqueó a la empresa")
    phone.get_by_role("button", name="Desbloquear").click()

    phone.get_by_role("button", name="Cambiar de número").click()
    phone.get_by_label("Número nuevo").fill("+51 911 222 333")
    phone.get_by_role("button", name="Cambiar", exact=True).click()

    expect(phone.get_by_text("Ahora es +51 911 222 333.")).to_be_visible()
    eventually_now(lambda: simulator.console.fields("user_id_update"))


def test_people_are_looked_for_and_invented(phone: Page, simulator: Town) -> None:
    expect(phone.locator(".one")).to_have_count(24)
    phone.get_by_placeholder("Nombre, país o situación").fill("gimenez")
    expect(phone.locator(".one:visible")).to_have_count(1)
    phone.get_by_placeholder("Nombre, país o situación").fill("nadie así")
    expect(phone.get_by_text("Nadie coincide con esa búsqueda.")).to_be_visible()
    phone.get_by_placeholder("Nombre, país o situación").fill("")

    phone.get_by_role("button", name="Persona nueva").click()
    phone.get_by_label("Nombre", exact=True).fill("Zoila Bravo")
    phone.get_by_label("País").select_option("CO")
    phone.get_by_role("button", name="Crear").click()

    expect(phone.locator(".one[aria-selected=true]")).to_contain_text("Zoila Bravo")
    phone.get_by_role("button", name="Que escriban 50").click()
    eventually_now(lambda: len(simulator.console.messages) >= 50, within=10)
    expect(phone.locator("#people-count")).to_contain_text("deudores")


def test_faults_are_switched_for_everybody(phone: Page, simulator: Town, new_page: NewPage) -> None:
    colleague = being(new_page(), simulator, "luz-gamarra")

    phone.get_by_label("Duplicar: cuánto").select_option("3")
    phone.get_by_role("switch", name="Duplicar").click()

    expect(colleague.get_by_role("switch", name="Duplicar")).to_be_checked()
    expect(colleague.locator("#faults-active")).to_have_text("1 falla activa para toda la demostración")
    assert simulator.api("GET", "/faults")["duplicate"] == 3
    write(phone, "tres veces")
    eventually_now(lambda: len(simulator.console.webhooks) == 3)
    expect(phone.locator(".ln", has_text="repetido")).to_have_count(2)
    colleague.get_by_role("button", name="Portarse bien").click()
    expect(phone.get_by_role("switch", name="Duplicar")).not_to_be_checked()


def test_a_thousand_messages_do_not_choke_the_page(phone: Page, simulator: Town) -> None:
    phone.get_by_role("button", name="Enviar", exact=True).first.click()

    expect(line(phone, "lote de 1,000 mensajes")).to_contain_text("200")
    expect(phone.locator(".msg.out").last).to_contain_text("del lote")
    write(phone, "sigo aquí")


def test_the_register_shows_opens_repeats_and_stands_still(phone: Page, simulator: Town) -> None:
    write(phone, "¿Ya les figura?")
    simulator.sent()
    expect(line(phone, "POST /messages, texto a María Fernanda Ccori")).to_contain_text("200")

    opened = line(phone, "message text")
    opened.click()
    detail = phone.locator(".det")
    expect(detail).to_contain_text("válida")
    expect(detail.locator("pre")).to_contain_text(r"\u00bfYa les figura?")
    before = len(simulator.console.webhooks)
    detail.get_by_role("button", name="Reenviar").click()
    eventually_now(lambda: len(simulator.console.webhooks) > before)
    line(phone, "message text").click()

    phone.get_by_role("tab", name="Llamadas").click()
    expect(phone.locator(".ln.webhook:visible")).to_have_count(0)
    expect(phone.locator(".ln.call:visible")).to_have_count(1)
    phone.get_by_role("tab", name="Todo").click()

    phone.get_by_role("button", name="Pausar").click()
    shown = phone.locator(".ln.webhook").count()
    simulator.write("mientras tanto")
    expect(phone.get_by_role("button", name="Seguir")).to_contain_text("1")
    expect(phone.locator(".ln.webhook")).to_have_count(shown)
    phone.get_by_role("button", name="Seguir").click()
    expect(line(phone, "mientras tanto")).to_be_visible()


def test_text_from_outside_stays_text(phone: Page, simulator: Town) -> None:
    made = simulator.api("POST", "/personas", json={"name": HOSTILE, "situation": HOSTILE})
    simulator.write(HOSTILE, persona=made["id"])
    address = f"+{made['wa_id']}"
    buttons = [{"type": "reply", "reply": {"id": "a", "title": "<b>sí</b>"}}]
    simulator.sent(address, type="text", text={"body": HOSTILE})
    simulator.sent(
        address,
        type="interactive",
        interactive={"type": "button", "body": {"text": HOSTILE}, "action": {"buttons": buttons}},
    )
    simulator.sent(address, type="document", document={"link": "https://x.example", "filename": HOSTILE[:240]})
    simulator.sent(address, type="location", location={"latitude": 1, "longitude": 1, "name": HOSTILE})
    simulator.api("POST", "/webhooks/raw", json={"body": json.dumps(HOSTILE), "what": HOSTILE})

    phone.locator(f"[data-persona='{made['id']}']").click()

    expect(phone.locator(".msg:not(.out)")).to_have_count(4)
    line(phone, "<img").click()
    expect(phone.locator(".det pre")).to_contain_text("onerror")
    assert phone.evaluate("window.taken") is None
    assert phone.locator(".msg b b, .msg script, .one img, .ln img, .det img").count() == 0


@pytest.mark.complaints("ERR_", "Failed to load resource", "El simulador no contesta")
def test_the_page_comes_back_by_itself(page: Page) -> None:
    with town() as first:
        being(page, first)
        port = int(first.url.rpartition(":")[2])
        write(page, "antes")
    expect(page.locator("#lost")).to_be_visible()

    with town(port=port) as second:
        expect(page.locator("#lost")).to_be_hidden(timeout=15_000)
        expect(page.locator("#log")).to_contain_text("Todavía no hay mensajes")
        write(page, "después")
        eventually_now(lambda: second.console.messages)


@pytest.mark.parametrize(
    ("width", "scheme"), [(1680, "light"), (1440, "dark"), (1024, "light"), (390, "light"), (390, "dark")]
)
def test_every_width_holds_and_everybody_can_use_it(
    simulator: Town, new_page: NewPage, width: int, scheme: str
) -> None:
    page = being(new_page(viewport={"width": width, "height": 900}, color_scheme=scheme), simulator)
    write(page, "Hola").click()
    simulator.sent()
    expect(page.locator(".msg")).to_have_count(2)
    rooms = ["people", "faults", "register", "phone"] if width == 390 else [None]

    for room in rooms:
        if room:
            page.locator(f".rooms [data-room={room}]").click()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
