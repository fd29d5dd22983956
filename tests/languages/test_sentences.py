"""Sentences of ours that are kept can be said in any language, whoever reads them and whenever."""

from __future__ import annotations

from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text, update

from console.languages.catalogues import said
from console.languages.words import Words, packed, plural, unpacked
from console.portfolio.batches import ImportBatch
from tests.front import Person, a_console, settings_for
from tests.languages.spanish import Said, only_spanish, without, words_of
from tests.languages.test_whole_pages import NAMES
from tests.patience import eventually
from tests.portfolio.files import HEADER, MARIA

BAD = ";".join([*MARIA[:7], "mucho", *MARIA[8:]])
CSV = "\n".join([";".join(HEADER), BAD]).encode()
UPLOAD = {"content-type": "application/octet-stream", "x-file-name": "file.csv"}
COLUMNS = {"currency": "PEN", "column_account": "0", "column_name": "1", "column_due": "5", "column_balance": "7"}
OLD = "La carga de ayer no terminó."


@settings(deadline=None)
@given(name=st.text(), count=st.integers(0, 10**6))
def test_what_is_kept_is_said_as_if_it_had_just_been_written(name: str, count: int) -> None:
    for words in (
        Words("{whose} Cartera", whose=name),
        Words("{label}: {name}", label=Words("Cartera"), name=name),
        plural("{n} intento", "{n} intentos", n=count),
        Words("Cartera"),
    ):
        back = unpacked(packed(words))

        assert back == str(words).replace("\x1f", " ") or "\x1f" in name
        for language in ("pt", "en"):
            assert said(back, language) == said(words, language)


@settings(deadline=None)
@given(st.text())
def test_what_a_person_wrote_is_kept_as_it_is_and_never_taken_for_ours(written: str) -> None:
    assert unpacked(packed(written)) == written.replace("\x1f", " ")
    assert not isinstance(unpacked(packed(written)), Words)


@pytest.fixture
async def elena(database_url: str, tmp_path: Path) -> AsyncIterator[Person]:
    async with a_console(settings_for(database_url, tmp_path)) as front:
        yield await front.agent("Elena", role="admin")


async def test_what_is_wrong_with_a_file_is_said_to_each_reader(elena: Person) -> None:
    origin = {"origin": elena.front.address}
    sent = await elena.http.post("/portfolio/imports", content=CSV, headers={**UPLOAD, **origin})
    path = sent.json()["location"]
    await elena.do(f"{path}/columns", **COLUMNS)

    async def is_compared() -> bool:
        return "«mucho» no es un monto" in await elena.see(path)

    await eventually(is_compared, within=20)
    async with elena.front.console.db.transaction() as tx:
        kept = str(await tx.scalar(text("SELECT what FROM import_problem")))
        await tx.execute(update(ImportBatch).values(why=Words("El archivo está dañado: vuelva a guardarlo en Excel.")))
    assert kept.startswith("«mucho» no es un monto"), "whoever reads the table reads a sentence"

    theirs = [*NAMES, *HEADER, *MARIA, "mucho", "file.csv"]
    for language, problem, why in (
        ("pt", "“mucho” não é um valor", "O arquivo está danificado: salve-o de novo no Excel."),
        ("en", "“mucho” is not an amount", "The file is damaged: save it again in Excel."),
    ):
        await elena.do("/settings/language", language=language)
        page = unescape(await elena.see(path))
        assert problem in page
        assert why in page
        assert problem in (await elena.http.get(f"{path}/problems")).text
        spanish = only_spanish(language)
        assert [run for run in Said.on(page) if words_of(without(run, theirs)) & spanish] == []


async def test_a_sentence_kept_before_reads_as_it_was_kept(elena: Person) -> None:
    sent = await elena.http.post("/portfolio/imports", content=CSV, headers={**UPLOAD, "origin": elena.front.address})
    async with elena.front.console.db.transaction() as tx:
        await tx.execute(text("UPDATE import_batch SET why = :why"), {"why": OLD})
    await elena.do("/settings/language", language="en")

    assert OLD in await elena.see(sent.json()["location"])
