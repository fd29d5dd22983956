"""Evidence packs asked for on screen: a row is the order, the work and the receipt. The file goes after a week."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, ForeignKey, Index, String, Text, or_, select
from sqlalchemy.orm import Mapped, mapped_column

from console import audit
from console.agents import Viewer
from console.audit import SYSTEM
from console.db import Base, BigKey, Sentence, Tx
from console.errors import Refused, not_found
from console.evidence.scopes import Scope, record_request
from console.languages.kept import as_words
from console.languages.words import Words

LIVES = timedelta(days=7)
CLAIMED = timedelta(minutes=10)
"""What one making may take; afterwards whoever made it is dead, and another process begins again."""
MOST_ATTEMPTS = 3
ABOUT = (Words("la conversación {id}"), Words("la cuenta {id}"))
"""What a pack is about, as its row and its cover say it."""


class PackState(StrEnum):
    """Where a pack stands."""

    WAITING = "waiting"
    MAKING = "making"
    READY = "ready"
    FAILED = "failed"
    EXPIRED = "expired"


class EvidencePack(Base):
    """One pack: what it is about (as it was seen by whoever asked), how far it is, and the file's hash."""

    __tablename__ = "evidence_pack"
    __table_args__ = (
        Index("ix_evidence_pack_asked_by", "asked_by", "id"),
        Index("ix_evidence_pack_state", "state", "id"),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    words: Mapped[str] = mapped_column(Text)
    conversation_id: Mapped[int | None]
    account_id: Mapped[int | None]
    conversations: Mapped[list[Any]]
    accounts: Mapped[list[Any]]
    asked_by: Mapped[int] = mapped_column(ForeignKey("agent.id"))
    asked_by_name: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(8), default=PackState.WAITING)
    attempts: Mapped[int] = mapped_column(default=0)
    claimed_until: Mapped[datetime | None]
    size: Mapped[int | None]
    sha256: Mapped[str | None] = mapped_column(String(64))
    why: Mapped[str | None] = mapped_column(Sentence)
    created_at: Mapped[datetime]
    ready_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]

    @property
    def about(self) -> str:
        """What it is about, for who reads the screen in any language."""
        return as_words(self.words, *ABOUT) or ""

    @property
    def scope(self) -> Scope:
        """What it is about."""
        return Scope(
            words=self.words,
            conversation_ids=self.conversations,
            account_ids=self.accounts,
            conversation_id=self.conversation_id,
            account_id=self.account_id,
        )


async def ask(tx: Tx, scope: Scope, *, by: Viewer, moment: datetime) -> EvidencePack:
    """Order a pack about `scope`. One that is under way about the same is given again. Records "evidence.requested"."""
    under_way = select(EvidencePack).where(
        EvidencePack.asked_by == by.id,
        EvidencePack.words == scope.words,
        EvidencePack.state.in_([PackState.WAITING, PackState.MAKING]),
    )
    if found := (await tx.scalars(under_way.limit(1))).first():
        return found
    pack = EvidencePack(
        words=scope.words,
        conversation_id=scope.conversation_id,
        account_id=scope.account_id,
        conversations=list(scope.conversation_ids),
        accounts=list(scope.account_ids),
        asked_by=by.id,
        asked_by_name=by.name,
        created_at=moment,
    )
    tx.add(pack)
    await tx.flush()
    record_request(tx, by.actor, scope, pack_id=pack.id)
    return pack


async def opened(tx: Tx, viewer: Viewer, pack_id: int) -> EvidencePack:
    """The pack, for whoever asked for it and for administrators; Refused(404) for everybody else."""
    pack = await tx.get(EvidencePack, pack_id) if 0 < pack_id < 2**63 else None
    if pack is None or not (viewer.sees_all or pack.asked_by == viewer.id):
        raise not_found()
    return pack


async def of_viewer(tx: Tx, viewer: Viewer, *, limit: int = 5) -> list[EvidencePack]:
    """The newest that `viewer` may open."""
    wanted = select(EvidencePack).order_by(EvidencePack.id.desc()).limit(limit)
    if not viewer.sees_all:
        wanted = wanted.where(EvidencePack.asked_by == viewer.id)
    return list(await tx.scalars(wanted))


async def is_anything_asked(tx: Tx, moment: datetime) -> bool:
    """Whether a look for work is worth a writing transaction."""
    return (await tx.scalars(select(EvidencePack.id).where(_asked(moment)).limit(1))).first() is not None


async def claim(tx: Tx, moment: datetime) -> EvidencePack | None:
    """The oldest that waits, or whose maker died, for this process to make. One that killed three is given up."""
    wanted = select(EvidencePack).where(_asked(moment)).order_by(EvidencePack.id)
    pack = (await tx.scalars(wanted.limit(1).with_for_update(skip_locked=True))).first()
    if pack is None:
        return None
    if pack.attempts >= MOST_ATTEMPTS:
        fail(tx, pack, Words("No se pudo hacer: avise a su administrador."))
        return None
    pack.state, pack.claimed_until, pack.attempts = PackState.MAKING, moment + CLAIMED, pack.attempts + 1
    return pack


def finish(tx: Tx, pack: EvidencePack, *, sha256: str, size: int, moment: datetime) -> None:
    """The file is there, until `expires_at`. Records "evidence.made"."""
    pack.state, pack.sha256, pack.size, pack.claimed_until = PackState.READY, sha256, size, None
    pack.ready_at, pack.expires_at = moment, moment + LIVES
    _record(tx, pack, "evidence.made", {"sha256": sha256, "size": size})


def fail(tx: Tx, pack: EvidencePack, why: str) -> None:
    """There is no file, and `why` says what to do. Records "evidence.failed"."""
    pack.state, pack.why, pack.claimed_until = PackState.FAILED, why, None
    _record(tx, pack, "evidence.failed", {"why": why})


def downloaded(tx: Tx, pack: EvidencePack, *, by: Viewer, moment: datetime) -> None:
    """Note that `by` takes the file. Records "evidence.downloaded". Refuses: 410 when there is none any more."""
    if pack.state != PackState.READY or pack.expires_at is None or pack.expires_at <= moment:
        raise Refused(410, Words("Este expediente ya no está: pida uno nuevo."), code="gone")
    audit.record(
        tx,
        by.actor,
        "evidence.downloaded",
        conversation_id=pack.conversation_id,
        account_id=pack.account_id,
        subject=f"evidence:{pack.id}",
    )


async def expire(tx: Tx, folder: Path, moment: datetime) -> list[Path]:
    """The files whose time is over; their rows say so, and say so in the history ("evidence.expired")."""
    over = select(EvidencePack).where(EvidencePack.state == PackState.READY, EvidencePack.expires_at <= moment)
    gone = list(await tx.scalars(over.limit(100)))
    for pack in gone:
        pack.state = PackState.EXPIRED
        _record(tx, pack, "evidence.expired", None)
    return [place(folder, pack.id) for pack in gone]


def _asked(moment: datetime) -> ColumnElement[bool]:
    dead = (EvidencePack.state == PackState.MAKING) & (EvidencePack.claimed_until < moment)
    return or_(EvidencePack.state == PackState.WAITING, dead)


def place(media_dir: Path, pack_id: int) -> Path:
    """Where the file of a pack is kept."""
    return media_dir / "packs" / f"{pack_id}.zip"


def _record(tx: Tx, pack: EvidencePack, action: str, new: dict[str, Any] | None) -> None:
    audit.record(
        tx,
        SYSTEM,
        action,
        conversation_id=pack.conversation_id,
        account_id=pack.account_id,
        subject=f"evidence:{pack.id}",
        new=new,
    )
