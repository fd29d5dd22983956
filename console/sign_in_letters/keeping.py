"""Letters about sign-ins: written in the transaction of what they tell, and the link that is good once."""

from __future__ import annotations

import base64
import hmac
import re
from datetime import timedelta

import msgspec
from sqlalchemy import delete, select, update

from console import audit, clock, sessions
from console.agents import Agent, Role
from console.audit import Actor
from console.db import Tx
from console.languages.readers import SPANISH
from console.sign_in_letters.models import LetterKind, SignInLetter

LIVES = timedelta(days=3)
"""How long the link is good, and how long a letter is tried: later its link would be none."""
KEPT = timedelta(days=90)
AGAIN = timedelta(minutes=10)
"""The same browser at the same address within this time is the same news."""
_LINK = re.compile(r"([1-9][0-9]{0,17})\.([A-Za-z0-9_-]{32})", re.ASCII)


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Where a sign-in came from, as its letter tells it."""

    address: str
    user_agent: str
    is_new_browser: bool
    language: str


async def write(tx: Tx, agent: Agent, origin: Origin) -> None:
    """Have `agent`, whose row is locked, told by mail of a sign-in that happens in `tx`."""
    now = clock.now()
    about = SignInLetter.about_id == agent.id
    await tx.execute(delete(SignInLetter).where(about, SignInLetter.created_at < now - KEPT))
    same = select(SignInLetter.id).where(
        about,
        SignInLetter.kind == LetterKind.UNFAMILIAR,
        SignInLetter.address == origin.address,
        SignInLetter.user_agent == origin.user_agent,
        SignInLetter.used_at.is_(None),
        SignInLetter.created_at > now - AGAIN,
    )
    if agent.email is None or await tx.scalar(same.limit(1)) is not None:
        return
    tx.add(
        SignInLetter(
            kind=LetterKind.UNFAMILIAR,
            agent_id=agent.id,
            about_id=agent.id,
            address=origin.address,
            user_agent=origin.user_agent,
            is_new_browser=origin.is_new_browser,
            language=agent.language or origin.language,
            signed_in_at=now,
            created_at=now,
            due_at=now,
        )
    )


def link_of(letter: SignInLetter, *, key: str) -> str:
    """What the address of its link ends with: nothing of it is kept, and nobody without the key makes one."""
    return f"{letter.id}.{_mark(letter, key)}"


async def found(tx: Tx, link: str, *, key: str) -> SignInLetter | None:
    """The letter that `link` was made for; None for one that we did not make."""
    parts = _LINK.fullmatch(link)
    letter = await tx.get(SignInLetter, int(parts[1])) if parts else None
    if parts is None or letter is None or letter.kind != LetterKind.UNFAMILIAR:
        return None
    return letter if hmac.compare_digest(parts[2], _mark(letter, key)) else None


def is_good(letter: SignInLetter) -> bool:
    """Whether its link may still be used."""
    return letter.used_at is None and clock.now() < letter.created_at + LIVES


async def disown(tx: Tx, letter: SignInLetter, *, by: Actor) -> bool:
    """The owner says that the sign-in was not theirs: nobody who knows the password stays in, or comes in again.

    All their sessions end, the password opens no more, and administrators are written to. Records "session.disowned".
    Says whether it was this call that did it: of several at once exactly one does, and none after LIVES.
    """
    now = clock.now()
    using = (
        update(SignInLetter)
        .where(SignInLetter.id == letter.id, SignInLetter.used_at.is_(None), SignInLetter.created_at > now - LIVES)
        .values(used_at=now, due_at=None)
        .returning(SignInLetter.id)
    )
    if await tx.scalar(using) is None:
        return False
    agent = (await tx.scalars(select(Agent).where(Agent.id == letter.about_id).with_for_update())).one()
    had_password = agent.password_hash is not None
    agent.password_hash = None
    agent.version += 1
    audit.record(tx, by, "session.disowned", subject=f"agent:{agent.id}", new={"password_withdrawn": had_password})
    await sessions.end_all(tx, agent.id, by=by, why="disowned")
    admins = select(Agent).where(
        Agent.role == Role.ADMIN, Agent.disabled_at.is_(None), Agent.email.is_not(None), Agent.id != agent.id
    )
    tx.add_all(_to_admin(admin, letter) for admin in await tx.scalars(admins.order_by(Agent.id)))
    return True


def _to_admin(admin: Agent, letter: SignInLetter) -> SignInLetter:
    return SignInLetter(
        kind=LetterKind.DISOWNED,
        agent_id=admin.id,
        about_id=letter.about_id,
        address=letter.address,
        user_agent=letter.user_agent,
        is_new_browser=letter.is_new_browser,
        language=admin.language or SPANISH,
        signed_in_at=letter.signed_in_at,
        created_at=clock.now(),
        due_at=clock.now(),
    )


def _mark(letter: SignInLetter, key: str) -> str:
    said = f"not me\0{letter.id}\0{letter.about_id}\0{letter.created_at.isoformat()}"
    return base64.urlsafe_b64encode(hmac.digest(key.encode(), said.encode(), "sha256")[:24]).decode()
