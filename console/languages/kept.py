"""Sentences of ours that were kept, in Spanish: told apart from what people wrote, to be said in any language."""

from __future__ import annotations

import re
from functools import lru_cache

from console.languages.words import Words


def as_words(kept: str | None, *of: Words) -> str | None:
    """The one of `of` that `kept` is, with what stands in it for its braces; anything else as it is.

    What stands there may be one of them itself, and is told apart too: `Words("{said} (código {code})")`.
    """
    for words in of if kept else ():
        if found := _pattern(words.source).fullmatch(kept or ""):
            return Words(words.source, **{name: as_words(value, *of) for name, value in found.groupdict().items()})
    return kept


@lru_cache(maxsize=512)
def _pattern(source: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", source)
    wanted = [re.escape(part) if at % 2 == 0 else f"(?P<{part}>.+)" for at, part in enumerate(parts)]
    return re.compile("".join(wanted), re.DOTALL)
