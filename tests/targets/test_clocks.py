"""The clocks of a conversation: begun by a message, in business time, stopped by an answer, told once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from console.audit import SYSTEM, AuditEntry
from console.hours.models import COMPANY
from console.hours.working import Hours
from console.inbox import assign
from console.inbox.models import Conversation
from console.targets import clocks, telling
from console.targets.clocks import Allowed, Book, Whose
from console.targets.keeping import Wish, set_targets
from console.targets.models import Kind
from tests.conftest import Moment
from tests.front import Front, Person, a_console, settings_for
from tests.inbox import meta

FRIDAY_TEN = datetime(2026, 11, 20, 15, tzinfo=UTC)
PEDRO, ROSA = "51944218305", "51955301776"


@pytest.fixture
async def front(database_url: str, tmp_path: Path, moment: Moment) -> AsyncIterator[Front]:
    async with a_console(settings_for(database_url, tmp_path)) as front:
        yield front


async def write(front: Front, number: str = PEDRO, text: str = "¿Cuánto debo?") -> None:
    await front.webhook(meta.body(meta.text(text, sender=number)))


async def the(front: Front, number: str = PEDRO) -> Conversation:
    async with front.console.db.reading() as tx:
        rows = list(await tx.scalars(select(Conversation).order_by(Conversation.id)))
    return rows[0 if number == PEDRO else 1]


async def told(front: Front) -> list[str]:
    async with front.console.db.transaction() as tx:
        await telling.tell(tx)
    async with front.console.db.reading() as tx:
        entries = await tx.scalars(
            select(AuditEntry).where(AuditEntry.action.startswith("conversation.target_")).order_by(AuditEntry.id)
        )
        return [entry.action.removeprefix("conversation.target_") for entry in entries]


async def answer(ana: Person, conversation_id: int) -> None:
    said = await ana.reply(conversation_id, "Buenos días, lo reviso")
    assert said.status_code == 201, said.text


async def test_who_writes_at_ten_is_due_ten_minutes_later_and_answered_waits_no_more(
    front: Front, moment: Moment
) -> None:
    ana = await front.agent("Ana")
    await write(front)
    waiting = await the(front)
    assert waiting.answer_warns_at == FRIDAY_TEN + timedelta(minutes=7)
    assert waiting.answer_due_at == FRIDAY_TEN + timedelta(minutes=10)

    moment.passes(minutes=3)
    await write(front, text="¿Hola?")
    assert (await the(front)).answer_due_at == FRIDAY_TEN + timedelta(minutes=10)  # the oldest wait counts

    await answer(ana, waiting.id)
    answered = await the(front)
    assert (answered.answer_due_at, answered.answered_at) == (None, moment.now)

    moment.passes(minutes=1)
    await write(front, text="Gracias, ¿y por dónde pago?")
    assert (await the(front)).answer_due_at == moment.now + timedelta(minutes=15)  # the next answer has its own


async def test_a_night_is_no_time_and_a_matter_settled_has_no_clock_until_it_begins_again(
    front: Front, moment: Moment
) -> None:
    ivan = await front.agent("Iván", role="admin")
    moment.is_(datetime(2026, 11, 21, 2, 30, tzinfo=UTC))  # Friday, 21:30 in Lima
    await write(front)
    row = await the(front)
    assert row.answer_due_at == datetime(2026, 11, 21, 14, 10, tzinfo=UTC)  # Saturday 9:10

    async with front.console.db.transaction() as tx:
        await assign.resolve(tx, await tx.get_one(Conversation, row.id), by=SYSTEM)
    settled = await the(front)
    assert (settled.answer_due_at, settled.resolution_due_at) == (None, None)
    assert await told(front) == []

    moment.is_(datetime(2026, 11, 23, 14, tzinfo=UTC))
    await write(front, text="Sigo con la duda")
    again = await the(front)
    assert (again.opened_at, again.answered_at) == (moment.now, None)
    assert again.answer_due_at == moment.now + timedelta(minutes=10)
    assert again.resolution_due_at is not None
    assert ivan.id


async def test_a_warning_and_a_miss_are_told_once_each_and_seen_by_the_lists(front: Front, moment: Moment) -> None:
    ana = await front.agent("Ana")
    await write(front)
    assert "Primera respuesta: vence" in await ana.see("/inbox?view=all")
    assert await told(front) == []

    moment.passes(minutes=8)
    assert await told(front) == ["warned"]
    assert await told(front) == ["warned"]
    assert 'id="row-1"' in await ana.see("/inbox?view=target_soon")
    assert 'id="row-1"' not in await ana.see("/inbox?view=target_late")

    moment.passes(minutes=3)
    assert await told(front) == ["warned", "breached"]
    assert await told(front) == ["warned", "breached"]
    assert 'id="row-1"' in await ana.see("/inbox?view=target_late")
    assert 'id="row-1"' not in await ana.see("/inbox?view=target_soon")
    assert 'id="row-1"' in await ana.see("/inbox?view=all&target=late")
    assert "Plazo vencido." in await ana.see("/inbox?view=all")
    opened = await ana.see("/inbox/1")
    assert "pasó su plazo" in opened
    assert 'class="tag bare num target late"' in opened

    await answer(ana, 1)
    assert 'id="row-1"' not in await ana.see("/inbox?view=target_late")


async def test_what_was_missed_before_anybody_warned_is_only_said_to_be_missed(front: Front, moment: Moment) -> None:
    await write(front)
    moment.passes(hours=2)
    assert await told(front) == ["breached"]


async def test_a_batch_of_the_webhook_takes_one_statement_more_whatever_its_size(front: Front) -> None:
    await write(front)
    many = [meta.text("Hola", sender=f"5194400{n:04}") for n in range(30)]

    answer = await front.webhook(meta.body(*many))

    assert answer.status_code == 200
    async with front.console.db.reading() as tx:
        waiting = list(await tx.scalars(select(Conversation.answer_due_at)))
    assert len(waiting) == 31
    assert None not in waiting


async def test_targets_of_a_team_and_a_state_win_over_those_of_all(front: Front) -> None:
    await write(front)
    team = (await the(front)).team_id
    async with front.console.db.transaction() as tx:
        of_state = {Kind.FIRST: Wish(1, 2)}
        await set_targets(tx, by=SYSTEM, team_id=COMPANY, account_state="late_2", wishes=of_state)
        await set_targets(tx, by=SYSTEM, team_id=team, account_state="", wishes={Kind.FIRST: Wish(3, 4)})

    await write(front, ROSA)

    assert (await the(front, ROSA)).answer_due_at == FRIDAY_TEN + timedelta(minutes=4)
    # What waited already goes on by what held then.
    assert (await the(front)).answer_due_at == FRIDAY_TEN + timedelta(minutes=10)


@settings(deadline=None)
@given(
    since=st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001 bounds
    zone=st.sampled_from(["America/Lima", "America/Mexico_City", "America/Santiago", "America/New_York"]),
    warns=st.integers(0, 300),
    more=st.integers(1, 3000),
)
def test_between_the_wait_and_the_moment_it_is_late_lies_exactly_the_time_allowed(
    since: datetime, zone: str, warns: int, more: int
) -> None:
    hours = Hours(zone=zone, country="CL")
    allowed = Allowed(timedelta(minutes=warns), timedelta(minutes=warns + more))
    book = Book({(COMPANY, "", Kind.FIRST): allowed}, {COMPANY: hours})

    columns = clocks.waits(book, Whose(7, "late_1"), answered=False, since=since)

    warns_at, due_at = columns["answer_warns_at"], columns["answer_due_at"]
    assert warns_at is not None
    assert due_at is not None
    assert hours.working_time(since, due_at) == allowed.due
    assert hours.working_time(since, warns_at) == allowed.warns
    assert since <= warns_at < due_at
    assert clocks.tone(warns_at, due_at, due_at) == "late"
    assert clocks.tone(warns_at, due_at, warns_at) == "soon"
