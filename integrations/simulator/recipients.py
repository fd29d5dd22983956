"""Whom a send addresses: a phone in any spelling, or a business-scoped user id."""

from __future__ import annotations

import base64
import binascii
import re

import msgspec

from integrations.simulator.graph_errors import GraphError, invalid
from integrations.simulator.payloads import Json
from integrations.simulator.people import Persona, dialable
from integrations.simulator.simulation import Simulation
from integrations.simulator.validation import BSUID, digits_of
from integrations.simulator.world import Thread

NOT_ALLOWED = (
    "Recipient phone number not in allowed list: add recipient phone number to recipient list and try again. "
    "Only the dialable form of a number is on the list of a test number."
)


class Recipient(msgspec.Struct):
    """The chat a send goes to, the address as it was written, and which kind of address that is."""

    thread: Thread
    address: str
    is_phone: bool


def recipient(sim: Simulation, body: Json) -> Recipient:
    """Find whom a send goes to; `to` wins over `recipient`, as with Meta. Raises GraphError."""
    found = _by_phone(sim, body["to"]) if body.get("to") else _by_user_id(sim, str(body["recipient"]))
    if found.thread.persona.user_id in sim.world.blocked:
        raise GraphError(130403, "The business has blocked this user.")
    return found


def _by_user_id(sim: Simulation, address: str) -> Recipient:
    if not BSUID.fullmatch(address):
        raise invalid("Param recipient is not a valid business-scoped user id.")
    thread = sim.world.thread_of(address)
    if thread is None:
        raise invalid("The business-scoped user id is not, or no longer, the id of a user of this portfolio.")
    return Recipient(thread, address, is_phone=False)


def _by_phone(sim: Simulation, address: object) -> Recipient:
    digits = digits_of(address)
    if dialable(digits) == dialable(re.sub(r"\D", "", sim.settings.display_phone_number)):
        raise GraphError(131021, "The recipient is the sender.")
    thread = sim.world.thread_of(digits)
    if sim.settings.test_number and (thread is None or digits != dialable(thread.persona.wa_id or "")):
        raise GraphError(131030, NOT_ALLOWED)
    return Recipient(thread or _stranger(sim, digits), str(address), is_phone=True)


def _stranger(sim: Simulation, digits: str) -> Thread:
    """A number without a phone here: somebody from a load run, or nobody on WhatsApp."""
    wrote_at = sim.world.strangers.get(digits)
    persona = Persona(
        id=digits,
        name=f"+{digits}",
        country="PE",
        situation="",
        wa_id=digits,
        user_id=f"PE.{digits}",
        on_whatsapp=wrote_at is not None,
    )
    return Thread(persona, last_inbound_at=wrote_at)


def is_from_stranger(sim: Simulation, wamid: str) -> bool:
    """Whether a message id names somebody from a load run; the phone is packed into it."""
    try:
        packed = base64.b64decode(wamid.removeprefix("wamid."), validate=True)
    except binascii.Error:
        return False
    return len(packed) > 3 and packed[3 : 3 + packed[2]].decode(errors="replace") in sim.world.strangers
