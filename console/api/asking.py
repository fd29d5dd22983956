"""What a caller may ask, read strictly: unknown, repeated and ill-typed inputs are refused by name, never guessed."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec
from litestar import Request
from litestar.connection import ASGIConnection

from console.api.problems import invalid
from console.errors import Refused, not_found

Shape = TypeVar("Shape", bound=msgspec.Struct)
LARGEST_BODY = 256 * 1024
_LARGEST_ID = 2**63 - 1
# What is further away is a mistake; and at the very ends of the calendar another zone has no such day.
_FIRST_MOMENT, _END_OF_MOMENTS = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)

_ID = re.compile(r"[1-9]\d{0,18}", re.ASCII)
_PLACE = re.compile(r" - at `\$\.?(?P<path>[^`]*)`$")
_UNKNOWN = re.compile(r"^Object contains unknown field `(?P<name>[^`]*)`")
_MISSING = re.compile(r"^Object missing required field `(?P<name>[^`]*)`")
_EXPECTED = re.compile(r"^Expected `(?P<wanted>[^`]*)`")


async def body(request: Request[Any, Any, Any], shape: type[Shape]) -> Shape:
    """The JSON body as `shape`. Refuses with the field at fault.

    400 for what is no JSON or has a value of the wrong type, 415 for another content type, and 422 for unknown or
    missing fields, and for a moment that no business has to do with.
    """
    # A form or text/plain reaches any server without a preflight (reliability.md §0, 9).
    if request.content_type[0] != "application/json":
        raise Refused(415, "Envíe el cuerpo como application/json.", code="unsupported_media_type")
    try:
        plain = msgspec.json.decode(await request.body())
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        raise Refused(400, "El cuerpo no es JSON válido.", code="bad_json") from None
    if (place := _nul_in(plain, "")) is not None:
        raise invalid(place, "Quite el carácter nulo (U+0000).", status=400)
    asked = _convert(plain, shape, strict=True)
    for field in msgspec.structs.fields(shape):
        value = getattr(asked, field.name)
        if isinstance(value, datetime) and not _FIRST_MOMENT <= value < _END_OF_MOMENTS:
            raise invalid(field.encode_name, f"{field.encode_name} debe estar entre los años 1970 y 2199.")
    return asked


def query(request: ASGIConnection[Any, Any, Any, Any], shape: type[Shape]) -> Shape:
    """The query string as `shape`. Refuses (400) what is unknown, ill-typed or given twice, by name."""
    given: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name in given:
            raise invalid(_plain_name(name), "El parámetro está repetido.", status=400, code="repeated_parameter")
        if "\0" in value:
            raise invalid(_plain_name(name), "Quite el carácter nulo (U+0000).", status=400)
        given[name] = value
    try:
        asked = _convert(given, shape, strict=False)
    except Refused as refusal:
        refusal.status = 400
        raise
    for field in msgspec.structs.fields(shape):
        # msgspec reads the word `null` as nothing: a filter that somebody wrote must not narrow nothing.
        if field.encode_name in given and getattr(asked, field.name) is None:
            raise invalid(field.encode_name, f"El valor de {field.encode_name} no es válido.", status=400)
    return asked


def number(text: str) -> int:
    """An id from a path. What cannot be one is simply not found."""
    if not _is_id(text):
        raise not_found()
    return int(text)


def id_in(text: str, field: str) -> int:
    """An id named in a body or a filter. Refuses (422) what cannot be one."""
    if not _is_id(text):
        raise invalid(field, "No es un identificador válido.")
    return int(text)


def _is_id(text: str) -> bool:
    """Ids have one spelling: `007` names nothing."""
    return _ID.fullmatch(text) is not None and int(text) <= _LARGEST_ID


def _convert(plain: Any, shape: type[Shape], *, strict: bool) -> Shape:  # noqa: ANN401
    try:
        return msgspec.convert(plain, shape, strict=strict)
    except msgspec.ValidationError as error:
        raise _named(_with_place(str(error), plain, shape, strict=strict)) from None


def _with_place(message: str, plain: Any, shape: type[Any], *, strict: bool) -> str:  # noqa: ANN401
    """Msgspec says `invoices[...]` of whichever is wrong in a list: say which one, by trying each alone."""
    place = _PLACE.search(message)
    name, inside, rest = (place["path"] if place else "").partition("[...]")
    listed = plain
    for key in name.split("."):
        listed = listed.get(key) if isinstance(listed, dict) else None
    if not inside or not isinstance(listed, list):
        return message
    for index, item in enumerate(listed):
        try:
            msgspec.convert(_replaced(plain, name.split("."), [item]), shape, strict=strict)
        except msgspec.ValidationError as error:
            if _PLACE.search(str(error)):
                return str(error).replace(f"{name}[...]", f"{name}[{index}]", 1)
    return message if not rest else message.replace("[...]", "[]", 1)


def _replaced(plain: dict[str, Any], path: list[str], value: Any) -> dict[str, Any]:  # noqa: ANN401
    """A copy of `plain` that has `value` at `path`."""
    inner = value if len(path) == 1 else _replaced(plain[path[0]], path[1:], value)
    return {**plain, path[0]: inner}


def _named(message: str) -> Refused:
    """Msgspec's message as a refusal that names the field and repeats nothing of what was sent but its name."""
    place = _PLACE.search(message)
    path = place["path"] if place else ""
    if unknown := _UNKNOWN.match(message):
        name = ".".join(filter(None, (path, _plain_name(unknown["name"]))))
        return invalid(name, f"Campo desconocido: {name}.", code="unknown_field")
    if missing := _MISSING.match(message):
        name = ".".join(filter(None, (path, missing["name"])))
        return invalid(name, f"Falta el campo {name}.", code="missing_field")
    wanted = _EXPECTED.match(message)
    hint = f" Se esperaba {wanted['wanted']}." if wanted else ""
    return invalid(path or "body", f"El valor de {path or 'body'} no es válido.{hint}", status=400)


def _plain_name(name: str) -> str:
    """A field name as it may be repeated back: short and printable."""
    return "".join(letter if letter.isprintable() else "?" for letter in name[:64])


def _nul_in(value: Any, place: str) -> str | None:  # noqa: ANN401
    """Where a string holds U+0000, which PostgreSQL cannot keep."""
    if isinstance(value, str):
        return place or "body" if "\0" in value else None
    if isinstance(value, list):
        parts = [(item, f"{place}[{index}]") for index, item in enumerate(value)]
    elif isinstance(value, dict):
        if any("\0" in key for key in value):
            return place or "body"
        parts = [(item, f"{place}.{_plain_name(key)}".lstrip(".")) for key, item in value.items()]
    else:
        return None
    return next((found for item, where in parts if (found := _nul_in(item, where)) is not None), None)
