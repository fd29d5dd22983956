"""Every kind of message Meta can deliver becomes something an agent can read, on a real page."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.front import Front, a_console, settings_for
from tests.inbox import meta

MEDIA = {"id": "1037543291543636", "mime_type": "image/jpeg", "sha256": "aaaa", "caption": "El comprobante"}
CARD = {"name": {"formatted_name": "Lucía Gómez", "first_name": "Lucía"}, "phones": [{"phone": "+51 999 111 222"}]}
KINDS = {
    "text": ({"body": "¿Cuánto debo?"}, "¿Cuánto debo?"),
    "image": (MEDIA, "El comprobante"),
    "video": ({**MEDIA, "mime_type": "video/mp4"}, "El comprobante"),
    "audio": ({"id": "1", "mime_type": "audio/ogg; codecs=opus", "voice": True}, "Nota de voz"),
    "document": (
        {"id": "1", "mime_type": "application/pdf", "filename": "constancia <b>.pdf"},
        "constancia &lt;b&gt;.pdf",
    ),
    "sticker": ({"id": "1", "mime_type": "image/webp", "animated": False}, "Sticker"),
    "location": ({"latitude": 0.0, "longitude": -77.04, "name": "Agente Kasnet"}, "Agente Kasnet"),
    "contacts": ([CARD], "Lucía Gómez"),
    "button": ({"text": "Ya pagué", "payload": "PAID"}, "Ya pagué"),
    "interactive": ({"type": "button_reply", "button_reply": {"id": "a", "title": "Pagar hoy"}}, "Pagar hoy"),
    "order": ({"catalog_id": "C", "product_items": [{"product_retailer_id": "SKU-9", "quantity": 2}]}, "SKU-9"),
    "reaction": ({"message_id": "wamid.NOBODY", "emoji": "👍"}, "Reaccionó a un mensaje que no tenemos"),
    "edit": (
        {"original_message_id": "wamid.NOBODY", "message": {"type": "text", "text": {"body": "ahora así"}}},
        "Editó un mensaje que no tenemos",
    ),
    "revoke": ({"original_message_id": "wamid.NOBODY"}, "Eliminó un mensaje que no tenemos"),
    "system": (
        {"body": "Ana cambió de número", "type": "user_changed_number", "wa_id": "51911"},
        "Ana cambió de número",
    ),
    "unsupported": ({"type": "poll"}, "Mensaje que WhatsApp no entrega por esta vía"),
    "hologram": ({"depth": 3}, "Mensaje de un tipo nuevo"),
}


async def test_every_kind_is_shown(sqlite_database_url: str, tmp_path: Path) -> None:
    async with a_console(settings_for(sqlite_database_url, tmp_path)) as front:
        ana = await front.agent("Ana")
        for kind, (details, _shown) in KINDS.items():
            answer = await front.webhook(meta.body(meta.message(kind, details)))
            assert answer.status_code == 200, kind

        page = await ana.see("/inbox/1?view=all")
        for kind, (_details, shown) in KINDS.items():
            assert shown in page, kind
        listed = await ana.see("/inbox?view=all")
        assert 'id="row-1"' in listed


HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "javascript:alert(1)",
    "{{7*7}}{% raw %}${7*7}%s{0.__class__}",
    "\u202egpj.exe\u202c",
    "a" * 4096,
    "Z̷̢͝a̷̛l̴g̸o",
)


@pytest.mark.parametrize("hostile", HOSTILE, ids=range(len(HOSTILE)))
async def test_what_strangers_write_is_text_everywhere(sqlite_database_url: str, tmp_path: Path, hostile: str) -> None:
    """X1, X2, X4, X5, X22: in the thread, the list, the title, the history and the notices."""
    async with a_console(settings_for(sqlite_database_url, tmp_path)) as front:
        ana = await front.agent("Ana")
        await deliver(front, hostile)
        await ana.reply(1, "hola")
        for path in ("/inbox/1?view=all", "/inbox?view=all", "/inbox/1/history", "/inbox/1/templates"):
            page = await ana.see(path)
            assert "<script>alert" not in page
            assert "<img src=x" not in page
            assert 'href="javascript:' not in page
            assert "49${" not in page


async def deliver(front: Front, hostile: str) -> None:
    for kind, details in (
        ("text", {"body": hostile}),
        ("document", {"id": "1", "mime_type": hostile, "filename": hostile, "caption": hostile}),
        ("location", {"latitude": 1, "longitude": 2, "name": hostile, "address": hostile, "url": hostile}),
        ("contacts", [{"name": {"formatted_name": hostile}, "phones": [{"phone": hostile}]}]),
        ("button", {"text": hostile, "payload": hostile}),
        ("order", {"catalog_id": hostile, "product_items": [{"product_retailer_id": hostile, "currency": hostile}]}),
        (hostile[:40], {"x": hostile}),
    ):
        body = meta.body(meta.message(kind, details)).replace(b"Persona 8305", b"HOSTILE")
        name = json.dumps(hostile)[1:-1].encode()
        answer = await front.webhook(body.replace(b"HOSTILE", name))
        assert answer.status_code == 200
