"""What the bot did, in words for people: actions and deeds. Labels and rules are in `words`."""

from __future__ import annotations

from collections.abc import Mapping

from console.bots.actions import STEPS
from console.bots.handing import REASONS
from console.bots.words import LABEL_WORDS
from console.languages.catalogues import said
from console.languages.joined import joined
from console.languages.words import Shown, Words

_ACTIONS = {step.action: step.said for step in STEPS} | {
    "hand_over_priority": Words("texto empático y una persona con prioridad"),
    "ask_identity": Words("pregunta quién escribe"),
    "stay_silent": Words("calla"),
    "refuse_third_person": Words("no habla con terceros de una deuda"),
}
_DEEDS = {
    "confirmed": Words("Confirmó la identidad"),
    "failed": Words("Los datos de identidad no coincidieron"),
    "withdrawn": Words("Dejó de dar por confirmada la identidad"),
    "disclosed": Words("Dijo datos de la deuda a su titular"),
    "gave_link": Words("Dio un enlace de pago"),
    "link_failed": Words("No pudo dar un enlace de pago"),
    "promised": Words("Anotó una promesa"),
    "retracted": Words("Anuló lo acordado, porque la persona cambió el mensaje que lo respaldaba"),
    "planned": Words("Registró un plan de pagos"),
    "disputed": Words("Abrió un reclamo"),
    "opted_out": Words("Registró que no quiere que le escriban"),
    "wrong_number": Words("Marcó el número como equivocado"),
    "claimed": Words("Dejó un comprobante por verificar"),
    "needs_person": Words("La deja a una persona"),
    "alerted": Words("Avisó a supervisión"),
}
_SHOWN = {
    "how": Words("verificado por"),
    "what": Words("qué"),
    "due_on": Words("para el"),
    "count": Words("cuotas"),
    "first_on": Words("primera"),
    "category": Words("motivo"),
    "reason": Words("motivo"),
    "kind": Words("motivo"),
}
"""What of a deed people read; ids are for the history."""


def action_words(action: str) -> str:
    """What it did, in a phrase."""
    words = _ACTIONS.get(action, action.replace("_", " "))

    def written(language: str) -> str:
        text = str(said(words, language))
        return text[:1].upper() + text[1:]

    return Shown(written)


def deed_words(deed: Mapping[str, object]) -> str:
    """What was done, with what people need to know about it."""
    found = [joined((words, _told(deed[name])), " ") for name, words in _SHOWN.items() if deed.get(name)]
    return joined([_DEEDS.get(str(deed.get("deed")), str(deed.get("deed"))), *found], " · ")


def _told(value: object) -> str:
    if isinstance(value, list | tuple):
        return joined(_told(each) for each in value)
    return LABEL_WORDS.get(str(value)) or REASONS.get(str(value)) or str(value)
