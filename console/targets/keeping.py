"""Deciding how soon people are to be answered, for the company or a team, and an account state."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from sqlalchemy import delete, select

from console import audit, clock
from console.agents import Team, Viewer
from console.audit import Actor
from console.db import Tx
from console.errors import Refused
from console.hours.models import COMPANY
from console.inbox import policy
from console.languages.words import Words
from console.portfolio.states import State
from console.targets.models import EVERY_STATE, Kind, Target

LONGEST = 60 * 24 * 60
"""Minutes of business time; nobody promises anything for later."""


class Wish(msgspec.Struct, frozen=True):
    """A target as it is to be: minutes of business time until the warning, and until it is late."""

    warns_minutes: int
    due_minutes: int


async def set_targets(
    tx: Tx, *, by: Viewer | Actor, team_id: int, account_state: str, wishes: Mapping[Kind, Wish | None]
) -> None:
    """Let these hold for a team (COMPANY: for all) and an account state (EVERY_STATE: any); None takes one away.

    They hold for what begins to wait from now on. Records "targets.updated", with what differs.
    Refuses: 403; 422 naming `kind_due` or `kind_warns`, for a state that does not exist, or an unknown team.
    """
    if isinstance(by, Viewer):
        policy.require_for_team(by, "edit_targets", team_id)
    if team_id != COMPANY and await tx.get(Team, team_id) is None:
        raise Refused(422, Words("Ese equipo no existe."), code="invalid", field="team")
    if account_state != EVERY_STATE and account_state not in {state.value for state in State}:
        raise Refused(422, Words("Ese estado de cuenta no existe."), code="invalid", field="account_state")
    for kind, wish in wishes.items():
        if wish is not None:
            _check(kind, wish)
    here = (Target.team_id == team_id, Target.account_state == account_state)
    rows = {row.kind: row for row in await tx.scalars(select(Target).where(*here).with_for_update())}
    old = {kind: _told(rows.get(kind)) for kind in wishes}
    new = {kind: None if wish is None else [wish.warns_minutes, wish.due_minutes] for kind, wish in wishes.items()}
    changed = [kind for kind in wishes if old[kind] != new[kind]]
    for kind in changed:
        row, wish = rows.get(kind), wishes[kind]
        if wish is None:
            await tx.execute(delete(Target).where(*here, Target.kind == kind))
            continue
        if row is None:
            row = Target(team_id=team_id, account_state=account_state, kind=kind)
            tx.add(row)
        row.warns_minutes, row.due_minutes, row.updated_at = wish.warns_minutes, wish.due_minutes, clock.now()
    if not changed:
        return
    audit.record(
        tx,
        by.actor if isinstance(by, Viewer) else by,
        "targets.updated",
        subject=f"targets:{team_id}",
        old={"state": account_state, **{kind: old[kind] for kind in changed}},
        new={"state": account_state, **{kind: new[kind] for kind in changed}},
    )
    await tx.flush()


def _check(kind: Kind, wish: Wish) -> None:
    if not 1 <= wish.due_minutes <= LONGEST:
        text = Words("Escriba un plazo de 1 minuto a 60 días, por ejemplo «15 min» u «8 h».")
        raise Refused(422, text, code="invalid", field=f"{kind}_due")
    if not 0 <= wish.warns_minutes < wish.due_minutes:
        raise Refused(422, Words("El aviso debe llegar antes del plazo."), code="invalid", field=f"{kind}_warns")


def _told(row: Target | None) -> list[int] | None:
    return None if row is None else [row.warns_minutes, row.due_minutes]
