"""The history: what happened, to what, by whom, chained so that any later change of it shows."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import msgspec
from sqlalchemy import BigInteger, Index, String, Text, bindparam, select, text, update
from sqlalchemy.orm import Mapped, mapped_column

from console import clock
from console.bulk import execute_many, fetch
from console.db import Base, Tx, bulk_insert, table_of
from console.failpoints import failpoint
from console.languages.words import as_kept

GENESIS = "0" * 64
ActorKind = Literal["contact", "agent", "bot", "system", "token"]


class AuditEntry(Base):
    """One thing that happened. Rows are only ever inserted: triggers in the database refuse the rest.

    Ids have no gaps and follow the order of commit, so an id is also a cursor that can never pass a late entry.
    `old` and `new` are the exact JSON text that was hashed. They hold ids and values, never a message's text.
    """

    __tablename__ = "audit_entry"
    __table_args__ = (
        Index("ix_audit_entry_conversation", "conversation_id", "id"),
        Index("ix_audit_entry_actor", "actor_kind", "actor_id", "id"),
        Index("ix_audit_entry_action", "action", "id"),
        Index(
            "ix_audit_entry_account",
            "account_id",
            "id",
            sqlite_where=text("account_id IS NOT NULL"),
            postgresql_where=text("account_id IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at_us: Mapped[int] = mapped_column(BigInteger)
    actor_kind: Mapped[str] = mapped_column(String(16))
    actor_id: Mapped[int | None] = mapped_column(BigInteger)
    actor_name: Mapped[str | None] = mapped_column(Text)
    action: Mapped[str] = mapped_column(String(64))
    conversation_id: Mapped[int | None] = mapped_column(BigInteger)
    message_id: Mapped[int | None] = mapped_column(BigInteger)
    account_id: Mapped[int | None] = mapped_column(BigInteger)
    subject: Mapped[str | None] = mapped_column(Text)
    old: Mapped[str | None] = mapped_column(Text)
    new: Mapped[str | None] = mapped_column(Text)
    origin: Mapped[str | None] = mapped_column(Text)
    hash: Mapped[str] = mapped_column(String(64))

    @property
    def at(self) -> datetime:
        """When, in UTC."""
        return instant(self.at_us)


def instant(at_us: int) -> datetime:
    """When an entry happened, in UTC."""
    return datetime.fromtimestamp(at_us / 1_000_000, UTC)


class AuditHead(Base):
    """The newest entry's number and hash, with a seal that only a holder of the secret key can make."""

    __tablename__ = "audit_head"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    entry_id: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[str] = mapped_column(String(64))
    mac: Mapped[str] = mapped_column(String(64))


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """Who acts: kind, id and the name as it was then; `origin` is from where (address, or the door's name)."""

    kind: ActorKind
    id: int | None = None
    name: str | None = None
    origin: str | None = None


SYSTEM = Actor(kind="system", name="Al Día")


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """What followers of the history need of an entry; it carries ids only, so it may travel over Redis."""

    id: int
    at_us: int
    actor_kind: str
    actor_id: int | None
    action: str
    conversation_id: int | None
    message_id: int | None
    account_id: int | None
    subject: str | None


def record(
    tx: Tx,
    actor: Actor,
    action: str,
    *,
    conversation_id: int | None = None,
    message_id: int | None = None,
    account_id: int | None = None,
    subject: str | None = None,
    old: dict[str, Any] | None = None,
    new: dict[str, Any] | None = None,
) -> None:
    """Note in `tx` that `actor` did `action` ("object.verb", past tense); it is chained when `tx` commits.

    `old` and `new` are the values before and after. State and entry commit together or not at all.
    """
    row = {
        "at_us": _microseconds(clock.now()),
        "actor_kind": actor.kind,
        "actor_id": actor.id,
        "actor_name": actor.name,
        "action": action,
        "conversation_id": conversation_id,
        "message_id": message_id,
        "account_id": account_id,
        "subject": subject,
        "old": _text(old),
        "new": _text(new),
        "origin": actor.origin,
    }
    tx.info.setdefault("history", []).append(row)


_HEAD = table_of(AuditHead)
_HEAD_NUMBER = select(_HEAD.c.entry_id).where(_HEAD.c.id == 1)
_HEAD_LOCKED = select(_HEAD.c.entry_id, _HEAD.c.hash).where(_HEAD.c.id == 1).with_for_update()
_MOVE_HEAD = (
    update(_HEAD)
    .where(_HEAD.c.id == 1)
    .values(entry_id=bindparam("new_entry_id"), hash=bindparam("new_hash"), mac=bindparam("new_mac"))
)


def sealer(secret_key: str) -> Callable[[Tx], Any]:
    """The step that runs before every COMMIT: number and chain what `tx` recorded, and move the sealed head.

    The head row is locked from here to the COMMIT, so numbers follow the order of commit on both databases.
    """
    key = _key(secret_key)

    async def seal(tx: Tx) -> Sequence[Entry]:
        rows: list[dict[str, Any]] = tx.info.pop("history", [])
        if not rows:
            return ()
        [(number, previous)] = await fetch(tx, _HEAD_LOCKED)
        for row in rows:
            number += 1
            row["id"] = number
            previous = row["hash"] = digest(previous, row)
        await bulk_insert(tx, AuditEntry, rows)
        head = {"new_entry_id": number, "new_hash": previous, "new_mac": _mac(key, number, previous)}
        await execute_many(tx, _MOVE_HEAD, [head])
        failpoint("audit.sealed")
        return [_entry(row) for row in rows]

    return seal


