"""The loop that sends letters about sign-ins. A row waits until the mail server took it: rather twice than never."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import anyio.to_thread
import structlog
from sqlalchemy import select, update

from console import audit, clock
from console.agents import Agent
from console.audit import SYSTEM
from console.db import Database, Tx
from console.pacing import pause
from console.settings import Settings
from console.sign_in_letters.keeping import LIVES
from console.sign_in_letters.models import SignInLetter
from console.sign_in_letters.writing import written
from integrations import mail

log = structlog.get_logger()
LOOK_EVERY = 5.0
CLAIM = timedelta(minutes=2)
"""Longer than a mail server may take; whoever died sending is not waited for longer."""
LONGEST_PAUSE = timedelta(hours=1)


async def run(db: Database, settings: Settings, stop: asyncio.Event) -> None:
    """Send what is due until `stop`."""
    while not stop.is_set():
        while await send_next(db, settings):
            pass
        await pause(stop, LOOK_EVERY)


async def send_next(db: Database, settings: Settings) -> bool:
    """Send one letter that is due; says whether there was one. What the server does not take is tried again later."""
    url, now = settings.smtp_url, clock.now()
    if url is None:
        return False
    async with db.reading() as tx:
        if await tx.scalar(select(SignInLetter.id).where(SignInLetter.due_at <= now).limit(1)) is None:
            return False
    async with db.transaction() as tx:
        letter = await _claim(tx, now)
    if letter is None:
        return False
    async with db.reading() as tx:
        reader, about = await tx.get_one(Agent, letter.agent_id), await tx.get_one(Agent, letter.about_id)
    to = reader.email
    if to is None or reader.disabled_at is not None or clock.now() >= letter.created_at + LIVES:
        log.warning("sign_in.letter_given_up", letter=letter.id)
        await _settle(db, letter, None)
        return True
    text = written(letter, about, settings)
    post = mail.post_of(url, settings.mail_from)
    try:
        await anyio.to_thread.run_sync(lambda: post.send(to=to, subject=text.subject, text=text.text))
    except OSError as failure:  # smtplib's own are among them
        log.warning("sign_in.letter_not_sent", letter=letter.id, reason=type(failure).__name__)
        await _settle(db, letter, clock.now() + min(timedelta(minutes=2 ** min(letter.attempts, 6)), LONGEST_PAUSE))
        return True
    await _settle(db, letter, None, is_sent=True)
    return True


async def _claim(tx: Tx, now: datetime) -> SignInLetter | None:
    due = select(SignInLetter).where(SignInLetter.due_at <= now).order_by(SignInLetter.due_at)
    letter = (await tx.scalars(due.limit(1).with_for_update(skip_locked=True))).first()
    if letter is not None:
        letter.due_at, letter.attempts = now + CLAIM, letter.attempts + 1
    return letter


async def _settle(db: Database, letter: SignInLetter, due_at: datetime | None, *, is_sent: bool = False) -> None:
    """Unless its link was used meanwhile: then there is nothing more to say."""
    told = update(SignInLetter).where(SignInLetter.id == letter.id)
    async with db.transaction() as tx:
        if is_sent:
            await tx.execute(told.values(due_at=None, sent_at=clock.now()))
            audit.record(tx, SYSTEM, "session.alert_mailed", subject=f"agent:{letter.agent_id}")
        else:
            await tx.execute(told.where(SignInLetter.used_at.is_(None)).values(due_at=due_at))
