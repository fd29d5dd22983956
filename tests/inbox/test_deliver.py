"""The outbox: who may send what and when, and what each outcome means. Rows O of the reliability matrix."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from console import clock
from console.audit import SYSTEM
from console.db import Database
from console.inbox import channel_state, deliver, ingest, pacing, reply, settle, thread
from console.inbox.channel import Channel, MessageTemplate
from console.inbox.contacts import Contact
from console.inbox.deliver import Claimed
from console.inbox.models import Conversation, Message, Status
from console.inbox.settle import Accepted, Doubtful, Outcome, Refused, Unsent
from integrations.whatsapp.errors import classify
from integrations.whatsapp.events import Person, StatusUpdate, WireError
from tests.conftest import Moment
from tests.inbox.people import Inbox, a_conversation, a_template, actions, an_inbox, fresh, history

pytestmark = pytest.mark.usefixtures("moment")


@pytest.fixture
async def inbox(database: Database, moment: Moment) -> Inbox:
    return await an_inbox(database)


async def queue(database: Database, inbox: Inbox, conversation: Conversation, text: str = "Con gusto") -> Message:
    async with database.transaction() as tx:
        return await reply.reply(tx, conversation, by=inbox.ana, text=text, client_key=text)


async def claim(database: Database, inbox: Inbox, limit: int = 50, rate: int = 1000) -> list[Claimed]:
    async with database.transaction() as tx:
        return (await deliver.claim(tx, inbox.channel_id, limit=limit, rate=rate)).messages


async def wire(database: Database, *claimed: Claimed) -> list[int]:
    async with database.transaction() as tx:
        return sorted(id_ for id_, _claim in await deliver.wire(tx, [(each.id, each.claim) for each in claimed]))


async def ends(database: Database, claimed: Claimed, outcome: Outcome) -> Message:
    async with database.transaction() as tx:
        await settle.settle(tx, [(claimed, outcome)])
    return await now(database, claimed.id)


async def now(database: Database, message_id: int) -> Message:
    async with database.reading() as tx:
        return await tx.get_one(Message, message_id)


async def recover(database: Database) -> int:
    async with database.transaction() as tx:
        return await deliver.recover(tx)


async def sent(database: Database, inbox: Inbox, conversation: Conversation, text: str = "Con gusto") -> Claimed:
    """A message on the wire."""
    await queue(database, inbox, conversation, text)
    (claimed,) = await claim(database, inbox)
    assert await wire(database, claimed) == [claimed.id]
    return claimed


def status_of(status: str, wamid: str, ref: str | None, code: int | None = None) -> StatusUpdate:
    """A status as the webhook brings it."""
    return StatusUpdate(
        phone_number_id="106540352242922",
        wamid=wamid,
        status=status,
        at=clock.now(),
        recipient=Person(wa_id="51944218305"),
        participant="",
        opaque=ref,
        errors=[WireError(code=code, title=None, details=None)] if code else [],
        pricing=None,
        payload=b"{}",
    )


async def told(database: Database, *statuses: StatusUpdate) -> None:
    async with database.transaction() as tx:
        await ingest.take_in(tx, statuses, clock.now())


async def tick(database: Database, status: str, wamid: str, ref: str | None) -> None:
    await told(database, status_of(status, wamid, ref))


def refused(code: int, status: int = 400, **more: object) -> Refused:
    return Refused(code, classify(code, status), "(#" + str(code) + ")", **more)  # type: ignore[arg-type]


# --- Who may take what -----------------------------------------------------------------------------------------------


async def test_what_is_claimed_carries_all_that_sending_needs(database: Database, inbox: Inbox) -> None:
    conversation = await a_conversation(database, inbox)
    message = await queue(database, inbox, conversation)

    (claimed,) = await claim(database, inbox)

    assert (claimed.id, claimed.text, claimed.kind, claimed.ref) == (message.id, "Con gusto", "text", message.ref)
    assert (claimed.wa_id, claimed.user_id) == ("51944218305", None)
    assert (await now(database, message.id)).status == Status.SENDING
    assert await actions(database, message_id=message.id) == ["message.queued", "message.sending"]


async def test_four_who_claim_at_once_never_get_the_same_row(database: Database, inbox: Inbox) -> None:
    """O16: each row to one claimer, and none left behind."""
    queued = set()
    for number in range(40):
        conversation = await a_conversation(database, inbox, wa_id=f"519000000{number:02}")
        queued.add((await queue(database, inbox, conversation)).id)

    async def drain() -> list[int]:
        mine: list[int] = []
        while batch := await claim(database, inbox, limit=3, rate=100_000):
            mine += [each.id for each in batch]
        return mine

    taken = [id_ for mine in await asyncio.gather(*(drain() for _ in range(4))) for id_ in mine]
    taken += await drain()

    assert len(taken) == len(set(taken)) == 40
    assert set(taken) == queued


async def test_one_person_has_one_message_in_flight_and_they_keep_their_order(database: Database, inbox: Inbox) -> None:
    """O21: the order on the screen is the order of sending."""
    conversation = await a_conversation(database, inbox)
    texts = [f"mensaje {number}" for number in range(10)]
    for text in texts:
        await queue(database, inbox, conversation, text)

    left = []
    for number in range(10):
        (claimed,) = await claim(database, inbox)
        assert await claim(database, inbox) == []
        await wire(database, claimed)
        left.append(claimed.text)
        await ends(database, claimed, Accepted(f"wamid.{number}"))

    assert left == texts


async def test_an_earlier_message_that_waits_holds_back_the_later_ones(
    database: Database, inbox: Inbox, moment: Moment
) -> None:
    """O13: a retry does not let the next message of the same person overtake."""
    conversation = await a_conversation(database, inbox)
    claimed = await sent(database, inbox, conversation, "primero")
    await queue(database, inbox, conversation, "segundo")
    await ends(database, claimed, refused(131016, 503))

    assert await claim(database, inbox) == []
    moment.passes(minutes=1)

    assert [each.text for each in await claim(database, inbox)] == ["primero"]


async def test_the_number_as_a_whole_keeps_its_pace(database: Database, inbox: Inbox, moment: Moment) -> None:
    """O13: claims book departures a little ahead, and never more than the rate."""
    for number in range(30):
        await queue(database, inbox, await a_conversation(database, inbox, wa_id=f"519000000{number:02}"))

    async with database.transaction() as tx:
        claims = await deliver.claim(tx, inbox.channel_id, limit=50, rate=80)

    departures = [each.departs_at for each in claims.messages]
    assert 20 <= len(departures) <= 21
    assert all(b - a == timedelta(microseconds=12_500) for a, b in itertools.pairwise(departures))
    assert claims.again_at is not None
    assert await claim(database, inbox, rate=80) == []
    moment.is_(claims.again_at)
    more = [each.departs_at for each in await claim(database, inbox, rate=80)]
    assert len(more) == 9
    assert more[0] - departures[-1] == timedelta(microseconds=12_500)


async def test_one_person_gets_a_burst_and_then_waits_while_others_go_on(
    database: Database, inbox: Inbox, moment: Moment
) -> None:
    """O13: the pair limit of 45 and one each 6 s stops only the pair."""
    busy = await a_conversation(database, inbox)
    for number in range(46):
        await queue(database, inbox, busy, f"{number}")
    for number in range(45):
        (claimed,) = await claim(database, inbox)
        await wire(database, claimed)
        await ends(database, claimed, Accepted(f"wamid.{number}"))
        moment.passes(milliseconds=5)
    other = await queue(database, inbox, await a_conversation(database, inbox, wa_id="51911111111"))

    assert [each.id for each in await claim(database, inbox)] == [other.id]
    moment.passes(seconds=6)
    assert [each.text for each in await claim(database, inbox)] == ["45"]


async def test_nothing_is_taken_while_the_channel_is_paused(database: Database, inbox: Inbox) -> None:
    conversation = await a_conversation(database, inbox)
    message = await queue(database, inbox, conversation)
    async with database.transaction() as tx:
        channel = await tx.get_one(Channel, inbox.channel_id)
        await channel_state.pause(tx, channel, kind="person", reason="Mantenimiento", by=inbox.admin)

    assert await claim(database, inbox) == []
    assert (await now(database, message.id)).status == Status.QUEUED
    async with database.transaction() as tx:
        await channel_state.resume(tx, await tx.get_one(Channel, inbox.channel_id), by=inbox.admin)

    assert len(await claim(database, inbox)) == 1


async def test_a_pause_between_claim_and_wire_keeps_the_message_here(database: Database, inbox: Inbox) -> None:
    conversation = await a_conversation(database, inbox)
    await queue(database, inbox, conversation)
    (claimed,) = await claim(database, inbox)
    async with database.transaction() as tx:
        channel = await tx.get_one(Channel, inbox.channel_id)
        await channel_state.pause(tx, channel, kind="policy", reason="368", by=SYSTEM)

    assert await wire(database, claimed) == []
    async with database.transaction() as tx:
        assert await deliver.release(tx, [(claimed.id, claimed.claim)]) == 1

    assert (await now(database, claimed.id)).status == Status.QUEUED
    assert (await actions(database, message_id=claimed.id))[-1] == "message.requeued"


# --- Crashes ---------------------------------------------------------------------------------------------------------


async def test_a_claim_that_never_reached_the_wire_is_taken_up_again(
    database: Database, inbox: Inbox, moment: Moment
) -> None:
    """O5, and F34: on waking up, the one who lost the claim may not send."""
    conversation = await a_conversation(database, inbox)
    await queue(database, inbox, conversation)
    (asleep,) = await claim(database, inbox)
    moment.passes(seconds=29)
    assert await recover(database) == 0
    moment.passes(seconds=1)
    assert await recover(database) == 1

    (awake,) = await claim(database, inbox)

    assert awake.id == asleep.id
    assert await wire(database, asleep) == []
    assert await wire(database, awake) == [awake.id]
    assert await wire(database, awake) == []


async def test_what_was_on_the_wire_becomes_unconfirmed_and_is_never_sent_by_a_machine(
    database: Database, inbox: Inbox, moment: Moment
) -> None:
    """O6, O8."""
    conversation = await a_conversation(database, inbox)
    claimed = await sent(database, inbox, conversation)
    moment.passes(minutes=1, seconds=59)
    assert await recover(database) == 0
    moment.passes(seconds=1)
    assert await recover(database) == 1

    assert (await now(database, claimed.id)).status == Status.UNKNOWN
    assert (await actions(database, message_id=claimed.id))[-1] == "message.unconfirmed"
    for _ in range(10):
        moment.passes(hours=1)
        await recover(database)
        assert await claim(database, inbox) == []


async def test_the_echo_of_our_reference_settles_an_unconfirmed_message(
    database: Database, inbox: Inbox, moment: Moment
) -> None:
    """O6: a status that carries biz_opaque_callback_data proves that it was accepted."""
    conversation = await a_conversation(database, inbox)
    claimed = await sent(database, inbox, conversation)
    moment.passes(minutes=2)
    await recover(database)

    await tick(database, "delivered", "wamid.late", claimed.ref)

    message = await now(database, claimed.id)
    assert (message.status, message.wamid) == (Status.DELIVERED, "wamid.late")


async def test_an_outcome_that_comes_after_all_is_believed(database: Database, inbox: Inbox, moment: Moment) -> None:
    """F32: the clock jumped, the sender lives, and it alone knows."""
    first = await sent(database, inbox, await a_conversation(database, inbox))
    second = await sent(database, inbox, await a_conversation(database, inbox, wa_id="51911111111"))
    moment.passes(hours=1)
    assert await recover(database) == 2

    assert (await ends(database, first, Accepted("wamid.1"))).status == Status.SENT
    # A person may have sent it again meanwhile: what is certain now is told, and no machine repeats it.
    assert (await ends(database, second, refused(131016, 503))).status == Status.FAILED


async def test_leases_survive_a_clock_that_is_set_back(database: Database, inbox: Inbox, moment: Moment) -> None:
    """F32: no lease is immortal."""
    await queue(database, inbox, await a_conversation(database, inbox))
    await claim(database, inbox)
    moment.passes(hours=-1)

    assert await recover(database) == 1


# --- Outcomes --------------------------------------------------------------------------------------------------------


async def test_accepted_is_sent(database: Database, inbox: Inbox) -> None:
    claimed = await sent(database, inbox, await a_conversation(database, inbox))

    message = await ends(database, claimed, Accepted("wamid.1"))

    assert (message.status, message.wamid, message.claim) == (Status.SENT, "wamid.1", None)
    assert await actions(database, message_id=claimed.id) == ["message.queued", "message.sending", "message.sent"]


@pytest.mark.parametrize("with_reference", [True, False])
async def test_ticks_that_overtake_the_answer_count_and_nothing_moves_back(
    database: Database, inbox: Inbox, with_reference: bool
) -> None:
    """O10: the status came before we knew the wamid; with our reference it settles, without it waits and is folded."""
    claimed = await sent(database, inbox, await a_conversation(database, inbox))
    await tick(database, "read", "wamid.1", claimed.ref if with_reference else None)
    await tick(database, "delivered", "wamid.1", claimed.ref if with_reference else None)

    message = await ends(database, claimed, Accepted("wamid.1"))

    assert (message.status, message.wamid) == (Status.READ, "wamid.1")
    assert (await actions(database, message_id=claimed.id))[-1] == "message.read"


@pytest.mark.parametrize("code", [131016, 2, 1, 131000])
async def test_a_refusal_known_to_be_passing_is_tried_again_a_few_times(
    database: Database, inbox: Inbox, moment: Moment, code: int
) -> None:
    """O12: bounded, and only because Meta says that nothing was accepted."""
    conversation = await a_conversation(database, inbox)
    await queue(database, inbox, conversation)
    tries = classify(code, 400).tries

    statuses = []
    for _ in range(tries + 1):
        (claimed,) = await claim(database, inbox)
        await wire(database, claimed)
        message = await ends(database, claimed, refused(code))
        statuses.append(message.status)
        moment.passes(minutes=11)

    assert statuses == [Status.QUEUED] * tries + [Status.FAILED]
    assert message.error_code == code


@pytest.mark.parametrize("outcome", [Doubtful("no answer in time"), refused(1, 500)])
async def test_a_doubtful_end_is_shown_as_such(database: Database, inbox: Inbox, outcome: Outcome) -> None:
    """O12, O14."""
    claimed = await sent(database, inbox, await a_conversation(database, inbox))

    assert (await ends(database, claimed, outcome)).status == Status.UNKNOWN
    assert (await actions(database, message_id=claimed.id))[-1] == "message.unconfirmed"


async def test_an_answer_nobody_understands_is_kept_in_part(database: Database, inbox: Inbox) -> None:
    """O14: raw stored, capped, and storable."""
    claimed = await sent(database, inbox, await a_conversation(database, inbox))

    message = await ends(database, claimed, Doubtful("an answer that is not WhatsApp's", b"<html>\0\xff" + b"x" * 9999))

    assert message.payload
    assert message.payload.startswith("<html>\ufffd\ufffdx")
    assert len(message.payload) <= 2000


async def test_what_never_left_is_tried_for_a_day(database: Database, inbox: Inbox, moment: Moment) -> None:
    """O20, F29: no connection is certain, so a machine may repeat it, ever more seldom."""
    await queue(database, inbox, await a_conversation(database, inbox))
    begun, tries = clock.now(), 0
    while True:
        moment.passes(seconds=61)
        (claimed,) = await claim(database, inbox)
        await wire(database, claimed)
        message = await ends(database, claimed, Unsent("no connection: ConnectError"))
        tries += 1
        if message.status == Status.FAILED:
            break
        assert message.status == Status.QUEUED
        assert message.due_at
        assert timedelta(seconds=0.5) <= message.due_at - clock.now() <= pacing.LONGEST_RETRY
        moment.passes(hours=1)

    assert clock.now() - begun > timedelta(hours=24)
    assert tries > 20


async def test_the_pair_limit_holds_back_this_person_longer_each_time(
    database: Database, inbox: Inbox, moment: Moment
) -> None:
    """O13: 4^X seconds, X = 0, 1, 2…, and the first success forgives."""
    conversation = await a_conversation(database, inbox)
    await queue(database, inbox, conversation)
    waits = []
    for _ in range(4):
        (claimed,) = await claim(database, inbox)
        await wire(database, claimed)
        await ends(database, claimed, refused(131056, 429))
        held = (await fresh(database, conversation)).held_back_until
        assert held
        waits.append((held - clock.now()).total_seconds())
        moment.passes(seconds=waits[-1] - 0.001)
        assert await claim(database, inbox) == []
        moment.passes(seconds=0.001)

    assert waits == [1, 4, 16, 64]
    (claimed,) = await claim(database, inbox)
    await wire(database, claimed)
    await ends(database, claimed, Accepted("wamid.1"))
    after = await fresh(database, conversation)
    assert (after.pair_refusals, after.held_back_until) == (0, None)


async def test_a_retry_after_is_heeded(database: Database, inbox: Inbox) -> None:
    """O13: with and without Retry-After."""
    claimed = await sent(database, inbox, await a_conversation(database, inbox))

    message = await ends(database, claimed, refused(131056, 429, retry_after=90.0))

    assert message.due_at == clock.now() + timedelta(seconds=90)


async def test_a_throttled_number_slows_down_as_a_whole_and_goes_on(
    database: Database, inbox: Inbox, moment: Moment
) -> None:
    """O13."""
    claimed = await sent(database, inbox, await a_conversation(database, inbox))
    other = await queue(database, inbox, await a_conversation(database, inbox, wa_id="51911111111"))

    message = await ends(database, claimed, refused(130429, 429))

    assert message.status == Status.QUEUED
    assert await claim(database, inbox) == []
    moment.passes(seconds=10)
    assert {each.id for each in await claim(database, inbox)} == {claimed.id, other.id}


@pytest.mark.parametrize(
    ("code", "kind"), [(368, "policy"), (131031, "policy"), (190, "token"), (131042, "payment"), (10, "configuration")]
)
async def test_some_errors_stop_everything_and_lose_nothing(
    database: Database, inbox: Inbox, code: int, kind: str
) -> None:
    claimed = await sent(database, inbox, await a_conversation(database, inbox))
    await queue(database, inbox, await a_conversation(database, inbox, wa_id="51911111111"))

    message = await ends(database, claimed, refused(code))

    assert message.status == Status.QUEUED
    async with database.reading() as tx:
        channel = await tx.get_one(Channel, inbox.channel_id)
    assert channel.paused_kind == kind
    assert str(code) in (channel.paused_reason or "")
    assert await claim(database, inbox) == []
    assert "channel.paused" in await actions(database)


@pytest.mark.parametrize(
    ("code", "column"),
    [(131026, "unreachable_at"), (130403, "blocked_us_at"), (131050, "marketing_stopped_at")],
)
async def test_what_is_learnt_about_a_person_is_kept(database: Database, inbox: Inbox, code: int, column: str) -> None:
    conversation = await a_conversation(database, inbox)
    claimed = await sent(database, inbox, conversation)

    message = await ends(database, claimed, refused(code))

    assert (message.status, message.error_code) == (Status.FAILED, code)
    async with database.reading() as tx:
        assert getattr(await tx.get_one(Contact, conversation.contact_id), column) == clock.now()
    (entry,) = [each for each in await history(database) if each.action == "contact.updated"]
    assert entry.conversation_id == conversation.id
    assert json.loads(entry.new or "")["code"] == code


async def test_a_window_that_meta_says_is_shut_is_shut_here_too(database: Database, inbox: Inbox) -> None:
    conversation = await a_conversation(database, inbox)
    claimed = await sent(database, inbox, conversation)

    await ends(database, claimed, refused(131047))

    assert (await fresh(database, conversation)).window_closes_at == clock.now()


async def test_old_news_about_a_person_who_wrote_since_changes_nothing(
    database: Database, inbox: Inbox, moment: Moment
) -> None:
    conversation = await a_conversation(database, inbox)
    claimed = await sent(database, inbox, conversation)
    moment.passes(seconds=30)
    async with database.transaction() as tx:
        held = await thread.lock(tx, conversation)
        held.window_opened_at, held.window_closes_at = clock.now(), clock.now() + timedelta(hours=24)

    await ends(database, claimed, refused(131047))

    assert (await fresh(database, conversation)).window_closes_at == clock.now() + timedelta(hours=24)


@pytest.mark.parametrize("code", [131026, 131047, 368, 131050])
async def test_what_a_webhook_tells_of_a_failure_has_the_same_consequences(
    database: Database, inbox: Inbox, code: int
) -> None:
    """Meta tells some refusals in the answer and the same ones by a `failed` status (whatsapp.md §17)."""
    conversation = await a_conversation(database, inbox)
    claimed = await sent(database, inbox, conversation)
    await ends(database, claimed, Accepted("wamid.1"))

    for _ in range(2):
        await told(database, status_of("failed", "wamid.1", None, code))

    async with database.reading() as tx:
        contact = await tx.get_one(Contact, conversation.contact_id)
        channel = await tx.get_one(Channel, inbox.channel_id)
    after = await fresh(database, conversation)
    assert (await now(database, claimed.id)).status == Status.FAILED
    assert {
        131026: contact.unreachable_at == clock.now(),
        131047: after.window_closes_at == clock.now(),
        368: channel.paused_kind == "policy",
        131050: contact.marketing_stopped_at == clock.now(),
    }[code]
    consequence = {"contact.updated", "conversation.updated", "channel.paused"}
    assert len([action for action in await actions(database) if action in consequence]) == 1


async def test_a_failure_told_after_the_message_arrived_means_nothing(database: Database, inbox: Inbox) -> None:
    conversation = await a_conversation(database, inbox)
    claimed = await sent(database, inbox, conversation)
    await ends(database, claimed, Accepted("wamid.1"))
    await told(database, status_of("delivered", "wamid.1", None))

    await told(database, status_of("failed", "wamid.1", None, 131026))

    async with database.reading() as tx:
        assert (await tx.get_one(Contact, conversation.contact_id)).unreachable_at is None


@pytest.mark.parametrize(("code", "status"), [(132015, "PAUSED"), (132016, "DISABLED"), (132001, "UNAVAILABLE")])
async def test_a_template_that_meta_stopped_is_not_offered_again(
    database: Database, inbox: Inbox, code: int, status: str
) -> None:
    """O18: terminal, with the reason."""
    conversation = await a_conversation(database, inbox, window=False)
    template = await a_template(database, inbox)
    async with database.transaction() as tx:
        variables = {"1": "Rosa", "2": "S/ 120.00", "button.0": "a7Kq"}
        await reply.send_template(
            tx, conversation, by=inbox.ana, template_id=template.id, variables=variables, client_key="t"
        )
    (claimed,) = await claim(database, inbox)
    await wire(database, claimed)

    assert (await ends(database, claimed, refused(code))).status == Status.FAILED

    async with database.reading() as tx:
        assert (await tx.get_one(MessageTemplate, template.id)).status == status


async def test_many_outcomes_are_written_together(database: Database, inbox: Inbox) -> None:
    ends_in: Sequence[Outcome] = [Accepted("wamid.1"), Doubtful("?"), refused(131026), refused(368), Unsent("no route")]
    for number in range(len(ends_in)):
        await queue(database, inbox, await a_conversation(database, inbox, wa_id=f"5190000000{number}"))
    claimed = await claim(database, inbox)
    await wire(database, *claimed)

    async with database.transaction() as tx:
        await settle.settle(tx, list(zip(reversed(claimed), reversed(ends_in), strict=True)))

    async with database.reading() as tx:
        rows = await tx.execute(select(Message.id, Message.status).where(Message.direction == "out"))
        assert [status for _id, status in sorted((id_, status) for id_, status in rows)] == [
            "sent",
            "unknown",
            "failed",
            "queued",
            "queued",
        ]


async def test_an_outcome_of_a_lost_claim_does_not_undo_what_the_next_one_did(
    database: Database, inbox: Inbox, moment: Moment
) -> None:
    """F34."""
    await queue(database, inbox, await a_conversation(database, inbox))
    (asleep,) = await claim(database, inbox)
    moment.passes(minutes=1)
    await recover(database)
    (awake,) = await claim(database, inbox)
    await wire(database, awake)
    await ends(database, awake, Accepted("wamid.1"))

    assert (await ends(database, asleep, Unsent("no route"))).status == Status.SENT


async def test_a_contact_known_by_a_business_id_alone_is_reached_by_it(database: Database, inbox: Inbox) -> None:
    conversation = await a_conversation(database, inbox)
    async with database.transaction() as tx:
        await tx.execute(update(Contact).values(wa_id=None, user_id="PE.13491208655302741918"))
    await queue(database, inbox, conversation)

    (claimed,) = await claim(database, inbox)

    assert (claimed.wa_id, claimed.user_id) == (None, "PE.13491208655302741918")
