"""What a message of each kind shows of its details: the wire's nesting made flat for templates and integrators."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from console import masking

UNDATED = "undated"
"""What a message's content says where WhatsApp gave no time that can be: the one it bears is that of its arrival."""


def content_of(kind: str, content: Mapping[str, Any] | None) -> dict[str, Any]:
    """The details of a message as screens show them; anything that isn't as expected is left out, never an error.

    location: latitude, longitude, name, address · contacts: [{name, phones}] · order: items, total, currency ·
    interactive: body (an answered form, line by line) · templates and events as they are kept.
    """
    details = dict(content or {})
    if kind == "location":
        return _mapping(details.get("location"))
    if kind == "contacts":
        return {"contacts": [_card(card) for card in _list(details.get("contacts")) if isinstance(card, Mapping)]}
    if kind == "order":
        return _order(_mapping(details.get("order")))
    if kind == "interactive":
        return {**details, "body": _form(_mapping(_mapping(details.get("interactive")).get("response")))}
    return details


def told(kind: str | None, text: str | None) -> str | None:
    """The words of a message on a screen: WhatsApp's own (kind "system") name telephones, and none stands whole."""
    return masking.within(text) if kind == "system" and text else text


def _card(card: Mapping[str, Any]) -> dict[str, Any]:
    phones = [_mapping(phone) for phone in _list(card.get("phones"))]
    numbers = [phone.get("phone") or phone.get("wa_id") for phone in phones]
    return {
        "name": _mapping(card.get("name")).get("formatted_name") or "",
        "phones": [str(number) for number in numbers if number],
    }


def _order(order: Mapping[str, Any]) -> dict[str, Any]:
    return {"items": [dict(item) for item in _list(order.get("product_items")) if isinstance(item, Mapping)]}


def _form(response: Mapping[str, Any]) -> str:
    """An answered WhatsApp Flow: what was filled in, without the token that ties it to us."""
    pairs = ((name, value) for name, value in response.items() if name != "flow_token")
    return "\n".join(f"{name}: {value}" for name, value in pairs if isinstance(value, str | int | float))


def _mapping(value: object) -> dict[str, Any]:
    return dict(value) if isinstance(value, Mapping) else {}


def _list(value: object) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else []
