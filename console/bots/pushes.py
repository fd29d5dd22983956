"""Keeping the bot's page live: read at most once a second however much happens, and told only what changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any

from console import clock
from console.agents import Viewer
from console.audit import Entry
from console.bots import conduct, morning, record, teaching
from console.bots.handing import REASONS
from console.bots.words import LABEL_KEYS, LABEL_WORDS
from console.db import Database, Tx
from console.inbox.redrawing import Redrawing
from console.inbox.screens import Screen, Screens
from console.render import fragment

BREATH = 1.0
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
    rules = await conduct.rules_by_team(tx)
    teams = await conduct.teams_of(tx, viewer)
    return {
        "live": await record.sessions_of(tx, viewer, live=True),
        "ended": await record.sessions_of(tx, viewer, live=False, since=since),
        "chosen": chosen,
        "night": await record.night_of(tx, viewer, since=since),
        "left": left[:MOST_LEFT],
        "more": max(0, len(left) - MOST_LEFT),
        **await read_phrases(tx, viewer),
        "teams": [(team_id, name, rules.get(team_id) or conduct.usual(team_id)) for team_id, name in teams],
        "moment": moment,
        "currency": currency,
        "reasons": REASONS,
    }


async def read_phrases(tx: Tx, viewer: Viewer) -> dict[str, Any]:
    """What the part with the phrases to label needs."""
    return {
        "phrases": await teaching.unclear(tx, viewer, limit=MOST_PHRASES),
        "waiting": await teaching.unclear_count(tx, viewer),
        "labelled": await teaching.labelled_count(tx, viewer),
        "labels": LABEL_WORDS,
        "keys": LABEL_KEYS,
        "is_all": False,
        "before": None,
        "older": None,
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
        self._currency = currency
        self._page = Redrawing(screens, "bot", deed="edit_bot", breath=BREATH)

    def owe(self) -> None:
        """Somebody looks at the page, or at another dialogue of it."""
        self._page.owe()

    async def follow(self, entries: Sequence[Entry]) -> None:
        """The pages are read anew once the bot has done something, and taken from who may no longer look."""
        if self._page.watching() and any(entry.action.startswith(_MOVES) for entry in entries):
            self._page.owe()

    async def run_for_ever(self) -> None:
        """Read and tell what is owed; now and then also what others than the bot have changed."""
        await self._page.run_for_ever(self.show)

    async def show(self) -> None:
        """One reading for each who looks: what somebody holds is theirs to see, whatever their teams."""
        groups: defaultdict[tuple[Viewer, int], list[Screen]] = defaultdict(list)
        for screen in self._page.watching():
            groups[screen.viewer, screen.bot or 0].append(screen)
        for (viewer, chosen), screens in groups.items():
            async with self._db.reading() as tx:
                board = await read_board(tx, viewer, chosen=chosen or None, currency=self._currency)
            parts = parts_of(board, {screen.language for screen in screens})
            for screen in screens:
                self._page.tell(screen, parts[screen.language])
