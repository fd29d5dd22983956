"""The pictures of a conversation, large: by keyboard alone, with the mouse, and under a thumb."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import FilePayload, Locator, Page, expect

from tests.attachments import samples
from tests.browser.house import Debtor, House, NewPage, composer
from tests.patience import eventually_now

RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]}}
LONG = "Comprobante de depósito de la cuota de noviembre, agencia Miraflores, ventanilla 4.png"
# Seconds from one place of a finger to the next.
PACE = 0.1


def with_pictures(house: House, new_page: NewPage, **options: Any) -> tuple[Debtor, Page, Locator]:
    """A photo of the debtor's and two of Ana's; the links to them."""
    debtor = house.debtor()
    debtor.write("Le mando el comprobante")
    page = house.enter(new_page, "ana", **options)
    debtor.open(page)
    debtor.do("photo", caption="Mi comprobante")
    pictures = page.locator("#pane .thread a.picture")
    expect(pictures).to_have_count(1)
    page.locator("#pane .tools input[type=file]").set_input_files(
        [
            FilePayload(name="uno.png", mimeType="image/png", buffer=samples.png(900, 600)),
            FilePayload(name=LONG, mimeType="image/png", buffer=samples.png(600, 900)),
        ]
    )
    expect(page.locator("#pane .files .waiting[data-file]")).to_have_count(2)
    composer(page).press("Enter")
    expect(pictures).to_have_count(3)
    # Who hears the picture named is told which way it went.
    assert [each.get_attribute("alt") for each in pictures.locator("img").all()] == [
        "Imagen recibida: Foto",
        "Imagen enviada: uno.png",
        f"Imagen enviada: {LONG}",
    ]
    expect(page.locator("#pane .entry.out footer", has_text="entregado")).to_have_count(2)
    return debtor, page, pictures


def fine(page: Page, name: str) -> None:
    """Nothing that keeps anybody out; a picture for whoever asks for one (ALDIA_PICTURES)."""
    if folder := os.environ.get("ALDIA_PICTURES"):
        page.screenshot(path=Path(folder) / f"{name}.png")
    assert not Axe().run(page, options=RULES).response["violations"], name


def is_shown(viewer: Locator) -> None:
    eventually_now(lambda: viewer.locator("img").evaluate("it => it.complete && it.naturalWidth > 0"))


def scale(viewer: Locator) -> float:
    return float(viewer.locator("img").evaluate("it => new DOMMatrix(getComputedStyle(it).transform).a"))


def place(viewer: Locator) -> tuple[float, float]:
    box = viewer.locator("img").bounding_box()
    assert box
    return box["x"], box["y"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_one_after_another_nearer_and_kept_by_keyboard_alone(house: House, new_page: NewPage, scheme: str) -> None:
    debtor, page, pictures = with_pictures(house, new_page, color_scheme=scheme)
    pictures.first.focus()
    page.keyboard.press("Enter")
    viewer = page.get_by_role("dialog", name="Foto")
    expect(viewer).to_contain_text(debtor.name)
    expect(viewer).to_contain_text("1 de 3")
    is_shown(viewer)
    expect(viewer.get_by_role("button", name="Anterior")).to_be_hidden()
    fine(page, f"viewer-{scheme}")

    page.keyboard.press("ArrowLeft")
    expect(viewer).to_contain_text("1 de 3")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    last = page.get_by_role("dialog", name=LONG)
    expect(last).to_contain_text("3 de 3")
    expect(last).to_contain_text("Ana Ríos")
    is_shown(last)

    for _ in range(3):
        page.keyboard.press("+")
    assert scale(last) > 2
    before = place(last)
    page.keyboard.press("ArrowDown")
    assert place(last)[1] < before[1]
    page.keyboard.press("0")
    assert scale(last) == 1
    page.keyboard.press("-")
    assert scale(last) == 1

    save = last.get_by_role("link", name="Descargar")
    save.focus()
    with page.expect_download() as saved:
        page.keyboard.press("Enter")
    assert saved.value.suggested_filename == LONG
    page.keyboard.press("Escape")
    expect(last).to_be_hidden()
    expect(pictures.last).to_be_focused()


def test_the_wheel_brings_nearer_what_is_under_it_and_the_mouse_drags(house: House, new_page: NewPage) -> None:
    _debtor, page, pictures = with_pictures(house, new_page)
    pictures.nth(1).click()
    viewer = page.get_by_role("dialog", name="uno.png")
    is_shown(viewer)
    page.mouse.move(720, 480)
    page.mouse.wheel(0, -600)
    eventually_now(lambda: scale(viewer) > 2)
    before = place(viewer)
    page.mouse.down()
    page.mouse.move(670, 450, steps=3)
    page.mouse.up()
    after = place(viewer)
    assert (round(after[0] - before[0]), round(after[1] - before[1])) == (-50, -30)

    # Another picture begins whole, and a click beside it closes.
    page.keyboard.press("ArrowRight")
    whole = page.get_by_role("dialog", name=LONG)
    is_shown(whole)
    assert scale(whole) == 1
    page.mouse.click(60, 200)
    expect(page.locator("#lightbox")).to_be_hidden()


def test_a_thumb_turns_and_two_fingers_pinch(house: House, new_page: NewPage) -> None:
    phone = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
    _debtor, page, pictures = with_pictures(house, new_page, **phone)
    pictures.nth(1).tap()
    viewer = page.locator("#lightbox")
    is_shown(viewer)
    for control in viewer.locator("button:visible, a:visible").all():
        box = control.bounding_box()
        assert box
        assert min(box["width"], box["height"]) >= 44, control.get_attribute("aria-label")
    touch(page, [[(300, 500)], [(200, 505)], [(80, 505)]])
    expect(viewer).to_contain_text("3 de 3")
    is_shown(viewer)
    # A long name and a tall picture leave nothing beyond the edge of the telephone.
    for part in ("header", ".id", "img", "form button"):
        box = viewer.locator(part).first.bounding_box()
        assert box, part
        assert box["x"] >= 0, part
        assert box["x"] + box["width"] <= 390, part
        assert box["y"] + box["height"] <= 844, part
    fine(page, "viewer-390")

    touch(page, [[(180, 500), (220, 500)], [(140, 500), (260, 500)], [(100, 500), (300, 500)]])
    assert scale(viewer) > 3
    expect(viewer).to_contain_text("3 de 3")
    viewer.get_by_role("button", name="Cerrar").tap()
    expect(viewer).to_be_hidden()


@pytest.mark.complaints("404", "403")
def test_a_picture_that_cannot_be_had_is_said_plainly(house: House, new_page: NewPage) -> None:
    _debtor, page, pictures = with_pictures(house, new_page)
    page.route("**/media/**", lambda route: route.fulfill(status=404))
    pictures.first.click()
    expect(page.get_by_text("No se pudo abrir la imagen. Descárguela para verla.")).to_be_visible()
    page.unroute("**/media/**")
    page.keyboard.press("ArrowRight")
    viewer = page.get_by_role("dialog", name="uno.png")
    is_shown(viewer)
    expect(page.get_by_text("No se pudo abrir la imagen")).to_be_hidden()


def touch(page: Page, path: list[list[tuple[int, int]]]) -> None:
    """Fingers set down where the path begins, moved along it, and lifted where it ends."""
    glass = page.context.new_cdp_session(page)
    kinds = ["touchStart", *["touchMove"] * (len(path) - 1), "touchEnd"]
    # At the pace of a hand, by the events' own clock. Fingers that are gone within a millisecond have thrown what they
    # held, and the browser takes a tap that comes while it flies for one that stops it: of that no click follows.
    began = time.time() - PACE * len(path)
    for number, (kind, points) in enumerate(zip(kinds, [*path, []], strict=True)):
        where = [{"x": x, "y": y, "id": finger} for finger, (x, y) in enumerate(points)]
        glass.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": where, "timestamp": began + PACE * number})
