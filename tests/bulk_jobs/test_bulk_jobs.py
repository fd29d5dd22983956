"""One deed on many: rehearsed truly, each row once whoever dies, told row by row, taken back, within one's rights."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, insert, select, update

from console import clock
from console.agents import Agent, Team, Viewer
from console.attachments.models import Upload
from console.attachments.staging import Kept
from console.audit import AuditEntry
from console.bulk_jobs import asking, offering, working
from console.bulk_jobs.deeds import House
from console.bulk_jobs.models import BulkJob, BulkRow, JobState
from console.db import Database, table_of
from console.errors import Refused
from console.inbox import counts, tagging
from console.inbox.channel import MessageTemplate
from console.inbox.contacts import Contact
from console.inbox.listing import Listing, now_in
from console.inbox.models import Conversation, Media, Message
from console.inbox.tags import ConversationTag, Tag
from console.message_templates import draft_files
from console.message_templates import keeping as template_drafts
from tests.conftest import SECRET_KEY, Moment
from tests.front import Front
from tests.inbox import meta
from tests.inbox.people import Inbox, a_conversation, a_template, actions, an_inbox, fresh
from tests.patience import eventually

LIMA = ZoneInfo("America/Lima")
HOUSE = House(LIMA, "PE", "Financiera Andes", "http://127.0.0.1")


async def some(database: Database, inbox: Inbox, many: int, **more: Any) -> list[Conversation]:
    return [await a_conversation(database, inbox, wa_id=f"519440{number:05}", **more) for number in range(many)]


async def a_tag(database: Database, by: Viewer, name: str = "Campaña") -> int:
    async with database.transaction() as tx:
        return (await tagging.create(tx, by=by, name=name)).id


async def asked(database: Database, by: Viewer, deed: str, ids: list[int] | Listing, **details: Any) -> int:
    """A job, asked for."""
    listing = ids if isinstance(ids, Listing) else None
    numbers = ids if isinstance(ids, list) else []
    async with database.transaction() as tx:
        now = now_in(LIMA, clock.now())
        return (await asking.ask(tx, by=by, deed=deed, details=details, ids=numbers, listing=listing, now=now)).id


async def worked_off(database: Database) -> None:
    while await working.turn(database, HOUSE):
        pass


async def begun(database: Database, by: Viewer, job_id: int) -> BulkJob:
    """Rehearsed, started and done."""
    await worked_off(database)
    async with database.transaction() as tx:
        await asking.start(tx, await asking.open_job(tx, by, job_id, lock=True), by=by)
    await worked_off(database)
    return await job_of(database, job_id)


async def job_of(database: Database, job_id: int) -> BulkJob:
    async with database.reading() as tx:
        return await tx.get_one(BulkJob, job_id)


async def undone(database: Database, by: Viewer, job_id: int) -> BulkJob:
    async with database.transaction() as tx:
        back = await asking.take_back(tx, await asking.open_job(tx, by, job_id, lock=True), by=by)
    await worked_off(database)
    return await job_of(database, back.id)


def numbers(job: BulkJob) -> tuple[int, int, int]:
    return job.changed, job.same, job.refused


async def test_a_job_that_stumbles_over_a_bug_ends_and_keeps_nobody_waiting(database: Database) -> None:
    inbox = await an_inbox(database)
    conversations = await some(database, inbox, 1)
    async with database.transaction() as tx:
        spoilt = {"deed": "snooze", "details": {}, "state": JobState.RUNNING, "total": 1}
        tx.add(BulkJob(made_by=inbox.ana.id, created_at=clock.now(), **spoilt))
    tag = await a_tag(database, inbox.supervisor)
    behind = await asked(database, inbox.ana, "tag", [conversations[0].id], tag_id=tag)

    await worked_off(database)

    assert (await job_of(database, 1)).state == JobState.CANCELLED
    assert "quedó registrado" in str((await job_of(database, 1)).why)
    assert (await job_of(database, behind)).state == JobState.CHECKED


async def test_a_rehearsal_says_what_would_happen_and_changes_nothing(database: Database, moment: Moment) -> None:
    inbox = await an_inbox(database)
    conversations = await some(database, inbox, 5)
    tag = await a_tag(database, inbox.supervisor)
    async with database.transaction() as tx:
        await tagging.put(tx, conversations[0], await tx.get_one(Tag, tag), by=inbox.ana)
    before = await actions(database)

    job_id = await asked(database, inbox.ana, "tag", [one.id for one in conversations], tag_id=tag)
    await worked_off(database)

    job = await job_of(database, job_id)
    assert (job.state, numbers(job)) == (JobState.CHECKED, (4, 1, 0))
    assert await actions(database) == [*before, "bulk.asked"]
    async with database.reading() as tx:
        assert (await tx.get_one(Tag, tag)).used == 1
        assert list(await tx.scalars(select(ConversationTag.conversation_id))) == [conversations[0].id]


async def test_many_are_tagged_told_and_taken_back_but_for_what_moved_on(
    database: Database, moment: Moment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(working, "AT_ONCE", 2)
    inbox = await an_inbox(database)
    conversations = await some(database, inbox, 5)
    tag = await a_tag(database, inbox.supervisor)
    job_id = await asked(database, inbox.ana, "tag", [one.id for one in conversations], tag_id=tag)

    job = await begun(database, inbox.ana, job_id)
    assert (job.state, numbers(job)) == (JobState.DONE, (5, 0, 0))
    assert (await actions(database)).count("conversation.tagged") == 5
    async with database.transaction() as tx:
        await tagging.take(tx, conversations[2], await tx.get_one(Tag, tag), by=inbox.luz)

    back = await undone(database, inbox.ana, job_id)
    assert numbers(back) == (4, 0, 1)
    async with database.reading() as tx:
        assert (await tx.get_one(Tag, tag)).used == 0
    with pytest.raises(Refused, match="Ya se deshizo"):
        await undone(database, inbox.ana, job_id)


async def test_assigning_and_passing_on_are_taken_back_to_whoever_had_them(database: Database, moment: Moment) -> None:
    inbox = await an_inbox(database)
    mine, free = (await some(database, inbox, 2))[:2]
    async with database.transaction() as tx:
        await tx.execute(update(Conversation).where(Conversation.id == mine.id).values(holder_id=inbox.luz.id))
    ids = [mine.id, free.id]

    job_id = await asked(database, inbox.supervisor, "assign", ids, agent_id=inbox.ana.id)
    assert numbers(await begun(database, inbox.supervisor, job_id)) == (2, 0, 0)
    assert {(await fresh(database, one)).holder_id for one in (mine, free)} == {inbox.ana.id}
    await undone(database, inbox.supervisor, job_id)
    assert [(await fresh(database, one)).holder_id for one in (mine, free)] == [inbox.luz.id, None]

    other = next(iter(inbox.stranger.team_ids))
    job_id = await asked(database, inbox.admin, "team", ids, team_id=other)
    assert numbers(await begun(database, inbox.admin, job_id)) == (2, 0, 0)
    await undone(database, inbox.admin, job_id)
    assert (await fresh(database, free)).team_id == inbox.team_id


async def test_snoozing_and_resolving_are_undone_by_opening_again(database: Database, moment: Moment) -> None:
    inbox = await an_inbox(database)
    ids = [one.id for one in await some(database, inbox, 3)]
    until = (clock.now() + timedelta(days=1)).isoformat()

    job_id = await asked(database, inbox.ana, "snooze", ids, until=until)
    assert numbers(await begun(database, inbox.ana, job_id)) == (3, 0, 0)
    assert numbers(await undone(database, inbox.ana, job_id)) == (3, 0, 0)
    job_id = await asked(database, inbox.ana, "resolve", ids, disposition="AD-NOCOB")
    assert numbers(await begun(database, inbox.ana, job_id)) == (3, 0, 0)
    assert (await actions(database)).count("outcome.recorded") == 3
    assert numbers(await undone(database, inbox.ana, job_id)) == (3, 0, 0)
    async with database.reading() as tx:
        assert set(await tx.scalars(select(Conversation.status))) == {"open"}


async def test_a_template_goes_to_whom_it_may_and_is_never_taken_back(database: Database, moment: Moment) -> None:
    moment.is_(moment.now.replace(hour=16))  # eleven in the morning in Lima
    inbox = await an_inbox(database)
    template = await a_template(database, inbox)
    good, stopped = await some(database, inbox, 2)
    async with database.transaction() as tx:
        gone = update(Contact).where(Contact.id == stopped.contact_id)
        await tx.execute(gone.values(opted_out_at=clock.now()))
    given = {"1": "{nombre|cliente}", "2": "S/ 10.00", "button.0": "abc"}
    ids = [good.id, stopped.id]

    job_id = await asked(database, inbox.supervisor, "template", ids, template_id=template.id, variables=given)
    job = await begun(database, inbox.supervisor, job_id)

    assert numbers(job) == (1, 0, 1)
    async with database.reading() as tx:
        sent = list(await tx.scalars(select(Message).where(Message.kind == "template")))
        [reason] = await tx.scalars(select(BulkRow.reason).where(BulkRow.reason.is_not(None)))
    assert [one.conversation_id for one in sent] == [good.id]
    assert "Hola Rosa" in str((sent[0].content or {}).get("body", sent[0].text))
    assert "Pidió que no le escribamos" in (reason or "")
    with pytest.raises(Refused, match="no se puede deshacer"):
        await undone(database, inbox.supervisor, job_id)


async def test_a_template_with_a_file_goes_to_many_with_the_one_that_is_kept_with_it(
    database: Database, moment: Moment
) -> None:
    moment.is_(moment.now.replace(hour=16))
    inbox = await an_inbox(database)
    components = [{"type": "HEADER", "format": "DOCUMENT"}, {"type": "BODY", "text": "Así se paga."}]
    template = await a_template(database, inbox, components=components)
    people = await some(database, inbox, 3)

    async def templates_offered() -> list[str]:
        async with database.reading() as tx:
            found = await offering.offer(tx, inbox.supervisor, {"deed": "template"})
        assert found.blanks == []
        return [number for number, _name in found.choices]

    assert await templates_offered() == [], "nobody can be asked for one file for each person"
    ids = [one.id for one in people]
    given: dict[str, Any] = {"template_id": template.id, "variables": {}}
    with pytest.raises(Refused, match="lleva un archivo"):
        await asked(database, inbox.supervisor, "template", ids, **given)
    pdf = Kept("document", "application/pdf", "Cómo pagar.pdf", 40, "a" * 64, voice=False)
    async with database.transaction() as tx:
        draft = await template_drafts.take_over(tx, await tx.get_one(MessageTemplate, template.id), by=inbox.supervisor)
        await draft_files.attach(tx, draft, pdf, by=inbox.supervisor)
        await draft_files.send_by_default(tx, draft, by=inbox.supervisor, on=True)
    assert await templates_offered() == [str(template.id)]

    job = await begun(database, inbox.supervisor, await asked(database, inbox.supervisor, "template", ids, **given))

    assert numbers(job) == (3, 0, 0)
    async with database.reading() as tx:
        kept = list(await tx.scalars(select(Media)))
        assert {(one.filename, one.sha256) for one in kept} == {(pdf.filename, pdf.sha256)}
        assert len(kept) == 3
        # It is uploaded once for all of them.
        assert len((await tx.scalars(select(Upload))).all()) == 1


async def test_no_template_goes_out_of_hours_and_no_agent_sends_to_many(database: Database, moment: Moment) -> None:
    inbox = await an_inbox(database)
    template = await a_template(database, inbox)
    ids = [one.id for one in await some(database, inbox, 2)]
    given: dict[str, Any] = {"template_id": template.id, "variables": {"1": "a", "2": "b", "button.0": "c"}}
    moment.is_(moment.now.replace(hour=4))  # eleven at night in Lima

    with pytest.raises(Refused) as refused:
        await asked(database, inbox.ana, "template", ids, **given)
    assert refused.value.status == 403
    job = await begun(database, inbox.supervisor, await asked(database, inbox.supervisor, "template", ids, **given))

    assert numbers(job) == (0, 0, 2)
    assert "message.queued" not in await actions(database)


async def test_what_is_out_of_reach_is_not_in_the_job_and_what_gets_out_of_it_is_refused(
    database: Database, moment: Moment
) -> None:
    inbox = await an_inbox(database)
    conversations = await some(database, inbox, 3)
    ids = [one.id for one in conversations]
    tag = await a_tag(database, inbox.supervisor)

    with pytest.raises(Refused, match="Ninguna"):
        await asked(database, inbox.stranger, "tag", ids, tag_id=tag)
    job_id = await asked(database, inbox.ana, "tag", Listing(view="all"), tag_id=tag)
    async with database.transaction() as tx:
        other = next(iter(inbox.stranger.team_ids))
        await tx.execute(update(Conversation).where(Conversation.id == ids[1]).values(team_id=other))
    job = await begun(database, inbox.ana, job_id)
    assert numbers(job) == (2, 0, 1)
    for viewer in (inbox.luz, inbox.supervisor, inbox.admin, inbox.stranger):
        with pytest.raises(Refused) as refused:
            async with database.reading() as tx:
                await asking.open_job(tx, viewer, job_id)
        assert refused.value.status == 404


async def test_a_job_ends_with_the_rights_of_whoever_asked_for_it(database: Database, moment: Moment) -> None:
    inbox = await an_inbox(database)
    ids = [one.id for one in await some(database, inbox, 2)]
    tag = await a_tag(database, inbox.supervisor)
    job_id = await asked(database, inbox.supervisor, "assign", ids, agent_id=inbox.ana.id)
    gone = await asked(database, inbox.luz, "tag", ids, tag_id=tag)
    async with database.transaction() as tx:
        await tx.execute(update(Agent).where(Agent.id == inbox.supervisor.id).values(role="agent"))
        await tx.execute(update(Agent).where(Agent.id == inbox.luz.id).values(disabled_at=clock.now()))

    await worked_off(database)

    assert [(await job_of(database, one)).state for one in (job_id, gone)] == [JobState.CANCELLED] * 2
    assert "conversation.assigned" not in await actions(database)


async def test_a_job_that_is_stopped_keeps_what_is_done_and_that_can_be_taken_back(
    database: Database, moment: Moment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(working, "AT_ONCE", 2)
    inbox = await an_inbox(database)
    ids = [one.id for one in await some(database, inbox, 5)]
    job_id = await asked(database, inbox.ana, "tag", ids, tag_id=await a_tag(database, inbox.supervisor))
    async with database.transaction() as tx:
        await asking.start(tx, await asking.open_job(tx, inbox.ana, job_id, lock=True), by=inbox.ana)
    await working.turn(database, HOUSE)
    async with database.transaction() as tx:
        await asking.cancel(tx, await asking.open_job(tx, inbox.ana, job_id, lock=True), by=inbox.ana)
    await worked_off(database)

    job = await job_of(database, job_id)
    assert (job.state, numbers(job)) == (JobState.CANCELLED, (2, 0, 0))
    assert numbers(await undone(database, inbox.ana, job_id)) == (2, 0, 0)


async def test_two_workers_never_do_one_row_twice(
    database: Database, moment: Moment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(working, "AT_ONCE", 3)
    inbox = await an_inbox(database)
    ids = [one.id for one in await some(database, inbox, 20)]
    job_id = await asked(database, inbox.ana, "tag", ids, tag_id=await a_tag(database, inbox.supervisor))
    await worked_off(database)
    async with database.transaction() as tx:
        await asking.start(tx, await asking.open_job(tx, inbox.ana, job_id, lock=True), by=inbox.ana)

    await asyncio.gather(*(worked_off(database) for _ in range(4)))

    assert numbers(await job_of(database, job_id)) == (20, 0, 0)
    assert (await actions(database)).count("conversation.tagged") == 20


WORKER = """
import asyncio, sys
from zoneinfo import ZoneInfo
from console import audit
from console.bulk_jobs import working
from console.bulk_jobs.deeds import House
from console.db import Database

