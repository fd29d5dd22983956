"""What the bot says: files for each tone and country, and what the business put in their place. None is in code.

A text has variables in braces. A country's file may say a text otherwise than the tone's common one, and holds the
words that differ from country to country (`documento`, `ayuda`, `emergencia`). A country without a file of its own is
told the words of any country: one's own document, the emergency number.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from console.languages.words import Words

FOLDER = Path(__file__).parent / "texts"
COMMON = "comun"
TONES = {"cordial": Words("Cordial"), "formal": Words("Formal")}
ANY = "ZZ"
"""Every other country (ISO 3166 leaves these letters to whoever uses them)."""
COUNTRIES = ("PE", "MX", "CO", "CL", "AR", ANY)
LONGEST = 1000
_VARIABLE = re.compile(r"\{([a-z_]+)\}")
_ALWAYS = frozenset({"empresa", "documento", "ayuda", "emergencia", "horario", "abre"})
"""Variables that every text may use."""


class Text(msgspec.Struct, frozen=True):
    """A text as it is in force. `version` is the business's own, or 0 for the files', whose `digest` says which."""

    key: str
    body: str
    version: int
    digest: str

    @property
    def reference(self) -> str:
        """How the record names it: `identidad v3`, `identidad archivo 1a2b3c4d`."""
        return f"{self.key} v{self.version}" if self.version else f"{self.key} archivo {self.digest}"


class Texts(msgspec.Struct, frozen=True):
    """The texts of one tone and country, and the words of that country."""

    tone: str
    country: str
    by_key: Mapping[str, Text]
    words: Mapping[str, str]

    def say(self, key: str, values: Mapping[str, str]) -> str:
        """The text with its variables filled in, once: what is filled in is never read as a text again."""
        known = {**self.words, **values}
        return _VARIABLE.sub(lambda found: known.get(found[1], ""), self.by_key[key].body)


class Source(msgspec.Struct, frozen=True):
    """Where a file's word comes from, and when that was read; the business checks it before it is told to anybody."""

    words: str
    read_on: date


def texts_of(tone: str, country: str, overrides: Mapping[str, tuple[int, str | None]] | None = None) -> Texts:
    """What is in force; `overrides` are the newest version and body by key, a body of None meaning the files'."""
    tone, country = tone if tone in TONES else "cordial", known(country)
    bodies, words = _files(tone, country)
    by_key = {key: Text(key, body, 0, _digest(body)) for key, body in {**bodies, **words}.items()}
    for key, (version, body) in (overrides or {}).items():
        if key in by_key and body is not None:
            by_key[key] = Text(key, body, version, _digest(body))
    return Texts(tone, country, by_key, {key: by_key[key].body for key in words})


def known(country: str) -> str:
    """The country whose texts are said in `country`."""
    return country if country in COUNTRIES else ANY


def variables_of(key: str) -> frozenset[str]:
    """What may stand in braces in the text `key`: what the files' own texts use there, and what always may.

    A word of a country stands in braces itself, and has none.
    """
    if key in _files("cordial", COUNTRIES[0])[1]:
        return frozenset()
    used = set(_ALWAYS)
    for tone in TONES:
        for country in COUNTRIES:
            used.update(_VARIABLE.findall(_files(tone, country)[0].get(key, "")))
    return frozenset(used)


def to_check(key: str) -> bool:
    """Whether `key` is a number to call in danger: public ones change, and a wrong one helps nobody."""
    return key in {"ayuda", "emergencia"}


def source_of(tone: str, country: str, key: str) -> Source | None:
    """Where the files have `key` of this country from; None where nothing is noted."""
    noted: dict[str, Any] = _file(tone, known(country)).get("fuentes", {})
    words, read_on = noted.get(key), noted.get("consultadas")
    return Source(words, read_on) if isinstance(words, str) and isinstance(read_on, date) else None


def problem_of(key: str, body: str) -> str | None:
    """Why `body` cannot be the text `key`, in words for whoever wrote it; None when it can."""
    bodies, words = _files("cordial", COUNTRIES[0])
    if key not in bodies and key not in words:
        return Words("Ese texto no existe.")
    if not body.strip():
        return Words("Escriba el texto.")
    if len(body) > LONGEST:
        return Words("El texto tiene {length} caracteres; el máximo es {most}.", length=len(body), most=LONGEST)
    if key.startswith("boton_") and len(body) > 20:
        return Words("WhatsApp admite 20 caracteres en un botón.")
    unknown = sorted(set(_VARIABLE.findall(body)) - variables_of(key))
    if unknown:
        names = ", ".join("{" + name + "}" for name in unknown)
        return Words("Aquí no existe la variable {names}.", names=names)
    return None


@cache
def _files(tone: str, country: str) -> tuple[Mapping[str, str], Mapping[str, str]]:
    common, own = _file(tone, COMMON), _file(tone, country)
    return {**common.get("textos", {}), **own.get("textos", {})}, own["palabras"]


def _file(tone: str, name: str) -> dict[str, dict[str, Any]]:
    return tomllib.loads((FOLDER / tone / f"{name}.toml").read_text(encoding="utf-8"))


def _digest(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()[:8]
