"""How somebody paid, in a word."""

from __future__ import annotations

from console.languages.words import Words

_PLAIN = {str(word): word for word in (Words("tarjeta"), Words("transferencia"), Words("efectivo"), Words("depósito"))}


def method_word(method: str | None) -> str | None:
    """`method` as its source says it; what is no name (a card, a transfer) is said in the reader's language."""
    return _PLAIN.get(method, method) if method else None
