"""Reading saved views, each with the number of conversations it has now, counted to a hundred in one statement."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

import msgspec
from sqlalchemy import ScalarSelect, func, select

from console.agents import Team, Viewer
from console.db import Tx
from console.errors import Refused
from console.inbox import policy
from console.inbox.listing import Listing, Now, condition, read_listing
from console.inbox.models import Conversation
from console.inbox.tags import ConversationTag
from console.saved_views import access
from console.saved_views.models import SavedView

COUNTED = 100
"""Nobody works more than this from a list in a day: the rest is "99+"."""
MOST_SHOWN = 60


class SavedLine(msgspec.Struct, kw_only=True):
    """A saved view as the sidebar shows it; `team` is empty for one's own.

    `count` is at most `COUNTED`; None where a filter of it no longer exists.
    """

    id: int
    name: str
    view: str
    filters: str
    team: str
    team_id: int | None
    may_change: bool
    count: int | None


async def saved_views(tx: Tx, viewer: Viewer, currency: str, now: Now, *, only: int | None = None) -> list[SavedLine]:
    """What `viewer` saved and what their teams share, in their order; two statements, however many there are.

    `only`: that view alone, if it is among them.
    """
    wanted = (
        select(SavedView, Team.name)
        .outerjoin(Team, Team.id == SavedView.team_id)
        .where(access.visible(viewer))
        .order_by(Team.name.is_not(None), Team.name, SavedView.position, SavedView.id)
        .limit(MOST_SHOWN)
    )
    wanted = wanted if only is None else wanted.where(SavedView.id == only)
    rows = (await tx.execute(wanted)).all()
    listings = {saved.id: listing_of(saved, currency) for saved, _team in rows}
    counted = [(number, _number(viewer, listing, now)) for number, listing in listings.items() if listing]
    numbers = (await tx.execute(select(*(one for _number, one in counted)))).one() if counted else ()
    counts = {number: count for (number, _), count in zip(counted, numbers, strict=True)}
    return [
        SavedLine(
            id=saved.id,
            name=saved.name,
            view=saved.view,
            filters=saved.filters,
            team=team or "",
            team_id=saved.team_id,
            may_change=access.may_change(viewer, saved),
            count=counts.get(saved.id),
        )
        for saved, team in rows
    ]


def listing_of(saved: SavedView, currency: str) -> Listing | None:
    """What it lists. A filter that no longer exists is not guessed at: its list says so when it is opened."""
    try:
        return read_listing({"view": saved.view, **dict(parse_qsl(saved.filters))}, currency)
    except Refused:
        return None


def _number(viewer: Viewer, listing: Listing, now: Now) -> ScalarSelect[Any]:
    some = select(Conversation.id).where(policy.visible(viewer), condition(listing, viewer, now)).limit(COUNTED)
    if listing.tags:
        # What few have is found from the tag.
        has = (ConversationTag.conversation_id == Conversation.id) & (ConversationTag.tag_id == listing.tags[0])
        some = some.join(ConversationTag, has)
    return select(func.count()).select_from(some.subquery()).scalar_subquery()
