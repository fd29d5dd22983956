"""The explorer's address: which filters it holds, and how one is written."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import msgspec
from litestar import Request

from console.evidence.searching import Asked

PAGE = "/audit"


def asked_of(request: Request[Any, Any, Any]) -> Asked:
    """The filters of an address, as they were typed."""
    typed = request.query_params.get
    names = {"since": "from", "until": "to"}
    fields = Asked.__struct_fields__
    return Asked(**{name: typed(names.get(name, name), "").strip()[:120] for name in fields})


def address(asked: Asked, **change: object) -> str:
    """The page's address for these filters, with some of them changed; empty ones are left out."""
    names = {"since": "from", "until": "to"}
    values: dict[str, object] = {**msgspec.structs.asdict(asked), **change}
    pairs = [(names.get(name, name), str(value)) for name, value in values.items() if value not in {"", None}]
    return f"{PAGE}?{urlencode(pairs)}" if pairs else PAGE
