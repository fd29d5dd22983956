"""What the bot understood, in words for people: labels, and the rules that had a say."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache, partial
from typing import Any

from console.bots import tables
from console.languages.catalogues import said
from console.languages.readers import SPANISH
from console.languages.words import Shown, Words

LABEL_WORDS = {
    "balance": Words("Pregunta su saldo"),
    "payment_link": Words("Quiere un enlace de pago"),
    "payment_methods": Words("Pregunta dónde pagar"),
    "due_date": Words("Pregunta cuándo vence"),
    "already_paid": Words("Dice que ya pagó"),
    "promise_to_pay": Words("Ofrece pagar"),
    "payment_plan": Words("Pide un plan de pagos"),
    "dispute": Words("No reconoce la deuda"),
    "wrong_person": Words("Es otra persona"),
    "opt_out": Words("Pide que no le escriban"),
    "human": Words("Pide una persona"),
    "complaint": Words("Presenta una queja"),
    "hardship": Words("Cuenta una dificultad"),
    "distress": Words("Señales de peligro"),
    "hours": Words("Pregunta el horario"),
    "identity_answer": Words("Responde quién es"),
    "affirm": Words("Dice que sí"),
    "deny": Words("Dice que no"),
    "greeting": Words("Saluda"),
    "thanks": Words("Agradece"),
    "other": Words("Otra cosa"),
}
LABEL_KEYS = {
    "balance": "s", "payment_link": "e", "payment_methods": "d", "due_date": "v", "already_paid": "y",
    "promise_to_pay": "o", "payment_plan": "p", "dispute": "n", "wrong_person": "x", "opt_out": "b", "human": "u",
    "complaint": "q", "hardship": "f", "distress": "r", "hours": "h", "identity_answer": "i", "affirm": "a",
    "deny": "z", "greeting": "w", "thanks": "t", "other": "0",
}  # fmt: skip
"""The key by which a label is chosen while phrases are labelled; none is a key of the page (console/shortcuts.py)."""
_ALONE = "nothing but "


def rule_words(rule: str) -> str:
    """A rule by its name in Spanish; one that is no more, by the name in its record."""
    if rule.startswith(_ALONE):
        label = rule.removeprefix(_ALONE)
        return Words("el mensaje entero es «{label}»", label=LABEL_WORDS.get(label, label))
    known = _spoken().get(rule)
    return Words(known) if known else rule.replace("_", " ")


def understood_words(understood: Mapping[str, Any]) -> str:
    """A turn's understanding as it is on record, in a phrase: what was meant, and which rules said so."""
    return Shown(partial(_understood, understood))


def _understood(understood: Mapping[str, Any], language: str) -> str:
    meant = [str(said(LABEL_WORDS.get(label, label), language)) for label, _score in understood.get("intents", [])]
    phrase = ", ".join(words[:1].lower() + words[1:] for words in meant)
    if language != SPANISH:
        # The rules are about Spanish, and are called so.
        return phrase
    rules = [rule_words(rule) for rule in understood.get("rules", [])]
    if rules:
        phrase += f" ({'regla' if len(rules) == 1 else 'reglas'}: {', '.join(rules)})"
    return phrase.strip()


@lru_cache(maxsize=1)
def _spoken() -> dict[str, str]:
    return tables.spoken("danger.txt") | tables.spoken("rules.txt")
