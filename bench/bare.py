"""The ceiling: the same rows, as durable, without a framework. Raw asyncio and httptools, sqlite3, prebuilt frames.

It checks signatures, stores what the product stores of a text message (message, conversation, chained history entry,
head) and pushes an f-string bubble to those who watch. It has no sessions, permissions, repeats, strangers or pages.
"""

from __future__ import annotations

import asyncio
import base64
import functools
import hashlib
import hmac
import html
import os
import sqlite3
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import httptools
import msgspec
import uvloop

import console  # noqa: F401 swaps the repaired SQLite in, as the product does
from bench import scene as scenes
from bench.scene import Debtor, Scene
from console.engines import WRITER_PRAGMAS

BATCH = 512
_ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
_REFUSAL = b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n"
_ACCEPT = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

_MESSAGE = (
    "INSERT INTO message (id, conversation_id, channel_id, sequence, direction, author_kind, author_id, kind, text,"
    " payload, wamid, status, salt, provider_at, created_at, attempts, late, forwarded, version)"
    " VALUES (?, ?, 1, ?, 'in', 'contact', ?, 'text', ?, ?, ?, 'received', ?, ?, ?, 0, 0, 0, 1)"
)
_CONVERSATION = (
    "UPDATE conversation SET status = 'open', last_sequence = ?, inbound_count = ?, last_at = ?, last_message_id = ?,"
    " last_inbound_wamid = ?, waiting_since = ?, window_opened_at = ?, window_closes_at = ?, updated_at = ?,"
    " version = version + 1 WHERE id = ?"
)
_ENTRY = (
    "INSERT INTO audit_entry (id, at_us, actor_kind, actor_id, action, conversation_id, message_id, new, origin, hash)"
    " VALUES (?, ?, 'contact', ?, 'message.received', ?, ?, ?, 'whatsapp', ?)"
)
_HEAD = "UPDATE audit_head SET entry_id = ?, hash = ? WHERE id = 1"
_BUBBLE = (
    '<li id="message-{}" class="entry in" data-version="1" data-position="{}" data-into="thread-{}"><article '
    'class="msg" aria-label="{}"><p dir="auto">{}</p><footer class="num"><time datetime="{}">{}</time></footer>'
    "</article></li>"
)


class _Text(msgspec.Struct):
    body: str


class _Message(msgspec.Struct, rename={"sender": "from"}):
    sender: str
    id: str
    timestamp: str
    type: str
    text: _Text


class _Value(msgspec.Struct):
    messages: list[_Message]


class _Change(msgspec.Struct):
    value: _Value


class _Entry(msgspec.Struct):
    changes: list[_Change]


class _Delivery(msgspec.Struct):
    entry: list[_Entry]


_decode = msgspec.json.Decoder(_Delivery).decode


class Store:
    """The one writer: runs in a thread, a batch at a time."""

    def __init__(self, scene: Scene) -> None:
        self._debtors = {debtor.phone: debtor for debtor in scene.debtors}
        self._db = sqlite3.connect(scene.database, isolation_level=None, check_same_thread=False)
        for pragma in WRITER_PRAGMAS:
            self._db.execute(pragma)
        self._id = self._db.execute("SELECT coalesce(max(id), 0) FROM message").fetchone()[0]
        self._head, self._hash = self._db.execute("SELECT entry_id, hash FROM audit_head").fetchone()
        rows = self._db.execute("SELECT id, last_sequence, inbound_count FROM conversation")
        self._at = {number: [sequence, count] for number, sequence, count in rows}

    def write(self, batch: list[tuple[bytes, _Message]]) -> list[tuple[int, bytes]]:
        """Make a batch durable; returns what each team's watchers are to be shown."""
        moment = datetime.now(UTC)
        now, closes, micro = _sql(moment), _sql(moment + timedelta(hours=24)), int(moment.timestamp() * 1e6)
        messages: list[Any] = []
        entries: list[Any] = []
        threads: dict[int, tuple[Any, ...]] = {}
        shown: list[tuple[int, bytes]] = []
        for body, message in batch:
            debtor = self._debtors[message.sender]
            at = self._at[debtor.conversation_id]
            at[0] += 1
            at[1] += 1
            self._id += 1
            salt, text = os.urandom(16), message.text.body
            sent = _sql(datetime.fromtimestamp(int(message.timestamp), UTC))
            messages.append(
                (
                    self._id,
                    debtor.conversation_id,
                    at[0],
                    debtor.contact_id,
                    text,
                    body.decode(),
                    message.id,
                    salt,
                    sent,
                    now,
                )
            )
            threads[debtor.conversation_id] = (
                *(at[0], at[1], now, self._id, message.id, now, now, closes, now),
                debtor.conversation_id,
            )
            entries.append(self._entry(debtor, micro, hashlib.sha256(salt + text.encode()).hexdigest()))
            shown.append((debtor.team, _bubble(self._id, at[0], debtor, text, moment)))
        self._db.execute("BEGIN IMMEDIATE")
        self._db.executemany(_MESSAGE, messages)
        self._db.executemany(_CONVERSATION, threads.values())
        self._db.executemany(_ENTRY, entries)
        self._db.execute(_HEAD, (self._head, self._hash))
        self._db.execute("COMMIT")
        return shown

    def _entry(self, debtor: Debtor, micro: int, digest: str) -> tuple[Any, ...]:
        self._head += 1
        new = f'{{"digest":"{digest}","kind":"text"}}'
        row = [self._head, micro, "contact", debtor.contact_id, "message.received", debtor.conversation_id, self._id]
        self._hash = hashlib.sha256(bytes.fromhex(self._hash) + msgspec.json.encode([*row, new])).hexdigest()
        return (self._head, micro, debtor.contact_id, debtor.conversation_id, self._id, new, self._hash)


