"""Names as they are compared. No table is known here: whatever reads files needs this, and begins for each of them."""

from __future__ import annotations

import unicodedata


def name_key(name: str) -> str:
    """`name` as searches compare it: without accents, in lower case, one space between words."""
    bare = "".join(letter for letter in unicodedata.normalize("NFKD", name) if not unicodedata.combining(letter))
    return " ".join(bare.casefold().split())
