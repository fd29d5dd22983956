"""The OpenAPI document and the page that shows it, both made of what the calls declare about themselves.

They are open to everybody: they say what can be asked, and hold nobody's data.
"""

from __future__ import annotations

import inspect
import re
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler

from console.api.operations import Operation
from console.api.problems import MEDIA_TYPE, Problem
from console.api.router import BASE, calls
from console.api.tokens import SCOPES
from console.render import page
from console.settings import Settings

_REF = "#/components/schemas/{name}"
# msgspec's name for a page of something.
_PAGE_OF = re.compile(rb"\bPage_(\w+?)_(?=\")")
_PATH_PARAMETER = re.compile(r"\{(\w+):\w+\}")
_ID = {"type": "string", "pattern": "^[1-9][0-9]*$"}
_PATH_SCHEMAS: dict[str, dict[str, Any]] = {
    "external_id": {"type": "string", "minLength": 1},
    "mode": {"type": "string", "enum": ["reply", "note"]},
}
_ABOUT = (
    "What other programs read, change and follow. Ids are strings, moments RFC 3339 in UTC. Listings are walked with "
    "`limit` and `cursor`. Every refusal is a problem (RFC 9457) whose `code` is for programs. The stream at "
    f"`{BASE}/stream` is also a WebSocket; it closes with 4401 (token revoked), 4408 (client too slow), 1008 (client "
    "talks), 1013 or 1011 (come back with your cursor)."
)
_REFUSALS = {
    400: "Not understood: bad JSON, a value of the wrong type, an unknown parameter, an invalid cursor.",
    401: "No valid token.",
    403: "The token lacks the scope.",
    404: "No such thing.",
    406: "Only server-sent events are to be had here.",
    409: "Conflicts with how things are now: a lost race, a closed window, a key used for something else.",
    413: "The body is too big.",
    415: "The body is of another type than the call takes.",
    422: "Understood and refused: an unknown or missing field, a value that breaks a rule.",
    429: "Too much at once: streams, or searches of one user.",
    503: "The database is away; try again.",
}


@get("/api/schema/openapi.json", opt={"public": True}, include_in_schema=False)
async def openapi(settings: NamedDependency[Settings]) -> Response[bytes]:
    """The OpenAPI 3.1 document of /api/v1."""
    told = {**document(), "servers": [{"url": settings.base_url}]}
    return Response(msgspec.json.encode(told), media_type="application/json")


@get("/api/schema", opt={"public": True}, include_in_schema=False)
async def browse() -> Response[str]:
    """The same, to be read; it loads nothing from anywhere else."""
    return Response(page("api/schema.html", api=document(), groups=_groups(), scopes=SCOPES), media_type="text/html")


@lru_cache(maxsize=1)
def document() -> dict[str, Any]:
    """What the calls say about themselves, as OpenAPI 3.1 (https://spec.openapis.org/oas/v3.1.1)."""
    told = _operations()
    shapes = [Problem, *(shape for _, _, call in told for shape in (call.returns, call.body) if shape is not None)]
    _, components = msgspec.json.schema_components(shapes, ref_template=_REF)
    paths: dict[str, dict[str, Any]] = {}
    for handler, path, call in told:
        method = next(iter(handler.http_methods)).lower()
        paths.setdefault(path, {})[method] = _operation(handler, path, call)
    whole = {
        "openapi": "3.1.0",
        "info": {"title": "Al Día", "version": _version(), "description": _ABOUT},
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }
    renamed: dict[str, Any] = msgspec.json.decode(_PAGE_OF.sub(rb"\1Page", msgspec.json.encode(whole)))
    return renamed


def _operations() -> list[tuple[HTTPRouteHandler, str, Operation]]:
    """Every call that declares what it does, in the order of the router, with its path."""
    return [
        (handler, BASE + _PATH_PARAMETER.sub(r"{\1}", next(iter(handler.paths))), handler.opt["operation"])
        for handler in calls
        if isinstance(handler, HTTPRouteHandler) and "operation" in handler.opt
    ]


def _operation(handler: HTTPRouteHandler, path: str, call: Operation) -> dict[str, Any]:
    summary, _, description = (inspect.getdoc(handler.fn) or "").partition("\n")
    told: dict[str, Any] = {
        "operationId": handler.handler_name,
        "tags": [path.removeprefix(f"{BASE}/").split("/")[0]],
        "summary": summary.strip(),
        "description": " ".join([description.strip(), f"Scope: `{call.scope}`."]).strip(),
        "parameters": [*_path_parameters(path), *_query_parameters(call), *_header_parameters(call)],
        "responses": _responses(call),
    }
    if call.takes is not None:
        file = {"type": "string", "format": "binary"}
        told["requestBody"] = {"required": True, "content": {call.takes: {"schema": file}}}
    if call.body is not None:
        told["requestBody"] = {"required": True, "content": {"application/json": {"schema": _schema(call.body)}}}
    return told


def _responses(call: Operation) -> dict[str, Any]:
    given = {"description": "As asked.", "content": {call.media_type: {"schema": _schema(call.returns)}}}
    responses: dict[str, Any] = {str(call.status): given}
    if call.idempotent:
        responses["200"] = {**given, "description": "The same request again: the same body, and nothing was done."}
    statuses = {400, 401, 403, 503, *call.refuses, *((413, 415, 422) if call.body else ())}
    problem = {MEDIA_TYPE: {"schema": _schema(Problem)}}
    return responses | {
        str(status): {"description": _REFUSALS[status], "content": problem} for status in sorted(statuses)
    }


def _path_parameters(path: str) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": _PATH_SCHEMAS.get(name, _ID)}
        for name in re.findall(r"\{(\w+)\}", path)
    ]


def _query_parameters(call: Operation) -> list[dict[str, Any]]:
    if call.query is None:
        return []
    told = msgspec.json.schema(call.query)["$defs"][call.query.__name__]
    needed = told.get("required", ())
    return [_parameter(name, schema, required=name in needed) for name, schema in told["properties"].items()]


def _parameter(name: str, schema: dict[str, Any], *, required: bool) -> dict[str, Any]:
    """A filter that is left out is absent; nobody writes null in an address."""
    kinds = [kind for kind in schema.get("anyOf", [schema]) if kind.get("type") != "null"]
    plain = dict(kinds[0])
    if "enum" in plain:
        plain["enum"] = [value for value in plain["enum"] if value is not None]
    if schema.get("default") is not None:
        plain["default"] = schema["default"]
    description = plain.pop("description", None)
    told = {"name": name, "in": "query", "required": required, "schema": plain}
    return told | ({"description": description} if description else {})


def _header_parameters(call: Operation) -> list[dict[str, Any]]:
    if not call.idempotent:
        return []
    return [
        {
            "name": "Idempotency-Key",
            "in": "header",
            "required": False,
            "description": "Any text that names this very request, so that it can be repeated safely.",
            "schema": {"type": "string", "minLength": 1, "maxLength": 255},
        },
    ]


def _schema(shape: Any) -> dict[str, Any]:  # noqa: ANN401
    (schema,), _ = msgspec.json.schema_components([shape], ref_template=_REF)
    return schema


def _groups() -> dict[str, list[dict[str, Any]]]:
    """The operations as the page lists them: by the first word of their path."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, methods in document()["paths"].items():
        for method, operation in methods.items():
            told = {**operation, "method": method.upper(), "path": path}
            groups.setdefault(operation["tags"][0], []).append(told)
    return groups


def _version() -> str:
    try:
        return version("aldia")
    except PackageNotFoundError:
        return "0"


routes = [openapi, browse]
