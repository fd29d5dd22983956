"""How debts stand is kept on every conversation: from the first message, across midnights, merges, shared phones."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import event, func, select, update

from console import clock
from console.audit import SYSTEM
from console.db import Database
from console.inbox import counts, ingest
from console.inbox.contacts import Contact
from console.inbox.merge import merge_contacts
from console.inbox.models import Conversation, ViewCount
from console.portfolio import midnight
from console.portfolio.models import Account, ContactPoint, Invoice, PointState
from console.portfolio.standing import recompute
from tests.conftest import Moment
from tests.inbox import meta
from tests.inbox.people import a_conversation, actions, an_inbox, history
from tests.portfolio.debts import a_debtor

DUE = date(2026, 11, 5)
LATE = [("C-08841", DUE, 41250), ("C-08842", date(2026, 12, 5), 41250)]


async def writes(database: Database, sender: str = meta.MARIA) -> Conversation:
    """A message comes in at the front door."""
    await ingest.store(database, [meta.body(meta.text(sender=sender))])
    return await of(database, sender)


async def of(database: Database, sender: str) -> Conversation:
    async with database.reading() as tx:
        wanted = select(Conversation).join(Contact, Contact.id == Conversation.contact_id)
        return (await tx.scalars(wanted.where(Contact.wa_id == sender, Conversation.status != "merged"))).one()


async def counters_are_right(database: Database) -> None:
    """The counters say what counting says."""
    async with database.reading() as tx:
        kept = Counter(
            {
                (one.team_id, one.holder_id, one.status, one.account_state): one.n
                for one in await tx.scalars(select(ViewCount))
                if one.n
            },
        )
        counted = Counter(counts.slot_of(each) for each in await tx.scalars(select(Conversation)))
        assert kept == counted


async def test_a_stranger_from_a_known_number_has_the_tag_with_the_first_message(
    database: Database, moment: Moment
) -> None:
    inbox = await an_inbox(database)
    await a_debtor(database, inbox, phone=meta.MARIA, invoices=LATE)

    conversation = await writes(database)

    assert conversation.account_state == "late_1"
    assert (conversation.overdue_minor, conversation.balance_minor, conversation.currency) == (41250, 82500, "PEN")
    assert conversation.oldest_due_on == DUE
    assert "contact.linked" in await actions(database)
    await counters_are_right(database)


async def test_a_debt_that_comes_after_the_person_is_on_their_conversation_at_once(
    database: Database, moment: Moment
) -> None:
    inbox = await an_inbox(database)
    before = await writes(database)
    assert before.account_state is None

    await a_debtor(database, inbox, phone=meta.MARIA, invoices=LATE)

    after = await of(database, meta.MARIA)
    assert after.account_state == "late_1"
    assert after.version == before.version, "an agent who acts on it meanwhile starts nothing again"
    assert "conversation.standing_changed" in await actions(database, conversation_id=after.id)
    await counters_are_right(database)


async def test_a_mexican_number_is_known_by_either_of_its_spellings(database: Database, moment: Moment) -> None:
    inbox = await an_inbox(database)
    await a_debtor(database, inbox, phone="525512345678", invoices=LATE, currency="MXN", zone="America/Mexico_City")

    conversation = await writes(database, sender="5215512345678")

    assert (conversation.account_state, conversation.currency) == ("late_1", "MXN")


async def test_a_shared_phone_shows_the_worst_of_both_debts_and_both_amounts(
    database: Database, moment: Moment
) -> None:
    inbox = await an_inbox(database)
    await a_debtor(database, inbox, phone=meta.MARIA, invoices=[("A-1", date(2026, 12, 1), 10000)])
    await a_debtor(database, inbox, phone=meta.MARIA, name="Julio Tapia", invoices=[("B-1", date(2026, 9, 1), 5000)])

    conversation = await writes(database)

    assert conversation.account_state == "late_3"
    assert (conversation.overdue_minor, conversation.balance_minor) == (5000, 15000)


async def test_a_number_that_proved_wrong_shows_nothing(database: Database, moment: Moment) -> None:
    inbox = await an_inbox(database)
    debt = await a_debtor(database, inbox, phone=meta.MARIA, invoices=LATE)
    async with database.transaction() as tx:
        await tx.execute(update(ContactPoint).values(state=PointState.WRONG))

    assert (await writes(database)).account_state is None
    await recomputed(database, debt.account_id)
    assert (await of(database, meta.MARIA)).account_state is None
    await counters_are_right(database)


async def test_two_contacts_that_were_one_person_have_the_debts_of_both(database: Database, moment: Moment) -> None:
    inbox = await an_inbox(database)
    await a_debtor(database, inbox, phone="51944218305", invoices=LATE)
    await a_debtor(database, inbox, phone="51944218399", invoices=[("Z-1", date(2026, 8, 1), 700)])
    kept = await writes(database, sender="51944218305")
    absorbed = await writes(database, sender="51944218399")

    async with database.transaction() as tx:
        await merge_contacts(tx, keep=kept.contact_id, absorb=absorbed.contact_id, by=SYSTEM)

    async with database.reading() as tx:
        now = await tx.get_one(Conversation, kept.id)
        assert (now.account_state, now.overdue_minor) == ("late_3", 41950)
        assert (await tx.get_one(Conversation, absorbed.id)).status == "merged"
    await counters_are_right(database)


# Midnight


async def turned(database: Database, now: datetime) -> int:
    """What the loop does at this moment."""
    async with database.transaction() as tx:
        return await midnight.turn(tx, now)


@pytest.mark.parametrize(
    ("zone", "due", "midnight_at"),
    [
        ("America/Lima", date(2026, 11, 20), datetime(2026, 11, 21, 5, tzinfo=UTC)),
        ("America/Mexico_City", date(2026, 11, 20), datetime(2026, 11, 21, 6, tzinfo=UTC)),
        # Clocks go forward at midnight: Sunday 6 September begins at one o'clock, at 04:00 UTC.
        ("America/Santiago", date(2026, 9, 5), datetime(2026, 9, 6, 4, tzinfo=UTC)),
        # And the next day begins an hour earlier than the last.
        ("America/Santiago", date(2026, 9, 6), datetime(2026, 9, 7, 3, tzinfo=UTC)),
        # Clocks go back at midnight: Saturday 4 April has 25 hours.
        ("America/Santiago", date(2026, 4, 4), datetime(2026, 4, 5, 4, tzinfo=UTC)),
    ],
)
async def test_a_debt_becomes_overdue_at_the_debtors_midnight_and_not_a_second_before(
    database: Database, moment: Moment, zone: str, due: date, midnight_at: datetime
) -> None:
    moment.is_(midnight_at - timedelta(hours=30))
    inbox = await an_inbox(database)
    debt = await a_debtor(database, inbox, phone=meta.MARIA, invoices=[("C-1", due, 900)], zone=zone)
    conversation = await writes(database)
    assert conversation.account_state == "current"

    moment.is_(midnight_at - timedelta(seconds=1))
    assert await turned(database, clock.now()) == 0
    assert (await of(database, meta.MARIA)).account_state == "current"
    moment.is_(midnight_at)
    assert await turned(database, clock.now()) == 1

    now = await of(database, meta.MARIA)
    assert (now.account_state, now.overdue_minor, now.oldest_due_on) == ("late_1", 900, due)
    entries = await history(database, conversation_id=conversation.id)
    told = [(entry.action, entry.actor_name) for entry in entries][-1]
    assert told == ("conversation.standing_changed", midnight.CALENDAR.name)
    assert (await history(database, account_id=debt.account_id))[-1].action == "account.updated"
    await counters_are_right(database)


async def test_a_year_of_midnights_moves_the_tag_through_its_buckets(database: Database, moment: Moment) -> None:
    """Each move is the calendar's own: the loop is asked only when an account says that its day has come."""
    inbox = await an_inbox(database)
    debt = await a_debtor(database, inbox, phone=meta.MARIA, invoices=[("C-1", date(2026, 11, 21), 900)])
    await writes(database)

    seen = []
    for _turn in range(10):
        async with database.reading() as tx:
            due = await tx.scalar(select(Account.next_change_at).where(Account.id == debt.account_id))
        conversation = await of(database, meta.MARIA)
        seen.append((conversation.account_state, due.date() if due else None))
        if due is None:
            break
        moment.is_(due)
        assert await turned(database, due) == 1

    assert seen == [
        ("current", date(2026, 11, 22)),
        ("late_1", date(2026, 12, 22)),
        ("late_2", date(2027, 1, 21)),
        ("late_3", None),
    ]
    await counters_are_right(database)


