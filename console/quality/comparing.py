"""What a calibration shows: who has sent, and once all have, how their marks differ."""

from __future__ import annotations

from datetime import datetime

import msgspec
from sqlalchemy import select

from console.agents import Agent, Viewer
from console.db import Tx
from console.inbox import policy
from console.quality import reading
from console.quality.models import QualityCalibration, QualityForm, QualityPick, QualityReview, QualitySeat
from console.quality.scoring import MARKS, Criterion, asked


class Seat(msgspec.Struct, frozen=True):
    """Somebody who takes part. `score` and `note` are None as long as not all have sent theirs."""

    name: str
    has_sent: bool
    score: int | None
    note: str | None


class Compared(msgspec.Struct, frozen=True):
    """What each gave one criterion, in the order of the seats, and what was agreed on (None: not yet)."""

    key: str
    label: str
    words: list[str]
    differs: bool
    common: str | None  # what a form sends for the mark, where all gave the same
    agreed: str | None


class Calibration(msgspec.Struct, frozen=True, kw_only=True):
    """A calibration as `viewer` may see it now: blind until all have sent."""

    version: int
    criteria: list[Criterion]
    opened_by: int
    seats: list[Seat]
    compared: list[Compared]  # none before all have sent
    spread: int  # between the highest score and the lowest
    is_agreed: bool
    has_seat: bool
    is_awaited: bool  # the viewer has yet to send theirs

    @property
    def is_complete(self) -> bool:
        """Everybody has sent theirs."""
        return all(seat.has_sent for seat in self.seats)


class Open(msgspec.Struct, frozen=True):
    """A calibration in the list."""

    line: reading.Line
    people: str
    sent: int
    seats: int
    is_awaited: bool
    agreed_at: datetime | None


async def calibration_of(tx: Tx, viewer: Viewer, pick_id: int) -> Calibration | None:
    """The calibration of a drawn conversation that `viewer` may review; None where there is none."""
    wanted = (
        select(QualityCalibration, QualityForm, QualityReview.marks)
        .join(QualityForm, QualityForm.version == QualityCalibration.form_version)
        .outerjoin(QualityReview, QualityReview.pick_id == QualityCalibration.pick_id)
        .where(QualityCalibration.pick_id == pick_id)
    )
    row = (await tx.execute(wanted)).one_or_none()
    if row is None:
        return None
    calibration, form, agreed = row
    seated = (
        select(QualitySeat, Agent.name)
        .join(Agent, Agent.id == QualitySeat.reviewer_id)
        .where(QualitySeat.pick_id == pick_id)
        .order_by(Agent.name, Agent.id)
    )
    seats = [(seat, name) for seat, name in await tx.execute(seated)]
    own = next((seat for seat, _name in seats if seat.reviewer_id == viewer.id), None)
    is_complete = all(seat.sent_at for seat, _name in seats)
    criteria, scores = (
        asked(msgspec.convert(form.criteria, list[Criterion])),
        [seat.score or 0 for seat, _name in seats],
    )
    shown = [
        Seat(name, bool(seat.sent_at), *((seat.score, seat.note) if is_complete else (None, None)))
        for seat, name in seats
    ]
    return Calibration(
        version=form.version,
        criteria=criteria,
        opened_by=calibration.opened_by,
        seats=shown,
        compared=[_compared(one, [seat for seat, _name in seats], agreed) for one in criteria] if is_complete else [],
        spread=max(scores) - min(scores) if is_complete else 0,
        is_agreed=calibration.agreed_at is not None,
        has_seat=own is not None,
        is_awaited=own is not None and own.sent_at is None,
    )


async def calibrations(tx: Tx, viewer: Viewer, *, below: int | None) -> list[Open]:
    """Those of the viewer's teams, the newest conversation first; one more than fit. Two questions to the database."""
    wanted = (
        reading.lines(viewer)
        .join(QualityCalibration, QualityCalibration.pick_id == QualityPick.id)
        .add_columns(QualityCalibration.agreed_at)
        .where(policy.reviewable(viewer), QualityPick.agent_id != viewer.id)
    )
    if below is not None:
        wanted = wanted.where(QualityPick.id < below)
    rows = list(await tx.execute(wanted.order_by(QualityPick.id.desc()).limit(reading.AT_ONCE + 1)))
    seated = (
        select(QualitySeat.pick_id, QualitySeat.reviewer_id, QualitySeat.sent_at, Agent.name)
        .join(Agent, Agent.id == QualitySeat.reviewer_id)
        .where(QualitySeat.pick_id.in_([row.id for row in rows]))
        .order_by(Agent.name, Agent.id)
    )
    seats = list(await tx.execute(seated)) if rows else []
    return [
        Open(
            reading.line(row),
            ", ".join(seat.name for seat in here),
            sum(seat.sent_at is not None for seat in here),
            len(here),
            any(seat.reviewer_id == viewer.id and seat.sent_at is None for seat in here),
            row.agreed_at,
        )
        for row in rows
        for here in ([seat for seat in seats if seat.pick_id == row.id],)
    ]


def _compared(one: Criterion, seats: list[QualitySeat], agreed: dict[str, int | None] | None) -> Compared:
    given = [(seat.marks or {}).get(one.key) for seat in seats]
    differs = len(set(given)) > 1
    common = None if differs else "na" if given[0] is None else str(given[0])
    words: list[str] = [MARKS[mark] for mark in given]
    return Compared(one.key, one.label, words, differs, common, MARKS[agreed.get(one.key)] if agreed else None)
