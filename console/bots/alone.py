"""Messages of one kind of words only: a bare yes, no, greeting or thanks, a document's digits.

Pure, on normalised words; the vocabularies are in the tables. Every word must belong to the label's own vocabulary, and
one of them must carry it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from console.bots import tables

_WORDS = tables.words("alone.txt")
_POLITE = frozenset(_WORDS["polite"])
_TABLE = tuple(
    (label, frozenset(words), frozenset(_WORDS[f"{label} beside"]))
    for label, words in _WORDS.items()
    if f"{label} beside" in _WORDS
)
_WHOLE = {
    message: name.removeprefix("whole ")
    for name, messages in _WORDS.items()
    if name.startswith("whole ")
    for message in messages
}
_LONGEST = 9
"""Words; whoever writes more says more."""
_LONGEST_DOCUMENT = 24
"""Words, marks and groups of digits."""

_DOCUMENT = frozenset(_WORDS["document"])
_THIS_CENTURY = "2020"
_ASKING = (["por", "que"], ["a", "que"])
_DIGITS = re.compile(r"\d{3,}|\d \d \d")
_ASKED = re.compile(
    r"\b(?:dni|cedula|cc|curp|rfc|ine|rut|cuit|cuil|documento|identificacion|naci|digitos|ultimos|termina\w*|pasaporte|nacimiento)\b"
)
_MONEY = re.compile(
    r"^(?:s )?\d{2,3} ?$|\b(?:soles|pesos|mil)\b|^(?:el |en )?\d{1,2} (?:de )?[a-z]+$|^(?:[a-z]+ )?\d{1,2}$"
)


def only_of(words: Sequence[str]) -> str | None:
    """The label whose vocabulary is all there is in `words`; None if they say anything else."""
    words = list(words)
    whole = _WHOLE.get("_".join(word for word in words if word.isalnum()))
    if whole:
        return whole
    if not 0 < len(words) <= _LONGEST or "?" in words:
        return "identity_answer" if _is_document(words) else None
    said = set(words) - _POLITE
    for label, carry, beside in _TABLE:
        if said & carry and said <= carry | beside:
            return (
                None if words[:2] in _ASKING or (label == "affirm" and ("no" in said or words[0] == "que")) else label
            )
    return "identity_answer" if _is_document(words) else None


def _is_document(words: Sequence[str]) -> bool:
    text = " ".join(words)
    around = {word for word in words if word.isalpha()}
    if len(words) > _LONGEST_DOCUMENT or not around <= _DOCUMENT or _MONEY.search(text):
        return False
    if any(len(word) == 4 and word >= _THIS_CENTURY for word in words if word.isdigit() and word < "2100"):
        # A day to come, and no birthday.
        return False
    groups = [len(word) for word in words if word.isdigit()]
    # A number as it stands on the card, in groups of three: "79 845 112".
    is_long = max(groups, default=0) >= 4 or (len(groups) >= 3 and sum(groups) >= 7)
    return bool(_DIGITS.search(text)) and (is_long or bool(_ASKED.search(text)))