def _sql(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S.%f")


def _bubble(number: int, position: int, debtor: Debtor, text: str, moment: datetime) -> bytes:
    shown = _BUBBLE.format(
        number,
        position,
        debtor.conversation_id,
        html.escape(debtor.name),
        html.escape(text),
        moment.isoformat(),
        moment.strftime("%H:%M"),
    ).encode()
    return b"\x81\x7e" + len(shown).to_bytes(2, "big") + shown


class Bare:
    """Everything that is shared by the connections."""

    def __init__(self, scene: Scene) -> None:
        self.key = scene.secret.encode()
        self.teams = {seat.cookie: seat.team for seat in scene.seats}
        self.watching: dict[int, list[asyncio.Transport]] = {}
        self._store = Store(scene)
        self._waiting: list[tuple[asyncio.Transport, bytes, _Message]] = []
        self._is_writing = False

    def take(self, transport: asyncio.Transport, body: bytes) -> None:
        """One signed delivery: it waits for the commit that is under way, then shares the next."""
        self._waiting.append((transport, body, _decode(body).entry[0].changes[0].value.messages[0]))
        if not self._is_writing:
            self._is_writing = True
            asyncio.get_running_loop().call_soon(self._write)

    def _write(self) -> None:
        batch, self._waiting = self._waiting[:BATCH], self._waiting[BATCH:]
        writing = asyncio.get_running_loop().run_in_executor(
            None, self._store.write, [(body, message) for _transport, body, message in batch]
        )
        writing.add_done_callback(functools.partial(self._written, batch))

    def _written(
        self,
        batch: list[tuple[asyncio.Transport, bytes, _Message]],
        writing: asyncio.Future[list[tuple[int, bytes]]],
    ) -> None:
        shown = writing.result()
        self._is_writing = bool(self._waiting)
        if self._waiting:
            self._write()
        for transport, _body, _message in batch:
            transport.write(_ANSWER)
        for team, frame in shown:
            for watcher in self.watching.get(team, ()):
                watcher.write(frame)


class Connection(asyncio.Protocol):
    """One connection: deliveries, or after an upgrade a page that only listens."""

    def __init__(self, bare: Bare) -> None:
        self._bare = bare
        self._parser = httptools.HttpRequestParser(self)
        self._begin()

    def _begin(self) -> None:
        self._headers: dict[bytes, bytes] = {}
        self._body = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        if b"sec-websocket-key" in self._headers:
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._upgrade()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Httptools found a header."""
        self._headers[name.lower()] = value

    def on_body(self, body: bytes) -> None:
        """Httptools found a piece of the body."""
        self._body += body

    def on_message_complete(self) -> None:
        """Httptools found the end."""
        if b"sec-websocket-key" in self._headers:
            return
        given = self._headers.get(b"x-hub-signature-256", b"").decode()
        if hmac.compare_digest(f"sha256={hmac.digest(self._bare.key, self._body, 'sha256').hex()}", given):
            self._bare.take(self._transport, self._body)
        else:
            self._transport.write(_REFUSAL)
        self._begin()

    def _upgrade(self) -> None:
        accept = base64.b64encode(hashlib.sha1(self._headers[b"sec-websocket-key"] + _ACCEPT).digest())  # noqa: S324 RFC 6455
        self._transport.write(
            b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n"
            b"sec-websocket-accept: " + accept + b"\r\n\r\n\x81\x02{}",
        )
        team = self._bare.teams[self._headers[b"cookie"].decode()]
        self._bare.watching.setdefault(team, []).append(self._transport)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        for watchers in self._bare.watching.values():
            if self._transport in watchers:
                watchers.remove(self._transport)


async def main(path: Path) -> None:
    """Serve the scene until killed."""
    scene = scenes.load(path)
    bare = Bare(scene)
    server = await asyncio.get_running_loop().create_server(
        lambda: Connection(bare), scene.host, scene.ports[0], backlog=2048
    )
    print("ready", flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(Path(sys.argv[1])))
