"""Where whoever we speak with lives, as far as we know: the zone of their day, and the country whose hours hold."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from sqlalchemy import select

from console.db import Tx
from console.inbox.contacts import Contact
from console.inbox.models import Conversation
from console.portfolio.models import ContactPoint, Debtor, PointState
from console.portfolio.zones import zone_of


async def whereabouts(tx: Tx, conversation: Conversation, *, zone: str, country: str) -> tuple[ZoneInfo, str]:
    """Zone and country of the debtor; of their number when we know of no debt, else the business's own."""
    known = (
        select(Debtor.timezone, Debtor.country)
        .join(ContactPoint, ContactPoint.debtor_id == Debtor.id)
        .where(ContactPoint.contact_id == conversation.contact_id, ContactPoint.state == PointState.ACTIVE)
        .order_by(Debtor.id)
        .limit(1)
    )
    if (found := (await tx.execute(known)).one_or_none()) is not None:
        return ZoneInfo(found.timezone), found.country
    wa_id = await tx.scalar(select(Contact.wa_id).where(Contact.id == conversation.contact_id))
    return ZoneInfo(zone_of(f"+{wa_id}" if wa_id else None, business=zone)), country
