"""/live: the pages' WebSocket. It authorises, listens to a few kinds of frame, and leaves the rest to the pushes.

It holds no database session while it waits, answers nothing a stranger could use, and trusts no id it is sent.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any
from urllib.parse import parse_qsl

import msgspec
import structlog
from litestar import WebSocket, websocket
from litestar.connection import ASGIConnection
from litestar.di import NamedDependency
from litestar.exceptions import WebSocketDisconnect

from console import sessions
from console.db import Database
from console.errors import Refused
from console.inbox import policy, queries, reading
from console.inbox.listing import Listing, read_listing
from console.inbox.pushes import Pushes
from console.inbox.screens import COME_AGAIN, SCREENS_PER_AGENT, SIGN_IN_AGAIN, TOO_MANY, Screen, Screens
from console.languages.readers import of_page
from console.languages.words import Words
from console.live import Live, Whisper
from console.settings import Settings
from console.sign_in import session_of
from console.supervision.floor import SHOWS
from console.supervision.views import Asked

log = structlog.get_logger()
BAD_FRAMES = 20
LONGEST_FILTERS = 1000
NOT_UNDERSTOOD = 1008
# The session is looked at again this often, because it may simply have grown old.
CHECK_EVERY = 60.0
# A page says something every 20 s (a hidden one every minute); who says nothing for so long is gone, or not a page.
SILENCE = 150.0


class Hello(msgspec.Struct, tag_field="t", tag="hello"):
    """The page is here: what it shows, and the newest entry it reflects; `number` comes back when it has caught up.

    `language` is the page's own (`<html lang>`): what is pushed is put into it.
    """

    head: int
    view: str
    filters: str = ""
    open: int | None = None
    number: int = 0
    language: str = ""


class View(msgspec.Struct, tag_field="t", tag="view"):
    """Another list is shown: its view, and its filters as they stand in the address."""

    view: str
    filters: str = ""


class Open(msgspec.Struct, tag_field="t", tag="open"):
    """Another conversation is shown, or none."""

    open: int | None = None


class Typing(msgspec.Struct, tag_field="t", tag="typing"):
    """The agent writes, or stopped."""

    on: bool


class Seen(msgspec.Struct, tag_field="t", tag="seen"):
    """The thread is in view up to this sequence."""

    open: int
    sequence: int


class Floor(msgspec.Struct, tag_field="t", tag="floor"):
    """The floor is shown: of which team, and which of its people."""

    team: int | None = None
    show: str = "attention"
    every: bool = False


class BotBoard(msgspec.Struct, tag_field="t", tag="bot"):
    """The bot's page is shown: which dialogue is open there, if one is."""

    session: int | None = None


class Ping(msgspec.Struct, tag_field="t", tag="ping"):
    """Still there."""


Frame = Hello | View | Open | Typing | Seen | Floor | BotBoard | Ping
_frames = msgspec.json.Decoder(Frame)


@websocket("/live")
async def live_socket(
    socket: WebSocket[Any, Any, Any],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
) -> None:
    """One open page. The handshake's origin was checked before; here the session is."""
    found = await _session_of(socket, db, settings)
    await socket.accept()
    if found is None or found.viewer.owes_factor:
        await socket.close(SIGN_IN_AGAIN)
        return
    state = socket.app.state
    screens: Screens = state.screens
    if screens.lines[found.viewer.id] >= SCREENS_PER_AGENT:
        await socket.close(TOO_MANY)
        return
    # Counted from here, not from the greeting: what never greets holds a line all the same.
    screens.lines[found.viewer.id] += 1
    screen = Screen(found.viewer, socket.send_text)
    line = Line(
        socket,
        screen,
        db=db,
        settings=settings,
        pushes=state.pushes,
        screens=screens,
        live=state.live,
    )
    try:
        code = await line.run()
    finally:
        screens.lines[found.viewer.id] -= 1
        screens.remove(screen)
        line.leave()
    if code is not None:
        await socket.close(code)


async def _session_of(socket: WebSocket[Any, Any, Any], db: Database, settings: Settings) -> sessions.Found | None:
    """As of any connection; but what was read of the headers for it is not kept for as long as the page is open."""
    return await session_of(ASGIConnection({**socket.scope, "state": {}}), db, settings)


def _code(written: asyncio.Task[int]) -> int | None:
    try:
        return written.result()
    except WebSocketDisconnect:
        return None


