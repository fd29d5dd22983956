"""Whose language a page is in: one's own, else the one signed in with."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from httpx import AsyncClient
from sqlalchemy import select

from console.audit import AuditEntry
from console.languages import catalogues
from console.settings import UnsafeSettings
from tests.front import PASSWORD, Front, a_console, settings_for
from tests.portfolio.test_payment_settings import load

TITLES = {"es": "Idioma · Al Día", "pt-BR": "Idioma · Al Día", "en": "Language · Al Día"}
RAILS = {"es": "Bandeja", "pt-BR": "Caixa de entrada", "en": "Inbox"}
PAGE = "/settings/language"


@pytest.fixture
async def front(database_url: str, tmp_path: Path) -> AsyncIterator[Front]:
    async with a_console(settings_for(database_url, tmp_path)) as front:
        await front.agent("Ana")
        yield front


async def shows(http: AsyncClient, language: str) -> None:
    text = (await http.get(PAGE)).text
    assert f'<html lang="{language}">' in text
    assert f"<title>{TITLES[language]}</title>" in text
    assert f'<span class="name">{RAILS[language]}</span>' in text


async def test_the_language_of_the_sign_in_stays_for_the_session(front: Front) -> None:
    http = front.outside
    await http.post("/login?lang=pt", data={"email": "ana@andes.example", "password": PASSWORD})

    await shows(http, "pt-BR")


async def test_ones_own_language_counts_more_and_is_on_record(front: Front) -> None:
    bea = await front.agent("Bea")
    await shows(bea.http, "es")

    assert (await bea.do(PAGE, language="en")).status_code == 303
    await bea.do(PAGE, language="en")
    await shows(bea.http, "en")
    await bea.do(PAGE, language="")
    await shows(bea.http, "es")

    async with front.console.db.reading() as tx:
        query = select(AuditEntry).where(AuditEntry.action == "agent.language_chosen").order_by(AuditEntry.id)
        entries = (await tx.scalars(query)).all()
    assert [(one.old, one.new) for one in entries] == [
        ('{"language":null}', '{"language":"en"}'),
        ('{"language":"en"}', '{"language":null}'),
    ]


@pytest.mark.parametrize("hostile", ["fr", "en ", "../etc", "<b>"])
async def test_a_language_that_is_none_is_refused_in_ones_own(front: Front, hostile: str) -> None:
    bea = await front.agent("Bea")
    await bea.do(PAGE, language="en")

    answer = await bea.do(PAGE, language=hostile)

    assert answer.status_code == 422
    assert answer.json()["field"] == "language"
    assert answer.json()["detail"] == "Choose one of the languages on the list."
    await shows(bea.http, "en")


async def test_what_is_not_there_is_said_in_the_readers_language(front: Front) -> None:
    bea = await front.agent("Bea")
    await bea.do(PAGE, language="pt")

    answer = await bea.http.get("/portfolio/debtors/999999", headers={"accept": "text/html"})

    assert answer.status_code == 404
    assert '<html lang="pt-BR">' in answer.text
    assert "Não existe ou não está ao seu alcance." in answer.text


async def test_a_page_that_is_not_translated_stays_whole_for_everybody(
    front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    bea = await front.agent("Bea")
    await bea.do(PAGE, language="en")
    monkeypatch.setattr(catalogues, "WHOLE", catalogues.WHOLE - {"settings/password.html"})

    text = (await bea.http.get("/settings/password")).text

    assert '<html lang="es">' in text
    assert RAILS["es"] in text
    assert RAILS["en"] not in text


async def test_the_page_without_network_is_in_the_browsers_language(front: Front) -> None:
    answer = await front.outside.get("/offline", headers={"accept-language": "en"})

    assert '<html lang="en">' in answer.text


async def test_the_company_decides_for_who_chose_nothing(sqlite_database_url: str, tmp_path: Path) -> None:
    async with a_console(settings_for(sqlite_database_url, tmp_path, language="pt")) as front:
        await front.agent("Ana")
        form = await front.outside.get("/login", headers={"accept-language": "en"})
        chosen = await front.outside.get("/login?lang=en")
        await front.outside.post("/login", data={"email": "ana@andes.example", "password": PASSWORD})

        assert '<html lang="pt-BR">' in form.text
        assert '<html lang="en">' in chosen.text
        await shows(front.outside, "pt-BR")


def test_a_language_that_the_console_does_not_speak_stops_the_start() -> None:
    with pytest.raises(UnsafeSettings, match="ALDIA_LANGUAGE"):
        load(ALDIA_LANGUAGE="fr")
