"""A Cloud API of the tests: the real client speaks to it, and each call is answered as the test says."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Awaitable, Callable
from typing import Any

import httpx

from integrations.whatsapp.client import WhatsApp

Answer = httpx.Response | Exception | Awaitable[httpx.Response]
Rule = Callable[[dict[str, Any]], Answer | None]


def error(code: int, status: int = 400, **headers: str) -> httpx.Response:
    """Meta's way to refuse."""
    body = {"error": {"code": code, "message": f"(#{code}) no", "error_data": {"details": "because"}}}
    return httpx.Response(status, json=body, headers=headers)


class Cloud:
    """Accepts every send, unless `rule` (given the body) answers something else; remembers what it accepted."""

    def __init__(self) -> None:
        self.accepted: list[dict[str, Any]] = []
        self.asked: list[dict[str, Any]] = []
        self.reads: list[str] = []
        self.at_once = self.most_at_once = 0
        self.rule: Rule = lambda _body: None
        self.files: dict[str, bytes | httpx.Response | Exception] = {}
        self.told: dict[str, dict[str, Any]] = {}
        self.fetched: list[str] = []
        self.templates: list[dict[str, Any]] = []
        self._numbers = itertools.count(1)

    def client(self) -> WhatsApp:
        """The product's own client, speaking to this."""
        http = httpx.AsyncClient(transport=httpx.MockTransport(self._answer))
        return WhatsApp(
            http,
            base_url="https://graph.example",
            version="v23.0",
            phone_number_id="106540352242922",
            business_account_id="102290129340398",
            token="a-token",
        )

    def accept(self, body: dict[str, Any]) -> httpx.Response:
        """Take it, and say so."""
        self.accepted.append(body)
        wamid = f"wamid.out.{next(self._numbers)}"
        return httpx.Response(200, json={"messages": [{"id": wamid}], "contacts": [{"wa_id": body["to"][1:]}]})

    @property
    def texts(self) -> list[str]:
        """What was accepted, in order."""
        return [body["text"]["body"] for body in self.accepted]

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return self._get(request.url)
        body = json.loads(request.content)
        if body.get("status") == "read":
            return await self._said(self.rule(body), lambda: self._read(body))
        self.asked.append(body)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            return await self._said(self.rule(body), lambda: self.accept(body))
        finally:
            self.at_once -= 1

    async def _said(self, answer: Answer | None, otherwise: Callable[[], httpx.Response]) -> httpx.Response:
        await asyncio.sleep(0)
        if answer is None:
            return otherwise()
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, httpx.Response) else await answer

    def _read(self, body: dict[str, Any]) -> httpx.Response:
        self.reads.append(body["message_id"])
        return httpx.Response(200, json={"success": True})

    def _get(self, url: httpx.URL) -> httpx.Response:
        """A media object's whereabouts, its bytes, or the list of templates."""
        name = url.path.rsplit("/", 1)[-1]
        if name == "message_templates":
            return httpx.Response(200, json={"data": self.templates})
        file = self.files.get(name)
        if file is None:
            return error(100, 404)
        if isinstance(file, Exception):
            raise file
        if url.path.startswith("/files/"):
            self.fetched.append(name)
            return file if isinstance(file, httpx.Response) else httpx.Response(200, content=file)
        known = {"url": f"https://graph.example/files/{name}", "mime_type": "image/jpeg"}
        return httpx.Response(200, json={**known, **self.told.get(name, {})})
