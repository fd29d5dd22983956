"""From what happened to what screens show: read once, rendered once, given to whoever may see it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import select

from console import audit, clock, sessions
from console.agents import Agent, AgentTeam, OwnRole, Role, Viewer
from console.audit import Entry
from console.db import Database, Tx
from console.errors import Refused
from console.inbox import changes, headers, policy, queries, rows, sidebar
from console.inbox.changes import Change, Opened, Shown
from console.inbox.contacts import Contact
from console.inbox.headers import HeaderFacts
from console.inbox.listing import Now, now_in, shows
from console.inbox.models import Conversation
from console.inbox.screens import COUNTS_EVERY, SIGN_IN_AGAIN, Screen, Screens
from console.inbox.views import MessageView
from console.render import fragment


class Pushes:
    """Follows the history on behalf of this process's screens."""

    def __init__(self, db: Database, screens: Screens, zone: ZoneInfo) -> None:
        self._db = db
        self._zone = zone
        self._screens = screens
        self._counts_task: asyncio.Task[None] | None = None

    async def stop(self) -> None:
        """Pay no more counts; called when nothing is followed any more."""
        if self._counts_task is not None:
            self._counts_task.cancel()
            await asyncio.gather(self._counts_task, return_exceptions=True)

    async def follow(self, entries: Sequence[Entry]) -> None:
        """Show `entries` to every screen that may see them. Reads nothing when nobody looks."""
        if self._screens.all:
            await self.show(entries, self._screens.all)
            for screen in self._screens.all:
                screen.advance(entries[-1].id)

    async def show(self, entries: Sequence[Entry], screens: set[Screen]) -> None:
        """Push what `entries` changed to those of `screens` that may see it."""
        changed = changes.by_conversation(entries)
        await self._show_rare(entries, changed, screens)
        if changed:
            await self._show_lines(changed, screens)
            await self._show_panes(changed, screens)
        if any(change.counted for change in changed.values()):
            self._owe_counts(screens)

    async def _show_rare(self, entries: Sequence[Entry], changed: dict[int, Change], screens: set[Screen]) -> None:
        """What happened outside of conversations: to contacts, people, or the channel."""
        if all(entry.conversation_id is not None for entry in entries):
            return
        async with self._db.reading() as tx:
            for contact_id in _subjects(entries, "contact"):
                for conversation_id in await _conversations_of(tx, contact_id):
                    changed[conversation_id].row = changed[conversation_id].about = True
            await self._show_people(tx, entries, screens)
            if any(entry.action.startswith("channel.") for entry in entries):
                _give(screens, "banner", "inbox/_banner.html", banner=await queries.banner(tx))
            if any(entry.action in _SHOWN_EVERYWHERE for entry in entries):
                for screen in screens:
                    screen.reload("list", "pane", "counts")

    async def _show_lines(self, changed: dict[int, Change], screens: set[Screen]) -> None:
        viewers = {screen.viewer.id for screen in screens}
        shown = await self._db.read(lambda tx: changes.lines(tx, changed, viewers))
        self._let_go(shown, screens)
        self._owe_counts_to_readers(changed, shown, screens)
        now = now_in(self._zone, clock.now())
        for number, fact in shown.rows.items():
            seers = self._screens.who_see(fact.row.team_id, fact.row.holder_id) & screens
            _show_row(fact, changed[number], seers, shown.marks, now)

    def _let_go(self, shown: Shown, screens: set[Screen]) -> None:
        """Take a conversation off the screens that may no longer see it, and off no others."""
        for conversation_id, before in shown.before:
            team, holder = before.get("team_id"), before.get("holder_id")
            former = self._screens.by_team.get(team, set()) if isinstance(team, int) else set()
            former = former | (self._screens.by_agent.get(holder, set()) if isinstance(holder, int) else set())
            fact = shown.rows.get(conversation_id)
            seers = self._screens.who_see(fact.row.team_id, fact.row.holder_id) if fact else set()
            for screen in (former & screens) - seers:
                screen.remove_row(conversation_id)
                screen.owes_counts = True
                if screen.open == conversation_id:
                    self._screens.take_away(screen)

    async def _show_panes(self, changed: dict[int, Change], screens: set[Screen]) -> None:
        """The panes of conversations that somebody has open, for those who may still see them."""
        opened = changed.keys() & self._screens.by_open.keys()
        if not opened:
            return
        pane = await self._db.read(lambda tx: changes.panes(tx, changed, opened))
        watching = {
            number: {
                screen
                for screen in self._screens.by_open.get(number, set()) & screens
                if policy.sees(screen.viewer, team_id=facts.team_id, holder_id=facts.header.holder_id)
            }
            for number, facts in pane.headers.items()
        }
        for number, message_id in pane.gone:
            for screen in watching.get(number, ()):
                screen.remove(f"message-{message_id}")
        for message in pane.messages:
            seers = watching.get(message.conversation_id, ())
            _give(seers, f"message-{message.id}", "inbox/_message.html", message=message)
        for number, facts in pane.headers.items():
            _show_pane(number, changed[number], facts, pane, watching[number])

    async def _show_people(self, tx: Tx, entries: Sequence[Entry], screens: set[Screen]) -> None:
        """Sessions that ended and rights that changed take effect on the open screens."""
        for entry in entries:
            kind, _colon, number = (entry.subject or "").partition(":")
            if entry.action == "session.ended" and kind == "session":
                _hang_up(screen for screen in screens if str(screen.viewer.session_id) == number)
            elif entry.action == "session.ended" and kind == "agent":
                # A page that slept catches up with ends from before it was signed in again: those were not its own.
                theirs = {screen.viewer.session_id: screen for screen in screens if str(screen.viewer.id) == number}
                _hang_up(theirs[ended] for ended in await sessions.ended_among(tx, theirs))
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
                await self._look_again(tx, screen)

    async def _look_again(self, tx: Tx, screen: Screen) -> None:
        if screen.open is not None:
            try:
                await queries.open_conversation(tx, screen.viewer, screen.open)
            except Refused:
                self._screens.take_away(screen)

    def _owe_counts_to_readers(self, changed: dict[int, Change], shown: Shown, screens: set[Screen]) -> None:
        """Whoever reads where they were mentioned has one mention less to see."""
        read = {(agent, number) for number, change in changed.items() for agent in change.readers}
        readers = {agent for agent, number in read if shown.marks.get((agent, number), rows.NO_MARK).mentioned}
        if readers:
            self._owe_counts([screen for screen in screens if screen.viewer.id in readers])

    def _owe_counts(self, screens: Iterable[Screen]) -> None:
        for screen in screens:
            screen.owes_counts = screen.shows_list
        if self._counts_task is None or self._counts_task.done():
            self._counts_task = asyncio.create_task(self._pay_counts(), name="pushes.counts")

    async def _pay_counts(self) -> None:
        """Counters move with every new conversation; a person reads them a few times a second at most."""
        await asyncio.sleep(COUNTS_EVERY)
        owed = [screen for screen in self._screens.all if screen.owes_counts]
        viewers = {screen.viewer.id: screen.viewer for screen in owed}
        async with self._db.reading() as tx:
            numbers = await sidebar.numbers_for(tx, viewers.values(), now_in(self._zone, clock.now()))
        rendered: dict[tuple[sidebar.Numbers, str, str], str] = {}
        for screen in owed:
            screen.owes_counts = False
            mine, view, reader = numbers[screen.viewer.id], screen.listing.view, screen.language
            html = rendered.get((mine, view, reader))
            if html is None:
                html = fragment("inbox/_counts.html", reader=reader, counts=sidebar.as_views(mine), view=view)
                rendered[mine, view, reader] = html
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
# The words of tags and states stand on every line.
_SHOWN_EVERYWHERE = frozenset({"rules.updated", "tag.updated"})


