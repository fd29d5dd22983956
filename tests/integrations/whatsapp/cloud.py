"""A client whose network is a function of the request."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx

from integrations.whatsapp.client import WhatsApp
from integrations.whatsapp.payloads import Person

BASE = "https://graph.facebook.com"
TOKEN = "EAAG-secret"
ANA = Person("51955500101", "PE.4417")
ACCEPTED = {
    "messaging_product": "whatsapp",
    "contacts": [{"input": "+51955500101", "wa_id": "51955500101"}],
    "messages": [{"id": "wamid.1", "message_status": "accepted"}],
}

Answer = Callable[[httpx.Request], httpx.Response]


@asynccontextmanager
async def whatsapp(answer: Answer, *, base_url: str = BASE, total: float = 35) -> AsyncIterator[WhatsApp]:
    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        yield client(http, base_url=base_url, total=total)


def client(http: httpx.AsyncClient, *, base_url: str = BASE, total: float = 35, **change: str) -> WhatsApp:
    given = {"version": "v23.0", "phone_number_id": "2003", "business_account_id": "1002", "token": TOKEN, **change}
    return WhatsApp(http, base_url=base_url, total=total, **given)


class Recorder:
    """Answers with what it was given, in turn, and remembers every request."""

    def __init__(self, *answers: httpx.Response | Exception | dict[str, Any]) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers[min(len(self.requests), len(self.answers)) - 1]
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(200, json=answer) if isinstance(answer, dict) else answer

    def body(self, at: int = -1) -> Any:
        return json.loads(self.requests[at].content)
