"""The tables that people read and mend: words, what they stand for, and the rules. Each file is read once."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

_FOLDER = Path(__file__).with_name("tables")
_GROUP = re.compile(r"\{([A-Z]+)\}")


class Rule(msgspec.Struct, frozen=True):
    """What follows when `pattern` is found in normalised text and `unless` is not.

    `name` is for records; `says` is the rule's name for people, in Spanish. What it `keeps` holds whatever other rules
    drop.
    """

    name: str
    says: str
    pattern: re.Pattern[str]
    adds: tuple[str, ...] = ()
    drops: tuple[str, ...] = ()
    keeps: tuple[str, ...] = ()
    unless: re.Pattern[str] | None = None

    def speaks_of(self, text: str) -> bool:
        """Whether the rule has something to say of normalised `text`."""
        return self.pattern.search(text) is not None and not (self.unless and self.unless.search(text))


def words(file: str) -> dict[str, tuple[str, ...]]:
    """The words behind each name of a table of lines `name: word word`; an indented line goes on with the last."""
    found: dict[str, tuple[str, ...]] = {}
    name = ""
    for line in _lines(file):
        if line[0].isspace():
            found[name] += tuple(line.split())
        else:
            name, _colon, rest = line.partition(":")
            found[name] = tuple(rest.split())
    return found


def rules(file: str) -> tuple[Rule, ...]:
    """The rules of a table, in its order; a line that says nothing known is a ValueError."""
    groups: dict[str, str] = {}
    blocks: list[dict[str, list[str]]] = []
    for line in _lines(file):
        word, _space, rest = line.partition(" ")
        if word == "let":
            name, _equals, group = rest.partition(" = ")
            groups[name] = group
        elif word == "rule":
            blocks.append({"rule": [rest], "says": [], "adds": [], "drops": [], "keeps": [], "when": [], "unless": []})
        elif word in {"adds", "drops", "keeps"}:
            blocks[-1][word].extend(rest.split())
        elif word == "says":
            blocks[-1]["says"].append(rest)
        elif word in {"when", "unless"}:
            blocks[-1][word].append(_GROUP.sub(lambda match: groups[match[1]], rest))
        else:
            raise ValueError(f"{file}: {line!r} is no line of a rule")
    return tuple(_rule(block) for block in blocks)


def spoken(file: str) -> dict[str, str]:
    """The names of a table's rules for people, by their names in the record; no pattern is made of them."""
    found: dict[str, str] = {}
    name = ""
    for line in _lines(file):
        word, _space, rest = line.partition(" ")
        if word == "rule":
            name = rest
        elif word == "says":
            found[name] = rest
    return found


def _rule(block: dict[str, list[str]]) -> Rule:
    return Rule(
        name=block["rule"][0],
        says=" ".join(block["says"]),
        pattern=re.compile("|".join(block["when"])),
        adds=tuple(block["adds"]),
        drops=tuple(block["drops"]),
        keeps=tuple(block["keeps"]),
        unless=re.compile("|".join(block["unless"])) if block["unless"] else None,
    )


def _lines(file: str) -> list[str]:
    written = (_FOLDER / file).read_text(encoding="utf-8").split("\n")
    return [line for line in written if line.strip() and not line.startswith("#")]
