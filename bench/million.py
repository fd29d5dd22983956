"""A million messages in a hundred thousand conversations, written straight into the tables with their history."""

from __future__ import annotations

import hashlib
import itertools
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import msgspec

from bench.bodies import wamid
from bench.scene import Debtor, Scene
from console import audit
from console.settings import Settings

MESSAGES = 1_000_000
CONVERSATIONS = 100_000
# Far from the numbers of the runs.
OLD = 500_000_000
_CHUNK = 20_000
_TALK = (
    "buenas tardes deposité la cuota mañana sin falta el banco no me deja puede darme plazo gracias señorita ya pagué "
    "adjunto constancia cuánto debo todavía el lunes cobro espere por favor número de cuenta"
)
_WORDS = _TALK.split()
_MESSAGE = (
    *("id", "conversation_id", "channel_id", "sequence", "direction", "author_kind", "author_id", "kind", "text"),
    *("payload", "wamid", "status", "salt", "provider_at", "created_at", "attempts", "late", "forwarded", "version"),
)
_ENTRY = (
    *("id", "at_us", "actor_kind", "actor_id", "action", "conversation_id", "message_id", "new", "origin", "hash"),
)

Row = tuple[Any, ...]


class Past:
    """Rows of what happened over the last months, in order, chained to the history's present head."""

    def __init__(self, scene: Scene, first_id: int, head: int, digest: str, count: int) -> None:
        self._debtors = scene.debtors
        self._first_id = first_id
        self._count = count
        self.hash = digest
        self.newest = head

    def messages(self) -> Iterator[Row]:
        """One after the other, each conversation in its turn."""
        start = datetime.now(UTC) - timedelta(days=90)
        step = timedelta(days=89) / self._count
        for number in range(self._count):
            debtor, at = self._debtors[number % len(self._debtors)], start + number * step
            text = " ".join(_WORDS[(number * 7 + n * n) % len(_WORDS)] for n in range(5 + number % 12))
            # Numbers of operations are what people look for, and each is said once.
            text += f" op{number:07}" if number % 3 == 0 else ""
            # And some words belong to some teams alone.
            text += " refinanciar" if debtor.team % 2 else ""
            yield (
                *(self._first_id + number, debtor.conversation_id, 1, 2_000 + number // len(self._debtors), "in"),
                *("contact", debtor.contact_id, "text", text, _payload(number, debtor, text), wamid(OLD + number)),
                *("received", number.to_bytes(16, "big"), at, at, 0, False, False, 1),
            )

    def entries(self, messages: Iterator[Row]) -> Iterator[Row]:
        """The history entry of each message."""
        for message in messages:
            self.newest += 1
            row: dict[str, Any] = dict.fromkeys(audit.HASHED)
            row |= {
                "id": self.newest,
                "at_us": int(message[14].timestamp() * 1_000_000),
                "actor_kind": "contact",
                "actor_id": message[6],
                "action": "message.received",
                "conversation_id": message[1],
                "message_id": message[0],
                "new": f'{{"digest":"{hashlib.sha256(message[12]).hexdigest()}","kind":"text"}}',
                "origin": "whatsapp",
            }
            self.hash = row["hash"] = audit.digest(self.hash, row)
            yield tuple(row[name] for name in _ENTRY)


def _payload(number: int, debtor: Debtor, text: str) -> str:
    sent = {"from": debtor.phone, "id": wamid(OLD + number), "timestamp": "1790000000", "text": {"body": text}}
    return msgspec.json.encode(sent | {"type": "text", "from_user_id": debtor.user_id}).decode()


def _mac(settings: Settings, past: Past) -> str:
    return audit._mac(audit._key(settings.secret_key), past.newest, past.hash)  # noqa: SLF001


def fill_sqlite(settings: Settings, scene: Scene, count: int = MESSAGES) -> None:
    """Write them into an SQLite file that nobody else has open."""
    db = sqlite3.connect(scene.database, isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=OFF", "cache_size=-262144", "temp_store=MEMORY"):
        db.execute(f"PRAGMA {pragma}")
    first = db.execute("SELECT coalesce(max(id), 0) + 1 FROM message").fetchone()[0]
    head, digest = db.execute("SELECT entry_id, hash FROM audit_head").fetchone()
    past = Past(scene, first, head, digest, count)
    db.execute("BEGIN IMMEDIATE")
    for chunk in _chunks(past.messages()):
        entries = list(past.entries(iter(chunk)))
        db.executemany(_insert("message", _MESSAGE), [_as_sqlite(row) for row in chunk])
        db.executemany(_insert("audit_entry", _ENTRY), entries)
    db.execute(
        "UPDATE audit_head SET entry_id = ?, hash = ?, mac = ? WHERE id = 1",
        (past.newest, past.hash, _mac(settings, past)),
    )
    each = count // len(scene.debtors)
    db.execute(
        "UPDATE conversation SET last_sequence = last_sequence + 1000 + ?, inbound_count = ?,"
        " last_at = strftime('%Y-%m-%d %H:%M:%f000', 'now', '-' || (id % 129600) || ' minutes')",
        (each, each),
    )
    db.execute("COMMIT")
    db.execute("ANALYZE")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()


async def fill_postgres(settings: Settings, scene: Scene, count: int = MESSAGES) -> None:
    """Write them into a PostgreSQL database, with COPY."""
    db = await asyncpg.connect(settings.database_url.replace("+asyncpg", ""))
    try:
        first = await db.fetchval("SELECT coalesce(max(id), 0) + 1 FROM message")
        head, digest = await db.fetchrow("SELECT entry_id, hash FROM audit_head")
        past = Past(scene, first, head, digest, count)
        for chunk in _chunks(past.messages()):
            entries = list(past.entries(iter(chunk)))
            await db.copy_records_to_table("message", records=chunk, columns=_MESSAGE)
            await db.copy_records_to_table("audit_entry", records=entries, columns=_ENTRY)
        await db.execute(
            "UPDATE audit_head SET entry_id = $1, hash = $2, mac = $3 WHERE id = 1",
            *(past.newest, past.hash, _mac(settings, past)),
        )
        each = count // len(scene.debtors)
        await db.execute(
            f"UPDATE conversation SET last_sequence = last_sequence + {1000 + each}, inbound_count = {each},"  # noqa: S608
            " last_at = now() - (id % 129600) * interval '1 minute'"
        )
        await db.execute("SELECT setval('message_id_seq', $1)", first + count)
        await db.execute("VACUUM ANALYZE")
    finally:
        await db.close()


def _chunks(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while chunk := list(itertools.islice(rows, _CHUNK)):
        yield chunk


def _insert(table: str, columns: tuple[str, ...]) -> str:
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"  # noqa: S608


def _as_sqlite(row: Row) -> Row:
    return tuple(value.strftime("%Y-%m-%d %H:%M:%S.%f") if isinstance(value, datetime) else value for value in row)
