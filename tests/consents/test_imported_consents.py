"""Consent that files of debts bring: checked, kept by number until somebody writes, noted once, and never over a no."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
import zipfile
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from console import clock
from console.audit import SYSTEM, AuditEntry
from console.consents.imported import ImportedConsent
from console.consents.kinds import Standing
from console.consents.models import ConsentRecord
from console.evidence import scopes
from console.evidence.compiling import compile_pack
from console.inbox.contacts import Contact
from console.portfolio import imports
from console.portfolio.batches import ImportAccount, ImportBatch, ImportConsent
from console.portfolio.columns import Field, field_of, suggested
from console.portfolio.stated_consents import Asked, ConsentSaid, Holding, instant, read, replaces
from tests.consents.test_consents import lives_in, sends
from tests.front import Front, Person, a_console, settings_for
from tests.inbox import meta
from tests.patience import eventually
from tests.portfolio.files import HEADER, MARIA, PEDRO
from tests.portfolio.test_sheets import sheets_header, take

LIMA = ZoneInfo("America/Lima")
NAMES = [
    *HEADER,
    *("Autoriza WhatsApp", "Fecha de autorización", "Origen del consentimiento"),
    *("Prueba del consentimiento", "Texto del consentimiento", "Canal autorizado", "Finalidad"),
]
TEXT = "Autorizo que me escriban por WhatsApp sobre mi crédito."
YES = ["Sí", "12/03/2026", "Contrato", "Contrato 7741, cláusula 14", TEXT, "", ""]
NO = ["No", "12/03/2026", "", "", "", "", ""]
SILENT = [""] * len(YES)
OTHER = "51944218306"


@pytest.fixture
async def front(database_url: str, tmp_path: Path) -> AsyncIterator[Front]:
    async with a_console(settings_for(database_url, tmp_path)) as front:
        yield front


@pytest.fixture
async def rosa(front: Front) -> Person:
    return await front.agent("Rosa", role="supervisor")


def a_file(*rows: Sequence[str], names: Sequence[str] = NAMES) -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=";").writerows([names, *rows])
    return text.getvalue().encode()


async def uploads(rosa: Person, body: bytes, **decided: str) -> str:
    """The page of the import, once it was compared with its columns as they are suggested."""
    headers = {"content-type": "application/octet-stream", "x-file-name": "cartera.csv", "origin": rosa.front.address}
    sent = await rosa.http.post("/portfolio/imports", content=body, headers=headers)
    assert sent.status_code == 201, sent.text
    path = str(sent.json()["location"])
    page = await rosa.see(path)
    chosen = re.findall(r'<select class="field" name="(\w+)">(?:(?!</select>).)*?value="(\d+)" selected', page)
    asked = await rosa.do(f"{path}/columns", currency="PEN", **dict(chosen), **decided)
    assert asked.status_code == 303, asked.text
    await works(rosa.front, path)
    return path


async def brings(rosa: Person, *rows: Sequence[str]) -> str:
    """The same, confirmed and put in place."""
    path = await uploads(rosa, a_file(*rows))
    confirmed = await rosa.do(f"{path}/confirmation")
    assert confirmed.status_code == 303, confirmed.text
    await works(rosa.front, path)
    assert "Importada" in await rosa.see(path)
    return path


async def works(front: Front, path: str, *, later: int = 0) -> None:
    """What the worker does of an import, until nothing is asked of it: here, unless the console's own has it already.

    Whoever is at work has claimed it, and `imports.asked_for` tells only what nobody has.
    """
    db, number = front.console.db, int(path.rsplit("/", 1)[1]) + later

    async def is_done() -> bool:
        await imports.work(db, front.console.settings, number)
        async with db.reading() as tx:
            batch = await tx.get_one(ImportBatch, number)
        # What people who write already allowed is noted after it is in place, some at a time.
        return batch.state not in imports.ASKED and (batch.state != "committed" or batch.linked_at is not None)

    await eventually(is_done, within=20)


async def writes(front: Front, sender: str = meta.MARIA, text: str = "Hola") -> None:
    assert (await front.webhook(meta.body(meta.text(text, sender=sender)))).status_code == 200


async def lines(front: Front) -> list[tuple[str, str, str, str | None]]:
    """The lines of everybody's consents."""
    async with front.console.db.reading() as tx:
        rows = await tx.scalars(select(ConsentRecord).order_by(ConsentRecord.id))
        return [(row.purpose, row.state, row.how, row.reference) for row in rows]


