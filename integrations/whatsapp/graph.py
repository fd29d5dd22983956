"""One HTTP exchange with the Graph API, bounded in time and size: answered, refused, never left, or unknown."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, BinaryIO, NoReturn

import httpx

from integrations.whatsapp.codes import Action
from integrations.whatsapp.errors import CallFailed, NoAnswer, NotSent, SendFailed, SendUnknown, classify
from integrations.whatsapp.hosts import checked_base
from integrations.whatsapp.json_pieces import UNDECODABLE, decode
from integrations.whatsapp.message_kinds import Tree, error_code, part, words

TOTAL = 35.0
TIMEOUT = httpx.Timeout(connect=5, read=30, write=30, pool=5)
_BEFORE_ANY_BYTE = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_LARGEST_ANSWER = 8 * 1024 * 1024
_KEPT = 4096
_LONGEST_PAUSE = 24 * 3600.0


class Graph:
    """The API at `base_url`, spoken to with one token. Never logs, and its `repr` shows no token."""

    def __init__(
        self, http: httpx.AsyncClient, *, base_url: str, version: str, token: str, total: float = TOTAL
    ) -> None:
        if not token or not token.isascii() or not token.isprintable() or " " in token:
            raise ValueError("the WhatsApp access token is missing or malformed")
        self.base_url = checked_base(base_url)
        self._http = http
        self._version = version
        self._total = total
        self._headers = {"Authorization": f"Bearer {token}", "Accept-Encoding": "identity"}

    def __repr__(self) -> str:
        return f"Graph({self.base_url}/{self._version})"

    async def get(self, path: str, **params: str) -> Tree:
        """The JSON object at `path` (or at a full address on the same host). CallFailed, NoAnswer."""
        url = path if "://" in path else self._url(path)
        return await self._answer(self._request("GET", url, params=params or None))

    async def post(self, path: str, body: Tree, *, sends: bool = False) -> Tree:
        """The answer to `body`. With `sends` the errors are SendFailed, NotSent and SendUnknown."""
        return await self._answer(self._request("POST", self._url(path), json=body), sends=sends)

    async def delete(self, path: str, body: Tree) -> Tree:
        """The answer to a DELETE with a body. CallFailed, NoAnswer."""
        return await self._answer(self._request("DELETE", self._url(path), json=body))

    async def upload(
        self, path: str, fields: Mapping[str, str], file: tuple[str, bytes | BinaryIO, str], *, total: float
    ) -> Tree:
        """The answer to a multipart form with one `file`: name, content, MIME type. CallFailed, NoAnswer."""
        request = self._request("POST", self._url(path), data=fields, files={"file": file})
        return await self._answer(request, total=total)

    async def begin_upload(self, path: str, **params: str) -> Tree:
        """The session of a resumable upload; what it is about travels in the address. CallFailed, NoAnswer."""
        return await self._answer(self._request("POST", self._url(path), params=params))

    async def upload_state(self, session: str) -> Tree:
        """How far the upload of a session has come. CallFailed, NoAnswer."""
        return await self._answer(self._request("GET", self._url(session), more=self._oauth))

    async def send_bytes(
        self, session: str, content: AsyncIterator[bytes], *, offset: int, size: int, total: float
    ) -> Tree:
        """The answer to the `size` bytes from `offset` on, streamed. CallFailed, NoAnswer."""
        more = {**self._oauth, "file_offset": str(offset), "Content-Length": str(size)}
        request = self._request("POST", self._url(session), more=more, content=content)
        return await self._answer(request, total=total)

    @property
    def _oauth(self) -> dict[str, str]:
        """Upload sessions know the token under another scheme than the rest of the API."""
        return {"Authorization": self._headers["Authorization"].replace("Bearer", "OAuth", 1)}

    @asynccontextmanager
    async def stream(self, url: str, *, total: float) -> AsyncIterator[httpx.Response]:
        """The open answer to a GET of `url` with the token: check the address first. Redirects are not followed."""
        async with self._opened(self._request("GET", url), total=total, sends=False) as response:
            yield response

    def _url(self, path: str) -> str:
        return f"{self.base_url}/{self._version}/{path}"

    def _request(
        self,
        method: str,
        url: str,
        *,
        more: Mapping[str, str] | None = None,
        **content: Any,  # noqa: ANN401 httpx checks them
    ) -> httpx.Request:
        headers = {**self._headers, **(more or {})}
        return self._http.build_request(method, url, headers=headers, timeout=TIMEOUT, **content)

    async def _answer(self, request: httpx.Request, *, sends: bool = False, total: float | None = None) -> Tree:
        async with self._opened(request, total=total or self._total, sends=sends) as response:
            answer = await _bounded(response, sends=sends)
        return _judge(response, answer, sends=sends)

    @asynccontextmanager
    async def _opened(self, request: httpx.Request, *, total: float, sends: bool) -> AsyncIterator[httpx.Response]:
        unsettled = SendUnknown if sends else NoAnswer
        try:
            async with asyncio.timeout(total):
                response = await self._http.send(request, stream=True, follow_redirects=False)
                try:
                    yield response
                finally:
                    await response.aclose()
        except _BEFORE_ANY_BYTE as error:
            raise NotSent(f"no connection: {type(error).__name__}") from error
        except (httpx.HTTPError, httpx.StreamError) as error:
            raise unsettled(f"the connection broke: {type(error).__name__}") from error
        except TimeoutError as error:
            raise unsettled("no answer in time") from error


async def _bounded(response: httpx.Response, *, sends: bool) -> bytes:
    answer = bytearray()
    async for chunk in response.aiter_bytes():
        answer += chunk
        if len(answer) > _LARGEST_ANSWER:
            unsettled = SendUnknown if sends else NoAnswer
            raise unsettled("too large an answer", http_status=response.status_code, answer=bytes(answer[:_KEPT]))
    return bytes(answer)


def _judge(response: httpx.Response, answer: bytes, *, sends: bool) -> Tree:
    status = response.status_code
    try:
        tree = decode(answer)
    except UNDECODABLE:
        tree = None
    if isinstance(tree, dict) and tree.get("error"):
        # an error with HTTP 200 has been reported: its presence counts, not the status
        _refused(part(tree, "error"), response, answer, sends=sends)
    if response.is_success and isinstance(tree, dict):
        return tree
    if status == 429 or (isinstance(tree, dict) and response.is_client_error):
        _refused({}, response, answer, sends=sends)
    unsettled = SendUnknown if sends else NoAnswer
    raise unsettled("an answer that is not WhatsApp's", http_status=status, answer=answer[:_KEPT])


def _refused(error: Tree, response: httpx.Response, answer: bytes, *, sends: bool) -> NoReturn:
    code, data = error_code(error.get("code")), error.get("error_data")
    status = response.status_code
    if sends and classify(code, status).action is Action.UNKNOWN_OUTCOME:
        raise SendUnknown(f"code {code}, HTTP {status}", http_status=status, answer=answer[:_KEPT])
    failed = SendFailed if sends else CallFailed
    raise failed(
        code,
        status,
        title=words(error.get("message")),
        details=words(data.get("details") if isinstance(data, dict) else data) or words(error.get("error_user_msg")),
        retry_after=_retry_after(response),
        answer=answer[:_KEPT],
    )


def _retry_after(response: httpx.Response) -> float | None:
    value = response.headers.get("Retry-After", "").strip()
    return min(float(value), _LONGEST_PAUSE) if value.isascii() and value.isdigit() and len(value) < 10 else None
