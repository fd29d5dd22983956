"""The numbers that creditors name for a debtor: taken in, taken back, and joined to who writes from them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy import String, cast, literal, select, update

from console.bulk import among, execute_many, fetch
from console.db import Tx, bulk_insert, table_of
from console.portfolio.models import Account, ContactPoint, PointState
from console.portfolio.points import find_contacts
from integrations.whatsapp.numbers import match_key

_POINTS = table_of(ContactPoint)
_ACCOUNTS = table_of(Account)
# Some open debt of this debtor still names the number: the list is kept as JSON text, the same on both databases.
_NAMED = (
    select(_ACCOUNTS.c.id)
    .where(
        _ACCOUNTS.c.debtor_id == _POINTS.c.debtor_id,
        _ACCOUNTS.c.status == "open",
        cast(_ACCOUNTS.c.phones, String).like(literal('%"') + _POINTS.c.phone + literal('"%')),
    )
    .exists()
)
_OF_STATEMENTS = _POINTS.c.source.like("estado de cuenta%")
_RETIRED = (
    update(_POINTS)
    .where(among(_POINTS.c.debtor_id, "debtors"), _POINTS.c.state == PointState.ACTIVE, _OF_STATEMENTS, ~_NAMED)
    .values(state=str(PointState.RETIRED))
)
_BACK = (
    update(_POINTS)
    .where(among(_POINTS.c.debtor_id, "debtors"), _POINTS.c.state == PointState.RETIRED, _NAMED)
    .values(state=str(PointState.ACTIVE))
)
_TOUCHED = select(_POINTS.c.contact_id).where(among(_POINTS.c.debtor_id, "debtors"), _POINTS.c.contact_id.is_not(None))


def source(named: str) -> str:
    """What is kept with a number as evidence of where it came from: `estado de cuenta: api`."""
    return f"estado de cuenta: {named}"


async def name(tx: Tx, given: Iterable[tuple[int, str]], *, named: str, moment: datetime) -> None:
    """Take in the numbers of `given` (debtor, E.164). Who writes from one already is joined to it at once.

    A number marked as wrong stays wrong, whoever names it.
    """
    wanted = {(debtor_id, match_key(phone)): phone for debtor_id, phone in given}
    contacts = await find_contacts(tx, {key for _debtor_id, key in wanted})
    rows = [
        {
            "debtor_id": debtor_id,
            "phone": phone,
            "match_key": key,
            "contact_id": contacts.get(key),
            "state": PointState.ACTIVE,
            "source": source(named),
            "created_at": moment,
            "updated_at": moment,
        }
        for (debtor_id, key), phone in wanted.items()
    ]
    await bulk_insert(tx, ContactPoint, rows, or_ignore=True)


async def settle(tx: Tx, debtors: Collection[int]) -> set[int]:
    """Retire the numbers that no open debt of these debtors names, and bring back those that one names again.

    Gives the contacts behind any of their numbers, whose conversations may have to show something else.
    """
    if not debtors:
        return set()
    touched = {contact for (contact,) in await fetch(tx, _TOUCHED, {"debtors": debtors})}
    await execute_many(tx, _RETIRED, [{"debtors": debtors}])
    await execute_many(tx, _BACK, [{"debtors": debtors}])
    return touched
