"""The doors of the stream: a WebSocket, and server-sent events, at the same address."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine, Iterator, Sequence
from typing import Annotated, Any

import msgspec
import structlog
from litestar import Request, WebSocket, get, websocket
from litestar.di import NamedDependency
from litestar.exceptions import WebSocketException
from litestar.types import ASGIApp, Receive, Scope, Send
from sqlalchemy.exc import SQLAlchemyError

from console import audit
from console.api import problems, tokens
from console.api.asking import query
from console.api.events import Event
from console.api.following import Crowd, Ended, Seat, crowd_of, follow
from console.api.operations import does
from console.api.problems import invalid
from console.api.tokens import Program
from console.db import Database
from console.errors import Refused
from console.languages.words import as_kept
from console.live import Live
from console.security import log_unexpected

log = structlog.get_logger()
EVENT_STREAM = "text/event-stream"
# One frame that a client does not take for this long ends its stream; it comes back with its cursor.
PATIENCE = 10.0
# How long what is being done may still take once a client has left.
FAREWELL = 2.0
# Frames that a client may send although it only has to listen.
MOST_FRAMES = 100

# Close codes: 4401 ask for another token, 4408 read faster, 1013 come back in a moment.
CLOSES = {"token_revoked": 4401, "too_slow": 4408, "unavailable": 1013, "read_only": 1008, "internal": 1011}
"""Every `code` a socket may be closed with, in a last frame `{"type": "error", "code": …}`."""

_CURSOR = "The `cursor` of the last event received; `0` is the very beginning."
_encoder = msgspec.json.Encoder(enc_hook=as_kept)


class Place(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Where to begin."""

    cursor: Annotated[str, msgspec.Meta(description=_CURSOR)] | None = None


@get("/stream", opt=does("stream:read", returns=Event, query=Place, refuses=(406, 429), media_type=EVENT_STREAM))
async def stream_events(
    request: Request[Any, Any, Any],
    program: NamedDependency[Program],
    db: NamedDependency[Database],
    live: NamedDependency[Live],
) -> ASGIApp:
    """Every event the token may see, in order, as server-sent events; the same address is also a WebSocket.

    After a break, `?cursor=` (or `Last-Event-ID`) goes on with nothing missed and nothing twice, however long ago it
    was. Without it, the stream begins now. Each event shows its object as it is when the event is given.
    """
    accepted = request.headers.get("accept", "*/*")
    if not any(kind in accepted for kind in (EVENT_STREAM, "text/*", "*/*")):
        raise Refused(406, f"Pida {EVENT_STREAM}, o abra un WebSocket.", code="not_acceptable")
    # An EventSource comes back to the address it was made with: what it saw last is newer than what that says.
    cursor = request.headers.get("last-event-id") or query(request, Place).cursor
    position = await _begin(db, program, cursor, via="sse")
    return _EventStream(db, crowd_of(live), program, position)


@websocket("/stream")
async def stream_socket(
    socket: WebSocket[Any, Any, Any],
    db: NamedDependency[Database],
    live: NamedDependency[Live],
) -> None:
    """The same as JSON frames: events, `{"type": "heartbeat", "head"}`, and a last `{"type": "error", "code"}`."""
    try:
        async with db.reading() as tx:
            program = await tokens.authenticate(tx, socket)
        tokens.require(program, "stream:read")
        await tokens.note_use(db, program)
        position = await _begin(db, program, query(socket, Place).cursor, via="websocket")
        with crowd_of(live).joined(program, is_socket=True) as seat:
            await socket.accept()
            code = await _together(seat, follow(db, seat, program, position, _Socket(socket)), _listen(socket))
            if code is not None:
                await _close(socket, code)
    except Refused as refusal:
        await _refuse(socket, refusal)
    except (SQLAlchemyError, OSError) as away:  # before it opened: later, a follower's end has a code of its own
        log.warning("stream.unavailable", kind=type(away).__name__)
        await _refuse(socket, Refused(503, "La base de datos no responde.", code="unavailable"))


async def _begin(db: Database, program: Program, cursor: str | None, *, via: str) -> int:
    """The entry to begin after. Records that a program follows the history from there."""
    async with db.reading() as tx:
        head = await audit.head_of(tx)
    position = head if cursor is None else _position(cursor)
    if position > head:
        # Of another database, or of a future that a restored backup has undone: going on would miss what comes.
        raise invalid("cursor", "El cursor está más allá del historial.", status=400, code="cursor_ahead")
    async with db.transaction() as tx:
        audit.record(tx, program.actor, "stream.opened", new={"cursor": position, "via": via})
    return position


def _position(cursor: str) -> int:
    if not (cursor.isascii() and cursor.isdigit()) or len(cursor) > 18:
        raise invalid("cursor", "El cursor no es válido.", status=400, code="invalid_cursor")
    return int(cursor)