async def outcomes(front: Front) -> list[tuple[str, str | None]]:
    async with front.console.db.reading() as tx:
        holding = select(ImportedConsent).where(ImportedConsent.replaced_by.is_(None))
        return [(row.outcome, row.why) for row in await tx.scalars(holding.order_by(ImportedConsent.id))]


async def test_a_consent_waits_for_the_first_word_from_its_number_and_is_noted_with_its_proof(
    front: Front, rosa: Person
) -> None:
    path = await uploads(rosa, a_file([*MARIA, *YES], [*PEDRO, *SILENT]))
    preview = await rosa.see(path)
    assert "Consentimientos que trae" in preview
    assert "Contrato 7741, cláusula 14" in preview
    assert await outcomes(front) == [], "nothing happens until somebody says so"
    assert (await rosa.do(f"{path}/confirmation")).status_code == 303
    await works(front, path)
    waiting = await rosa.see("/portfolio/debtors/1")
    assert "Consentimiento importado, en espera de que escriba desde ese número" in waiting
    assert "Consentimiento importado" not in await rosa.see("/portfolio/debtors/2")

    await writes(front)

    assert await lines(front) == [("collection", "given", "contract", "Contrato 7741, cláusula 14")]
    page = await rosa.see("/inbox/1/consents")
    assert TEXT in page
    assert "Importado: carga n.º 1, fila 2" in page
    assert "registrado en su conversación" in await rosa.see("/portfolio/debtors/1")
    async with front.console.db.reading() as tx:
        entry = (await tx.scalars(select(AuditEntry).where(AuditEntry.action == "consent.given"))).one()
        committed = (await tx.scalars(select(AuditEntry).where(AuditEntry.action == "import.committed"))).one()
        row = (await tx.scalars(select(ConsentRecord))).one()
    assert (entry.actor_name, entry.origin, entry.conversation_id) == ("Rosa", "import", 1)
    assert json.loads(committed.new or "{}")["counts"]["consents"] == 1
    assert TEXT not in (entry.new or "")
    assert row.said_at == datetime(2026, 3, 12, 5, tzinfo=UTC), "it counts from the beginning of its day, in Lima"


async def test_whoever_is_known_by_that_number_has_it_at_once_and_may_be_written_to(front: Front, rosa: Person) -> None:
    await writes(front)
    await brings(rosa, [*MARIA, *SILENT])
    await lives_in(front, "CO", window=False)
    assert await sends(front, "UTILITY") == "channel_consent"

    await brings(rosa, [*MARIA, *YES])

    assert await outcomes(front) == [("noted", None)]
    assert await sends(front, "UTILITY") == "queued"


async def test_the_first_template_after_the_first_word_sees_what_waited(front: Front, rosa: Person) -> None:
    await brings(rosa, [*MARIA, *YES[:6], "Publicidad"])
    await writes(front)

    assert await sends(front, "MARKETING") == "queued"


async def test_the_same_file_again_notes_nothing_again(front: Front, rosa: Person) -> None:
    await brings(rosa, [*MARIA, *YES])
    await brings(rosa, [*MARIA, *YES])
    await writes(front)
    await brings(rosa, [*MARIA, *YES])
    # A balance that changed brings the row again, and its consent is no news.
    again = await uploads(rosa, a_file([*MARIA[:7], "100.00", *YES]))
    assert "Consentimientos que trae" not in await rosa.see(again)
    assert (await rosa.do(f"{again}/confirmation")).status_code == 303
    await works(front, again)

    assert len(await lines(front)) == 1
    assert await outcomes(front) == [("noted", None)]


