"""The queue is given out by the rule of the team: to those who are here, have room, and whose turn it is."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from console import audit, clock
from console.agents import Agent, AgentTeam, Role
from console.db import Database
from console.errors import Refused
from console.inbox import assign, reply
from console.inbox.models import Conversation
from console.routing import availability, mending, serve
from tests.conftest import SECRET_KEY, Moment
from tests.inbox.people import actions, an_inbox, fresh, history, messages, they_wrote
from tests.routing.floor import LIMA, a_floor, comes, decide, give_out, holders, is_disabled, waits

# By whose turn it is


async def test_by_turn_each_gets_one_before_anybody_gets_two(database: Database, moment: Moment) -> None:
    inbox = await a_floor(database)
    for number in range(4):
        await waits(database, inbox, number)
        moment.passes(minutes=1)

    assert await give_out(database, inbox) == 4

    assert list((await holders(database)).values()) == [inbox.ana.id, inbox.luz.id, inbox.ana.id, inbox.luz.id]


async def test_a_turn_is_remembered(database: Database, moment: Moment) -> None:
    inbox = await a_floor(database)
    for number in range(3):
        await waits(database, inbox, number)
        await give_out(database, inbox)
        moment.passes(minutes=1)

    assert list((await holders(database)).values()) == [inbox.ana.id, inbox.luz.id, inbox.ana.id]


async def test_the_least_busy_is_who_carries_the_smallest_part_of_what_they_may(
    database: Database, moment: Moment
) -> None:
    inbox = await a_floor(database, serving="least_busy", owner_first=False)
    for number in range(3):
        conversation = await waits(database, inbox, number)
        async with database.transaction() as tx:
            await assign.claim(tx, conversation, by=inbox.ana)
    moment.passes(minutes=1)
    for number in range(10, 14):
        await waits(database, inbox, number)

    assert await give_out(database, inbox) == 4

    given = list((await holders(database)).values())[3:]
    assert given.count(inbox.luz.id) == 3, "until both carry as much"


async def test_first_to_who_answered_them_before(database: Database, moment: Moment) -> None:
    inbox = await a_floor(database)
    conversation = await waits(database, inbox, 1)
    async with database.transaction() as tx:
        await reply.reply(tx, conversation, by=inbox.luz, text="Buenos días", client_key="k1")
        await assign.release(tx, conversation, by=inbox.supervisor)
    moment.passes(minutes=1)

    assert await give_out(database, inbox) == 1
    assert (await fresh(database, conversation)).holder_id == inbox.luz.id


async def test_out_of_hours_nothing_is_given_and_the_queue_keeps(database: Database, moment: Moment) -> None:
    inbox = await a_floor(database, keeps_hours=True)
    moment.passes(hours=13)
    await comes(database, inbox.ana)
    await waits(database, inbox, 1)
    assert await give_out(database, inbox) == 0, "Friday, 23:00 in Lima"

    moment.passes(days=2, hours=12)
    assert await give_out(database, inbox) == 1, "Monday, 11:00"


async def test_a_team_that_gives_out_nothing_is_left_to_take(database: Database, moment: Moment) -> None:
    inbox = await a_floor(database, serving="off")
    await waits(database, inbox, 1)

    assert await give_out(database, inbox) == 0
    assert await actions(database) == ["presence.changed"] * 2


# To whom


async def test_nobody_is_given_more_than_they_carry(database: Database, moment: Moment) -> None:
    inbox = await a_floor(database, capacity=2)
    for number in range(7):
        await waits(database, inbox, number)

    assert await give_out(database, inbox) == 4
    assert list((await holders(database)).values()).count(None) == 3


async def test_what_waits_for_the_debtor_costs_less_and_what_is_put_off_nothing(
    database: Database, moment: Moment
) -> None:
    inbox = await a_floor(database, capacity=2, answered_weight=50)
    for number in range(6):
        await waits(database, inbox, number)
    await give_out(database, inbox)
    mine = [number for number, holder in (await holders(database)).items() if holder == inbox.ana.id]
    async with database.transaction() as tx:
        for number in mine:
            await reply.reply(tx, await tx.get_one(Conversation, number), by=inbox.ana, text="ya", client_key="k")
    assert await give_out(database, inbox) == 1, "two that are answered are one that waits"

    async with database.transaction() as tx:
        conversation = await tx.get_one(Conversation, mine[0])
        await assign.snooze(tx, conversation, by=inbox.ana, until=clock.now() + timedelta(days=1))
        conversation = await tx.get_one(Conversation, mine[1])
        await assign.resolve(tx, conversation, by=inbox.ana)
    assert await give_out(database, inbox) == 1, "two who waited were six"


@pytest.mark.parametrize(("state", "reason"), [("paused", "lunch"), ("away", None)])
async def test_who_pauses_or_is_away_is_given_nothing_and_keeps_what_they_have(
    database: Database, moment: Moment, state: str, reason: str | None
) -> None:
    inbox = await a_floor(database)
    first = await waits(database, inbox, 1)
    await give_out(database, inbox)
    async with database.transaction() as tx:
        await availability.stand(tx, inbox.ana.id, by=inbox.ana, state=state, reason=reason)
        await availability.stand(tx, inbox.luz.id, by=inbox.luz, state=state, reason=reason)
    await waits(database, inbox, 2)

    assert await give_out(database, inbox) == 0
    assert (await fresh(database, first)).holder_id == inbox.ana.id
    async with database.transaction() as tx:
        await availability.stand(tx, inbox.luz.id, by=inbox.luz, state="available")
    assert await give_out(database, inbox) == 1


async def test_who_leads_is_given_nothing_until_it_is_said_how_much(database: Database, moment: Moment) -> None:
    inbox = await an_inbox(database)
    await decide(database, inbox.team_id, serving="round_robin")
    await comes(database, inbox.supervisor)
    await waits(database, inbox, 1)

    assert await give_out(database, inbox) == 0


async def test_nobody_of_another_team_and_nobody_disabled_is_given_anything(database: Database, moment: Moment) -> None:
    inbox = await a_floor(database)
    await comes(database, inbox.stranger)
    await is_disabled(database, inbox.ana)
    await is_disabled(database, inbox.luz)
    await waits(database, inbox, 1)

    assert await give_out(database, inbox) == 0


async def test_who_lets_go_is_not_given_the_same_one_again_at_once(database: Database, moment: Moment) -> None:
    inbox = await a_floor(database)
    conversation = await waits(database, inbox, 1)
    await give_out(database, inbox)
    async with database.transaction() as tx:
        await assign.release(tx, conversation, by=inbox.ana)

    assert await give_out(database, inbox) == 1
    assert (await fresh(database, conversation)).holder_id == inbox.luz.id


async def test_what_the_bot_holds_waits_for_nobody(database: Database, moment: Moment) -> None:
    inbox = await a_floor(database)
    conversation = await waits(database, inbox, 1)
    async with database.transaction() as tx:
        bot = Agent(name="Asistente", role=Role.BOT, created_at=clock.now())
        tx.add(bot)
        await tx.flush()
        await assign.assign(tx, conversation, by=inbox.supervisor, to=bot.id)

    assert await give_out(database, inbox) == 0


# In which order


async def test_who_waits_longest_is_first(database: Database, moment: Moment) -> None:
    inbox = await a_floor(database, capacity=1)
    now = clock.now()
    for number, minutes in enumerate((5, 50, 20)):
        await waits(database, inbox, number, waiting_since=now - timedelta(minutes=minutes))

    await give_out(database, inbox)

    given = await holders(database)
    assert [number for number, holder in given.items() if holder is None] == [1]
    assert given[2] == inbox.ana.id, "the longest wait has the first turn"


async def test_who_owes_most_is_first_where_the_team_says_so(database: Database, moment: Moment) -> None:
    inbox = await a_floor(database, capacity=1, order_by="amount")
    for number, owed in enumerate((None, 90_00, 5_000_00)):
        await waits(database, inbox, number, overdue_minor=owed, currency="PEN" if owed else None)

    await give_out(database, inbox)

    given = await holders(database)
    assert (given[1], given[3]) == (None, inbox.ana.id)
    line = (await messages(database, await fresh_of(database, 3)))[-1]
    assert (line.content or {})["what"] == "S/\N{NO-BREAK SPACE}5,000.00 vencido"


async def test_who_has_most_points_is_first_and_the_thread_says_which(database: Database, moment: Moment) -> None:
    inbox = await a_floor(database, capacity=1, order_by="score")
    today = date(2026, 11, 20)
    now = clock.now()
    await waits(database, inbox, 1, waiting_since=now - timedelta(minutes=40))
    await waits(database, inbox, 2, promise_on=today, promise_state="open")
    await waits(database, inbox, 3, account_state="late_3", overdue_minor=150_000, currency="PEN")

    await give_out(database, inbox)

    assert await holders(database) == {1: inbox.luz.id, 2: inbox.ana.id, 3: None}
    line = (await messages(database, await fresh_of(database, 2)))[-1]
    assert (line.content or {})["what"] == "+20 promesa vence hoy"
    (entry,) = [entry for entry in await history(database) if entry.conversation_id == 2]
    assert (entry.action, entry.actor_kind, entry.actor_name) == ("conversation.assigned", "system", "La cola")


# Taking the next one


async def test_the_next_one_is_the_first_of_the_queue(database: Database, moment: Moment) -> None:
    inbox = await a_floor(database, serving="off")
    now = clock.now()
    for number, minutes in enumerate((5, 50)):
        await waits(database, inbox, number, waiting_since=now - timedelta(minutes=minutes))

    async with database.transaction() as tx:
        taken = await serve.take_next(tx, inbox.ana, moment=now, zone=LIMA)

    assert taken.id == 2
    assert await holders(database) == {1: None, 2: inbox.ana.id}


async def test_there_is_no_next_one_for_who_is_full_or_for_an_empty_queue(database: Database, moment: Moment) -> None:
    inbox = await a_floor(database, capacity=1)
    await waits(database, inbox, 1)
    await waits(database, inbox, 2)
    ends = []
    for who in (inbox.ana, inbox.ana, inbox.stranger, inbox.supervisor, inbox.supervisor):
        try:
            async with database.transaction() as tx:
                ends.append(str((await serve.take_next(tx, who, moment=clock.now(), zone=LIMA)).id))
        except Refused as refused:
            ends.append(refused.code)

    assert ends == ["1", "at_capacity", "queue_empty", "2", "queue_empty"]


# Who is here


async def test_who_falls_silent_is_away_and_back_with_the_first_sign_of_life(
    database: Database, moment: Moment
) -> None:
    inbox = await a_floor(database, away_minutes=5)
    moment.passes(minutes=4, seconds=59)
    async with database.transaction() as tx:
        assert await availability.fade(tx, moment=clock.now()) == 0
        await availability.reached(tx, {inbox.luz.id}, moment=clock.now())
    moment.passes(seconds=1)
    async with database.transaction() as tx:
        assert await availability.fade(tx, moment=clock.now()) == 1

    await waits(database, inbox, 1)
    await give_out(database, inbox)
    assert list((await holders(database)).values()) == [inbox.luz.id]
    async with database.transaction() as tx:
        await availability.reached(tx, {inbox.ana.id}, moment=clock.now())
        assert (await availability.standing_of(tx, inbox.ana.id)).state == "available"
    assert (await actions(database)).count("presence.changed") == 4


async def test_who_said_they_are_away_stays_so_however_alive_their_screen_is(
    database: Database, moment: Moment
) -> None:
    inbox = await a_floor(database)
    async with database.transaction() as tx:
        await availability.stand(tx, inbox.ana.id, by=inbox.ana, state="away")
        await availability.reached(tx, {inbox.ana.id}, moment=clock.now())
        assert (await availability.standing_of(tx, inbox.ana.id)).state == "away"


async def test_a_pause_needs_a_reason_that_exists(database: Database, moment: Moment) -> None:
    inbox = await a_floor(database)
    for state, reason, field in (("paused", None, "reason"), ("paused", "siesta", "reason"), ("gone", None, "state")):
        with pytest.raises(Refused) as refused:
            async with database.transaction() as tx:
                await availability.stand(tx, inbox.ana.id, by=inbox.ana, state=state, reason=reason)
        assert (refused.value.status, refused.value.field) == (422, field)


# Nothing outside every queue


async def test_what_nobody_can_be_answering_is_found_and_put_back(database: Database, moment: Moment) -> None:
    inbox = await a_floor(database)
    held = [await waits(database, inbox, number) for number in range(2)]
    endless = await waits(database, inbox, 5, status="snoozed", snoozed_until=None)
    for conversation, who in zip(held, (inbox.ana, inbox.luz), strict=True):
        async with database.transaction() as tx:
            await assign.claim(tx, conversation, by=who)
    await is_disabled(database, inbox.ana)
    async with database.transaction() as tx:
        await tx.delete(await tx.get_one(AgentTeam, (inbox.luz.id, inbox.team_id)))

    async with database.transaction() as tx:
        assert await mending.mend(tx) == 3
    async with database.transaction() as tx:
        assert await mending.mend(tx) == 0
        assert (await audit.verify(tx, SECRET_KEY)).intact

    assert [(await fresh(database, one)).holder_id for one in held] == [None, None]
    assert (await fresh(database, endless)).status == "open"


async def test_who_is_left_waiting_for_somebody_who_is_not_here_goes_back_to_the_queue(
    database: Database, moment: Moment
) -> None:
    inbox = await a_floor(database, return_minutes=10)
    conversation = await waits(database, inbox, 1)
    await give_out(database, inbox)
    async with database.transaction() as tx:
        await availability.stand(tx, inbox.ana.id, by=inbox.ana, state="paused", reason="lunch")
    moment.passes(minutes=9)
    async with database.transaction() as tx:
        assert await mending.give_back(tx, moment=clock.now()) == 0
    moment.passes(minutes=1)
    async with database.transaction() as tx:
        assert await mending.give_back(tx, moment=clock.now()) == 1
    await give_out(database, inbox)

    assert (await fresh(database, conversation)).holder_id == inbox.luz.id


async def test_what_is_resolved_is_still_theirs_unless_the_team_says_otherwise(
    database: Database, moment: Moment
) -> None:
    inbox = await a_floor(database, owner_first=False)
    other = await waits(database, inbox, 1)
    await give_out(database, inbox)
    async with database.transaction() as tx:
        await assign.resolve(tx, other, by=inbox.ana)
    assert (await fresh(database, other)).holder_id is None
    await decide(database, inbox.team_id, serving="round_robin", owner_first=True)
    kept = await waits(database, inbox, 2)
    await give_out(database, inbox)
    async with database.transaction() as tx:
        await assign.resolve(tx, kept, by=inbox.luz)
        await they_wrote(tx, kept, "otra cosa")
    assert (await fresh(database, kept)).holder_id == inbox.luz.id


async def test_the_first_who_replies_does_not_keep_it_where_the_team_says_so(
    database: Database, moment: Moment
) -> None:
    inbox = await a_floor(database, first_reply_takes=False)
    conversation = await waits(database, inbox, 1)
    async with database.transaction() as tx:
        await reply.reply(tx, conversation, by=inbox.ana, text="Buenos días", client_key="k1")

    assert (await fresh(database, conversation)).holder_id is None


async def fresh_of(database: Database, number: int) -> Conversation:
    async with database.reading() as tx:
        return await tx.get_one(Conversation, number)
