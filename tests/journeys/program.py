"""A program that works for the people of a team: a token of the settings page, and calls of `/api/v1` alone."""

from __future__ import annotations

import asyncio
import contextlib
import html
import json
import re
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import httpx
from websockets.asyncio.client import connect

from tests.front import Front, Person
from tests.inbox import meta
from tests.patience import eventually

SCOPES = (
    "conversations:read", "messages:read", "contacts:read", "catalogues:read", "accounts:write", "accounts:read",
    "audit:read", "stream:read", "users:act",
)  # fmt: skip
"""All that the day needs. No scope to send or to change for itself: that is each person's."""


async def token_of(admin: Person, *scopes: str) -> str:
    """A new token's key, as the page shows it once."""
    ticked = {f"scope.{scope}": "1" for scope in scopes}
    answer = await admin.do("/settings/tokens", name="Escritorio", days="", **ticked)
    assert answer.status_code == 200, answer.text
    found = re.search(r"<code[^>]*>(aldia_[^<]+)</code>", answer.text)
    assert found is not None
    return html.unescape(found[1])


class Program:
    """Whoever holds the token, and what they hear of the stream meanwhile."""

    def __init__(self, front: Front, key: str, http: httpx.AsyncClient) -> None:
        self.front, self.key, self.http = front, key, http
        self.heard: list[dict[str, Any]] = []

    async def got(self, path: str, **params: Any) -> Any:
        """What a reading gives, which must go well."""
        answer = await self.http.get(path, params=params or None)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def writes(self, text: str, sender: str = meta.MARIA) -> tuple[str, str]:
        """Somebody writes: Meta's signed webhook. The ids of conversation and message."""
        element = meta.text(text, sender=sender)
        answer = await self.front.webhook(meta.body(element))
        assert answer.status_code == 200, answer.text
        (found,) = (await self.got("/conversations", phone=f"+{sender}"))["items"]
        return found["id"], element["id"]

    async def hears(self, *actions: str) -> None:
        """Wait until the stream has told all of these."""

        def told() -> bool:
            missing = set(actions) - {event["action"] for event in self.heard}
            assert not missing, missing
            return True

        await eventually(told)

    async def listen(self) -> None:
        """Follow the stream from the very beginning until cancelled."""
        address = f"{self.front.address.replace('http', 'ws', 1)}/api/v1/stream?cursor=0"
        headers = {"authorization": f"Bearer {self.key}"}
        async with connect(address, additional_headers=headers, proxy=None) as socket:
            async for frame in socket:
                event = json.loads(frame)
                if event["type"] != "heartbeat":
                    self.heard.append(event)


class Desk:
    """One person, as the program acts for them."""

    def __init__(self, program: Program, person: Person) -> None:
        self.program, self.id = program, str(person.id)

    async def asks(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        """A call of their own: `path` is below them."""
        answer = await self.program.http.request(method, f"/users/{self.id}{path}", json=body, headers=headers)
        return answer.status_code, answer.json()

    async def does(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """The same, which must go well."""
        status, given = await self.asks(method, path, body, **headers)
        assert status in {200, 201}, (method, path, status, given)
        return given

    async def refused(self, method: str, path: str, body: Any = None) -> tuple[int, str, str | None]:
        """The same, which must not: status, code and the field at fault."""
        status, given = await self.asks(method, path, body)
        assert status >= 400, given
        return status, given["code"], given.get("field")

    async def says(self, conversation: str, text: str, **more: Any) -> Any:
        """A text of theirs."""
        body = {"type": "text", "text": {"body": text}, **more}
        return await self.does("POST", f"/conversations/{conversation}/messages", body)

    async def brings(self, conversation: str, content: Any, name: str, **headers: str) -> httpx.Response:
        """A file, to be sent."""
        given = {"content-type": "application/octet-stream", "x-file-name": quote(name), **headers}
        path = f"/users/{self.id}/conversations/{conversation}/attachments"
        return await self.program.http.post(path, content=content, headers=given)


@contextlib.asynccontextmanager
async def a_program(front: Front, key: str) -> AsyncIterator[Program]:
    """The holder of `key`, listening."""
    headers = {"authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(base_url=f"{front.address}/api/v1", headers=headers, trust_env=False) as http:
        program = Program(front, key, http)
        listening = asyncio.create_task(program.listen())
        try:
            yield program
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
