"""A small HTTP/1.1 client that keeps its connections open and costs little: for webhooks by the thousand."""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from typing import cast
from urllib.parse import urlsplit

import httptools
import msgspec

ANSWER_LIMIT = 64 * 1024


class Answer(msgspec.Struct):
    """What came back: the status and the beginning of the body."""

    status: int
    body: bytes


class Poster:
    """Posts to one host over connections that are kept and shared."""

    def __init__(self, url: str, *, timeout: float = 20.0) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError(f"{url!r} is not an http address")
        self._secure = parts.scheme == "https"
        self._host = parts.hostname
        self._port = parts.port or (443 if self._secure else 80)
        path = parts.path or "/"
        self._target = f"{path}?{parts.query}" if parts.query else path
        self._netloc = parts.netloc
        self._timeout = timeout
        self._idle: deque[_Connection] = deque()
        self._closed = False

    async def post(self, body: bytes, headers: dict[str, str]) -> Answer:
        """POST `body` as JSON and return the answer.

        Raises OSError when the host cannot be reached or breaks off, TimeoutError when it does not answer in time.
        """
        lines = [f"POST {self._target} HTTP/1.1", f"Host: {self._netloc}", f"Content-Length: {len(body)}"]
        lines += ["Content-Type: application/json", "User-Agent: facebookexternalua", "Accept: */*"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return await self._exchange("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)

    async def get(self, query: str) -> Answer:
        """GET the address with this query string; raises as `post` does."""
        target = f"{self._target.partition('?')[0]}?{query}"
        lines = [f"GET {target} HTTP/1.1", f"Host: {self._netloc}", "User-Agent: facebookplatform/1.0", "Accept: */*"]
        return await self._exchange("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n")

    async def _exchange(self, request: bytes) -> Answer:
        async with asyncio.timeout(self._timeout):
            connection = await self._connection()
            try:
                answer = await connection.exchange(request)
            except BaseException:
                # Half an answer may still come: nobody else shall read it.
                connection.close()
                raise
        if connection.reusable and not self._closed:
            self._idle.append(connection)
        else:
            connection.close()
        return answer

    async def _connection(self) -> _Connection:
        while self._idle:
            connection = self._idle.pop()
            if connection.reusable:
                return connection
        secured = ssl.create_default_context() if self._secure else None
        loop = asyncio.get_running_loop()
        _, protocol = await loop.create_connection(_Connection, self._host, self._port, ssl=secured)
        return protocol

    def close(self) -> None:
        """Close every connection as soon as it is idle."""
        self._closed = True
        while self._idle:
            self._idle.pop().close()


class _Connection(asyncio.Protocol):
    """One connection, one exchange at a time."""

    def __init__(self) -> None:
        self.reusable = False
        self._transport: asyncio.Transport | None = None
        self._waiting: asyncio.Future[Answer] | None = None
        self._body = b""
        self._parser = httptools.HttpResponseParser(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self.reusable = True

    def connection_lost(self, exc: Exception | None) -> None:
        self.reusable = False
        if self._waiting and not self._waiting.done():
            self._waiting.set_exception(ConnectionResetError(f"broken off before the answer was complete ({exc})"))

    async def exchange(self, request: bytes) -> Answer:
        if self._transport is None:
            raise ConnectionResetError("not connected")
        self._waiting = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._waiting

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as unreadable:
            self.close()
            if self._waiting and not self._waiting.done():
                self._waiting.set_exception(ConnectionError(f"no HTTP answer: {unreadable}"))

    def on_body(self, body: bytes) -> None:
        if len(self._body) < ANSWER_LIMIT:
            self._body += body

    def on_message_complete(self) -> None:
        answer = Answer(self._parser.get_status_code(), self._body)
        self.reusable = self.reusable and self._parser.should_keep_alive()
        self._body = b""
        self._parser = httptools.HttpResponseParser(self)
        if self._waiting and not self._waiting.done():
            self._waiting.set_result(answer)

    def close(self) -> None:
        self.reusable = False
        if self._transport:
            self._transport.close()
