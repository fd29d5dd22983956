"""The whole history against its seals: those in the database, and the copies kept elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec
from sqlalchemy import select

from console import audit
from console.audit import GENESIS, Verdict, instant
from console.db import Tx
from console.evidence import merkle, seals, stamps
from console.evidence.keys import is_signed
from console.evidence.seals import Seal, Sealed
from console.evidence.stamps import Trust


async def check(
    tx: Tx,
    secret_key: str,
    *,
    keys: Sequence[str],
    now: datetime,
    anchor: tuple[int, str] | None = None,
    kept: Sequence[Sealed] = (),
    since: Seal | None = None,
    trust: Trust | None = None,
) -> Verdict:
    """`audit.verify`, and each seal: its signature by one of `keys`, its place, and the entries it covers.

    `kept` are seals from outside: they expose a history that was rewritten or cut together with its seals. With
    `since`, what this seal and those before it cover is taken as it is. A seal's odd clock is a note. With `trust`, the
    time stamps on the seals are checked, too.
    """
    after = since.id if since else 0
    rows = list(await tx.scalars(select(Seal).where(Seal.id > after).order_by(Seal.id)))
    if wrong := _forged(kept, keys):
        return Verdict(
            0, intact=False, first_bad=wrong.first, reason=f"la copia externa del sello {wrong.number} no vale"
        )
    witness = _Witness(rows, since, keys, now, {seal.last: seal for seal in kept})
    begin = (since.last_id, since.head) if since else (0, GENESIS)
    verdict = await audit.verify(tx, secret_key, anchor=anchor, since=begin, watch=witness.see)
    verdict = msgspec.structs.replace(verdict, seals=witness.checked + after, notes=witness.notes)
    missing = witness.beyond(verdict.entries) if verdict.intact else None
    if missing is None:
        return await _with_stamps(tx, verdict, trust, after) if trust and verdict.intact else verdict
    reason = f"el historial termina antes que el sello {missing.number}"
    return msgspec.structs.replace(verdict, intact=False, first_bad=verdict.entries + 1, reason=reason)


async def _with_stamps(tx: Tx, verdict: Verdict, trust: Trust, after: int) -> Verdict:
    wrong, reason, notes = await stamps.findings(tx, trust, after=after)
    verdict = msgspec.structs.replace(verdict, notes=[*verdict.notes, *notes])
    return msgspec.structs.replace(verdict, intact=False, first_bad=wrong.last_id, reason=reason) if wrong else verdict


def _forged(kept: Sequence[Sealed], keys: Sequence[str]) -> Sealed | None:
    return next((seal for seal in kept if not _is_ours(seal, keys)), None)


def _is_ours(seal: Sealed, keys: Sequence[str]) -> bool:
    return seal.key in keys and is_signed(seals.statement(seal), seal.signature, seal.key)


class _Witness:
    """Walks along the chain and knows what each seal said of it."""

    def __init__(
        self, rows: Sequence[Seal], since: Seal | None, keys: Sequence[str], now: datetime, kept: Mapping[int, Sealed]
    ) -> None:
        self.checked = 0
        self.notes: list[str] = []
        self._rows = rows
        self._before = since
        self._keys = keys
        self._now = now
        self._kept = kept
        self._leaves: list[bytes] = []
        self._latest = (0, 0)

    def see(self, number: int, at_us: int, digest: str) -> str | None:
        """What is wrong with the seal that ends at this entry, or with the copy of one, if anything is."""
        self._latest = max(self._latest, (at_us, number))
        kept = self._kept.get(number)
        if kept and kept.head != digest:
            return f"no coincide con la copia externa del sello {kept.number}"
        if self.checked == len(self._rows):
            return None
        self._leaves.append(bytes.fromhex(digest))
        seal = self._rows[self.checked]
        return self._judge(seal) if number >= seal.last_id else None

    def beyond(self, entries: int) -> Sealed | None:
        """The first seal, ours or kept outside, over entries that are not there."""
        ours = (seals.plainly(seal) for seal in self._rows[self.checked :])
        later = sorted([*ours, *(seal for seal in self._kept.values() if seal.last > entries)], key=lambda s: s.last)
        return later[0] if later else None

    def _judge(self, seal: Seal) -> str | None:
        plain, before = seals.plainly(seal), self._before
        place = (before.id + 1, before.last_id + 1, seals.digest(seals.plainly(before))) if before else (1, 1, GENESIS)
        if (plain.number, plain.first, plain.previous) != place:
            return f"falta o sobra un sello antes del {plain.number}"
        if not _is_ours(plain, self._keys):
            return f"la firma del sello {plain.number} no es la nuestra"
        if (merkle.root(self._leaves).hex(), self._leaves[-1].hex()) != (plain.root, plain.head):
            return f"el sello {plain.number} no corresponde a las entradas que cubre"
        self._mind_the_clock(seal, before)
        self.checked += 1
        self._leaves.clear()
        self._before = seal
        return None

    def _mind_the_clock(self, seal: Seal, before: Seal | None) -> None:
        latest, number = self._latest
        if seal.at_us < latest:
            self.notes.append(
                f"El sello {seal.id} dice {seal.at:%Y-%m-%d %H:%M:%S} UTC, antes que la entrada {number} que cubre "
                f"({instant(latest):%Y-%m-%d %H:%M:%S}): el reloj se atrasó."
            )
        elif before and seal.at_us < before.at_us:
            self.notes.append(f"El sello {seal.id} dice ser anterior al {before.id}: el reloj se atrasó.")
        if seal.at > self._now:
            self.notes.append(f"El sello {seal.id} lleva una hora que aún no llega ({seal.at:%Y-%m-%d %H:%M:%S} UTC).")
