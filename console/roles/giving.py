"""Which roles can be given to somebody, built in or of one's own, and the one that was chosen in a form."""

from __future__ import annotations

import re

from sqlalchemy import select

from console.agents import OwnRole, Role, Viewer
from console.db import Tx
from console.errors import Refused
from console.inbox import policy
from console.languages.words import Words

NAMES = {Role.AGENT: Words("Agente"), Role.SUPERVISOR: Words("Supervisión"), Role.ADMIN: Words("Administración")}


async def offered(tx: Tx) -> list[tuple[str, str]]:
    """Every role: its value in forms (a built-in one's, or "own-" and its number), and its name."""
    own = await tx.scalars(select(OwnRole).where(OwnRole.retired_at.is_(None)).order_by(OwnRole.name))
    return [*((str(role), words) for role, words in NAMES.items()), *((f"own-{row.id}", row.name) for row in own)]


async def chosen(tx: Tx, viewer: Viewer, typed: str) -> tuple[str, OwnRole | None]:
    """The role of this value, or its base and the role itself, which is held until `tx` ends.

    Refuses: 403 for one that can do what the viewer cannot; 422 for one of one's own that is no more. What is neither
    comes back as it is: whoever gives it refuses it.
    """
    own = re.fullmatch(r"own-(\d{1,18})", typed, re.ASCII)
    if own is None:
        if typed in NAMES:
            policy.require_reach(viewer, typed, None)
        return typed, None
    wanted = select(OwnRole).where(OwnRole.id == int(own[1]), OwnRole.retired_at.is_(None))
    role = await tx.scalar(wanted.with_for_update())
    if role is None:
        raise Refused(422, Words("Ese rol ya no existe."), code="invalid", field="role")
    policy.require_reach(viewer, role.base, frozenset(map(str, role.deeds)))
    return role.base, role
