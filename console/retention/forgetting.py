"""The work of forgetting: person by person, each in a transaction of its own; killed at any moment, it goes on.

A person is looked at again while their rows are held: whoever writes in between is kept.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

import structlog
from sqlalchemy import ColumnElement, select

from console import audit, clock
from console.audit import SYSTEM
from console.db import Database, Tx
from console.inbox.contacts import Contact
from console.privacy import erasing
from console.privacy.erasing import Erased
from console.retention import due, rules
from console.retention.models import RetentionRule
from console.retention.rules import Terms

log = structlog.get_logger()
AT_ONCE = 50
BREATH = 0.01
"""Seconds between two people: others write too."""
LOOK_EVERY = 3600.0

Deed = Callable[[Tx, int, Sequence[int]], Awaitable[Erased]]


async def run(db: Database, media_dir: Path, stop: asyncio.Event) -> None:
    """Forget what is due, and look again every hour, until `stop`."""
    while not stop.is_set():
        forgotten = await sweep(db, media_dir, clock.now(), stop)
        if forgotten:
            log.info("retention.swept", people=forgotten)
        try:
            async with asyncio.timeout(LOOK_EVERY):
                await stop.wait()
        except TimeoutError:
            continue


async def sweep(db: Database, media_dir: Path, moment: datetime, stop: asyncio.Event | None = None) -> int:
    """Forget all that is due at `moment`; says how many people lost something. Whoever is held back waits."""
    async with db.reading() as tx:
        rule = await tx.get_one(RetentionRule, 1)
        terms, runs = rules.terms_of(rule), rules.runs(rule, moment)
    forgotten = 0
    if runs and terms.everything_months is not None:
        condition = due.forgettable(moment, terms.everything_months)
        deed = partial(_forget_all, months=terms.everything_months)
        forgotten += await _each(db, media_dir, terms, condition=condition, deed=deed, stop=stop)
    if runs and terms.media_months is not None:
        condition = due.with_files(moment, terms.media_months)
        deed = partial(_forget_files, months=terms.media_months)
        forgotten += await _each(db, media_dir, terms, condition=condition, deed=deed, stop=stop)
    return forgotten


async def _each(
    db: Database,
    media_dir: Path,
    terms: Terms,
    *,
    condition: ColumnElement[bool],
    deed: Deed,
    stop: asyncio.Event | None,
) -> int:
    last = forgotten = 0
    wanted = select(Contact.id).where(condition).order_by(Contact.id).limit(AT_ONCE)
    while True:
        async with db.reading() as tx:
            page = list(await tx.scalars(wanted.where(Contact.id > last)))
        for contact_id in page:
            if stop is not None and stop.is_set():
                return forgotten
            async with db.transaction() as tx:
                conversations = await _still(tx, contact_id, terms, condition)
                gone = await deed(tx, contact_id, conversations) if conversations else None
            if gone is not None:
                await asyncio.to_thread(erasing.remove, gone, media_dir)
                forgotten += 1
            await asyncio.sleep(BREATH)
        if len(page) < AT_ONCE:
            return forgotten
        last = page[-1]


async def _still(tx: Tx, contact_id: int, terms: Terms, condition: ColumnElement[bool]) -> list[int]:
    """The conversations of somebody, held until `tx` ends; none if the rule or what speaks for them changed."""
    rule = await tx.get_one(RetentionRule, 1, with_for_update={"read": True}, populate_existing=True)
    conversations = await erasing.hold(tx, contact_id)
    found = await tx.scalar(select(Contact.id).where(Contact.id == contact_id, condition))
    return conversations if found is not None and rules.terms_of(rule) == terms else []


async def _forget_all(tx: Tx, contact_id: int, _conversations: Sequence[int], *, months: int) -> Erased:
    return await erasing.erase(tx, contact_id, by=SYSTEM, facts={"months": months})


async def _forget_files(tx: Tx, contact_id: int, conversations: Sequence[int], *, months: int) -> Erased:
    gone = await erasing.erase_files(tx, conversations)
    for conversation_id in conversations:
        audit.record(
            tx,
            SYSTEM,
            "media.erased",
            conversation_id=conversation_id,
            subject=f"contact:{contact_id}",
            new={"media": gone.media, "months": months},
        )
    return gone
