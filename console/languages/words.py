"""Words that Python gives to a screen, told apart from what people wrote."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Self

import msgspec

_APART = "\x1f"
"""What stands between a sentence and what it is made of (ASCII's unit separator: in no text of anybody)."""


class Words(str):
    """A label or a sentence of ours, in Spanish. What only equals one, a name that somebody bears, is no `Words`.

    What is computed in a sentence stands in braces and is given by name: `Words("Máximo {most} caracteres.", most=60)`.
    Read as a string it is the Spanish sentence, whole. A value may be `Words` itself, and is then said too.
    """

    __slots__ = ("source", "source_of_many", "values")

    source: str
    """What the catalogues know it by."""
    source_of_many: str | None
    """The plural beside it, when it counts something."""
    values: dict[str, object]

    def __new__(cls, source: str, /, **values: object) -> Self:
        """`source` must be written out where this is called: catalogues are made of what stands there."""
        self = super().__new__(cls, source.format_map(values) if values else source)
        self.source, self.source_of_many, self.values = source, None, values
        return self


class Shown(str):
    """What is computed and written otherwise in each language, as a day is. Read as a string it is the Spanish."""

    __slots__ = ("written",)

    written: Callable[[str], str]
    """Writes it in the language of this code."""

    def __new__(cls, written: Callable[[str], str]) -> Self:
        """`written` is asked for the Spanish at once."""
        self = super().__new__(cls, written("es"))
        self.written = written
        return self


def as_kept(value: object) -> str:
    """For encoders of what is kept (`enc_hook`): words of ours are kept in Spanish, nothing else odd is."""
    if isinstance(value, Words | Shown):
        return str(value)
    raise TypeError(f"{type(value).__name__} cannot be kept")


def plural(one: str, many: str, /, *, n: int, **values: object) -> Words:
    """`plural("{n} intento", "{n} intentos", n=3)`: which form it is, each language's plural decides."""
    words = Words(one if n == 1 else many, n=n, **values)
    words.source, words.source_of_many = one, many
    return words


def packed(text: str) -> str:
    """A sentence as a column of text keeps it: in Spanish and, behind that, what it takes to say it in any language.

    What is not `Words` is kept as it is.
    """
    plain = str(text).replace(_APART, " ")
    if not isinstance(text, Words):
        return plain
    return f"{plain}{_APART}{msgspec.json.encode(_parts(text)).decode()}"


def unpacked(kept: str) -> str:
    """What `packed` was given; a sentence that was kept before there was one is the Spanish that it is."""
    plain, apart, parts = kept.partition(_APART)
    return _words(msgspec.json.decode(parts)) if apart else plain


def _parts(words: Words) -> dict[str, Any]:
    values = {
        name: _parts(one) if isinstance(one, Words) else one if isinstance(one, int) else str(one)
        for name, one in words.values.items()
    }
    return {
        "says": words.source,
        **({"of_many": words.source_of_many} if words.source_of_many else {}),
        **({"with": values} if values else {}),
    }


def _words(parts: Mapping[str, Any]) -> Words:
    values = {name: _words(one) if isinstance(one, dict) else one for name, one in parts.get("with", {}).items()}
    if "of_many" in parts:
        return plural(parts["says"], parts["of_many"], n=int(values.pop("n")), **values)
    return Words(parts["says"], **values)
