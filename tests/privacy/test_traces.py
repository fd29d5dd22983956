"""Erasure goes as far as the words went: reasons, whispers, reviews, files, what programs were told."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import select

from console import audit, clock
from console.audit import SYSTEM, AuditEntry
from console.db import Base
from console.evidence import scopes
from console.evidence.compiling import compile_pack
from console.portfolio import disputes, plans, promises
from console.portfolio.instalments import Terms
from console.portfolio.models import Account, Creditor
from console.reasons.keeping import digest
from tests.conftest import SECRET_KEY
from tests.front import Front, Person, a_console, settings_for
from tests.patience import eventually
from tests.privacy.test_privacy import a_person, requested, told_of

HELD = date(2026, 10, 1)


@pytest.fixture
async def front(database_url: str, tmp_path: Path) -> AsyncIterator[Front]:
    async with a_console(settings_for(database_url, tmp_path)) as front:
        yield front


async def erased(front: Front) -> Person:
    admin = await front.agent("Iván", role="admin")
    done = await admin.http.post(f"/privacy/{await requested(front)}/answer")
    assert done.status_code == 303, done.text
    return admin


async def nothing_left(front: Front) -> bool:
    return await told_of(front) == {}


async def reasons_given(front: Front) -> Person:
    """Zoraida owes; a promise, a plan and a dispute end, her opt-out is lifted: each for a reason that names her."""
    await a_person(front, invoices=[("F-1", HELD, 41250)])
    leader = await front.agent("Sara", role="supervisor")
    soon = clock.now().date() + timedelta(days=3)
    async with front.console.db.transaction() as tx:
        account = (await tx.scalars(select(Account))).one()
        promise = await promises.make(
            tx, account.id, by=SYSTEM, amount_minor=41250, due_on=soon, conversation_id=1, remind=False
        )
        await promises.cancel(tx, promise.id, by=SYSTEM, reason="Zoraida se equivocó")
    async with front.console.db.transaction() as tx:
        terms = Terms(total_minor=41250, down_minor=0, count=2, frequency="monthly", first_on=soon)
        plan = await plans.propose(tx, account.id, by=SYSTEM, terms=terms, conversation_id=1)
        await plans.cancel(tx, plan.id, by=SYSTEM, reason="Zoraida lo pensó")
    async with front.console.db.transaction() as tx:
        opened = await disputes.open_dispute(
            tx, account.id, by=SYSTEM, category="amount", words="la chirimoya", conversation_id=1
        )
        await disputes.resolve(tx, opened.id, by=SYSTEM, state="rejected", reason="Zoraida debe la chirimoya")
    assert (await leader.do("/inbox/1/consent", kind="opt_out")).status_code in {200, 201}
    assert (await leader.do("/inbox/1/consent/lift", reason="Zoraida llamó")).status_code == 200
    return leader


async def test_a_reason_stands_beside_the_history_which_holds_its_digest_alone(front: Front, tmp_path: Path) -> None:
    leader = await reasons_given(front)

    assert await told_of(front, tables={"audit_entry"}) == {}
    async with front.console.db.reading() as tx:
        wanted = select(AuditEntry).where(AuditEntry.new.contains("reason_digest")).order_by(AuditEntry.id)
        entries = list(await tx.scalars(wanted))
    assert [entry.action for entry in entries] == [
        "promise.cancelled",
        "plan.cancelled",
        "dispute.resolved",
        "contact.opt_out_lifted",
    ]
    assert "Zoraida se equivocó" in await leader.see(f"/audit?entry={entries[0].id}")
    # And an evidence pack holds what the digests were made from.
    async with front.console.db.transaction() as tx:
        scope = await scopes.of_conversation(tx, 1)
        assert scope is not None
        scopes.record_request(tx, SYSTEM, scope)
    pack = await compile_pack(front.console.db, front.console.settings, scope, tmp_path / "pack.zip")
    proven = {each.id: digest(bytes.fromhex(each.salt or ""), each.words or "") for each in pack.reasons}
    for entry in entries:
        told = msgspec.json.decode(entry.new or "{}")
        assert proven[told["reason_id"]] == told["reason_digest"]


async def test_the_words_of_a_reason_go_and_that_there_was_one_stays(front: Front) -> None:
    await reasons_given(front)
    assert "reason" in await told_of(front)

    admin = await erased(front)

    async def only_the_debt_is_left() -> bool:
        """The search index follows by itself."""
        owed = {"debtor", "account", "contact_point", "search_person", "search_spelling"}
        return set(await told_of(front)) <= owed

    assert await eventually(only_the_debt_is_left)
    async with front.console.db.reading() as tx:
        assert (await audit.verify(tx, SECRET_KEY)).intact
        number = await tx.scalar(select(AuditEntry.id).where(AuditEntry.action == "plan.cancelled"))
    assert "borrado a pedido" in await admin.see(f"/audit?entry={number}")


async def test_whispers_reviews_files_of_the_portfolio_notices_and_webhooks_are_reached(front: Front) -> None:
    await a_person(front)
    async with front.console.db.transaction() as tx:
        account = (await tx.scalars(select(Account))).one()
        creditor = (await tx.scalars(select(Creditor))).one()
        entry = await tx.scalar(select(AuditEntry.id).where(AuditEntry.conversation_id == 1).limit(1))
        for table, row in elsewhere(account, creditor, int(entry or 0)):
            await tx.execute(Base.metadata.tables[table].insert().values(**row))

    async def everywhere() -> bool:
        """The search index follows by itself."""
        return set(await told_of(front)) >= REACHED

    assert await eventually(everywhere)

    await erased(front)

    assert await eventually(lambda: nothing_left(front))


REACHED = {
    "whisper",
    "quality_review",
    "quality_seat",
    "quality_flag",
    "import_debtor",
    "import_account",
    "import_point",
    "import_batch",
    "payment",
    "payment_notice",
    "webhook_delivery",
    "staged_file",
    "media_upload",
    "search_spelling",
    "search_person",
}


def elsewhere(account: Account, creditor: Creditor, entry: int) -> list[tuple[str, dict[str, Any]]]:
    """A row for each place where a person may be named besides the thread, as these rooms write them."""
    now = clock.now()
    sha = hashlib.sha256(b"lucuma").hexdigest()
    batch = {"creditor_id": creditor.id, "team_id": 1, "size": 1, "done": 0, "total": 0, "made_by_kind": "agent"}
    money = {"balance_minor": 0, "overdue_minor": 0, "currency": "PEN"}
    return [
        ("whisper", {"conversation_id": 1, "author_id": 1, "author_name": "Sara", "to_id": 1, "to_name": "Ana",
                     "sequence": 1, "text": "Ojo con Zoraida", "client_key": "k", "created_at": now}),
        ("quality_form", {"version": 99, "per_week": 1, "criteria": [], "created_at": now}),
        ("quality_pick", {"id": 1, "agent_id": 1, "week_on": now.date(), "conversation_id": 1, "message_id": 1,
                          "created_at": now}),
        ("quality_flag", {"pick_id": 1, "message_id": 1, "kind": "third", "words": "la mamá de Zoraida"}),
        ("quality_review", {"pick_id": 1, "form_version": 99, "reviewer_id": 1, "marks": {}, "score": 90,
                            "note": "Zoraida fue clara", "created_at": now, "answer": "Con Zoraida, sí"}),
        ("quality_calibration", {"pick_id": 1, "form_version": 99, "opened_by": 1, "opened_at": now}),
        ("quality_seat", {"pick_id": 1, "reviewer_id": 1, "marks": {}, "score": 90, "note": "Zoraida, clara"}),
        ("import_batch", {**batch, "id": 1, "file_name": "cartera.csv", "state": "committed", "made_at": now,
                          "look": {"sample": [["Zoraida", "45678912"]]}, "version": 1}),
        ("import_debtor", {"batch_id": 1, "kind": "new", "place": 1, "name": "Zoraida Quispe",
                           "name_key": "zoraida quispe", "document_type": "DNI", "document_number": "45678912",
                           "timezone": "America/Lima", "before": {"name": "Zoraida", "document": None}}),
        ("import_account", {**money, "batch_id": 1, "kind": "new", "external_id": account.external_id, "place": 1,
                            "debtor_place": 1, "phones": ["51944218305"], "status": "open", "state": "current",
                            "moves_phones": False, "statement": {"name": "Zoraida"},
                            "before": {"phones": ["51944218305"]}}),
        ("import_point", {"batch_id": 1, "debtor_place": 1, "phone": "51944218305", "match_key": "944218305"}),
        ("payment", {"source": "mercadopago", "external_id": "MP-7781234", "digest": sha, "account_id": account.id,
                     "amount_minor": 100, "currency": "PEN", "unapplied_minor": 0, "reversed_minor": 0,
                     "paid_at": now, "state": "applied", "received_at": now, "needs_look": False,
                     "note": "lo trajo Zoraida", "receipt_due": False, "version": 1}),
        ("payment_notice", {"provider": "mercadopago", "event_id": "E1", "received_at": now, "due_at": now,
                            "attempts": 0, "done_at": now, "needs_look": False,
                            "payload": '{"id": "MP-7781234", "payer": "Zoraida"}'}),
        ("webhook_subscription", {"id": 1, "name": "ERP", "url": "https://erp.example", "events": [], "scopes": [],
                                  "secret": "s", "state": "active", "cursor": 0, "made_by": 1, "created_at": now,
                                  "version": 1}),
        ("webhook_delivery", {"subscription_id": 1, "entry_id": entry, "lane": "conversation:1", "state": "waiting",
                              "type": "message.received", "body": '{"text": "la chirimoya"}', "attempts": 0,
                              "due_at": now + timedelta(days=1), "created_at": now}),
        ("staged_file", {"conversation_id": 1, "author_kind": "agent", "author_id": 1, "kind": "image",
                         "mime_type": "image/png", "filename": "yape-zoraida.png", "size": 6, "sha256": sha,
                         "voice": False, "created_at": now}),
        ("media_upload", {"channel_id": 1, "sha256": sha, "mime_type": "image/png", "filename": "yape-zoraida.png",
                          "state": "done", "attempts": 0, "since": now}),
    ]  # fmt: skip
