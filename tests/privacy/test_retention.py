"""Retention by rule: what was closed long ago is erased, by itself, unless something holds it back. Row V5."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select, update

from console import audit
from console.audit import AuditEntry
from console.inbox import media_files
from console.inbox.contacts import Contact
from console.inbox.models import Media, Message, Status
from console.portfolio.agreements import Dispute
from console.portfolio.models import Account
from console.retention import due, forgetting
from console.retention.models import RetentionRule
from tests.conftest import SECRET_KEY, Moment
from tests.front import Front, Person, a_console, settings_for
from tests.inbox import meta
from tests.inbox.files import png
from tests.portfolio.debts import a_debtor

PAGE = "/settings/retention"
LATER = timedelta(days=31 * 25)


@pytest.fixture
async def front(database_url: str, tmp_path: Path, moment: Moment) -> AsyncIterator[Front]:
    async with a_console(settings_for(database_url, tmp_path)) as front:
        yield front


async def a_closed_matter(front: Front) -> Person:
    """María wrote and sent a photo; Ana answered and settled it."""
    ana = await front.agent("Ana")
    contacts = [{"wa_id": meta.MARIA, "profile": {"name": "Zoraida"}}]
    photo = meta.message("image", {"id": "77", "mime_type": "image/png", "caption": "chirimoya"})
    assert (await front.webhook(meta.body(photo, contacts=contacts))).status_code == 200
    async with front.console.db.transaction() as tx:
        media = (await tx.scalars(select(Media))).one()
        body = png()
        media.state, media.sha256, media.size = "stored", hashlib.sha256(body).hexdigest(), len(body)
        path = media_files.place(front.console.settings.media_dir, media.sha256)
        path.parent.mkdir(parents=True)
        path.write_bytes(body)
    await settle(ana)
    return ana


async def settle(ana: Person) -> None:
    answer = await ana.do("/inbox/1/resolution", disposition="AD-NOCOB")
    assert answer.status_code == 200, answer.text


async def kept(front: Front, *, everything: str = "24", media: str = "", by: str = "Iván") -> None:
    """An administrator says how long, and the day passes in which it can be taken back."""
    admin = await front.agent(by, role="admin")
    async with front.console.db.reading() as tx:
        version = (await tx.get_one(RetentionRule, 1)).version
    answer = await admin.do(PAGE, everything_months=everything, media_months=media, version=str(version))
    assert answer.status_code == 303, answer.text


async def swept(front: Front, at: datetime) -> int:
    return await forgetting.sweep(front.console.db, front.console.settings.media_dir, at)


async def stands(front: Front) -> tuple[bool, bool, bool]:
    """Whether words, the person's address and the file are still there."""
    async with front.console.db.reading() as tx:
        words = await tx.scalar(select(func.count()).select_from(Message).where(Message.salt.is_not(None)))
        named = await tx.scalar(select(func.count()).select_from(Contact).where(Contact.wa_id.is_not(None)))
        assert (await audit.verify(tx, SECRET_KEY)).intact
    return bool(words), bool(named), bool(list(media_files.kept(front.console.settings.media_dir)))


async def test_without_a_rule_everything_is_kept(front: Front, moment: Moment) -> None:
    await a_closed_matter(front)

    assert await swept(front, moment.now + LATER * 4) == 0
    assert await stands(front) == (True, True, True)


async def test_what_was_closed_long_enough_ago_goes_and_the_history_verifies(front: Front, moment: Moment) -> None:
    await a_closed_matter(front)
    await kept(front)

    assert await swept(front, datetime(2028, 11, 20, 14, 59, tzinfo=UTC)) == 0, "a minute before two years"
    assert await swept(front, datetime(2028, 11, 20, 15, 1, tzinfo=UTC)) == 1
    assert await stands(front) == (False, False, False)
    assert await swept(front, moment.now + LATER) == 0, "once is enough"
    async with front.console.db.reading() as tx:
        entry = (await tx.scalars(select(AuditEntry).where(AuditEntry.action == "contact.erased"))).one()
    assert (entry.actor_kind, entry.conversation_id) == ("system", 1)
    assert msgspec.json.decode(entry.new or "")["months"] == 24


async def test_files_may_go_before_the_words(front: Front, moment: Moment) -> None:
    await a_closed_matter(front)
    await kept(front, everything="36", media="3")

    assert await swept(front, moment.now + timedelta(days=93)) == 1
    assert await stands(front) == (True, True, False)
    assert await swept(front, moment.now + timedelta(days=94)) == 0
    async with front.console.db.reading() as tx:
        assert (await tx.scalars(select(AuditEntry.new).where(AuditEntry.action == "media.erased"))).one() == (
            '{"media":1,"months":3}'
        )


async def test_nothing_goes_on_the_day_the_rule_is_made(front: Front, moment: Moment) -> None:
    await a_closed_matter(front)
    moment.is_(moment.now + LATER)
    await kept(front)

    assert await swept(front, moment.now + timedelta(hours=23)) == 0
    await kept(front, everything="", by="Irma")
    assert await swept(front, moment.now + timedelta(hours=25)) == 0, "it was taken back"
    assert await stands(front) == (True, True, True)


