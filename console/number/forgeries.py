"""Deliveries with a wrong signature: when the last one came, for the number's page."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError

from console import clock
from console.db import Database
from console.inbox import channel_state
from console.number import keeping

log = structlog.get_logger()
NOTED_EVERY = timedelta(minutes=1)


class Forgeries:
    """Notes that one came, at most once a minute: whoever knocks all night must not make us write all night."""

    def __init__(self, db: Database, phone_number_id: str) -> None:
        self._db = db
        self._number = phone_number_id
        self._noted_at: datetime | None = None

    async def note(self) -> None:
        """One was refused just now. A database that is away takes nothing from the answer, which is given."""
        now = clock.now()
        if self._noted_at is not None and timedelta() <= now - self._noted_at < NOTED_EVERY:
            return
        self._noted_at = now
        try:
            async with self._db.transaction() as tx:
                channel = await channel_state.by_number(tx, self._number)
                if channel is not None:
                    await keeping.note_bad_signature(tx, channel.id)
        except (SQLAlchemyError, OSError) as away:
            log.warning("webhook.refusal_not_noted", kind=type(away).__name__)