async def main():
    db = Database(sys.argv[1], seal=audit.sealer(sys.argv[2]))
    house = House(ZoneInfo("America/Lima"), "PE", "Financiera Andes", "http://127.0.0.1")
    while await working.turn(db, house):
        print("step", flush=True)
    await db.close()

asyncio.run(main())
"""
MANY = int(os.environ.get("BULK_ROWS", "300"))
"""Rows of the job that is killed; the 50,000 of a real one take minutes."""


@pytest.mark.timeout(1800)
async def test_a_job_killed_again_and_again_is_finished_and_every_row_is_done_once(database_url: str) -> None:
    database = Database(database_url)
    inbox = await an_inbox(database)
    tag = await a_tag(database, inbox.supervisor)
    await a_crowd(database, inbox, MANY)
    job_id = await asked(database, inbox.admin, "tag", Listing(view="all"), tag_id=tag)
    async with database.transaction() as tx:
        await asking.start(tx, await asking.open_job(tx, inbox.admin, job_id, lock=True), by=inbox.admin)

    for steps in (2, 5, 1):
        await asyncio.to_thread(a_worker, database_url, steps)
    halfway = await job_of(database, job_id)
    codes = [await asyncio.to_thread(a_worker, database_url, None)]

    job = await job_of(database, job_id)
    async with database.reading() as tx:
        tagged = await tx.scalar(select(func.count()).where(AuditEntry.action == "conversation.tagged"))
        twice = select(AuditEntry.conversation_id).where(AuditEntry.action == "conversation.tagged")
        twice = twice.group_by(AuditEntry.conversation_id).having(func.count() > 1)
        assert list(await tx.scalars(twice)) == []
        used = (await tx.get_one(Tag, tag)).used
    await database.close()
    assert codes == [0]
    assert 0 < halfway.done < MANY
    assert (job.state, numbers(job), tagged, used) == (JobState.DONE, (MANY, 0, 0), MANY, MANY)


def a_worker(url: str, steps: int | None) -> int:
    """A process that works jobs off; killed after so many steps, in the midst of the next. How it ended."""
    with subprocess.Popen([sys.executable, "-c", WORKER, url, SECRET_KEY], stdout=subprocess.PIPE) as worker:
        assert worker.stdout is not None
        for number, _step in enumerate(worker.stdout, start=1):
            if number == steps:
                worker.kill()
        return worker.wait()


async def a_crowd(database: Database, inbox: Inbox, many: int) -> None:
    """So many conversations, written at once."""
    now = clock.now()
    async with database.transaction() as tx:
        people = [{"id": 1000 + n, "wa_id": f"5194{n:07}", "created_at": now, "version": 1} for n in range(many)]
        usual = {"channel_id": inbox.channel_id, "team_id": inbox.team_id, "status": "open", "last_at": now}
        usual |= {"created_at": now, "updated_at": now, "last_sequence": 0, "inbound_count": 0, "pair_refusals": 0}
        usual |= {"receipt_due": False, "version": 1}
        rows = [{"id": 1000 + n, "contact_id": 1000 + n, **usual} for n in range(many)]
        for begin in range(0, many, 2000):
            await tx.execute(insert(table_of(Contact)), people[begin : begin + 2000])
            await tx.execute(insert(table_of(Conversation)), rows[begin : begin + 2000])
        slot = counts.slot_of(await tx.get_one(Conversation, 1000))
        await counts.apply(tx, {slot: many})


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"deed": "nope"}, "deed"),
        ({"deed": "tag", "tag_id": "x"}, "tag_id"),
        ({"deed": "snooze", "until": "mañana"}, "until"),
        ({"deed": "snooze", "until": "2020-01-01T10:00"}, "until"),
        ({"deed": "snooze", "until": "9999-12-31T23:59"}, "until"),
        ({"deed": "assign", "agent_id": ""}, "agent_id"),
        ({"deed": "tag", "tag_id": "1", "ids": "1.x"}, "ids"),
        ({"deed": "tag", "tag_id": "1", "all": "1", "view": "nope"}, "view"),
    ],
)
async def test_what_cannot_be_asked_for_is_refused(front: Front, form: dict[str, str], field: str) -> None:
    ana = await front.agent("Ana")
    await front.webhook(meta.body(meta.text()))

    answer = await ana.do("/inbox/bulk-jobs", **{"step": "check", "ids": "1", **form})

    assert answer.status_code == 422
    assert (
        f"deed-{field}-words" in answer.text or f'"field":"{field}"' in answer.text.replace(" ", "") or field == "deed"
    )


async def test_the_whole_of_it_through_the_door(front: Front) -> None:
    rosa = await front.agent("Rosa", role="supervisor")
    for number in range(3):
        await front.webhook(meta.body(meta.text(sender=f"5194400{number:04}")))
    async with front.console.db.transaction() as tx:
        by = Viewer(id=rosa.id, name="Rosa", role="supervisor", team_ids=frozenset(await tx.scalars(select(Team.id))))
        tag = (await tagging.create(tx, by=by, name="Campaña")).id

    form = await rosa.do("/inbox/bulk-jobs", step="ask", all="1", view="all")
    assert "3 conversaciones" in form.text
    made = await rosa.do("/inbox/bulk-jobs", step="check", all="1", view="all", deed="tag", tag_id=str(tag))
    [job] = set(re.findall(r"/inbox/bulk-jobs/(\d+)/", made.text))

    async def says(words: str) -> bool:
        return words in re.sub(r"<[^>]+>", "", await rosa.see(f"/inbox/bulk-jobs/{job}"))

    await eventually(lambda: says("3 cambian"), within=15)
    assert (await rosa.do(f"/inbox/bulk-jobs/{job}/start")).status_code == 200
    await eventually(lambda: says("3 cambiaron"), within=15)
    file = await rosa.http.get(f"/inbox/bulk-jobs/{job}/rows.csv")
    assert file.text.splitlines()[1:] == ["1,cambió,,sí", "2,cambió,,sí", "3,cambió,,sí"]
    back = await rosa.do(f"/inbox/bulk-jobs/{job}/undo")
    assert "Deshacer" in back.text
    assert "Poner una etiqueta" in await rosa.see("/inbox/bulk-jobs")
    ana = await front.agent("Ana")
    assert (await ana.http.get(f"/inbox/bulk-jobs/{job}")).status_code == 404
    assert (await ana.do(f"/inbox/bulk-jobs/{job}/undo")).status_code == 404
