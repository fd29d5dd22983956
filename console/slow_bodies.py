"""How slowly a request's body may come: whoever trickles is answered 408, with a front proxy or without one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

GRACE_SECONDS = 20.0
# What a telephone at the edge of its network still manages; one byte now and then does not.
BYTES_A_SECOND = 8 * 1024

_ANSWER = "La solicitud llegó demasiado despacio.".encode()
_HEADERS = [
    (b"content-type", b"text/plain; charset=utf-8"),
    (b"content-length", str(len(_ANSWER)).encode()),
    # What is left of the body is not waited for.
    (b"connection", b"close"),
]


class Unhurried:
    """`app`, whose requests have `grace` seconds and one more for every `rate` bytes that have arrived."""

    def __init__(self, app: App, *, grace: float | None = None, rate: int | None = None) -> None:
        self._app = app
        self._grace = grace or GRACE_SECONDS
        self._rate = rate or BYTES_A_SECOND

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """One request; sockets have clocks of their own, and nothing of this waits as long as they are open."""
        if scope["type"] != "http":
            return self._app(scope, receive, send)
        body = _Body(receive, send, grace=self._grace, rate=self._rate)
        return self._app(scope, body.receive, body.send)


class _Body:
    """A body on its way in, and the answer that is given in the application's place when it takes too long."""

    def __init__(self, receive: Receive, send: Send, *, grace: float, rate: int) -> None:
        self._receive = receive
        self._send = send
        self._rate = rate
        self._due = asyncio.get_running_loop().time() + grace
        self._whole = False
        self._given_up = False
        self._answered = False

    async def receive(self) -> Message:
        """The next piece, or a disconnect when it did not come in time. Once the body is whole: as long as it takes."""
        if self._whole:
            return await self._receive()
        if self._given_up:
            return {"type": "http.disconnect"}
        try:
            async with asyncio.timeout_at(self._due):
                message = await self._receive()
        except TimeoutError:
            await self._give_up()
            return {"type": "http.disconnect"}
        self._due += len(message.get("body", b"")) / self._rate
        self._whole = not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        """Pass the answer on, unless one was given already."""
        if self._given_up:
            return
        self._answered = True
        await self._send(message)

    async def _give_up(self) -> None:
        self._given_up = True
        if not self._answered:
            await self._send({"type": "http.response.start", "status": 408, "headers": _HEADERS})
            await self._send({"type": "http.response.body", "body": _ANSWER})
