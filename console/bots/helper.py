"""A language model that may help to understand: it chooses one of our labels for what nobody understood, or nothing.

It is never asked to write, hears no digits, and its slowness, its failure and its inventions change nothing: then what
was understood here stands. Speaks the chat protocol that OpenAI introduced and others serve.
"""

from __future__ import annotations

import asyncio
import re
from typing import Any

import httpx
import msgspec
import structlog

from console.bots.labels import LABELS
from console.bots.understand import Intent, Understood

log = structlog.get_logger()
PATIENCE = 1.0
"""Seconds in all, however it trickles in; a debtor waits no longer for it."""
MOST_BYTES = 64 * 1024
"""Of an answer; one label is never as long."""
SURE_ENOUGH = 0.5
"""What scores less, and no rule spoke of, may be asked about."""
LONGEST = 500
_DIGITS = re.compile(r"\d")
# What a rule must say: a model's opinion alone stops no collection, and ends no contact.
_ALLOWED = frozenset(LABELS) - {"identity_answer", "affirm", "deny", "opt_out", "wrong_person", "dispute"}
_TASK = (
    "Clasifica el mensaje de una persona a una empresa de cobranza. Responde solo con una de estas etiquetas, "
    "sin nada más: " + ", ".join(sorted(_ALLOWED))
)


class Helper:
    """One model behind an address."""

    def __init__(self, http: httpx.AsyncClient, *, url: str, key: str, model: str) -> None:
        self._http = http
        self._url = f"{url.rstrip('/')}/chat/completions"
        self._key = key
        self._model = model

    async def label(self, text: str) -> str | None:
        """The label it chooses for `text`; None when it says nothing that is one, or nothing in time."""
        asked = {
            "model": self._model,
            "temperature": 0,
            "max_tokens": 8,
            "messages": [
                {"role": "system", "content": _TASK},
                {"role": "user", "content": _DIGITS.sub("0", text[:LONGEST])},
            ],
        }
        try:
            # httpx counts each read by itself: an answer that drips would never be late.
            async with asyncio.timeout(PATIENCE):
                answer = msgspec.json.decode(await self._ask(asked), type=_Answer)
            chosen = answer.choices[0].message.content.strip().lower()
        except _FAILURES as failure:
            log.info("bot.helper_failed", reason=type(failure).__name__)
            return None
        return chosen if chosen in _ALLOWED else None

    async def _ask(self, asked: dict[str, Any]) -> bytes:
        headers = {"authorization": f"Bearer {self._key}"} if self._key else {}
        body = bytearray()
        async with self._http.stream("POST", self._url, json=asked, headers=headers, timeout=PATIENCE) as answer:
            answer.raise_for_status()
            async for part in answer.aiter_bytes():
                body += part
                if len(body) > MOST_BYTES:
                    raise _TooLongError
        return bytes(body)


async def helped(understood: Understood, text: str, helper: Helper | None) -> tuple[Understood, str | None]:
    """What was understood, bettered where it was a guess, and the label that the model chose."""
    if helper is None or understood.rules or not text.strip():
        return understood, None
    best = understood.intents[0]
    if best.label != "other" and best.score >= SURE_ENOUGH:
        return understood, None
    label = await helper.label(text)
    if label is None or label == best.label:
        return understood, label
    return Understood((Intent(label, SURE_ENOUGH),), (), understood.doubt), label


class _TooLongError(Exception):
    pass


class _Said(msgspec.Struct):
    content: str


class _Choice(msgspec.Struct):
    message: _Said


class _Answer(msgspec.Struct):
    choices: list[_Choice]


# Nesting without end is a RecursionError of the decoder's; an address that is none, httpx tells apart from its errors.
_FAILURES = (
    httpx.HTTPError, httpx.InvalidURL, msgspec.DecodeError, UnicodeDecodeError, IndexError, TimeoutError,
    RecursionError, _TooLongError,
)  # fmt: skip
