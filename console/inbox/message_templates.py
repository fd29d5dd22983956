"""A message template's wording: which blanks it has, how it reads once filled, and what of it travels to Meta."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from console.errors import Refused
from console.inbox import template_places
from console.inbox.channel import MessageTemplate
from console.languages.words import Words
from console.texts.variables import unfilled

BLANK = re.compile(r"\{\{\s*(\w+)\s*\}\}")
# Meta refuses these inside a variable (whatsapp.md §17, 132008 and 132012).
UNTIDY = re.compile(r"[\n\r\t\v\f\x85\u2028\u2029]| {5}")
MOST = {"body": 1024, "header": 60, "button": 2000}
MEDIA_HEADERS = {"IMAGE": "image", "VIDEO": "video", "DOCUMENT": "document"}
FILE, LINK = "header.file", "header.link"
_THE_FILE = {"image": Words("la imagen"), "video": Words("el video"), "document": Words("el documento PDF")}
# What Meta takes in the header of a template is narrower than what a message may carry.
_IN_A_HEADER = {
    "image": {"image/jpeg", "image/png"},
    "video": {"video/mp4", "video/3gpp"},
    "document": {"application/pdf"},
}
# Buttons that need nothing from us when sent.
PLAIN_BUTTONS = frozenset({"QUICK_REPLY", "PHONE_NUMBER", "VOICE_CALL", "REQUEST_CONTACT_INFO"})
SENDABLE = frozenset({"HEADER", "BODY", "FOOTER", "BUTTONS"})


class Blank(msgspec.Struct, frozen=True):
    """Something to fill in. `key` is its name in `variables`; `part` is header, body, button or place.

    A blank of the body is named as in the text ("1", "nombre"), one of the header "header.1", of a button "button.0".
    "header.file" is the header's picture, video or document, as a file that was brought (`name` is its kind);
    a program may give its https address instead, as "header.link". The place that a header shows has four blanks,
    "header.name", "header.address", "header.latitude" and "header.longitude" (see `template_places`).
    """

    key: str
    part: str
    name: str
    example: str
    limit: int


class HeaderFile(msgspec.Struct, frozen=True):
    """A kept file that goes into a header. `kind` is image, video or document; `size` in bytes."""

    kind: str
    mime_type: str
    filename: str
    size: int
    sha256: str
    voice: bool = False


class Filled(msgspec.Struct, frozen=True, omit_defaults=True):
    """A template with its blanks filled: how it reads, and the `components` of the wire; `place` is the header's."""

    header: str | None
    body: str
    footer: str | None
    buttons: list[dict[str, str]]
    components: list[dict[str, Any]]
    place: dict[str, str] | None = None


def blanks(template: MessageTemplate) -> list[Blank]:
    """What must be filled in before `template` can be sent, in reading order."""
    return [blank for component in template.components for blank in _blanks_of(component)]


def preview(template: MessageTemplate, variables: Mapping[str, str]) -> Filled:
    """How `template` reads with what is filled in so far; the rest stays visible as {{1}}."""
    return _filled(template, lambda key, blank: variables.get(key, "").strip() or blank)


def header_kind(template: MessageTemplate) -> str | None:
    """The kind of file that the header shows: image, video or document; None where it shows none."""
    formats = [_format(part) for part in template.components if _type(part) == "HEADER"]
    return next((MEDIA_HEADERS[each] for each in formats if each in MEDIA_HEADERS), None)


def fill(template: MessageTemplate, variables: Mapping[str, str], file: HeaderFile | None = None) -> Filled:
    """`template` with `variables` (by `Blank.key`) and the file of its header, ready to be sent.

    Raises Refused: 409 "template_not_approved" or "template_unsupported"; 422 "template_variables" naming the field
    that is missing, unknown, too long, not one line of text, or not the kind of file that the header shows.
    """
    require_sendable(template)
    wanted = {blank.key: blank for blank in blanks(template)}
    by_link = FILE in wanted and variables.get(LINK, "").strip() != ""
    if by_link:
        wanted[LINK] = Blank(LINK, "header", "link", "", MOST["button"])
    for key in sorted(set(variables) - set(wanted) - {LINK, FILE}):
        raise _at_fault(key, Words("La plantilla no tiene esta variable."))
    if FILE not in wanted and (given := [key for key in (FILE, LINK) if variables.get(key)]):
        raise _at_fault(given[0], Words("El encabezado de esta plantilla no lleva archivo."))
    if (blank := wanted.pop(FILE, None)) and not by_link:
        _check_file(blank.name, file)
    values = {key: variables.get(key, "").strip() for key in wanted}
    for key, blank in wanted.items():
        _check(blank, values[key])
    filled = _filled(template, lambda key, _blank: values.get(key, ""))
    if len(filled.body) > MOST["body"]:
        raise _at_fault("body", Words("El mensaje completo pasa de {most} caracteres.", most=MOST["body"]))
    return filled


