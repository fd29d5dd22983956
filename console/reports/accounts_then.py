"""Accounts as they stood: the history of each, folded in its order, and a copy of all of them when a month ends."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import msgspec
from sqlalchemy import Row, insert, literal, select

from console import clock
from console.bulk import among, fetch
from console.db import Tx, bulk_insert, table_of
from console.reports import recoveries
from console.reports.local_days import Calendar, instant_of_us, month_begins, next_month
from console.reports.models import AccountThen, MonthClose, ReportCursor

_THEN = table_of(AccountThen)
_KEPT = ("state", "balance_minor", "status")
_FRESH = {"state": "current", "balance_minor": 0, "status": "open"}
_KNOWN = select(_THEN.c.account_id, *(_THEN.c[name] for name in _KEPT)).where(among(_THEN.c.account_id, "ids"))
Then = dict[int, dict[str, Any]]


async def close_until(
    tx: Tx, cursor: ReportCursor, entries: Sequence[Row[*tuple[Any, ...]]], calendar: Calendar
) -> None:
    """Fold what these entries say of accounts, closing each month as the history passes its end.

    Where the history says nothing more, the clock closes it.
    """
    folding = _Folding(tx, cursor, calendar, await _known(tx, entries))
    for entry in entries:
        at = instant_of_us(entry.at_us)
        if entry.account_id is not None:
            await folding.close_before(at)
            await folding.take(entry)
        elif cursor.next_close_at is not None and at >= cursor.next_close_at:
            await folding.close_before(at)
    if len(entries) == 0:
        await folding.close_before(clock.now())
    await folding.write()


class _Folding:
    """A batch on its way: what is known of its accounts, and what of that is not written yet."""

    def __init__(self, tx: Tx, cursor: ReportCursor, calendar: Calendar, known: Then) -> None:
        self._tx, self._cursor, self._calendar, self._known = tx, cursor, calendar, known
        self._changed: set[int] = set()

    async def take(self, entry: Row[*tuple[Any, ...]]) -> None:
        """What one entry says."""
        then = self._known.setdefault(entry.account_id, dict(_FRESH))
        if entry.action == "payment.applied":
            await recoveries.note(self._tx, entry, str(then["state"]), self._calendar)
        if entry.action.startswith("account.") and entry.new is not None:
            said = msgspec.json.decode(entry.new)
            then |= {name: said[name] for name in _KEPT if name in said}
            self._changed.add(entry.account_id)

    async def close_before(self, at: datetime) -> None:
        """Close every month that had ended at `at`."""
        zone, cursor = self._calendar.zone, self._cursor
        if cursor.next_close_at is None:
            cursor.next_close_at = month_begins(next_month(at.astimezone(zone).date()), zone)
        while cursor.next_close_at <= at:
            await self.write()
            closed_on = cursor.next_close_at.astimezone(zone).date()
            await _copy(self._tx, closed_on)
            cursor.next_close_at = month_begins(next_month(closed_on), zone)

    async def write(self) -> None:
        """Keep what changed."""
        ids = sorted(self._changed)
        if ids:
            await self._tx.execute(_THEN.delete().where(_THEN.c.account_id.in_(ids)))
            await bulk_insert(self._tx, AccountThen, [{"account_id": each, **self._known[each]} for each in ids])
        self._changed.clear()


async def _known(tx: Tx, entries: Sequence[Row[*tuple[Any, ...]]]) -> Then:
    ids = sorted({entry.account_id for entry in entries if entry.account_id is not None})
    rows = await fetch(tx, _KNOWN, {"ids": ids}) if ids else ()
    return {row.account_id: {name: getattr(row, name) for name in _KEPT} for row in rows}


async def _copy(tx: Tx, closed_on: date) -> None:
    columns = ("account_id", *_KEPT)
    now = select(literal(closed_on, table_of(MonthClose).c.closed_on.type), *(_THEN.c[name] for name in columns))
    await tx.execute(insert(MonthClose).from_select(["closed_on", *columns], now))
