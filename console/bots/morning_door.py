"""The queue of the morning as a page: for everybody, of the conversations that they may see."""

from __future__ import annotations

from typing import Any

from litestar import Response, get
from litestar.di import NamedDependency

from console import clock
from console.agents import Viewer
from console.bots import morning
from console.bots.handing import REASONS
from console.db import Database
from console.settings_pages.answers import show

PAGE = "/inbox/morning"


@get(PAGE)
async def morning_page(db: NamedDependency[Database], viewer: NamedDependency[Viewer]) -> Response[Any]:
    """What the bot left to people, the most urgent first."""
    async with db.reading() as tx:
        left = await morning.left_to_people(tx, viewer, clock.now())
    return show("bot/morning.html", viewer, left=left, most=morning.MOST, reasons=REASONS)


routes = [morning_page]
