"""Several words as one text, each said in the reader's language."""

from __future__ import annotations

from collections.abc import Iterable

from console.languages.catalogues import said
from console.languages.words import Shown


def joined(parts: Iterable[str], between: str = ", ", *, most: int | None = None) -> str:
    """`between.join(parts)`, cut after `most` letters. What is no words of ours stays as it is."""
    every = list(parts)

    def written(language: str) -> str:
        text = between.join(str(said(part, language)) for part in every)
        return text if most is None or len(text) <= most else f"{text[:most]}…"

    return Shown(written)