async def test_who_owes_disputes_asked_or_is_being_written_to_is_held_back(front: Front, moment: Moment) -> None:
    await a_closed_matter(front)
    await kept(front)
    debt = await a_debtor(front.console.db, 1, phone=meta.MARIA, invoices=[("F-1", date(2026, 10, 1), 41250)])
    at = moment.now + LATER
    assert await swept(front, at) == 0, "owes"
    async with front.console.db.transaction() as tx:
        await tx.execute(update(Account).values(balance_minor=0, overdue_minor=0))
        opened = {"category": "amount", "opened_by_kind": "agent", "opened_at": moment.now, "answer_by": moment.now}
        tx.add(Dispute(account_id=debt.account_id, state="open", **opened))
    assert await swept(front, at) == 0, "disputes"
    async with front.console.db.transaction() as tx:
        await tx.execute(update(Dispute).values(state="upheld"))
    rosa = await front.agent("Rosa", role="supervisor")
    asked = await rosa.do("/privacy", conversation="1", kind="access", asked_on="2026-11-19")
    assert asked.status_code == 303
    assert await swept(front, at) == 0, "asked for a copy"
    assert (await rosa.do("/privacy/1/answer")).status_code == 303
    async with front.console.db.transaction() as tx:
        message = await tx.get_one(Message, 1)
        had, message.status, message.due_at = message.status, Status.SENDING, None
    assert await swept(front, at) == 0, "a message is on its way"
    async with front.console.db.transaction() as tx:
        (await tx.get_one(Message, 1)).status = had

    assert await swept(front, at) == 1
    assert await stands(front) == (False, False, False)


async def test_a_matter_that_was_opened_again_counts_from_its_new_end(front: Front, moment: Moment) -> None:
    ana = await a_closed_matter(front)
    await kept(front)
    first = moment.now
    moment.is_(first + timedelta(hours=5))
    assert (await ana.do("/inbox/1/reopening")).status_code == 200
    assert await swept(front, first + LATER * 2) == 0, "open"
    await settle(ana)

    assert await swept(front, due.months_before(first, -24) + timedelta(hours=4)) == 0
    assert await swept(front, due.months_before(first, -24) + timedelta(hours=6)) == 1


async def test_the_page_says_what_would_go_before_anything_does(front: Front, moment: Moment) -> None:
    await a_closed_matter(front)
    admin = await front.agent("Iván", role="admin")
    moment.is_(moment.now + LATER)
    async with Person(front, admin.id, admin.email) as later:
        assert "no se borra nada" in await later.see(PAGE)
        tried = await later.see(f"{PAGE}?everything_months=24&media_months=3")
        assert "todavía sin guardar" in tried
        plain = " ".join(tried.replace('<b class="num">', "").replace("</b>", "").split())
        assert "2 mensajes de 1 persona y 1 archivo." in plain, plain
        await a_debtor(front.console.db, 1, phone=meta.MARIA, invoices=[("F-1", date(2026, 10, 1), 41250)])
        assert "1</b> persona espera" in await later.see(f"{PAGE}?everything_months=24")
    assert await stands(front) == (True, True, True)


WRONG = [
    ({"everything_months": "6"}, "everything_months"),
    ({"everything_months": "-24"}, "everything_months"),
    ({"everything_months": "24.5"}, "everything_months"),
    ({"everything_months": "99999"}, "everything_months"),
    ({"media_months": "2"}, "media_months"),
    ({"media_months": "٣٠"}, "media_months"),
    ({"media_months": "30", "everything_months": "24"}, "media_months"),
]


async def test_a_rule_that_cannot_be_is_refused_by_name_and_keeps_what_was_typed(front: Front) -> None:
    admin = await front.agent("Iván", role="admin")

    for typed, field in WRONG:
        for answer in (await admin.do(PAGE, version="1", **typed), await admin.http.get(PAGE, params=typed)):
            assert answer.status_code == 422, typed
            assert f'aria-describedby="{field}-words"' in answer.text, typed
            assert all(f'value="{value}"' in answer.text for value in typed.values()), typed
    async with front.console.db.reading() as tx:
        assert (await tx.get_one(RetentionRule, 1)).version == 1


async def test_every_change_is_on_record_and_two_at_once_do_not_overwrite_each_other(front: Front) -> None:
    await kept(front)
    admin = await front.agent("Irma", role="admin")

    assert (await admin.do(PAGE, version="1", everything_months="30")).status_code == 409
    assert (await admin.do(PAGE, version="2", everything_months="24")).status_code == 303, "the same again is no change"
    async with front.console.db.reading() as tx:
        entry = (await tx.scalars(select(AuditEntry).where(AuditEntry.action == "retention.updated"))).one()
    assert entry.actor_name == "Iván"
    assert entry.old == '{"everything_months":null,"media_months":null}'
    assert entry.new == '{"everything_months":24,"media_months":null}'
    assert "cambió cuánto se conservan los datos" in await admin.see("/audit?action=retention.updated")


@given(st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)), st.integers(0, 240))  # noqa: DTZ001
def test_so_many_months_before_is_the_same_day_or_the_last_of_a_shorter_month(at: datetime, months: int) -> None:
    before = due.months_before(at, months)

    assert (at.year * 12 + at.month) - (before.year * 12 + before.month) == months
    assert before.day == at.day or (before.day < at.day and (before + timedelta(days=1)).day == 1)
    assert before.time() == at.time()
