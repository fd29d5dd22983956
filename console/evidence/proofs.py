"""That entries stand in the sealed history: each with its seal and the way to the seal's root, and nobody else's."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime

from console import audit
from console.audit import GENESIS, HASHED, AuditEntry
from console.db import Tx
from console.evidence import merkle, seals, stamps
from console.evidence.seals import Seal
from console.evidence.shapes import Proof, Proofs, Stamping
from console.evidence.stamps import Stamp


class Unproven(Exception):  # noqa: N818 an answer about a history
    """Some entry is under no seal that holds: the history was touched, and `aldia audit verify` says where."""


async def prove(tx: Tx, entries: Sequence[AuditEntry], *, keys: tuple[str, ...]) -> Proofs:
    """The proof of `entries`, which are in order. Raises Unproven."""
    over = await seals.covering(tx, [entry.id for entry in entries])
    proofs: list[Proof] = []
    for seal in over:
        mine = [entry for entry in entries if seal.first_id <= entry.id <= seal.last_id]
        proofs += await _under(tx, seal, mine)
    if len(proofs) != len(entries):
        raise Unproven
    found = (await stamps.of_seals(tx, [seal.id for seal in over])).values()
    stamped = [_plainly(stamp) for stamp in sorted(found, key=lambda stamp: stamp.seal_id)]
    return Proofs(HASHED, keys, [seals.plainly(seal) for seal in over], proofs, stamped)


async def answers_of(tx: Tx, proofs: Proofs) -> dict[str, bytes]:
    """What the authority said of the seals of `proofs`, byte for byte, by the name of the file in a pack."""
    found = await stamps.of_seals(tx, [stamp.seal for stamp in proofs.stamps])
    return {stamp.file: found[stamp.seal].answer for stamp in proofs.stamps}


def _plainly(stamp: Stamp) -> Stamping:
    return Stamping(
        seal=stamp.seal_id,
        file=f"sellos/{stamp.seal_id}.tsr",
        authority=stamp.authority,
        at=_iso(stamp.at),
        asked_at=_iso(stamp.asked_at),
        answered_at=_iso(stamp.answered_at),
    )


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


async def _under(tx: Tx, seal: Seal, entries: Sequence[AuditEntry]) -> list[Proof]:
    # One before the first: what the first is chained to.
    hashes = await seals.hashes_of(tx, seal.first_id - 1, seal.last_id)
    before = hashes if seal.first_id > 1 else [bytes.fromhex(GENESIS), *hashes]
    if len(before) != seal.last_id - seal.first_id + 2:
        raise Unproven
    places = [entry.id - seal.first_id for entry in entries]
    root, paths = await asyncio.to_thread(merkle.grown, before[1:], places)
    if root.hex() != seal.root:
        raise Unproven
    return [
        Proof(entry.hash, before[place].hex(), audit.hashed_text(entry), seal.id, path)
        for entry, place, path in zip(entries, places, paths, strict=True)
    ]
