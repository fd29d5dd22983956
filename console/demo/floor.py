"""How the demo's team decided to give out its queue, and who of it is on a break when the demo begins."""

from __future__ import annotations

from collections.abc import Mapping

from console import clock
from console.agents import Viewer
from console.db import Database, Tx
from console.routing import availability, rules
from console.routing.models import Order, Presence, Serving


async def decide(tx: Tx, team_id: int, *, by: Viewer) -> None:
    """People take from the queue themselves, who has most points first: what waits when the demo begins stays there."""
    typed = {"serving": str(Serving.OFF), "order_by": str(Order.SCORE), "owner_first": "1", "first_reply_takes": "1"}
    await rules.change(tx, team_id, by=by, typed={**typed, "keeps_hours": "1"}, version=None, moment=clock.now())


async def take_breaks(db: Database, viewers: Mapping[str, Viewer]) -> None:
    """Diego has lunch."""
    async with db.transaction() as tx:
        await availability.stand(
            tx, viewers["diego"].id, by=viewers["diego"], state=str(Presence.PAUSED), reason="lunch"
        )
