"""Signed webhook deliveries as Meta writes them (developers.facebook.com, "Webhooks", payload examples)."""

from __future__ import annotations

import base64
import hmac
import json
import re
import time
from collections.abc import Callable

from bench.scene import Debtor, Scene

# Every message says its own number, in words an agent would read; screens are searched for it.
MARK = re.compile(rb"op-(\d{9})")

_ENVELOPE = (
    '{{"object":"whatsapp_business_account","entry":[{{"id":"{account}","changes":[{{"value":'
    '{{"messaging_product":"whatsapp","metadata":{{"display_phone_number":"5117009999","phone_number_id":"{number}"}},'
    '{rest}}},"field":"messages"}}]}}]}}'
)
_MESSAGE = (
    '"contacts":[{"profile":{"name":%s},"wa_id":"%s","user_id":"%s"}],"messages":[{"from":"%s","from_user_id":"%s",'
    '"id":"%s","timestamp":"%d","text":{"body":"Buenas tardes, ya hice el dep\\u00f3sito de la cuota, '
    'operaci\\u00f3n op-%09d"},"type":"text"}]'
)
_STATUS = (
    '"statuses":[{"id":"%s","status":"%s","timestamp":"%d","recipient_id":"%s","conversation":'
    '{"id":"7d1b5c0d8f0a4a5a9d","origin":{"type":"service"}},"pricing":{"billable":false,"pricing_model":"PMP",'
    '"category":"service","type":"free_customer_service"}}]'
)
_REQUEST = (
    "POST /webhooks/whatsapp HTTP/1.1\r\nHost: {host}\r\nUser-Agent: facebookexternalua\r\nAccept: */*\r\n"
    "Content-Type: application/json\r\nX-Hub-Signature-256: sha256=%s\r\nContent-Length: %d\r\n\r\n"
)
STATUSES = ("sent", "delivered", "read")


def wamid(number: int) -> str:
    """The id of message `number`, of the length that WhatsApp's have."""
    return "wamid." + base64.b64encode(b"HBgL%036d" % number).decode()


class Writer:
    """Writes whole HTTP requests for one scene."""

    def __init__(self, scene: Scene) -> None:
        self._key = scene.secret.encode()
        head, tail = _ENVELOPE.format(
            account=scene.account_id,
            number=scene.phone_number_id,
            rest="\0",
        ).split("\0")
        self._around = head, tail
        self._request = _REQUEST.format(host=scene.origin.split("//")[1]).encode()
        self._outgoing = scene.outgoing

    def message(self, number: int, debtor: Debtor) -> bytes:
        """A text that says its number."""
        return self._signed(
            _MESSAGE
            % (
                json.dumps(debtor.name),
                debtor.phone,
                debtor.user_id,
                debtor.phone,
                debtor.user_id,
                wamid(number),
                int(time.time()),
                number,
            ),
        )

    def status(self, number: int) -> bytes:
        """The `number`-th status: three in turn for each message of ours, in the order Meta means."""
        wamid_, recipient = self._outgoing[number // 3 % len(self._outgoing)]
        return self._signed(_STATUS % (wamid_, STATUSES[number % 3], int(time.time()), recipient))

    def _signed(self, rest: str) -> bytes:
        body = (self._around[0] + rest + self._around[1]).encode()
        return self._request % (hmac.digest(self._key, body, "sha256").hex().encode(), len(body)) + body


Make = Callable[[int], bytes]
