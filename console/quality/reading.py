"""What the pages of quality show, in a constant number of questions to the database."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import msgspec
from sqlalchemy import Row, Select, func, select
from sqlalchemy.orm import aliased

from console.agents import Agent, Viewer
from console.db import Tx
from console.errors import not_found
from console.inbox import policy, threads
from console.inbox.contacts import Contact
from console.inbox.models import Conversation, Message
from console.inbox.queries import contact_name
from console.inbox.views import MessageView
from console.quality.models import QualityCalibration, QualityFlag, QualityForm, QualityPick, QualityReview
from console.quality.scoring import MARKS, Criterion, asked
from console.word_lists.matching import KINDS

AT_ONCE = 50
_BEFORE, _AFTER = 60, 20
_Reviewer = aliased(Agent)
_ALONE = QualityPick.id.not_in(select(QualityCalibration.pick_id))
"""Reviewed by one person: what several review is in the list of calibrations."""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A drawn conversation in a list. `person` is None for who may no longer see it."""

    id: int
    agent_id: int
    agent: str
    week_on: date
    conversation_id: int
    person: str | None
    score: int | None
    reviewer: str | None
    reviewed_at: datetime | None
    is_answered: bool
    flags: int


class Mark(msgspec.Struct, frozen=True):
    """What one criterion was given."""

    label: str
    guide: str
    weight: int
    words: str
    is_short: bool


class Found(msgspec.Struct, frozen=True):
    """A review as it is read."""

    score: int
    version: int
    marks: list[Mark]
    note: str | None
    answer: str | None
    answered_at: datetime | None


async def to_review(tx: Tx, viewer: Viewer, *, above: int | None) -> list[Line]:
    """What nobody has reviewed yet in the viewer's teams, the oldest first, above the id `above`; one more than fit."""
    wanted = lines(viewer).where(policy.reviewable(viewer), QualityReview.id.is_(None), _ALONE)
    # Nobody reviews their own work: who was an agent and leads now would only meet a refusal.
    wanted = wanted.where(QualityPick.agent_id != viewer.id, QualityPick.id > (above or 0))
    rows = await tx.execute(wanted.order_by(QualityPick.id).limit(AT_ONCE + 1))
    return [line(row) for row in rows]


async def reviewed(tx: Tx, viewer: Viewer, *, below: int | None, own: bool) -> list[Line]:
    """Reviews of the viewer's teams, or with `own` of their work, the newest first; one more than fit."""
    reach = policy.judged(viewer) if own else policy.reviewable(viewer)
    wanted = lines(viewer).where(reach, QualityReview.id.is_not(None))
    if below is not None:
        wanted = wanted.where(QualityReview.id < _review_of(below))
    rows = await tx.execute(wanted.order_by(QualityReview.id.desc()).limit(AT_ONCE + 1))
    return [line(row) for row in rows]


async def left_to_review(tx: Tx, viewer: Viewer) -> int:
    """How many `to_review` holds in all."""
    wanted = (
        select(func.count(QualityPick.id))
        .join(Conversation, Conversation.id == QualityPick.conversation_id)
        .outerjoin(QualityReview, QualityReview.pick_id == QualityPick.id)
        .where(policy.reviewable(viewer), QualityReview.id.is_(None), _ALONE, QualityPick.agent_id != viewer.id)
    )
    return await tx.scalar(wanted) or 0


async def line_of(tx: Tx, viewer: Viewer, pick_id: int) -> Line:
    """One drawn conversation; Refused(404) where `viewer` may not know of it: theirs before it is reviewed, too."""
    reach = policy.reviewable(viewer) | (policy.judged(viewer) & QualityReview.id.is_not(None))
    wanted = lines(viewer).where(QualityPick.id == pick_id, reach)
    row = (await tx.execute(wanted)).one_or_none()
    if row is None or (row.score is None and row.agent_id == viewer.id):
        raise not_found()
    return line(row)


