"""What `/` offers in one conversation: the texts one may use, filled in, the most used first."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlalchemy import and_, select

from console.agents import Viewer
from console.canned import files
from console.canned.models import CannedFile, CannedText, CannedUse
from console.db import Tx
from console.inbox import policy
from console.render import fold
from console.texts import variables
from console.texts.values import Values

MOST = 600


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """A canned text for one conversation: `text` is filled in, `missing` names the blanks that are still in it.

    `files` are kind and name of what goes with it.
    """

    id: int
    name: str
    folder: str
    whose: str
    text: str
    missing: list[str]
    files: list[tuple[str, str]]
    words: str
    used: int


async def offers(tx: Tx, viewer: Viewer, values: Values) -> list[Offer]:
    """What `viewer` may use, what they use most first, then what everybody does. Two queries."""
    mine = and_(CannedUse.canned_id == CannedText.id, CannedUse.agent_id == viewer.id)
    wanted = (
        select(CannedText, CannedUse.n)
        .outerjoin(CannedUse, mine)
        .where(policy.visible_canned(viewer), CannedText.retired_at.is_(None))
        .limit(MOST)
    )
    rows = [(text, used or 0) for text, used in await tx.execute(wanted)]
    rows.sort(key=lambda row: (-row[1], -row[0].used, row[0].name_key))
    kept = await files.of(tx, [text.id for text, _used in rows])
    return [_offer(text, used, values, kept.get(text.id, ())) for text, used in rows]


def _offer(row: CannedText, used: int, values: Values, kept: Sequence[CannedFile]) -> Offer:
    filled = variables.fill(row.body, values.by_name)
    return Offer(
        id=row.id,
        name=row.name,
        folder=row.folder,
        whose="own" if row.owner_id else "team" if row.team_id else "all",
        text=filled.text,
        missing=filled.missing,
        files=[(file.kind, file.filename) for file in kept],
        words=fold(" ".join([row.name, row.folder, row.body, *(file.filename for file in kept)])),
        used=used,
    )
