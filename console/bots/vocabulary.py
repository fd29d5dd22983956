"""Messages of one kind of words only: a bare yes, no, greeting or thanks, a document's digits.

Pure, on normalised words: every word must belong to the label's own vocabulary, and one of them must carry it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_POLITE = (
    "por favor usted ustedes ud uds muy bien mucho muchas mil senorita senor senora joven caballero amigo amiga a la de y , . ? el lo me le les te se "
    "todo todos con que un una tambien gusto enojo risa jaja"
)
_KINDS: tuple[tuple[str, str, str], ...] = (
    # label, words that carry it, words that may stand beside them
    (
        "thanks",
        "gracias agradezco agradecido agradecida bendiga bendiciones thanks agradece genia genio",
        "ok si ya bueno listo perfecto dale hola buenas buenos buen dia dias tardes tarde noches noche amable gentil formal dios hasta luego "
        "saludos igualmente igual feliz linda bonita bonito lindo tenga su tu ayuda atencion informacion info tiempo apoyo paciencia comprension por chau chao bye vale super "
        "claro entendido eso seria es nada mas solo ah oh aya va sale orale excelente genial brazo infinitas muchisimas antemano pues barbaro joya buenisimo",
    ),
    (
        "greeting",
        "hola buenas buenos buen saludos alo quiubo quihubo wena wenas onda holiwis holu epa halo",
        "dia dias tarde tardes noche noches que tal como estas esta estan va vas andas andan hubo mas cordial cordiales linda lindo feliz todo "
        "ustedes ahi anda hay muy amanecio amanece hoy mi estai lleva otra vez nuevo bot",
    ),
    (
        "affirm",
        "si claro ok acepto perfecto correcto confirmo confirmado dale exacto exactamente efectivamente afirmativo obvio listo vale supuesto conforme hecho va sale "
        "simon acuerdo aceptado aceptar confirmar sip yes genial excelente joya buenisimo barbaro bacan chevere hagale sisas arre jalo adelante proceda procedan entendido enterado enterada "
        "comprendo comprendido recibido cierto ya aja orale bueno andale sipo yapo fijo evidentemente seguramente totalmente okas positivo enseguida claramente supuestisimo obviamente",
        "esta estamos estoy bien asi es pues muy todo eso por con quedamos yo soy mismo misma la oferta propuesta acuerdo desde luego tal cual mucho gusto no problema senal una brazo que si mi señor "
        "me parece ese esa plan opcion mas entonces ah seguro quiero lo vamos na",
    ),
    (
        "deny",
        "no nunca jamas negativo imposible rechazo rechazar incorrecto falso nel nones nada ninguno ninguna tampoco nah naa nanai nica",
        "acepto quiero deseo gracias por el momento ahora ahorita hoy todavia aun nada eso asi esa ese creo que para ni loco muerto muerta a palos ahi en pedo cagando me interesa "
        "hace falta es correcto esta bien de ellos ellas las anteriores manera modo chiste broma madres total totalmente absoluto no pues claro supuesto estoy interesado interesada "
        "sirve conviene gusta seguro acuerdo opcion parece necesito mas lo la los las ningun ninguna propuesta oferta hablar dije ya",
    ),
)  # fmt: skip
_TABLE = tuple((label, frozenset(carry.split()), frozenset(beside.split())) for label, carry, beside in _KINDS)
_POLITE_WORDS = frozenset(_POLITE.split())
_LONGEST = 9
"""Words; whoever writes more says more."""

_DOCUMENT = re.compile(
    r"(?:(?:mi|mis|el|la|es|son|no|nro|numero|de|soy|si|yo|dni|cedula|cc|c|ce|curp|rfc|ine|rut|ruc|cuit|cuil|nit|documento|identificacion|identidad|pasaporte|digitos|ultimos|ultimas|cuatro|tres|"
    r"los|las|y|termina|terminacion|en|naci|nacido|nacida|nacimiento|fecha|ano|clave|carnet|cliente|contrato|credito|codigo|d|n|i|k|t|aqui|ahi|va|le|doy|que|me|llego|ti|del|identificad[oa]|con|"
    r"enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|setiembre|octubre|noviembre|diciembre|tarjeta|x|v) ?|\d+ ?|[.,] ?)+",
)
_DIGITS = re.compile(r"\d{3,}|\d \d \d")
_ASKED = re.compile(r"\b(?:dni|cedula|cc|curp|rfc|ine|rut|cuit|cuil|documento|identificacion|naci|digitos|ultimos|termina\w*|pasaporte|nacimiento)\b")
_MONEY = re.compile(r"^(?:s )?\d{2,3} ?$|\b(?:soles|pesos|mil)\b|^(?:el |en )?\d{1,2} (?:de )?[a-z]+$|^(?:[a-z]+ )?\d{1,2}$")


def only_of(words: Sequence[str]) -> str | None:
    """The label whose vocabulary is all there is in `words`; None if they say anything else."""
    if not 0 < len(words) <= _LONGEST or "?" in words:
        return "identity_answer" if _is_document(words) else None
    said = set(words) - _POLITE_WORDS
    for label, carry, beside in _TABLE:
        if said & carry and said <= carry | beside:
            return label if label != "affirm" or "no" not in said else None
    return "identity_answer" if _is_document(words) else None


def _is_document(words: Sequence[str]) -> bool:
    text = " ".join(words)
    if len(text) > 120 or not _DOCUMENT.fullmatch(text) or _MONEY.search(text):
        return False
    longest = max((len(word) for word in words if word.isdigit()), default=0)
    return bool(_DIGITS.search(text)) and (longest >= 4 or bool(_ASKED.search(text)))
