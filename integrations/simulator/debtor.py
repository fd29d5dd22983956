"""What a debtor does on the phone beside writing: tap, react, edit, delete, go offline, block, change number."""

from __future__ import annotations

from typing import Literal

from integrations.simulator import statuses
from integrations.simulator.inbound import Draft, ImpossibleError, leave, quoted, tell, write
from integrations.simulator.payloads import Json, contact, error, head
from integrations.simulator.people import invent
from integrations.simulator.simulation import Simulation
from integrations.simulator.world import Button, Message, Thread


def tap(sim: Simulation, thread: Thread, wamid: str, place: int) -> Message:
    """Tap a button, or choose a row, of a message of the business. Raises ImpossibleError where there is none."""
    offer = _message(thread, wamid)
    if offer.mine or not 0 <= place < len(offer.buttons):
        raise ImpossibleError("Ese mensaje no tiene ese botón.")
    button = offer.buttons[place]
    draft = _answer(thread, button, wamid)
    button.used = True
    sim.show(thread, offer)
    return write(sim, thread, draft)


def own_contact(thread: Thread, *, reply_to: str | None = None) -> Draft:
    """The debtor's own number, as the answer to `request_contact_info`."""
    person = thread.persona
    card: Json = {"name": {"formatted_name": person.shown_name}, "origin": "contact_request"}
    card["phones"] = [{"phone": f"+{person.wa_id}", "wa_id": person.wa_id, "type": "MOBILE"}] if person.wa_id else []
    return Draft(kind="contacts", content={"contacts": [card]}, text=person.shown_name, reply_to=reply_to)


def react(sim: Simulation, thread: Thread, wamid: str, emoji: str) -> Message:
    """React to any message of the chat; an empty emoji takes the reaction away."""
    target = _message(thread, wamid)
    member = {"message_id": wamid, "emoji": emoji} if emoji else {"message_id": wamid}
    sent = write(sim, thread, Draft(kind="reaction", content={"reaction": member}, text=emoji))
    target.react("debtor", emoji)
    sim.show(thread, target)
    return sent


def edit(sim: Simulation, thread: Thread, wamid: str, body: str) -> Message:
    """Change the text of an own message."""
    target = _own(thread, wamid)
    if target.kind != "text":
        raise ImpossibleError("Solo se editan los textos.")
    sent = write(
        sim, thread, _unsupported() if sim.mischief.faults.edits_unsupported else _edit(sim, thread, target, body)
    )
    target.text, target.edited = body, True
    sim.show(thread, target)
    return sent


def revoke(sim: Simulation, thread: Thread, wamid: str) -> Message:
    """Delete an own message for everyone."""
    target = _own(thread, wamid)
    sent = write(sim, thread, Draft(kind="revoke", content={"revoke": {"original_message_id": wamid}}))
    target.deleted = True
    sim.show(thread, target)
    return sent


def listen(sim: Simulation, thread: Thread, wamid: str) -> Message:
    """Listen to a voice note of the business."""
    target = _message(thread, wamid)
    if target.mine or target.kind != "audio" or target.status not in {"delivered", "read"}:
        raise ImpossibleError("Ese mensaje no es un audio que haya llegado.")
    statuses.played(sim, thread, target)
    return target


def set_online(sim: Simulation, thread: Thread, *, online: bool) -> None:
    """Take the phone on or off the network; on: what waited leaves, and what waited for it arrives."""
    thread.persona.online = online
    if online:
        for bubble in list(thread.messages.values()):
            if bubble.mine and bubble.status == "waiting":
                leave(sim, thread, bubble)
                sim.show(thread, bubble)
        statuses.arrive(sim, thread)
    sim.show_persona(thread)


def set_blocking(sim: Simulation, thread: Thread, *, blocks: bool) -> None:
    """Block the business, or let it in again: what it sent meanwhile stays at `sent` for ever."""
    thread.persona.blocks_business = blocks
    sim.show_persona(thread)


def open_chat(sim: Simulation, thread: Thread, viewer: str) -> int:
    """Look at the chat: everything delivered is read. Returns how many messages that were."""
    thread.open_by.add(viewer)
    return statuses.read_all(sim, thread)


