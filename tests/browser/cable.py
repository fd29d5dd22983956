"""The wire between a page and the server, in the hands of a test: it goes dead, loses a frame, or is cut."""

from __future__ import annotations

import re
from collections.abc import Iterator

from playwright.sync_api import Page, WebSocketRoute


class Cable:
    """The wire between a page and the server, in the hands of a test."""

    def __init__(self, page: Page) -> None:
        self.cut_after: Iterator[int] | None = None
        self.lose = 0
        self._plugs: list[Plug] = []
        page.route_web_socket(re.compile("/live"), self._plug)

    def _plug(self, route: WebSocketRoute) -> None:
        self._plugs.append(Plug(self, route, next(self.cut_after) if self.cut_after else None))

    def go_dead(self) -> None:
        """Nothing passes any more, and nobody is told."""
        self._plugs[-1].dead = True

    def cut(self) -> None:
        """The line ends for both, as with a proxy that restarts."""
        self._plugs[-1].cut()

    @property
    def times(self) -> int:
        """How often the page has connected."""
        return len(self._plugs)


class Plug:
    """One connection: it ends after `left` frames, if that is said."""

    def __init__(self, cable: Cable, route: WebSocketRoute, left: int | None) -> None:
        self.dead = False
        self._cable, self._route, self._left = cable, route, left
        self._server = route.connect_to_server()
        self._server.on_message(self._to_page)
        route.on_message(lambda frame: None if self.dead else self._server.send(frame))

    def _to_page(self, frame: str | bytes) -> None:
        if self.dead:
            return
        if self._left == 0:
            self.cut()
            return
        self._left = None if self._left is None else self._left - 1
        if self._cable.lose:
            self._cable.lose -= 1
        else:
            self._route.send(frame)

    def cut(self) -> None:
        self.dead = True
        self._route.close(code=1001)
        self._server.close()
