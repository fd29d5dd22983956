"""What Meta charges for a billable message of each category, as the business was told. Each change is on record."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from sqlalchemy import select

from console import audit, clock
from console.agents import Viewer
from console.db import Tx
from console.errors import Refused
from console.languages.words import Words
from console.reports.costs import CATEGORIES, MICRO
from console.reports.models import Rate

DEAREST = 1000


async def rates_of(tx: Tx) -> dict[str, int]:
    """The price of each category that has one, in millionths of a unit."""
    return {rate.category: rate.price_micro for rate in await tx.scalars(select(Rate))}


async def change(tx: Tx, *, by: Viewer, typed: Mapping[str, str]) -> None:
    """Take these prices (units with up to six decimals; nothing typed: not known). Records rates.updated.

    Refuses: 422 naming the category whose price is no number, negative or absurd.
    """
    new = {
        category: price for category in CATEGORIES if (price := _read(category, typed.get(category, ""))) is not None
    }
    held = {rate.category: rate for rate in await tx.scalars(select(Rate).with_for_update())}
    old = {category: rate.price_micro for category, rate in held.items()}
    if old == new:
        return
    for category, rate in held.items():
        if category not in new:
            await tx.delete(rate)
    for category, price in new.items():
        if category in held:
            rate = held[category]
            rate.price_micro, rate.version, rate.updated_at = price, rate.version + 1, clock.now()
        else:
            tx.add(Rate(category=category, price_micro=price, updated_at=clock.now()))
    audit.record(tx, by.actor, "rates.updated", subject="rates", old={**old}, new={**new})


def written(price_micro: int | None) -> str:
    """A price as it is typed: 0.0703."""
    return "" if price_micro is None else f"{Decimal(price_micro) / MICRO:f}"


def _read(category: str, text: str) -> int | None:
    text = text.strip().replace(",", ".")
    if not text:
        return None
    try:
        price = Decimal(text)
    except InvalidOperation:
        price = Decimal(-1)
    if not price.is_finite() or not 0 <= price <= DEAREST or price * MICRO % 1:
        said = Words("Escriba un precio como 0.0703, con seis decimales o menos.")
        raise Refused(422, said, code="invalid", field=category)
    return int(price * MICRO)
