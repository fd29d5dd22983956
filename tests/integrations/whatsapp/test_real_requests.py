"""Meta's own examples of requests, not in this repository: WHATSAPP_FIXTURES names their directory."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from integrations.whatsapp.outgoing import (
    Button,
    Buttons,
    ContactInfoRequest,
    Contacts,
    FlowMessage,
    Header,
    LinkButton,
    ListMessage,
    Location,
    Media,
    Outgoing,
    Parameter,
    Reaction,
    Row,
    Section,
    TemplateMessage,
    Text,
    request,
)
from integrations.whatsapp.payloads import Person

FIXTURES = Path(os.environ.get("WHATSAPP_FIXTURES", ""))
INTERACTIVE = "button|cta_url|flow|list|request_contact_info"
KINDS = f"text|audio|contacts|document|image|interactive_({INTERACTIVE})|location|reaction|sticker|video"
EXAMPLES = sorted(
    file.name
    for file in (FIXTURES.glob("send_req_*.json") if os.environ.get("WHATSAPP_FIXTURES") else [])
    if re.match(rf"send_req_({KINDS})__", file.name) or file.name.endswith("al_parameters.json")
)


@pytest.mark.skipif(not EXAMPLES, reason="WHATSAPP_FIXTURES names no directory of payloads")
@pytest.mark.parametrize("name", EXAMPLES or ["none"])
def test_an_example_of_meta_is_written_word_by_word(name: str) -> None:
    text = re.sub(r'"<?http\(s\)://[^"]*"', '"https://x.example/y"', (FIXTURES / name).read_text())
    example = {"recipient_type": "individual", **json.loads(text.replace("<BSUID>", "PE.4417"))}
    to = Person(None, "PE.4417") if "recipient" in example else Person("16505551234")
    if "to" in example:
        example["to"] = "+16505551234"
    if example["type"] == "text":
        example["text"].setdefault("preview_url", False)

    outgoing = rebuilt(example["type"], example[example["type"]])

    quoted = example.get("context", {}).get("message_id")
    assert request(outgoing, to, opaque=None, reply_to=quoted) == example


def rebuilt(kind: str, part: Any) -> Outgoing:
    """The message that `part` is the wire of."""
    match kind:
        case "interactive":
            return rebuilt_interactive(part)
        case "template":
            [body] = part["components"]
            given = [Parameter(text=each["text"], name=each.get("parameter_name")) for each in body["parameters"]]
            return TemplateMessage(name=part["name"], language=part["language"]["code"], body=given)
        case "reaction":
            return Reaction(part["message_id"], part["emoji"])
        case "contacts":
            return Contacts(part)
        case "text" | "location":
            return Text(**part) if kind == "text" else Location(**part)
    return Media(kind=kind, **{"media_id" if name == "id" else name: part[name] for name in part})  # type: ignore[arg-type]


def rebuilt_interactive(part: dict[str, Any]) -> Outgoing:
    action, header = part["action"], part.get("header")
    common: dict[str, Any] = {"body": part["body"]["text"], "footer": part.get("footer", {}).get("text")}
    if header is not None:
        image = header.get("image")
        common["header"] = Header(text=header.get("text"), media=image and Media(kind="image", **image))
    parameters = action.get("parameters", {})
    match part["type"]:
        case "button":
            return Buttons(**common, buttons=[Button(**each["reply"]) for each in action["buttons"]])
        case "list":
            sections = [Section([Row(**row) for row in each["rows"]], each["title"]) for each in action["sections"]]
            return ListMessage(**common, button=action["button"], sections=sections)
        case "cta_url":
            return LinkButton(**common, label=parameters["display_text"], url=parameters["url"])
        case "request_contact_info":
            return ContactInfoRequest(body=common["body"])
    return FlowMessage(
        **common,
        cta=parameters["flow_cta"],
        flow_id=parameters.get("flow_id"),
        flow_name=parameters.get("flow_name"),
        flow_token=parameters["flow_token"],
        draft=parameters.get("mode") == "draft",
        **parameters["flow_action_payload"],
    )