async def _together(
    seat: Seat, following: Coroutine[Any, Any, None], leaving: Coroutine[Any, Any, str | None]
) -> str | None:
    """Follow until the follower fails or the client leaves; the code to end with, None when nobody is there to hear."""
    follower, leaver = asyncio.create_task(following), asyncio.create_task(leaving)
    try:
        await asyncio.wait({follower, leaver}, return_when=asyncio.FIRST_COMPLETED)
        return _why(follower) if follower.done() else leaver.result()
    finally:
        seat.leave()
        leaver.cancel()
        await asyncio.wait({follower}, timeout=FAREWELL)
        follower.cancel()
        await asyncio.gather(follower, leaver, return_exceptions=True)


async def _listen(socket: WebSocket[Any, Any, Any]) -> str | None:
    """Wait for the client to leave. What it says is not looked at; too much of it ends the stream."""
    for _ in range(MOST_FRAMES):
        message = await socket.receive()
        if message["type"] == "websocket.disconnect":
            return None
    return "read_only"


def _why(following: asyncio.Task[None]) -> str | None:
    """The code for how a follower ended; None when there is nobody left to tell."""
    failure = following.exception()
    if isinstance(failure, Ended):
        return failure.code
    # Writing to who has left fails in as many ways as there are servers.
    if failure is not None and not isinstance(failure, OSError | RuntimeError | WebSocketException):
        log_unexpected(failure)
        return "internal"
    return None


async def _close(socket: WebSocket[Any, Any, Any], code: str) -> None:
    """Say why, if it can still be said, and hang up."""
    try:
        async with asyncio.timeout(1):
            if code != "too_slow":
                await socket.send_data(_encoder.encode({"type": "error", "code": code}).decode())
            await socket.close(CLOSES[code], code)
    except (TimeoutError, RuntimeError, OSError):
        log.info("stream.gone", code=code)


async def _refuse(socket: WebSocket[Any, Any, Any], refusal: Refused) -> None:
    """Say no before the socket opens: with a problem where the server can, else by closing it."""
    if "websocket.http.response" not in (socket.scope.get("extensions") or {}):
        await socket.close(1008, refusal.code)
        return
    problem = problems.describe(refusal.status, code=refusal.code, detail=refusal.text, field=refusal.field)
    headers = [(b"content-type", problems.MEDIA_TYPE.encode())]
    send: Any = socket.send
    await send({"type": "websocket.http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": _encoder.encode(problem)})


@contextlib.contextmanager
def _in_time() -> Iterator[None]:
    try:
        yield
    except TimeoutError:
        raise Ended("too_slow") from None


class _Socket:
    """Events as frames of a WebSocket."""

    def __init__(self, socket: WebSocket[Any, Any, Any]) -> None:
        self._socket = socket

    async def give(self, events: Sequence[Event]) -> None:
        for event in events:
            await self._frame(_encoder.encode(event))

    async def beat(self, head: int) -> None:
        await self._frame(_encoder.encode({"type": "heartbeat", "head": str(head)}))

    async def _frame(self, frame: bytes) -> None:
        with _in_time():
            async with asyncio.timeout(PATIENCE):
                await self._socket.send_data(frame.decode())


class _EventStream:
    """Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html) as an ASGI answer."""

    def __init__(self, db: Database, crowd: Crowd, program: Program, position: int) -> None:
        self._db, self._crowd, self._program, self._position = db, crowd, program, position

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        with self._crowd.joined(self._program, is_socket=False) as seat:
            headers = [
                (b"content-type", f"{EVENT_STREAM}; charset=utf-8".encode()),
                (b"cache-control", b"no-store"),
                (b"x-accel-buffering", b"no"),  # nginx would hold small events back
            ]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            lines = _Lines(send)
            following = follow(self._db, seat, self._program, self._position, lines)
            code = await _together(seat, following, _left(receive))
            if code is not None:
                await lines.end(code)


async def _left(receive: Receive) -> None:
    """Wait for the client to leave: there is nobody to tell then."""
    while (await receive())["type"] != "http.disconnect":
        pass


class _Lines:
    """Events as lines: `id`, `event`, `data`. A heartbeat is an id alone: it moves `Last-Event-ID` and says nothing."""

    def __init__(self, send: Send) -> None:
        self._send = send

    async def give(self, events: Sequence[Event]) -> None:
        for event in events:
            head = f"id: {event.cursor}\nevent: {event.type}\ndata: ".encode()
            await self._write(head + _encoder.encode(event) + b"\n\n")

    async def beat(self, head: int) -> None:
        await self._write(f": heartbeat\nid: {head}\n\n".encode())

    async def end(self, code: str) -> None:
        """A last event that says why, and the end of the answer."""
        try:
            await self._write(f'event: error\ndata: {{"code":"{code}"}}\n\n'.encode(), more=False)
        except (Ended, OSError):
            log.info("stream.gone", code=code)

    async def _write(self, lines: bytes, *, more: bool = True) -> None:
        with _in_time():
            async with asyncio.timeout(PATIENCE):
                await self._send({"type": "http.response.body", "body": lines, "more_body": more})


routes = [stream_events, stream_socket]
