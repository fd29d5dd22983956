"""A message of a debtor on its way to the business."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from integrations.simulator.graph_media import base64_sha256, link
from integrations.simulator.payloads import Json, envelope, message, messages_value
from integrations.simulator.simulation import Simulation
from integrations.simulator.webhooks import News
from integrations.simulator.world import Medium, Message, Thread

# Whether these open the 24 hours for the business is not documented; taken as not.
NOT_A_CONTACT = {"revoke", "edit", "unsupported"}
MediaKind = Literal["image", "audio", "video", "document", "sticker"]


class ImpossibleError(ValueError):
    """What is asked of the phone cannot be done; the text says why, in Spanish."""


class Draft(msgspec.Struct, kw_only=True):
    """A message of the debtor before it has an id."""

    kind: str
    content: Json
    """The members that stand beside the common ones on the wire: `{"text": {"body": …}}`."""
    text: str | None = None
    medium: Medium | None = None
    reply_to: str | None = None
    forwarded: int = 0
    """How many times; from five on WhatsApp says "many times"."""
    at: float | None = None
    """When it was written, if not now: so things arrive late."""


def text(body: str, *, reply_to: str | None = None, forwarded: int = 0, at: float | None = None) -> Draft:
    """A text."""
    return Draft(
        kind="text", content={"text": {"body": body}}, text=body, reply_to=reply_to, forwarded=forwarded, at=at
    )


def file(
    sim: Simulation,
    kind: MediaKind,
    medium: Medium,
    *,
    caption: str | None = None,
    voice: bool = False,
    reply_to: str | None = None,
) -> Draft:
    """A photo, a voice note, a document, a sticker."""
    member: Json = {"id": medium.id, "mime_type": medium.mime_type, "sha256": base64_sha256(medium)}
    if sim.base_url:
        member["url"] = link(sim, medium)
    if caption and kind in {"image", "video", "document"}:
        member["caption"] = caption
    if kind == "document" and medium.filename:
        member["filename"] = medium.filename
    if kind == "audio":
        member["voice"] = voice
    if kind == "sticker":
        member["animated"] = False
    return Draft(kind=kind, content={kind: member}, text=caption, medium=medium, reply_to=reply_to)


def write(sim: Simulation, thread: Thread, draft: Draft) -> Message:
    """Send a message from the phone; offline, it waits there. Raises ImpossibleError where it cannot leave."""
    person = thread.persona
    if not person.on_whatsapp:
        raise ImpossibleError("Ya no usa WhatsApp: primero hay que volver a instalarlo.")
    if person.blocks_business:
        raise ImpossibleError("Bloqueó a la empresa: para escribirle, primero hay que desbloquearla.")
    bubble = Message(
        id=sim.ids.wamid(person.wa_id or person.user_id, inbound=True),
        mine=True,
        kind=draft.kind,
        at=sim.now() if draft.at is None else draft.at,
        status="waiting",
        text=draft.text,
        content={**draft.content, **_context(sim, thread, draft)},
        media_id=draft.medium.id if draft.medium else None,
        reply_to=draft.reply_to,
    )
    sim.world.remember(thread, bubble)
    if person.online:
        leave(sim, thread, bubble)
    sim.show(thread, bubble)
    sim.show_persona(thread)
    return bubble


def leave(sim: Simulation, thread: Thread, bubble: Message) -> None:
    """The message has reached WhatsApp: tell the business, unless it has blocked the debtor."""
    bubble.reach("sent", sim.now())
    if bubble.kind not in NOT_A_CONTACT:
        thread.last_inbound_at = max(thread.last_inbound_at or 0.0, bubble.at)
    person = thread.persona
    if person.user_id in sim.world.blocked:
        return
    element = message(person, bubble.id, bubble.at, bubble.kind, bubble.content)
    said = f" “{shortened(bubble.text)}”" if bubble.kind == "text" and bubble.text else ""
    value = messages_value(sim.settings, [person], [element])
    tell(sim, thread, "messages", value, what=f"message {bubble.kind}{said}, {person.name}", bubbles=[bubble])


def tell(
    sim: Simulation, thread: Thread, field: str, value: Json, *, what: str, bubbles: Sequence[Message] = ()
) -> None:
    """Send one change to the business, if it is subscribed."""

    def arrived() -> None:
        for bubble in bubbles:
            if bubble.reach("delivered", sim.now()) and len(bubbles) == 1:
                sim.show(thread, bubble)
        if len(bubbles) > 1:
            sim.hub.tell("resync", {})

    body = envelope(sim.settings, field, [value])
    sim.announce(News(body=body, what=what, persona=thread.persona.id, arrived=arrived))


def shortened(words: str, limit: int = 32) -> str:
    """The beginning of a text."""
    return words if len(words) <= limit else words[: limit - 1].rstrip() + "…"


def _context(sim: Simulation, thread: Thread, draft: Draft) -> Json:
    if draft.reply_to:
        return {"context": quoted(sim, thread, draft.reply_to)}
    if draft.forwarded:
        return {"context": {"frequently_forwarded" if draft.forwarded >= 5 else "forwarded": True}}
    return {}


def quoted(sim: Simulation, thread: Thread, wamid: str) -> Json:
    """The `context` of an answer to a message of the chat."""
    target = thread.messages.get(wamid)
    author = thread.persona.wa_id if target and target.mine else sim.settings.display_phone_number
    return {**({"from": author} if author else {}), "id": wamid}
