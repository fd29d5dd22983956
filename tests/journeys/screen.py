"""What a browser would show: the page it read, and the frames it applied since, by the rule of `upsert.js`."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import msgspec

from tests.front import Frame

_VOID = frozenset({"area", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr", "use", "path"})


# Time left and time waited: drawn by the server, and kept right by `clock.js` from the attribute that stays.
_COUNTING = re.compile(r'(data-(?:until|since)="[^"]*")>[^<]*')


class Piece(msgspec.Struct):
    """One element with an id, as text."""

    id: str
    attributes: dict[str, str]
    html: str

    @property
    def version(self) -> int:
        return int(self.attributes.get("data-version") or 0)

    @property
    def shown(self) -> str:
        """What a person sees of it: neither the number that orders two versions, nor what a script keeps counting."""
        return _COUNTING.sub(r"\1>", re.sub(r' data-version="\d+"', "", self.html))


class _Roots(HTMLParser):
    """Cuts a text into its outermost elements."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=False)
        self._html, self._depth, self._begun = html, 0, 0
        self._attributes: dict[str, str] = {}
        self._lines = [0]
        for line in html.splitlines(keepends=True):
            self._lines.append(self._lines[-1] + len(line))
        self.found: list[Piece] = []
        self.feed(html)

    def _at(self) -> int:
        line, column = self.getpos()
        return self._lines[line - 1] + column

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._depth == 0:
            self._begun, self._attributes = self._at(), {name: value or "" for name, value in attrs}
        if tag not in _VOID:
            self._depth += 1

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """`<use/>` opens nothing."""

    def handle_endtag(self, tag: str) -> None:
        self._depth -= 1
        if self._depth == 0:
            end = self._at() + len(tag) + 3
            self.found.append(Piece(self._attributes.get("id", ""), self._attributes, self._html[self._begun : end]))


def pieces(html: str) -> list[Piece]:
    """The outermost elements of a frame or a fragment."""
    return _Roots(html).found


class Screen:
    """The list and the open thread of one page, kept up to date by frames alone."""

    def __init__(self, page: str) -> None:
        self.head = int(re.search(r'data-head="(\d+)"', page).group(1))  # type: ignore[union-attr]
        self.parts = {piece.id: piece for piece in inside(page)}
        self.stale = False

    def apply(self, frame: Frame) -> None:
        """One frame, as the script does it."""
        for gone in frame.control.get("remove", []):
            self.parts.pop(gone, None)
        for piece in pieces(frame.html):
            present = self.parts.get(piece.id)
            listed = piece.id.startswith(("row-", "message-"))
            if present is not None and present.version > piece.version:
                continue
            if present is not None or listed:
                self.parts[piece.id] = piece
        self.head = max(self.head, frame.control.get("head", 0))
        self.stale = self.stale or bool(frame.control.get("reload"))

    @property
    def shown(self) -> dict[str, str]:
        return {name: piece.shown for name, piece in self.parts.items()}


def inside(page: str) -> list[Piece]:
    """The rows and the messages of a whole page."""
    found: list[Piece] = []
    for start in re.finditer(r'<li id="(?:row|message)-\d+"', page):
        # Lists don't nest deeper than a bubble's own, so the first root from here is the item.
        roots = _first_root(page[start.start() :])
        found.append(roots)
    return found


def _first_root(html: str) -> Piece:
    for size in (6_000, 20_000, 200_000):
        roots = pieces(html[:size])
        if roots:
            return roots[0]
    raise AssertionError("an element without an end")
