"""How what goes wrong is answered: a page for a person, problem details (RFC 9457) for a script."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import structlog
from litestar import Litestar, Request, Response
from litestar.enums import MediaType
from litestar.exceptions import HTTPException
from litestar.types import Receive, Scope, Send
from sqlalchemy.exc import SQLAlchemyError

from console.db import is_away
from console.errors import Refused, not_found
from console.languages.catalogues import said
from console.languages.readers import SPANISH, asked, of_page, page_language
from console.languages.words import Words
from console.render import page
from console.security import log_unexpected

log = structlog.get_logger()
UNAVAILABLE = 503
PAGE = "x-page-language"
"""The header in which a page's scripts say what language it is in (`<html lang>`)."""
READER = "reader"
"""Where a request's state has the language of who is behind it, once that is known."""
LARGEST_ID = 2**63 - 1

_Request = Request[Any, Any, Any]


async def begin(request: _Request) -> None:
    """Before anything else is asked: what page it comes from, and whether what it names can be."""
    page_language.set(of_page(request.headers.get(PAGE, "")))
    _require_possible_numbers(request)


def _require_possible_numbers(request: _Request) -> None:
    """Whatever an address names by a number that no row can have does not exist."""
    if any(isinstance(number, int) and number > LARGEST_ID for number in request.path_params.values()):
        raise not_found()


def refuse(request: _Request, refused: Refused) -> Response[Any]:
    """An expected refusal, in the words it came with."""
    return answer(
        request, refused.status, refused.text, code=refused.code, field=refused.field, details=refused.details
    )


def refuse_http(request: _Request, error: HTTPException) -> Response[Any]:
    """What the framework refuses: no such path, wrong method, a body too large."""
    status, headers = error.status_code, {}
    allowed = next((value for name, value in (error.headers or {}).items() if name.lower() == "allow"), None)
    if allowed == "websocket":
        # RFC 9110, 15.5.22: the path is there, and speaks another protocol.
        status, headers = 426, {"upgrade": "websocket", "connection": "upgrade"}
    elif allowed is not None:
        headers = {"allow": allowed}
    return answer(request, status, None, code=HTTPStatus(status).name.lower(), headers=headers)


def away(request: _Request, error: Exception) -> Response[Any]:
    """The database doesn't answer. Nothing was half done; trying again is right."""
    log.error("database.away", reason=type(error).__name__)
    text = Words("La base de datos no responde en este momento. No se perdió nada; vuelva a intentarlo.")
    return answer(request, UNAVAILABLE, text, code="unavailable")


def away_or_unexpected(request: _Request, error: Exception) -> Response[Any]:
    """What nobody refused: the database, or a bug of ours."""
    return away(request, error) if is_away(error) else unexpected(request, error)


def unexpected(request: _Request, error: Exception) -> Response[Any]:
    """A bug of ours: it is logged where it happened, and told to nobody."""
    log_unexpected(error)
    return answer(request, 500, None, code="internal_error")


def answer(
    request: _Request,
    status: int,
    text: str | None,
    *,
    code: str,
    field: str | None = None,
    details: dict[str, object] | None = None,
    headers: dict[str, str] | None = None,
) -> Response[Any]:
    """A page when a browser navigates, problem details otherwise. `X-Refused` names the reason for scripts."""
    wait = (details or {}).get("retry_after", 5 if status == UNAVAILABLE else None)
    headers = {"x-refused": code, **({"retry-after": str(wait)} if wait else {}), **(headers or {})}
    if request.headers.get("hx-request") != "true" and "text/html" in request.headers.get("accept", ""):
        return _Page(status, text, headers)
    reader = _reader(request)
    phrase = HTTPStatus(status).phrase
    problem = {
        "type": "about:blank",
        "title": phrase,
        "status": status,
        "detail": said(text or phrase, reader),
        "code": code,
        **({"field": field} if field else {}),
        **({"details": details} if details else {}),
    }
    return Response(problem, status_code=status, media_type="application/problem+json", headers=headers)


class _Page(Response[Any]):
    """A page that says what went wrong to whoever is signed in, in their language.

    What is refused before anybody was asked for (no such page, no such method) does not know yet who that is.
    """

    def __init__(self, status: int, text: str | None, headers: dict[str, str]) -> None:
        super().__init__(b"", status_code=status, media_type=MediaType.HTML, headers=headers)
        self._status = status
        self._text = text

    def to_asgi_response(self, app: Litestar | None, request: _Request, **more: Any) -> Any:  # noqa: ANN401
        """Find out who reads, then answer."""

        async def written(scope: Scope, receive: Receive, send: Send) -> None:
            await _learn_reader(request, self._status)
            self.content = self._in(_reader(request))
            answering = super(_Page, self).to_asgi_response(app, request, **more)
            await answering(scope, receive, send)

        return written

    def _in(self, reader: str) -> str:
        # Words that nobody translated stay in a page of their own language.
        spoken = reader if self._text is None or isinstance(self._text, Words) else SPANISH
        return page("error.html", status=self._status, reader=spoken, **({"text": self._text} if self._text else {}))


async def _learn_reader(request: _Request, status: int) -> None:
    """Have `_reader` know who is signed in. Not of a page about our own troubles: asking would only add to them."""
    state, find = request.scope["state"], request.app.state.get("reader_of")
    if READER in state or status >= HTTPStatus.INTERNAL_SERVER_ERROR or find is None:
        return
    try:
        language = await find(request)
    except (SQLAlchemyError, OSError):
        return
    if language is not None:
        state[READER] = language


def _reader(request: _Request) -> str:
    """Of a script its page's language; else that of who is signed in, as far as that is known, or the browser's."""
    if PAGE in request.headers:
        return of_page(request.headers[PAGE])
    return request.scope["state"].get(READER) or asked(request.headers.get("accept-language"))


exception_handlers: dict[int | type[Exception], Any] = {
    Refused: refuse,
    HTTPException: refuse_http,
    Exception: away_or_unexpected,
}
