"""A scanner of the tests: a real server on loopback that speaks clamd's protocol, knows EICAR, and can misbehave."""

from __future__ import annotations

import contextlib
import hashlib
import socket
import socketserver
import struct
import threading
from collections.abc import Iterator
from pathlib import Path

# Put together here: in one piece scanners would take the repository itself for infected.
EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}" + b"$" + b"EICAR" + b"-STANDARD-" + b"ANTIVIRUS-TEST" + b"-FILE!" + b"$H+H*"
SIGNATURE = "Win.Test.EICAR_HDB-1"


class FakeClamd:
    """`mode` is how it behaves from now on.

    "on"; "hung": it takes everything and answers nothing; "slow": it answers a PING, and no file; "garbage": it says
    what no scanner says; "limit": it refuses every file as too large; "odd": it answers a PING, and of files garbage.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.mode = "on"
        self.scanned: list[str] = []
        """The hash of each file it was given whole."""
        self._path = path
        self._port = 0
        self._server: _Server | None = None
        self._links: set[socket.socket] = set()

    @property
    def address(self) -> str:
        """As ALDIA_SCANNER names it."""
        return f"unix:{self._path}" if self._path else f"tcp://127.0.0.1:{self._port}"

    def up(self) -> None:
        """Listen, where it did before."""
        assert self._server is None
        place: tuple[str, int] | str = str(self._path) if self._path else ("127.0.0.1", self._port)
        kind = _UnixServer if self._path else _Server
        self._server = kind(place, self)  # type: ignore[arg-type]  # a path for the one, a pair for the other
        if not self._path:
            self._port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def down(self) -> None:
        """Gone, with every connection it had."""
        if self._server is None:
            return
        self._server.shutdown()
        self._server.server_close()
        self._server = None
        for link in list(self._links):
            with contextlib.suppress(OSError):
                link.shutdown(socket.SHUT_RDWR)
        if self._path:
            self._path.unlink(missing_ok=True)

    def becomes(self, mode: str) -> None:
        """Down, or up in this mode."""
        if mode == "down":
            self.down()
            return
        self.mode = mode
        if self._server is None:
            self.up()

    def answer(self, link: socket.socket) -> None:
        """One connection, one command."""
        self._links.add(link)
        try:
            self._speak(link)
        except OSError:
            pass  # whoever asked has gone, or we have
        finally:
            self._links.discard(link)

    def _speak(self, link: socket.socket) -> None:
        mode, said = self.mode, b""
        while not said.endswith(b"\0"):
            if not (piece := link.recv(1)):
                return
            said += piece
        if said == b"zINSTREAM\0" and mode == "limit":
            link.sendall(b"INSTREAM size limit exceeded. ERROR\0")
            return
        content = _poured(link) if said == b"zINSTREAM\0" else None
        if mode == "hung" or (mode == "slow" and content is not None):
            link.recv(1)  # until the other hangs up
            return
        if mode == "garbage" or (mode == "odd" and content is not None):
            link.sendall(b"HTTP/1.1 400 stream: OK, more or less\r\n\0")
            return
        link.sendall(self._verdict(content) if content is not None else b"PONG\0")

    def _verdict(self, content: bytes) -> bytes:
        self.scanned.append(hashlib.sha256(content).hexdigest())
        return f"stream: {SIGNATURE} FOUND\0".encode() if EICAR in content else b"stream: OK\0"


@contextlib.contextmanager
def a_scanner(path: Path | None = None) -> Iterator[FakeClamd]:
    """One that listens until the end of the block."""
    scanner = FakeClamd(path)
    scanner.up()
    try:
        yield scanner
    finally:
        scanner.down()


def _poured(link: socket.socket) -> bytes:
    content = b""
    while length := struct.unpack(">I", _exactly(link, 4))[0]:
        content += _exactly(link, length)
    return content


def _exactly(link: socket.socket, size: int) -> bytes:
    got = b""
    while len(got) < size:
        if not (piece := link.recv(size - len(got))):
            raise ConnectionError
        got += piece
    return got


class _Answering(socketserver.BaseRequestHandler):
    server: _Server

    def handle(self) -> None:
        self.server.scanner.answer(self.request)


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, place: tuple[str, int], scanner: FakeClamd) -> None:
        self.scanner = scanner
        super().__init__(place, _Answering)


class _UnixServer(_Server):
    address_family = socket.AF_UNIX

    def server_bind(self) -> None:
        self.socket.bind(self.server_address)
