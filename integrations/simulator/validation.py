"""What Meta checks in the body of a send before it accepts it: members, types, lengths."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

from integrations.simulator.graph_errors import GraphError, invalid, missing, too_long
from integrations.simulator.payloads import Json

MEDIA_KINDS = frozenset({"image", "video", "audio", "document", "sticker"})
WITH_CAPTION = frozenset({"image", "video", "document"})
OPAQUE_LIMIT = 512
BSUID = re.compile(r"[A-Z]{2}\.(?:ENT\.)?[A-Za-z0-9]{1,128}")


def check(body: Json) -> str:
    """Return the message type of a well-formed send; raises GraphError as Meta would answer it."""
    if body.get("messaging_product") != "whatsapp":
        raise GraphError(100, "The parameter messaging_product is required.")
    if body.get("recipient_type", "individual") != "individual":
        raise GraphError(100, "Param recipient_type must be one of {individual} on this number.")
    if not body.get("to") and not body.get("recipient"):
        raise GraphError(100, "The parameter to is required.")
    opaque = body.get("biz_opaque_callback_data")
    if opaque is not None and (not isinstance(opaque, str) or len(opaque) > OPAQUE_LIMIT):
        raise too_long("biz_opaque_callback_data", OPAQUE_LIMIT)
    kind = body.get("type", "text" if "text" in body else None)
    if kind is None:
        raise missing("type")
    checks: dict[str, Callable[[Any], None]] = {
        "text": _text,
        "location": _location,
        "contacts": _contacts,
        "reaction": _reaction,
        "template": _template,
        "interactive": _interactive,
        **dict.fromkeys(MEDIA_KINDS, lambda value: _media(str(kind), value)),
    }
    if not isinstance(kind, str) or kind not in checks:
        raise GraphError(131051, f"Message type {kind!r} is not supported.")
    if kind not in body:
        raise missing(kind)
    if kind != "contacts" and not isinstance(body[kind], dict):
        raise GraphError(100, f"Param {kind} must be a JSON object.")
    checks[kind](body[kind])
    if kind == "reaction" and body.get("context"):
        raise invalid("A reaction cannot be a contextual reply.")
    return kind


def digits_of(address: object) -> str:
    """The digits of a `to`: plus, spaces, hyphens and parentheses may stand between them."""
    if not isinstance(address, str) or not re.fullmatch(r"\+?[\d\s()\-]+", address):
        raise invalid("Recipient phone number is not a valid phone number.")
    digits = re.sub(r"\D", "", address)
    if not 8 <= len(digits) <= 15:
        raise invalid("Recipient phone number is not a valid phone number.")
    return digits


def _words(owner: Json, name: str, path: str, limit: int, *, needed: bool = True) -> str | None:
    value = owner.get(name)
    if value is None or value == "":
        if needed:
            raise missing(path)
        return None
    if not isinstance(value, str):
        raise GraphError(100, f"Param {path} must be a string.")
    if len(value) > limit:
        raise too_long(path, limit)
    return value


def _text(text: Json) -> None:
    _words(text, "body", "text['body']", 4096)


def _media(kind: str, media: Json) -> None:
    if bool(media.get("id")) == bool(media.get("link")):
        raise GraphError(100, f"Param {kind} must have exactly one of id and link.")
    link = media.get("link")
    if link is not None and not re.match(r"https?://", str(link)):
        raise invalid(f"Param {kind}['link'] is not a valid URL.")
    if "caption" in media and kind not in WITH_CAPTION:
        raise GraphError(100, f"Param {kind}['caption'] is not allowed.")
    _words(media, "caption", f"{kind}['caption']", 1024, needed=False)
    _words(media, "filename", f"{kind}['filename']", 240, needed=False)


def _location(location: Json) -> None:
    for name, bound in (("latitude", 90), ("longitude", 180)):
        if location.get(name) is None:
            raise missing(f"location['{name}']")
        try:
            degrees = float(location[name])
        except (TypeError, ValueError):
            degrees = math.nan
        if not abs(degrees) <= bound:
            raise invalid(f"Param location['{name}'] is not a valid coordinate.")


def _contacts(contacts: object) -> None:
    if not isinstance(contacts, list) or not contacts:
        raise GraphError(100, "Param contacts must be a non-empty array.")
    for person in contacts:
        name = person.get("name") if isinstance(person, dict) else None
        if not isinstance(name, dict) or not name.get("formatted_name"):
            raise missing("contacts['name']['formatted_name']")


def _reaction(reaction: Json) -> None:
    _words(reaction, "message_id", "reaction['message_id']", 512)
    if not isinstance(reaction.get("emoji", ""), str):
        raise invalid("Param reaction['emoji'] must be a string.")


def _template(template: Json) -> None:
    _words(template, "name", "template['name']", 512)
    language = template.get("language")
    if not isinstance(language, dict) or not language.get("code"):
        raise missing("template['language']['code']")
    components = template.get("components", [])
    if not isinstance(components, list) or not all(isinstance(part, dict) for part in components):
        raise GraphError(100, "Param template['components'] must be an array of objects.")


def _interactive(interactive: Json) -> None:
    kind = interactive.get("type")
    action = interactive.get("action")
    known: dict[str, Callable[[Json], None]] = {
        "button": _buttons,
        "list": _list,
        "cta_url": _link,
        "location_request_message": _anything,
        "request_contact_info": _anything,
        "flow": _anything,
    }
    if kind not in known:
        raise GraphError(131009, f"Interactive type {kind!r} is not valid or not available on this number.")
    if not isinstance(action, dict):
        raise missing("interactive['action']")
    body = interactive.get("body")
    if not isinstance(body, dict):
        raise missing("interactive['body']")
    _words(body, "text", "interactive['body']['text']", 4096 if kind == "list" else 1024)
    header = interactive.get("header")
    if isinstance(header, dict) and header.get("type") == "text":
        _words(header, "text", "interactive['header']['text']", 60)
    elif header is not None and kind == "list":
        raise invalid("Interactive messages of type list allow a text header only.")
    footer = interactive.get("footer")
    if isinstance(footer, dict):
        _words(footer, "text", "interactive['footer']['text']", 60)
    known[kind](action)


def _anything(_action: Json) -> None:
    """Nothing more is checked."""


def _buttons(action: Json) -> None:
    path = "interactive['action']['buttons']"
    buttons = _objects(action.get("buttons"), path)
    if not 1 <= len(buttons) <= 3:
        raise invalid("Invalid buttons count. Min allowed buttons: 1, Max allowed buttons: 3.")
    replies = _objects([button.get("reply") for button in buttons], f"{path}['reply']")
    for reply in replies:
        _labelled(reply, "title", 20)
        _labelled(reply, "id", 256)
    for name in ("title", "id"):
        if len({reply[name] for reply in replies}) < len(replies):
            raise invalid(f"Button {name}s must be unique.")


def _list(action: Json) -> None:
    _labelled(action, "button", 20)
    sections = _objects(action.get("sections"), "interactive['action']['sections']")
    if not 1 <= len(sections) <= 10:
        raise invalid("Sections count must be between 1 and 10.")
    rows: list[Json] = []
    for section in sections:
        if len(sections) > 1:
            _labelled(section, "title", 24)
        rows += _objects(section.get("rows"), "interactive['action']['sections']['rows']")
    if not 1 <= len(rows) <= 10:
        raise invalid("Total row count exceed max allowed count: 10.")
    for row in rows:
        _labelled(row, "id", 200)
        _labelled(row, "title", 24)
        _words(row, "description", "row['description']", 72, needed=False)


def _link(action: Json) -> None:
    parameters = action.get("parameters")
    if not isinstance(parameters, dict):
        raise missing("interactive['action']['parameters']")
    _labelled(parameters, "display_text", 20)
    if not re.match(r"https?://", str(parameters.get("url", ""))):
        raise invalid("Param interactive['action']['parameters']['url'] is not a valid URL.")


def _objects(value: object, path: str) -> list[Json]:
    if not isinstance(value, list) or not all(isinstance(element, dict) for element in value):
        raise missing(path)
    return value


def _labelled(owner: Json, name: str, limit: int) -> None:
    label = owner.get(name)
    if not isinstance(label, str) or not 1 <= len(label) <= limit or label != label.strip():
        raise invalid(f"Button {name} length invalid. Min length: 1, Max length: {limit}.")
