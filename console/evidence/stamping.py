"""The loop that has a time-stamping authority witness each seal. What it does not answer is asked again."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import httpx
import structlog

from console import clock
from console.db import Database
from console.evidence import stamps
from console.evidence.seals import Seal, SealKeeper
from console.evidence.stamps import PLACE, Stamp
from console.pacing import pause
from console.settings import Settings
from integrations import timestamping
from integrations.timestamping import Stamped, Unstamped

log = structlog.get_logger()
LOOK_EVERY = 15.0
"""Seconds between looks for a seal that has no stamp yet."""
AT_ONCE = 20
"""Stamps asked for in one round: many years of seals are caught up with in days, and nobody's gift is abused."""
CLAIM = timedelta(minutes=6)
"""What a round may take at the most; whoever began one and died is not waited for longer."""
RETRY_AFTER = timedelta(minutes=2)


async def run(db: Database, settings: Settings, stop: asyncio.Event) -> None:
    """Have every seal stamped until `stop`."""
    while not stop.is_set():
        await stamp_some(db, settings)
        await pause(stop, LOOK_EVERY)


async def stamp_some(db: Database, settings: Settings, *, most: int = AT_ONCE) -> int:
    """Have the newest seals without a stamp stamped, one after the other; says how many were.

    None without an authority, while another process asks, and for a while after it failed.
    """
    url = settings.tsa_url
    if url is None:
        return 0
    async with db.reading() as tx:
        bare = await stamps.wanting(tx, most)
        keeper = await tx.get_one(SealKeeper, PLACE)
    if not bare or _waits(keeper) or not await _claimed(db):
        return 0
    try:
        trust = await asyncio.to_thread(stamps.trust_of, settings)
    except (OSError, ValueError) as unreadable:
        # The roots were there when this process began. Seals go on, and packs are made.
        log.warning("history.roots_unreadable", reason=type(unreadable).__name__)
        await _let_go(db, why="unknown_certificate")
        return 0
    made, why = 0, None
    async with httpx.AsyncClient(trust_env=False) as http:
        for seal in bare:
            asked_at = clock.now()
            said = stamps.stamped_bytes(seal)
            try:
                answer, told = await timestamping.ask(http, url, said, trust.roots)
            except Unstamped as failure:
                why = failure.why
                log.warning("history.seal_not_stamped", seal=seal.id, reason=why)
                break
            stamp = _stamp(seal, answer, told, asked_at=asked_at)
            async with db.transaction() as tx:
                # Whoever else thought it was their turn holds the same row while writing.
                await tx.get_one(SealKeeper, PLACE, with_for_update=True)
                if await tx.get(Stamp, seal.id) is None:
                    tx.add(stamp)
            made += 1
    is_all = made == len(bare) < most
    await _let_go(db, why=why, up_to=bare[0].id if is_all else 0)
    return made


async def _let_go(db: Database, *, why: str | None, up_to: int = 0) -> None:
    """The round is over: who comes next may ask, after a while if it failed. Every seal up to `up_to` is stamped."""
    async with db.transaction() as tx:
        keeper = await tx.get_one(SealKeeper, PLACE, with_for_update=True)
        keeper.trouble, keeper.at = why, clock.now() + RETRY_AFTER if why else None
        keeper.seal_id = max(keeper.seal_id, up_to)


def _waits(keeper: SealKeeper) -> bool:
    return keeper.at is not None and clock.now() < keeper.at


async def _claimed(db: Database) -> bool:
    """Whether this process asks now: a stamp may cost money."""
    async with db.transaction() as tx:
        keeper = await tx.get_one(SealKeeper, PLACE, with_for_update=True)
        if _waits(keeper):
            return False
        keeper.at = clock.now() + CLAIM
    return True


def _stamp(seal: Seal, answer: bytes, told: Stamped, *, asked_at: datetime) -> Stamp:
    return Stamp(
        seal_id=seal.id,
        answer=answer,
        authority=told.authority,
        at=told.at,
        accuracy_us=told.accuracy // timedelta(microseconds=1),
        asked_at=asked_at,
        answered_at=clock.now(),
    )