async def test_a_later_file_corrects_what_waits_and_adds_to_what_was_noted(front: Front, rosa: Person) -> None:
    def of(contract: str) -> list[str]:
        return [*MARIA, *YES[:3], contract, *YES[4:]]

    await brings(rosa, of("Contrato 1"))
    await brings(rosa, of("Contrato 2"))
    await writes(front)
    assert [line[3] for line in await lines(front)] == ["Contrato 2"]

    await brings(rosa, of("Contrato 3"))

    assert [line[3] for line in await lines(front)] == ["Contrato 2", "Contrato 3"]
    assert await outcomes(front) == [("noted", None)]


async def test_a_file_never_undoes_what_they_said_since(front: Front, rosa: Person) -> None:
    await writes(front)
    out = {"state": "withdrawn", "channel": "whatsapp", "purpose": "collection", "how": "call"}
    assert (await rosa.do("/inbox/1/consents", **out)).status_code == 303
    before = await lines(front)

    await brings(rosa, [*MARIA, *YES])

    assert await lines(front) == before
    assert await outcomes(front) == [("left", "opted_out")]
    assert "No se registró: pidió que no le escribamos" in await rosa.see("/portfolio/debtors/1")
    async with front.console.db.reading() as tx:
        assert (await tx.get_one(Contact, 1)).opted_out_at is not None
        entry = (await tx.scalars(select(AuditEntry).where(AuditEntry.action == "consent.left"))).one()
    assert json.loads(entry.new or "{}")["reason"] == "opted_out"
    # Lifted or not, last spring's yes is no answer to what they said today.
    assert (await rosa.do("/inbox/1/consent/lift", reason="Se equivocó")).status_code == 200
    await brings(rosa, [*MARIA, *YES[:3], "Contrato 9", *YES[4:]])
    assert (await outcomes(front))[-1] == ("left", "withdrawn_since")


async def test_a_refusal_in_a_file_is_honoured_from_their_first_word_and_needs_no_proof(
    front: Front, rosa: Person
) -> None:
    await brings(rosa, [*MARIA, "No", *SILENT[1:]])

    await writes(front)

    assert [line[:3] for line in await lines(front)] == [
        ("collection", "withdrawn", "earlier"),
        ("marketing", "withdrawn", "earlier"),
    ]
    assert "Pidió que no le escribamos" in await rosa.see("/inbox/1")
    assert (await rosa.reply(1, "Buenos días")).status_code == 201, "what they wrote is answered once"


async def test_a_refusal_older_than_what_they_allowed_is_left(front: Front, rosa: Person) -> None:
    await writes(front)
    given = {"state": "given", "channel": "whatsapp", "purpose": "collection", "how": "message"}
    noted = await rosa.do("/inbox/1/consents", **given, shown=TEXT, message_id="1")
    assert noted.status_code == 303, noted.text

    await brings(rosa, [*MARIA, *NO])

    assert await outcomes(front) == [("left", "given_since")]
    assert len(await lines(front)) == 1


async def test_a_consent_is_of_the_first_number_of_its_row_and_a_refusal_of_all(front: Front, rosa: Person) -> None:
    both = [*MARIA[:3], f"944218305 / {OTHER[2:]}", *MARIA[4:]]
    await brings(rosa, [*both, *YES])
    await writes(front, OTHER)
    assert await lines(front) == []

    await brings(rosa, [*both, "No", *SILENT[1:]])

    assert {line[1] for line in await lines(front)} == {"withdrawn"}
    assert [outcome for outcome, _why in await outcomes(front)] == ["waiting", "noted"]


async def test_a_number_that_the_creditor_names_no_longer_brings_nothing(front: Front, rosa: Person) -> None:
    await brings(rosa, [*MARIA, *YES])
    await brings(rosa, [*MARIA[:3], OTHER[2:], *MARIA[4:], *SILENT])
    assert "el número o la cuenta ya no están en la cartera" in await rosa.see("/portfolio/debtors/1")

    await writes(front)
    assert (await lines(front), await outcomes(front)) == ([], [("waiting", None)])

    await brings(rosa, [*MARIA, *SILENT])
    assert len(await lines(front)) == 1, "named again, it is theirs again"