class Line:
    """What one page says, and what that does."""

    def __init__(
        self,
        socket: WebSocket[Any, Any, Any],
        screen: Screen,
        *,
        db: Database,
        settings: Settings,
        pushes: Pushes,
        screens: Screens,
        live: Live,
    ) -> None:
        self._socket = socket
        self._screen = screen
        self._db = db
        self._settings = settings
        self._pushes = pushes
        self._screens = screens
        self._live = live
        self._checked_at = time.monotonic()
        screen.on_lost = self._say_gone
        self._bad = 0

    async def run(self) -> int | None:
        """Listen and write until either ends; the close code we owe, or None when the page hung up."""
        writing = asyncio.create_task(self._screen.write_for_ever(), name="screen.write")
        try:
            async with asyncio.timeout(None) as listening:
                # Who has nothing to write any more listens no longer: one task less for each page than to wait for two.
                writing.add_done_callback(stop := lambda _written: listening.reschedule(0.0))
                try:
                    return await self._listen()
                finally:
                    writing.remove_done_callback(stop)
        except TimeoutError:
            return _code(writing)
        except WebSocketDisconnect:
            return None
        finally:
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)

    async def _listen(self) -> int:
        while True:
            try:
                async with asyncio.timeout(SILENCE):
                    heard = await self._socket.receive()
                if heard["type"] != "websocket.receive":
                    raise WebSocketDisconnect(detail="hung up")
                if not await self._may_stay():
                    return SIGN_IN_AGAIN
                await self._obey(_frames.decode(heard.get("text") or ""))
            except TimeoutError:
                return COME_AGAIN
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
                self._bad += 1
                self._screen.say(error="bad_frame")
            except Refused as refused:
                self._screen.say(error=refused.code)
            if self._bad > BAD_FRAMES:
                return NOT_UNDERSTOOD

    async def _may_stay(self) -> bool:
        if time.monotonic() - self._checked_at < CHECK_EVERY:
            return True
        self._checked_at = time.monotonic()
        found = await _session_of(self._socket, self._db, self._settings)
        return found is not None and not found.viewer.owes_factor

    async def _obey(self, frame: Frame) -> None:
        match frame:
            case Hello():
                await self._greet(frame)
            case View():
                self._screen.listing = self._listing(frame)
            case Open(open=conversation_id):
                await self._turn_to(conversation_id)
            case Typing(on=on):
                self._whisper("writing" if on else "looking")
            case Seen(open=conversation_id, sequence=sequence):
                await self._read(conversation_id, sequence)
            case Floor():
                self._look_at_floor(frame)
            case BotBoard(session=session):
                self._look_at_bot(session)
            case Ping():
                self._whisper("looking")
                self._screen.say(pong=True)

    async def _greet(self, hello: Hello) -> None:
        """Push from now on, then bring what was missed: in this order nothing falls between."""
        self._screen.listing = self._listing(hello)
        self._screen.language = of_page(hello.language)
        if not self._screen.greeted:
            self._screen.greeted = True
            self._screens.add(self._screen)
        try:
            await self._turn_to(hello.open)
        finally:
            # What it shows may be out of reach by now; the rest it missed it gets all the same.
            await self._pushes.catch_up(self._screen, hello.head)
            self._screen.say(hello=hello.number)
            self._screen.caught_up = True

    def _listing(self, frame: Hello | View) -> Listing:
        try:
            asked = dict(parse_qsl(frame.filters[:LONGEST_FILTERS], max_num_fields=20, errors="replace"))
        except ValueError:
            raise Refused(422, Words("Esa vista no existe."), code="invalid", field="filters") from None
        return read_listing({**asked, "view": frame.view}, self._settings.currency)

    async def _turn_to(self, conversation_id: int | None) -> None:
        if conversation_id == self._screen.open:
            self._whisper("looking")
            return
        self._whisper("gone")
        if conversation_id is not None:
            async with self._db.reading() as tx:
                try:
                    await queries.open_conversation(tx, self._screen.viewer, conversation_id)
                except Refused:
                    self._screens.turn_to(self._screen, None)
                    self._screen.reload("pane")
                    raise
        self._screens.turn_to(self._screen, conversation_id)
        self._whisper("looking")

    def _look_at_floor(self, frame: Floor) -> None:
        policy.require(self._screen.viewer, "watch_floor")
        if frame.show not in SHOWS:
            raise Refused(422, Words("Esa vista no existe."), code="invalid", field="show")
        self._screen.floor = Asked(team=frame.team, show=frame.show, every=frame.every)
        self._socket.app.state.floor.owe()

    def _look_at_bot(self, session: int | None) -> None:
        policy.require(self._screen.viewer, "edit_bot")
        self._screen.bot = session or 0
        self._socket.app.state.bot_board.owe()

    async def _read(self, conversation_id: int, sequence: int) -> None:
        """The reading mark moves only for what this screen is allowed to show and does show."""
        if conversation_id != self._screen.open or sequence < 1:
            return
        async with self._db.transaction() as tx:
            conversation = await queries.open_conversation(tx, self._screen.viewer, conversation_id)
            await reading.mark_read(tx, conversation, by=self._screen.viewer, sequence=sequence)

    def _whisper(self, doing: str) -> None:
        """Tell colleagues; how many screens of ours show it decides whether we are really gone."""
        opened = self._screen.open
        if opened is not None and doing == "gone":
            self._say_gone(opened)
        elif opened is not None:
            self._say(opened, doing)

    def _say_gone(self, conversation_id: int) -> None:
        others = self._screens.by_open.get(conversation_id, set()) - {self._screen}
        if all(other.viewer.id != self._screen.viewer.id for other in others):
            self._say(conversation_id, "gone")

    def _say(self, conversation_id: int, doing: str) -> None:
        viewer = self._screen.viewer
        self._live.whisper(Whisper(viewer.id, viewer.name, conversation_id, doing, self._live.process))

    def leave(self) -> None:
        """The page is gone."""
        self._whisper("gone")


routes = [live_socket]
