"""By when a request is owed an answer, by the law of the person's country (compliance, personal data). Pure.

Days are working days of the country where the law says so; a lawyer of each country must confirm them.
"""

from __future__ import annotations

from datetime import date, timedelta

from console.portfolio.contact_hours import working_days_after
from console.privacy.models import Kind

# (days, whether only working days count). Access first, then rectification and erasure.
_LAWS: dict[str, tuple[tuple[int, bool], tuple[int, bool]]] = {
    "PE": ((20, True), (10, True)),  # Ley 29733, DS 016-2024-JUS
    "MX": ((20, True), (20, True)),  # LFPDPPP 2025
    "CO": ((10, True), (15, True)),  # Ley 1581: consulta, reclamo
    "BR": ((15, False), (15, False)),  # LGPD
}
# Where we know no better: the shortest of all.
_ELSEWHERE = ((10, True), (10, True))


def due_on(kind: Kind, asked_on: date, country: str) -> date:
    """The last day to answer what was asked on `asked_on`."""
    access, change = _LAWS.get(country, _ELSEWHERE)
    days, only_working = access if kind == Kind.ACCESS else change
    return working_days_after(asked_on, days, country) if only_working else asked_on + timedelta(days=days)
