"""What Meta would send: webhook bodies, built as it builds them and signed as it signs them."""

from __future__ import annotations

import itertools
import json
from datetime import datetime
from typing import Any

from console import clock

PHONE_NUMBER_ID = "106540352242922"
BUSINESS_ACCOUNT_ID = "102290129340398"
MARIA = "51944218305"

_numbers = itertools.count(1)


def text(
    body: str = "Hola, ¿cuánto debo?",
    *,
    sender: str | None = MARIA,
    wamid: str | None = None,
    at: datetime | None = None,
    **more: Any,
) -> dict[str, Any]:
    """A text message, as an element of `messages`."""
    return message("text", {"body": body}, sender=sender, wamid=wamid, at=at, **more)


def message(
    kind: str,
    details: Any = None,
    *,
    sender: str | None = MARIA,
    wamid: str | None = None,
    at: datetime | None = None,
    **more: Any,
) -> dict[str, Any]:
    """A message of any kind, as an element of `messages`."""
    element: dict[str, Any] = {
        "id": wamid or new_wamid(),
        "timestamp": str(int((at or clock.now()).timestamp())),
        "type": kind,
        **more,
    }
    if sender is not None:
        element["from"] = sender
    if details is not None:
        element[kind] = details
    return element


def status(wamid: str, what: str, *, at: datetime | None = None, **more: Any) -> dict[str, Any]:
    """A status, as an element of `statuses`."""
    moment = str(int((at or clock.now()).timestamp()))
    return {"id": wamid, "status": what, "timestamp": moment, "recipient_id": MARIA, **more}


def body(*messages: dict[str, Any], statuses: list[dict[str, Any]] | None = None, **more: Any) -> bytes:
    """One delivery with these messages, from people named after their number."""
    people = {element["from"]: element.get("from_user_id") for element in messages if "from" in element}
    value: dict[str, Any] = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "51144218300", "phone_number_id": PHONE_NUMBER_ID},
        **({"contacts": [_contact(*person) for person in people.items()]} if people else {}),
        **({"messages": list(messages)} if messages else {}),
        **({"statuses": statuses} if statuses else {}),
        **more,
    }
    return delivery({"field": "messages", "value": value})


def notice(field: str, value: dict[str, Any], *, account: str = BUSINESS_ACCOUNT_ID) -> bytes:
    """One delivery about the account rather than a message."""
    return delivery({"field": field, "value": value}, account=account)


def delivery(*changes: dict[str, Any], account: str = BUSINESS_ACCOUNT_ID) -> bytes:
    """The envelope, escaped as Meta escapes it: non-ASCII as code units, and the slash too."""
    envelope = {"object": "whatsapp_business_account", "entry": [{"id": account, "changes": list(changes)}]}
    return json.dumps(envelope, separators=(",", ":")).replace("/", "\\/").encode()


def new_wamid() -> str:
    """An id no other message of the test has."""
    return f"wamid.TEST{next(_numbers):08d}"


def _contact(number: str, user_id: str | None) -> dict[str, Any]:
    contact: dict[str, Any] = {"profile": {"name": f"Persona {number[-4:]}"}, "wa_id": number}
    return {**contact, "user_id": user_id} if user_id else contact
