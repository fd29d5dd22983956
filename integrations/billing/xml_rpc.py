"""XML-RPC over httpx: the standard library's marshalling, a bounded answer, and no document type in it.

The protocol has neither document types nor entities (http://xmlrpc.com/spec.md), which is how XML is made a bomb.
"""

from __future__ import annotations

import re
import xmlrpc.client as xml_rpc
from typing import Any
from xml.parsers.expat import ExpatError

import httpx

LARGEST_ANSWER = 32 * 1024 * 1024
_ENCODING = re.compile(rb"^\s*<\?xml[^>]*encoding\s*=\s*[\"']([A-Za-z0-9._-]+)[\"']")


class Unanswered(Exception):  # noqa: N818 an answer about the other side
    """The other side could not be reached, or said nothing that can be understood: worth trying again later."""


class Fault(Exception):  # noqa: N818 their word for it
    """The other side refused, with its own number and text. The text is a stranger's: for logs of administrators."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"fault {code}")
        self.code, self.text = code, text


async def call(http: httpx.AsyncClient, url: str, method: str, *arguments: Any) -> object:  # noqa: ANN401 what XML-RPC can say
    """What `method` gives. Raises Unanswered and Fault."""
    body = xml_rpc.dumps(arguments, method, allow_none=True, encoding="utf-8").encode()
    try:
        answer = await _answer(http, url, body)
        return _read(answer)
    except httpx.HTTPError as failed:
        raise Unanswered(type(failed).__name__) from failed


async def _answer(http: httpx.AsyncClient, url: str, body: bytes) -> bytes:
    headers = {"content-type": "text/xml; charset=utf-8", "accept-encoding": "identity"}
    async with http.stream("POST", url, content=body, headers=headers) as response:
        if response.status_code != 200:
            raise Unanswered(f"HTTP {response.status_code}")
        found = bytearray()
        async for piece in response.aiter_bytes():
            found += piece
            if len(found) > LARGEST_ANSWER:
                raise Unanswered("the answer is too large")
        return bytes(found)


def _read(answer: bytes) -> object:
    declared = _ENCODING.match(answer)
    if declared and declared[1].lower() not in {b"utf-8", b"us-ascii"}:
        raise Unanswered("the answer is in an encoding of its own")
    # Text has its "<" escaped, so this can only be a document type, an entity, a comment or CDATA: none belongs here.
    if b"<!" in answer or b"\0" in answer:
        raise Unanswered("the answer declares a document type")
    try:
        values, _method = xml_rpc.loads(answer, use_builtin_types=True)
    except xml_rpc.Fault as fault:
        code = str(fault.faultCode)
        raise Fault(int(code) if code.isdigit() else 0, str(fault.faultString)[:500]) from None
    except (ExpatError, xml_rpc.ResponseError, ValueError, TypeError, KeyError, IndexError, RecursionError) as odd:
        raise Unanswered(f"no XML-RPC: {type(odd).__name__}") from odd
    return values[0] if values else None
