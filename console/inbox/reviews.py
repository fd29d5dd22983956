"""Doubts about who is who: which of them a viewer may settle, and what settling one does."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from sqlalchemy import ColumnElement, Select, exists, func, select, true, update
from sqlalchemy.orm import aliased

from console import audit, clock
from console.agents import Viewer
from console.db import Tx
from console.errors import Refused, not_found
from console.inbox import policy
from console.inbox.contacts import Contact, ReviewTask
from console.inbox.identity import one_at_a_time
from console.inbox.merge import merge_contacts
from console.inbox.models import Conversation
from console.languages.words import Words


class Decision(StrEnum):
    """What a person decided about a doubt."""

    MERGE = "merge"  # the two contacts are one person
    SAME_PERSON = "same_person"  # still who we knew
    DIFFERENT_PEOPLE = "different_people"  # somebody else has the number now, or the two stay two


async def waiting(tx: Tx, viewer: Viewer, *, limit: int = 200) -> Sequence[tuple[ReviewTask, Contact, int | None]]:
    """Open doubts about people whose conversations `viewer` sees, oldest first, each with one conversation's id."""
    conversation = (
        select(func.min(Conversation.id))
        .where(Conversation.contact_id == ReviewTask.contact_id, policy.visible(viewer))
        .correlate(ReviewTask)
        .scalar_subquery()
    )
    query = (
        select(ReviewTask, Contact, conversation)
        .join(Contact, Contact.id == ReviewTask.contact_id)
        .where(ReviewTask.resolved_at.is_(None), _within_reach(viewer))
        .order_by(ReviewTask.id)
        .limit(limit)
    )
    return [(task, contact, where) for task, contact, where in await tx.execute(query)]


async def settle(tx: Tx, task_id: int, *, decision: Decision, by: Viewer) -> None:
    """Settle a doubt: merge two contacts, or say whether this is still the person we knew. Records review.closed.

    Debts may be spoken of again once no doubt about the person is left, except with somebody else's new number.
    Refuses: 403 to agents, 404 for what is not within reach, 409 when it was settled already, 422 for a merge of one.
    """
    policy.require(by, "review_identity")
    query: Select[ReviewTask] = select(ReviewTask).where(ReviewTask.id == task_id, _within_reach(by))
    seen = await tx.scalar(query)
    if seen is None:
        raise not_found()
    if decision is Decision.MERGE:
        # Before any row: nobody may be looking for a person's contact while it moves.
        for channel_id in await tx.scalars(_channels_of(seen)):
            await one_at_a_time(tx, channel_id)
    task = (await tx.scalars(query.with_for_update().execution_options(populate_existing=True))).one()
    if task.resolved_at is not None:
        raise Refused(409, Words("Otra persona ya resolvió esta duda."), code="already_resolved")
    if decision is Decision.MERGE:
        if task.other_contact_id is None:
            raise Refused(422, Words("Aquí no hay dos contactos que unir."), code="invalid", field="decision")
        await merge_contacts(tx, keep=task.contact_id, absorb=task.other_contact_id, by=by.actor)
    task.resolved_at, task.resolved_by, task.resolution = clock.now(), by.id, decision
    audit.record(
        tx,
        by.actor,
        "review.closed",
        subject=f"contact:{task.contact_id}",
        old={"kind": task.kind},
        new={"decision": decision, "other": task.other_contact_id},
    )
    await tx.flush()
    if decision is not Decision.DIFFERENT_PEOPLE or task.other_contact_id is not None:
        await _trust_again(tx, task.contact_id)


def _within_reach(viewer: Viewer) -> ColumnElement[bool]:
    """Every conversation of both people is one the viewer sees: merging must not show what is not theirs."""
    if viewer.sees_all:
        return true()
    theirs = aliased(Conversation)
    visible = select(Conversation.id).where(policy.visible(viewer))
    people = theirs.contact_id.in_([ReviewTask.contact_id, ReviewTask.other_contact_id])
    hidden = exists().where(people, theirs.id.not_in(visible))
    return exists().where(people) & ~hidden


def _channels_of(task: ReviewTask) -> Select[int]:
    people = Conversation.contact_id.in_([task.contact_id, task.other_contact_id])
    return select(Conversation.channel_id).where(people).distinct().order_by(Conversation.channel_id)


async def _trust_again(tx: Tx, contact_id: int) -> None:
    other_doubt = exists().where(ReviewTask.contact_id == contact_id, ReviewTask.resolved_at.is_(None))
    await tx.execute(
        update(Contact)
        .where(Contact.id == contact_id, ~other_doubt)
        .values(identity_doubt_at=None, version=Contact.version + 1),
    )
