"""A send of the business: checked as Meta checks it, accepted, shown on the phone and set off on its way."""

from __future__ import annotations

import msgspec

from integrations.simulator.bubbles import bubble
from integrations.simulator.graph_errors import GraphError, invalid
from integrations.simulator.ledger import Entry
from integrations.simulator.payloads import Json
from integrations.simulator.recipients import Recipient, is_from_stranger, recipient
from integrations.simulator.simulation import Simulation
from integrations.simulator.statuses import set_off
from integrations.simulator.validation import MEDIA_KINDS, check
from integrations.simulator.world import Message, Thread

TYPING_SECONDS = 25.0
MEDIA_TYPES = {
    "image": {"image/jpeg", "image/png"},
    "audio": {"audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"},
    "video": {"video/mp4", "video/3gpp", "video/3gp"},
    "sticker": {"image/webp"},
}
WINDOW_CLOSED = (
    "Message failed to send because more than 24 hours have passed since the customer last replied to this number."
)
PAIR_LIMIT_HIT = (
    "Message failed to send because there were too many messages sent from this phone number "
    "to the same phone number in a short period of time."
)


class Accepted(msgspec.Struct, kw_only=True):
    """An accepted send: what to answer, and its line in the ledger."""

    answer: Json
    entry: Entry
    to: Recipient


def accept(sim: Simulation, body: Json) -> Accepted:
    """Check a send and accept it; raises GraphError as Meta would answer. When it raises, nothing has happened."""
    kind = check(body)
    to = recipient(sim, body)
    message = bubble(sim, kind, body)
    failure = _allow(sim, to, message)
    person = to.thread.persona
    message.id = sim.ids.wamid(person.wa_id or person.user_id, inbound=False)
    message.to_phone = to.is_phone
    entry = sim.ledger.append(
        Entry(
            at=sim.now(),
            wamid=message.id,
            to=to.address,
            persona=person.id,
            kind=kind,
            text=message.text,
            opaque=message.opaque,
            request=body,
        )
    )
    sim.journal.counters.accepted_sends += 1
    _place(sim, to.thread, message)
    set_off(sim, to.thread, message, failure=failure)
    return Accepted(answer=_answer(to, message), entry=entry, to=to)


def mark_read(sim: Simulation, body: Json) -> Json:
    """The business has read a message, and with it all before; with `typing_indicator`, it is writing too."""
    if body.get("messaging_product") != "whatsapp":
        raise GraphError(100, "The parameter messaging_product is required.")
    wamid = str(body.get("message_id", ""))
    typing = body.get("typing_indicator")
    if typing is not None and (not isinstance(typing, dict) or typing.get("type") != "text"):
        raise invalid("Param typing_indicator['type'] must be one of {text}.")
    if is_from_stranger(sim, wamid):
        return {"success": True}
    found = sim.world.find(wamid)
    if not found or not found[1].mine:
        raise invalid("Param message_id is not the id of a message that this number received.")
    thread, newest = found
    for message in thread.messages.values():
        if message.mine and message.at <= newest.at and message.status != "waiting":
            message.reach("read", sim.now())
            sim.show(thread, message)
    if typing:
        thread.typing_until = sim.now() + TYPING_SECONDS
        sim.hub.tell("typing", {"persona": thread.persona.id, "seconds": sim.clock.real(TYPING_SECONDS)})
    return {"success": True}


def _allow(sim: Simulation, to: Recipient, message: Message) -> int | None:
    """Raise what Meta would refuse with; return the code with which the message will fail later, if it will."""
    thread = to.thread
    if message.category == "authentication" and not to.is_phone:
        raise GraphError(131062, "Authentication templates cannot be sent to a business-scoped user id.")
    if message.kind == "reaction" and message.content["message_id"] not in thread.messages:
        raise invalid("Param reaction['message_id'] is not the id of a message of this conversation.")
    failure = _why_it_will_fail(sim, thread, message)
    if message.kind != "template" and not thread.window_is_open(sim.now()) and failure != 131026:
        if not sim.mischief.faults.window_error_by_webhook:
            raise GraphError(131047, WINDOW_CLOSED)
        failure = 131047
    if not sim.throughput.allows(sim.now()):
        raise GraphError(130429, "Cloud API message throughput has been reached.")
    if sim.settings.pair_limit and not sim.pairs.allows(thread.persona.user_id, sim.now()):
        raise GraphError(131056, PAIR_LIMIT_HIT)
    return failure


def _why_it_will_fail(sim: Simulation, thread: Thread, message: Message) -> int | None:
    if not thread.persona.on_whatsapp:
        return 131026
    kind = (message.content.get("header_media") or {}).get("kind", message.kind)
    medium = sim.world.media.get(message.media_id or "") if kind in MEDIA_KINDS else None
    allowed = MEDIA_TYPES.get(kind)
    if medium and allowed and medium.mime_type.partition(";")[0] not in allowed:
        return 131053
    return None


def _place(sim: Simulation, thread: Thread, message: Message) -> None:
    if sim.world.threads.get(thread.persona.id) is not thread:
        thread.add(message)
        return
    sim.world.remember(thread, message)
    if message.kind == "reaction":
        target = thread.messages[message.content["message_id"]]
        target.react("business", message.content.get("emoji", ""))
        sim.show(thread, target)
        return
    thread.typing_until = 0.0
    sim.show(thread, message)


def _answer(to: Recipient, message: Message) -> Json:
    person = to.thread.persona
    reached = {"wa_id": person.wa_id} if to.is_phone else {"user_id": person.user_id}
    pacing = {"message_status": "accepted"} if message.kind == "template" else {}
    return {
        "messaging_product": "whatsapp",
        "contacts": [{"input": to.address, **reached}],
        "messages": [{"id": message.id, **pacing}],
    }
