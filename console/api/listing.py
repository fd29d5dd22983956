"""Pages of a listing: how many, from where, and the cursor to what comes next."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, TypeVar

import msgspec

from console.api.cursors import Cursors, Place

Row = TypeVar("Row")

Limit = Annotated[int, msgspec.Meta(ge=1, le=100, description="How many items, 1 to 100.")]


class Paging(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What every listing takes."""

    limit: Limit = 50
    cursor: Annotated[str, msgspec.Meta(description="`next_cursor` of the page before.")] | None = None


def begin(cursors: Cursors, listing: str, asked: Paging, kinds: Sequence[type]) -> Place | None:
    """Where the page asked for begins: None for the first one. Refuses (400) a cursor that is not of this listing."""
    return None if asked.cursor is None else cursors.read(listing, _filters(asked), asked.cursor, kinds)


def cut(
    cursors: Cursors,
    listing: str,
    asked: Paging,
    rows: Sequence[Row],
    place_of: Callable[[Row], Place],
) -> tuple[Sequence[Row], str | None]:
    """The page out of `rows`, which were fetched with one more than asked for, and the cursor of the next one."""
    if len(rows) <= asked.limit:
        return rows, None
    page = rows[: asked.limit]
    return page, cursors.write(listing, _filters(asked), place_of(page[-1]))


def _filters(asked: Paging) -> dict[str, object]:
    """Everything but the page itself: a cursor may be used with another `limit`, not with other filters."""
    filters: dict[str, object] = msgspec.to_builtins(asked)
    return {name: value for name, value in filters.items() if name not in {"limit", "cursor"}}