async def found_in(tx: Tx, pick_id: int) -> Found | None:
    """The review of a drawn conversation, by the version of the form it was made with."""
    wanted = select(QualityReview, QualityForm.criteria).join(
        QualityForm, QualityForm.version == QualityReview.form_version
    )
    row = (await tx.execute(wanted.where(QualityReview.pick_id == pick_id))).one_or_none()
    if row is None:
        return None
    review, criteria = row
    marks = [
        Mark(one.label, one.guide, one.weight, MARKS[mark], mark in {0, 1})
        for one in asked(msgspec.convert(criteria, list[Criterion]))
        for mark in (review.marks[one.key],)
    ]
    return Found(review.score, review.form_version, marks, review.note, review.answer, review.answered_at)


async def flagged(tx: Tx, pick_id: int) -> dict[int, list[tuple[str, str]]]:
    """What to look at in the messages of a drawn conversation: by message, what it may be and the words."""
    wanted = select(QualityFlag).where(QualityFlag.pick_id == pick_id).order_by(QualityFlag.message_id)
    found: dict[int, list[tuple[str, str]]] = {}
    for flag in await tx.scalars(wanted):
        found.setdefault(flag.message_id, []).append((KINDS[flag.kind], flag.words))
    return found


async def told(tx: Tx, viewer: Viewer, pick_id: int) -> tuple[Conversation, list[MessageView]] | None:
    """What was said around the agent's last message of that week; None where `viewer` may not see it."""
    at = (
        select(Message.sequence, Conversation)
        .join(QualityPick, QualityPick.message_id == Message.id)
        .join(Conversation, Conversation.id == Message.conversation_id)
        .where(QualityPick.id == pick_id, policy.visible(viewer))
    )
    row = (await tx.execute(at)).one_or_none()
    if row is None:
        return None
    sequence, conversation = row
    page = await threads.thread_after(tx, conversation, sequence, before=_BEFORE, limit=_AFTER)
    return conversation, [one for one in page.messages if one.scheduled is None]


def lines(viewer: Viewer) -> Select[*tuple[Any, ...]]:
    """What `line` reads, of every drawn conversation: the caller bounds it."""
    counted = select(func.count()).select_from(QualityFlag).where(QualityFlag.pick_id == QualityPick.id)
    flags = counted.correlate(QualityPick).scalar_subquery()
    return (
        select(
            QualityPick.id,
            QualityPick.agent_id,
            Agent.name.label("agent"),
            QualityPick.week_on,
            QualityPick.conversation_id,
            policy.visible(viewer).label("is_seen"),
            Contact.name,
            Contact.profile_name,
            Contact.username,
            Contact.wa_id,
            QualityReview.score,
            _Reviewer.name.label("reviewer"),
            QualityReview.created_at.label("reviewed_at"),
            QualityReview.answered_at,
            flags.label("flags"),
        )
        .join(Agent, Agent.id == QualityPick.agent_id)
        .join(Conversation, Conversation.id == QualityPick.conversation_id)
        .join(Contact, Contact.id == Conversation.contact_id)
        .outerjoin(QualityReview, QualityReview.pick_id == QualityPick.id)
        .outerjoin(_Reviewer, _Reviewer.id == QualityReview.reviewer_id)
    )


def _review_of(pick_id: int) -> Any:  # noqa: ANN401 a subquery is whatever it is compared with
    return select(QualityReview.id).where(QualityReview.pick_id == pick_id).scalar_subquery()


def line(row: Row[Any]) -> Line:
    """A row of `lines`."""
    name = contact_name(row.name, row.profile_name, row.username, row.wa_id)
    return Line(
        id=row.id,
        agent_id=row.agent_id,
        agent=row.agent,
        week_on=row.week_on,
        conversation_id=row.conversation_id,
        person=name if row.is_seen else None,
        score=row.score,
        reviewer=row.reviewer,
        reviewed_at=row.reviewed_at,
        is_answered=row.answered_at is not None,
        flags=row.flags,
    )
