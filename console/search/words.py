"""Words as searches compare them: without accents and capitals, whatever stands between them left out. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

import msgspec

from console.errors import Refused
from console.languages.words import Words

LONGEST = 200
"""Characters of what may be asked for."""
MOST_WORDS = 8
LONGEST_WORD = 40
"""Letters of a word that count; what is longer is found by its beginning."""
SHORTEST = 2
FEWEST_DIGITS = 4
"""Digits from which on the end of a telephone is looked for."""
AROUND = 70
"""Characters shown before and after the first word that was found."""

_WORD = re.compile(r"[^\W_]+")
_NUMBER = re.compile(r"[\d\s.,\-/()+]+")
Pieces = list[tuple[str, bool]]
"""A text in pieces, and whether each was asked for."""


class Query(msgspec.Struct, frozen=True):
    """What is asked for: each word must be there, or one that begins with it. `digits` are those of a number alone."""

    words: tuple[str, ...]
    digits: str | None = None


def fold(text: str) -> str:
    """`text` without accents and in lower case."""
    bare = (letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))
    return "".join(bare).casefold()


def words_of(text: str) -> list[str]:
    """The words of a text, in order, each once, folded and cut."""
    return list(dict.fromkeys(word[:LONGEST_WORD] for word in _WORD.findall(fold(text))))


def folded(texts: Iterable[str | None]) -> str:
    """The words of several texts as the index keeps them: one space between them."""
    return " ".join(words_of("\n".join(text for text in texts if text)))


def read_query(text: str) -> Query:
    """What somebody typed. Operators and signs separate words and mean nothing else.

    Refuses 422 (field `q`) what is longer than 200 characters, more than 8 words, or holds too little to look for.
    """
    if len(text) > LONGEST:
        raise _refused(Words("Escriba hasta {longest} caracteres.", longest=LONGEST), "too_long")
    words = words_of(text)
    if not words:
        raise _refused(Words("Escriba letras o números: los signos y los emojis no se buscan."), "nothing_to_find")
    if max(map(len, words)) < SHORTEST:
        raise _refused(Words("Escriba al menos {shortest} letras o números.", shortest=SHORTEST), "too_short")
    if len(words) > MOST_WORDS:
        raise _refused(Words("Escriba hasta {most_words} palabras.", most_words=MOST_WORDS), "too_many_words")
    digits = re.sub(r"\D", "", text) if text.isascii() and _NUMBER.fullmatch(text) else ""
    return Query(tuple(words), digits if len(digits) >= FEWEST_DIGITS else None)


def _refused(text: str, code: str) -> Refused:
    return Refused(422, text, code=code, field="q")


def pieces_of(text: str, query: Query) -> Pieces:
    """`text` cut where a word begins and ends that was asked for."""
    whole = unicodedata.normalize("NFC", text)
    found: Pieces = []
    done = 0
    for word in _WORD.finditer(whole):
        if fold(word[0]).startswith(query.words):
            if word.start() > done:
                found.append((whole[done : word.start()], False))
            found.append((word[0], True))
            done = word.end()
    if done < len(whole):
        found.append((whole[done:], False))
    return found


def holds(text: str, query: Query) -> bool:
    """Whether every word asked for begins a word of `text`."""
    there = words_of(text)
    return all(any(word.startswith(wanted) for word in there) for wanted in query.words)


def excerpt(text: str, query: Query) -> Pieces:
    """As `pieces_of`, but of a long text only what stands around the first word that was found."""
    pieces = pieces_of(" ".join(text.split()), query)
    before = ""
    while pieces and not pieces[0][1]:
        before += pieces.pop(0)[0]
    short, left = [], 2 * AROUND
    for words, is_found in pieces:
        if left <= 0:
            break
        short.append((words if is_found or len(words) <= left else words[:left] + "…", is_found))
        left -= len(words)
    start = before if len(before) <= AROUND else "…" + before[-AROUND:]
    return [(start, False), *short] if start else short
