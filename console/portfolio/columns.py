"""Which column is which: the header of a file found, its words understood, and remembered by what the header says."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from enum import StrEnum

import msgspec

from console.languages.words import Words
from console.portfolio.names import name_key
from console.portfolio.sheets import Cell, Row

LOOKED_AT = 30
"""Rows among which the header is looked for: above it stand titles, logos and dates."""


class Field(StrEnum):
    """What a column can be."""

    ACCOUNT = "account"
    NAME = "name"
    DOCUMENT = "document"
    DOCUMENT_TYPE = "document_type"
    BIRTH = "birth"
    PHONE = "phone"
    INVOICE = "invoice"
    DUE = "due"
    AMOUNT = "amount"
    BALANCE = "balance"
    CURRENCY = "currency"
    PRODUCT = "product"
    CONSENT = "consent"
    CONSENT_DAY = "consent_day"
    CONSENT_HOW = "consent_how"
    CONSENT_PROOF = "consent_proof"
    CONSENT_TEXT = "consent_text"
    CONSENT_CHANNEL = "consent_channel"
    CONSENT_PURPOSE = "consent_purpose"


LABELS = {
    Field.ACCOUNT: Words("Cuenta o crédito"),
    Field.NAME: Words("Nombre"),
    Field.DOCUMENT: Words("Documento"),
    Field.DOCUMENT_TYPE: Words("Tipo de documento"),
    Field.BIRTH: Words("Nacimiento (fecha o año)"),
    Field.PHONE: Words("Teléfono"),
    Field.INVOICE: Words("Factura o cuota"),
    Field.DUE: Words("Vencimiento"),
    Field.AMOUNT: Words("Monto"),
    Field.BALANCE: Words("Saldo"),
    Field.CURRENCY: Words("Moneda"),
    Field.PRODUCT: Words("Producto"),
    Field.CONSENT: Words("Consentimiento (sí o no)"),
    Field.CONSENT_DAY: Words("Fecha del consentimiento"),
    Field.CONSENT_HOW: Words("Origen del consentimiento"),
    Field.CONSENT_PROOF: Words("Prueba del consentimiento"),
    Field.CONSENT_TEXT: Words("Texto del consentimiento"),
    Field.CONSENT_CHANNEL: Words("Canal del consentimiento"),
    Field.CONSENT_PURPOSE: Words("Finalidad del consentimiento"),
}
OF_CONSENT = tuple(field for field in Field if field.startswith("consent_"))
"""What means nothing in a file that does not say whether somebody consents."""
NEEDED = (Field.ACCOUNT, Field.NAME, Field.DUE)
"""Without these, and without an amount or a balance, nothing is owed by anybody on any day."""
_SYNONYMS = {
    Field.ACCOUNT: "cuenta|credito|nro credito|numero de credito|no credito|codigo de credito|id credito|prestamo|"
    "nro prestamo|numero de prestamo|operacion|nro operacion|numero de operacion|obligacion|numero de obligacion|"
    "contrato|nro contrato|numero de contrato|codigo|codigo cuenta|id cuenta|id|poliza|suministro|external id|account|"
    "account id|account number|loan|loan id|contract|cod cliente|codigo cliente|id deuda|deuda id|referencia",
    Field.NAME: "nombre|nombres|nombre completo|nombre y apellido|nombres y apellidos|apellidos y nombres|cliente|"
    "nombre cliente|nombre del cliente|razon social|deudor|nombre deudor|nombre del deudor|titular|name|full name|"
    "customer|customer name|debtor|holder",
    Field.DOCUMENT: "documento|nro documento|numero documento|numero de documento|num doc|nro doc|doc identidad|"
    "documento de identidad|identificacion|numero de identificacion|dni|ruc|rut|run|rfc|curp|cedula|cc|ci|nit|cuit|"
    "cuil|cpf|cnpj|document|document number|tax id|vat|id number",
    Field.DOCUMENT_TYPE: "tipo documento|tipo de documento|tipo doc|tipo identificacion|tipo de identificacion|"
    "document type|id type",
    Field.BIRTH: "nacimiento|fecha nacimiento|fecha de nacimiento|fec nacimiento|fec nac|f nacimiento|"
    "ano nacimiento|ano de nacimiento|birth|birth date|birth year|date of birth|dob",
    Field.PHONE: "telefono|telefonos|tel|celular|cel|movil|whatsapp|numero de telefono|numero celular|nro celular|"
    "telefono celular|telefono movil|telefono fijo|otro telefono|telefono principal|telefono alterno|phone|"
    "phone number|mobile|cell|contacto",
    Field.INVOICE: "factura|nro factura|numero de factura|comprobante|nro comprobante|documento de cobro|recibo|"
    "nro recibo|cuota|nro cuota|numero de cuota|invoice|invoice number|bill|folio|boleta|letra|pagare",
    Field.DUE: "vencimiento|fecha vencimiento|fecha de vencimiento|fec vencimiento|fec venc|fecha venc|vence|"
    "fecha de pago|fecha limite|fecha limite de pago|due|due date|due on|f vencimiento|f vto|vto|fecha vto",
    Field.AMOUNT: "monto|importe|monto original|importe original|monto cuota|valor cuota|valor|valor factura|total|"
    "monto total|importe total|monto factura|capital|amount|amount due|original amount|invoice amount",
    Field.BALANCE: "saldo|saldo pendiente|saldo deuda|saldo vencido|saldo total|saldo actual|deuda|deuda total|"
    "monto deuda|monto pendiente|importe pendiente|pendiente|por pagar|adeudado|monto adeudado|saldo insoluto|balance|"
    "outstanding|outstanding balance|amount outstanding|open balance",
    Field.CURRENCY: "moneda|divisa|tipo moneda|tipo de moneda|mon|currency|currency code",
    Field.PRODUCT: "producto|tipo producto|tipo de producto|tipo de credito|linea|plan|servicio|cartera|product|"
    "product name",
    Field.CONSENT: "consentimiento|consentimiento whatsapp|consiente|autoriza|autoriza whatsapp|autoriza contacto|"
    "autorizacion|autorizacion whatsapp|autorizacion de contacto|acepta|acepta whatsapp|acepta contacto|opt in|optin|"
    "opt in whatsapp|whatsapp opt in|whatsapp optin|consent|consents|whatsapp consent",
    Field.CONSENT_DAY: "fecha consentimiento|fecha de consentimiento|fecha del consentimiento|fec consentimiento|"
    "fecha autorizacion|fecha de autorizacion|fecha de la autorizacion|fecha aceptacion|fecha de aceptacion|"
    "fecha opt in|fecha optin|consent date|opt in date|optin date",
    Field.CONSENT_HOW: "origen consentimiento|origen de consentimiento|origen del consentimiento|origen autorizacion|"
    "origen de la autorizacion|fuente consentimiento|fuente del consentimiento|medio de autorizacion|"
    "como autorizo|consent source|consent origin|opt in source|optin source",
    Field.CONSENT_PROOF: "prueba consentimiento|prueba de consentimiento|prueba del consentimiento|"
    "referencia consentimiento|referencia de consentimiento|referencia del consentimiento|prueba autorizacion|"
    "prueba de autorizacion|prueba de la autorizacion|referencia autorizacion|referencia de la autorizacion|"
    "consent proof|consent reference|proof of consent",
    Field.CONSENT_TEXT: "texto consentimiento|texto de consentimiento|texto del consentimiento|texto autorizacion|"
    "texto de autorizacion|texto de la autorizacion|clausula consentimiento|clausula de consentimiento|"
    "clausula de autorizacion|consent text|consent wording",
    Field.CONSENT_CHANNEL: "canal consentimiento|canal de consentimiento|canal del consentimiento|canal autorizado|"
    "canal de autorizacion|medio autorizado|consent channel|opt in channel",
    Field.CONSENT_PURPOSE: "finalidad|finalidad consentimiento|finalidad de consentimiento|"
    "finalidad del consentimiento|finalidad autorizada|proposito consentimiento|proposito del consentimiento|"
    "consent purpose",
}
_FIELD_OF = {word: field for field, words in _SYNONYMS.items() for word in words.split("|")}
_WORDS = re.compile(r"[^a-z0-9]+")
_NOISE = re.compile(r"\b(s|us|pen|usd|mxn|clp|cop|ars|dd|mm|aaaa|yyyy|nro|num|no|n)\b|\d+")


class Header(msgspec.Struct, frozen=True):
    """The row that names the columns, and what each of them is called."""

    row: int
    names: list[str]

    @property
    def signature(self) -> str:
        """What two files share whose columns are called the same, in the same order."""
        return hashlib.sha256("\x1f".join(map(_plain, self.names)).encode()).hexdigest()


def header_of(rows: Sequence[Row]) -> Header | None:
    """The header among the first rows: the one in which the most columns are understood; else the first full one."""
    best: tuple[int, Header] | None = None
    for place, (number, cells) in enumerate(rows[:LOOKED_AT]):
        above = rows[place - 1][1] if place else []
        names = _names(cells, above)
        worth = len({field for name in names if (field := field_of(name)) is not None})
        if worth >= 2 and (best is None or worth > best[0]):
            best = (worth, Header(number, names))
    if best is not None:
        return best[1]
    full = next(((number, cells) for number, cells in rows if sum(cell is not None for cell in cells) >= 3), None)
    return Header(full[0], _names(full[1], [])) if full else None


def field_of(name: str) -> Field | None:
    """What a column called `name` is, where that can be told: `Saldo (S/)` and `SALDO` are a balance."""
    plain = _plain(name)
    bare = " ".join(_NOISE.sub(" ", plain).split()).removeprefix("de ").removeprefix("del ")
    found = _FIELD_OF.get(plain) or _FIELD_OF.get(bare)
    return found or next((field for word, field in _BEGINNINGS if plain.startswith(word)), None)


_BEGINNINGS = (
    ("telefono", Field.PHONE),
    ("celular", Field.PHONE),
    ("whatsapp", Field.PHONE),
    ("fecha de venc", Field.DUE),
    ("fecha venc", Field.DUE),
    ("saldo", Field.BALANCE),
)


def suggested(header: Header, remembered: Mapping[str, list[int]] | None = None) -> dict[str, list[int]]:
    """For each field the columns (from 0) that are probably it: as remembered, else as they are called.

    Only a phone may stand in several columns.
    """
    if remembered and all(0 <= column < len(header.names) for columns in remembered.values() for column in columns):
        return {field: list(columns) for field, columns in remembered.items()}
    found: dict[str, list[int]] = {}
    for column, name in enumerate(header.names):
        field = field_of(name)
        if field is not None and (field not in found or field == Field.PHONE):
            found.setdefault(field, []).append(column)
    if Field.CONSENT not in found:
        return {field: columns for field, columns in found.items() if field not in OF_CONSENT}
    return found


def missing(columns: Mapping[str, list[int]]) -> list[Field]:
    """What nobody named and cannot be done without: for a debt, and for what else is named."""
    lacking = [field for field in NEEDED if not columns.get(field)]
    if any(columns.get(field) for field in OF_CONSENT) and not columns.get(Field.CONSENT):
        lacking.append(Field.CONSENT)
    return lacking if columns.get(Field.AMOUNT) or columns.get(Field.BALANCE) else [*lacking, Field.BALANCE]


def _names(cells: Sequence[Cell], above: Sequence[Cell]) -> list[str]:
    """The names in a row; where cells are merged downwards, the name stands in the row above."""
    padded = [*above, *[None] * max(0, len(cells) - len(above))]
    own = [cell if isinstance(cell, str) else None for cell in cells]
    upper = [cell if isinstance(cell, str) else None for cell in padded]
    return [name or higher or "" for name, higher in zip(own, upper, strict=False)]


def _plain(name: str) -> str:
    return " ".join(_WORDS.sub(" ", name_key(name)).split())
