"""A mere "ok gracias": said to be polite, asking for nothing, answering nothing. Pure."""

from __future__ import annotations

import re

from console.bots.alone import only_of
from console.bots.normalise import plain

LONGEST = 60
"""Characters; whoever writes more says more."""
_GESTURES = re.compile(
    "[\N{THUMBS UP SIGN}\N{OK HAND SIGN}\N{PERSON WITH FOLDED HANDS}\N{HANDSHAKE}\u263a\u2764\ufe0f"
    "\N{PERSON RAISING BOTH HANDS IN CELEBRATION}\N{SMILING FACE WITH SMILING EYES}"
    "\N{SMILING FACE WITH SMILING EYES AND HAND COVERING MOUTH}\U0001f3fb-\U0001f3ff\\s]+"
)
# A yes may be the answer to a question; these say only that it was read.
_HEARD = frozenset({
    "ok", "okay", "okas", "oka", "okey", "listo", "ya", "bueno", "dale", "vale", "perfecto", "entendido", "enterado",
    "enterada", "comprendo", "comprendido", "recibido", "genial", "excelente", "super", "va", "orale",
})  # fmt: skip
_BESIDE = frozenset({
    "muy", "bien", "por", "favor", "senorita", "joven", "caballero", "amigo", "amiga", "usted", ",", ".",
})  # fmt: skip


def is_acknowledgement(text: str | None) -> bool:
    """Whether `text` says no more than that it was read, with thanks or without: "ok gracias", "listo", a thumb."""
    if not text or len(text) > LONGEST:
        return False
    spoken = _GESTURES.sub(" ", text).strip()
    if not spoken:
        return True
    words = plain(spoken)
    if only_of(words) == "thanks":
        return True
    said = {word for word in words if word not in _BESIDE}
    return bool(said) and said <= _HEARD
