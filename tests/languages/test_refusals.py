"""What a person is refused is said in the language of the page before them; a program is answered as ever."""

from __future__ import annotations

import ast
import uuid
from collections.abc import AsyncIterator, Iterator
from html import unescape
from pathlib import Path

import pytest

from console.languages import catalogues
from console.languages.extracting import CONSOLE
from console.languages.words import Words
from tests.api.house import serving
from tests.front import Person, a_console, settings_for
from tests.inbox import meta

TAGS = {"es": "es", "pt": "pt-BR", "en": "en"}
OCTETS = {"content-type": "application/octet-stream", "x-file-name": "foto.jpg"}
LONG = Words("El mensaje tiene {length} caracteres; el máximo es {longest_text}.", length=5000, longest_text=4096)
SENTENCES = {"Refused": 1, "BadAmount": 0, "BadDocument": 0, "Unreadable": 0, "Wrong": 0}
"""What is raised with a sentence for a person, and the place of that sentence."""
REFUSED = {
    "/inbox/1/replies": ({"text": "a" * 5000}, LONG),
    "/inbox/1/notes": ({"text": ""}, Words("Escriba un mensaje.")),
    "/inbox/1/messages/1/reaction": ({"emoji": "hola"}, Words("Reaccione con un emoji.")),
    "/inbox/1/assignment": (
        {"holder": "999"},
        Words("Para pasarla a otra persona escriba una nota: use Transferir."),
    ),
    "/inbox/1/snooze": ({"until": ""}, Words("Elija hasta cuándo.")),
}


@pytest.fixture
async def ana(sqlite_database_url: str, tmp_path: Path) -> AsyncIterator[Person]:
    async with a_console(settings_for(sqlite_database_url, tmp_path)) as front:
        ana = await front.agent("Ana")
        await front.webhook(meta.body(meta.text("Hola")))
        await ana.do("/inbox/1/assignment", holder="me")
        yield ana


@pytest.mark.parametrize("language", sorted(TAGS))
async def test_the_doors_of_the_inbox_refuse_in_the_language_of_the_page(ana: Person, language: str) -> None:
    page = {"hx-request": "true", "x-page-language": TAGS[language], "origin": ana.front.address}

    for path, (form, words) in REFUSED.items():
        answer = await ana.http.post(path, data={"client_key": str(uuid.uuid4()), **form}, headers=page)

        assert answer.status_code == 422, (path, answer.text)
        assert str(catalogues.said(words, language)) in unescape(answer.text), path

    answer = await ana.http.post("/inbox/1/attachments", content=b"MZ\x90\x00" * 9, headers={**page, **OCTETS})
    assert answer.json()["code"] == "not_sendable"
    ours = "El archivo no es lo que su nombre dice, o es de un tipo que no se puede enviar."
    assert answer.json()["detail"] == catalogues.say(language)(ours)


@pytest.mark.parametrize("language", sorted(TAGS))
async def test_a_page_that_is_not_there_says_so_in_the_language_of_who_asked(ana: Person, language: str) -> None:
    """Also where nobody had asked yet who they are: no such page, no such method, a number that no row has."""
    chosen = await ana.do("/settings/language", language=language)
    assert chosen.status_code < 400, chosen.text
    browser = {"accept": "text/html", "accept-language": "de, fr;q=0.5"}

    for method, path, status, words in (
        ("GET", "/nada", 404, "No encontramos esa página"),
        ("GET", "/inbox/1/nada", 404, "No encontramos esa página"),
        ("GET", "/inbox/99999999999999999999", 404, "No encontramos esa página"),
        ("GET", "/settings/users", 403, "No tiene permiso"),
        ("DELETE", "/inbox", 405, "No se pudo"),
    ):
        answer = await ana.http.request(method, path, headers=browser)

        assert answer.status_code == status, path
        assert f'<html lang="{TAGS[language]}"' in answer.text, path
        assert catalogues.say(language)(words) in unescape(answer.text), path

    stranger = await ana.front.outside.get("/nada", headers={**browser, "accept-language": TAGS[language]})
    assert f'<html lang="{TAGS[language]}"' in stranger.text


def refusals(file: Path) -> Iterator[ast.expr]:
    """The sentences of what a file refuses, where they are written out."""
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in SENTENCES:
            yield from node.args[SENTENCES[node.func.id] :][:1]


def test_no_refusal_that_a_person_reads_is_said_in_spanish_alone() -> None:
    # A program is answered in Spanish, whoever is behind it.
    files = (file for file in sorted(CONSOLE.rglob("*.py")) if not file.is_relative_to(CONSOLE / "api"))

    bare = [
        f"{file.relative_to(CONSOLE)}:{sentence.lineno}"
        for file in files
        for sentence in refusals(file)
        if isinstance(sentence, ast.Constant | ast.JoinedStr)
    ]

    assert bare == [], "Words(…): else whoever reads Portuguese is refused in Spanish"


async def test_a_program_is_refused_in_spanish_whatever_it_says_it_reads(sqlite_database_url: str) -> None:
    async with serving(sqlite_database_url) as house, house.program() as program:
        await house.writes(meta.MARIA)
        path = f"/conversations/{(await program.conversation())['id']}/messages"

        answer = await program.http.post(
            path, json={"type": "text", "text": {"body": ""}}, headers={"accept-language": "en"}
        )

    assert (answer.status_code, answer.json()["detail"]) == (422, "Escriba un mensaje.")
