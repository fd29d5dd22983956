"""The message templates the demo begins with, and what a send makes of one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec

from integrations.simulator.graph_errors import GraphError, missing
from integrations.simulator.ids import Ids
from integrations.simulator.payloads import Json
from integrations.simulator.world import Button, Template

FILE = Path(__file__).with_name("templates.json")
VARIABLE = re.compile(r"\{\{\s*(\w+)\s*\}\}")
BODY_LIMIT = 1024
SENDABLE = {"APPROVED", "FLAGGED", "REINSTATED"}


class Filled(msgspec.Struct, kw_only=True):
    """A template with the values of one send in it."""

    text: str
    heading: str | None
    footer: str | None
    header_media: Json | None
    buttons: list[Button]


def the_templates(ids: Ids, at: float) -> dict[str, Template]:
    """The demo's templates by id."""
    found: dict[str, Template] = {}
    for facts in msgspec.json.decode(FILE.read_bytes()):
        template = msgspec.convert({"id": ids.number(), "created_at": at, **facts}, Template)
        found[template.id] = template
    return found


def choose(templates: dict[str, Template], wanted: Json) -> Template:
    """The template a send asks for; raises 132001, 132015 or 132016 where it may not be used."""
    name, language = wanted["name"], wanted["language"]["code"].replace("-", "_")
    for template in templates.values():
        if (template.name, template.language) == (name, language) and template.status not in {
            "DELETED",
            "PENDING_DELETION",
        }:
            break
    else:
        raise GraphError(132001, f"template name ({name}) does not exist in {language}")
    if template.status == "PAUSED":
        raise GraphError(132015, f"template {name} is paused due to low quality")
    if template.status == "DISABLED":
        raise GraphError(132016, f"template {name} is disabled")
    if template.status not in SENDABLE:
        raise GraphError(132001, f"template name ({name}) in {language} is not approved ({template.status})")
    return template


def fill(template: Template, wanted: Json) -> Filled:
    """Put the parameters of a send in their places; raises 132000, 132012 or 132005 where they do not fit."""
    sent = {
        str(part.get("type", "")).lower(): part for part in wanted.get("components", []) if part.get("type") != "button"
    }
    filled = Filled(text="", heading=None, footer=None, header_media=None, buttons=[])
    for component in template.components:
        kind = component["type"].upper()
        if kind == "BODY":
            filled.text = _replaced(template, component["text"], sent.get("body"), "body")
        elif kind == "HEADER" and component.get("format") == "TEXT":
            filled.heading = _replaced(template, component["text"], sent.get("header"), "header")
        elif kind == "HEADER":
            filled.header_media = _header_media(component, sent.get("header"))
        elif kind == "FOOTER":
            filled.footer = component.get("text")
        elif kind == "BUTTONS":
            filled.buttons = _buttons(component["buttons"], wanted)
    if len(filled.text) > BODY_LIMIT:
        raise GraphError(132005, f"Translated text exceeds {BODY_LIMIT} characters.")
    return filled


def _replaced(template: Template, text: str, part: Json | None, where: str) -> str:
    names = list(dict.fromkeys(VARIABLE.findall(text)))
    parameters: list[Any] = (part or {}).get("parameters") or []
    if len(parameters) != len(names):
        counted = f"({len(parameters)}) does not match the expected number of params ({len(names)})"
        raise GraphError(132000, f"{where}: number of localizable_params {counted}")
    values: dict[str, str] = {}
    for place, parameter in enumerate(parameters):
        name = str(parameter.get("parameter_name", "")) if template.parameter_format == "NAMED" else names[place]
        value = _value(parameter, where)
        if name not in names:
            raise GraphError(132012, f"{where}: Parameter name {name!r} is not in the template")
        if re.search(r"[\n\t]| {5,}", value):
            raise GraphError(
                132012, f"{where}: Param text cannot have new-line/tab characters or more than 4 consecutive spaces"
            )
        values[name] = value
    return VARIABLE.sub(lambda found: values[found[1]], text)


def _value(parameter: Json, where: str) -> str:
    kind = parameter.get("type")
    if kind in {"currency", "date_time"}:
        return str(parameter.get(kind, {}).get("fallback_value", ""))
    if kind != "text":
        raise GraphError(132012, f"{where}: Format mismatch, expected TEXT, received {kind}")
    if not parameter.get("text"):
        raise missing(f"template['{where}']['parameters']['text']")
    return str(parameter["text"])


def _header_media(component: Json, part: Json | None) -> Json:
    expected = str(component.get("format", "")).lower()
    parameters = (part or {}).get("parameters") or []
    if len(parameters) != 1:
        raise GraphError(132012, f"header: Format mismatch, expected {expected.upper()}, received UNKNOWN")
    given: Json = parameters[0]
    if given.get("type") != expected or not isinstance(given.get(expected), dict):
        raise GraphError(132012, f"header: Format mismatch, expected {expected.upper()}, received {given.get('type')}")
    if expected == "location":
        for name in ("latitude", "longitude", "name", "address"):
            if not isinstance(given["location"].get(name), str) or not given["location"][name]:
                raise GraphError(132012, f"header: Parameter of type location is missing text value of {name}")
    return {"kind": expected, **given[expected]}


def _buttons(buttons: list[Json], wanted: Json) -> list[Button]:
    given = {str(part.get("index")): part for part in wanted.get("components", []) if part.get("type") == "button"}
    made = []
    for place, button in enumerate(buttons):
        part = given.get(str(place), {})
        parameter: Json = (part.get("parameters") or [{}])[0]
        if button["type"] == "URL":
            needs = bool(VARIABLE.search(button.get("url", "")))
            if needs and not parameter.get("text"):
                raise GraphError(131008, f"buttons: Button at index {place} of type Url requires a parameter")
            url = VARIABLE.sub(str(parameter.get("text", "")).replace("\\", ""), button.get("url", ""))
            made.append(Button(title=button["text"], kind="url", id=url))
        elif button["type"] == "PHONE_NUMBER":
            made.append(Button(title=button["text"], kind="phone", id=button.get("phone_number", "")))
        elif button["type"] == "OTP":
            made.append(Button(title=button.get("text", "Copiar código"), kind="url"))
        else:
            payload = str(parameter.get("payload") or button["text"])
            made.append(Button(title=button["text"], kind="quick_reply", id=payload))
    return made