def kept(template: MessageTemplate, filled: Filled) -> dict[str, Any]:
    """What a row of the thread keeps of a template that was sent: which one, how it read, and its wire."""
    named = {
        "id": str(template.id),
        "name": template.name,
        "language": template.language,
        "category": template.category,
    }
    shown: dict[str, Any] = msgspec.to_builtins(filled)
    return {"template": named, **shown}


def require_sendable(template: MessageTemplate) -> None:
    """Raise Refused(409) unless Meta approved `template` and we know how to send all its parts."""
    if template.status != "APPROVED":
        text = Words("WhatsApp no tiene aprobada esta plantilla en este momento; elija otra.")
        raise Refused(409, text, code="template_not_approved", field="template", details={"status": template.status})
    for component in template.components:
        kinds = {str(button.get("type", "")).upper() for button in component.get("buttons", ())}
        format_ = _format(component)
        if (
            _type(component) not in SENDABLE
            or kinds - PLAIN_BUTTONS - {"URL", "COPY_CODE"}
            or (_type(component) == "HEADER" and format_ not in {"TEXT", template_places.FORMAT, *MEDIA_HEADERS})
        ):
            text = Words("Esta plantilla tiene partes que la consola todavía no sabe enviar; elija otra.")
            raise Refused(409, text, code="template_unsupported", field="template")


def _blanks_of(component: Mapping[str, Any]) -> Iterator[Blank]:
    part = _type(component)
    if part == "BODY":
        names = _names(component)
        yield from (Blank(name, "body", name, _example(component, i), MOST["body"]) for i, name in enumerate(names))
    elif part == "HEADER" and _format(component) in MEDIA_HEADERS:
        yield Blank(FILE, "header", MEDIA_HEADERS[_format(component)], "", 20)
    elif part == "HEADER" and _format(component) == template_places.FORMAT:
        yield from (
            Blank(template_places.key_of(name), template_places.PART, name, example, template_places.LIMITS[name])
            for name, example in template_places.EXAMPLES.items()
        )
    elif part == "HEADER":
        names = _names(component)
        yield from (
            Blank(f"header.{name}", "header", name, _example(component, i), MOST["header"])
            for i, name in enumerate(names)
        )
    elif part == "BUTTONS":
        for number, button in enumerate(component.get("buttons", ())):
            if _needs_value(button):
                example = button.get("example") or ""
                first = str(example[0] if isinstance(example, list) and example else example)
                limit = 15 if _type(button) == "COPY_CODE" else MOST["button"]
                yield Blank(f"button.{number}", "button", str(button.get("text", "")), first, limit)


def _check(blank: Blank, value: str) -> None:
    if not value:
        raise _at_fault(blank.key, Words("Complete esta variable."))
    if UNTIDY.search(value):
        raise _at_fault(blank.key, Words("Use una sola línea, sin tabulaciones ni espacios seguidos."))
    if left := unfilled(value):
        raise _at_fault(blank.key, Words("Falta completar «{left}».", left=left))
    if len(value) > blank.limit:
        raise _at_fault(blank.key, Words("Use como máximo {limit} caracteres.", limit=blank.limit))
    if blank.part == template_places.PART and (flaw := template_places.flaw(blank.name, value)):
        raise _at_fault(blank.key, flaw)
    if blank.key == LINK and not value.startswith("https://"):
        raise _at_fault(blank.key, Words("Indique una dirección que empiece con https://"))


def _check_file(kind: str, file: HeaderFile | None) -> None:
    """A file of the kind that the header shows (whatsapp.md §12); its size was checked when it was brought."""
    if file is None:
        raise _at_fault(FILE, Words("Falta el archivo del encabezado: elija {what}.", what=_THE_FILE[kind]))
    if file.kind != kind or file.mime_type.partition(";")[0] not in _IN_A_HEADER[kind]:
        raise _at_fault(
            FILE,
            Words(
                "El encabezado de esta plantilla lleva {what}; «{name}» es otra cosa.",
                what=_THE_FILE[kind],
                name=file.filename,
            ),
        )


