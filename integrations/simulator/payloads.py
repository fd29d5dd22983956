"""The bodies of Meta's webhooks: their shapes, and the way Meta writes JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from integrations.simulator.people import Persona
from integrations.simulator.settings import SimulatorSettings

Json = dict[str, Any]


def written(body: Json) -> bytes:
    r"""JSON as Meta serialises and signs it: everything beyond ASCII escaped (`\u00f1`), and `/` as `\/`."""
    return json.dumps(body, separators=(",", ":")).replace("/", "\\/").encode()


def envelope(settings: SimulatorSettings, field: str, values: Iterable[Json], *, at: float | None = None) -> Json:
    """One POST with one entry; `entry.time` stands on the fields of accounts and templates only."""
    entry: Json = {"id": settings.business_account_id}
    if at is not None:
        entry["time"] = int(at)
    entry["changes"] = [{"value": value, "field": field} for value in values]
    return {"object": "whatsapp_business_account", "entry": [entry]}


def messages_value(settings: SimulatorSettings, people: Iterable[Persona], messages: list[Json]) -> Json:
    """The value of a `messages` change that brings messages."""
    return {**head(settings), "contacts": [contact(person) for person in people], "messages": messages}


def statuses_value(settings: SimulatorSettings, people: Iterable[Json], statuses: list[Json]) -> Json:
    """The value of a `messages` change that brings statuses; `failed` ones come without contacts."""
    contacts = list(people)
    return {**head(settings), **({"contacts": contacts} if contacts else {}), "statuses": statuses}


def head(settings: SimulatorSettings) -> Json:
    """What every value of the field `messages` begins with."""
    return {
        "messaging_product": "whatsapp",
        "metadata": {
            "display_phone_number": settings.display_phone_number,
            "phone_number_id": settings.phone_number_id,
        },
    }


def contact(person: Persona, *, with_username: bool = True) -> Json:
    """An element of `contacts`: the phone only where it may be seen."""
    profile: Json = {"name": person.shown_name}
    if person.username and with_username:
        profile["username"] = person.username
    phone = {"wa_id": person.wa_id} if person.wa_id else {}
    return {"profile": profile, **phone, "user_id": person.user_id}


def message(person: Persona, wamid: str, at: float, kind: str, content: Json) -> Json:
    """An element of `messages`. `content` holds the member named like `kind`, and whatever stands beside it."""
    phone = {"from": person.wa_id} if person.wa_id else {}
    return {
        **phone,
        "from_user_id": person.user_id,
        "id": wamid,
        "timestamp": str(int(at)),
        "type": kind,
        **content,
    }


def error(code: int, title: str, details: str) -> Json:
    """An element of `errors` in a webhook."""
    return {
        "code": code,
        "title": title,
        "message": title,
        "error_data": {"details": details},
        "href": "/documentation/business-messaging/whatsapp/support/error-codes",
    }


def pricing(category: str, *, entry_point: bool = False) -> Json:
    """What a message costs, in the words of the pricing since July 2025."""
    kind = "free_entry_point" if entry_point else "regular"
    return {"billable": not entry_point, "pricing_model": "PMP", "type": kind, "category": category}
