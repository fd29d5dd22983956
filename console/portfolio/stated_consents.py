"""What a row of a file says somebody allowed or refused, cell by cell, and which of two such words holds. Pure.

A consent counts from the beginning of its day and a refusal to the end of it: of two that are told by days alone, the
later day holds, and of one day the refusal.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from typing import TypeVar
from zoneinfo import ZoneInfo

import msgspec

from console.consents.kinds import How, Purpose, Standing, Way
from console.languages.words import Words
from console.portfolio import cells as values
from console.portfolio import checks
from console.portfolio.checks import Wrong
from console.portfolio.columns import Field
from console.portfolio.names import name_key
from console.portfolio.sheets import Cell

Value = TypeVar("Value")
_NOTHING = frozenset({"", "-", "--", "n/a", "n/d", "nd", "no consta", "sin dato", "sin datos", "pendiente"})
_YES = (
    *("si", "s", "yes", "y", "x", "1", "true", "verdadero", "consiente"),
    *("acepta", "acepto", "aceptado", "autoriza", "autorizo", "autorizado"),
)
_NO = (
    *("no", "n", "0", "false", "falso", "no acepta", "no autoriza", "no autorizado", "no consiente"),
    *("rechaza", "rechazo", "se opone", "revoco", "revocado", "retirado", "baja"),
)
_STATES = dict.fromkeys(_YES, Standing.GIVEN) | dict.fromkeys(_NO, Standing.WITHDRAWN)
_WAYS = {
    "whatsapp": Way.WHATSAPP, "wa": Way.WHATSAPP, "wsp": Way.WHATSAPP, "whatsap": Way.WHATSAPP,
    "llamada": Way.CALL, "llamadas": Way.CALL, "telefono": Way.CALL, "call": Way.CALL, "voz": Way.CALL,
    "sms": Way.SMS, "mensaje de texto": Way.SMS,
    "correo": Way.EMAIL, "correo electronico": Way.EMAIL, "email": Way.EMAIL, "e-mail": Way.EMAIL, "mail": Way.EMAIL,
}  # fmt: skip
_PURPOSES = {
    "cobranza": Purpose.COLLECTION, "cobranzas": Purpose.COLLECTION, "cobro": Purpose.COLLECTION,
    "recordatorios": Purpose.COLLECTION, "gestion de cobranza": Purpose.COLLECTION, "collection": Purpose.COLLECTION,
    "publicidad": Purpose.MARKETING, "ofertas": Purpose.MARKETING, "promociones": Purpose.MARKETING,
    "marketing": Purpose.MARKETING, "comercial": Purpose.MARKETING,
}  # fmt: skip
_HOWS = {
    "contrato": How.CONTRACT, "pagare": How.CONTRACT, "solicitud": How.CONTRACT, "contract": How.CONTRACT,
    "formulario": How.WEB_FORM, "web": How.WEB_FORM, "pagina": How.WEB_FORM, "app": How.WEB_FORM,
    "aplicacion": How.WEB_FORM, "form": How.WEB_FORM,
    "llamada": How.CALL, "telefono": How.CALL, "grabacion": How.CALL, "call": How.CALL,
    "presencial": How.IN_PERSON, "en persona": How.IN_PERSON, "persona": How.IN_PERSON, "agencia": How.IN_PERSON,
    "oficina": How.IN_PERSON, "sucursal": How.IN_PERSON, "in person": How.IN_PERSON,
}  # fmt: skip


class ConsentSaid(msgspec.Struct, frozen=True, kw_only=True):
    """What one row says of one number. `said_at` is the instant it counts at.

    `digest` is what two rows share that say the same of the same number, whenever they say it.
    """

    row: int
    phone: str = ""
    channel: str
    purpose: str
    state: str
    how: str
    said_at: datetime
    shown: str | None = None
    reference: str | None = None
    digest: str

    @property
    def key(self) -> tuple[str, str, str]:
        """What it is about; of one debt, one such word holds at a time."""
        return self.phone, self.channel, self.purpose

    def at(self, phone: str) -> ConsentSaid:
        """The same, of this number."""
        digest = hashlib.sha256(f"{phone} {self.digest}".encode()).hexdigest()
        return msgspec.structs.replace(self, phone=phone, digest=digest)


class Holding(msgspec.Struct, frozen=True):
    """The word that holds of one number, as far as another can take its place."""

    state: str
    said_at: datetime
    digest: str


def replaces(said: ConsentSaid, holding: Holding | None) -> bool:
    """Whether `said` takes the place of the word that holds: it says something else, and that is not older.

    The same answer with other particulars is a correction, and needs no later day.
    """
    if holding is None:
        return True
    if said.digest == holding.digest:
        return False
    return said.state == holding.state or said.said_at > holding.said_at


class Asked(msgspec.Struct, frozen=True):
    """One row being read: its cells by field, and when it is read, where the business is."""

    cells: Mapping[Field, Cell]
    now: datetime
    zone: ZoneInfo


def read(row: int, asked: Asked) -> tuple[ConsentSaid | None, list[tuple[Field, str]]]:
    """What the row says, of no number yet, and each cell that is wrong; neither where it says nothing of consent."""
    wrong: list[tuple[Field, str]] = []
    state = _tell(asked, wrong, Field.CONSENT, _state)
    if state is None:
        named = any(asked.cells.get(field) is not None for field in (Field.CONSENT_DAY, Field.CONSENT_PROOF))
        if named and asked.cells.get(Field.CONSENT) is None:
            wrong.append((Field.CONSENT, Words("Falta decir si autoriza: sí o no.")))
        return None, wrong
    today = asked.now.astimezone(asked.zone).date()
    day = _tell(asked, wrong, Field.CONSENT_DAY, lambda cell: checks.consent_day(values.day(cell), today))
    how = _tell(asked, wrong, Field.CONSENT_HOW, _how)
    shown = _tell(asked, wrong, Field.CONSENT_TEXT, lambda cell: checks.consent_text(values.text(cell)))
    proof = _tell(asked, wrong, Field.CONSENT_PROOF, lambda cell: checks.consent_proof(values.text(cell)))
    channel = _tell(asked, wrong, Field.CONSENT_CHANNEL, _channel) or Way.WHATSAPP
    purpose = _tell(asked, wrong, Field.CONSENT_PURPOSE, _purpose) or Purpose.COLLECTION
    if state == Standing.GIVEN:
        # As on the page of consents: who says that somebody agreed says when, how, to what, and what proves it.
        given = {
            Field.CONSENT_DAY: day, Field.CONSENT_HOW: how, Field.CONSENT_TEXT: shown, Field.CONSENT_PROOF: proof
        }  # fmt: skip
        flawed = {field for field, _words in wrong}
        wrong += [(field, _LACKING[field]) for field, it in given.items() if it is None and field not in flawed]
    if wrong:
        return None, wrong
    # A refusal needs no proof to be honoured, and no origin.
    how = how or How.EARLIER
    said = ConsentSaid(
        row=row,
        channel=channel,
        purpose=purpose,
        state=state,
        how=how,
        said_at=instant(state, day, asked.now, asked.zone),
        shown=shown,
        reference=proof,
        digest=_digest([channel, purpose, state, how, day, shown, proof]),
    )
    return said, []


def instant(state: str, day: date | None, now: datetime, zone: ZoneInfo) -> datetime:
    """When a word of `day` counts at: a consent at its beginning, a refusal at its end, nothing later than now."""
    if day is None:
        return now
    bound = time.min if state == Standing.GIVEN else time.max
    return min(datetime.combine(day, bound, zone).astimezone(now.tzinfo), now)


def _digest(told: list[object]) -> str:
    return hashlib.sha256(msgspec.json.encode(told)).hexdigest()


_LACKING = {
    Field.CONSENT_DAY: Words("Falta la fecha en que autorizó."),
    Field.CONSENT_HOW: Words("Falta cómo autorizó: contrato, formulario web, llamada o en persona."),
    Field.CONSENT_TEXT: Words("Falta el texto que se le mostró o leyó."),
    Field.CONSENT_PROOF: Words("Falta la prueba: el contrato, el formulario o la grabación, y dónde está."),
}


def _tell(
    asked: Asked, wrong: list[tuple[Field, str]], field: Field, read_cell: Callable[[Cell], Value]
) -> Value | None:
    cell = asked.cells.get(field)
    if cell is None:
        return None
    try:
        return read_cell(cell)
    except Wrong as flaw:
        wrong.append((field, flaw.args[0]))
        return None


def _state(cell: Cell) -> Standing | None:
    said = name_key(values.text(cell)).rstrip(".")
    if said in _NOTHING:
        return None
    if said not in _STATES:
        raise Wrong(Words("Se espera sí o no."))
    return _STATES[said]


def _how(cell: Cell) -> How:
    said = name_key(values.text(cell))
    found = next((how for word, how in _HOWS.items() if said == word or said.startswith(f"{word} ")), None)
    if found is None:
        raise Wrong(Words("Se espera contrato, formulario web, llamada o en persona."))
    return found


def _channel(cell: Cell) -> Way:
    said = name_key(values.text(cell))
    if said not in _WAYS:
        raise Wrong(Words("Se espera WhatsApp, llamada, SMS o correo."))
    return _WAYS[said]


def _purpose(cell: Cell) -> Purpose:
    said = name_key(values.text(cell))
    if said not in _PURPOSES:
        raise Wrong(Words("Se espera cobranza o publicidad."))
    return _PURPOSES[said]
