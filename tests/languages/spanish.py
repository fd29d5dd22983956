"""What of a page is for people, and which of its words only Spanish has."""

from __future__ import annotations

import re
from functools import lru_cache
from html.parser import HTMLParser

from console.languages import catalogues


def without(run: str, phrases: list[str]) -> str:
    for phrase in sorted(phrases, key=len, reverse=True):
        run = run.replace(phrase, " ")
    return run


@lru_cache
def only_spanish(language: str) -> set[str]:
    """Words of the Spanish catalogue that the other language never uses."""
    spanish, other = set[str](), set[str]()
    for room in catalogues.rooms(language):
        for message in catalogues.catalogue(language, room):
            ours = [message.id] if isinstance(message.id, str) else list(message.id)
            theirs = [message.string] if isinstance(message.string, str) else list(message.string or ())
            if message.id:
                spanish |= words_of(" ".join(ours))
                other |= words_of(" ".join(theirs))
    return spanish - other


def words_of(text: str) -> set[str]:
    text = re.sub(r"%\(\w+\)s|\{\w*\}|\S+@\S+|https?://\S+", " ", text)
    return set(re.findall(r"[^\W\d_]{3,}", text.lower()))


class Said(HTMLParser):
    """The pieces of text of a page, and of the attributes that people meet; not what `code` and `kbd` show."""

    def __init__(self) -> None:
        super().__init__()
        self.runs: list[str] = []
        self._silent = 0

    @classmethod
    def on(cls, html: str) -> list[str]:
        parser = cls()
        parser.feed(html)
        return parser.runs

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in {"code", "kbd", "script", "style"}
        human = {"title", "aria-label", "placeholder", "alt"}
        self.runs += [value or "" for name, value in attrs if name in human or name.startswith("data-say-")]

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in {"code", "kbd", "script", "style"}

    def handle_data(self, data: str) -> None:
        if data.strip() and not self._silent:
            self.runs.append(" ".join(data.split()))
