"""Files with texts that are kept ready: the header of a template and what a canned text brings along, by keyboard."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import FilePayload, expect

from tests.attachments import samples
from tests.browser.house import House, NewPage, bubble
from tests.browser.test_attachments import RULES, before_ana, fetched, sent

PDF = FilePayload(name="constancia.pdf", mimeType="application/pdf", buffer=samples.PDF)
PHOTO = FilePayload(name="foto.png", mimeType="image/png", buffer=samples.png(40, 30))


def test_the_file_of_a_header_is_picked_seen_and_sent_with_the_template(house: House, new_page: NewPage) -> None:
    debtor, page = before_ana(house, new_page)
    page.keyboard.press("t")
    picker = page.get_by_role("group", name="Plantillas aprobadas")
    expect(picker).to_be_visible()
    page.keyboard.type("constancia adjunta")
    file = picker.get_by_label("Documento del encabezado")
    expect(file).to_be_visible()
    # Without it nothing leaves: the field itself says so.
    page.keyboard.press("Control+Enter")
    expect(file).to_be_focused()
    file.set_input_files(PHOTO)
    expect(picker.get_by_text("Ese archivo no es un PDF.")).to_be_visible()
    file.set_input_files(PDF)
    expect(picker.locator(".preview:not([hidden]) .msg")).to_contain_text("constancia.pdf")
    assert not Axe().run(page, options=RULES).response["violations"]

    page.keyboard.press("Control+Enter")

    expect(bubble(page, "le enviamos la constancia")).to_contain_text("constancia.pdf")
    expect(bubble(page, "le enviamos la constancia")).to_contain_text("entregado")
    (message,) = sent(debtor)
    assert fetched(house, message["content"]["header_media"]["id"]) == (samples.PDF, "application/pdf")


def test_a_canned_text_brings_its_files_and_they_leave_with_it(house: House, new_page: NewPage) -> None:
    name = "Lugares de pago"
    house.press("elena", "/settings/canned", name=name, body="Le envío los lugares.", folder="Pago", scope="all")
    settings = house.enter(new_page, "elena", "/settings/canned")
    card = settings.locator("li", has_text=name).last
    card.get_by_label("Adjuntar archivos").set_input_files([PDF, PHOTO])
    expect(card.get_by_role("link", name="foto.png")).to_be_visible()
    expect(card.get_by_label("Adjuntar archivos")).to_be_focused()
    assert not Axe().run(settings, options=RULES).response["violations"]

    debtor, page = before_ana(house, new_page)
    page.keyboard.press("r")
    page.keyboard.press("/")
    page.keyboard.type("lugares de pago")
    expect(page.get_by_role("option", name=name)).to_contain_text("constancia.pdf")
    with page.expect_response("**/attachments"):
        page.keyboard.press("Enter")
    expect(page.locator("#pane .files .waiting")).to_have_count(2)
    page.keyboard.press("Enter")
    expect(bubble(page, "Le envío los lugares.")).to_contain_text("constancia.pdf")
    expect(page.locator("#pane .files .waiting")).to_have_count(0)
    expect(bubble(page, "Le envío los lugares.")).to_contain_text("entregado")
    assert sorted(each["kind"] for each in sent(debtor)) == ["document", "image"]
