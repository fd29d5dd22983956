"""What every call declares about itself: the scope it needs, and the shapes it takes and gives."""

from __future__ import annotations

from typing import Any

import msgspec


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One call: its scope, its query string, its body, and what it gives with which status."""

    scope: str
    returns: Any
    query: type | None = None
    body: type | None = None
    status: int = 200
    refuses: tuple[int, ...] = ()
    idempotent: bool = False
    media_type: str = "application/json"
    takes: str | None = None


def does(
    scope: str,
    *,
    returns: Any,  # noqa: ANN401 a generic page is no plain type
    query: type | None = None,
    body: type | None = None,
    status: int = 200,
    refuses: tuple[int, ...] = (),
    idempotent: bool = False,
    media_type: str = "application/json",
    takes: str | None = None,
) -> dict[str, Any]:
    """The `opt` of a route handler: `scope` is checked before it runs, the rest is for the schema.

    `refuses` are statuses beyond those that any such call may answer with; `idempotent` calls take an Idempotency-Key;
    `takes` is the type of a body that is a file.
    """
    told = Operation(
        scope=scope,
        returns=returns,
        query=query,
        body=body,
        status=status,
        refuses=refuses,
        idempotent=idempotent,
        media_type=media_type,
        takes=takes,
    )
    return {"scope": scope, "operation": told}
