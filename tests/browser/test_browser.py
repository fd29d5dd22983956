"""The browser the other tests look through."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.house import NewPage

PAGE = """<!doctype html><html lang="es"><title>Hola</title>
<main><h1>Hola 🙂</h1><p id="when"></p></main>
<script>document.getElementById("when").textContent = new Date(0).toLocaleString()</script></html>"""


class OnePage(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(PAGE.encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def address() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), OnePage) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def test_a_page_is_seen_from_lima(page: Page, address: str) -> None:
    page.goto(address)

    expect(page.get_by_role("heading")).to_have_text("Hola 🙂")
    expect(page.locator("#when")).to_have_text("31/12/1969, 7:00:00\u202fp.\u00a0m.")
    assert len(page.screenshot()) > 1000
    assert Axe().run(page).violations_count == 0


def test_two_people_share_nothing(new_page: NewPage, address: str) -> None:
    ana, luz = new_page(), new_page(color_scheme="dark")
    for somebody in (ana, luz):
        somebody.goto(address)

    ana.evaluate("localStorage.name = 'Ana'")

    assert luz.evaluate("localStorage.name") is None
    assert luz.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")


@pytest.mark.complaints("asks example.com", "ERR_NAME_NOT_RESOLVED", "exception: boom")
def test_other_hosts_and_errors_are_noticed(page: Page, address: str) -> None:
    page.goto(address)

    with page.expect_event("pageerror"):
        page.evaluate("fetch('https://example.com/').catch(() => setTimeout(() => { throw new Error('boom') }))")
