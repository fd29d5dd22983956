"""One HTTP exchange with a provider, bounded in time and size. Nothing is retried here and nothing is logged."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import httpx

from integrations.payments.hosts import checked_base
from integrations.payments.told import Declined, NoAnswer

TOTAL = 15.0
_TIMEOUT = httpx.Timeout(connect=5, read=10, write=10, pool=5)
_LARGEST = 2 * 1024 * 1024
_SETTLED = frozenset({400, 401, 402, 403, 404, 405, 410, 415, 422})

Tree = dict[str, Any]


class Wire:
    """The API at `base_url`, spoken to with one key. Its `repr` shows no key."""

    def __init__(self, http: httpx.AsyncClient, *, base_url: str, key: str, total: float = TOTAL) -> None:
        if not key or not key.isascii() or not key.isprintable() or " " in key:
            raise ValueError("the key of the payment provider is missing or malformed")
        self.base_url = checked_base(base_url)
        self._http = http
        self._total = total
        self._headers = {"Authorization": f"Bearer {key}", "Accept": "application/json", "Accept-Encoding": "identity"}

    def __repr__(self) -> str:
        return f"Wire({self.base_url})"

    async def call(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        content: bytes | None = None,
        form: Mapping[str, str] | None = None,
    ) -> Tree:
        """The JSON object that answers. NoAnswer, Declined."""
        request = self._http.build_request(
            method,
            f"{self.base_url}{path}",
            headers={**self._headers, **(headers or {})},
            params=params,
            content=content,
            data=form,
            timeout=_TIMEOUT,
        )
        try:
            async with asyncio.timeout(self._total):
                response = await self._http.send(request, stream=True, follow_redirects=False)
                try:
                    answer = await _bounded(response)
                finally:
                    await response.aclose()
        except (httpx.HTTPError, httpx.StreamError) as error:
            raise NoAnswer(f"no answer: {type(error).__name__}") from error
        except TimeoutError as error:
            raise NoAnswer("no answer in time") from error
        return _judge(response.status_code, answer)


def tree_of(body: bytes) -> Tree | None:
    """A JSON object with its amounts exactly as written; None for anything else."""
    try:
        tree = json.loads(body, parse_float=Decimal, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    return tree if isinstance(tree, dict) else None


def text_of(value: object, longest: int = 200) -> str | None:
    """A short text or a whole number as text; None for anything else. What no database can keep is replaced."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    text = str(value).replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()
    return text if 0 < len(text) <= longest else None


def part(tree: Tree, name: str) -> Tree:
    """An object within an object; empty where there is none."""
    value = tree.get(name)
    return value if isinstance(value, dict) else {}


def amount_of(value: object) -> Decimal | None:
    """A JSON number as it was written."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    amount = Decimal(value)
    return amount if amount.is_finite() and abs(amount) < 10**15 else None


def _refuse(constant: str) -> None:
    raise ValueError(constant)


async def _bounded(response: httpx.Response) -> bytes:
    answer = bytearray()
    async for chunk in response.aiter_bytes():
        answer += chunk
        if len(answer) > _LARGEST:
            raise NoAnswer("too large an answer")
    return bytes(answer)


def _judge(status: int, answer: bytes) -> Tree:
    if status in _SETTLED:
        raise Declined(f"HTTP {status}")
    tree = tree_of(answer)
    if status not in {200, 201} or tree is None:
        raise NoAnswer(f"HTTP {status}")
    return tree