async def test_what_was_allowed_for_a_contract_ends_with_it_and_what_was_refused_does_not(
    front: Front, rosa: Person
) -> None:
    other = ["PR-9", *MARIA[1:4], "F-9", *MARIA[5:]]
    advertising = ["No", *SILENT[1:6], "publicidad"]
    await brings(rosa, [*MARIA, *YES], [*other, *advertising], [*PEDRO, *SILENT])
    path = await uploads(rosa, a_file([*PEDRO, *SILENT]), is_whole="on")
    assert (await rosa.do(f"{path}/confirmation")).status_code == 303
    await works(front, path)
    await brings(rosa, ["PR-11", *MARIA[1:4], "F-11", *MARIA[5:], *SILENT])

    await writes(front)

    assert [line[:2] for line in await lines(front)] == [("marketing", "withdrawn")]


async def test_one_number_and_two_debts_are_one_person_who_said_it_twice(front: Front, rosa: Person) -> None:
    other = ["PR-9", *MARIA[1:4], "F-9", *MARIA[5:]]
    await brings(rosa, [*MARIA, *YES], [*other, *YES[:3], "Contrato 9", *YES[4:]])

    await writes(front)

    assert sorted(line[3] or "" for line in await lines(front)) == ["Contrato 7741, cláusula 14", "Contrato 9"]


async def test_what_waits_goes_back_with_its_import_and_what_was_noted_holds_it(front: Front, rosa: Person) -> None:
    await brings(rosa, [*MARIA, *YES])
    second = await brings(rosa, [*MARIA, *YES[:3], "Contrato 2", *YES[4:]])
    assert (await rosa.do(f"{second}/undo")).status_code == 303
    await works(front, second, later=1)
    assert "Deshecha" in await rosa.see(second)
    await writes(front)
    assert [line[3] for line in await lines(front)] == ["Contrato 7741, cláusula 14"], "as the first file had it"

    third = await brings(rosa, [*MARIA, *YES[:3], "Contrato 3", *YES[4:]])
    refused = await rosa.do(f"{third}/undo")

    assert refused.status_code == 422
    assert "No se puede deshacer" in refused.text


async def test_an_import_that_made_the_debt_takes_its_consent_back_too(front: Front, rosa: Person) -> None:
    path = await brings(rosa, [*MARIA, *YES], [*PEDRO, *NO])

    assert (await rosa.do(f"{path}/undo")).status_code == 303
    await works(front, path, later=1)

    assert "Deshecha" in await rosa.see(path)
    assert await outcomes(front) == []


async def test_the_pack_of_a_debt_holds_what_waits_with_its_proof_and_its_verifier_agrees(
    front: Front, rosa: Person, tmp_path: Path
) -> None:
    await brings(rosa, [*MARIA, *YES])
    async with front.console.db.transaction() as tx:
        scope = await scopes.of_account(tx, "PR-1")
        assert scope is not None
        scopes.record_request(tx, SYSTEM, scope)
    await compile_pack(front.console.db, front.console.settings, scope, tmp_path / "pack.zip")
    with zipfile.ZipFile(tmp_path / "pack.zip") as file:
        file.extractall(tmp_path / "pack")

    [told] = json.loads((tmp_path / "pack" / "expediente.json").read_text())["imported_consents"]

    assert (told["state"], told["outcome"], told["load"], told["row"]) == ("given", "waiting", 1, 2)
    assert (told["shown"], told["reference"], told["by"]["name"]) == (TEXT, "Contrato 7741, cláusula 14", "Rosa")
    assert len(told["file_sha256"]) == 64
    verify = [sys.executable, "-I", str(tmp_path / "pack" / "verificar.py")]
    honest = subprocess.run(verify, capture_output=True, text=True, check=False, cwd=tmp_path / "pack")  # noqa: ASYNC221
    assert honest.returncode == 0, honest.stdout + honest.stderr


