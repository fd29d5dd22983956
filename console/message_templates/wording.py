"""What Meta takes as a message template, checked here before any call (whatsapp.md §11 and §14). Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from console.errors import Refused
from console.inbox import template_places
from console.inbox.message_templates import MEDIA_HEADERS, UNTIDY
from console.languages.words import Words
from console.texts.variables import EXAMPLES

LANGUAGES = {
    "es": Words("Español"),
    "es_PE": Words("Español (Perú)"),
    "es_MX": Words("Español (México)"),
    "es_CO": Words("Español (Colombia)"),
    "es_CL": Words("Español (Chile)"),
    "es_AR": Words("Español (Argentina)"),
    "es_EC": Words("Español (Ecuador)"),
    "pt_BR": Words("Portugués (Brasil)"),
    "en": Words("Inglés"),
}
FORMATS = {
    "TEXT": Words("Texto, o nada"),
    "IMAGE": Words("Imagen"),
    "VIDEO": Words("Video"),
    "DOCUMENT": Words("Documento PDF"),
    "LOCATION": Words("Ubicación"),
}
CATEGORIES = {"UTILITY": Words("Utilidad (sobre su cuenta)"), "MARKETING": Words("Publicidad")}
LONGEST_NAME = 60
MOST = {"header": 60, "body": 1024, "footer": 60, "button": 25, "example": 200, "url": 2000}
MOST_QUICK_REPLIES = 3
_NAME = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)
_VARIABLE = re.compile(r"\{\{\s*(\w+)\s*\}\}", re.ASCII)
_NAMED = re.compile(r"[a-z][a-z0-9_]{0,39}", re.ASCII)
_HALF = re.compile(r"\{\{|\}\}")
_PHONE = re.compile(r"\+\d{8,15}", re.ASCII)
_URL = re.compile(r"https://[^\s{}]+(\{\{1\}\})?", re.ASCII)
_WORDS_A_VARIABLE = 3
"""Meta refuses bodies of hardly more than variables (2388293); so few words for each are too few."""


class Wording(msgspec.Struct, frozen=True, kw_only=True):
    """A template as it is written; see `models.TemplateDraft`."""

    name: str
    language: str = "es"
    category: str = "UTILITY"
    purpose: str = ""
    header_format: str = "TEXT"
    header: str = ""
    body: str
    footer: str = ""
    buttons: list[dict[str, str]] = []
    examples: dict[str, str] = {}


def names_of(*texts: str) -> list[str]:
    """The variables of these texts, once each, as they come."""
    return list(dict.fromkeys(name for text in texts for name in _VARIABLE.findall(text)))


def example_of(wording: Wording, name: str) -> str:
    """The sample value of a variable: as written, else what the variable usually says."""
    return wording.examples.get(name, "").strip() or EXAMPLES.get(name, "")


def checked(wording: Wording) -> Wording:
    """`wording`, tidied and with an example for each variable, or Refused(422) naming the field that is at fault."""
    wording = msgspec.structs.replace(
        wording,
        body=wording.body.replace("\r\n", "\n").replace("\r", "\n").strip(),
        header=" ".join(wording.header.split()) if wording.header_format == "TEXT" else "",
        footer=" ".join(wording.footer.split()),
        purpose=" ".join(wording.purpose.split())[:200],
    )
    if not _NAME.fullmatch(wording.name) or len(wording.name) > LONGEST_NAME:
        said = Words("Use minúsculas, números y guion bajo, hasta {most}: recordatorio_de_cuota.", most=LONGEST_NAME)
        raise _at("name", said)
    if wording.language not in LANGUAGES:
        raise _at("language", Words("Elija un idioma de la lista."))
    if wording.category not in CATEGORIES:
        raise _at("category", Words("Elija una categoría de la lista."))
    if wording.header_format not in FORMATS:
        raise _at("header_format", Words("Elija de la lista qué lleva el encabezado."))
    _check_body(wording.body)
    _check_header(wording.header)
    if len(wording.footer) > MOST["footer"] or _HALF.search(wording.footer):
        raise _at("footer", Words("El pie va sin variables y hasta {most} letras.", most=MOST["footer"]))
    _check_buttons(wording.buttons)
    return msgspec.structs.replace(wording, examples=_examples(wording))


def components_of(wording: Wording, *, handle: str | None = None) -> list[dict[str, Any]]:
    """The template's parts in Meta's shape, each variable with its example.

    `handle` is that of the sample that a header with a file is reviewed by.
    """
    parts: list[dict[str, Any]] = []
    if wording.header_format != "TEXT":
        example = {"example": {"header_handle": [handle]}} if handle else {}
        parts.append({"type": "HEADER", "format": wording.header_format, **example})
    elif wording.header:
        parts.append({"type": "HEADER", "format": "TEXT", **_text("header", wording.header, wording)})
    parts.append({"type": "BODY", **_text("body", wording.body, wording)})
    if wording.footer:
        parts.append({"type": "FOOTER", "text": wording.footer})
    if wording.buttons:
        parts.append({"type": "BUTTONS", "buttons": [_button(each) for each in wording.buttons]})
    return parts


def same_parts(one: Sequence[Mapping[str, Any]], other: Sequence[Mapping[str, Any]]) -> bool:
    """Whether both are the same template, but for the sample of the header: Meta gives that back under another name."""

    def told(parts: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        shows_file = [str(part.get("format") or "TEXT").upper() in MEDIA_HEADERS for part in parts]
        return [
            {name: value for name, value in part.items() if name != "example"} if is_file else part
            for part, is_file in zip(parts, shows_file, strict=True)
        ]

    return told(one) == told(other)


def is_positional(wording: Wording) -> bool:
    """Whether the variables are numbers."""
    names = names_of(wording.body)
    return bool(names) and names[0].isdigit()


def read(components: Sequence[Mapping[str, Any]], *, name: str, language: str, category: str) -> Wording | None:
    """A template of Meta's list as it would be written here; None when it has parts that cannot be."""
    texts, buttons = {"HEADER": "", "BODY": "", "FOOTER": ""}, []
    header_format = "TEXT"
    examples: dict[str, str] = {}
    for component in components:
        kind = str(component.get("type", "")).upper()
        format_ = str(component.get("format") or "TEXT").upper()
        if kind == "HEADER" and format_ in {template_places.FORMAT, *MEDIA_HEADERS}:
            header_format = format_
        elif kind in texts and format_ == "TEXT":
            texts[kind] = str(component.get("text") or "")
            examples |= _given(kind.lower(), component)
        elif kind == "BUTTONS":
            buttons = [_read_button(each) for each in component.get("buttons", ())]
        else:
            return None
    if None in buttons or not texts["BODY"]:
        return None
    return Wording(
        name=name,
        language=language,
        category=category,
        header_format=header_format,
        header=texts["HEADER"],
        body=texts["BODY"],
        footer=texts["FOOTER"],
        buttons=[each for each in buttons if each],
        examples=examples,
    )


