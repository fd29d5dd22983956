"""Deliveries taken off the wire: what arrives whole and as it should is answered without becoming a request.

A server for every kind of request spends more on one than we spend on what Meta says in it. Whatever is odd, or not
all there yet, goes the server's way and meets `webhook.Lane`, which would say the same.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Sequence

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from console import metrics
from console.inbox.ingest import Unavailable
from console.inbox.webhook import LARGEST, PATH
from integrations.whatsapp import signature

_REQUEST_LINE = f"POST {PATH} HTTP/1.1\r\n".encode()
# RFC 9110 §5: a name is a token, and nothing in a value is a control character. Stricter than the parser behind us.
_HEADERS = re.compile(rb"(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*\r\n)+")
# Each of them changes how a body is read, or what becomes of the connection.
_ODD = frozenset({b"transfer-encoding", b"content-encoding", b"expect", b"upgrade", b"trailer", b"te"})
_ACCEPTED = metrics.webhooks_total.labels("accepted")
_UNAVAILABLE = metrics.webhooks_total.labels("unavailable")


def delivery_in(data: bytes, secrets: Sequence[str]) -> bytes | None:
    """The body, when `data` is one signed delivery from its first byte to its last; None for anything else."""
    head, _end, body = data.partition(b"\r\n\r\n")
    fields = head[len(_REQUEST_LINE) :]
    if len(body) > LARGEST or not _HEADERS.fullmatch(fields + b"\r\n"):
        return None
    length = signed = None
    for field in fields.split(b"\r\n"):
        name, _colon, value = field.partition(b":")
        match name.lower():
            case b"content-length" if length is None:
                length = value.strip()
            case b"x-hub-signature-256" if signed is None:
                signed = value.strip()
            case b"content-length" | b"x-hub-signature-256":
                return None
            case b"connection" if value.strip().lower() != b"keep-alive":
                return None
            case odd if odd in _ODD:
                return None
    is_whole = length == str(len(body)).encode()
    return body if is_whole and signed is not None and signature.verify(body, signed, secrets) else None


class Protocol(HttpToolsProtocol):
    """uvicorn's protocol, which never hears of a delivery that was taken."""

    _waiting: asyncio.Future[None] | None = None
    _inside = False
    _held = b""
    _arrived = 0.0
    _leaves = False

    def data_received(self, data: bytes) -> None:
        """Bytes of a connection: one delivery from its first to its last, or anything else."""
        if self._waiting is not None:
            # Answers go in the order of the requests: what comes behind a delivery waits for its answer.
            self._held += data
            self.flow.pause_reading()
        elif not (data.startswith(_REQUEST_LINE) and self._is_between() and self._take(data)):
            super().data_received(data)

    def _is_between(self) -> bool:
        """Whether the next byte begins a request and its answer may be the next."""
        cycle: RequestResponseCycle | None = self.cycle  # none before the first request
        is_answered = cycle is None or cycle.response_complete
        return is_answered and not self._inside and not self.pipeline and not self.transport.is_closing()

    def on_message_begin(self) -> None:
        """A request that goes the server's way begins."""
        self._inside = True
        super().on_message_begin()

    def on_message_complete(self) -> None:
        """It has come to its end."""
        self._inside = False
        super().on_message_complete()

    def _take(self, data: bytes) -> bool:
        state = getattr(self.app, "state", None)
        if state is None:
            return False
        body = delivery_in(data, state.settings.app_secrets)
        if body is None:
            return False
        self._unset_keepalive_if_required()
        self._arrived = time.perf_counter()
        try:
            self._waiting = state.ingest.offer(body)
        except Unavailable:
            self._refuse()
        else:
            self._waiting.add_done_callback(self._settled)
        return True

    def _settled(self, waited: asyncio.Future[None]) -> None:
        self._waiting = None
        if waited.cancelled() or waited.exception() is not None:
            self._refuse()
            return
        _ACCEPTED.inc()
        metrics.webhook_seconds.observe(time.perf_counter() - self._arrived)
        self._answer(200, b"content-length: 0\r\n")

    def _refuse(self) -> None:
        _UNAVAILABLE.inc()
        self._answer(503, b"content-length: 0\r\nretry-after: 5\r\n")

    def _answer(self, status: int, fields: bytes) -> None:
        if self.transport.is_closing():
            return
        usual = b"".join([b"%b: %b\r\n" % field for field in self.server_state.default_headers])
        last = b"connection: close\r\n\r\n" if self._leaves else b"\r\n"
        self.transport.write(STATUS_LINE[status] + usual + fields + last)
        if self._leaves:
            self.transport.close()
            return
        self.on_response_complete()
        held, self._held = self._held, b""
        if held:
            self.data_received(held)

    def shutdown(self) -> None:
        """The server stops: whoever waits for an answer gets it first."""
        if self._waiting is not None:
            self._leaves = True
        else:
            super().shutdown()