def change_number(sim: Simulation, thread: Thread, number: str | None = None) -> None:
    """Move to another number, and so to another BSUID: a system message tells the one, a field of its own the other."""
    person = thread.persona
    old_phone, old_user = person.wa_id, person.user_id
    if old_phone is None:
        raise ImpossibleError("Esta persona no muestra su teléfono.")
    new_phone = number or invent(sim.chance, sim.ids, country=person.country).wa_id or ""
    if not new_phone.isdigit() or sim.world.thread_of(new_phone):
        raise ImpossibleError("Ese número no sirve, o ya es de otra persona.")
    sim.world.unregister(person)
    person.wa_id, person.user_id = new_phone, sim.ids.user_id(person.country)
    sim.world.register(person)
    notice: Json = {
        "from": old_phone,
        "id": sim.ids.wamid(new_phone, inbound=True),
        "timestamp": str(int(sim.now())),
        "system": {
            "body": f"User {person.shown_name} changed from {old_phone} to {new_phone}",
            "wa_id": new_phone,
            "type": "user_changed_number",
        },
        "type": "system",
    }
    value = {**head(sim.settings), "messages": [notice]}
    tell(sim, thread, "messages", value, what=f"system user_changed_number, {person.name}")
    change: Json = {
        "wa_id": new_phone,
        "detail": "The user changed their phone number.",
        "user_id": {"previous": old_user, "current": person.user_id},
        "timestamp": int(sim.now()),
    }
    value = {**head(sim.settings), "user_id_update": [change]}
    tell(sim, thread, "user_id_update", value, what=f"user_id_update, {person.name}")
    sim.show_persona(thread)


def prefer(sim: Simulation, thread: Thread, value: Literal["stop", "resume"]) -> None:
    """Stop or resume marketing messages, from the menu of the chat."""
    person = thread.persona
    preference: Json = {
        **({"wa_id": person.wa_id} if person.wa_id else {}),
        "user_id": person.user_id,
        "detail": f"User requested to {value} marketing messages",
        "category": "marketing_messages",
        "value": value,
        "timestamp": int(sim.now()),
    }
    body = {**head(sim.settings), "contacts": [contact(person)], "user_preferences": [preference]}
    tell(sim, thread, "user_preferences", body, what=f"user_preferences {value}, {person.name}")


def _answer(thread: Thread, button: Button, wamid: str) -> Draft:
    match button.kind:
        case "quick_reply":
            content: Json = {"button": {"payload": button.id, "text": button.title}}
            return Draft(kind="button", content=content, text=button.title, reply_to=wamid)
        case "reply":
            chosen: Json = {"type": "button_reply", "button_reply": {"id": button.id, "title": button.title}}
            return Draft(kind="interactive", content={"interactive": chosen}, text=button.title, reply_to=wamid)
        case "row":
            row: Json = {"id": button.id, "title": button.title}
            if button.description:
                row["description"] = button.description
            chosen = {"type": "list_reply", "list_reply": row}
            return Draft(kind="interactive", content={"interactive": chosen}, text=button.title, reply_to=wamid)
        case "contact":
            return own_contact(thread, reply_to=wamid)
        case _:
            raise ImpossibleError("Ese botón no contesta nada: abre un enlace, una llamada o el mapa.")


def _edit(sim: Simulation, thread: Thread, target: Message, body: str) -> Draft:
    inner: Json = {"type": "text", "text": {"body": body}}
    if target.reply_to:
        inner["context"] = quoted(sim, thread, target.reply_to)
    return Draft(kind="edit", content={"edit": {"original_message_id": target.id, "message": inner}}, text=body)


def _unsupported() -> Draft:
    content: Json = {
        "errors": [error(131051, "Message type unknown", "Message type is currently not supported.")],
        "unsupported": {"type": "edit"},
    }
    return Draft(kind="unsupported", content=content)


def _message(thread: Thread, wamid: str) -> Message:
    found = thread.messages.get(wamid)
    if found is None or found.deleted:
        raise ImpossibleError("Ese mensaje no está en este chat.")
    return found


def _own(thread: Thread, wamid: str) -> Message:
    found = _message(thread, wamid)
    if not found.mine:
        raise ImpossibleError("Ese mensaje es de la empresa.")
    return found
