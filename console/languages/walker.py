"""What of a template is for people to read: the text between tags, and the attributes that hold words."""

from __future__ import annotations

import html
import re
from collections.abc import Callable

Say = Callable[[str], str]
"""Words in Spanish in, the same in another language out; plain text, both."""

_HUMAN = frozenset({"title", "aria-label", "placeholder", "alt"})
# Words that a script will need stand in attributes of this prefix.
_FOR_SCRIPTS = "data-say-"
# Inside these nothing is a sentence.
_NOT_PROSE = frozenset({"script", "style", "kbd", "code"})
_OPENING = re.compile(r"<(?:(?P<comment>!--)|(?P<close>/)?(?P<name>[a-zA-Z][^\s/>]*)|!|$)")
_IN_TAG = re.compile(r"""(?P<end>>)|(?:(?P<name>[^\s"'<>/=]+)\s*=\s*)?(?P<quote>["'])""")
# What a macro puts into a tag of those who call it begins with an attribute.
_ATTRIBUTE = re.compile(r"""[ \t\r\n]*[a-z][a-z-]*=["']""")
_RUN = re.compile(r"(?P<before>[ \t\r\n]*)(?P<words>.*?)(?P<after>[ \t\r\n]*)", re.DOTALL)
_SPACES = re.compile(r"[ \t\r\n]+")


class Walker:
    """Goes once through the literal pieces of a template, in their order; what is computed stands between them.

    It remembers across pieces whether it is inside a tag or an attribute, so `<b title="{{ name }}, agente">` is
    understood. A run of words that has nothing to translate is given back as it came, to the byte.
    """

    def __init__(self, say: Say) -> None:
        self._say = say
        self._where: Callable[[str, int], tuple[str, int]] = self._text
        self._element = ""
        self._attribute = ""
        self._quote = '"'
        self._is_fresh = True

    def walk(self, piece: str) -> str:
        """The next literal piece, with its words said."""
        said, at = [], 0
        if self._is_fresh and _ATTRIBUTE.match(piece):
            self._where = self._tag
        self._is_fresh = self._is_fresh and not piece.strip()
        while at < len(piece):
            part, at = self._where(piece, at)
            said.append(part)
        return "".join(said)

    def _text(self, piece: str, at: int) -> tuple[str, int]:
        opening = _OPENING.search(piece, at)
        if opening is None:
            return self._run(piece[at:]), len(piece)
        words = self._run(piece[at : opening.start()])
        if opening["comment"]:
            self._where = self._comment
        else:
            self._where = self._tag
            self._element = "" if opening["close"] else (opening["name"] or "").lower()
        return words + opening.group(), opening.end()

    def _tag(self, piece: str, at: int) -> tuple[str, int]:
        found = _IN_TAG.search(piece, at)
        if found is None:
            # The name of an attribute whose value follows in quotes of the next piece cannot be: quotes are literal.
            return piece[at:], len(piece)
        if found["end"]:
            self._where = self._not_prose if self._element in _NOT_PROSE else self._text
        else:
            self._where = self._value
            self._attribute, self._quote = (found["name"] or "").lower(), found["quote"]
        return piece[at : found.end()], found.end()

    def _value(self, piece: str, at: int) -> tuple[str, int]:
        end = piece.find(self._quote, at)
        words = piece[at : end if end >= 0 else len(piece)]
        if self._attribute in _HUMAN or self._attribute.startswith(_FOR_SCRIPTS):
            words = self._run(words)
        if end < 0:
            return words, len(piece)
        self._where = self._tag
        return words + self._quote, end + 1

    def _not_prose(self, piece: str, at: int) -> tuple[str, int]:
        return self._until(re.compile(rf"(?=</{self._element}\b)", re.IGNORECASE), piece, at)

    def _comment(self, piece: str, at: int) -> tuple[str, int]:
        return self._until(re.compile("-->"), piece, at)

    def _until(self, mark: re.Pattern[str], piece: str, at: int) -> tuple[str, int]:
        end = mark.search(piece, at)
        if end is None:
            return piece[at:], len(piece)
        self._where, self._element = self._text, ""
        return piece[at : end.end()], end.end()

    def _run(self, text: str) -> str:
        parts = _RUN.fullmatch(text)
        # The pattern takes every text; the words are read without entities and given back with them.
        words = _SPACES.sub(" ", html.unescape(parts["words"])) if parts else ""
        if parts is None or not any(letter.isalpha() for letter in words):
            return text
        said = self._say(words)
        return text if said == words else parts["before"] + html.escape(said) + parts["after"]
