"""How the API says no: RFC 9457 problem details, the same shape for every refusal, and nothing of our insides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException

from console import metrics
from console.db import is_away
from console.errors import Refused
from console.security import log_unexpected

MEDIA_TYPE = "application/problem+json"

# RFC 9457: the title is the same each time; what differs is in `detail`, `field` and the members beside them.
_TITLES = {
    400: "La petición no se entiende",
    401: "Falta una credencial válida",
    403: "La credencial no lo permite",
    404: "No existe",
    405: "Método no permitido",
    406: "Formato no disponible",
    409: "Choca con el estado actual",
    413: "Cuerpo demasiado grande",
    415: "Tipo de contenido no admitido",
    422: "La petición se entiende, pero no se puede cumplir",
    429: "Demasiadas peticiones",
    500: "Error interno",
    503: "Servicio no disponible por el momento",
}
_CODES = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    413: "too_big",
    415: "unsupported_media_type",
    422: "invalid",
    429: "too_many_requests",
    503: "unavailable",
}


class Problem(msgspec.Struct, omit_defaults=True):
    """A refusal (RFC 9457). `code` is for programs and never changes; `field` names the input at fault.

    `details` holds ids and values the caller can act on, such as the present `version` after a lost race.
    """

    type: str
    title: str
    status: int
    detail: str
    code: str
    field: str | None = None
    details: dict[str, Any] | None = None


def invalid(field: str, text: str, *, status: int = 422, code: str = "invalid") -> Refused:
    """An input that cannot be taken as it is."""
    return Refused(status, text, code=code, field=field)


def describe(
    status: int,
    *,
    code: str,
    detail: str,
    field: str | None = None,
    details: Mapping[str, object] | None = None,
) -> Problem:
    """A problem with its fixed title; `type` leads to the page that explains the code."""
    title = _TITLES.get(status, "Petición rechazada")
    return Problem(f"/api/schema#{code}", title, status, detail, code, field, dict(details) if details else None)


def _answer(problem: Problem, headers: Mapping[str, str] | None = None) -> Response[Problem]:
    metrics.api_requests_total.labels(problem.status).inc()
    extra = {"WWW-Authenticate": "Bearer"} if problem.status == 401 else {}
    return Response(
        problem,
        status_code=problem.status,
        media_type=MEDIA_TYPE,
        headers={"Cache-Control": "no-store", **extra, **(headers or {})},
    )


def refused(_request: Request[Any, Any, Any], refusal: Refused) -> Response[Problem]:
    """What the console refuses on purpose."""
    return _answer(
        describe(
            refusal.status,
            code=refusal.code,
            detail=refusal.text,
            field=refusal.field,
            details=refusal.details,
        ),
    )


def http(_request: Request[Any, Any, Any], error: HTTPException) -> Response[Problem]:
    """What the framework refuses: no such path or method, a body that is too big. Its own words stay inside."""
    status = error.status_code if error.status_code in _TITLES else 500 if error.status_code >= 500 else 400
    code = _CODES.get(status, "internal")
    allow = {name: value for name, value in (error.headers or {}).items() if name.lower() in {"allow", "retry-after"}}
    return _answer(describe(status, code=code, detail=_TITLES[status] + "."), allow)


def unavailable_or_internal(request: Request[Any, Any, Any], error: Exception) -> Response[Problem]:
    """What nobody refused: the database, or a bug of ours."""
    return unavailable(request, error) if is_away(error) else internal(request, error)


def unavailable(_request: Request[Any, Any, Any], _error: Exception) -> Response[Problem]:
    """The database is away or has no connection left: worth trying again."""
    problem = describe(
        503, code="unavailable", detail="La base de datos no responde. Vuelva a intentarlo en un momento."
    )
    return _answer(problem, {"Retry-After": "2"})


def internal(_request: Request[Any, Any, Any], error: Exception) -> Response[Problem]:
    """A bug of ours: logged, and told to nobody."""
    log_unexpected(error)
    return _answer(describe(500, code="internal", detail="Ocurrió un error inesperado y quedó registrado."))


handlers: dict[int | type[Exception], Any] = {
    Refused: refused,
    HTTPException: http,
    Exception: unavailable_or_internal,
}
"""For whatever answers under /api: exception to problem."""