def _filled(template: MessageTemplate, value: Callable[[str, str], str]) -> Filled:
    """`value(key, blank)` says what stands in the place of a blank."""
    header = footer = place = None
    body = ""
    buttons: list[dict[str, str]] = []
    wire: list[dict[str, Any]] = []
    named = template.parameter_format == "NAMED"
    for component in template.components:
        part = _type(component)
        text = str(component.get("text") or "")
        if part == "BODY":
            body = BLANK.sub(lambda found: value(found[1], found[0]), text)
            wire += _text_component("body", "", component, value, named=named)
        elif part == "HEADER" and _format(component) in MEDIA_HEADERS:
            kind = MEDIA_HEADERS[_format(component)]
            # Without an address it is the file of the message, which has its id when it leaves.
            link = value(LINK, "")
            wire.append({"type": "header", "parameters": [{"type": kind, kind: {"link": link} if link else {}}]})
        elif part == "HEADER" and _format(component) == template_places.FORMAT:
            place = template_places.told(value)
            wire.append(template_places.component(place))
        elif part == "HEADER":
            header = BLANK.sub(lambda found: value(f"header.{found[1]}", found[0]), text)
            wire += _text_component("header", "header.", component, value, named=named)
        elif part == "FOOTER":
            footer = text
        elif part == "BUTTONS":
            for number, button in enumerate(component.get("buttons", ())):
                buttons.append(_button(number, button, value))
                wire += _button_component(number, button, value)
    return Filled(header, body, footer, buttons, wire, place)


def _text_component(
    type_: str,
    prefix: str,
    component: Mapping[str, Any],
    value: Callable[[str, str], str],
    *,
    named: bool,
) -> list[dict[str, Any]]:
    parameters = [
        {"type": "text", **({"parameter_name": name} if named else {}), "text": value(prefix + name, "")}
        for name in _names(component)
    ]
    return [{"type": type_, "parameters": parameters}] if parameters else []


def _button(number: int, button: Mapping[str, Any], value: Callable[[str, str], str]) -> dict[str, str]:
    shown = {"type": _type(button).lower(), "text": str(button.get("text", ""))}
    if url := button.get("url"):
        shown["url"] = BLANK.sub(lambda found: value(f"button.{number}", found[0]), str(url))
    return shown


def _button_component(
    number: int,
    button: Mapping[str, Any],
    value: Callable[[str, str], str],
) -> list[dict[str, Any]]:
    if not _needs_value(button):
        return []
    given = value(f"button.{number}", "")
    if _type(button) == "COPY_CODE":
        parameter = {"type": "coupon_code", "coupon_code": given}
    else:
        parameter = {"type": "text", "text": given}
    # `index` is a string on the wire (whatsapp.md §10).
    return [{"type": "button", "sub_type": _type(button).lower(), "index": str(number), "parameters": [parameter]}]


def _needs_value(button: Mapping[str, Any]) -> bool:
    return _type(button) == "COPY_CODE" or (_type(button) == "URL" and bool(BLANK.search(str(button.get("url", "")))))


def _names(component: Mapping[str, Any]) -> list[str]:
    """The blanks of a text, once each: by number if they are numbers, else as they come."""
    names = list(dict.fromkeys(BLANK.findall(str(component.get("text") or ""))))
    return sorted(names, key=int) if all(name.isdigit() for name in names) else names


def _example(component: Mapping[str, Any], position: int) -> str:
    """The sample value given to Meta for approval; its shape differs between positional, named and header."""
    example = component.get("example") or {}
    part = _type(component).lower()
    named = example.get(f"{part}_text_named_params")
    found = [each.get("example", "") for each in named] if named else example.get(f"{part}_text") or []
    if found and isinstance(found[0], list):
        found = found[0]
    return str(found[position]) if position < len(found) else ""


def _type(component: Mapping[str, Any]) -> str:
    return str(component.get("type", "")).upper()


def _format(component: Mapping[str, Any]) -> str:
    return str(component.get("format") or "TEXT").upper()


def _at_fault(key: str, text: str) -> Refused:
    return Refused(422, text, code="template_variables", field=f"variables.{key}")
