"""/simulator: in the demo, the way to the phone on which one is the debtor."""

from __future__ import annotations

from typing import Any

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.response import Redirect

from console.errors import not_found
from console.settings import Settings


@get("/simulator", opt={"public": True})
async def simulator(settings: NamedDependency[Settings]) -> Response[Any]:
    """To the simulator's own page, which is another process; there is no such page outside the demo."""
    if not settings.demo or not settings.simulator_url:
        raise not_found()
    return Redirect(f"{settings.simulator_url}/simulator", status_code=307)


routes = [simulator]