def digest(previous: str, row: Mapping[str, Any]) -> str:
    """The hash of one entry, over the hash before it and a strict JSON list of its fields."""
    return chained(previous, [row[name] for name in HASHED])


def chained(previous: str, fields: Sequence[Any]) -> str:
    """`digest`, of the fields in the order of HASHED."""
    return hashlib.sha256(bytes.fromhex(previous) + _ENCODER.encode(fields)).hexdigest()


def hashed_text(entry: AuditEntry) -> str:
    """The JSON text of an entry that its hash was made from, after the hash before it."""
    return _ENCODER.encode([getattr(entry, name) for name in HASHED]).decode()


async def head_of(tx: Tx) -> int:
    """The number of the newest entry that this reader can see."""
    return next((number for (number,) in await fetch(tx, _HEAD_NUMBER)), 0)


async def entries_after(tx: Tx, number: int, *, limit: int = 1000) -> list[Entry]:
    """Entries with a greater number, in order."""
    columns = [getattr(AuditEntry, name) for name in Entry.__struct_fields__]
    found = await tx.execute(select(*columns).where(AuditEntry.id > number).order_by(AuditEntry.id).limit(limit))
    return [Entry(*row) for row in found]


class Verdict(msgspec.Struct, frozen=True):
    """What `verify` found: how many entries stand, and the first thing that does not.

    `seals` of them were checked (console.evidence.verifying); `notes` is what is odd and no proof of anything.
    """

    entries: int
    intact: bool
    first_bad: int | None = None
    reason: str | None = None
    head: str = GENESIS
    seals: int = 0
    notes: list[str] = []


Watch = Callable[[int, int, str], str | None]
"""Is told each entry that stands (number, when, hash), and says what is wrong with it, if it knows better."""


async def verify(
    tx: Tx,
    secret_key: str,
    *,
    anchor: tuple[int, str] | None = None,
    since: tuple[int, str] = (0, GENESIS),
    watch: Watch = lambda _number, _at_us, _hash: None,
) -> Verdict:
    """Walk the whole chain. Names the first entry edited, removed, inserted or reordered, or a missing tail.

    `anchor` is a head (number, hash) kept outside the database: it also exposes a history rewritten as a whole.
    `since` is a head that is known to be true: what comes before it is not read again.
    """
    number, previous = since
    async for row in _rows(tx, number):
        if row[0] != number + 1:
            return Verdict(number, intact=False, first_bad=number + 1, reason="falta o sobra una entrada")
        if chained(previous, row[:-1]) != row[-1]:
            return Verdict(number, intact=False, first_bad=row[0], reason="la entrada fue alterada")
        number, previous = row[0], row[-1]
        if wrong := watch(number, row[1], previous):
            return Verdict(number, intact=False, first_bad=number, reason=wrong)
        if anchor and anchor[0] == number and not hmac.compare_digest(anchor[1], previous):
            return Verdict(number, intact=False, first_bad=number, reason="no coincide con el ancla externa")
    if anchor and anchor[0] > number:
        return Verdict(number, intact=False, first_bad=number + 1, reason="el historial termina antes que el ancla")
    return await _against_head(tx, _key(secret_key), number, previous)


async def _against_head(tx: Tx, key: bytes, number: int, previous: str) -> Verdict:
    head = await tx.get(AuditHead, 1)
    if head is None:
        return Verdict(number, intact=False, first_bad=number + 1, reason="falta la cabecera del historial")
    if head.entry_id > number:
        return Verdict(number, intact=False, first_bad=number + 1, reason="el historial fue cortado")
    sealed = GENESIS if head.entry_id == 0 else _mac(key, head.entry_id, head.hash)
    if (head.entry_id, head.hash) != (number, previous) or not hmac.compare_digest(head.mac, sealed):
        return Verdict(number, intact=False, first_bad=number, reason="la cabecera del historial no es la sellada")
    return Verdict(number, intact=True, head=previous)


async def _rows(tx: Tx, last: int) -> AsyncIterator[tuple[Any, ...]]:
    """The entries after `last`, each with the fields that are hashed and its hash."""
    columns = [getattr(AuditEntry, name) for name in (*HASHED, "hash")]
    page = select(*columns).where(AuditEntry.id > bindparam("last")).order_by(AuditEntry.id).limit(5000)
    last = last or -1
    while rows := (await tx.execute(page, {"last": last})).all():
        for row in rows:
            yield tuple(row)
        last = rows[-1][0]


_ENCODER = msgspec.json.Encoder(enc_hook=as_kept)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HASHED = (
    "id",
    "at_us",
    "actor_kind",
    "actor_id",
    "actor_name",
    "action",
    "conversation_id",
    "message_id",
    "account_id",
    "subject",
    "old",
    "new",
    "origin",
)


def _entry(row: Mapping[str, Any]) -> Entry:
    return Entry(*(row[name] for name in Entry.__struct_fields__))


def _text(value: Any) -> str | None:  # noqa: ANN401
    return None if value is None else msgspec.json.encode(value, order="sorted", enc_hook=as_kept).decode()


def _microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _key(secret_key: str) -> bytes:
    return hashlib.sha256(b"aldia history head\0" + secret_key.encode()).digest()


def _mac(key: bytes, number: int, head: str) -> str:
    return hmac.digest(key, f"{number}:{head}".encode(), "sha256").hex()
