"""Tells the open pages what changes, over server-sent events."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable

import msgspec

from integrations.simulator.journal import Line

FLUSH_SECONDS = 0.1
LINES_A_FLUSH = 60
BACKLOG = 400
HEARTBEAT_SECONDS = 15.0


class Viewer:
    """One open page. When it cannot keep up, it is told to load everything anew."""

    def __init__(self) -> None:
        self.id = secrets.token_hex(8)
        self._frames: asyncio.Queue[bytes] = asyncio.Queue(BACKLOG)
        self._closed = False

    def put(self, frame: bytes) -> None:
        """Queue a frame; a full queue is replaced by the word that something is missing."""
        try:
            self._frames.put_nowait(frame)
        except asyncio.QueueFull:
            while not self._frames.empty():
                self._frames.get_nowait()
            self._frames.put_nowait(_frame("resync", {}))

    def close(self) -> None:
        """Let `frames` come to an end."""
        self._closed = True
        self.put(b"")

    async def frames(self) -> AsyncIterator[bytes]:
        """What there is to send, and a comment now and then that keeps the connection alive."""
        yield _frame("hello", {"viewer": self.id})
        while not self._closed:
            try:
                yield await asyncio.wait_for(self._frames.get(), HEARTBEAT_SECONDS)
            except TimeoutError:
                yield b": still here\n\n"


class Hub:
    """All viewers. Lines of the register are gathered for a moment, for there may be thousands a second."""

    def __init__(self, counters: Callable[[], dict[str, object]]) -> None:
        self.viewers: dict[str, Viewer] = {}
        self._counters = counters
        self._lines: dict[int, Line] = {}
        self._flush_is_due = False

    def join(self) -> Viewer:
        """A page has opened."""
        viewer = Viewer()
        self.viewers[viewer.id] = viewer
        return viewer

    def leave(self, viewer: Viewer) -> None:
        """A page is gone."""
        self.viewers.pop(viewer.id, None)

    def close(self) -> None:
        """End the streams of all pages; their browsers will ask again."""
        for viewer in self.viewers.values():
            viewer.close()

    def tell(self, event: str, content: object) -> None:
        """Send an event to every page."""
        if self.viewers:
            frame = _frame(event, content)
            for viewer in self.viewers.values():
                viewer.put(frame)

    def line_changed(self, line: Line) -> None:
        """Show a line of the register soon."""
        if not self.viewers:
            return
        self._lines[line.id] = line
        if not self._flush_is_due:
            self._flush_is_due = True
            asyncio.get_running_loop().call_later(FLUSH_SECONDS, self._flush)

    def _flush(self) -> None:
        lines, self._lines, self._flush_is_due = list(self._lines.values()), {}, False
        shown = [summary(line) for line in lines[-LINES_A_FLUSH:]]
        self.tell("lines", {"lines": shown, "skipped": len(lines) - len(shown), "counters": self._counters()})


def summary(line: Line) -> dict[str, object]:
    """A line without its bodies."""
    whole: dict[str, object] = msgspec.to_builtins(line)
    return {name: value for name, value in whole.items() if name not in {"body", "answer"}}


def _frame(event: str, content: object) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (event.encode(), msgspec.json.encode(content))
