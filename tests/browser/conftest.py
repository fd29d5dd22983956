"""A browser and the people at it: each page belongs to somebody, in Lima, whose screen must not complain."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Error,
    Page,
    Playwright,
    Request,
    expect,
    sync_playwright,
)

from tests.browser import chromium
from tests.browser.house import House, NewPage, a_house, a_night
from tests.databases import SqliteCopies

LOOPBACK = {"127.0.0.1", "localhost", "::1"}
# No other host can be found. A route that aborts would do as well, but would take the cache away from every page.
STAY_HERE = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost, EXCLUDE [::1]"
# One that beeps. A page is given it when its profile may use it; the headless shell has nobody to ask, and answers yes.
A_MICROPHONE = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")

# Beside other tests a page may be slow; what is waited for comes all the same.
expect.set_options(timeout=10_000)


# While Playwright runs, so does an event loop in this thread, and no async test could. It therefore ends with the last
# test of this folder rather than with the session.
@pytest.fixture(scope="package")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="package")
def browser(playwright: Playwright) -> Iterator[Browser]:
    path = chromium.find()
    if path is None:
        pytest.fail(chromium.ABSENT)
    launch: dict[str, Any] = {"executable_path": path, "args": [*chromium.FLAGS, *A_MICROPHONE, STAY_HERE]}
    try:
        browser = playwright.chromium.launch(**launch, chromium_sandbox=os.geteuid() != 0)
    except Error as refused:
        if "sandbox" not in str(refused).lower():
            raise
        # A container may forbid an ordinary user what the sandbox is made of; we only visit ourselves.
        browser = playwright.chromium.launch(**launch, chromium_sandbox=False)
    yield browser
    browser.close()


class Profile:
    """Somebody's browser in Lima, and what its screens complained of.

    Takes the options of Playwright's `new_context` (`viewport`, `color_scheme`, …).
    """

    def __init__(self, browser: Browser, **options: Any) -> None:
        in_lima: dict[str, Any] = {"locale": "es-PE", "timezone_id": "America/Lima"}
        in_lima["viewport"] = {"width": 1440, "height": 900}
        # A service worker's requests pass by what a test says of the network; only tests of it let one in.
        in_lima["service_workers"] = "block"
        self.context = browser.new_context(**{**in_lima, **options})
        self.context.set_default_timeout(10_000)
        self._said: list[str] = []
        self.context.on("request", self._request)
        self.context.on("console", self._console)
        self.context.on("weberror", lambda error: self._said.append(f"exception: {error.error}"))

    def complained(self, test: pytest.Item) -> None:
        """Fail if a page threw an exception, wrote an error to its console or asked another host for anything.

        Where errors are the point, the test is marked `@pytest.mark.complaints("part of the text", …)`.
        """
        expected = [part for mark in test.iter_markers("complaints") for part in mark.args]
        complaints = [said for said in self._said if not any(part in said for part in expected)]
        self._said.clear()
        assert not complaints

    def _request(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme in {"http", "https", "ws", "wss"} and address.hostname not in LOOPBACK:
            self._said.append(f"asks {address.hostname} for {request.url}")

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self._said.append(f"console: {message.text}")


@pytest.fixture
def new_page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[NewPage]:
    """A page in a browser profile of its own, so that each call is another person; none may complain."""
    profiles: list[Profile] = []

    def new_page(**options: Any) -> Page:
        profiles.append(Profile(browser, **options))
        return profiles[-1].context.new_page()

    yield new_page
    for profile in profiles:
        profile.context.close()
    for profile in profiles:
        profile.complained(request.node)


@pytest.fixture
def page(new_page: NewPage) -> Page:
    """One person's page: Spanish of Peru, Lima's time, 1440 by 900."""
    return new_page()


@pytest.fixture(scope="package")
def running_house(_sqlite_copies: SqliteCopies, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The one product that the tests of this folder share."""
    folder = tmp_path_factory.mktemp("house")
    with a_house(folder, _sqlite_copies.one(folder)) as house:
        yield house


@pytest.fixture
def house(running_house: House) -> House:
    """The product, up and with a simulator that behaves."""
    if running_house.product.died:
        running_house.product.start()
    running_house.misbehave()
    return running_house


@pytest.fixture
def night(_sqlite_copies: SqliteCopies, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A product of its own whose bot speaks whatever the hour."""
    folder = tmp_path_factory.mktemp("night")
    with a_night(folder, _sqlite_copies.one(folder)) as house:
        yield house
