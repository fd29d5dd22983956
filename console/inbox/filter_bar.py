"""The filters on top of a list as people read them: what is set, how to take it off, and what else there is."""

from __future__ import annotations

import msgspec
from sqlalchemy import func, or_, select
from sqlalchemy.sql.elements import ColumnElement

from console import money
from console.agents import Viewer
from console.db import Tx
from console.inbox import policy
from console.inbox.listing import CLOSING, STATE_VIEWS, Listing, Now, condition
from console.inbox.models import Conversation
from console.inbox.tags import Tag
from console.inbox.views import TagView, ViewCount

MOST = 1000
"""What is counted of a filtered list; beyond it stands "más de"."""
PROMISE_WORDS = {"open": "Promesa vigente", "due": "Promesa que vence", "broken": "Promesa rota"}


class Chip(msgspec.Struct):
    """One filter in words, and the address of the list without it."""

    words: str
    without: str


class FilterBar(msgspec.Struct, kw_only=True):
    """The filters of a list. `count` is how many conversations they leave, None where nothing is filtered."""

    view: str
    filters: str
    chips: list[Chip]
    count: int | None
    is_more: bool
    listing: Listing
    tags: list[TagView]
    states: list[tuple[str, str]]
    promises: dict[str, str]
    amount_from: str
    amount_to: str

    @property
    def asked(self) -> dict[str, str]:
        """The list as an address names it: what the next page is asked with."""
        return {"view": self.view, **dict(self.listing.pairs())}


async def bar_of(tx: Tx, viewer: Viewer, listing: Listing, counts: list[ViewCount], now: Now) -> FilterBar:
    """The bar above a list; two small queries, and a third that counts to `MOST` where something is filtered."""
    tags = await tags_for(tx, viewer)
    labels = {one.key: one.label for one in counts}
    count, is_more = await count_of(tx, viewer, listing, now) if listing.filters else (None, False)
    return FilterBar(
        view=listing.view,
        filters=listing.filters,
        chips=_chips(listing, labels, {tag.id: tag.name for tag in tags}),
        count=count,
        is_more=is_more,
        listing=listing,
        tags=tags,
        states=[(state, labels[state]) for state in STATE_VIEWS],
        promises=PROMISE_WORDS,
        amount_from=_amount(listing.amount_from, listing.currency),
        amount_to=_amount(listing.amount_to, listing.currency),
    )


async def tags_for(tx: Tx, viewer: Viewer) -> list[TagView]:
    """The tags in use that `viewer` may put: everybody's and those of their teams, by name."""
    wanted = select(Tag).where(Tag.retired_at.is_(None), of_teams(viewer)).order_by(Tag.name_key).limit(200)
    return [TagView(tag.id, tag.name, tag.colour) for tag in await tx.scalars(wanted)]


def of_teams(viewer: Viewer) -> ColumnElement[bool]:
    """That a Tag is everybody's or of one of the viewer's teams."""
    if viewer.sees_all:
        return Tag.id.is_not(None)
    return or_(Tag.team_id.is_(None), Tag.team_id.in_(viewer.team_ids))


async def count_of(tx: Tx, viewer: Viewer, listing: Listing, now: Now) -> tuple[int, bool]:
    """How many conversations a list has, counted to `MOST`, and whether there are more."""
    wanted = select(Conversation.id).where(policy.visible(viewer), condition(listing, viewer, now))
    some = wanted.limit(MOST + 1).subquery()
    number = await tx.scalar(select(func.count()).select_from(some)) or 0
    return min(number, MOST), number > MOST


def _chips(listing: Listing, labels: dict[str, str], tags: dict[int, str]) -> list[Chip]:
    def without(**changed: object) -> str:
        return msgspec.structs.replace(listing, **changed).filters

    found = []
    if listing.state:
        found.append(Chip(labels[listing.state], without(state=None)))
    for tag in listing.tags:
        rest = tuple(other for other in listing.tags if other != tag)
        found.append(Chip(tags.get(tag, "Etiqueta retirada"), without(tags=rest)))
    if listing.amount_from is not None or listing.amount_to is not None:
        between = _between(_amount(listing.amount_from, listing.currency), _amount(listing.amount_to, listing.currency))
        found.append(Chip(f"Vencido {between}", without(amount_from=None, amount_to=None)))
    if listing.days_from is not None or listing.days_to is not None:
        between = _between(*("" if days is None else str(days) for days in (listing.days_from, listing.days_to)))
        found.append(Chip(f"Atraso {between} días", without(days_from=None, days_to=None)))
    if listing.promise:
        found.append(Chip(PROMISE_WORDS[listing.promise], without(promise=None)))
    if listing.window:
        found.append(Chip(f"Ventana cierra en {CLOSING.seconds // 3600} h", without(window=False)))
    return found


def _between(low: str, high: str) -> str:
    if low and high:
        return f"de {low} a {high}"
    return f"desde {low}" if low else f"hasta {high}"


def _amount(minor: int | None, currency: str) -> str:
    return "" if minor is None else money.as_text(minor, currency)
