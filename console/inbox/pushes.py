"""From what happened to what screens show: read once, rendered once, given to whoever may see it."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence

import msgspec
from sqlalchemy import select

from console import audit, clock
from console.agents import Agent, AgentTeam, Role, Viewer
from console.audit import AuditEntry, Entry
from console.db import Database, Tx
from console.inbox import counts, queries, threads
from console.inbox.contacts import Contact
from console.inbox.models import Conversation
from console.inbox.screens import COUNTS_EVERY, SIGN_IN_AGAIN, Screen, Screens
from console.inbox.views import HeaderView, MessageView
from console.render import fragment

# What changes who may see a conversation or where it is listed: former watchers must let go of it.
_MOVES = frozenset(
    {
        "conversation.assigned",
        "conversation.released",
        "conversation.resolved",
        "conversation.reopened",
        "conversation.snoozed",
        "conversation.transferred",
        "conversation.merged",
    },
)
_COUNTED = _MOVES | {"conversation.created"}
# Personal: they change what one agent has read and nothing that others see.
_READINGS = frozenset({"conversation.read"})
_UNSEEN = frozenset({"conversation.viewed", "media.viewed"})
# Steps that belong in the panel's history.
_NOT_IN_PANEL = _READINGS | _UNSEEN | {"message.sending", "message.sent", "message.delivered", "message.read"}


class Change(msgspec.Struct):
    """All that a batch of entries says about one conversation."""

    messages: dict[int, None] = msgspec.field(default_factory=dict)
    moves: list[int] = msgspec.field(default_factory=list)
    in_panel: bool = False
    about: bool = False
    counted: bool = False
    readers: set[int] = msgspec.field(default_factory=set)
    row: bool = False


class Pushes:
    """Follows the history on behalf of this process's screens."""

    def __init__(self, db: Database, screens: Screens) -> None:
        self._db = db
        self._screens = screens
        self._counts_task: asyncio.Task[None] | None = None

    async def follow(self, entries: Sequence[Entry]) -> None:
        """Show `entries` to every screen that may see them. Reads nothing when nobody looks."""
        if self._screens.all:
            await self.show(entries, self._screens.all)
            for screen in self._screens.all:
                screen.advance(entries[-1].id)

    async def show(self, entries: Sequence[Entry], screens: set[Screen]) -> None:
        """Push what `entries` changed to those of `screens` that may see it."""
        changes = _by_conversation(entries)
        async with self._db.reading() as tx:
            head = await queries.head(tx)
            for contact_id in _subjects(entries, "contact"):
                for conversation_id in await _conversations_of(tx, contact_id):
                    changes[conversation_id].row = changes[conversation_id].about = True
            await self._show_people(tx, entries, screens)
            if any(entry.action.startswith("channel.") for entry in entries):
                _give(screens, "banner", fragment("inbox/_banner.html", banner=await queries.banner(tx)))
            if changes:
                await self._show_conversations(tx, changes, screens, head)
            if any(change.counted for change in changes.values()):
                self._owe_counts(screens)

    async def _show_conversations(self, tx: Tx, changes: dict[int, Change], screens: set[Screen], head: int) -> None:
        facts = {fact.row.conversation_id: fact for fact in await queries.rows_by_id(tx, changes, version=head)}
        seers = {
            number: self._screens.who_see(fact.row.team_id, fact.row.holder_id) & screens
            for number, fact in facts.items()
        }
        await self._let_go(tx, changes, seers, screens)
        marks = await queries.read_marks(tx, {s.viewer.id for seen in seers.values() for s in seen}, facts)
        for number, fact in facts.items():
            _show_row(fact, changes[number], seers[number], marks)
        open_ones = {n: s for n, seen in seers.items() if (s := self._screens.by_open.get(n, set()) & seen)}
        if open_ones:
            await self._show_threads(tx, changes, open_ones)

    async def _let_go(
        self,
        tx: Tx,
        changes: dict[int, Change],
        seers: dict[int, set[Screen]],
        screens: set[Screen],
    ) -> None:
        """Take a conversation off the screens that may no longer see it, and off no others."""
        moves = [number for change in changes.values() for number in change.moves]
        if not moves:
            return
        rows = await tx.execute(select(AuditEntry.conversation_id, AuditEntry.old).where(AuditEntry.id.in_(moves)))
        for conversation_id, old in rows.all():
            if conversation_id is None:
                continue
            before = msgspec.json.decode(old, type=dict[str, object]) if old else {}
            team, holder = before.get("team_id"), before.get("holder_id")
            former = self._screens.by_team.get(team, set()) if isinstance(team, int) else set()
            former = former | (self._screens.by_agent.get(holder, set()) if isinstance(holder, int) else set())
            for screen in (former & screens) - seers.get(conversation_id, set()):
                screen.remove_row(conversation_id)
                screen.owes_counts = True
                if screen.open == conversation_id:
                    screen.reload("pane")

    async def _show_threads(self, tx: Tx, changes: dict[int, Change], open_ones: dict[int, set[Screen]]) -> None:
        wanted = [message for number in open_ones for message in changes[number].messages]
        for message in await threads.messages_by_id(tx, wanted):
            key = f"message-{message.id}"
            for screen in open_ones.get(message.conversation_id, ()):
                screen.put(key, message_fragment(message))
        headers = await queries.headers_by_id(tx, open_ones, clock.now())
        for number, watching in open_ones.items():
            if changes[number].row:
                for screen in watching:
                    header = queries.personal_header(headers[number], screen.viewer)
                    screen.put(f"header-{number}", fragment("inbox/_header.html", header=header))
            if changes[number].about:
                _give(watching, f"about-{number}", await _about(tx, number, headers[number].header))
            if changes[number].in_panel:
                lines = await threads.history_of(tx, number)
                html = fragment("inbox/_history.html", conversation_id=number, history=lines, whole=False)
                _give(watching, f"history-{number}", html)

    async def _show_people(self, tx: Tx, entries: Sequence[Entry], screens: set[Screen]) -> None:
        """Sessions that ended and rights that changed take effect on the open screens."""
        for entry in entries:
            kind, _colon, number = (entry.subject or "").partition(":")
            if entry.action == "session.ended":
                for screen in screens:
                    mine = screen.viewer.session_id if kind == "session" else screen.viewer.id
                    if kind in {"session", "agent"} and str(mine) == number:
                        screen.close(SIGN_IN_AGAIN)
            elif entry.action.startswith(("agent.", "team.")) and kind in {"agent", "team"}:
                touched = {s for s in screens if kind == "team" or str(s.viewer.id) == number}
                await self._refresh(tx, touched)

    async def _refresh(self, tx: Tx, screens: Iterable[Screen]) -> None:
        for screen in list(screens):
            viewer = await viewer_again(tx, screen.viewer)
            if viewer is None:
                screen.close(SIGN_IN_AGAIN)
            elif viewer != screen.viewer:
                self._screens.change_viewer(screen, viewer)
                screen.reload("list", "pane", "counts")

    def _owe_counts(self, screens: Iterable[Screen]) -> None:
        for screen in screens:
            screen.owes_counts = True
        if self._counts_task is None or self._counts_task.done():
            self._counts_task = asyncio.create_task(self._pay_counts(), name="pushes.counts")

    async def _pay_counts(self) -> None:
        """Counters move with every new conversation; a person reads them a few times a second at most."""
        await asyncio.sleep(COUNTS_EVERY)
        owed = [screen for screen in self._screens.all if screen.owes_counts]
        async with self._db.reading() as tx:
            numbers = await counts.counts_by_viewer(tx, list({s.viewer.id: s.viewer for s in owed}.values()))
        rendered: dict[tuple[counts.Counts, str], str] = {}
        for screen in owed:
            screen.owes_counts = False
            mine = numbers[screen.viewer.id]
            html = rendered.get((mine, screen.view))
            if html is None:
                html = fragment("inbox/_counts.html", counts=queries.as_views(mine), view=screen.view)
                rendered[mine, screen.view] = html
            screen.put("counts", html)

    async def catch_up(self, screen: Screen, since: int) -> None:
        """Bring a screen that read the page at entry `since` to the present, whatever it missed.

        Short gaps are shown entry by entry; after a long one the page reads its parts again.
        """
        async with self._db.reading() as tx:
            head = await queries.head(tx)
            missed = await audit.entries_after(tx, since, limit=_TOO_MUCH + 1) if since < head else []
        if len(missed) > _TOO_MUCH or since > head:
            screen.reload("list", "pane", "counts")
            screen.say(caught_up=len(missed))
        else:
            if missed:
                await self.show(missed, {screen})
                self._owe_counts([screen])
            new = sum(self._is_news(entry) for entry in missed)
            screen.say(caught_up=new)
        screen.advance(head)

    @staticmethod
    def _is_news(entry: Entry) -> bool:
        return entry.action == "message.received"


