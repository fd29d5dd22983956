"""Pages about one person, and what is scheduled, in another language: with all that can stand on them."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from console import clock
from console.agents import AgentTeam
from console.consents.models import ConsentRecord
from console.inbox.channel import MessageTemplate
from console.inbox.models import Message
from console.portfolio.agreements import Promise
from console.portfolio.corrections import Correction
from console.portfolio.ledger import Payment
from console.portfolio.models import Account, ContactPoint
from console.privacy.models import PrivacyRequest
from console.scheduling.models import ScheduledMessage
from tests.front import Person, a_console, settings_for
from tests.inbox import meta
from tests.languages.worked import TAGS, a_worked_debt, left_in, theirs
from tests.portfolio.debts import a_debtor
from tests.portfolio.money_in import they_paid
from tests.scheduling.floor import turns

pytestmark = pytest.mark.parametrize("language", sorted(TAGS))
PROOF = {"state": "given", "channel": "call", "purpose": "marketing", "how": "contract", "shown": "xyz", "version": "1"}
RIGHT = {"state": "withdrawn", "channel": "email", "purpose": "collection", "how": "in_person"}


@pytest.fixture
async def elena(sqlite_database_url: str, tmp_path: Path) -> AsyncIterator[Person]:
    async with a_console(settings_for(sqlite_database_url, tmp_path)) as front:
        yield await front.agent("Elena", role="admin")


async def left_on(elena: Person, language: str, *addresses: str) -> dict[str, list[str]]:
    """What is Spanish on these pages, which are the reader's."""
    names, found = await theirs(elena), dict[str, list[str]]()
    for address in addresses:
        page = await elena.see(address)
        assert f'<html lang="{TAGS[language]}">' in page, address
        found[address] = left_in(page, language, names)
    return {address: runs for address, runs in found.items() if runs}


async def left_of(elena: Person, language: str, path: str, forms: list[dict[str, str]]) -> dict[str, list[str]]:
    """What is Spanish on the pages that refuse these forms."""
    names, found = [*await theirs(elena), "OTRO"], dict[str, list[str]]()
    for form in forms:
        answer = await elena.do(path, **form)
        assert answer.status_code in {409, 422}, (form, answer.status_code)
        assert f'<html lang="{TAGS[language]}">' in answer.text, form
        found[str(form)] = left_in(answer.text, language, names)
    return {form: runs for form, runs in found.items() if runs}


async def test_nothing_spanish_is_left_on_a_debtors_page(elena: Person, language: str) -> None:
    await a_worked_debt(elena)
    database = elena.front.console.db
    on = clock.now().date() - timedelta(days=9)
    async with database.reading() as tx:
        team = (await tx.scalars(select(AgentTeam.team_id))).one()
        first = (await tx.scalars(select(Account.id).order_by(Account.id))).first()
    assert first is not None
    for state in ("kept", "partial", "broken", "replaced", "cancelled"):
        async with database.transaction() as tx:
            promise = Promise(account_id=first, due_on=on, amount_minor=900, currency="PEN", state=state)
            promise.made_by_kind, promise.made_at, promise.settles_at = "system", clock.now(), clock.now()
            tx.add(promise)
    for state in ("applied", "parked", "reversed"):
        paid = await they_paid(database, first, 10)
        async with database.transaction() as tx:
            await tx.execute(update(Payment).where(Payment.id == paid).values(state=state, method="transferencia"))
    nobody = await a_debtor(database, team, name="xyz", phone=None, document=("", "44552716"))
    late = await a_debtor(database, team, name="xyz", phone="51944000001", invoices=[("F-9", on, 700)])
    async with database.transaction() as tx:
        await tx.execute(update(Account).where(Account.id == nobody.account_id).values(status="closed"))
    pages = [f"/portfolio/debtors/{each}" for each in (1, 2, nobody.debtor_id, late.debtor_id)]
    await elena.do("/settings/language", language=language)

    assert await left_on(elena, language, *pages) == {}

    for state in ("wrong", "stale"):
        async with database.transaction() as tx:
            await tx.execute(update(ContactPoint).where(ContactPoint.debtor_id == late.debtor_id).values(state=state))
        assert await left_on(elena, language, pages[-1]) == {}
    days = {"en": r", \d days past due", "pt": r", \d dias em atraso"}
    assert re.search(days[language], await elena.see(pages[-1]))


async def test_nothing_spanish_is_left_of_consents(elena: Person, language: str) -> None:
    number = await a_worked_debt(elena)
    page, today = f"/inbox/{number}/consents", clock.now().date()
    for form in (PROOF, RIGHT):
        answer = await elena.do(page, **form, said_on=str(today - timedelta(days=3)), reference="xyz")
        assert answer.status_code == 303, answer.text
    async with elena.front.console.db.transaction() as tx:
        # One of them is erased.
        await tx.execute(update(ConsentRecord).where(ConsentRecord.how == "in_person").values(salt=None))
    await elena.do("/settings/language", language=language)

    assert await left_on(elena, language, page) == {}
    since = {"said_on": str(today)}
    wrong = [
        {"state": "x"},
        {**PROOF, "channel": ""},
        {**PROOF, "purpose": ""},
        {**PROOF, "how": ""},
        {**PROOF, "said_on": "x"},
        {**PROOF, "said_on": str(today + timedelta(days=9))},
        {**PROOF, "said_on": "1900-01-01"},
        {**PROOF, **since, "shown": ""},
        {**PROOF, **since},
        {**PROOF, **since, "how": "message"},
        {**PROOF, **since, "message_id": "x"},
        {**PROOF, **since, "message_id": "999"},
        {**PROOF, **since, "version": "x" * 41},
        {**PROOF, **since, "reference": "x" * 201},
        {**PROOF, **since, "shown": "x" * 4001},
    ]
    assert await left_of(elena, language, page, wrong) == {}
    await elena.do(f"/inbox/{number}/consent", kind="opt_out")
    assert await left_on(elena, language, page) == {}
    stop = {**RIGHT, **since, "channel": "whatsapp"}
    allowed = {**PROOF, **since, "channel": "whatsapp", "reference": "xyz"}
    assert await left_of(elena, language, page, [stop, allowed]) == {}

    refused = await elena.http.post(page, data={**PROOF, **since}, files={"file": ("x.txt", b"xyz", "text/plain")})
    assert left_in(refused.text, language, await theirs(elena)) == []


