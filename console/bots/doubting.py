"""Something was agreed on words that were edited or taken back since: it is in doubt, and thread and history say so.

Whether the bot speaks or people attend: a debtor may edit for a quarter of an hour (whatsapp.md), and nobody who looks
at the promise afterwards may miss that its evidence is another one now.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from console.audit import SYSTEM, Entry
from console.db import Tx
from console.portfolio import plans, promises
from console.portfolio.agreements import Plan, PlanState, Promise, PromiseState

_CHANGES = frozenset({"message.edited", "message.revoked"})


async def doubted(tx: Tx, entries: Sequence[Entry]) -> None:
    """Note the doubt about open promises and running plans whose evidence these entries of the history changed.

    Announces promise.doubted and plan.doubted. Costs nothing unless a message was edited or taken back.
    """
    acts = [e for e in entries if e.action in _CHANGES and e.actor_kind == "contact" and e.message_id]
    if not acts:
        return
    changed, where = {e.message_id for e in acts}, {e.conversation_id for e in acts}
    promised = select(Promise.id).where(
        Promise.conversation_id.in_(where), Promise.message_id.in_(changed), Promise.state == PromiseState.OPEN
    )
    for promise_id in (await tx.scalars(promised.order_by(Promise.account_id))).all():
        await promises.doubt(tx, promise_id, by=SYSTEM)
    planned = select(Plan.id).where(
        Plan.conversation_id.in_(where), Plan.accepted_message_id.in_(changed), Plan.state == PlanState.ACTIVE
    )
    for plan_id in (await tx.scalars(planned.order_by(Plan.account_id))).all():
        await plans.doubt(tx, plan_id, by=SYSTEM)