async def test_a_payment_in_full_turns_the_tag_and_stops_the_calendar(database: Database, moment: Moment) -> None:
    inbox = await an_inbox(database)
    debt = await a_debtor(database, inbox, phone=meta.MARIA, invoices=LATE)
    await writes(database)
    async with database.transaction() as tx:
        await tx.execute(update(Invoice).values(balance_minor=0))
        await recompute(tx, [debt.account_id], by=SYSTEM, moment=clock.now())

    now = await of(database, meta.MARIA)
    assert (now.account_state, now.overdue_minor, now.balance_minor, now.oldest_due_on) == ("current", 0, 0, None)
    async with database.reading() as tx:
        assert (await tx.get_one(Account, debt.account_id)).next_change_at is None
    await counters_are_right(database)


async def test_two_processes_at_one_midnight_take_every_account_once(
    postgres_database_url: str, moment: Moment
) -> None:
    database = Database(postgres_database_url)
    try:
        inbox = await an_inbox(database)
        for number in range(4):
            await a_debtor(
                database, inbox, phone=f"5194421830{number}", invoices=[(f"C-{number}", moment.now.date(), 900)]
            )
        moment.passes(days=1)
        async with database.transaction() as one, database.transaction() as other:
            assert await midnight.turn(one, clock.now()) == 4
            assert await midnight.turn(other, clock.now()) == 0
    finally:
        await database.close()