def _check_body(body: str) -> None:
    if not body:
        raise _at("body", Words("Escriba el mensaje."))
    if len(body) > MOST["body"]:
        raise _at(
            "body", Words("El mensaje tiene {body} letras; el máximo es {most}.", body=len(body), most=MOST["body"])
        )
    names = _check_variables("body", body)
    if _VARIABLE.match(body) or re.search(r"\}\}[\s.,;:!?]*$", body):
        raise _at("body", Words("WhatsApp no acepta una variable al comienzo ni al final: agregue palabras."))
    if re.search(r"\}\}\s*\{\{", body):
        raise _at("body", Words("WhatsApp no acepta dos variables seguidas: ponga palabras entre ellas."))
    if names and len(_VARIABLE.sub(" ", body).split()) < _WORDS_A_VARIABLE * len(names):
        raise _at("body", Words("Hay muchas variables para tan poco texto: WhatsApp la rechazaría."))
    if re.search(r"\n{3,}|\t| {5,}", body):
        raise _at("body", Words("Quite las tabulaciones, los espacios seguidos y las líneas vacías de más."))


def _check_header(header: str) -> None:
    if len(header) > MOST["header"]:
        raise _at(
            "header",
            Words("El encabezado tiene {header} letras; el máximo es {most}.", header=len(header), most=MOST["header"]),
        )
    if len(_check_variables("header", header)) > 1:
        raise _at("header", Words("El encabezado lleva una variable como máximo."))


