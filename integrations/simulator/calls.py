"""A call of the Cloud API as it comes over ASGI, and the ways to answer it or not."""

from __future__ import annotations

import asyncio
import socket
import struct
from io import BytesIO
from typing import Any

import msgspec
import multipart  # type: ignore[import-untyped]  # published without types
from litestar.types import HTTPScope, Receive, Send

from integrations.simulator.graph_errors import GraphError
from integrations.simulator.payloads import Json

BODY_LIMIT = 110 * 1024 * 1024


class Call(msgspec.Struct, kw_only=True):
    """One call, read to its end."""

    method: str
    node: str
    edge: str
    query: dict[str, str]
    content_type: str
    body: bytes
    address: str
    """What the caller sees as the address, without the query."""

    def json(self) -> Json:
        """The body as a JSON object, or its form fields; raises the GraphError for anything else."""
        if not self.body:
            return {}
        if self.content_type.startswith(("multipart/form-data", "application/x-www-form-urlencoded")):
            return dict(self.form()[0])
        try:
            decoded: Any = msgspec.json.decode(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as unreadable:
            raise GraphError(100, "The request body is not valid JSON.") from unreadable
        if not isinstance(decoded, dict):
            raise GraphError(100, "The request body must be a JSON object.")
        return decoded

    def form(self) -> tuple[dict[str, str], tuple[str, str, bytes] | None]:
        """The fields of a form, and its file if there is one: name, declared type, bytes."""
        environment = {
            "wsgi.input": BytesIO(self.body),
            "CONTENT_TYPE": self.content_type,
            "CONTENT_LENGTH": str(len(self.body)),
            "REQUEST_METHOD": "POST",
        }
        try:
            fields, files = multipart.parse_form_data(
                environment, strict=True, memory_limit=BODY_LIMIT, memfile_limit=BODY_LIMIT
            )
        except multipart.MultipartError as unreadable:
            raise GraphError(100, "The request body is not a valid form.") from unreadable
        part = files.get("file")
        file = (part.filename or "file", part.content_type, part.raw) if part else None
        return {name: fields[name] for name in fields}, file


class Reply(msgspec.Struct, kw_only=True):
    """What to answer, and how badly."""

    status: int = 200
    content: Json | None = None
    body: bytes = b""
    content_type: str = "application/json"
    filename: str | None = None
    wait: float = 0.0
    """Real seconds before it is answered."""
    reset: bool = False
    """Break the connection instead."""
    what: str | None = None
    """For the register, in Spanish, where the call alone does not say it."""
    persona: str | None = None
    note: str = ""
    retry_after: int | None = None


async def read(receive: Receive) -> bytes:
    """The whole body; raises ConnectionResetError when the caller leaves, GraphError when it is too much."""
    parts: list[bytes] = []
    size = 0
    while True:
        event = await receive()
        if event["type"] != "http.request":
            raise ConnectionResetError("the caller left")
        parts.append(event["body"])
        size += len(event["body"])
        if size > BODY_LIMIT:
            raise GraphError(100, "The request body is too large.", status=413)
        if not event.get("more_body"):
            return b"".join(parts)


async def respond(reply: Reply, receive: Receive, send: Send) -> None:
    """Answer as told: late, or by breaking the connection, or in the plain way."""
    if reply.wait:
        await asyncio.sleep(reply.wait)
    if reply.reset:
        await break_off(receive, send)
        return
    body = msgspec.json.encode(reply.content) if reply.content is not None else reply.body
    headers = [
        (b"content-type", reply.content_type.encode("latin-1", "replace")),
        (b"content-length", str(len(body)).encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"facebook-api-version", b"v25.0"),
    ]
    if reply.retry_after is not None:
        headers.append((b"retry-after", str(reply.retry_after).encode()))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


async def break_off(receive: Receive, send: Send) -> None:
    """Reset the connection.

    ASGI has no word for it: the transport is taken from uvicorn's own object, whose method `receive` is. On another
    server the answer begins and never ends, which is the next best thing.
    """
    transport = getattr(getattr(receive, "__self__", None), "transport", None)
    if transport is not None:
        # Without lingering, closing is a reset rather than a polite end.
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
        while (await receive())["type"] != "http.disconnect":
            pass
        return
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"9999")]})


def header(scope: HTTPScope, name: bytes) -> str:
    """One header of a request, or ""."""
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), "")
