"""Our own files on their way to the browser."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from console import refusals, static_files


@pytest.fixture
def client() -> Iterator[TestClient[Litestar]]:
    app = Litestar([static_files.static_file], exception_handlers=refusals.exception_handlers)
    with TestClient(app) as client:
        yield client


def test_a_file_is_kept_for_ever_under_the_address_of_its_release(client: TestClient[Litestar]) -> None:
    answer = client.get(static_files.address("inbox.js"))

    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert "immutable" in answer.headers["cache-control"]


def test_a_page_of_another_release_gets_todays_file_and_does_not_keep_it(client: TestClient[Litestar]) -> None:
    answer = client.get("/static/another/inbox.js")

    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-cache"


def test_who_does_not_unpack_gets_it_plain(client: TestClient[Litestar]) -> None:
    packed = client.get(static_files.address("tokens.css"))
    plain = client.get(static_files.address("tokens.css"), headers={"accept-encoding": "identity"})

    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert plain.text == packed.text


@pytest.mark.parametrize("path", ["nothing.js", "..%2f..%2fsettings.py", "%2e%2e/app.py", "vendor/", "inbox.js%00"])
def test_nothing_else_can_be_asked_for(client: TestClient[Litestar], path: str) -> None:
    assert client.get(f"/static/x/{path}").status_code == 404


def test_a_file_that_is_not_there_is_noticed_when_the_page_is_made() -> None:
    with pytest.raises(KeyError):
        static_files.address("nothing.js")


def test_every_import_of_a_script_is_there() -> None:
    scripts = sorted(static_files.HERE.glob("*.js"))
    assert scripts

    imported = {
        name
        for script in scripts
        for name in re.findall(r"from '\./([\w.]+)'|^import '\./([\w.]+)'", script.read_text(), re.MULTILINE)
    }

    assert all(static_files.address("".join(name)) for name in imported)
