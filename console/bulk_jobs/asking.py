"""Asking for a job: which conversations, which deed; starting it, stopping it, and asking for it to be taken back."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, literal, null, select
from sqlalchemy.exc import IntegrityError

from console import audit, clock
from console.agents import Agent, Role, Team, Viewer
from console.audit import Actor
from console.bulk import among
from console.bulk_jobs.deeds import DEEDS, Details
from console.bulk_jobs.models import AT_WORK, BulkJob, BulkRow, JobState, Verdict
from console.db import Tx, table_of
from console.errors import Refused, not_found
from console.inbox import message_templates, policy, tagging, tree
from console.inbox.channel import MessageTemplate
from console.inbox.listing import Listing, Now, condition
from console.inbox.models import Conversation
from console.inbox.queries import LARGEST_ID
from console.inbox.tags import ConversationTag
from console.languages.words import Words
from console.message_templates import files as template_files

MOST = 100_000
"""Conversations of one job."""
MOST_AT_ONCE = 3
"""Jobs of one person that are at work at the same time."""
_LAST_YEAR = 2199


async def ask(
    tx: Tx,
    *,
    by: Viewer,
    deed: str,
    details: Details,
    now: Now,
    ids: Collection[int] = (),
    listing: Listing | None = None,
    client_key: str | None = None,
    request: str | None = None,
) -> BulkJob:
    """A job for `ids`, or for all that `listing` lists at `now`; it is rehearsed first. Records "bulk.asked".

    `client_key` asks for one job however often it is used, `request` says what was asked (see `asked_before`).
    Refuses: 422 naming the field that the deed needs; 403 for a deed beyond one's role; 422 "too_many", "nobody";
    409 "in_progress" for a key that is asking elsewhere at this moment.
    """
    await check(tx, by, deed, details)
    await _room_for_one(tx, by)
    job = BulkJob(
        made_by=by.id,
        deed=deed,
        details=details,
        state=JobState.CHECKING,
        total=0,
        created_at=clock.now(),
        client_key=client_key,
        request=request,
    )
    try:
        async with tx.begin_nested():
            tx.add(job)
            await tx.flush()
    except IntegrityError as taken:
        raise Refused(409, Words("Esa misma petición está en curso: repítala."), code="in_progress") from taken
    job.total = await _fill(tx, job, _wanted(by, ids, listing, now))
    if not job.total:
        raise Refused(422, Words("Ninguna conversación a su alcance coincide."), code="nobody", field="ids")
    if job.total > MOST:
        raise Refused(
            422,
            Words("Coinciden más de {most} conversaciones: acote con filtros.", most=f"{MOST:,}"),
            code="too_many",
            field="ids",
        )
    audit.record(
        tx, by.actor, "bulk.asked", subject=f"bulk:{job.id}", new={"deed": deed, "total": job.total, **details}
    )
    return job


async def asked_before(tx: Tx, by: Viewer, client_key: str, request: str) -> BulkJob | None:
    """The job that this key asked for already. Refuses 409 "key_reused" for a key that asked for something else."""
    found = (await tx.scalars(select(BulkJob).where(BulkJob.client_key == client_key))).one_or_none()
    if found is not None and (found.made_by, found.request) != (by.id, request):
        raise Refused(409, Words("Esa clave ya se usó para otra operación."), code="key_reused")
    return found


async def start(tx: Tx, job: BulkJob, *, by: Viewer) -> None:
    """From the rehearsal, finished or not, to the deed. Records "bulk.started"; again changes nothing.

    Refuses 409 "not_startable" for a job that was cancelled or is done.
    """
    if job.state == JobState.RUNNING:
        return
    if job.state not in {JobState.CHECKING, JobState.CHECKED}:
        raise Refused(409, Words("Esta operación ya terminó."), code="not_startable")
    job.state, job.after, job.changed, job.same, job.refused = JobState.RUNNING, 0, 0, 0, 0
    job.version += 1
    audit.record(tx, by.actor, "bulk.started", subject=f"bulk:{job.id}", new={"deed": job.deed, "total": job.total})


async def cancel(tx: Tx, job: BulkJob, *, by: Viewer | Actor, why: str | None = None) -> None:
    """Stop after the rows that are done; those stay done. Records "bulk.cancelled"; again changes nothing."""
    if job.state in {JobState.DONE, JobState.CANCELLED}:
        return
    was, job.state, job.why = job.state, JobState.CANCELLED, why
    job.finished_at, job.version = clock.now(), job.version + 1
    actor = by.actor if isinstance(by, Viewer) else by
    told = {"was": was, "changed": job.changed if was == JobState.RUNNING else 0}
    audit.record(tx, actor, "bulk.cancelled", subject=f"bulk:{job.id}", new=told)


async def take_back(tx: Tx, job: BulkJob, *, by: Viewer) -> BulkJob:
    """A job that undoes what `job` changed, running at once. Records "bulk.started".

    Refuses: 409 "not_undoable" for what was sent, 409 "at_work" while it runs, 409 "already_undone", "nothing_to_undo".
    """
    if DEEDS[job.deed].undo is None or job.undoes_id is not None:
        raise Refused(409, Words("Esto no se puede deshacer."), code="not_undoable")
    if job.state in {*AT_WORK, JobState.CHECKED}:
        raise Refused(409, Words("Espere a que termine, o cancélela antes."), code="at_work")
    await _room_for_one(tx, by)
    back = BulkJob(
        made_by=by.id,
        deed=job.deed,
        details=job.details,
        undoes_id=job.id,
        state=JobState.RUNNING,
        total=0,
        created_at=clock.now(),
    )
    try:
        async with tx.begin_nested():
            tx.add(back)
            await tx.flush()
    except IntegrityError as taken:
        raise Refused(409, Words("Ya se deshizo."), code="already_undone") from taken
    changed = select(BulkRow.conversation_id, BulkRow.was).where(
        BulkRow.job_id == job.id, BulkRow.is_done, BulkRow.verdict == Verdict.CHANGED
    )
    back.total = await _fill(tx, back, changed)
    if not back.total:
        raise Refused(409, Words("No cambió ninguna: no hay qué deshacer."), code="nothing_to_undo")
    new = {"deed": job.deed, "undoes": job.id, "total": back.total}
    audit.record(tx, by.actor, "bulk.started", subject=f"bulk:{back.id}", new=new)
    return back


async def open_job(tx: Tx, viewer: Viewer, number: int, *, lock: bool = False) -> BulkJob:
    """A job of the viewer's own; Refused(404) for any other: whose it is says whom it is about."""
    wanted = select(BulkJob).where(BulkJob.id == number, BulkJob.made_by == viewer.id)
    wanted = wanted.with_for_update() if lock else wanted
    job = (await tx.scalars(wanted)).one_or_none() if 0 < number <= LARGEST_ID else None
    if job is None:
        raise not_found()
    return job


