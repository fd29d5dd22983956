"""The number and its account on the Graph: facts, profile, subscription, history of a message, blocked people."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from integrations.simulator.graph_errors import GraphError, missing
from integrations.simulator.payloads import Json
from integrations.simulator.people import shown_phone
from integrations.simulator.settings import LOOPBACK
from integrations.simulator.simulation import Simulation
from integrations.simulator.validation import digits_of
from integrations.simulator.world import Thread

PROFILE_LIMITS = {"about": 139, "address": 256, "description": 512, "email": 128, "vertical": 32}
VERTICALS = (
    *("ALCOHOL", "APPAREL", "AUTO", "BEAUTY", "EDU", "ENTERTAIN", "EVENT_PLAN", "FINANCE", "GOVT", "GROCERY", "HEALTH"),
    *("HOTEL", "NONPROFIT", "ONLINE_GAMBLING", "OTC_DRUGS", "OTHER", "PHYSICAL_GAMBLING", "PROF_SERVICES"),
    *("RESTAURANT", "RETAIL", "TRAVEL"),
)
EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
APP = {
    "id": "670843887433001",
    "name": "Al Día (simulador)",
    "link": "https://www.facebook.com/games/?app_id=670843887433001",
}


def number(sim: Simulation, fields: str) -> Json:
    """`GET /{phone-number-id}` with these fields, or the usual ones."""
    level = "HIGH" if sim.settings.throughput > 80 else "STANDARD"
    whole: Json = {
        "verified_name": sim.settings.business_name,
        "code_verification_status": "VERIFIED",
        "display_phone_number": shown_phone(sim.settings.display_phone_number),
        "quality_rating": sim.world.quality,
        "platform_type": "CLOUD_API",
        "throughput": {"level": level},
        "status": "CONNECTED",
        "name_status": "APPROVED",
        "account_mode": "SANDBOX" if sim.settings.test_number else "LIVE",
        "is_official_business_account": False,
        "whatsapp_business_manager_messaging_limit": "TIER_10K",
        "health_status": {
            "can_send_message": "AVAILABLE",
            "entities": [
                {"entity_type": "PHONE_NUMBER", "id": sim.settings.phone_number_id, "can_send_message": "AVAILABLE"},
                {"entity_type": "WABA", "id": sim.settings.business_account_id, "can_send_message": "AVAILABLE"},
            ],
        },
        "id": sim.settings.phone_number_id,
    }
    usual = ("verified_name", "code_verification_status", "display_phone_number", "quality_rating", "platform_type")
    wanted = [name.strip() for name in fields.split(",") if name.strip()] or [*usual, "throughput"]
    return {name: whole[name] for name in dict.fromkeys([*wanted, "id"]) if name in whole}


def account(sim: Simulation) -> Json:
    """`GET /{business-account-id}`."""
    return {
        "id": sim.settings.business_account_id,
        "name": sim.settings.business_name,
        "timezone_id": "1",
        "message_template_namespace": "simulador",
        "account_review_status": "APPROVED",
    }


def profile(sim: Simulation, fields: list[str]) -> Json:
    """`GET /{phone-number-id}/whatsapp_business_profile`."""
    whole: Json = {**sim.world.profile, "messaging_product": "whatsapp"}
    wanted = [*fields, "messaging_product"] if fields else list(whole)
    return {"data": [{name: whole[name] for name in wanted if name in whole}]}


def change_profile(sim: Simulation, body: Json) -> Json:
    """`POST /{phone-number-id}/whatsapp_business_profile`."""
    if body.get("messaging_product") != "whatsapp":
        raise GraphError(100, "The parameter messaging_product is required.")
    changes = {name: value for name, value in body.items() if name != "messaging_product"}
    _check_profile(changes)
    sim.world.profile.update(changes)
    return {"success": True}


def _check_profile(changes: Json) -> None:
    """Refuse what Meta's reference of the business profile does not allow."""
    for name, limit in PROFILE_LIMITS.items():
        if len(str(changes.get(name, ""))) > limit:
            raise GraphError(100, f"Param {name} must be at most {limit} characters long.")
    if not str(changes.get("about", "x")).strip():
        raise GraphError(100, "Param about must be at least 1 character long.")
    if changes.get("vertical", "") not in {"", *VERTICALS}:
        raise GraphError(100, f"Param vertical must be one of {{{', '.join(VERTICALS)}}}.")
    if changes.get("email") and not EMAIL.fullmatch(str(changes["email"])):
        raise GraphError(100, "Param email is not a valid email address.")
    websites = changes.get("websites", [])
    if not isinstance(websites, list) or len(websites) > 2:
        raise GraphError(100, "Param websites must have at most 2 elements.")
    if not all(str(site).startswith(("https://", "http://")) and len(str(site)) <= 256 for site in websites):
        raise GraphError(100, "Param websites must hold URLs of at most 256 characters.")


