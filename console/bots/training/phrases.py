"""The phrases written by us, and which of them are so alike that they must stay on one side of a split."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from zlib import crc32

import msgspec

from console.bots.labels import LABELS
from console.bots.normalise import plain
from console.bots.spelling import sound

FOLDER = Path(__file__).parents[1] / "phrases"
HEADER = "text\tlabels\tcountry"
_ALIKE = 0.6
"""Share of common words from which on two phrases are the same one in other clothes."""
_IDLE = frozenset(
    sound(word)
    for word in (
        "a", "al", "de", "del", "el", "la", "los", "las", "un", "una", "y", "o", "en", "con", "por", "para", "que",
        "me", "mi", "su", "le", "lo", "les", "se", "te", "ya", "si", "es", "hola", "buenas", "buenos", "dias", "tardes",
        "noches", "favor", "gracias", "muy", "mas", ",", ".", "?",
    )
)  # fmt: skip


class Phrase(msgspec.Struct, frozen=True):
    """A message as somebody types it, what it means (the main label first), and where."""

    text: str
    labels: tuple[str, ...]
    country: str


def read(folder: Path = FOLDER) -> list[Phrase]:
    """Every phrase, in the order of file names and lines; a label nobody knows is a ValueError."""
    return [phrase for file in sorted(folder.glob("*.tsv")) for phrase in read_file(file)]


def read_file(file: Path) -> list[Phrase]:
    """The phrases of one table with the columns text, labels, country."""
    header, *lines = file.read_text(encoding="utf-8").splitlines()
    if header != HEADER:
        raise ValueError(f"{file.name}: the first line must be: {HEADER!r}")
    return [_phrase(file, number, line) for number, line in enumerate(lines, start=2) if line]


def _phrase(file: Path, number: int, line: str) -> Phrase:
    cells = line.split("\t")
    labels = tuple(cells[1].split(",")) if len(cells) == 3 else ()
    if not labels or not set(labels) <= set(LABELS):
        raise ValueError(f"{file.name}:{number}: three columns and known labels are wanted: {line!r}")
    return Phrase(text=cells[0], labels=labels, country=cells[2].upper())


def sides(phrases: list[Phrase], *, parts: int) -> list[int]:
    """For each phrase a part from 0 to `parts` - 1, the same one for those that are alike; stable from run to run."""
    keys = [_words(phrase.text) for phrase in phrases]
    group = _groups(keys)
    named: dict[int, str] = {}
    for number, root in enumerate(group):
        text = " ".join(sorted(keys[number]))
        named[root] = min(named.get(root, text), text)
    return [crc32(named[root].encode()) % parts for root in group]


def _words(text: str) -> frozenset[str]:
    heard = {sound(word)[:6] for word in plain(text)}
    return frozenset(heard - _IDLE) or frozenset(heard)


def _groups(keys: list[frozenset[str]]) -> list[int]:
    """For each set of words the number of its group: sets that share enough are joined."""
    often = Counter(word for key in keys for word in key)
    parents = list(range(len(keys)))
    having: dict[str, list[int]] = defaultdict(list)
    for number, key in enumerate(keys):
        rare = sorted(key, key=lambda word: (often[word], word))[: max(1, len(key) - int(_ALIKE * len(key)) + 1)]
        for other in _distinct(having[word] for word in rare):
            if len(key & keys[other]) >= _ALIKE * len(key | keys[other]):
                parents[_root(parents, number)] = _root(parents, other)
        for word in key:
            having[word].append(number)
    return [_root(parents, number) for number in range(len(keys))]


def _distinct(lists: Iterable[list[int]]) -> list[int]:
    return sorted({number for numbers in lists for number in numbers})


def _root(parents: list[int], number: int) -> int:
    while parents[number] != number:
        parents[number] = parents[parents[number]]
        number = parents[number]
    return number
