"""Whom a text names after an `@`. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

SIGN = "@"


def find(text: str, names: Iterable[str]) -> list[tuple[int, int, str]]:
    """Where `text` names one of `names`: from, to, and the name. Capitals don't matter, whole names do.

    Of two names that begin alike the longer counts, and an address (ana@andes.example) names nobody.
    """
    wanted = {name.casefold(): name for name in names if name.strip()}
    if SIGN not in text or not wanted:
        return []
    found = [match for match in _pattern(tuple(sorted(wanted))).finditer(text) if match[1].casefold() in wanted]
    return [(match.start(), match.end(), wanted[match[1].casefold()]) for match in found]


@lru_cache(maxsize=256)
def _pattern(names: tuple[str, ...]) -> re.Pattern[str]:
    longest_first = sorted(names, key=len, reverse=True)
    return re.compile(rf"(?<!\w){SIGN}({'|'.join(map(re.escape, longest_first))})(?!\w)", re.IGNORECASE)
