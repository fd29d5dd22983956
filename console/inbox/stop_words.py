"""Words that ask us to stop, or say that we have the wrong person. Pure: it only suggests; a person decides.

Nothing follows from these words by themselves: "ya no me escriba al trabajo" is no opt-out, and a machine that thought
so would silence somebody who asked for help.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Literal

Suggestion = Literal["opt_out", "wrong_number"]

_STOP = re.compile(
    r"^\W*(?:stop|baja|alto|cancelar suscripcion|darme de baja|dar de baja)\W*$|"
    r"\b(?:no|ya no|nunca) (?:me |nos )?(?:vuelvan? a |vuelvas a |sigan? |quiero que (?:me )?(?:sigan )?)?"
    r"(?:escrib\w+|llam\w+|mand\w+ (?:mas )?mensajes?|envi\w+ (?:mas )?mensajes?|molest\w+|contact\w+|hostig\w+|"
    r"acos\w+)"
    r"(?: (?:mas|nunca|otra vez))?\b|"
    r"\bdej\w+ de (?:escribir|llamar|molestar|mandar|enviar|contactar|hostigar|acosar)\w*|"
    r"\b(?:quit|elimin|borr|saqu)\w+ mi (?:numero|celular|telefono)\b|\bdenme de baja\b|\bme doy de baja\b",
)
# Asking that we write about something else, elsewhere or at another hour is not asking us to stop.
_NARROWER = re.compile(
    r"\b(?:no|ya no) me (?:escrib|llam|contact)\w+ "
    r"(?:al trabajo|a esta hora|tan (?:tarde|temprano)|hoy|ahora|manana|por las?\b|en las?\b)",
)
_WRONG = re.compile(
    r"\b(?:numero|telefono|celular|persona|contacto) equivocad[oa]\b|\bequivocad[oa] de (?:numero|persona)\b|"
    r"\bse (?:equivoc\w+|confundi\w+|ha equivocado|han equivocado)(?: de (?:numero|persona))?\b|"
    r"\beste no es (?:su|el) numero\b|"
    r"\bno (?:conozco|la conozco|lo conozco) (?:a )?(?:esa|ese|esta|este|ningun|a) ?(?:persona|senor\w*)?|"
    r"\b(?:no soy|yo no soy) (?:esa persona|ese senor|esa senora|el titular|la titular|quien busca)\b|"
    r"\b(?:aqui|aca) no (?:vive|es|conozco)\b",
)


def suggests(text: str | None) -> Suggestion | None:
    """What a message asks for, if it seems to: no more messages, or that we have the wrong number."""
    words = re.sub(r"\s+", " ", _folded(text or ""))[:2000]
    if _WRONG.search(words):
        return "wrong_number"
    if _STOP.search(words) and not _NARROWER.search(words):
        return "opt_out"
    return None


def _folded(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFD", text.lower()) if not unicodedata.combining(c))
