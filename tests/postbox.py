"""A mail server on loopback."""

from __future__ import annotations

import asyncio
import email
import email.policy
from collections.abc import AsyncIterator
from email.message import EmailMessage
from typing import Any

import pytest_asyncio
from aiosmtpd.smtp import SMTP


class Postbox:
    """An SMTP server on loopback, and what it was handed; `refuses` makes it say no."""

    def __init__(self) -> None:
        self.letters: list[EmailMessage] = []
        self.to: list[str] = []
        self.refuses = False

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 aiosmtpd's name
        if self.refuses:
            return "451 later"
        parsed = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.letters.append(parsed)
        self.to += envelope.rcpt_tos
        return "250 taken"


@pytest_asyncio.fixture
async def postbox() -> AsyncIterator[tuple[Postbox, str]]:
    box = Postbox()
    server = await asyncio.get_running_loop().create_server(lambda: SMTP(box), "127.0.0.1", 0)
    async with server:
        yield box, f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