async def test_nothing_spanish_is_left_of_a_rectification(elena: Person, language: str) -> None:
    number = await a_worked_debt(elena)
    database = elena.front.console.db
    await elena.do("/settings/language", language=language)
    await elena.do("/privacy", conversation=str(number), kind="rectification")
    page = "/privacy/1/rectification"
    async with database.reading() as tx:
        points = (await tx.scalars(select(ContactPoint).where(ContactPoint.debtor_id == 1))).one()
    whole = {"debtor": "1", "version": "1", "name": "xyz", "reason": "xyz", f"phone_{points.id}": points.phone}

    assert await left_on(elena, language, page) == {}
    wrong = [
        {**whole, "reason": ""},
        {**whole, "name": ""},
        {**whole, "name": "x" * 300},
        {**whole, "version": "7"},
        {**whole, "document_type": "DNI", "document_number": "4455271X"},
        {**whole, "document_type": "RUC", "document_number": "20100070971"},
        {**whole, "document_type": "xyz", "document_number": "44552716"},
        {**whole, "document_number": "1"},
        {**whole, "document_number": "¡"},
        {**whole, "birth_year": "84"},
        {**whole, "birth_year": "2024"},
        {**whole, "phone_new": "12"},
        {**whole, "phone_new": "x"},
        {**whole, "phone_new": points.phone},
        {**whole, f"phone_{points.id}": ""},
    ]
    assert await left_of(elena, language, page, wrong) == {}

    async with database.transaction() as tx:
        await tx.execute(update(PrivacyRequest).values(due_on=clock.now().date() - timedelta(days=1)))
    assert await left_on(elena, language, page) == {}
    more = {"document_type": "DNI", "document_number": "44552716", "birth_year": "1984", "phone_new": "+51944218399"}
    done = await elena.do(page, **{**whole, **more})
    assert done.status_code == 303, done.text
    async with database.transaction() as tx:
        contested = update(Correction).where(Correction.field == "name").values(contested_at=clock.now())
        await tx.execute(contested)
        await tx.execute(update(Correction).where(Correction.field == "phone").values(ended_at=clock.now()))
    assert await left_on(elena, language, page) == {}

    await elena.front.webhook(meta.body(meta.text("xyz", sender="51944000009")))
    await elena.do("/privacy", conversation=str(number + 1), kind="rectification")
    assert await left_on(elena, language, "/privacy/2/rectification") == {}


async def test_nothing_spanish_is_left_of_what_is_scheduled(elena: Person, language: str) -> None:
    await elena.do("/settings/language", language=language)
    shows = ("/scheduled", "/scheduled?show=all", "/scheduled?show=ended")
    assert await left_on(elena, language, *shows) == {}

    number = await a_worked_debt(elena)
    database = elena.front.console.db
    async with database.reading() as tx:
        template = (await tx.scalars(select(MessageTemplate.id).order_by(MessageTemplate.id))).first()
    answers = [
        await elena.do(
            f"/inbox/{number}/scheduled-messages",
            **{"template_id": str(template), "variable.1": "xyz", "variable.xyz": "xyz", "until": "other"},
            **{"variable.header.link": "https://xyz.example/xyz.png", "client_key": f"aaaaaaaa-010{each}"},
            at=f"{clock.now() + timedelta(days=2):%Y-%m-%d}T15:00",
        )
        for each in range(3)
    ]
    assert [answer.status_code for answer in answers] == [201, 201, 201], answers[0].text
    async with database.transaction() as tx:
        rows = list(await tx.scalars(select(ScheduledMessage.message_id).order_by(ScheduledMessage.message_id)))
        for row, state in zip(rows, ("sent", "cancelled", "waiting"), strict=False):
            ended = {"state": state, "reason": "window_closed", "ended_at": clock.now() if state != "waiting" else None}
            await tx.execute(update(ScheduledMessage).where(ScheduledMessage.message_id == row).values(**ended))
        # The last is held: its template is not approved any more.
        last = ScheduledMessage.message_id == rows[-1]
        await tx.execute(update(ScheduledMessage).where(last).values(due_at=clock.now()))
        await tx.execute(update(MessageTemplate).values(status="PAUSED"))
    assert await turns(elena.front) == 1
    async with database.reading() as tx:
        ours = select(Message.text).where(Message.author_kind == "system", Message.kind == "note")
        noted = (await tx.scalars(ours)).one()

    assert await left_on(elena, language, *shows, f"/inbox/{number}?view=all") == {}
    assert noted
    assert noted not in await elena.see(f"/inbox/{number}?view=all"), "what the console noted is said, too"
    forms = ("schedule", f"schedule?template_id={template}", *(f"scheduled-messages/{row}/change" for row in rows[-2:]))
    elena.http.headers["x-page-language"] = TAGS[language]
    for form in forms:
        answer = await elena.http.get(f"/inbox/{number}/{form}")
        assert answer.status_code < 500
        assert left_in(answer.text, language, await theirs(elena)) == [], form
