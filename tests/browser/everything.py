"""A thread with everything in it that a debtor can send, with the same words wherever a stranger's words can stand."""

from __future__ import annotations

from typing import Any

from tests.inbox import meta


def everything(words: str, *, sender: str, name: str | None = None) -> bytes:
    """One delivery from `sender`, who calls themselves `name` (or `words`)."""
    first = meta.text(words, sender=sender)
    medium = {"id": "1037543291543636", "sha256": "aaaa"}
    card = {"name": {"formatted_name": words, "first_name": words}, "phones": [{"phone": words, "type": words}]}
    item = {"product_retailer_id": words, "quantity": 2, "item_price": 12.5, "currency": "PEN"}
    link = {"body": words, "headline": words, "source_url": words, "source_type": "ad"}

    def of(kind: str, details: Any, **more: Any) -> dict[str, Any]:
        return meta.message(kind, details, sender=sender, **more)

    elements = [
        first,
        meta.text(words, sender=sender, context={"from": sender, "id": first["id"]}),
        meta.text("reenviado", sender=sender, context={"forwarded": True}),
        of("image", {**medium, "mime_type": "image/jpeg", "caption": words}),
        of("document", {**medium, "id": "2", "mime_type": "application/pdf", "filename": words, "caption": words}),
        of("audio", {**medium, "id": "3", "mime_type": "audio/ogg; codecs=opus", "voice": True}),
        of("location", {"latitude": -12.04, "longitude": -77.04, "name": words, "address": words, "url": words}),
        of("contacts", [card]),
        of("order", {"catalog_id": words, "text": words, "product_items": [item]}),
        of("button", {"text": words, "payload": words}),
        of("interactive", {"type": "list_reply", "list_reply": {"id": words, "title": words, "description": words}}),
        of("interactive", {"type": "nfm_reply", "nfm_reply": {"name": words, "body": words, "response_json": words}}),
        meta.text(words, sender=sender, referral=link),
        of("reaction", {"message_id": first["id"], "emoji": words}),
        of("edit", {"original_message_id": first["id"], "message": {"type": "text", "text": {"body": words + "!"}}}),
        of("system", {"body": words, "type": words}),
        of("unsupported", {"type": words}, errors=[{"code": 131051, "title": words, "message": words}]),
        of("hologram", {"body": words}),
        meta.text("Vea https://pagos.example/a?b=c&d y javascript:alert(1)", sender=sender),
    ]
    contact = {"wa_id": sender, "profile": {"name": words if name is None else name}}
    return meta.body(*elements, contacts=[contact])
