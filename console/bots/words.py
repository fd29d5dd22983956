"""What the bot understood, in words for people: labels, and the rules that had a say."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from console.bots import tables

LABEL_WORDS = {
    "balance": "Pregunta su saldo",
    "payment_link": "Quiere un enlace de pago",
    "payment_methods": "Pregunta dónde pagar",
    "due_date": "Pregunta cuándo vence",
    "already_paid": "Dice que ya pagó",
    "promise_to_pay": "Ofrece pagar",
    "payment_plan": "Pide un plan de pagos",
    "dispute": "No reconoce la deuda",
    "wrong_person": "Es otra persona",
    "opt_out": "Pide que no le escriban",
    "human": "Pide una persona",
    "complaint": "Presenta una queja",
    "hardship": "Cuenta una dificultad",
    "distress": "Señales de peligro",
    "hours": "Pregunta el horario",
    "identity_answer": "Responde quién es",
    "affirm": "Dice que sí",
    "deny": "Dice que no",
    "greeting": "Saluda",
    "thanks": "Agradece",
    "other": "Otra cosa",
}
_ALONE = "nothing but "


def rule_words(rule: str) -> str:
    """A rule by its name in Spanish; one that is no more, by the name in its record."""
    if rule.startswith(_ALONE):
        label = rule.removeprefix(_ALONE)
        return f"el mensaje entero es «{LABEL_WORDS.get(label, label)}»"
    return _spoken().get(rule) or rule.replace("_", " ")


def understood_words(understood: Mapping[str, Any]) -> str:
    """A turn's understanding as it is on record, in a phrase: what was meant, and which rules said so."""
    meant = [LABEL_WORDS.get(label, label) for label, _score in understood.get("intents", [])]
    phrase = ", ".join(words[:1].lower() + words[1:] for words in meant)
    rules = [rule_words(rule) for rule in understood.get("rules", [])]
    if rules:
        phrase += f" ({'regla' if len(rules) == 1 else 'reglas'}: {', '.join(rules)})"
    return phrase.strip()


@lru_cache(maxsize=1)
def _spoken() -> dict[str, str]:
    return tables.spoken("danger.txt") | tables.spoken("rules.txt")