def _check_variables(field: str, text: str) -> list[str]:
    names = names_of(text)
    if _HALF.search(_VARIABLE.sub("", text)):
        raise _at(field, Words("Hay llaves sueltas: una variable se escribe {{nombre}}."))
    numbers = [name for name in names if name.isdigit()]
    if numbers and len(numbers) != len(names):
        raise _at(field, Words("Use variables con nombre o con número, no las dos."))
    if numbers and sorted(map(int, numbers)) != list(range(1, len(numbers) + 1)):
        raise _at(field, Words("Las variables con número van de {{1}} en adelante, sin saltos."))
    if odd := [name for name in names if not name.isdigit() and not _NAMED.fullmatch(name)]:
        raise _at(field, Words("«{odd}» no es nombre de variable: minúsculas, números y guion bajo.", odd=odd[0]))
    return names


def _check_buttons(buttons: Sequence[Mapping[str, str]]) -> None:
    if sum(each["type"] == "QUICK_REPLY" for each in buttons) > MOST_QUICK_REPLIES:
        raise _at(
            "buttons", Words("Hasta {most_quick_replies} respuestas rápidas.", most_quick_replies=MOST_QUICK_REPLIES)
        )
    for each in buttons:
        if not each["text"] or len(each["text"]) > MOST["button"] or not each["text"].isprintable():
            raise _at("buttons", Words("Cada botón lleva un texto de hasta {most} letras.", most=MOST["button"]))
        if _HALF.search(each["text"]):
            raise _at("buttons", Words("Los botones van sin variables."))
        if each["type"] == "URL" and (not _URL.fullmatch(each["url"]) or len(each["url"]) > MOST["url"]):
            said = Words("La dirección empieza con https:// y puede terminar en {{1}}, nada más.")
            raise _at("buttons", said)
        if each["type"] == "PHONE_NUMBER" and not _PHONE.fullmatch(each["phone_number"]):
            raise _at("buttons", Words("El teléfono se escribe con su país: +51944218305."))
    if len({each["text"] for each in buttons}) != len(buttons):
        raise _at("buttons", Words("Dos botones dicen lo mismo."))


def _examples(wording: Wording) -> dict[str, str]:
    if any(name.isdigit() for name in names_of(wording.header)) or (
        is_positional(wording) and names_of(wording.header)
    ):
        raise _at("header", Words("El encabezado usa una variable con nombre, y solo si el mensaje también."))
    examples = {name: example_of(wording, name) for name in names_of(wording.header, wording.body)}
    for name, value in examples.items():
        if not value or len(value) > MOST["example"] or UNTIDY.search(value):
            raise _at(
                "examples",
                Words("Dé un ejemplo de «{name}», en una línea: WhatsApp lo pide para aprobarla.", name=name),
            )
    return examples


def _text(part: str, text: str, wording: Wording) -> dict[str, Any]:
    names = names_of(text)
    if not names:
        return {"text": text}
    if is_positional(wording):
        given = [wording.examples[name] for name in sorted(names, key=int)]
        return {"text": text, "example": {f"{part}_text": [given] if part == "body" else given}}
    named = [{"param_name": name, "example": wording.examples[name]} for name in names]
    return {"text": text, "example": {f"{part}_text_named_params": named}}


def _button(button: Mapping[str, str]) -> dict[str, Any]:
    shape: dict[str, Any] = dict(button)
    if "{{1}}" in shape.get("url", ""):
        shape["example"] = [shape["url"].replace("{{1}}", "3kT9xQ")]
    return shape


def _read_button(given: Mapping[str, Any]) -> dict[str, str] | None:
    kind = str(given.get("type", "")).upper()
    wanted = {"QUICK_REPLY": (), "URL": ("url",), "PHONE_NUMBER": ("phone_number",)}.get(kind)
    if wanted is None:
        return None
    return {"type": kind, "text": str(given.get("text", "")), **{name: str(given.get(name, "")) for name in wanted}}


def _given(part: str, component: Mapping[str, Any]) -> dict[str, str]:
    example = component.get("example") or {}
    named = example.get(f"{part}_text_named_params")
    if named:
        return {str(each.get("param_name", "")): str(each.get("example", "")) for each in named}
    found = example.get(f"{part}_text") or []
    found = found[0] if found and isinstance(found[0], list) else found
    names = sorted(names_of(str(component.get("text") or "")), key=lambda name: int(name) if name.isdigit() else 0)
    return dict(zip(names, map(str, found), strict=False))


def _at(field: str, text: str) -> Refused:
    return Refused(422, text, code="template_wording", field=field)