@pytest.mark.parametrize("balance", ["412.50", "0"], ids=["owing", "settled"])
async def test_an_erasure_takes_what_files_said_of_them_wherever_it_was_kept(
    front: Front, rosa: Person, balance: str
) -> None:
    await brings(rosa, [*MARIA[:7], balance, *YES], [*PEDRO, *YES])
    await writes(front)
    admin = await front.agent("Iván", role="admin")
    await admin.http.post("/privacy", data={"conversation": "1", "kind": "erasure", "asked_on": "2026-11-20"})

    erased = await admin.http.post("/privacy/1/answer")

    assert erased.status_code == 303, erased.text
    async with front.console.db.reading() as tx:
        kept = list(await tx.scalars(select(ImportedConsent.phone)))
        staged = await tx.scalar(select(func.count()).select_from(ImportConsent))
        said = list(await tx.scalars(select(ImportAccount.statement)))
    assert kept == ["+51944218306"], "Pedro's is his"
    assert staged == 0
    assert TEXT not in json.dumps(said)


async def test_what_is_wrong_stops_the_file_and_is_told_by_row_and_column(front: Front, rosa: Person) -> None:
    path = await uploads(rosa, a_file([*MARIA, "quizás", *YES[1:]], [*PEDRO, "Sí", "31/02/2026", *YES[2:]]))

    page = await rosa.see(path)
    told = (await rosa.http.get(f"{path}/problems")).text

    assert "Se espera sí o no." in page
    assert "2;Autoriza WhatsApp;Se espera sí o no.;" in told
    assert "3;Fecha de autorización;Esa fecha no existe" in told
    assert (await rosa.do(f"{path}/confirmation")).status_code == 422
    assert await outcomes(front) == []


TOMORROW = (clock.now().astimezone(LIMA) + timedelta(days=1)).strftime("%d/%m/%Y")


@pytest.mark.parametrize(
    ("cells", "column", "what"),
    [
        (["tal vez"], "Autoriza WhatsApp", "Se espera sí o no."),
        (["Sí", ""], "Fecha de autorización", "Falta la fecha en que autorizó."),
        (["Sí", TOMORROW], "Fecha de autorización", "no puede ser futura"),
        (["Sí", "1/1/1990"], "Fecha de autorización", "más de 30 años"),
        (["Sí", "pronto"], "Fecha de autorización", "No es una fecha"),
        (["Sí", "12/03/2026", ""], "Origen del consentimiento", "Falta cómo autorizó"),
        (["Sí", "12/03/2026", "un amigo"], "Origen del consentimiento", "Se espera contrato"),
        (["Sí", "12/03/2026", "Web", ""], "Prueba del consentimiento", "Falta la prueba"),
        (["Sí", "12/03/2026", "Web", "x" * 201], "Prueba del consentimiento", "hasta 200"),
        (["Sí", "12/03/2026", "Web", "F-1", ""], "Texto del consentimiento", "Falta el texto"),
        (["Sí", "12/03/2026", "Web", "F-1", "x" * 4001], "Texto del consentimiento", "hasta 4000"),
        (["Sí", "12/03/2026", "Web", "F-1", TEXT, "fax"], "Canal autorizado", "Se espera WhatsApp"),
        (["Sí", "12/03/2026", "Web", "F-1", TEXT, "", "bodas"], "Finalidad", "Se espera cobranza"),
        (["No", TOMORROW], "Fecha de autorización", "no puede ser futura"),
        (["", "12/03/2026"], "Autoriza WhatsApp", "Falta decir si autoriza"),
    ],
)
def test_each_cell_is_checked_and_told_by_its_column(cells: list[str], column: str, what: str) -> None:
    row = [*MARIA, *cells, *YES[len(cells) :]] if len(cells) > 2 or cells[0] else [*MARIA, *cells, *SILENT[2:]]
    _lines, [problem] = take(row, names=NAMES)

    assert (problem.row, problem.column) == (2, column)
    assert what in problem.what


def test_a_consent_of_no_number_and_two_words_of_one_are_told() -> None:
    nowhere, contradicted = ([*MARIA[:3], "", *MARIA[4:], *YES], [*PEDRO, *YES])
    again = [*PEDRO[:4], "F-8", *PEDRO[5:], *YES[:3], "Contrato 2", *YES[4:]]

    _lines, problems = take(nowhere, contradicted, again, names=NAMES)

    assert [(each.row, each.column) for each in problems] == [(2, "Autoriza WhatsApp"), (4, "Autoriza WhatsApp")]
    assert "Falta el teléfono" in problems[0].what


