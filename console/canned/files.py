"""The files that canned texts carry: read for a list of them at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import select

from console.canned.models import CannedFile
from console.db import Tx


async def of(tx: Tx, canned_ids: Collection[int]) -> Mapping[int, Sequence[CannedFile]]:
    """The files of each of these texts, in the order in which they were added. One query, none for no texts."""
    found: dict[int, list[CannedFile]] = defaultdict(list)
    if canned_ids:
        wanted = select(CannedFile).where(CannedFile.canned_id.in_(canned_ids)).order_by(CannedFile.id)
        for row in await tx.scalars(wanted):
            found[row.canned_id].append(row)
    return found


async def referenced(tx: Tx, hashes: Collection[str]) -> set[str]:
    """Which of these files belong to a canned text."""
    return set(await tx.scalars(select(CannedFile.sha256).where(CannedFile.sha256.in_(hashes))))
