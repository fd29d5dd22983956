"""The sign-in in the reader's language, through the front door."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from console import render
from console.languages import catalogues, extracting
from tests.front import PASSWORD, Front, a_console, settings_for

WRONG = {
    "es": "No pudimos ingresar con esos datos",
    "pt": "Não foi possível entrar com esses dados",
    "en": "We could not sign you in with those details",
}


@pytest.fixture
async def front(sqlite_database_url: str, tmp_path: Path) -> AsyncIterator[Front]:
    async with a_console(settings_for(sqlite_database_url, tmp_path)) as front:
        await front.agent("Ana")
        yield front


@pytest.mark.parametrize(
    ("accepts", "language", "title"),
    [
        ("es-PE,es;q=0.9", "es", "Ingresar · Al Día"),
        ("pt-BR,pt;q=0.9,en;q=0.8", "pt-BR", "Entrar · Al Día"),
        ("en-US,en;q=0.9", "en", "Sign in · Al Día"),
    ],
)
async def test_the_sign_in_is_in_the_language_of_the_browser(
    front: Front, accepts: str, language: str, title: str
) -> None:
    answer = await front.outside.get("/login", headers={"accept-language": accepts})

    assert f'<html lang="{language}">' in answer.text
    assert f"<title>{title}</title>" in answer.text
    assert answer.headers["vary"] == "Accept-Language"


@pytest.mark.parametrize("language", ["es", "pt", "en"])
async def test_a_language_chosen_by_hand_stays_through_a_wrong_password(front: Front, language: str) -> None:
    chosen = await front.outside.get("/login", params={"lang": language}, headers={"accept-language": "fr"})
    action = re.search(r'<form method="post" action="([^"]+)" class="form"', chosen.text)
    assert action is not None

    answer = await front.outside.post(action[1], data={"email": "ana@andes.example", "password": "no es esta"})

    assert answer.status_code == 401
    assert WRONG[language] in answer.text
    assert answer.url.params["lang"] == language


async def test_a_reader_of_portuguese_gets_in(front: Front) -> None:
    answer = await front.outside.post("/login?lang=pt", data={"email": "ana@andes.example", "password": PASSWORD})

    assert answer.status_code == 303


@pytest.mark.parametrize("hostile", ['"><script>alert(1)</script>', "../../etc", "es\x00", "e" * 5000])
async def test_a_language_that_is_none_is_passed_over(front: Front, hostile: str) -> None:
    answer = await front.outside.get("/login", params={"lang": hostile})

    assert answer.status_code == 200
    assert '<html lang="es">' in answer.text
    assert "alert(1)" not in answer.text


async def test_the_page_that_is_not_translated_is_wholly_spanish(front: Front) -> None:
    bea = await front.agent("Bea")

    answer = await bea.http.get("/inbox", headers={"accept-language": "en-US"})

    assert '<html lang="es">' in answer.text
    assert "Bandeja" in answer.text
    assert "Portfolio" not in answer.text


@pytest.mark.parametrize("notice", [None, "wrong", "throttled", "ended", "out", "setup_done", "code", "oidc_failed"])
@pytest.mark.parametrize("language", ["pt", "en"])
def test_no_spanish_is_left_on_a_translated_page_whatever_it_says(language: str, notice: str | None) -> None:
    values: dict[str, Any] = {"company": "Andes", "email": "", "notice": notice, "ticket": "", "provider": "Andes"}
    values |= {"wait_seconds": 48, "next": "", "demo_users": [("rosa@andes.example", "Rosa")], "chosen": None}
    here = {"templates/sign_in/login.html", "templates/layout.html", "sign_in.py"}
    ours = {text for text, files in extracting.words().items() if isinstance(text, str) and files & here}
    differs = {text for text in ours if catalogues.say(language)(text) != text}

    spanish = Runs.of(render.page("sign_in/login.html", **values))
    other = Runs.of(render.page("sign_in/login.html", reader=language, **values))

    assert len(other) == len(spanish)
    assert not differs & set(other)


class Runs(HTMLParser):
    """The pieces of text of a page, and of the attributes that people meet."""

    def __init__(self) -> None:
        super().__init__()
        self.runs: list[str] = []

    @classmethod
    def of(cls, html: str) -> list[str]:
        parser = cls()
        parser.feed(html)
        return parser.runs

    def handle_starttag(self, _tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.runs += [value or "" for name, value in attrs if name in {"title", "aria-label", "placeholder", "alt"}]

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.runs.append(" ".join(data.split()))