async def check(tx: Tx, by: Viewer, deed: str, details: Details) -> None:
    """Raise Refused unless `by` may do `deed` with these details."""
    if deed not in DEEDS:
        raise Refused(422, Words("Elija qué hacer."), code="invalid", field="deed")
    needs: Any = DEEDS[deed].needs
    if needs is not None:
        policy.require(by, needs)
    await _CHECKS[deed](tx, by, details)


async def _check_tag(tx: Tx, by: Viewer, details: Details) -> None:
    await tagging.open_tag(tx, by, details["tag_id"])


async def _check_team(tx: Tx, _by: Viewer, details: Details) -> None:
    if await tx.get(Team, details["team_id"]) is None:
        raise Refused(422, Words("Ese equipo no existe."), code="invalid", field="team_id")


async def _check_moment(_tx: Tx, _by: Viewer, details: Details) -> None:
    until = datetime.fromisoformat(details["until"])
    # At the end of the calendar another zone has no such day, and whoever comes to it would stumble for ever.
    if until <= clock.now() or until.year > _LAST_YEAR:
        raise Refused(422, Words("Elija un momento en el futuro."), code="invalid", field="until")


async def _check_leaf(tx: Tx, _by: Viewer, details: Details) -> None:
    leaf = await tree.leaf(tx, details["disposition"])
    if leaf.needs is not None:
        text = Words("Esa tipificación pide datos de cada persona: hágalo una por una.")
        raise Refused(422, text, code="needs_details", field="disposition")


