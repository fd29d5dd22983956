"""Where somebody is signed in, as people recognise it."""

from __future__ import annotations

import re
from typing import Any

import msgspec
from sqlalchemy import select

from console import sessions
from console.agents import SignInSession
from console.db import Tx
from console.languages.words import Words


class SessionLine(msgspec.Struct, frozen=True):
    """A session as its owner recognises it."""

    id: int
    device: str
    origin: str
    started_at: Any
    seen_at: Any
    is_current: bool


async def session_lines(tx: Tx, agent_id: int, current: int | None) -> list[SessionLine]:
    """The open sessions of an agent, the latest used first; `current` is the one that asks."""
    own = select(SignInSession).where(SignInSession.agent_id == agent_id, *await sessions.open_now(tx))
    return [
        SessionLine(
            id=row.id,
            device=_device(row.user_agent),
            origin=row.address,
            started_at=row.created_at,
            seen_at=row.seen_at,
            is_current=row.id == current,
        )
        for row in await tx.scalars(own.order_by(SignInSession.seen_at.desc()))
    ]


_BROWSERS = (("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
_SYSTEMS = (("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("Mac OS", "Mac"))


def browser_in_words(user_agent: str) -> Words:
    """As `_device`, for mail: what names neither is unknown, because a stranger chose its words."""
    browser = next((name for mark, name in _BROWSERS if mark in user_agent), None)
    system = next((name for mark, name in (*_SYSTEMS, ("Linux", "Linux")) if mark in user_agent), None)
    if browser and system:
        return Words("{browser} en {system}", browser=browser, system=system)
    return Words("Navegador desconocido")


def _device(user_agent: str) -> str:
    """Browser and system in words; an agent string that names neither is shown as it is, without control marks."""
    browser = next((name for mark, name in _BROWSERS if mark in user_agent), None)
    system = next((name for mark, name in (*_SYSTEMS, ("Linux", "Linux")) if mark in user_agent), None)
    if browser and system:
        return Words("{browser} en {system}", browser=browser, system=system)
    return browser or system or re.sub(r"[^\x20-\x7e]", "", user_agent)[:60]
