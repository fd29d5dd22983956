"""The history in the reader's language: every entry of a day of work, opened, and what leaves as a file."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from sqlalchemy import func, select

from console.audit import AuditEntry
from tests.conftest import Moment
from tests.languages.spanish import Said, only_spanish, without, words_of
from tests.reports.world import a_day_of_work, a_quiet_console

# What people of this test are called, and what they called things.
PEOPLE = re.compile(r"Persona \d+")
THEIRS = [
    "María Fernanda Ccori",
    "Cobranza",
    "Mora judicial",
    "Financiera Andes",
    "Al Día",
    "PEN",
    "facturación",
    "Préstamo",
]


@pytest.mark.parametrize("language", ["pt", "en"])
async def test_no_spanish_is_left_in_any_entry(
    language: str, sqlite_database_url: str, tmp_path: Path, moment: Moment
) -> None:
    async with a_quiet_console(sqlite_database_url, tmp_path) as front:
        admin = (await a_day_of_work(front, moment))["people"]["iván"]
        await admin.do("/settings/language", language=language)
        async with front.console.db.reading() as tx:
            last = await tx.scalar(select(func.max(AuditEntry.id))) or 0
        left: dict[str, list[str]] = {}
        for path in ("/audit", *(f"/audit?entry={number}" for number in range(1, last + 1))):
            page = await admin.see(path)
            odd = [
                one for one in Said.on(page) if words_of(without(PEOPLE.sub(" ", one), THEIRS)) & only_spanish(language)
            ]
            if odd:
                left[path] = odd
        assert left == {}


async def test_a_file_of_the_history_has_its_heads_and_sentences_in_the_readers_language(
    sqlite_database_url: str, tmp_path: Path, moment: Moment
) -> None:
    async with a_quiet_console(sqlite_database_url, tmp_path) as front:
        admin = (await a_day_of_work(front, moment))["people"]["iván"]
        await admin.do("/settings/language", language="en")
        lines = (await admin.http.get("/audit/export")).text.splitlines()

    assert "No.;Date and time (UTC);Date and time, local;Who;Kind;What happened;Action;Conversation;" in lines[0]
    assert any(";agent.language_chosen;" in line and "chose the language of their screens" in line for line in lines)
    assert re.fullmatch(r"FIN;\d+ entries;SHA-256 of their hashes: [0-9a-f]{64}", lines[-1])
