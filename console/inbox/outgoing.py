"""How a queued row looks to the WhatsApp client: the one place where our kinds become its kinds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from console.inbox.deliver import Claimed
from integrations.whatsapp.errors import Invalid
from integrations.whatsapp.outgoing import (
    Button,
    Buttons,
    ListMessage,
    Media,
    Outgoing,
    Parameter,
    Reaction,
    Row,
    Section,
    TemplateButton,
    TemplateMedia,
    TemplateMessage,
    TemplatePlace,
    Text,
)


def outgoing(message: Claimed) -> Outgoing:
    """What to send. Raises Invalid for a row that has no form on the wire."""
    match message.kind:
        case "text":
            return Text(message.text or "")
        case "template":
            return _template(message)
        case "interactive":
            return _tappable(message.text or "", (message.content or {})["choices"])
        case "image" | "video" | "audio" | "document" | "sticker" as kind:
            return _file(message, kind)
        case "reaction":
            content = message.content or {}
            return Reaction(wamid=content["wamid"], emoji=content["emoji"])
        case _:
            raise Invalid("type", f"{message.kind} cannot be sent")


def _tappable(text: str, choices: Mapping[str, Any]) -> Buttons | ListMessage:
    if choices["type"] == "list":
        rows = [Row(row["id"], row["title"]) for row in choices["rows"]]
        return ListMessage(body=text, button=choices["button"], sections=[Section(rows)])
    return Buttons(body=text, buttons=[Button(each["id"], each["title"]) for each in choices["buttons"]])


def _file(message: Claimed, kind: Literal["image", "video", "audio", "document", "sticker"]) -> Media:
    if message.file is None:
        raise Invalid(kind, "has no file")
    return Media(
        kind=kind,
        media_id=message.file.wire_id,
        caption=message.text or None,
        filename=message.file.filename if kind == "document" else None,
        voice=message.file.voice,
    )


def _template(message: Claimed) -> TemplateMessage:
    """From the components kept when the template was filled, so that later edits of it change nothing."""
    content = message.content or {}
    named, components = content["template"], content["components"]
    return TemplateMessage(
        name=named["name"],
        language=named["language"],
        header=[
            _header(each, message) for part in components if part["type"] == "header" for each in part["parameters"]
        ],
        body=[_parameter(each) for part in components if part["type"] == "body" for each in part["parameters"]],
        buttons=[_button(part) for part in components if part["type"] == "button"],
    )


def _header(parameter: Mapping[str, Any], message: Claimed) -> Parameter:
    """A text, a place, the address of a file, or the file of the message under the id that WhatsApp gave it."""
    kind = parameter["type"]
    if kind == "text":
        return _parameter(parameter)
    if kind == "location":
        return Parameter(place=TemplatePlace(**parameter["location"]))
    if link := parameter[kind].get("link"):
        return Parameter(media=TemplateMedia(kind=kind, link=link))
    if message.file is None:
        raise Invalid("template.components.header", "has no file")
    name = message.file.filename if kind == "document" else None
    return Parameter(media=TemplateMedia(kind=kind, media_id=message.file.wire_id, filename=name))


def _parameter(parameter: Mapping[str, Any]) -> Parameter:
    return Parameter(text=parameter["text"], name=parameter.get("parameter_name"))


def _button(component: Mapping[str, Any]) -> TemplateButton:
    (parameter,) = component["parameters"]
    return TemplateButton(
        index=int(component["index"]),
        kind=component["sub_type"],
        value=parameter[parameter["type"]],
    )
