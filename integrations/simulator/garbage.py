"""Webhooks that nobody can understand, and webhooks that nobody should believe."""

from __future__ import annotations

import copy
from random import Random

from integrations.simulator.payloads import Json


def unreadable(body: bytes, chance: Random) -> bytes:
    """Something to sign well that makes no sense: one of the ways in which bodies have been seen to break."""
    half = body[: len(body) // 2]
    return chance.choice(
        [
            half,
            half + b"\xff\xfe\xff" + body[len(body) // 2 :],
            b"",
            b"null",
            b"[]",
            b"<html><body>502 Bad Gateway</body></html>",
            b"\xef\xbb\xbf" + body[:-1],
            b'{"object":"whatsapp_business_account","entry":' + b"[" * 20_000,
            b'{"object":"whatsapp_business_account","entry":{"0":"not a list"}}',
            b'{"object":"whatsapp_business_account","entry":[{"changes":[{"field":"messages","value":{"messages":[{}]}}]}]}',
            body.replace(b'"entry"', b'"entries"'),
        ]
    )


def forged(body: Json) -> Json:
    """The same news with another message in it: whoever shows it has believed a forger."""
    false = copy.deepcopy(body)
    for entry in false["entry"]:
        for change in entry["changes"]:
            for message in change["value"].get("messages", []):
                message["id"] = f"wamid.FORGED{message['id'][6:]}"
                message["type"] = "text"
                message["text"] = {"body": "Mensaje falsificado: si se lee en la consola, la firma no se revisó"}
            for status in change["value"].get("statuses", []):
                status["status"] = "failed"
    return false
