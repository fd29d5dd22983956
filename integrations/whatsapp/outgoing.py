"""What can be sent: every kind of message, addressed to a person; `wire()` of each checks Meta's limits."""

from __future__ import annotations

from typing import Any, Protocol

from msgspec import Struct

from integrations.whatsapp import limits
from integrations.whatsapp.content import Contacts, Location, Media, Reaction, Text
from integrations.whatsapp.errors import Invalid
from integrations.whatsapp.interactive import (
    Button,
    Buttons,
    ContactInfoRequest,
    FlowMessage,
    Header,
    Interactive,
    LinkButton,
    ListMessage,
    LocationRequest,
    Row,
    Section,
)
from integrations.whatsapp.message_kinds import words
from integrations.whatsapp.people import identifier
from integrations.whatsapp.templates import Parameter, TemplateButton, TemplateMedia, TemplateMessage, TemplatePlace

__all__ = [
    "Accepted",
    "Button",
    "Buttons",
    "ContactInfoRequest",
    "Contacts",
    "FlowMessage",
    "Header",
    "Interactive",
    "LinkButton",
    "ListMessage",
    "Location",
    "LocationRequest",
    "Media",
    "Outgoing",
    "Parameter",
    "Reaction",
    "Recipient",
    "Row",
    "Section",
    "TemplateButton",
    "TemplateMedia",
    "TemplateMessage",
    "TemplatePlace",
    "Text",
]

Outgoing = Text | Media | Location | Contacts | Reaction | Interactive | TemplateMessage


class Recipient(Protocol):
    """Whoever has a phone (`wa_id`) or a BSUID (`user_id`): a payloads.Person, a contact of the console."""

    @property
    def wa_id(self) -> str | None:
        """The WhatsApp id as Meta gave it: digits."""

    @property
    def user_id(self) -> str | None:
        """The business-scoped user id."""


class Accepted(Struct, frozen=True, kw_only=True):
    """WhatsApp took the message. `message_status`: accepted, held_for_quality_assessment, paused (templates only).

    `wa_id` may differ from what we sent to; `user_id` stands in its place when we sent to a BSUID.
    """

    wamid: str
    wa_id: str | None = None
    user_id: str | None = None
    message_status: str | None = None


def request(outgoing: Outgoing, to: Recipient, *, opaque: str | None, reply_to: str | None) -> dict[str, Any]:
    """The body of POST /messages. Invalid names the field that Meta would refuse."""
    body: dict[str, Any] = {"messaging_product": "whatsapp", "recipient_type": "individual", **_address(to)}
    body["type"] = outgoing.type
    body[outgoing.type] = outgoing.wire()
    if reply_to is not None:
        if isinstance(outgoing, Reaction):
            raise Invalid("context.message_id", "a reaction quotes nothing")
        body["context"] = {"message_id": limits.identifier("context.message_id", reply_to)}
    if opaque is not None:
        body["biz_opaque_callback_data"] = limits.opaque(opaque)
    return body


def accepted(answer: dict[str, Any]) -> Accepted | None:
    """The receipt in Meta's answer; None when it holds no id."""
    message, contact = _first(answer, "messages"), _first(answer, "contacts")
    wamid = identifier(message.get("id"))
    if wamid is None:
        return None
    return Accepted(
        wamid=wamid,
        wa_id=identifier(contact.get("wa_id")),
        user_id=identifier(contact.get("user_id")),
        message_status=words(message.get("message_status")),
    )


def _address(to: Recipient) -> dict[str, str]:
    """The phone when there is one, with `+`: without it Meta may put our own country code in front."""
    if to.wa_id is not None:
        digits = to.wa_id.removeprefix("+")
        if not digits.isascii() or not digits.isdigit():
            raise Invalid("to", "is no WhatsApp id")
        return {"to": f"+{digits}"}
    if to.user_id is not None:
        return {"recipient": limits.identifier("recipient", to.user_id)}
    raise Invalid("to", "is nobody")


def _first(answer: dict[str, Any], name: str) -> dict[str, Any]:
    listed = answer.get(name)
    return listed[0] if isinstance(listed, list) and listed and isinstance(listed[0], dict) else {}
