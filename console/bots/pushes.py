"""Keeping the bot's page live: read at most once a second however much happens, and told only what changed."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any

import structlog

from console import clock
from console.agents import Viewer
from console.audit import Entry
from console.bots import conduct, morning, record
from console.bots.handing import REASONS
from console.bots.words import LABEL_KEYS, LABEL_WORDS
from console.db import Database, Tx
from console.inbox import policy
from console.inbox.screens import Screen, Screens
from console.render import fragment

log = structlog.get_logger()
BREATH = 1.0
LOOK_EVERY = 15.0
"""Seconds after which it is read again though the bot did nothing: what waits for people is answered by people."""
MOST_LEFT = 4
"""Of what waits for people, as many as are shown here; the rest has a page."""
MOST_PHRASES = 20
_MOVES = ("bot.", "conversation.assigned", "conversation.released", "conversation.resolved", "conversation.reopened")
_PARTS = {
    "bot-figures": "bot/_figures.html",
    "bot-teams": "bot/_teams.html",
    "bot-sessions": "bot/_sessions.html",
    "bot-reasons": "bot/_reasons.html",
    "bot-left": "bot/_left.html",
    "bot-phrases": "bot/_phrases.html",
}


async def read_board(tx: Tx, viewer: Viewer, *, chosen: int | None, currency: str) -> dict[str, Any]:
    """What the parts of the page need, of what `viewer` may see. `chosen` is the dialogue that is open there."""
    moment = clock.now()
    since = moment - record.A_NIGHT
    left = await morning.left_to_people(tx, viewer, moment)
    teams = await conduct.teams_of(tx, viewer)
    return {
        "live": await record.sessions_of(tx, viewer, live=True),
        "ended": await record.sessions_of(tx, viewer, live=False, since=since),
        "chosen": chosen,
        "night": await record.night_of(tx, viewer, since=since),
        "left": left[:MOST_LEFT],
        "more": max(0, len(left) - MOST_LEFT),
        **await read_phrases(tx, viewer),
        "teams": [(team_id, name, await conduct.rules_of(tx, team_id)) for team_id, name in teams],
        "moment": moment,
        "currency": currency,
        "reasons": REASONS,
    }


async def read_phrases(tx: Tx, viewer: Viewer) -> dict[str, Any]:
    """What the part with the phrases to label needs."""
    return {
        "phrases": await record.unclear(tx, viewer, limit=MOST_PHRASES),
        "labelled": await record.labelled_count(tx, viewer),
        "labels": LABEL_WORDS,
        "keys": LABEL_KEYS,
    }


def phrases_part(phrases: dict[str, Any]) -> str:
    """That part, in the language of the page that asks."""
    return fragment(_PARTS["bot-phrases"], **phrases)


def parts_of(board: dict[str, Any], languages: Collection[str | None] = (None,)) -> dict[str | None, dict[str, str]]:
    """The parts as fragments, by their ids, in each of `languages`; None is the language of the page that asks."""
    return {
        reader: {key: fragment(template, reader=reader, **board) for key, template in _PARTS.items()}
        for reader in languages
    }


class BotPushes:
    """Follows the history on behalf of the bot's pages that are open in this process."""

    def __init__(self, db: Database, screens: Screens, currency: str) -> None:
        self._db = db
        self._screens = screens
        self._currency = currency
        self._owed = asyncio.Event()
        self._shown: defaultdict[Screen, dict[str, str]] = defaultdict(dict)

    def owe(self) -> None:
        """Somebody looks at the page, or at another dialogue of it."""
        self._owed.set()

    async def follow(self, entries: Sequence[Entry]) -> None:
        """The pages are read anew once the bot has done something, and taken from who may no longer look."""
        watching = self._watching()
        for screen in watching:
            self._let_go(screen)
        if watching and any(entry.action.startswith(_MOVES) for entry in entries):
            self._owed.set()

    def _watching(self) -> list[Screen]:
        return [screen for screen in self._screens.all if screen.bot is not None]

    def _let_go(self, screen: Screen) -> None:
        if not policy.may(screen.viewer, "edit_bot"):
            screen.bot = None
            self._shown.pop(screen, None)
            screen.reload("bot")

    async def run_for_ever(self) -> None:
        """Read and tell what is owed; now and then also what others than the bot have changed."""
        while True:
            try:
                async with asyncio.timeout(LOOK_EVERY):
                    await self._owed.wait()
            except TimeoutError:
                pass
            self._owed.clear()
            try:
                await self.show()
            except Exception:
                log.exception("bot_board.not_shown")
            await asyncio.sleep(BREATH)

    async def show(self) -> None:
        """One reading for each who looks: what somebody holds is theirs to see, whatever their teams."""
        groups: defaultdict[tuple[Viewer, int], list[Screen]] = defaultdict(list)
        for screen in self._watching():
            self._let_go(screen)
            if screen.bot is not None:
                groups[screen.viewer, screen.bot].append(screen)
        for gone in self._shown.keys() - self._screens.all:
            del self._shown[gone]
        for (viewer, chosen), screens in groups.items():
            async with self._db.reading() as tx:
                board = await read_board(tx, viewer, chosen=chosen or None, currency=self._currency)
            parts = parts_of(board, {screen.language for screen in screens})
            for screen in screens:
                for key, html in parts[screen.language].items():
                    if self._shown[screen].get(key) != html:
                        self._shown[screen][key] = html
                        screen.put(key, html)
