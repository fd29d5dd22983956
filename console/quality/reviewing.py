"""Reviewing a drawn conversation, and the agent's one answer to it."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Select, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from console import audit, clock
from console.agents import Viewer
from console.db import Tx, dialect_of
from console.errors import Refused, not_found
from console.inbox import policy
from console.inbox.models import Conversation
from console.languages.words import Words
from console.quality.keeping import criteria_of
from console.quality.models import QualityCalibration, QualityForm, QualityPick, QualityReview
from console.quality.scoring import MISSED, asked, score

LONGEST = 1000
"""Letters of a note or an answer."""


def within_reach(viewer: Viewer) -> Select[QualityPick]:
    """The drawn conversations that `viewer` may know of: those of teams they lead, and their own once reviewed."""
    found: Select[QualityPick] = (
        select(QualityPick)
        .join(Conversation, Conversation.id == QualityPick.conversation_id)
        .outerjoin(QualityReview, QualityReview.pick_id == QualityPick.id)
        .where(policy.reviewable(viewer) | (policy.judged(viewer) & QualityReview.id.is_not(None)))
    )
    return found


async def review(tx: Tx, pick_id: int, *, by: Viewer, version: int, marks: Mapping[str, int | None], note: str) -> int:
    """Give these marks by that version of the form; returns the score. Records "quality.reviewed", without the note.

    Refuses: 403 to who doesn't lead, and of one's own work; 404; 409 "already_reviewed", or "calibrated" where
    several people do; 422 naming mark_ and the
    criterion, or note (which must say what a criterion that was missed lacks).
    """
    pick = await to_be_reviewed(tx, pick_id, by=by)
    if await tx.get(QualityCalibration, pick_id):
        raise Refused(409, Words("Se calibra entre varias personas: el puntaje se acuerda ahí."), code="calibrated")
    form = await tx.get(QualityForm, version)
    if form is None:
        raise Refused(422, Words("Esa versión de la pauta no existe."), code="invalid", field="version")
    found, kept = marked(form, marks, note.strip())
    await keep(tx, pick_id, by=by, version=version, found=found, marks=kept, note=note.strip())
    # Without the conversation: its history is shown to the whole team, and this is between two people.
    audit.record(
        tx,
        by.actor,
        "quality.reviewed",
        subject=f"quality_pick:{pick_id}",
        new={
            "agent": pick.agent_id,
            "conversation": pick.conversation_id,
            "form": version,
            "marks": kept,
            "score": found,
        },
    )
    return found


async def to_be_reviewed(tx: Tx, pick_id: int, *, by: Viewer) -> QualityPick:
    """A drawn conversation that `by` may review, held until `tx` ends: one thing at a time becomes of it.

    Refuses: 403 to who doesn't lead, and of one's own work; 404.
    """
    policy.require(by, "review_quality")
    held = within_reach(by).where(QualityPick.id == pick_id).with_for_update(of=QualityPick)
    pick = (await tx.scalars(held)).one_or_none()
    if pick is None:
        raise not_found()
    if pick.agent_id == by.id:
        raise Refused(403, Words("Nadie revisa su propio trabajo."), code="forbidden")
    return pick


async def keep(
    tx: Tx, pick_id: int, *, by: Viewer, version: int, found: int, marks: Mapping[str, int | None], note: str
) -> None:
    """Write the one review of a drawn conversation; Refused(409) "already_reviewed" where there is one."""
    insert = sqlite_insert if dialect_of(tx) == "sqlite" else postgresql_insert
    about = {"form_version": version, "reviewer_id": by.id, "marks": dict(marks), "score": found, "note": note or None}
    claiming = (
        insert(QualityReview)
        .values(pick_id=pick_id, created_at=clock.now(), **about)
        .on_conflict_do_nothing(index_elements=["pick_id"])
    )
    if (await tx.scalars(claiming.returning(QualityReview.id))).one_or_none() is None:
        raise Refused(409, Words("Otra persona ya la revisó."), code="already_reviewed")


def marked(form: QualityForm, marks: Mapping[str, int | None], note: str) -> tuple[int, dict[str, int | None]]:
    """The score of these marks by this form, and the marks it asks for; Refused(422) as `review` says."""
    criteria = criteria_of(form)
    for one in asked(criteria):
        if one.key not in marks:
            said = Words("Elija una nota para «{label}».", label=one.label)
            raise Refused(422, said, code="invalid", field=f"mark_{one.key}")
    kept = {one.key: marks[one.key] for one in asked(criteria)}
    found = score(criteria, kept)
    if found is None:
        said = Words("Al menos un criterio debe aplicar.")
        raise Refused(422, said, code="invalid", field=f"mark_{asked(criteria)[0].key}")
    if len(note) > LONGEST:
        raise Refused(422, Words("Escriba hasta {longest} letras.", longest=LONGEST), code="invalid", field="note")
    if MISSED in kept.values() and not note:
        raise Refused(
            422, Words("Diga qué faltó: quien lo lee tiene que poder mejorarlo."), code="invalid", field="note"
        )
    return found, kept


async def answer(tx: Tx, pick_id: int, *, by: Viewer, text: str) -> None:
    """Say, once, what the agent has to say to their review. Records "quality.answered", without the text.

    Refuses: 404 for anybody else's; 409 "already_answered"; 422 naming text.
    """
    text = text.strip()
    own = within_reach(by).where(QualityPick.id == pick_id, policy.judged(by), QualityReview.id.is_not(None))
    pick = (await tx.scalars(own)).one_or_none()
    if pick is None:
        raise not_found()
    if not 1 <= len(text) <= LONGEST:
        raise Refused(
            422,
            Words("Escriba su respuesta, de hasta {longest} letras.", longest=LONGEST),
            code="invalid",
            field="text",
        )
    said = (
        update(QualityReview)
        .where(QualityReview.pick_id == pick_id, QualityReview.answered_at.is_(None))
        .values(answer=text, answered_at=clock.now())
        .returning(QualityReview.id)
    )
    if (await tx.scalars(said)).one_or_none() is None:
        raise Refused(409, Words("Ya respondió esta revisión."), code="already_answered")
    audit.record(tx, by.actor, "quality.answered", subject=f"quality_pick:{pick_id}", new={"letters": len(text)})
