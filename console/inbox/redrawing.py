"""Keeping a page of figures live: read again a while after something happened, and told only what changed.

The inbox is told each line as it changes (console.inbox.pushes). A page that sums up is read anew instead, as often as
it takes a breath, however much happens in between.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from typing import Literal

import structlog

from console.inbox import policy
from console.inbox.screens import Screen, Screens

log = structlog.get_logger()
LOOK_EVERY = 15.0
"""Seconds after which a page is read again though nothing happened: waiting grows by itself."""


class Redrawing:
    """The open pages of one kind in this process: `page` is where a screen says what it shows of it, or None."""

    def __init__(self, screens: Screens, page: Literal["floor", "bot"], *, deed: policy.Deed, breath: float) -> None:
        self._screens = screens
        self._page = page
        self._deed = deed
        self._breath = breath
        self._owed = asyncio.Event()
        self._shown: defaultdict[Screen, dict[str, str]] = defaultdict(dict)

    def owe(self) -> None:
        """Something of what is shown has changed, or somebody looks at another part."""
        self._owed.set()

    def watching(self) -> list[Screen]:
        """Who shows the page and may; from the others it is taken."""
        watching = []
        for screen in self._screens.all:
            if getattr(screen, self._page) is None:
                continue
            if policy.may(screen.viewer, self._deed):
                watching.append(screen)
            else:
                setattr(screen, self._page, None)
                self._shown.pop(screen, None)
                screen.reload(self._page)
        for gone in self._shown.keys() - self._screens.all:
            del self._shown[gone]
        return watching

    def tell(self, screen: Screen, parts: Mapping[str, str]) -> None:
        """Put those parts on `screen` that it does not show as they are."""
        shown = self._shown[screen]
        for key, html in parts.items():
            if shown.get(key) != html:
                shown[key] = html
                screen.put(key, html)

    async def run_for_ever(self, show: Callable[[], Awaitable[None]]) -> None:
        """`show` what is owed; now and then also what only time or others have changed."""
        while True:
            try:
                async with asyncio.timeout(LOOK_EVERY):
                    await self._owed.wait()
            except TimeoutError:
                pass
            self._owed.clear()
            try:
                await show()
            except Exception:
                log.exception("page.not_shown", page=self._page)
            await asyncio.sleep(self._breath)
