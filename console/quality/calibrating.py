"""Calibration: several people review a drawn conversation apart from each other, and then agree on one review."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import delete, select, update

from console import audit, clock
from console.agents import Agent, OwnRole, Viewer
from console.db import Tx
from console.errors import Refused, not_found
from console.inbox import policy
from console.inbox.models import Conversation
from console.languages.words import Words
from console.quality import reviewing
from console.quality.keeping import form_in_force
from console.quality.models import QualityCalibration, QualityForm, QualityPick, QualityReview, QualitySeat

FEWEST, MOST = 2, 6
"""People who review the same conversation."""


async def eligible(tx: Tx, pick_id: int) -> dict[int, str]:
    """Who may take part, by number and in the order of their names: who may review that conversation."""
    about = (
        select(QualityPick.agent_id, Conversation.team_id)
        .join(Conversation, Conversation.id == QualityPick.conversation_id)
        .where(QualityPick.id == pick_id)
    )
    agent_id, team_id = (await tx.execute(about)).one()
    wanted = (
        select(Agent.id, Agent.name, Agent.role, OwnRole.deeds)
        .outerjoin(OwnRole, OwnRole.id == Agent.own_role_id)
        .where(policy.seers(team_id=team_id, holder_id=None), Agent.disabled_at.is_(None), Agent.id != agent_id)
        .order_by(Agent.name, Agent.id)
    )
    return {
        number: name
        for number, name, role, own in await tx.execute(wanted)
        if "review_quality" in policy.deeds_of(role, None if own is None else frozenset(map(str, own)))
    }


async def open_one(tx: Tx, pick_id: int, *, by: Viewer, reviewers: Collection[int]) -> None:
    """Let these people review it, each by the form in force. Records "quality.calibration_opened".

    Refuses: as reviewing.to_be_reviewed; 409 "already_reviewed" or "calibrated"; 422 naming reviewers.
    """
    pick = await reviewing.to_be_reviewed(tx, pick_id, by=by)
    if await tx.scalar(select(QualityReview.id).where(QualityReview.pick_id == pick_id)):
        raise Refused(409, Words("Ya está revisada: se calibra antes de revisar."), code="already_reviewed")
    if await tx.get(QualityCalibration, pick_id):
        raise Refused(409, Words("Ya se está calibrando."), code="calibrated")
    chosen = sorted(set(reviewers))
    if not FEWEST <= len(chosen) <= MOST:
        raise Refused(
            422,
            Words("Elija de {fewest} a {most} personas.", fewest=FEWEST, most=MOST),
            code="invalid",
            field="reviewers",
        )
    if not set(chosen) <= set(await eligible(tx, pick_id)):
        raise Refused(422, Words("Alguien que eligió no puede revisarla."), code="invalid", field="reviewers")
    form = await form_in_force(tx)
    about = {"form_version": form.version, "opened_by": by.id, "opened_at": clock.now()}
    tx.add(QualityCalibration(pick_id=pick_id, **about))
    await tx.flush()
    tx.add_all(QualitySeat(pick_id=pick_id, reviewer_id=number) for number in chosen)
    said = {"agent": pick.agent_id, "conversation": pick.conversation_id, "form": form.version, "reviewers": chosen}
    audit.record(tx, by.actor, "quality.calibration_opened", subject=f"quality_pick:{pick_id}", new=said)


async def send(tx: Tx, pick_id: int, *, by: Viewer, marks: Mapping[str, int | None], note: str) -> int:
    """Give one's own marks, once; returns their score. Records "quality.calibration_sent" without them.

    The history is read by people who have yet to send theirs: it gets all marks when they agree.

    Refuses: as reviewing.review; 403 to who has no seat; 404 where nothing is calibrated; 409 "already_sent".
    """
    await _open(tx, pick_id, by=by)
    seat = await _seat_of(tx, pick_id, by)
    if seat.sent_at is not None:
        raise Refused(409, Words("Usted ya envió su revisión."), code="already_sent")
    found, kept = reviewing.marked(await _form(tx, pick_id), marks, note.strip())
    seat.marks, seat.score, seat.note, seat.sent_at = dict(kept), found, note.strip() or None, clock.now()
    audit.record(tx, by.actor, "quality.calibration_sent", subject=f"quality_pick:{pick_id}")
    return found


async def agree(tx: Tx, pick_id: int, *, by: Viewer, marks: Mapping[str, int | None], note: str) -> int:
    """Keep what they agreed on as the review of the conversation; returns its score.

    Records "quality.calibration_agreed" with everybody's marks, without the notes. From now on the agent reads it.

    Refuses: as `send`; 409 "not_all_sent"; 422 naming note, which says why it was agreed on.
    """
    pick = await _open(tx, pick_id, by=by)
    await _seat_of(tx, pick_id, by)
    seats = await _seats(tx, pick_id)
    if any(seat.sent_at is None for seat in seats):
        raise Refused(409, Words("Falta que alguien envíe su revisión."), code="not_all_sent")
    if not note.strip():
        raise Refused(422, Words("Diga por qué se acordó así."), code="invalid", field="note")
    form = await _form(tx, pick_id)
    found, kept = reviewing.marked(form, marks, note.strip())
    await reviewing.keep(tx, pick_id, by=by, version=form.version, found=found, marks=kept, note=note.strip())
    closing = update(QualityCalibration).where(QualityCalibration.pick_id == pick_id).values(agreed_at=clock.now())
    await tx.execute(closing)
    each = [{"reviewer": seat.reviewer_id, "score": seat.score, "marks": seat.marks} for seat in seats]
    said = {"agent": pick.agent_id, "form": form.version, "score": found, "marks": kept, "seats": each}
    audit.record(tx, by.actor, "quality.calibration_agreed", subject=f"quality_pick:{pick_id}", new=said)
    return found


async def cancel(tx: Tx, pick_id: int, *, by: Viewer) -> None:
    """Give it up: one person reviews it again. Records "quality.calibration_cancelled".

    Refuses: 403 to whoever did not open it, administrators excepted; 404; 409 once it was agreed.
    """
    await _open(tx, pick_id, by=by)
    calibration = await tx.get_one(QualityCalibration, pick_id)
    if by.id != calibration.opened_by and not by.sees_all:
        raise Refused(403, Words("La cancela quien la pidió, o administración."), code="forbidden")
    seats = await _seats(tx, pick_id)
    old = {"reviewers": [s.reviewer_id for s in seats], "sent": [s.reviewer_id for s in seats if s.sent_at]}
    await tx.execute(delete(QualitySeat).where(QualitySeat.pick_id == pick_id))
    await tx.execute(delete(QualityCalibration).where(QualityCalibration.pick_id == pick_id))
    audit.record(tx, by.actor, "quality.calibration_cancelled", subject=f"quality_pick:{pick_id}", old=old)


async def _open(tx: Tx, pick_id: int, *, by: Viewer) -> QualityPick:
    pick = await reviewing.to_be_reviewed(tx, pick_id, by=by)
    calibration = await tx.get(QualityCalibration, pick_id, populate_existing=True)
    if calibration is None:
        raise not_found()
    if calibration.agreed_at is not None:
        raise Refused(409, Words("Ya se acordó un puntaje."), code="already_reviewed")
    return pick


async def _seat_of(tx: Tx, pick_id: int, by: Viewer) -> QualitySeat:
    seat = await tx.get(QualitySeat, (pick_id, by.id))
    if seat is None:
        raise Refused(403, Words("No participa en esta calibración."), code="forbidden")
    return seat


async def _seats(tx: Tx, pick_id: int) -> Sequence[QualitySeat]:
    wanted = select(QualitySeat).where(QualitySeat.pick_id == pick_id).order_by(QualitySeat.reviewer_id)
    return (await tx.scalars(wanted)).all()


async def _form(tx: Tx, pick_id: int) -> QualityForm:
    wanted = select(QualityForm).join(QualityCalibration, QualityCalibration.form_version == QualityForm.version)
    return (await tx.scalars(wanted.where(QualityCalibration.pick_id == pick_id))).one()
