"""What the demo's supervisor drew and reviewed of the days before it begins, and what an agent says to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from console import clock
from console.agents import Viewer
from console.db import Database, Tx
from console.portfolio.states import today_in
from console.quality import calibrating, drawing, reviewing, sampling
from console.quality.keeping import criteria_of, form_in_force
from console.quality.models import QualityPick
from console.quality.scoring import MET, MISSED, PARTLY, asked
from console.settings import Settings

# The marks of each review in the order of the form, the note, and what the agent answers.
REVIEWS = (
    ((MET, MET, MET, MET, PARTLY), "Buen trato y datos claros. Falta cerrar con una fecha concreta.", "De acuerdo."),
    ((PARTLY, MISSED, MET, MET, MET), "Confirme que escribe la persona titular antes de hablar de montos.", None),
    ((MET, MET, MET, MET, MET), "", None),
)
# What Víctor and Elena give the same conversation, and what they agree on.
APART = (
    ((MET, PARTLY, MET, PARTLY, MET), "Confirmó al titular, aunque tarde."),
    ((MET, MISSED, MET, PARTLY, MET), "Habló del monto antes de confirmar quién escribía."),
)
AGREED = (MET, MISSED, MET, PARTLY, MET)


async def review(db: Database, settings: Settings, viewers: Mapping[str, Viewer]) -> None:
    """Draw from the day that was told, whatever week it falls in; Víctor reviews a few, and leaves some to do."""
    leader, of_id = viewers["victor"], {viewer.id: viewer for viewer in viewers.values()}
    today = today_in(settings.zone, clock.now())
    for week_on in (drawing.week_before(today), drawing.week_of(today)):
        async with db.reading() as tx:
            due = await sampling.undrawn(tx, week_on, settings.zone)
        async with db.transaction() as tx:
            for worked in due:
                await sampling.draw_for(tx, worked, week_on)
    async with db.transaction() as tx:
        form = await form_in_force(tx)
        keys = [one.key for one in asked(criteria_of(form))]
        within = reviewing.within_reach(leader).where(QualityPick.agent_id != leader.id)
        drawn = list(await tx.scalars(within.order_by(QualityPick.id)))
        for pick, (marks, note, answer) in zip(drawn[::2], REVIEWS, strict=False):
            given = dict(zip(keys, marks, strict=True))
            await reviewing.review(tx, pick.id, by=leader, version=form.version, marks=given, note=note)
            if answer:
                await reviewing.answer(tx, pick.id, by=of_id[pick.agent_id], text=answer)
        for pick, is_agreed in zip(drawn[1::2], (True, False), strict=False):
            await _calibrate(tx, pick.id, (leader, viewers["elena"]), keys, is_agreed=is_agreed)


async def _calibrate(tx: Tx, pick_id: int, people: Sequence[Viewer], keys: Sequence[str], *, is_agreed: bool) -> None:
    """One that was agreed on, and one in which the supervisor has yet to send theirs."""
    leader, other = people
    await calibrating.open_one(tx, pick_id, by=leader, reviewers=[one.id for one in people])
    given = {one.id: dict(zip(keys, marks, strict=True)) for one, (marks, _note) in zip(people, APART, strict=True)}
    await calibrating.send(tx, pick_id, by=other, marks=given[other.id], note=APART[1][1])
    if is_agreed:
        await calibrating.send(tx, pick_id, by=leader, marks=given[leader.id], note=APART[0][1])
        agreed = dict(zip(keys, AGREED, strict=True))
        why = "El monto se dijo antes de confirmar al titular, pero el cierre fue claro: así lo puntuamos desde hoy."
        await calibrating.agree(tx, pick_id, by=leader, marks=agreed, note=why)
