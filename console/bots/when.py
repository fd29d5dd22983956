"""The day and the amount in a message, as far as its meaning lets them be somebody's intention.

Pure: the moment, the zone and the country are arguments. The grammar itself is the portfolio's (`said`).
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from zoneinfo import ZoneInfo

import msgspec

from console.portfolio import said

# "Pagué el viernes", "¿atienden el sábado?", "nací el 5 de mayo": a day, but none to come back on.
_NO_INTENTION = frozenset(
    {
        "already_paid",
        "hours",
        "due_date",
        "identity_answer",
        "distress",
        "opt_out",
        "wrong_person",
        "dispute",
        "balance",
    }
)
_INTENTION = frozenset({"promise_to_pay", "payment_plan"})


class When(msgspec.Struct, frozen=True):
    """The day (None: none, or several to ask about), whether it must be confirmed, and the amount in minor units."""

    day: date | None = None
    ask: tuple[date, ...] = ()
    confirm: bool = False
    amount_minor: int | None = None


def when(text: str, labels: Collection[str], *, moment: datetime, zone: ZoneInfo, currency: str, country: str) -> When:
    """What `text` intends, said at `moment` by somebody who lives in `zone`.

    `ask` holds the days to choose from: of a range ("la próxima semana"), of several ("el 5 y el 20"), or of a day that
    has two readings ("el viernes", said on a Friday), which is given all the same, to be confirmed.
    """
    if not _INTENTION & set(labels) and _NO_INTENTION & set(labels):
        return When()
    found = said.read(text, moment=moment, zone=zone, currency=currency, country=country)
    several = found.is_range or found.is_several
    return When(
        day=None if several else found.day,
        ask=found.candidates if several or len(found.candidates) > 1 else (),
        confirm=len(found.candidates) > 1 and not several,
        amount_minor=found.amount_minor,
    )
