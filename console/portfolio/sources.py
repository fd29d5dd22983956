"""For whom debts are stated: the business itself unless another creditor is named, and the team that works them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from console import audit
from console.agents import Team
from console.audit import Actor
from console.db import Tx
from console.errors import Refused
from console.inbox.channel import Channel
from console.languages.words import Words
from console.portfolio.models import Creditor
from console.portfolio.statement import Source
from console.settings import Settings


async def source_for(
    tx: Tx,
    settings: Settings,
    *,
    named: str,
    by: Actor,
    moment: datetime,
    creditor: str | None = None,
    team_id: int | None = None,
) -> Source:
    """Where statements belong that come by the way called `named`. A creditor met for the first time is made.

    Announces creditor.created. Refuses: 422 for a team that does not exist.
    """
    return Source(
        creditor_id=await _creditor(tx, creditor or settings.company, by, moment),
        team_id=await _team(tx, team_id),
        country=settings.country,
        timezone=settings.timezone,
        named=named,
    )


async def _creditor(tx: Tx, name: str, by: Actor, moment: datetime) -> int:
    found = await tx.scalar(select(Creditor.id).where(Creditor.name == name))
    if found is not None:
        return found
    creditor = Creditor(name=name, created_at=moment)
    tx.add(creditor)
    await tx.flush()
    audit.record(tx, by, "creditor.created", subject=f"creditor:{creditor.id}", new={"name": name})
    return creditor.id


async def _team(tx: Tx, team_id: int | None) -> int:
    wanted = select(Team.id).where(Team.id == team_id) if team_id is not None else _OF_THE_NUMBER
    found = await tx.scalar(wanted)
    if found is None and team_id is None:
        found = await tx.scalar(select(Team.id).order_by(Team.id).limit(1))
    if found is None:
        raise Refused(422, Words("No hay un equipo que trabaje estas cuentas: cree uno primero."), code="no_team")
    return found


_OF_THE_NUMBER = select(Channel.team_id).order_by(Channel.id).limit(1)
