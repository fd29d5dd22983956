"""How the quiet pages answer: HTML, or back to the page a form came from."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response
from litestar.enums import MediaType
from litestar.response import Redirect

from console.agents import Viewer
from console.errors import not_found
from console.render import page

LARGEST_ID = 2**63 - 1


def show(template: str, viewer: Viewer, *, status: int = 200, **values: object) -> Response[Any]:
    """A whole page for `viewer`."""
    html = page(template, csrf_token="", reader=viewer.language, viewer=viewer, **values)
    return Response(html, status_code=status, media_type=MediaType.HTML)


def back_to(path: str) -> Response[Any]:
    """The page again, after a form."""
    return Redirect(path, status_code=303)


def known_id(number: int) -> int:
    """An id from an address; what no row can have is simply not found."""
    if not 0 < number <= LARGEST_ID:
        raise not_found()
    return number


def cursor_of(request: Request[Any, Any, Any]) -> int | None:
    """`?cursor=`: the id to go on below. Refuses with 404 what cannot be one."""
    text = request.query_params.get("cursor")
    if not text:
        return None
    if not (text.isascii() and text.isdigit()) or len(text) > 19:
        raise not_found()
    return known_id(int(text))
