"""The place that a template's header shows: its four blanks, what each may say, and how it travels. Pure.

Meta takes the format LOCATION without a sample, and with each send wants name, address and both coordinates, as strings
(whatsapp.md §10; https://developers.facebook.com/docs/whatsapp/business-management-api/message-templates/components).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from console.languages.words import Words

FORMAT = "LOCATION"
PART = "place"
LABELS = {
    "name": Words("Nombre del lugar"),
    "address": Words("Dirección del lugar"),
    "latitude": Words("Latitud, en grados"),
    "longitude": Words("Longitud, en grados"),
}
EXAMPLES = {
    "name": "Oficina Miraflores",
    "address": "Av. Larco 345, Miraflores",
    "latitude": "-12.12151",
    "longitude": "-77.03014",
}
LIMITS = {"name": 1000, "address": 1000, "latitude": 20, "longitude": 20}
_MOST = {"latitude": 90, "longitude": 180}
_DEGREES = re.compile(r"-?\d{1,3}(\.\d{1,15})?", re.ASCII)


def key_of(name: str) -> str:
    """What a part of the place is called among a template's variables."""
    return f"header.{name}"


def flaw(name: str, value: str) -> str | None:
    """What is wrong with what a part of the place says; None when nothing is."""
    most = _MOST.get(name)
    if most is None or (_DEGREES.fullmatch(value) and abs(float(value)) <= most):
        return None
    return Words(
        "Escriba grados decimales con punto, de -{most} a {most}, como {example}.", most=most, example=EXAMPLES[name]
    )


def told(value: Callable[[str, str], str]) -> dict[str, str]:
    """The place in words: `value(key, blank)` says what stands in the place of a blank."""
    return {name: value(key_of(name), "") for name in LABELS}


def component(place: dict[str, str]) -> dict[str, Any]:
    """The header on the wire."""
    return {"type": "header", "parameters": [{"type": "location", "location": dict(place)}]}
