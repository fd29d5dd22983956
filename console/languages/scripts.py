"""The words of scripts: read from the scripts, where they stand in Spanish, and put into the page in its language."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import msgspec

from console.languages.catalogues import catalogue
from console.languages.readers import SPANISH

SCRIPTS = Path(__file__).parents[1] / "static"
ROOM = "scripts"
"""The catalogue of all of them: a page carries it whole, whichever scripts it has."""

_STRING = r"""'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*\""""
# A comment and a template may hold quotes: they are passed over whole.
_TOKEN = re.compile(
    rf"""//[^\n]*|/\*.*?\*/|(?<![\w.$])_\((?P<said>{_STRING})"""
    rf"""|(?<![\w.$])ngettext\((?P<one>{_STRING}),\s*(?P<many>{_STRING})"""
    rf"""|(?P<bare>{_STRING}|`(?:\\.|[^`\\])*`)""",
    re.DOTALL,
)


class Literal(NamedTuple):
    """A text of a script. `said` is what the catalogues know it by; None where it is bare Spanish, or no words."""

    text: str
    said: str | tuple[str, str] | None


def literals(script: str) -> Iterator[Literal]:
    """The texts of a script, in their order: `_('…')`, `ngettext('…', '…', n)`, and the bare ones."""
    for token in _TOKEN.finditer(script):
        if token["said"]:
            text = _plain(token["said"])
            yield Literal(text, text)
        elif token["one"]:
            one, many = _plain(token["one"]), _plain(token["many"])
            yield Literal(many, (one, many))
        elif token["bare"]:
            yield Literal(_plain(token["bare"]), None)


def _plain(quoted: str) -> str:
    return re.sub(r"\\(.)", r"\1", quoted[1:-1])


@lru_cache(maxsize=8)
def table(language: str) -> str:
    """What `words.js` says by (JSON); nothing in Spanish, which stands in the scripts themselves.

    What is counted stands under what is said of one, with its two forms, of which `words.js` chooses.
    """
    if language == SPANISH:
        return ""
    known: dict[str, object] = {}
    for message in catalogue(language, ROOM):
        if message.id and message.string:
            known[message.id if isinstance(message.id, str) else message.id[0]] = message.string
    return msgspec.json.encode(known).decode()
