"""Rectification: corrected in one step, on record without saying what, and not undone by the next file."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from console import clock
from console.audit import AuditEntry
from console.inbox.models import Conversation
from console.portfolio.documents import Document
from console.portfolio.models import ContactPoint, Debtor
from tests.front import Front, Person, a_console, settings_for
from tests.inbox import meta
from tests.portfolio.debts import a_debtor
from tests.portfolio.statements import a_bill, a_source, a_statement, state

OLD = {"name": "Maria F Cori", "document": Document("DNI", "44552716"), "phones": ("+51944218305",)}
BILL = a_bill()


@pytest.fixture
async def front(database_url: str, tmp_path: Path) -> AsyncIterator[Front]:
    async with a_console(settings_for(database_url, tmp_path)) as front:
        yield front


@pytest.fixture
async def rosa(front: Front) -> Person:
    """María wrote from her number; the creditor has her name and document wrong; she asks to correct them."""
    rosa = await front.agent("Rosa", role="supervisor")
    assert (await front.webhook(meta.body(meta.text("Mi nombre está mal escrito")))).status_code == 200
    await state(front.console.db, await a_source(front.console.db, 1), a_statement(BILL, **OLD))
    asked = await rosa.http.post("/privacy", data={"conversation": "1", "kind": "rectification"})
    assert asked.status_code == 303, asked.text
    return rosa


async def point_id(front: Front) -> int:
    async with front.console.db.reading() as tx:
        return (await tx.scalars(select(ContactPoint.id))).one()


async def corrects(front: Front, who: Person, **form: str) -> httpx.Response:
    async with front.console.db.reading() as tx:
        debtor = (await tx.scalars(select(Debtor).order_by(Debtor.id))).first()
    assert debtor is not None
    kept = {"name": debtor.name, "document_type": "DNI", "document_number": "44552716", "birth_year": ""}
    about = {"debtor": str(debtor.id), "version": str(debtor.version), "reason": "Vi su DNI por videollamada"}
    return await who.do("/privacy/1/rectification", **{**about, **kept, **form})


async def held(front: Front) -> tuple[str, str | None, int | None]:
    async with front.console.db.reading() as tx:
        debtor = (await tx.scalars(select(Debtor).order_by(Debtor.id))).first()
        assert debtor is not None
        return debtor.name, debtor.document_number, debtor.birth_year


async def test_what_is_wrong_is_corrected_in_one_step_and_the_request_answered(front: Front, rosa: Person) -> None:
    form = await rosa.see("/privacy/1/rectification")
    assert "Maria F Cori" in form
    assert "Viewer(" not in form
    # A whole document or telephone is looked at where each look is on record.
    assert "44552716" not in form
    assert "944218305" not in form
    assert 'value="+51 •••• 8305"' in form
    as_shown = {f"phone_{await point_id(front)}": "+51 •••• 8305"}
    assert "Responder hasta el" in form

    changed = {"document_number": "44552717", "birth_year": "1984", "phone_new": "944 218 399", **as_shown}
    done = await corrects(front, rosa, name="María Fernanda Ccori", **changed)

    assert done.status_code == 303, done.text
    assert await held(front) == ("María Fernanda Ccori", "44552717", 1984)
    page = await rosa.see("/privacy/1/rectification")
    assert "Respondida el" in page
    assert "PR-00412" in page  # whose books are to be corrected
    assert "44552716" not in page
    assert "44552717" not in page
    assert "944218399" not in page
    assert "+51 •••• 8399" in page
    assert "Por corregir" in page
    async with front.console.db.reading() as tx:
        entries = {e.action: e for e in await tx.scalars(select(AuditEntry).where(AuditEntry.id > 0))}
        points = {p.phone: (p.state, p.source) for p in await tx.scalars(select(ContactPoint))}
    assert {"debtor.rectified", "privacy.answered"} <= set(entries)
    told = entries["debtor.rectified"].new or ""
    assert '"fields":["birth_year","document","name","phone"]' in told
    assert not any(secret in told for secret in ("Cori", "4455271", "1984", "944218399", "videollamada"))
    assert points["+51944218399"] == ("active", "rectificación a pedido de la persona")
    assert points["+51944218305"][0] == "active"
    assert (await corrects(front, rosa, name="Otra vez")).status_code == 409


@pytest.mark.parametrize(
    ("change", "status", "field"),
    [
        ({"name": ""}, 422, "name"),
        ({"document_number": "123"}, 422, "document_number"),
        ({"document_type": "NADA", "document_number": "44552717"}, 422, "document_number"),
        ({"birth_year": "84"}, 422, "birth_year"),
        ({"birth_year": "2025"}, 422, "birth_year"),
        ({"phone_new": "12"}, 422, "phone_new"),
        ({"phone_new": "944218305"}, 422, "phone_new"),
        ({"phone_1": ""}, 422, "phone_new"),
        ({"name": "María Ccori", "reason": " "}, 422, "reason"),
        ({}, 422, "name"),
        ({"name": "María Ccori", "version": "7"}, 409, "version"),
        ({"name": "María Ccori", "debtor": "999"}, 404, ""),
        ({"document_number": "45678912"}, 409, "document_number"),
    ],
)
async def test_what_cannot_be_is_refused_by_its_field_and_nothing_is_half_corrected(
    front: Front, rosa: Person, change: dict[str, str], status: int, field: str
) -> None:
    await a_debtor(front.console.db, 1, phone=None, name="Otro", document=("DNI", "45678912"))

    refused = await corrects(front, rosa, **change)

    assert refused.status_code == status, refused.text
    assert await held(front) == ("Maria F Cori", "44552716", None)
    if field and field != "version":
        assert 'aria-invalid="true"' in refused.text
        assert "Maria F Cori" in refused.text or "name" in change
    assert "Responder hasta el" in await rosa.see("/privacy/1/rectification")


async def test_the_next_file_with_the_old_value_does_not_put_it_back_and_is_told(front: Front, rosa: Person) -> None:
    named = await corrects(front, rosa, name="María Fernanda Ccori", document_number="44552717")
    assert named.status_code == 303
    source = await a_source(front.console.db, 1)

    more = a_bill("F-2", "2026-11-05", 9900)
    await state(front.console.db, source, a_statement(BILL, more, **OLD), moment=clock.now())

    assert await held(front) == ("María Fernanda Ccori", "44552717", None)
    assert "Volvió a traer lo anterior" in await rosa.see("/privacy/1/rectification")
    async with front.console.db.reading() as tx:
        told = await tx.scalars(select(AuditEntry).where(AuditEntry.action == "debtor.correction_contested"))
        assert len(list(told)) == 2

    right = {**OLD, "name": "María Fernanda Ccori", "document": Document("DNI", "44552717")}
    await state(front.console.db, source, a_statement(BILL, more, **right), moment=clock.now())
    assert "Ya corregido" in await rosa.see("/privacy/1/rectification")

    await state(front.console.db, source, a_statement(BILL, **{**right, "name": "María F. Ccori Rojas"}))
    assert (await held(front))[0] == "María F. Ccori Rojas"


async def test_a_corrected_number_is_somebody_elses_and_its_word_counts_no_more(front: Front, rosa: Person) -> None:
    ana = await front.agent("Ana")
    async with front.console.db.transaction() as tx:
        point = (await tx.scalars(select(ContactPoint))).one()
        point.verified_at = clock.now()
    assert "Vencido" in await ana.see("/inbox/1")
    number = await point_id(front)

    done = await corrects(front, rosa, **{f"phone_{number}": "+51 944 218 399"})

    assert done.status_code == 303, done.text
    async with front.console.db.reading() as tx:
        points = {p.phone: p for p in await tx.scalars(select(ContactPoint))}
        conversation = await tx.get_one(Conversation, 1)
    assert (points["+51944218305"].state, points["+51944218305"].verified_at) == ("wrong", None)
    assert (points["+51944218399"].state, points["+51944218399"].verified_at) == ("active", None)
    assert conversation.account_state is None
    await state(front.console.db, await a_source(front.console.db, 1), a_statement(BILL, a_bill("F-2"), **OLD))
    async with front.console.db.reading() as tx:
        again = (await tx.scalars(select(ContactPoint).where(ContactPoint.phone == "+51944218305"))).one()
    assert again.state == "wrong"
    assert "Volvió a traer lo anterior" in await rosa.see("/privacy/1/rectification")
