"""Our copy of the message templates that Meta keeps: read at the start, every hour, and when a webhook says so."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any, Protocol

import structlog
from sqlalchemy import select

from console import audit, clock, pacing
from console.audit import Actor, Entry
from console.db import Database, Tx
from console.inbox.channel import Channel, MessageTemplate
from integrations.whatsapp.errors import CallFailed, NoAnswer
from integrations.whatsapp.templates import MessageTemplate as Listed

log = structlog.get_logger()
META = Actor(kind="system", name="WhatsApp", origin="whatsapp")
EVERY = timedelta(hours=1)
RETRY = timedelta(minutes=1)
POLL_SECONDS = 5.0
_TOLD = {"status", "quality", "category", "components"}


class Lists(Protocol):
    """The part of the WhatsApp client that is needed here."""

    def templates(self) -> AsyncIterator[Listed]:
        """Every message template of the account."""


async def keep(tx: Tx, channel_id: int, listed: Sequence[Listed]) -> int:
    """Make our copy what Meta lists; says how many templates changed. What is no longer listed becomes "DELETED".

    Records "template.updated" with the old and new status, quality and category where one of them changed.
    """
    channel = await tx.get_one(Channel, channel_id)
    rows = await tx.scalars(select(MessageTemplate).where(MessageTemplate.channel_id == channel_id))
    known = {(row.name, row.language): row for row in rows}
    changed = 0
    for one in listed:
        row = known.pop((one.name, one.language), None)
        values = _values(one)
        if row is None:
            await _add(tx, channel_id, one, values)
            changed += 1
        else:
            changed += _change(tx, row, values)
    for row in known.values():
        changed += _change(tx, row, {"status": "DELETED"})
    channel.templates_synced_at = clock.now()
    await tx.flush()
    return changed


def _values(listed: Listed) -> dict[str, Any]:
    return {
        "meta_id": listed.id,
        "category": listed.category,
        "status": listed.status,
        "quality": listed.quality_score,
        "parameter_format": listed.parameter_format,
        "components": listed.components,
    }


async def _add(tx: Tx, channel_id: int, listed: Listed, values: dict[str, Any]) -> None:
    row = MessageTemplate(
        channel_id=channel_id, name=listed.name, language=listed.language, updated_at=clock.now(), **values
    )
    tx.add(row)
    await tx.flush()
    _record(tx, row, {}, values)


def _change(tx: Tx, row: MessageTemplate, values: dict[str, Any]) -> bool:
    old = {name: getattr(row, name) for name, value in values.items() if getattr(row, name) != value}
    if not old:
        return False
    for name in old:
        setattr(row, name, values[name])
    row.updated_at = clock.now()
    if set(old) & _TOLD:
        _record(tx, row, old, {name: values[name] for name in old})
    return True


def _record(tx: Tx, row: MessageTemplate, old: dict[str, Any], new: dict[str, Any]) -> None:
    """The words of a template are long and not ours to keep twice: of them, only that they changed."""
    brief = [{name: "…" if name == "components" else value for name, value in side.items()} for side in (old, new)]
    audit.record(tx, META, "template.updated", subject=f"template:{row.id}", old=brief[0] or None, new=brief[1])


class TemplateSync:
    """The loop that keeps the copy young."""

    def __init__(self, db: Database, whatsapp: Lists, channel_id: int) -> None:
        self._db = db
        self._whatsapp = whatsapp
        self._channel_id = channel_id
        self.awake = asyncio.Event()

    async def follow(self, entries: Sequence[Entry]) -> None:
        """Look when Meta said something about a template or the account (a follower of `Live`)."""
        if any(entry.action in {"template.updated", "channel.updated"} for entry in entries):
            self.awake.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Keep the copy young until `stop`."""
        not_before = clock.now()
        while not stop.is_set():
            if clock.now() >= not_before and await self._is_stale() and not await self.sync():
                not_before = clock.now() + RETRY
            await pacing.news(stop, self.awake, within=POLL_SECONDS)
            self.awake.clear()

    async def sync(self) -> bool:
        """Read the list and keep it; whether WhatsApp gave it."""
        try:
            listed = [template async for template in self._whatsapp.templates()]
        except (CallFailed, NoAnswer) as failure:
            log.warning("templates.not_listed", reason=str(failure))
            return False
        async with self._db.transaction() as tx:
            changed = await keep(tx, self._channel_id, listed)
        log.info("templates.synced", listed=len(listed), changed=changed)
        return True

    async def _is_stale(self) -> bool:
        async with self._db.reading() as tx:
            channel = await tx.get_one(Channel, self._channel_id)
        synced, now = channel.templates_synced_at, clock.now()
        return synced is None or not now - EVERY < synced <= now
