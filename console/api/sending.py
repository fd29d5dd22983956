"""What a program may send: a text or a template, written as WhatsApp's own API writes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

import msgspec
from sqlalchemy import Select, select
from sqlalchemy.orm import InstrumentedAttribute

from console.agents import Viewer
from console.api.asking import id_in
from console.api.problems import invalid
from console.attachments import staging
from console.attachments.sending import LONGEST_CAPTION, send_file
from console.audit import Actor
from console.db import Tx
from console.errors import Refused
from console.inbox import reply, template_places
from console.inbox.channel import MessageTemplate
from console.inbox.message_templates import FILE, LINK
from console.inbox.models import Conversation, Message
from console.reactions import giving

Found = TypeVar("Found")
MEDIA = ("image", "video", "audio", "document", "sticker")
KINDS = ("text", "template", "reaction", *MEDIA)
_SEEN = (
    "For a text or a file: the `sequence` that its author had in view. When somebody else has answered or noted "
    "something since, it is refused (409 `colleague_wrote`)."
)


class Text(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A text; only inside the 24-hour window."""

    body: Annotated[str, msgspec.Meta(max_length=reply.LONGEST_TEXT)]


class Language(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A language as WhatsApp names it: `{"code": "es"}`."""

    code: str
    policy: str | None = None


class Component(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A part of a template with the values of its blanks, as in WhatsApp's API."""

    type: str
    parameters: list[dict[str, Any]] = []
    sub_type: str | None = None
    index: str | int | None = None


class TemplateToSend(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """An approved template, by name and language.

    Its blanks are filled by `variables` (`{"1": "Rosa"}`; `header.1`, `button.0`) or by WhatsApp's `components`.
    A header's picture, video or PDF is a file brought to this conversation (`POST …/attachments`), named by its id:
    `header.file`, or `{"type": "image", "image": {"id": …}}` in `components`; or an https address: `header.link`. The
    place that a header shows is `header.name`, `header.address`, `header.latitude` and `header.longitude` (degrees, as
    `"-12.12151"`), or `{"type": "location", "location": {…}}`.
    """

    name: str
    language: str | Language
    variables: dict[str, str] = {}
    components: list[Component] = []


class Context(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The message answered to, by its wamid."""

    message_id: str


class File(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A file brought to this conversation (`POST …/attachments`), by its id; words beside it where the kind has any."""

    id: str
    caption: Annotated[str, msgspec.Meta(max_length=LONGEST_CAPTION)] = ""


class ReactionToGive(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """An emoji on a message, named by its wamid, in place of ours that stood there; an empty one takes ours back."""

    message_id: str
    emoji: Annotated[str, msgspec.Meta(max_length=giving.LONGEST)]


class Outgoing(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A message to send. `type` says which member carries it."""

    type: str
    text: Text | None = None
    template: TemplateToSend | None = None
    context: Context | None = None
    image: File | None = None
    video: File | None = None
    audio: File | None = None
    document: File | None = None
    sticker: File | None = None
    reaction: ReactionToGive | None = None
    seen_sequence: Annotated[int, msgspec.Meta(ge=0, le=2**53, description=_SEEN)] | None = None


async def send(
    tx: Tx, conversation: Conversation, outgoing: Outgoing, *, by: Viewer | Actor, client_key: str
) -> Message:
    """Queue it. Refuses what `reply.reply`, `reply.send_template`, `sending.send_file` and `giving.react` refuse."""
    _require_one_kind(outgoing)
    quoted = await _quoted(tx, conversation, outgoing.context)
    if outgoing.text is not None:
        text = outgoing.text.body
        return await reply.reply(
            tx,
            conversation,
            by=by,
            text=text,
            client_key=client_key,
            seen_sequence=outgoing.seen_sequence,
            reply_to=quoted,
        )
    if outgoing.reaction is not None:
        return await _react(tx, conversation, outgoing.reaction, by=by, client_key=client_key)
    if outgoing.template is None:
        return await _send_file(tx, conversation, outgoing, by=by, client_key=client_key, quoted=quoted)
    return await _send_template(tx, conversation, outgoing.template, by=by, client_key=client_key)


def _require_one_kind(outgoing: Outgoing) -> None:
    """The member named by `type`, and no other; what only texts and files have, only with those."""
    given = {name for name in KINDS if getattr(outgoing, name) is not None}
    if outgoing.type not in KINDS:
        raise invalid("type", f"Se puede enviar {', '.join(KINDS)}.", code="unknown_type")
    if outgoing.type not in given:
        raise invalid(outgoing.type, f"Falta el campo {outgoing.type}.", code="missing_field")
    for other in sorted(given - {outgoing.type}):
        raise invalid(other, f"No corresponde a un mensaje de tipo {outgoing.type}.")
    if outgoing.type in {"template", "reaction"}:
        for other in ("context", "seen_sequence"):
            if getattr(outgoing, other) is not None:
                raise invalid(other, f"No corresponde a un mensaje de tipo {outgoing.type}.")


async def _react(
    tx: Tx, conversation: Conversation, asked: ReactionToGive, *, by: Viewer | Actor, client_key: str
) -> Message:
    """Put it on the message; what is given back is what goes out, under the key."""
    target = await tx.scalar(_here(conversation, asked.message_id, Message.id))
    if target is None:
        raise invalid("reaction.message_id", "Ese mensaje no está en esta conversación.")
    try:
        await giving.react(tx, conversation, target, by=by, emoji=asked.emoji, client_key=client_key)
    except Refused as refused:
        if refused.field not in {"emoji", "message"}:
            raise
        field = "reaction.emoji" if refused.field == "emoji" else "reaction.message_id"
        raise Refused(422, refused.text, code=refused.code, field=field) from refused
    made = select(Message).where(Message.conversation_id == conversation.id, Message.client_key == client_key)
    return (await tx.scalars(made)).one()


def _here(conversation: Conversation, wamid: str, column: InstrumentedAttribute[Found]) -> Select[Found]:
    """`column` of the message of this conversation that WhatsApp knows by this name."""
    return select(column).where(
        Message.channel_id == conversation.channel_id,
        Message.wamid == wamid,
        Message.conversation_id == conversation.id,
    )


async def _send_file(
    tx: Tx, conversation: Conversation, outgoing: Outgoing, *, by: Viewer | Actor, client_key: str, quoted: str | None
) -> Message:
    file: File = getattr(outgoing, outgoing.type)
    staged_id = id_in(file.id, f"{outgoing.type}.id")
    staged = await staging.brought(tx, conversation, staged_id, by=by)
    if staged.kind != outgoing.type:
        raise invalid("type", f"Ese archivo se envía como {staged.kind}.", code="another_kind")
    return await send_file(
        tx,
        conversation,
        by=by,
        staged_id=staged_id,
        client_key=client_key,
        caption=file.caption,
        seen_sequence=outgoing.seen_sequence,
        reply_to=quoted,
    )


async def _quoted(tx: Tx, conversation: Conversation, context: Context | None) -> str | None:
    """The wamid answered to, which must be of this very conversation."""
    if context is None:
        return None
    wamid = await tx.scalar(_here(conversation, context.message_id, Message.wamid))
    if wamid is None:
        raise invalid("context.message_id", "Ese mensaje no está en esta conversación.")
    return wamid


async def _send_template(
    tx: Tx,
    conversation: Conversation,
    asked: TemplateToSend,
    *,
    by: Viewer | Actor,
    client_key: str,
) -> Message:
    template_id = await template_id_of(tx, conversation, asked)
    if asked.variables and asked.components:
        raise invalid("template.components", "Use variables o components, no ambos.")
    variables = asked.variables or variables_of(asked.components)
    return await reply.send_template(
        tx,
        conversation,
        by=by,
        template_id=template_id,
        variables=variables,
        client_key=client_key,
    )


async def template_id_of(tx: Tx, conversation: Conversation, asked: TemplateToSend) -> int:
    """The template of this name and language, of the conversation's number. Refuses 422 "template_not_found"."""
    language = asked.language if isinstance(asked.language, str) else asked.language.code
    template_id = await tx.scalar(
        select(MessageTemplate.id).where(
            MessageTemplate.channel_id == conversation.channel_id,
            MessageTemplate.name == asked.name,
            MessageTemplate.language == language,
        ),
    )
    if template_id is None:
        raise invalid("template", "No hay una plantilla con ese nombre e idioma.", code="template_not_found")
    return template_id


def variables_of(components: list[Component]) -> dict[str, str]:
    """The values in WhatsApp's `components`, under the names that `message_templates.Blank` gives the blanks."""
    return {
        key: value
        for component in components
        for position, parameter in enumerate(component.parameters, start=1)
        for key, value in _variables(component, position, parameter)
    }


def _variables(component: Component, position: int, parameter: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The values of one parameter: a place has four."""
    if component.type != "header" or parameter.get("type") != "location":
        return [_variable(component, position, parameter)]
    place = parameter.get("location")
    if not isinstance(place, dict):
        raise invalid("template.components", "Una ubicación lleva name, address, latitude y longitude.")
    return [(template_places.key_of(str(name)), _said(value)) for name, value in place.items()]


def _variable(component: Component, position: int, parameter: Mapping[str, Any]) -> tuple[str, str]:
    kind = parameter.get("type", "text")
    if component.type == "button":
        return f"button.{component.index}", _said(parameter.get("coupon_code", parameter.get("text")))
    name = str(parameter.get("parameter_name") or position)
    if component.type == "body":
        return name, _said(parameter.get("text"))
    if component.type != "header":
        raise invalid("template.components", "Cada componente es header, body o button.")
    if kind == "text":
        return f"header.{name}", _said(parameter.get("text"))
    attachment = parameter.get(kind)
    if isinstance(attachment, dict) and "id" in attachment:
        return FILE, _said(attachment["id"])
    return LINK, _said(attachment.get("link") if isinstance(attachment, dict) else None)


def _said(value: object) -> str:
    if not isinstance(value, str):
        raise invalid("template.components", "Cada parámetro lleva su texto; un archivo, su id o su enlace (link).")
    return value
