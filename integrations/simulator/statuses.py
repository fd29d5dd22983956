"""How far a message of the business has come: sent, delivered, read or failed, and who is told."""

from __future__ import annotations

from collections.abc import Sequence

from integrations.simulator.payloads import Json, contact, envelope, error, pricing, statuses_value
from integrations.simulator.simulation import Simulation
from integrations.simulator.webhooks import News
from integrations.simulator.world import Message, Rank, Thread

FAILURES = {
    131026: ("Message undeliverable", "Message Undeliverable."),
    131047: (
        "Re-engagement message",
        "Message failed to send because more than 24 hours have passed since the customer last replied to this number.",
    ),
    131053: ("Media upload error", "The media type does not match the message type."),
}


def set_off(sim: Simulation, thread: Thread, message: Message, *, failure: int | None = None) -> None:
    """Let an accepted message go its way; with `failure`, it comes to nothing with that code."""
    message.barred = thread.persona.blocks_business
    after = 0.0 if sim.mischief.faults.status_before_answer else sim.settings.sent_after
    if failure:
        sim.later(after, lambda: fail(sim, thread, message, failure))
    elif after:
        sim.later(after, lambda: _sent(sim, thread, message))
    else:
        _sent(sim, thread, message)


def fail(sim: Simulation, thread: Thread, message: Message, code: int) -> None:
    """Report a message as failed."""
    message.error = code
    _climb(sim, thread, [message], "failed")


def arrive(sim: Simulation, thread: Thread) -> None:
    """The phone is reachable (again): whatever waited for it is delivered, in one POST."""
    waiting = [message for message in thread.with_status("sent") if not message.barred]
    if waiting and thread.persona.online and not thread.persona.blocks_business:
        _delivered(sim, thread, waiting)


def read_all(sim: Simulation, thread: Thread) -> int:
    """The debtor reads everything delivered; returns how many messages that were."""
    unread = thread.with_status("delivered")
    if unread:
        _climb(sim, thread, unread, "read")
    return len(unread)


def played(sim: Simulation, thread: Thread, message: Message) -> None:
    """The debtor has listened to a voice note for the first time."""
    if not message.played:
        message.played = True
        _announce(sim, thread, [message], "played")


def _sent(sim: Simulation, thread: Thread, message: Message) -> None:
    _climb(sim, thread, [message], "sent")
    sim.later(
        max(0.0, sim.settings.delivered_after - sim.settings.sent_after),
        lambda: arrive(sim, thread),
    )


def _delivered(sim: Simulation, thread: Thread, messages: list[Message]) -> None:
    if thread.open_by:
        # Meta skips `delivered` while the chat is open.
        _climb(sim, thread, messages, "read")
        return
    _climb(sim, thread, messages, "delivered")
    if sim.settings.read_after is not None:
        sim.later(sim.settings.read_after, lambda: _read_some(sim, thread, messages))


def _read_some(sim: Simulation, thread: Thread, messages: list[Message]) -> None:
    _climb(sim, thread, [message for message in messages if message.status == "delivered"], "read")


def _climb(sim: Simulation, thread: Thread, messages: Sequence[Message], status: Rank) -> None:
    climbed = [message for message in messages if message.reach(status, sim.now())]
    if not climbed:
        return
    _announce(sim, thread, climbed, status)
    for message in climbed:
        sim.show(thread, message)
    sim.show_persona(thread)


def _announce(sim: Simulation, thread: Thread, messages: Sequence[Message], status: str) -> None:
    statuses = [_status(sim, thread, message, status) for message in messages]
    people = [] if status == "failed" else [contact(thread.persona, with_username=status != "sent")]
    name = thread.persona.name
    what = f"status {status}, {name}" if len(messages) == 1 else f"{len(messages)} statuses {status}, {name}"
    body = envelope(sim.settings, "messages", [statuses_value(sim.settings, people, statuses)])
    sim.announce(News(body=body, what=what, persona=thread.persona.id, is_status=True))


def _status(sim: Simulation, thread: Thread, message: Message, status: str) -> Json:
    person = thread.persona
    shape: Json = {"id": message.id, "status": status, "timestamp": str(int(sim.now()))}
    if message.to_phone and person.wa_id:
        shape["recipient_id"] = person.wa_id
    if status != "failed" or not message.to_phone:
        shape["recipient_user_id"] = person.user_id
    if message.opaque is not None:
        shape["biz_opaque_callback_data"] = message.opaque
    if status in {"sent", "delivered"} or (
        status == "read" and not any(step == "delivered" for step, _ in message.history)
    ):
        if sim.settings.wire_version < 24:
            shape["conversation"] = _conversation(message, status)
        shape["pricing"] = pricing(message.category)
    if message.error is not None:
        title, details = FAILURES.get(message.error, ("Something went wrong", "Something went wrong."))
        shape["errors"] = [error(message.error, title, details)]
    return shape


def _conversation(message: Message, status: str) -> Json:
    ends = {"expiration_timestamp": str(int(message.at) + 86_400)} if status == "sent" else {}
    return {"id": message.id[-32:], **ends, "origin": {"type": message.category}}
