"""Files and voice notes by keyboard, paste and drop: seen on their way, on the telephone, and told when refused."""

from __future__ import annotations

import base64
from typing import Any

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import FilePayload, Page, expect

from console.voice import ogg
from tests.attachments import samples
from tests.browser.house import Debtor, House, NewPage, composer
from tests.inbox import files
from tests.patience import eventually_now

RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]}}
WORDS = "Aquí tiene su cronograma"


def before_ana(house: House, new_page: NewPage, **options: Any) -> tuple[Debtor, Page]:
    debtor = house.debtor()
    debtor.write("¿Me manda el cronograma?")
    page = house.enter(new_page, "ana", **options)
    debtor.open(page)
    return debtor, page


def sent(debtor: Debtor) -> list[dict[str, Any]]:
    return [it for it in debtor.chat() if not it["mine"]]


def fetched(house: House, wire_id: str) -> tuple[bytes, str]:
    """What the telephone fetches."""
    token = {"authorization": "Bearer simulator-access-token"}
    told = httpx.get(f"{house.product.simulator_address}/v23.0/{wire_id}", headers=token).json()
    return httpx.get(told["url"], headers=token).content, told["mime_type"]


def test_two_files_and_their_words_by_keyboard_alone(house: House, new_page: NewPage) -> None:
    debtor, page = before_ana(house, new_page)
    expect(composer(page)).to_be_editable()
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("a")
    chooser.value.set_files(
        [
            FilePayload(name="Cronograma.pdf", mimeType="application/pdf", buffer=samples.PDF),
            FilePayload(name="foto.png", mimeType="image/png", buffer=samples.png(40, 30)),
        ]
    )
    waiting = page.locator("#pane .files .waiting")
    expect(waiting).to_have_count(2)
    expect(waiting.first).to_contain_text("Cronograma.pdf")
    assert not Axe().run(page, options=RULES).response["violations"]

    page.reload()
    expect(waiting).to_have_count(2)
    composer(page).focus()
    page.keyboard.type(WORDS)
    page.keyboard.press("Enter")

    expect(waiting).to_have_count(0)
    expect(page.locator("#pane .entry.out .file .name", has_text="Cronograma.pdf")).to_be_visible()
    expect(page.locator("#pane .entry.out .picture img")).to_be_visible()
    eventually_now(lambda: [it["kind"] for it in sent(debtor)] == ["document", "image"], within=20)
    assert [it["text"] for it in sent(debtor)] == [WORDS, None]


def test_what_is_pasted_and_dropped_waits_and_can_be_taken_away(house: House, new_page: NewPage) -> None:
    _debtor, page = before_ana(house, new_page)
    composer(page).focus()
    picture = base64.b64encode(samples.png(40, 30)).decode()
    made = """(kind, text) => {
      const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))
      const data = new DataTransfer()
      data.items.add(new File([bytes], 'captura.png', { type: 'image/png' }))
      const more = { bubbles: true, cancelable: true, [kind === 'paste' ? 'clipboardData' : 'dataTransfer']: data }
      const happened = kind === 'paste' ? new ClipboardEvent(kind, more) : new DragEvent(kind, more)
      document.activeElement.dispatchEvent(happened)
    }"""
    for kind in ("paste", "dragenter", "drop"):
        page.evaluate(f"([kind, text]) => ({made})(kind, text)", [kind, picture])
    waiting = page.locator("#pane .files .waiting[data-file]")
    expect(waiting).to_have_count(2)

    page.get_by_role("button", name="Quitar captura.png").first.press("Enter")
    expect(waiting).to_have_count(1)
    expect(composer(page)).to_be_focused()
    page.reload()
    expect(waiting).to_have_count(1)


@pytest.mark.complaints("422", "413")
def test_a_renamed_program_is_told_beside_the_text_which_stays(house: House, new_page: NewPage) -> None:
    debtor, page = before_ana(house, new_page)
    composer(page).fill("Le envío el comprobante")

    page.locator("#pane .tools input[type=file]").set_input_files(
        {"name": "comprobante.pdf", "mimeType": "application/pdf", "buffer": files.EXE}
    )

    expect(page.locator("#pane .notice")).to_contain_text("comprobante.pdf: El archivo no es lo que su nombre dice")
    expect(page.locator("#pane .files .waiting")).to_have_count(0)
    expect(composer(page)).to_have_value("Le envío el comprobante")
    assert sent(debtor) == []


def test_a_photo_too_large_is_made_to_fit_before_it_leaves(house: House, new_page: NewPage) -> None:
    debtor, page = before_ana(house, new_page)

    page.locator("#pane .tools input[type=file]").set_input_files(
        {"name": "foto.png", "mimeType": "image/png", "buffer": samples.png(3000, 2000, told=b"x" * 6_000_000)}
    )
    expect(page.locator("#pane .files .waiting[data-file]")).to_contain_text("foto.jpg")
    composer(page).press("Enter")

    eventually_now(lambda: [it["kind"] for it in sent(debtor)] == ["image"])
    content, mime_type = fetched(house, sent(debtor)[0]["content"]["id"])
    assert mime_type == "image/jpeg"
    assert len(content) < 5 * 1024 * 1024


def test_a_voice_note_is_recorded_sent_and_heard_as_ogg_opus(house: House, new_page: NewPage) -> None:
    debtor, page = before_ana(house, new_page, permissions=["microphone"])
    composer(page).fill("Un borrador que se queda")
    composer(page).press("Escape")

    page.keyboard.press("y")
    bar = page.get_by_role("group", name="Grabando una nota de voz")
    expect(bar).to_be_visible()
    expect(bar.get_by_role("timer")).to_have_text("0:02")
    assert not Axe().run(page, options=RULES).response["violations"]
    page.keyboard.press("Enter")

    expect(page.locator("#pane .entry.out .voice")).to_be_visible()
    eventually_now(lambda: len(sent(debtor)) == 1)
    (note,) = sent(debtor)
    assert (note["kind"], note["content"]["voice"]) == ("audio", True)
    heard, mime_type = fetched(house, note["content"]["id"])
    assert mime_type == "audio/ogg; codecs=opus"
    assert heard.startswith(b"OggS\0\x02")
    head, packets = ogg.read(heard)
    assert head.startswith(b"OpusHead\x01\x01")
    assert len(packets) > 50
    assert 1.5 < ogg.seconds(heard) < 10
    expect(composer(page)).to_have_value("Un borrador que se queda")

    # The browser itself plays what was kept.
    expect(page.locator("#pane .entry.out").last).to_contain_text("entregado")
    page.locator("#pane .entry.out .voice .pp").press("Enter")
    expect(page.locator("#pane .entry.out .voice.playing")).to_be_visible()
    # A tick that comes meanwhile does not stop it.
    debtor.read()
    expect(page.locator("#pane .entry.out").last).to_contain_text("leído")
    # (Not wait_for_function: from its second look on it evaluates text in the page, which our policy forbids.)
    eventually_now(lambda: page.locator("#pane .entry.out .voice audio").evaluate("audio => audio.currentTime") > 0)


def test_a_recording_is_dropped_with_escape(house: House, new_page: NewPage) -> None:
    debtor, page = before_ana(house, new_page, permissions=["microphone"])

    page.keyboard.press("y")
    expect(page.get_by_role("group", name="Grabando una nota de voz")).to_be_visible()
    page.keyboard.press("Escape")

    expect(page.locator("#toasts")).to_contain_text("Nota de voz descartada")
    expect(page.get_by_role("group", name="Grabando una nota de voz")).to_be_hidden()
    assert sent(debtor) == []