async def _check_template(tx: Tx, _by: Viewer, details: Details) -> None:
    template = await tx.get(MessageTemplate, details["template_id"])
    if template is None:
        raise Refused(422, Words("Elija una plantilla."), code="invalid", field="template_id")
    message_templates.require_sendable(template)
    for blank in message_templates.blanks(template):
        if blank.key == message_templates.FILE:
            await _check_file(tx, template)
        elif not details["variables"].get(blank.key, "").strip():
            raise Refused(
                422, Words("Complete esta variable."), code="template_variables", field=f"variables.{blank.key}"
            )


async def _check_file(tx: Tx, template: MessageTemplate) -> None:
    """One file for each person is nothing that can be asked here: what is kept with the template goes to everybody."""
    if await template_files.default_of(tx, template) is None:
        text = Words(
            "El encabezado de esa plantilla lleva un archivo: guarde con ella el que sale por omisión, en Plantillas."
        )
        raise Refused(422, text, code="template_variables", field=f"variables.{message_templates.FILE}")


async def _check_agent(tx: Tx, by: Viewer, details: Details) -> None:
    agent_id = details["agent_id"]
    if agent_id is None or agent_id == by.id:
        return
    policy.require(by, "assign_others")
    agent = await tx.get(Agent, agent_id)
    if agent is None or agent.disabled_at is not None or agent.role == Role.BOT:
        raise Refused(422, Words("Esa persona no puede atender."), code="invalid", field="agent_id")


_CHECKS = {
    "tag": _check_tag,
    "untag": _check_tag,
    "assign": _check_agent,
    "team": _check_team,
    "snooze": _check_moment,
    "resolve": _check_leaf,
    "template": _check_template,
}


async def _room_for_one(tx: Tx, by: Viewer) -> None:
    busy = select(func.count()).where(BulkJob.made_by == by.id, BulkJob.state.in_(AT_WORK))
    if (await tx.scalar(busy) or 0) >= MOST_AT_ONCE:
        raise Refused(409, Words("Ya tiene tres operaciones en curso: espere a que termine una."), code="busy")


def _wanted(by: Viewer, ids: Collection[int], listing: Listing | None, now: Now) -> Any:  # noqa: ANN401 a select of pairs
    seen: Any = select(Conversation.id, null()).where(policy.visible(by), Conversation.status != "merged")
    if listing is None:
        return seen.where(among(Conversation.id, "ids")).params(ids=sorted(ids)[: MOST + 1])
    wanted = seen.where(condition(listing, by, now)).limit(MOST + 1)
    if listing.tags:
        has = (ConversationTag.conversation_id == Conversation.id) & (ConversationTag.tag_id == listing.tags[0])
        wanted = wanted.join(ConversationTag, has)
    return wanted


async def _fill(tx: Tx, job: BulkJob, wanted: Any) -> int:  # noqa: ANN401 a select of pairs
    """The rows of `job`, in one statement however many: (conversation, what it was)."""
    some = wanted.subquery()
    number, was = some.c
    rows = select(literal(job.id), number, literal(value=False), was)
    into = insert(table_of(BulkRow)).from_select(["job_id", "conversation_id", "is_done", "was"], rows)
    await tx.execute(into)
    return await tx.scalar(select(func.count()).where(BulkRow.job_id == job.id)) or 0
