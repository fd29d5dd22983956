"""What the bot did, in words for people: actions and deeds. Labels and rules are in `words`."""

from __future__ import annotations

from collections.abc import Mapping

from console.bots.actions import STEPS
from console.bots.handing import REASONS
from console.bots.words import LABEL_WORDS

_ACTIONS = {step.action: step.said for step in STEPS} | {
    "hand_over_priority": "texto empático y una persona con prioridad",
    "ask_identity": "pregunta quién escribe",
    "stay_silent": "calla",
    "refuse_third_person": "no habla con terceros de una deuda",
}
_DEEDS = {
    "confirmed": "Confirmó la identidad",
    "failed": "Los datos de identidad no coincidieron",
    "disclosed": "Dijo datos de la deuda a su titular",
    "gave_link": "Dio un enlace de pago",
    "link_failed": "No pudo dar un enlace de pago",
    "promised": "Anotó una promesa",
    "planned": "Registró un plan de pagos",
    "disputed": "Abrió un reclamo",
    "opted_out": "Registró que no quiere que le escriban",
    "wrong_number": "Marcó el número como equivocado",
    "claimed": "Dejó un comprobante por verificar",
    "needs_person": "La deja a una persona",
    "alerted": "Avisó a supervisión",
}
_SHOWN = {
    "how": "verificado por",
    "what": "qué",
    "due_on": "para el",
    "count": "cuotas",
    "first_on": "primera",
    "category": "motivo",
    "reason": "motivo",
    "kind": "motivo",
}
"""What of a deed people read; ids are for the history."""


def action_words(action: str) -> str:
    """What it did, in a phrase."""
    words = _ACTIONS.get(action, action.replace("_", " "))
    return words[:1].upper() + words[1:]


def deed_words(deed: Mapping[str, object]) -> str:
    """What was done, with what people need to know about it."""
    found = [f"{words} {_told(deed[name])}" for name, words in _SHOWN.items() if deed.get(name)]
    return " · ".join([_DEEDS.get(str(deed.get("deed")), str(deed.get("deed"))), *found])


def _told(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(_told(each) for each in value)
    return LABEL_WORDS.get(str(value)) or REASONS.get(str(value), str(value))
