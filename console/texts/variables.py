"""The blanks of a ready text, `{saldo}` or `{nombre|cliente}`, and how they are filled. Pure.

What stands after the bar is said where nothing is known. A blank that stays one is never sent (`unfilled`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from console.errors import Refused
from console.languages.words import Words

LONGEST_FALLBACK = 120
_BLANK = re.compile(r"\{\s*([^\W\d]\w{0,39})\s*(?:\|([^{}\n]*))?\}")
# Blanks of ours, of message templates ({{1}}) and of other programs ({{contact.name}}): none is for a debtor's eyes.
_LITERAL = re.compile(r"\{\{\s*[\w.]{1,60}\s*\}\}|\{\s*[^\W\d]\w{0,39}\s*(?:\|[^{}\n]*)?\}")


class Variable(msgspec.Struct, frozen=True):
    """A blank that can be filled. `is_about_debt`: said to the right party only."""

    name: str
    label: str
    example: str
    is_about_debt: bool = True


CATALOGUE = {
    variable.name: variable
    for variable in (
        Variable("nombre", Words("Nombre de pila"), "María", is_about_debt=False),
        Variable("nombre_completo", Words("Nombre y apellidos"), "María Fernanda Ccori", is_about_debt=False),
        Variable(
            "saludo",
            Words("Buenos días, buenas tardes o buenas noches, donde vive"),
            "Buenos días",
            is_about_debt=False,
        ),
        Variable("empresa", Words("Su empresa"), "Financiera Andes", is_about_debt=False),
        Variable("agente", Words("Quien escribe"), "Ana Ríos", is_about_debt=False),
        Variable("saldo", Words("Todo lo que debe en la cuenta"), "S/ 1,240.00"),
        Variable("vencido", Words("Lo que ya venció"), "S/ 412.50"),
        Variable("cuota", Words("Lo que queda de la cuota más antigua sin pagar"), "S/ 412.50"),
        Variable("vencimiento", Words("Cuándo venció o vence esa cuota"), "5 de noviembre"),
        Variable("dias", Words("Días de atraso"), "15"),
        Variable("cuenta", Words("Código de la cuenta"), "PR-10442"),
        Variable("producto", Words("Producto de la cuenta"), "Préstamo personal"),
        Variable("promesa_monto", Words("Monto de su promesa, vigente o sin cumplir"), "S/ 200.00"),
        Variable("promesa_fecha", Words("Día de esa promesa"), "27 de noviembre"),
        Variable("pago_monto", Words("Monto de su último pago"), "S/ 412.50"),
        Variable("pago_fecha", Words("Día de su último pago"), "20 de noviembre"),
        Variable("enlace_pago", Words("Enlace de pago vigente"), "https://cobros.example/p/3kT9"),
    )
}
"""Every blank there is, by its name, in the order they are offered."""
EXAMPLES = {name: variable.example for name, variable in CATALOGUE.items()}


class Filled(msgspec.Struct, frozen=True):
    """A text with its blanks filled; those in `missing` are still in it, as they were written."""

    text: str
    missing: list[str]


def fill(text: str, values: Mapping[str, str]) -> Filled:
    """`text` with what is known put in its blanks, else their fallback; a value of blanks only is not known."""
    missing: list[str] = []

    def put(found: re.Match[str]) -> str:
        name, fallback = found[1].lower(), (found[2] or "").strip()
        known = values.get(name, "").strip() or fallback
        if not known:
            missing.append(name)
        return known or found[0]

    return Filled(_BLANK.sub(put, text), list(dict.fromkeys(missing)))


def names_in(text: str) -> list[str]:
    """The names of the blanks of `text`, as they come."""
    return [found[1].lower() for found in _BLANK.finditer(text)]


def pieces(text: str) -> list[tuple[str, bool]]:
    """`text` cut at its blanks: (words, whether they are a blank)."""
    cut: list[tuple[str, bool]] = []
    end = 0
    for found in _BLANK.finditer(text):
        cut += [(text[end : found.start()], False), (found[0], True)]
        end = found.end()
    return [piece for piece in [*cut, (text[end:], False)] if piece[0]]


def check(text: str, *, field: str) -> None:
    """Raise Refused(422) naming `field` for a blank nobody can fill, or a fallback that is too long."""
    for found in _BLANK.finditer(text):
        if found[1].lower() not in CATALOGUE:
            raise Refused(
                422, Words("No existe la variable «{{{found}}}».", found=found[1]), code="unknown_variable", field=field
            )
        if len(found[2] or "") > LONGEST_FALLBACK:
            said = Words(
                "Lo que se dice en vez de «{{{found}}}» pasa de {longest_fallback} letras.",
                found=found[1],
                longest_fallback=LONGEST_FALLBACK,
            )
            raise Refused(422, said, code="invalid", field=field)
    left = _LITERAL.search(_BLANK.sub("", text))
    if left:
        said = Words("«{left}» no es una variable: se escriben así, {{nombre}}.", left=left[0])
        raise Refused(422, said, code="unknown_variable", field=field)


def unfilled(text: str) -> str | None:
    """The first blank that is still one, as it stands in `text`; None when it may be sent."""
    found = _LITERAL.search(text)
    return found[0] if found else None


def require_filled(text: str, *, field: str) -> None:
    """Raise Refused(422) naming `field` while a blank is still one: a debtor never reads «{saldo}»."""
    left = unfilled(text)
    if left is not None:
        said = Words("Falta completar «{left}»: escriba el dato o quítelo antes de enviar.", left=left)
        raise Refused(422, said, code="unfilled_variable", field=field)