def subscriptions(sim: Simulation) -> Json:
    """`GET /{business-account-id}/subscribed_apps`."""
    override = (
        {}
        if sim.webhooks.courier.url == sim.settings.webhook_url
        else {"override_callback_uri": sim.webhooks.courier.url}
    )
    return {"data": [{"whatsapp_business_api_data": APP, **override}] if sim.world.subscribed else []}


async def subscribe(sim: Simulation, body: Json) -> Json:
    """`POST /{business-account-id}/subscribed_apps`; an overriding address must pass the handshake first."""
    address = body.get("override_callback_uri")
    if address:
        if urlsplit(str(address)).hostname not in LOOPBACK:
            raise GraphError(100, "This simulator sends to loopback addresses only.")
        if not await sim.webhooks.verify(str(address), str(body.get("verify_token", ""))):
            raise GraphError(100, "Callback verification failed: the address did not echo the challenge.", subcode=2200)
        sim.webhooks.courier.redirect(str(address))
    sim.world.subscribed = True
    return {"success": True, **({"data": subscriptions(sim)["data"]} if address else {})}


def unsubscribe(sim: Simulation) -> Json:
    """`DELETE /{business-account-id}/subscribed_apps`: no webhooks from now on."""
    sim.world.subscribed = False
    return {"success": True}


def history(sim: Simulation, query: Mapping[str, str]) -> Json:
    """`GET /{phone-number-id}/message_history`: what became of one message."""
    wamid = query.get("message_id", "")
    if not wamid:
        raise missing("message_id")
    found = sim.world.find(wamid)
    if not found:
        return {"data": []}
    _, message = found
    events = [
        {
            "id": f"{message.id[-12:]}{place}",
            "delivery_status": status.upper(),
            "timestamp": int(at),
            "webhook_update_state": "DELIVERED",
            "application": {"id": APP["id"]},
            "webhook_uri": sim.webhooks.courier.url,
        }
        for place, (status, at) in enumerate(message.history)
    ]
    return {"data": [{"id": message.id[-16:], "message_id": message.id, "events": {"data": events}}]}


def blocked(sim: Simulation) -> Json:
    """`GET /{phone-number-id}/block_users`."""
    people = [thread.persona for thread in sim.world.threads.values() if thread.persona.user_id in sim.world.blocked]
    return {
        "data": [
            {
                "messaging_product": "whatsapp",
                **({"wa_id": person.wa_id} if person.wa_id else {"user_id": person.user_id}),
            }
            for person in people
        ]
    }


def block(sim: Simulation, body: Json) -> Json:
    """`POST /{phone-number-id}/block_users`: only people who wrote in the last 24 hours."""
    added: list[Json] = []
    failed: list[Json] = []
    for address, thread in _people(sim, body):
        if thread is None or not thread.window_is_open(sim.now()):
            failed.append({"input": address, "errors": [{"code": 131047, "message": "Re-engagement message"}]})
        else:
            sim.world.blocked.add(thread.persona.user_id)
            added.append(_entry(address, thread))
    users: Json = {"added_users": added, **({"failed_users": failed} if failed else {})}
    return {"messaging_product": "whatsapp", "block_users": users}


def unblock(sim: Simulation, body: Json) -> Json:
    """`DELETE /{phone-number-id}/block_users`."""
    removed: list[Json] = []
    for address, thread in _people(sim, body):
        if thread and thread.persona.user_id in sim.world.blocked:
            sim.world.blocked.discard(thread.persona.user_id)
            removed.append(_entry(address, thread))
    return {"messaging_product": "whatsapp", "block_users": {"removed_users": removed}}


def _people(sim: Simulation, body: Json) -> list[tuple[str, Thread | None]]:
    users: Any = body.get("block_users")
    if not isinstance(users, list) or not users:
        raise missing("block_users")
    found = []
    for user in users:
        address = str((user or {}).get("user") or (user or {}).get("user_id") or "")
        found.append((address, sim.world.thread_of(address) or sim.world.thread_of(_digits(address))))
    return found


def _digits(address: str) -> str:
    return digits_of(address) if address[:1] in "+0123456789" and address else ""


def _entry(address: str, thread: Thread) -> Json:
    person = thread.persona
    return {"input": address, **({"wa_id": person.wa_id} if person.wa_id else {"user_id": person.user_id})}