async def test_many_debts_at_once_cost_a_constant_number_of_statements(database: Database, moment: Moment) -> None:
    inbox = await an_inbox(database)
    debts = []
    for number in range(30):
        phone = f"519442183{number:02}"
        await a_conversation(database, inbox, wa_id=phone)
        debts.append(await a_debtor(database, inbox, phone=phone, invoices=[("C-1", DUE, 900)]))

    few = await statements(database, [debt.account_id for debt in debts[:3]], moment)
    many = await statements(database, [debt.account_id for debt in debts[3:]], moment)

    assert many == few


async def statements(database: Database, accounts: list[int], moment: Moment) -> int:
    """How many statements it takes to see these accounts a bucket further."""
    counted = 0

    def count(*_: object) -> None:
        nonlocal counted
        counted += 1

    async with database.transaction() as tx:
        moved = await tx.execute(
            update(Invoice).where(Invoice.account_id.in_(accounts)).values(due_on=DUE - timedelta(days=60)),
        )
        assert moved.rowcount == len(accounts)  # type: ignore[attr-defined]
        engine = (await tx.connection()).sync_engine
        event.listen(engine, "before_cursor_execute", count)
        try:
            await recompute(tx, accounts, by=SYSTEM, moment=moment.now)
        finally:
            event.remove(engine, "before_cursor_execute", count)
    async with database.reading() as tx:
        late = select(func.count()).select_from(Conversation).where(Conversation.account_state == "late_3")
        assert (await tx.scalar(late) or 0) >= len(accounts)
    return counted


async def recomputed(database: Database, account_id: int) -> None:
    async with database.transaction() as tx:
        await recompute(tx, [account_id], by=SYSTEM, moment=clock.now())
