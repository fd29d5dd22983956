"""A request of the demo that waits to be answered: somebody whose data are wrong in the creditor's books."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from sqlalchemy import select

from console import clock
from console.agents import Viewer
from console.db import Database
from console.inbox import policy
from console.inbox.models import Conversation
from console.portfolio.models import ContactPoint, PointState
from console.privacy import requests
from console.privacy.models import Kind
from console.settings import Settings


async def ask(db: Database, settings: Settings, viewers: Mapping[str, Viewer]) -> None:
    """Three days ago; Víctor noted it."""
    async with db.transaction() as tx:
        known = select(ContactPoint.contact_id).where(ContactPoint.state == PointState.ACTIVE)
        seen = policy.visible(viewers["victor"])
        wanted = select(Conversation).where(Conversation.contact_id.in_(known), Conversation.status == "open", seen)
        conversation = (await tx.scalars(wanted.order_by(Conversation.id).limit(1))).first()
        if conversation is None:
            return
        asked_on = (clock.now() - timedelta(days=3)).astimezone(settings.zone).date()
        await requests.note(
            tx,
            conversation,
            by=viewers["victor"],
            kind=Kind.RECTIFICATION,
            asked_on=asked_on,
            country=settings.country,
            message_id=None,
        )