@pytest.mark.parametrize("cell", ["", "-", "N/D", "No consta", "pendiente"])
def test_what_says_nothing_brings_nothing(cell: str) -> None:
    [line], problems = take([*MARIA, cell, *SILENT[1:]], names=NAMES)
    [plain], _none = take(MARIA)

    assert (line.consents, problems) == ((), [])
    assert line.digest == plain.digest, "and the debt is the one that everybody states"


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("AUTORIZA WHATSAPP", Field.CONSENT),
        ("WhatsApp opt-in", Field.CONSENT),
        ("Consentimiento", Field.CONSENT),
        ("Fecha del consentimiento", Field.CONSENT_DAY),
        ("consent date", Field.CONSENT_DAY),
        ("Fuente del consentimiento", Field.CONSENT_HOW),
        ("Referencia de la autorización", Field.CONSENT_PROOF),
        ("Cláusula de autorización", Field.CONSENT_TEXT),
        ("Medio autorizado", Field.CONSENT_CHANNEL),
        ("Finalidad", Field.CONSENT_PURPOSE),
        ("WhatsApp", Field.PHONE),
        ("Fecha de vencimiento", Field.DUE),
    ],
)
def test_columns_are_understood_by_what_they_are_called(name: str, field: Field) -> None:
    assert field_of(name) == field


def test_a_file_without_the_answer_has_no_columns_of_it() -> None:
    assert Field.CONSENT_PURPOSE not in suggested(sheets_header([*HEADER, "Finalidad"]))


# What dates and answers mean, whatever they are


def asked(state: str, day: str, now: datetime) -> tuple[ConsentSaid | None, list[tuple[Field, str]]]:
    cells: dict[Field, Any] = {
        Field.CONSENT: state, Field.CONSENT_DAY: day, Field.CONSENT_HOW: "Contrato",
        Field.CONSENT_PROOF: "C-1", Field.CONSENT_TEXT: TEXT,
    }  # fmt: skip
    return read(2, Asked(cells, now, LIMA))


moments_ = st.datetimes(datetime(2000, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 bounds


@given(moments_, st.integers(-4000, 4000), st.sampled_from(["Sí", "No"]), st.sampled_from(["%d/%m/%Y", "%Y-%m-%d"]))
def test_a_day_is_taken_as_it_is_written_and_never_when_it_is_to_come(
    now: datetime, ago: int, state: str, written: str
) -> None:
    today = now.astimezone(LIMA).date()
    day = today - timedelta(days=ago)

    said, wrong = asked(state, day.strftime(written) if day.year >= 1000 else "", now)

    assert (said is None, bool(wrong)) == (ago < 0, ago < 0)
    if said is not None:
        assert said.said_at <= now
        assert said.said_at.astimezone(LIMA).date() == day


@given(st.dates(date(2000, 1, 1), date(2026, 11, 1)), st.dates(date(2000, 1, 1), date(2026, 11, 1)))
def test_of_two_answers_the_later_day_holds_and_of_one_day_the_refusal(allowed: date, refused: date) -> None:
    now = datetime(2026, 11, 20, 15, tzinfo=UTC)
    yes, no = asked("Sí", f"{allowed:%d/%m/%Y}", now)[0], asked("No", f"{refused:%d/%m/%Y}", now)[0]
    assert yes is not None
    assert no is not None

    over_no = replaces(yes, Holding(no.state, no.said_at, no.digest))
    over_yes = replaces(no, Holding(yes.state, yes.said_at, yes.digest))

    assert over_no == (allowed > refused)
    assert over_yes == (not over_no), "one of both holds, whichever came first"


@given(st.text(max_size=40))
def test_any_text_is_yes_no_nothing_or_told(text: str) -> None:
    now = datetime(2026, 11, 20, 15, tzinfo=UTC)
    said, wrong = read(2, Asked({Field.CONSENT: text}, now, LIMA))

    assert said is None or said.state == Standing.WITHDRAWN, "a yes without its proof is none"
    assert all(what for _field, what in wrong)


def test_an_undated_word_is_of_the_moment_it_is_read() -> None:
    now = datetime(2026, 11, 20, 15, tzinfo=UTC)

    assert instant(Standing.WITHDRAWN, None, now, LIMA) == now
