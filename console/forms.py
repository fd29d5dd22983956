"""What a browser sends (a form's fields, a path to return to) and what it is answered: HTML."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from litestar import Request, Response
from litestar.enums import MediaType

from console.errors import Refused
from console.languages.words import Words

LIMIT = 64 * 1024
FORM = "application/x-www-form-urlencoded"


async def read_form(request: Request[Any, Any, Any]) -> dict[str, str]:
    """The fields of a urlencoded form, each at most once; none for an empty body.

    Refuses 415 for another content type, 400 for what is longer than 64 KiB, not UTF-8, or names a field twice.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not kind and request.headers.get("content-length", "0") == "0" and "transfer-encoding" not in request.headers:
        return {}
    if kind != FORM:
        raise Refused(415, Words("Se espera un formulario ({form}).", form=FORM), code="unsupported_media_type")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LIMIT:
            raise Refused(400, Words("El formulario es demasiado largo."), code="too_long")
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=100, errors="strict")
    except ValueError as unreadable:
        raise Refused(400, Words("El formulario no se puede leer."), code="unreadable") from unreadable
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise Refused(400, Words("El formulario nombra dos veces el mismo campo."), code="repeated_field")
    # PostgreSQL refuses NUL in text; every border replaces it the same way.
    return {name: value.replace("\0", "\N{REPLACEMENT CHARACTER}") for name, value in fields.items()}


def own_path(wanted: str | None, default: str = "/inbox") -> str:
    """`wanted` if it is a path on this very site, ready for a header; else `default`."""
    if not wanted or len(wanted) > 2000 or not wanted.startswith("/") or wanted.startswith("//"):
        return default
    # Browsers read a backslash as a slash, and drop tabs and line ends: both turn a path into a host.
    if "\\" in wanted or any(ord(c) < 0x20 or ord(c) == 0x7F for c in wanted):
        return default
    try:
        parts = urlsplit(wanted)
    except ValueError:
        return default
    if parts.scheme or parts.netloc or parts.path in {"/login", "/logout", "/setup"}:
        return default
    return quote(wanted, safe="/?&=%#:@!$'()*+,;~-._[]")


def whole(text: str | None, field: str) -> int:
    """A field that is a whole number that a row can have; Refused(422) naming the field for anything else."""
    if not text or not text.isascii() or not text.isdigit() or len(text) > 18:
        raise Refused(422, Words("«{field}» debe ser un número entero.", field=field), code="invalid", field=field)
    return int(text)


def html(text: str, *, status: int = 200, headers: dict[str, str] | None = None) -> Response[str]:
    """A page or a fragment as the answer."""
    return Response(text, status_code=status, media_type=MediaType.HTML, headers=headers)
