"""The business as the bot needs it: whether people attend now, when they do again, and how that is said."""

from __future__ import annotations

from datetime import datetime

import msgspec
from sqlalchemy import select

from console.agents import Team
from console.bots import opening
from console.bots.gathering import Place
from console.db import Tx
from console.hours.reading import hours_of
from console.settings import Settings


class Places(msgspec.Struct, frozen=True):
    """By team; `default` for one that is made this moment."""

    by_team: dict[int, Place]
    default: Place


async def place_of(tx: Tx, settings: Settings, team_id: int, moment: datetime, *, can_link: bool) -> Place:
    """The business as `team_id` works."""
    hours = await hours_of(tx, team_id)
    return Place(
        company=settings.company,
        country=settings.country,
        zone=settings.zone,
        currency=settings.currency,
        can_link=can_link,
        is_open=hours.is_open(moment),
        opens_at=hours.next_opening(moment),
        hours=opening.said(hours),
    )


async def places_of(tx: Tx, settings: Settings, moment: datetime, *, can_link: bool) -> Places:
    """The business as each team works."""
    teams = list(await tx.scalars(select(Team.id).order_by(Team.id)))
    by_team = {team: await place_of(tx, settings, team, moment, can_link=can_link) for team in teams}
    default = next(iter(by_team.values()), None) or await place_of(tx, settings, 0, moment, can_link=can_link)
    return Places(by_team, default)
