"""The filters on top of a list as people read them: what is set, how to take it off, and what else there is."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from sqlalchemy import select

from console import money
from console.agents import Viewer
from console.db import Tx
from console.inbox import policy
from console.inbox.listing import CLOSING, STATE_VIEWS, Listing
from console.inbox.lists import Page
from console.inbox.tags import Tag
from console.inbox.views import TagView, ViewCount
from console.languages.words import Words

PROMISE_WORDS = {"open": Words("Promesa vigente"), "due": Words("Promesa que vence"), "broken": Words("Promesa rota")}


TARGET_WORDS = {"soon": Words("Plazo por vencer"), "late": Words("Plazo vencido")}


class Chip(msgspec.Struct):
    """One filter in words, and the address of the list without it."""

    words: str
    without: str


class FilterBar(msgspec.Struct, kw_only=True):
    """The filters of a list. `count` and `is_more` as in Page."""

    view: str
    filters: str
    chips: list[Chip]
    count: int | None
    is_more: bool
    listing: Listing
    tags: list[TagView]
    states: list[tuple[str, str]]
    promises: Mapping[str, str]
    targets: Mapping[str, str]
    amount_from: str
    amount_to: str

    @property
    def asked(self) -> dict[str, str]:
        """The list as an address names it: what the next page is asked with."""
        return {"view": self.view, **dict(self.listing.pairs())}


async def bar_of(tx: Tx, viewer: Viewer, listing: Listing, counts: list[ViewCount], page: Page) -> FilterBar:
    """The bar above a list whose first page is `page`; one small query."""
    tags = await tags_for(tx, viewer)
    labels = {one.key: one.label for one in counts}
    return FilterBar(
        view=listing.view,
        filters=listing.filters,
        chips=_chips(listing, labels, {tag.id: tag.name for tag in tags}),
        count=page.count,
        is_more=page.is_more,
        listing=listing,
        tags=tags,
        states=[(state, labels[state]) for state in STATE_VIEWS],
        promises=PROMISE_WORDS,
        targets=TARGET_WORDS,
        amount_from=_amount(listing.amount_from, listing.currency),
        amount_to=_amount(listing.amount_to, listing.currency),
    )


async def tags_for(tx: Tx, viewer: Viewer) -> list[TagView]:
    """The tags in use that `viewer` may put: everybody's and those of their teams, by name."""
    wanted = select(Tag).where(Tag.retired_at.is_(None), policy.visible_tags(viewer)).order_by(Tag.name_key).limit(200)
    return [TagView(tag.id, tag.name, tag.colour) for tag in await tx.scalars(wanted)]


def _chips(listing: Listing, labels: Mapping[str, str], tags: dict[int, str]) -> list[Chip]:
    def without(**changed: object) -> str:
        return msgspec.structs.replace(listing, **changed).filters

    found = []
    if listing.state:
        found.append(Chip(labels[listing.state], without(state=None)))
    for tag in listing.tags:
        rest = tuple(other for other in listing.tags if other != tag)
        found.append(Chip(tags.get(tag, Words("Etiqueta retirada")), without(tags=rest)))
    if listing.amount_from is not None or listing.amount_to is not None:
        between = _between(_amount(listing.amount_from, listing.currency), _amount(listing.amount_to, listing.currency))
        found.append(Chip(Words("Vencido {between}", between=between), without(amount_from=None, amount_to=None)))
    if listing.days_from is not None or listing.days_to is not None:
        between = _between(*("" if days is None else str(days) for days in (listing.days_from, listing.days_to)))
        found.append(Chip(Words("Atraso {between} días", between=between), without(days_from=None, days_to=None)))
    if listing.promise:
        found.append(Chip(PROMISE_WORDS[listing.promise], without(promise=None)))
    if listing.target:
        found.append(Chip(TARGET_WORDS[listing.target], without(target=None)))
    if listing.window:
        found.append(Chip(Words("Ventana cierra en {hours} h", hours=CLOSING.seconds // 3600), without(window=False)))
    return found


def _between(low: str, high: str) -> str:
    if low and high:
        return Words("de {low} a {high}", low=low, high=high)
    return Words("desde {low}", low=low) if low else Words("hasta {high}", high=high)


def _amount(minor: int | None, currency: str) -> str:
    return "" if minor is None else money.as_text(minor, currency)
