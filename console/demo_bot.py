"""The demo's bot: it answers after hours, but not over the story's last messages, which arrive as everything starts."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from console.agents import Team
from console.audit import Actor
from console.bots import conduct
from console.db import Tx

PAYS_BY = "Yape, Plin o transferencia a la cuenta recaudadora de Financiera Andes; y el enlace de pago, con tarjeta."


async def let_it_speak(tx: Tx, *, by: Actor, quiet_until: datetime) -> None:
    """Every team's bot knows how one can pay, and is silent until `quiet_until`."""
    for team_id in (await tx.scalars(select(Team.id).order_by(Team.id))).all():
        await conduct.change(tx, team_id, by=by, paused_until=quiet_until, methods=PAYS_BY)
