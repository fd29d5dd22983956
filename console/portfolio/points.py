"""Numbers and the people behind them: who writes from a number the creditor gave is shown with its debt."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select, update

from console import audit
from console.audit import SYSTEM
from console.consents import waiting
from console.db import Tx
from console.inbox.contacts import Alias
from console.portfolio.models import Account, ContactPoint
from console.portfolio.standing import refresh_conversations


async def adopt(tx: Tx, contact_id: int, match_keys: Collection[str], moment: datetime) -> None:
    """Join the numbers with these keys, and with them their debtors, to the contact that writes from them.

    Announces contact.linked when there were any. Their accounts stay locked until `tx` ends: a payment that comes at
    this very moment waits, and finds the conversation. What files said they allow or refuse is noted.
    """
    joined = list(
        await tx.scalars(
            update(ContactPoint)
            .where(ContactPoint.match_key.in_(match_keys), ContactPoint.contact_id.is_(None))
            .values(contact_id=contact_id, updated_at=moment)
            .returning(ContactPoint.debtor_id),
        ),
    )
    if not joined:
        return
    await tx.execute(
        select(Account.id).where(Account.debtor_id.in_(joined)).order_by(Account.id).with_for_update(),
    )
    audit.record(tx, SYSTEM, "contact.linked", subject=f"contact:{contact_id}", new={"debtors": sorted(joined)})
    await refresh_conversations(tx, [contact_id], by=SYSTEM)
    await waiting.give_to(tx, [contact_id])


async def find_contacts(tx: Tx, match_keys: Collection[str]) -> dict[str, int]:
    """The contact that already writes from each of these numbers: what a new debtor's number is joined to at once."""
    if not match_keys:
        return {}
    rows = await tx.execute(
        select(Alias.match_key, Alias.contact_id).where(Alias.match_key.in_(match_keys)).order_by(Alias.id),
    )
    return {key: contact_id for key, contact_id in rows if key}


async def move(tx: Tx, *, keep: int, absorb: int, moment: datetime) -> None:
    """Two contacts were one person: the debts of the second are the first's."""
    await tx.execute(
        update(ContactPoint).where(ContactPoint.contact_id == absorb).values(contact_id=keep, updated_at=moment),
    )
    await refresh_conversations(tx, [keep], by=SYSTEM)
