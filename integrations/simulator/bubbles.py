"""What a send of the business looks like on the debtor's phone."""

from __future__ import annotations

from integrations.simulator.graph_errors import invalid
from integrations.simulator.payloads import Json
from integrations.simulator.simulation import Simulation
from integrations.simulator.template_store import choose, fill
from integrations.simulator.validation import MEDIA_KINDS
from integrations.simulator.world import Button, Message


def bubble(sim: Simulation, kind: str, body: Json) -> Message:
    """The message of a well-formed send, without an id; raises GraphError for what is not there to be sent."""
    content: Json = body[kind] if kind != "contacts" else {"contacts": body[kind]}
    message = Message(
        id="", mine=False, kind=kind, at=sim.now(), status="accepted", content=content, text=_text(kind, content)
    )
    message.reply_to = (body.get("context") or {}).get("message_id")
    message.opaque = body.get("biz_opaque_callback_data")
    if kind == "template":
        _fill(sim, message)
    elif kind == "interactive":
        message.heading = (content.get("header") or {}).get("text")
        message.footer = (content.get("footer") or {}).get("text")
        message.buttons = _choices(content)
    elif kind in MEDIA_KINDS:
        message.media_id = _uploaded(sim, content)
    return message


def _text(kind: str, content: Json) -> str | None:
    match kind:
        case "text":
            return str(content["body"])
        case "interactive":
            return str(content["body"]["text"])
        case "reaction":
            return str(content.get("emoji", ""))
        case "location":
            return content.get("name")
        case "contacts":
            return ", ".join(person["name"]["formatted_name"] for person in content["contacts"])
    return content.get("caption")


def _fill(sim: Simulation, message: Message) -> None:
    template = choose(sim.world.templates, message.content)
    filled = fill(template, message.content)
    message.text, message.heading, message.footer = filled.text, filled.heading, filled.footer
    message.buttons, message.category = filled.buttons, template.category.lower()
    if filled.header_media:
        message.content = {**message.content, "header_media": filled.header_media}
        message.media_id = _uploaded(sim, filled.header_media)


def _choices(interactive: Json) -> list[Button]:
    action: Json = interactive["action"]
    match interactive["type"]:
        case "button":
            replies = [button["reply"] for button in action["buttons"]]
            return [Button(title=reply["title"], kind="reply", id=reply["id"]) for reply in replies]
        case "list":
            rows = [row for section in action["sections"] for row in section["rows"]]
            return [
                Button(title=row["title"], kind="row", id=row["id"], description=row.get("description")) for row in rows
            ]
        case "cta_url":
            link = action["parameters"]
            return [Button(title=link["display_text"], kind="url", id=link["url"])]
        case "location_request_message":
            return [Button(title="Enviar ubicación", kind="location")]
        case "request_contact_info":
            return [Button(title="Compartir mi número", kind="contact")]
    return []


def _uploaded(sim: Simulation, content: Json) -> str | None:
    media_id = content.get("id")
    if media_id is None:
        return None
    medium = sim.world.media.get(str(media_id))
    if medium is None or not medium.uploaded or medium.expires_at <= sim.now():
        raise invalid(f"Media id {media_id} does not exist, was not uploaded for this number, or has expired.")
    return medium.id
