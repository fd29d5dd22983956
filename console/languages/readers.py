"""Which language a reader wants, of those that screens are written in."""

from __future__ import annotations

import re
from contextvars import ContextVar

SPANISH = "es"
TAGS = {SPANISH: "es", "pt": "pt-BR", "en": "en"}
"""Each language's code here, and how HTML names it (BCP 47)."""

NAMES = {SPANISH: "Español", "pt": "Português", "en": "English"}
"""What each is called by those who speak it."""

page_language: ContextVar[str] = ContextVar("page_language", default=SPANISH)
"""The language of the page that a request comes from: what is answered to it is put into that page."""

_CODES = {tag: code for code, tag in TAGS.items()}
_WEIGHT = re.compile(r"\s*q\s*=\s*(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*", re.ASCII)
# Browsers send five to ten entries; what is longer was not sent by one.
_LONGEST = 1000


def of_page(tag: str) -> str:
    """The code of the language that a page says it is in (`<html lang>`); Spanish for what no page of ours is in."""
    return _CODES.get(tag, SPANISH)


def asked(accept_language: str | None, *, chosen: str | None = None) -> str:
    """The code of `TAGS` to answer in: what was `chosen` by hand, else what `Accept-Language` likes best, else Spanish.

    Never fails: an entry that is none is passed over (RFC 9110, 12.5.4).
    """
    if chosen in TAGS:
        return str(chosen)
    liked: dict[str, float] = {}
    for entry in (accept_language or "")[:_LONGEST].split(","):
        tag, semicolon, rest = entry.partition(";")
        weight = _WEIGHT.fullmatch(rest)
        code = tag.strip().lower().partition("-")[0]
        if code in TAGS and (weight or not semicolon):
            liked[code] = max(liked.get(code, 0.0), float(weight[1]) if weight else 1.0)
    # Of two liked equally, the one named first.
    best = max(liked, key=lambda code: liked[code], default=SPANISH)
    return best if liked.get(best) else SPANISH
