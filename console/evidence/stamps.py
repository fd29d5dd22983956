"""Time stamps on seals: the word of an authority (RFC 3161) that a seal existed at its own clock's time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta

import msgspec
from cryptography.x509 import Certificate
from sqlalchemy import BigInteger, ForeignKey, LargeBinary, String, func, select
from sqlalchemy.orm import Mapped, mapped_column

from console.db import Base, Tx
from console.evidence.seals import Seal, SealKeeper, plainly, statement
from console.languages.words import Words
from console.settings import Settings
from integrations import timestamping

PLACE = "authority"
"""Its row in seal_keeper: `at` is when it may be asked again, `trouble` why it gave nothing the last time.

Every seal up to `seal_id` is stamped.
"""
ROUNDED = timedelta(seconds=1)
"""Most authorities say whole seconds."""
LATE = timedelta(days=1)
"""A seal that was stamped later than this has its hour from us alone."""
_AT_ONCE = 200


class Stamp(Base):
    """What the authority answered about one seal, byte for byte (a DER TimeStampResp). Rows are only ever inserted.

    `at` is the authority's clock; `asked_at` and `answered_at` are ours, right before and after.
    """

    __tablename__ = "audit_stamp"

    seal_id: Mapped[int] = mapped_column(ForeignKey("audit_seal.id"), primary_key=True, autoincrement=False)
    answer: Mapped[bytes] = mapped_column(LargeBinary)
    authority: Mapped[str] = mapped_column(String(200))
    at: Mapped[datetime]
    accuracy_us: Mapped[int] = mapped_column(BigInteger)
    asked_at: Mapped[datetime]
    answered_at: Mapped[datetime]

    @property
    def seconds_off(self) -> int:
        """`skew` in whole seconds."""
        return round(self.skew.total_seconds())

    @property
    def skew(self) -> timedelta:
        """By how much its clock is ahead of ours (behind: negative), beyond what its accuracy and rounding explain."""
        leeway = timedelta(microseconds=self.accuracy_us) + ROUNDED
        if self.at - leeway > self.answered_at:
            return self.at - self.answered_at
        return self.at - self.asked_at if self.at + leeway < self.asked_at else timedelta()


class Trust(msgspec.Struct, frozen=True):
    """Whose stamps hold. Without an authority configured (`is_ours`) one who is unknown is odd, and no proof."""

    roots: Sequence[Certificate]
    is_ours: bool


def trust_of(settings: Settings) -> Trust:
    """Whose stamps hold, by the configuration."""
    return Trust(timestamping.roots_in(settings.tsa_ca), settings.tsa_url is not None)


def stamped_bytes(seal: Seal) -> bytes:
    """What is stamped: the statement and its signature, whose hash is what the next seal says of this one."""
    plain = plainly(seal)
    return statement(plain) + bytes.fromhex(plain.signature)


async def wanting(tx: Tx, limit: int) -> list[Seal]:
    """Seals without a stamp, the newest first: it vouches for those before it, which it is chained to."""
    done = select(SealKeeper.seal_id).where(SealKeeper.place == PLACE).scalar_subquery()
    bare = select(Seal).outerjoin(Stamp, Stamp.seal_id == Seal.id).where(Seal.id > done, Stamp.seal_id.is_(None))
    return list(await tx.scalars(bare.order_by(Seal.id.desc()).limit(limit)))


async def of_seals(tx: Tx, seal_ids: Sequence[int]) -> dict[int, Stamp]:
    """The stamps on these seals, by the seal."""
    if not seal_ids:
        return {}
    return {row.seal_id: row for row in await tx.scalars(select(Stamp).where(Stamp.seal_id.in_(seal_ids)))}


async def trouble(tx: Tx) -> str | None:
    """Why the authority gave nothing the last time it was asked (timestamping.Why); None when it did."""
    return (await tx.get_one(SealKeeper, PLACE)).trouble


async def findings(tx: Tx, trust: Trust, *, after: int) -> tuple[Seal | None, str | None, list[str]]:
    """Every stamp on a seal after number `after`, against its seal.

    The first seal whose stamp does not hold, with the reason; and what is odd and no proof of anything.
    """
    late, skewed, unknown = [], [], []
    async for stamp, seal in _each(tx, after):
        try:
            said = timestamping.check(stamp.answer, stamped_bytes(seal), trust.roots)
        except timestamping.Unstamped as wrong:
            if wrong.why != "unknown_certificate" or trust.is_ours:
                return seal, f"la marca de tiempo del sello {seal.id} no vale ({WHY[wrong.why]})", []
            unknown.append(seal)
            continue
        if said.at != stamp.at:
            return seal, f"la marca de tiempo del sello {seal.id} dice otra hora que la anotada", []
        if stamp.skew:
            skewed.append((seal, stamp.skew))
        if stamp.at - seal.at > LATE or seal.at - stamp.at > max(ROUNDED, abs(stamp.skew)) + ROUNDED:
            late.append((seal, stamp))
    bare = await _bare(tx, after) if trust.is_ours else 0
    return None, None, [*_odd(late, skewed, unknown), *([f"{bare} sellos aún sin marca de tiempo."] if bare else [])]


def _odd(late: list[tuple[Seal, Stamp]], skewed: list[tuple[Seal, timedelta]], unknown: list[Seal]) -> list[str]:
    """One line for each kind, whatever their number: an authority that came late has a thousand of one kind."""
    found = []
    if late:
        seal, stamp = late[0]
        found.append(
            f"{len(late)} sellos llevan otra hora que su marca de tiempo; el primero, el {seal.id}: dice "
            f"{seal.at:%Y-%m-%d %H:%M:%S} UTC, la autoridad lo vio a las {stamp.at:%Y-%m-%d %H:%M:%S}."
        )
    if skewed:
        seal, skew = skewed[0]
        found.append(
            f"El reloj de la autoridad de tiempo difería del nuestro en {len(skewed)} sellos; en el {seal.id}, "
            f"{skew.total_seconds():+.0f} s."
        )
    if unknown:
        found.append(f"{len(unknown)} marcas de tiempo son de una autoridad que no se conoce (vea ALDIA_TSA_CA).")
    return found


async def _each(tx: Tx, after: int) -> AsyncIterator[tuple[Stamp, Seal]]:
    while True:
        wanted = select(Stamp, Seal).join(Seal, Seal.id == Stamp.seal_id).where(Stamp.seal_id > after)
        rows = (await tx.execute(wanted.order_by(Stamp.seal_id).limit(_AT_ONCE))).all()
        for stamp, seal in rows:
            yield stamp, seal
            after = seal.id
        if len(rows) < _AT_ONCE:
            return


async def _bare(tx: Tx, after: int) -> int:
    """How many of these have none; the newest is given its time."""
    counted = select(func.count()).select_from(Seal).outerjoin(Stamp, Stamp.seal_id == Seal.id)
    newest = select(func.max(Seal.id)).scalar_subquery()
    return await tx.scalar(counted.where(Stamp.seal_id.is_(None), Seal.id > after, Seal.id < newest)) or 0


WHY = {
    "silent": Words("la autoridad no responde"),
    "rubbish": Words("la respuesta no se entiende"),
    "refused": Words("la autoridad se negó"),
    "forged": Words("la firma no corresponde"),
    "unknown_certificate": Words("certificado desconocido"),
    "expired_certificate": Words("certificado vencido"),
    "other_nonce": Words("responde a otra pregunta"),
    "other_imprint": Words("es de otro sello"),
}
