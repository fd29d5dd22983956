"""Open pages: just enough of RFC 6455 to sit on /live, say hello, and look at every frame cheaply."""

from __future__ import annotations

import asyncio
import base64
import os
import socket
from collections.abc import Callable
from typing import cast

import msgspec

from bench.scene import Scene, Seat

_SHAKE = (
    "GET /live HTTP/1.1\r\nHost: {host}\r\nOrigin: {origin}\r\nCookie: {cookie}\r\nConnection: Upgrade\r\n"
    "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n"
)
TEXT, CLOSE, PING, PONG = 1, 8, 9, 10
DEAF_BUFFER = 4096
_PING = msgspec.json.encode({"t": "ping"})

Look = Callable[["Watcher", bytes], None]


class Watcher(asyncio.Protocol):
    """One open page of one agent."""

    def __init__(self, scene: Scene, seat: Seat, head: int, look: Look) -> None:
        self.seat = seat
        self.greeted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.closed = False
        self._scene = scene
        self._head = head
        self._look = look
        self._transport: asyncio.Transport | None = None
        self._buffer = b""
        self._shaken = False
        self._is_deaf = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        host = self._scene.origin.split("//")[1]
        key = base64.b64encode(os.urandom(16)).decode()
        shake = _SHAKE.format(host=host, origin=self._scene.origin, cookie=self.seat.cookie, key=key)
        self._transport.write(shake.encode())

    def data_received(self, data: bytes) -> None:
        data = self._buffer + data if self._buffer else data
        if not self._shaken:
            end = data.find(b"\r\n\r\n")
            if end < 0:
                self._buffer = data
                return
            if data[9:12] != b"101":
                self._fail(data[:200])
                return
            self._shaken = True
            hello = {"t": "hello", "head": self._head, "view": self.seat.view, "open": self.seat.open}
            self.say(TEXT, msgspec.json.encode(hello))
            data = data[end + 4 :]
        self._buffer = self._take_frames(data)

    def _take_frames(self, data: bytes) -> bytes:
        at, size = 0, len(data)
        while size - at >= 2:
            length, start = data[at + 1] & 0x7F, at + 2
            if length == 126:
                length, start = int.from_bytes(data[at + 2 : at + 4], "big"), at + 4
            elif length == 127:
                length, start = int.from_bytes(data[at + 2 : at + 10], "big"), at + 10
            if size < start + length:
                break
            self._hear(data[at] & 0x0F, data[start : start + length])
            at = start + length
        return data[at:] if at else data

    def _hear(self, kind: int, payload: bytes) -> None:
        if kind == TEXT:
            if not self.greeted.done():
                self.greeted.set_result(None)
            self._look(self, payload)
        elif kind == PING:
            self.say(PONG, payload)
        elif kind == CLOSE:
            self.closed = True
            self.leave()

    def say(self, kind: int, payload: bytes) -> None:
        """One masked frame; the mask of zeros is a mask."""
        assert self._transport is not None
        length = len(payload)
        size = bytes([0x80 | length]) if length < 126 else b"\xfe" + length.to_bytes(2, "big")
        self._transport.write(bytes([0x80 | kind]) + size + b"\0\0\0\0" + payload)

    def ping(self) -> None:
        """Say that the page is there."""
        if not self.closed and not self._is_deaf:
            self.say(TEXT, _PING)

    def stop_reading(self) -> None:
        """Read nothing more, like a laptop that fell asleep."""
        assert self._transport is not None
        self._is_deaf = True
        self._transport.pause_reading()

    def leave(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self.closed = True
        self._fail(b"the connection was lost before the first frame")

    def _fail(self, why: bytes) -> None:
        if not self.greeted.done():
            self.greeted.set_exception(ConnectionError(why.decode("latin-1")))


async def sit_down(scene: Scene, seat: Seat, number: int, head: int, look: Look, *, deaf: bool) -> Watcher:
    """Open the page of `seat`; returns once it has had its first frame."""
    loop = asyncio.get_running_loop()
    plug = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    plug.setblocking(False)  # noqa: FBT003 its only argument
    if deaf:
        plug.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, DEAF_BUFFER)
    await loop.sock_connect(plug, (scene.host, scene.ports[number % len(scene.ports)]))
    _transport, watcher = await loop.create_connection(lambda: Watcher(scene, seat, head, look), sock=plug)
    await asyncio.wait_for(watcher.greeted, 30)
    if deaf:
        watcher.stop_reading()
    return watcher
