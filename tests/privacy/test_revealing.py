"""A document is masked on every screen; who sees a whole one does so by name, and the history does not hold it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select

from console import audit, clock, sessions
from console.agents import ApiToken
from console.audit import AuditEntry
from console.render import phone
from tests.conftest import SECRET_KEY
from tests.front import Front, a_console, settings_for
from tests.inbox import meta
from tests.portfolio.debts import a_debtor
from tests.search.indexed import indexed

NUMBER, MASKED = "45678912", "•••• 8912"
HERE, THERE = "/inbox/1/debtors/1/document", "/portfolio/debtors/1/document"


@pytest.fixture
async def front(database_url: str, tmp_path: Path) -> AsyncIterator[Front]:
    async with a_console(settings_for(database_url, tmp_path)) as front:
        assert (await front.webhook(meta.body(meta.text("Buenos días")))).status_code == 200
        bill = ("F-1", date(2026, 10, 1), 41250)
        who = {"document": ("DNI", NUMBER), "external_id": "PR-1"}
        await a_debtor(front.console.db, 1, phone=meta.MARIA, invoices=[bill], **who)  # type: ignore[arg-type]
        yield front


async def looks(front: Front) -> list[AuditEntry]:
    async with front.console.db.reading() as tx:
        wanted = select(AuditEntry).where(AuditEntry.action == "document.revealed").order_by(AuditEntry.id)
        return list(await tx.scalars(wanted))


async def test_who_attends_to_the_person_sees_it_whole_and_is_on_record(front: Front) -> None:
    ana = await front.agent("Ana")
    assert (await ana.http.post(HERE)).status_code == 403, "attends to nobody yet"
    assert (await ana.do("/inbox/1/assignment", holder="me")).status_code == 200

    answer = await ana.http.post(HERE)

    assert (answer.status_code, NUMBER in answer.text) == (200, True)
    assert answer.headers["cache-control"] == "no-store"
    [entry] = await looks(front)
    assert (entry.actor_kind, entry.actor_id, entry.actor_name) == ("agent", ana.id, "Ana")
    assert (entry.subject, entry.conversation_id) == ("debtor:1", 1)
    async with front.console.db.reading() as tx:
        for row in await tx.scalars(select(AuditEntry)):
            assert NUMBER not in f"{row.old}{row.new}{row.subject}"
        assert (await audit.verify(tx, SECRET_KEY)).intact


async def test_who_leads_sees_it_in_the_portfolio_too_and_an_agent_does_not(front: Front) -> None:
    ana, rosa = await front.agent("Ana"), await front.agent("Rosa", role="supervisor")

    assert NUMBER in (await rosa.http.post(HERE)).text
    assert NUMBER in (await rosa.http.post(THERE)).text
    assert (await ana.http.post(THERE)).status_code == 403
    assert THERE in await rosa.see("/portfolio/debtors/1")
    assert THERE not in await ana.see("/portfolio/debtors/1"), "no button that would be refused"
    assert len(await looks(front)) == 2


async def test_whose_it_is_not_learns_nothing_and_leaves_nothing(front: Front) -> None:
    other = await front.agent("Tito", role="supervisor", team="Mora judicial")
    rosa = await front.agent("Rosa", role="supervisor")
    await a_debtor(front.console.db, 1, phone="51999000111", name="Otra", document=("DNI", "11223344"))
    await a_debtor(front.console.db, 1, phone=meta.MARIA, name="Sin documento")

    for who, path in (
        (other, HERE),
        (other, THERE),
        (rosa, "/inbox/1/debtors/2/document"),  # of another conversation
        (rosa, "/inbox/1/debtors/3/document"),  # has none
        (rosa, "/portfolio/debtors/3/document"),
        (rosa, f"/inbox/1/debtors/{10**30}/document"),
        (rosa, f"/portfolio/debtors/{10**30}/document"),
        (rosa, "/inbox/9/debtors/1/document"),
    ):
        answer = await who.http.post(path)
        assert (answer.status_code, "11223344" in answer.text) == (404, False), path
    assert await looks(front) == []


async def test_the_portfolio_shows_the_end_of_a_telephone_and_the_whole_of_it_on_record(front: Front) -> None:
    ana, rosa = await front.agent("Ana"), await front.agent("Rosa", role="supervisor")
    other = await front.agent("Tito", role="supervisor", team="Mora judicial")
    await a_debtor(front.console.db, 1, phone="51999000111", name="Otra")
    whole, masked, address = phone(meta.MARIA), f"+51 •••• {meta.MARIA[-4:]}", "/portfolio/debtors/1/phones/1"

    led, worked = await rosa.see("/portfolio/debtors/1"), await ana.see("/portfolio/debtors/1")

    for page in (led, worked):
        assert masked in page
        assert whole not in page
        assert meta.MARIA not in page
    assert (address in led, address in worked) == (True, False), "no button that would be refused"
    assert (await ana.http.post(address)).status_code == 403
    for who, path in (
        (other, address),
        (rosa, "/portfolio/debtors/1/phones/2"),  # another debtor's
        (rosa, f"/portfolio/debtors/1/phones/{10**30}"),
    ):
        assert (await who.http.post(path)).status_code == 404, path
    answer = await rosa.http.post(address)
    assert (answer.status_code, whole in answer.text, answer.headers["cache-control"]) == (200, True, "no-store")
    async with front.console.db.reading() as tx:
        wanted = select(AuditEntry).where(AuditEntry.action == "phone.revealed")
        [entry] = list(await tx.scalars(wanted))
        assert (entry.actor_name, entry.subject, meta.MARIA in str(entry.new)) == ("Rosa", "debtor:1", False)


async def test_a_number_that_is_somebody_elses_shows_no_document(front: Front) -> None:
    rosa = await front.agent("Rosa", role="supervisor")
    assert (await rosa.do("/inbox/1/consent", kind="wrong_number")).status_code == 200

    assert (await rosa.http.post(HERE)).status_code == 404


async def test_everything_else_goes_on_showing_the_last_digits_only(front: Front) -> None:
    """Thread, portfolio, list, search, history, its export and the API; live pushes are made of the same fragments."""
    rosa = await front.agent("Rosa", role="supervisor")
    async with front.console.db.transaction() as tx:
        tx.add(ApiToken(name="*", token_hash=sessions.hash_of("all"), scopes=["*"], created_at=clock.now()))
    assert NUMBER in (await rosa.http.post(HERE)).text

    for path in ("/inbox/1", "/portfolio/debtors/1"):
        assert MASKED in await rosa.see(path), path
    program = {"authorization": "Bearer all"}
    for path in (
        "/inbox/1",
        "/inbox",
        "/portfolio/debtors/1",
        "/portfolio",
        "/audit",
        "/audit?action=document.revealed",
    ):
        assert NUMBER not in await rosa.see(path), path
    async with front.console.db.transaction() as tx:
        audit.record(tx, audit.SYSTEM, "account.created", account_id=1)
    await indexed(front)  # a search that finds nobody shows no document, and says what was typed
    for path, whom in (
        (f"/portfolio?q={NUMBER}", 'href="/portfolio/debtors/1'),
        (f"/inbox/search?q={NUMBER}", 'id="found-person-1"'),
    ):
        page = await rosa.see(path)
        assert whom in page, path
        assert NUMBER not in page.replace(f'value="{NUMBER}"', "").replace(f"q={NUMBER}", ""), path
    for path in ("/api/v1/accounts/PR-1", "/api/v1/conversations", "/api/v1/audit"):
        answer = await front.outside.get(path, headers=program)
        assert (answer.status_code, NUMBER in answer.text) == (200, False), path
    assert "vio un documento completo" in await rosa.see("/audit?action=document.revealed")