def message_fragment(message: MessageView) -> str:
    """A bubble as pages, answers and pushes show it."""
    return fragment("inbox/_message.html", message=message)


def _show_pane(number: int, change: Change, facts: HeaderFacts, pane: Opened, watching: Iterable[Screen]) -> None:
    for screen in watching if change.row else ():
        header = headers.personal_header(facts, screen.viewer)
        screen.put(f"header-{number}", fragment("inbox/_header.html", reader=screen.language, header=header))
    if number in pane.panels:
        panel = pane.panels[number]
        of: dict[str, Any] = {"conversation_id": number, "standing": panel.standing}
        about = {"conversation_id": number, "header": facts.header, "panel": panel}
        _give(watching, f"about-{number}", "inbox/_about.html", **about)
        _give(watching, f"owed-{number}", "inbox/_owed.html", **of, owed=panel.owed)
        _give(watching, f"tags-{number}", "inbox/_tags.html", **of, tags=panel.tags)
    if number in pane.consents:
        of = {"conversation_id": number, "consent": pane.consents[number]}
        _give(watching, f"consent-{number}", "inbox/_consent.html", **of)
    if number in pane.history:
        of = {"conversation_id": number, "history": pane.history[number], "whole": False}
        _give(watching, f"history-{number}", "inbox/_history.html", **of)


def _show_row(
    fact: rows.RowFacts,
    change: Change,
    seers: Iterable[Screen],
    marks: dict[tuple[int, int], rows.Mark],
    now: Now,
) -> None:
    """One line of the list, rendered once for each language and number of unread messages, mentioned or not."""
    row = fact.row
    rendered: dict[tuple[int, bool, str], str] = {}
    for screen in seers:
        if not screen.shows_list:
            continue
        if not change.row and screen.viewer.id not in change.readers:
            continue
        if not shows(screen.listing, screen.viewer, fact.place, now):
            if change.moves or change.stands or screen.listing.watches_messages:
                screen.remove_row(row.conversation_id)
            continue
        rows.make_personal(fact, marks.get((screen.viewer.id, row.conversation_id), rows.NO_MARK))
        personal = (row.unread, row.mentioned, screen.language)
        if personal not in rendered:
            rendered[personal] = fragment("inbox/_row.html", reader=screen.language, row=row)
        screen.put_row(row.conversation_id, rendered[personal])


def _hang_up(screens: Iterable[Screen]) -> None:
    for screen in screens:
        screen.close(SIGN_IN_AGAIN)


def _give(screens: Iterable[Screen], key: str, template: str, **values: Any) -> None:  # noqa: ANN401 a template's
    """Rendered once for each language that is watched, and not at all where nobody watches."""
    rendered: dict[str, str] = {}
    for screen in screens:
        if screen.language not in rendered:
            rendered[screen.language] = fragment(template, reader=screen.language, **values)
        screen.put(key, rendered[screen.language])


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
    own = await tx.get(OwnRole, agent.own_role_id, populate_existing=True) if agent.own_role_id else None
    return msgspec.structs.replace(
        viewer,
        name=agent.name,
        role=agent.role,
        team_ids=frozenset(teams),
        deeds=frozenset(map(str, own.deeds)) if own else None,
        role_name=own.name if own else None,
    )
