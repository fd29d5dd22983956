"""Identity documents of Latin America: which one a number is, whether it can be one, and how much of it is shown.

Formats and check digits are python-stdnum's, which names each authority's own description.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Any

import msgspec
from stdnum.ar import cuit as ar_cuit
from stdnum.ar import dni as ar_dni
from stdnum.br import cnpj as br_cnpj
from stdnum.br import cpf as br_cpf
from stdnum.cl import rut as cl_rut
from stdnum.co import nit as co_nit
from stdnum.cr import cpf as cr_cpf
from stdnum.cr import cpj as cr_cpj
from stdnum.do import cedula as do_cedula
from stdnum.do import rnc as do_rnc
from stdnum.ec import ci as ec_ci
from stdnum.ec import ruc as ec_ruc
from stdnum.exceptions import ValidationError
from stdnum.gt import nit as gt_nit
from stdnum.mx import curp as mx_curp
from stdnum.mx import rfc as mx_rfc
from stdnum.pe import cui as pe_cui
from stdnum.pe import ruc as pe_ruc
from stdnum.py import ruc as py_ruc
from stdnum.sv import nit as sv_nit
from stdnum.uy import rut as uy_rut
from stdnum.ve import rif as ve_rif

from console.languages.words import Words

LONGEST = 40
_AROUND = re.compile(r"[\s.\-/\u00a0\u2010-\u2015]+")
_SPREADSHEET = re.compile(r"(\d{5,})[.,]0", re.ASCII)
# What tax offices give to whoever has no number: it identifies nobody.
_NOBODY = frozenset({"XAXX010101000", "XEXX010101000", "666666666", "222222222222", "9999999999999"})


class Document(msgspec.Struct, frozen=True):
    """A document: its kind (`DNI`) and its number as it is compared, without separators and in upper case."""

    type: str
    number: str


def key_of(document: Document | None) -> str | None:
    """A document in one text, as corrections are compared; None for none."""
    return None if document is None else f"{document.type} {document.number}"


class BadDocument(ValueError):  # noqa: N818 an answer about a text
    """A text that is no such document; the message says why, in Spanish, and does not repeat the number."""


class _Kind(msgspec.Struct, frozen=True):
    """How a kind of document is read: what is wrong raises stdnum's ValidationError."""

    name: str
    country: str | None
    read: Callable[[str], str]


def read(text: str, *, country: str, kind: str | None = None) -> Document | None:
    """`text` as a document of `kind`, or of the kind its form says where people of `country` (ISO code) have several.

    None for the numbers that stand for nobody in particular (`XAXX010101000`). Raises BadDocument.
    """
    bare = _AROUND.sub("", _whole(text)).upper()
    if not bare:
        raise BadDocument(Words("Falta el número del documento."))
    if len(bare) > LONGEST or not bare.isalnum() or not bare.isascii():
        raise BadDocument(Words("El número del documento solo puede tener letras y cifras."))
    named = _kind_named(kind, country) if kind and kind.strip() else None
    if bare in _NOBODY or (bare.isdigit() and len(bare) >= 5 and len(set(bare)) == 1):
        return None
    return Document(named.name, _checked(named, bare)) if named else _as_guessed(text, bare, country)


def masked(number: str) -> str:
    """`•••• 2716`: enough to tell two documents apart, too little to use one."""
    shown = number[-4:] if len(number) > 6 else number[-2:]
    return f"•••• {shown}"


def kinds(country: str) -> list[str]:
    """The names of what people and companies of `country` identify themselves with, the most usual first."""
    return [each.name for each in _KINDS if each.country == country] + ["PAS", "OTRO"]


def _whole(text: str) -> str:
    """A number that a spreadsheet turned into 44556677.0 is still that number."""
    text = text.strip()
    spoilt = _SPREADSHEET.fullmatch(text)
    return spoilt[1] if spoilt else text


def _kind_named(kind: str, country: str) -> _Kind:
    wanted = _key(kind)
    name = _ALIASES.get((country, wanted)) or _ALIASES.get(("", wanted), wanted)
    known = [each for each in _KINDS if each.name == name]
    known.sort(key=lambda each: each.country != country)
    if not known:
        raise BadDocument(
            Words("Tipo de documento desconocido: se esperaba uno de {kinds}.", kinds=", ".join(kinds(country)))
        )
    return known[0]


def _as_guessed(text: str, bare: str, country: str) -> Document:
    name = _guess(text, bare, country)
    if name is None:
        raise BadDocument(
            Words("No tiene la forma de ningún documento de aquí ({kinds}).", kinds=", ".join(kinds(country)))
        )
    return Document(name, _checked(_kind_named(name, country), bare))


def _guess(text: str, bare: str, country: str) -> str | None:
    if country == "CO":
        is_company = bare.isdigit() and len(bare) in {9, 10} and bare[0] in "89"
        is_checked = "-" in text and len(bare) >= 8
        return "NIT" if is_company or is_checked else "CC"
    if country == "PE" and not bare.isdigit():
        return "PAS"
    if country in _BY_SIZE:
        return _BY_SIZE[country].get(len(bare))
    return kinds(country)[0]