_TOO_MUCH = 2000


def message_fragment(message: MessageView) -> str:
    """A bubble as pages, answers and pushes show it."""
    return fragment("inbox/_message.html", message=message)


async def _about(tx: Tx, conversation_id: int, header: HeaderView) -> str:
    """What the panel says of the person and of who attends to them."""
    panel = await threads.panel_of(tx, await tx.get_one(Conversation, conversation_id))
    return fragment("inbox/_about.html", conversation_id=conversation_id, header=header, panel=panel)


def _by_conversation(entries: Iterable[Entry]) -> defaultdict[int, Change]:
    changes: defaultdict[int, Change] = defaultdict(Change)
    for entry in entries:
        if entry.conversation_id is None or entry.action in _UNSEEN:
            continue
        change = changes[entry.conversation_id]
        if entry.action in _READINGS:
            change.readers.add(entry.actor_id or 0)
            continue
        change.row = True
        if entry.message_id is not None:
            change.messages[entry.message_id] = None
        if entry.action in _MOVES:
            change.moves.append(entry.id)
            change.about = True
        change.counted = change.counted or entry.action in _COUNTED
        change.in_panel = change.in_panel or entry.action not in _NOT_IN_PANEL
    return changes


def _show_row(
    fact: queries.RowFacts,
    change: Change,
    seers: Iterable[Screen],
    marks: dict[tuple[int, int], int],
) -> None:
    """One line of the list, rendered once for each number of unread messages it shows."""
    row = fact.row
    rendered: dict[int, str] = {}
    for screen in seers:
        if not change.row and screen.viewer.id not in change.readers:
            continue
        if not queries.shows(screen.view, screen.viewer, holder_id=row.holder_id, status=row.status):
            if change.moves:
                screen.remove_row(row.conversation_id)
            continue
        row.unread = queries.unread(fact, marks.get((screen.viewer.id, row.conversation_id)))
        if row.unread not in rendered:
            rendered[row.unread] = fragment("inbox/_row.html", row=row)
        screen.put_row(row.conversation_id, rendered[row.unread])


def _give(screens: Iterable[Screen], key: str, html: str) -> None:
    for screen in screens:
        screen.put(key, html)


def _subjects(entries: Iterable[Entry], kind: str) -> set[int]:
    prefix = f"{kind}:"
    found = (entry.subject for entry in entries if entry.subject and entry.conversation_id is None)
    return {int(subject.removeprefix(prefix)) for subject in found if subject.startswith(prefix)}


async def _conversations_of(tx: Tx, contact_id: int) -> Sequence[int]:
    wanted = select(Conversation.id).join(Contact, Contact.id == Conversation.contact_id)
    return (await tx.scalars(wanted.where(Contact.id == contact_id))).all()


async def viewer_again(tx: Tx, viewer: Viewer) -> Viewer | None:
    """The viewer with today's role and teams, or None for one who may no longer sign in."""
    agent = await tx.get(Agent, viewer.id)
    if agent is None or agent.disabled_at is not None or agent.role == Role.BOT:
        return None
    teams = await tx.scalars(select(AgentTeam.team_id).where(AgentTeam.agent_id == agent.id))
    return msgspec.structs.replace(viewer, name=agent.name, role=agent.role, team_ids=frozenset(teams))
