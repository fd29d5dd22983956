"""Seals: from time to time the history up to an entry is signed, so that a stranger can tell that it stood then."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import BigInteger, String, select
from sqlalchemy.orm import Mapped, mapped_column

from console import audit
from console.audit import GENESIS, AuditEntry, instant
from console.db import Base, Database, Tx
from console.evidence import merkle
from console.evidence.keys import Signer

MOST_ENTRIES = 65_536
"""One seal covers no more: a path through its tree has sixteen steps at most, and making it takes little memory."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Seal(Base):
    """One signed statement. Rows are only ever inserted, like those they speak of.

    `root` is over the hashes of entries `first_id` to `last_id` (console.evidence.merkle), `head` the hash of the last
    one, `previous` the digest of the seal before.
    """

    __tablename__ = "audit_seal"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    first_id: Mapped[int] = mapped_column(BigInteger)
    last_id: Mapped[int] = mapped_column(BigInteger, unique=True)
    root: Mapped[str] = mapped_column(String(64))
    head: Mapped[str] = mapped_column(String(64))
    previous: Mapped[str] = mapped_column(String(64))
    at_us: Mapped[int] = mapped_column(BigInteger)
    key: Mapped[str] = mapped_column(String(64))
    signature: Mapped[str] = mapped_column(String(128))

    @property
    def at(self) -> datetime:
        """When it was made, by the clock of whoever made it, in UTC."""
        return instant(self.at_us)


class SealKeeper(Base):
    """How far a place has taken the seals: "sealing" itself, and whoever keeps copies elsewhere."""

    __tablename__ = "seal_keeper"

    place: Mapped[str] = mapped_column(String(16), primary_key=True)
    seal_id: Mapped[int] = mapped_column(BigInteger, default=0)
    at: Mapped[datetime | None]
    # Why a time-stamping authority gave nothing the last time (console.evidence.stamps).
    trouble: Mapped[str | None] = mapped_column(String(24))


class Sealed(msgspec.Struct, frozen=True, kw_only=True):
    """A seal as it is kept outside, and in packs: what was signed, the signature, and whose it is."""

    number: int
    first: int
    last: int
    root: str
    head: str
    at: str
    previous: str
    key: str
    signature: str


def plainly(seal: Seal) -> Sealed:
    """`seal` as it travels."""
    return Sealed(
        number=seal.id,
        first=seal.first_id,
        last=seal.last_id,
        root=seal.root,
        head=seal.head,
        at=_iso(seal.at_us),
        previous=seal.previous,
        key=seal.key,
        signature=seal.signature,
    )


def statement(seal: Sealed) -> bytes:
    """The text that is signed: one line for each fact, so that it can be built again in any language."""
    return (
        f"aldia-history-seal 1\nnumber: {seal.number}\nentries: {seal.first}-{seal.last}\nroot: {seal.root}\n"
        f"head: {seal.head}\nat: {seal.at}\nprevious: {seal.previous}\n"
    ).encode()


def digest(seal: Sealed) -> str:
    """What the next seal says of this one."""
    return hashlib.sha256(statement(seal) + bytes.fromhex(seal.signature)).hexdigest()


async def seal_up(db: Database, signer: Signer, moment: datetime) -> int:
    """Seal every entry that no seal covers yet, as of `moment`; says how many seals that took."""
    async with db.reading() as tx:
        head = await audit.head_of(tx)
    made = 0
    # What comes meanwhile waits for the next time: or sealing would never end while people work.
    while await _seal_once(db, signer, moment, head):
        made += 1
    return made


async def newest(tx: Tx) -> Seal | None:
    """The last seal, if there is any."""
    return (await tx.scalars(select(Seal).order_by(Seal.id.desc()).limit(1))).first()


async def every(tx: Tx) -> list[Seal]:
    """All of them, in order."""
    return list(await tx.scalars(select(Seal).order_by(Seal.id)))


async def covering(tx: Tx, entry_ids: list[int]) -> list[Seal]:
    """The seals over these entries, in order; entries that are not sealed yet have none."""
    if not entry_ids:
        return []
    within = (Seal.last_id >= min(entry_ids), Seal.first_id <= max(entry_ids))
    found = list(await tx.scalars(select(Seal).where(*within).order_by(Seal.id)))
    wanted = sorted(set(entry_ids))
    return [seal for seal in found if _any_within(wanted, seal)]


async def hashes_of(tx: Tx, first: int, last: int) -> list[bytes]:
    """The hashes of the entries from `first` to `last`, in order: the leaves of a seal's tree."""
    numbers = AuditEntry.id.between(first, last)
    found = await tx.scalars(select(AuditEntry.hash).where(numbers).order_by(AuditEntry.id))
    return [bytes.fromhex(each) for each in found]


async def _seal_once(db: Database, signer: Signer, moment: datetime, head: int) -> bool:
    """Read and hash without holding anybody up; then, if nobody was faster, one row."""
    async with db.reading() as tx:
        before = await newest(tx)
        first = before.last_id + 1 if before else 1
        last = min(head, first + MOST_ENTRIES - 1)
        if last < first:
            return False
        leaves = await hashes_of(tx, first, last)
    if len(leaves) != last - first + 1:
        return False  # entries are missing: `verify` says which, and nothing is signed over the hole
    seal = _signed(before, first, last, leaves, signer=signer, moment=moment)
    async with db.transaction() as tx:
        await tx.get_one(SealKeeper, "sealing", with_for_update=True)
        again = await newest(tx)
        if (again.id if again else 0) == seal.id - 1:
            tx.add(seal)
    return True


def _signed(
    before: Seal | None, first: int, last: int, leaves: list[bytes], *, signer: Signer, moment: datetime
) -> Seal:
    at_us = (moment - _EPOCH) // timedelta(microseconds=1)
    facts = Sealed(
        number=before.id + 1 if before else 1,
        first=first,
        last=last,
        root=merkle.root(leaves).hex(),
        head=leaves[-1].hex(),
        at=_iso(at_us),
        previous=digest(plainly(before)) if before else GENESIS,
        key=signer.public,
        signature="",
    )
    columns: dict[str, Any] = {
        "id": facts.number,
        "first_id": first,
        "last_id": last,
        "root": facts.root,
        "head": facts.head,
        "previous": facts.previous,
        "at_us": at_us,
        "key": facts.key,
    }
    return Seal(**columns, signature=signer.sign(statement(facts)))


def _any_within(wanted: list[int], seal: Seal) -> bool:
    return any(seal.first_id <= number <= seal.last_id for number in wanted)


def _iso(at_us: int) -> str:
    return instant(at_us).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