# How long each kind is, with or without the zeros a spreadsheet takes from its left.
_BY_SIZE = {
    "PE": {7: "DNI", 8: "DNI", 9: "CE", 11: "RUC", 12: "CE"},
    "MX": {12: "RFC", 13: "RFC", 18: "CURP"},
    "AR": {7: "DNI", 8: "DNI", 11: "CUIT"},
    "EC": {9: "CI", 10: "CI", 12: "RUC", 13: "RUC"},
    "BR": {10: "CPF", 11: "CPF", 13: "CNPJ", 14: "CNPJ"},
    "CR": {9: "CPF", 10: "CPJ"},
    "DO": {9: "RNC", 11: "CED"},
    "UY": {7: "CI", 8: "CI", 12: "RUT"},
}


def _checked(kind: _Kind, bare: str) -> str:
    try:
        return kind.read(bare)
    except ValidationError as wrong:
        is_check = "hecksum" in type(wrong).__name__
        why = Words("la cifra de control no corresponde") if is_check else Words("no tiene su forma")
        raise BadDocument(Words("No es un {kind} válido: {why}.", kind=kind.name, why=why)) from None


def _by(module: Any, size: int | None = None) -> Callable[[str], str]:  # noqa: ANN401 a module of stdnum
    """A reader that gives back the zeros which a spreadsheet takes from the left of a number."""

    def read(bare: str) -> str:
        padded = bare.zfill(size) if size and bare.isdigit() and size - len(bare) in {1, 2} else bare
        return str(module.validate(padded))

    return read


def _shaped(pattern: str, size: int = 0) -> Callable[[str], str]:
    """A reader of what has a form and no check digit."""
    form = re.compile(pattern, re.ASCII)

    def read(bare: str) -> str:
        padded = bare.zfill(size) if bare.isdigit() else bare
        if not form.fullmatch(padded):
            raise ValidationError
        return padded

    return read


def _dni(bare: str) -> str:
    """Eight digits; the ninth, which some write, only checks them."""
    return str(_by(pe_cui, 8)(bare))[:8]


_KINDS = (
    _Kind("DNI", "PE", _dni),
    _Kind("RUC", "PE", _by(pe_ruc)),
    _Kind("CE", "PE", _shaped(r"[A-Z0-9]{9,12}")),
    _Kind("CURP", "MX", _by(mx_curp)),
    _Kind("RFC", "MX", _by(mx_rfc)),
    _Kind("RUT", "CL", _by(cl_rut)),
    _Kind("CC", "CO", _shaped(r"[1-9]\d{4,9}")),
    _Kind("NIT", "CO", _by(co_nit)),
    _Kind("CE", "CO", _shaped(r"[A-Z0-9]{5,10}")),
    _Kind("DNI", "AR", _by(ar_dni)),
    _Kind("CUIT", "AR", _by(ar_cuit)),
    _Kind("CI", "EC", _by(ec_ci, 10)),
    _Kind("RUC", "EC", _by(ec_ruc, 13)),
    _Kind("CPF", "BR", _by(br_cpf, 11)),
    _Kind("CNPJ", "BR", _by(br_cnpj, 14)),
    _Kind("CPF", "CR", _by(cr_cpf)),
    _Kind("CPJ", "CR", _by(cr_cpj)),
    _Kind("CED", "DO", _by(do_cedula)),
    _Kind("RNC", "DO", _by(do_rnc)),
    _Kind("NIT", "GT", _by(gt_nit)),
    _Kind("NIT", "SV", _by(sv_nit)),
    _Kind("CI", "UY", _shaped(r"\d{7,8}")),
    _Kind("RUT", "UY", _by(uy_rut)),
    _Kind("RIF", "VE", _by(ve_rif)),
    _Kind("CI", "PY", _shaped(r"\d{5,8}")),
    _Kind("RUC", "PY", _by(py_ruc)),
    _Kind("CI", "BO", _shaped(r"\d{5,9}[A-Z0-9]{0,2}")),
    _Kind("PAS", None, _shaped(r"[A-Z0-9]{5,15}")),
    _Kind("OTRO", None, _shaped(r"[A-Z0-9]{3,24}")),
)


def _key(kind: str) -> str:
    plain = unicodedata.normalize("NFKD", kind).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Z]", "", plain.upper())


# What people write above the column, by country where it differs.
_ALIASES = {
    ("", "CUI"): "DNI",
    ("", "DOCUMENTONACIONALDEIDENTIDAD"): "DNI",
    ("", "CARNETDEEXTRANJERIA"): "CE",
    ("", "CARNEDEEXTRANJERIA"): "CE",
    ("", "CEDULADEEXTRANJERIA"): "CE",
    ("", "RUN"): "RUT",
    ("", "CUIL"): "CUIT",
    ("", "CEDULA"): "CI",
    ("", "CEDULADEIDENTIDAD"): "CI",
    ("", "CARNETDEIDENTIDAD"): "CI",
    ("", "PASAPORTE"): "PAS",
    ("", "PASSPORT"): "PAS",
    ("", "OTHER"): "OTRO",
    ("CO", "CEDULA"): "CC",
    ("CO", "CEDULADECIUDADANIA"): "CC",
    ("DO", "CEDULA"): "CED",
    ("CR", "CEDULA"): "CPF",
}
