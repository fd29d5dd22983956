"""A PDF of the conversation, page by page, without leaving it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import FilePayload, Locator, Page, expect

from tests.attachments import samples
from tests.browser.house import House, NewPage, composer
from tests.browser.test_viewer import fine, is_shown, touch
from tests.pdf_pages import papers

LONG = "Estado de cuenta al 30 de noviembre, contrato 2231-887 y anexos firmados por ambas partes.pdf"


def with_files(house: House, new_page: NewPage, *more: FilePayload, **options: Any) -> tuple[Page, Locator]:
    """A document of the debtor's, three pages of Ana's, a picture; the links to them."""
    debtor = house.debtor()
    debtor.write("Le mando la orden de compra")
    page = house.enter(new_page, "ana", **options)
    debtor.open(page)
    debtor.do("document")
    shown = page.locator("#pane .thread a[data-act=look]")
    expect(shown).to_have_count(1)
    files = [FilePayload(name=LONG, mimeType="application/pdf", buffer=papers.pdf(3)), *more]
    page.locator("#pane .tools input[type=file]").set_input_files(files)
    expect(page.locator("#pane .files .waiting[data-file]")).to_have_count(len(files))
    composer(page).press("Enter")
    expect(shown).to_have_count(1 + len(files))
    return page, shown


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_page_by_page_by_keyboard_alone(house: House, new_page: NewPage, scheme: str) -> None:
    photo = FilePayload(name="uno.png", mimeType="image/png", buffer=samples.png(900, 600))
    page, shown = with_files(house, new_page, photo, color_scheme=scheme)
    expect(shown.nth(1).get_by_role("img", name=LONG)).to_be_visible()
    is_shown(shown.nth(1))
    fine(page, f"pdf-bubble-{scheme}")
    shown.first.focus()
    page.keyboard.press("Enter")
    viewer = page.get_by_role("dialog", name="OC-2231.pdf")
    expect(viewer).to_contain_text("página 1 de 1 · archivo 1 de 3")
    is_shown(viewer)

    page.keyboard.press("ArrowRight")
    paper = page.get_by_role("dialog", name=LONG)
    for number in (1, 2, 3):
        expect(paper).to_contain_text(f"página {number} de 3 · archivo 2 de 3")
        expect(paper.get_by_role("img", name=f"Página {number} de {LONG}")).to_be_visible()
        is_shown(paper)
        if number == 1:
            fine(page, f"pdf-page-{scheme}")
        page.keyboard.press("ArrowRight")
    picture = page.get_by_role("dialog", name="uno.png")
    expect(picture).to_contain_text("3 de 3")
    page.keyboard.press("ArrowLeft")
    expect(paper).to_contain_text("página 3 de 3")

    with page.expect_download() as saved:
        paper.get_by_role("link", name="Descargar").click()
    assert saved.value.suggested_filename == LONG
    page.keyboard.press("Escape")
    expect(shown.nth(1)).to_be_focused()


@pytest.mark.complaints("422")
def test_a_file_with_a_password_says_so_and_stays_to_be_downloaded(house: House, new_page: NewPage) -> None:
    phone = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
    closed = FilePayload(name="cerrado.pdf", mimeType="application/pdf", buffer=papers.pdf(2, password="clave"))
    page, shown = with_files(house, new_page, closed, **phone)
    expect(shown.last).to_have_class(re.compile("bare"))
    shown.last.tap()
    viewer = page.get_by_role("dialog", name="cerrado.pdf")
    expect(viewer.get_by_role("alert")).to_have_text("El PDF pide una contraseña. Descárguelo para abrirlo con ella.")
    expect(viewer.get_by_role("link", name="Descargar")).to_be_visible()
    fine(page, "pdf-closed-390")

    # A thumb goes back to the pages before it, and through them.
    touch(page, [[(80, 500)], [(200, 505)], [(320, 505)]])
    paper = page.get_by_role("dialog", name=LONG)
    expect(paper).to_contain_text("página 1 de 3")
    is_shown(paper)
    touch(page, [[(300, 500)], [(200, 505)], [(80, 505)]])
    expect(paper).to_contain_text("página 2 de 3")
    is_shown(paper)
    fine(page, "pdf-page-390")
