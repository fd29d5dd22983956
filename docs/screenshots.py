"""The pictures of the README, taken of the demo: `python -m docs.screenshots`, or `make screenshots`."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from console.demo.story import PASSWORD, PEOPLE
from tests.browser import chromium

IMAGES = Path(__file__).parent / "images"
PROGRAM = Path(sys.executable).with_name("aldia")
PATIENCE = 120.0
Scheme = Literal["light", "dark"]
DESK: ViewportSize = {"width": 1440, "height": 900}
LAPTOP: ViewportSize = {"width": 1400, "height": 840}
PHONE: ViewportSize = {"width": 390, "height": 844}
LARGEST = 300_000
LOADED = "image => image.complete || new Promise(done => (image.onload = done))"
DEBTOR, LAST_WORDS = "Mafe Ccori", "Aquí está el yape"


class Demo:
    """A demo in a folder of its own: where its console is, and the page of its simulator."""

    def __init__(self, console: str, simulator: str) -> None:
        self.console = console
        self.simulator = simulator


@contextlib.contextmanager
def demo() -> Iterator[Demo]:
    """Start a demo that forgets everything afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="aldia-screenshots-"))
    port = _free_port()
    said = folder / "said"
    command: list[str | Path] = [PROGRAM, "demo", "--port", str(port)]
    with said.open("w") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
    try:
        end = time.monotonic() + PATIENCE
        while "Ctrl-C" not in said.read_text():
            if process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"the demo did not start: {said.read_text()}")
            time.sleep(0.1)
        addresses = [word for word in said.read_text().split() if word.startswith("http://")]
        yield Demo(addresses[0], addresses[1])
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)
        shutil.rmtree(folder)


def _free_port() -> int:
    """A port whose neighbour is free as well: the simulator takes that one."""
    while True:
        with socket.create_server(("127.0.0.1", 0)) as one:
            port = int(one.getsockname()[1])
            with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port + 1)):
                return port


class Photographer:
    """Takes pictures at the desk and on the telephone, by day and by night."""

    def __init__(self, browser: Browser, demo: Demo) -> None:
        self._browser = browser
        self._demo = demo

    def page(self, size: ViewportSize, scheme: Scheme = "light") -> Page:
        context = self._browser.new_context(
            viewport=size,
            color_scheme=scheme,
            locale="es-PE",
            timezone_id="America/Lima",
            reduced_motion="reduce",
            is_mobile=size == PHONE,
            has_touch=size == PHONE,
        )
        context.set_default_timeout(20_000)
        return context.new_page()

    def signed_in(self, who: str, size: ViewportSize, scheme: Scheme = "light") -> Page:
        page = self.page(size, scheme)
        page.goto(f"{self._demo.console}/login")
        page.get_by_label("Correo de trabajo").fill(PEOPLE[who][0])
        page.get_by_label("Contraseña", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Ingresar", exact=True).click()
        page.wait_for_url("**/inbox**")
        return page

    def take(self, page: Page, name: str) -> None:
        page.evaluate("document.fonts.ready")
        path = IMAGES / f"{name}.png"
        page.screenshot(path=path, animations="disabled", caret="hide", scale="css")
        size = path.stat().st_size
        print(f"{path.name}: {size / 1000:.0f} kB")
        assert size <= LARGEST, f"{path.name} has {size} bytes"
        page.context.close()


def take_all(photographer: Photographer, demo: Demo) -> None:
    schemes: tuple[Scheme, ...] = ("light", "dark")
    for scheme in schemes:
        page = photographer.signed_in("rosa", DESK, scheme)
        open_conversation(page)
        photographer.take(page, f"inbox-{scheme}")
    page = photographer.signed_in("rosa", PHONE)
    photographer.take(page, "phone-list")
    page = photographer.signed_in("rosa", PHONE)
    open_conversation(page)
    photographer.take(page, "phone-thread")
    page = photographer.page(DESK)
    page.goto(f"{demo.console}/login")
    photographer.take(page, "login")
    page = photographer.page(LAPTOP)
    page.goto(demo.simulator)
    page.get_by_text("Andrea Lozano").first.click()
    page.get_by_text("Quedamos el viernes").first.wait_for()
    photographer.take(page, "simulator")


def open_conversation(page: Page) -> None:
    """The one with a receipt in it, read and with its pictures."""
    row = page.locator(".rows a", has_text=DEBTOR).first
    row.click()
    thread = page.locator("#pane .thread")
    thread.get_by_text(LAST_WORDS).first.wait_for()
    thread.locator("img").last.evaluate(LOADED)
    row.locator(".badge").wait_for(state="hidden")


def main() -> None:
    IMAGES.mkdir(exist_ok=True)
    path = chromium.find()
    if path is None:
        sys.exit(chromium.ABSENT)
    with demo() as running, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=list(chromium.FLAGS), chromium_sandbox=os.geteuid() != 0
        )
        take_all(Photographer(browser, running), running)
        browser.close()


if __name__ == "__main__":
    main()
