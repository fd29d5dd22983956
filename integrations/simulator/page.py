"""`/simulator`: the page with the phone, its static files, and the stream that keeps it live."""

from __future__ import annotations

import asyncio
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import asgi, get
from litestar.di import NamedDependency
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.response import Template
from litestar.static_files import create_static_files_router
from litestar.types import ControllerRouterHandler, Receive, Scope, Send

from integrations.simulator.live import Viewer
from integrations.simulator.simulation import Simulation

HERE = Path(__file__).parent


def engine() -> JinjaTemplateEngine:
    """The page's templates: escaped, and strict about names."""
    environment = Environment(loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined)
    return JinjaTemplateEngine.from_environment(environment)


@get("/simulator", sync_to_thread=False)
def page(sim: NamedDependency[Simulation]) -> Template:
    """The page."""
    return Template("page.html", context={"business": sim.settings.business_name, "console": sim.settings.console})


@asgi("/simulator/live", copy_scope=True)
async def live(scope: Scope, receive: Receive, send: Send) -> None:
    """Server-sent events until the page is closed."""
    sim: Simulation = scope["litestar_app"].state.simulation
    viewer = sim.hub.join()
    pumping = asyncio.ensure_future(_pump(viewer, send))
    leaving = asyncio.ensure_future(_left(receive))
    try:
        await asyncio.wait({pumping, leaving}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        pumping.cancel()
        leaving.cancel()
        sim.hub.leave(viewer)
        for thread in sim.world.threads.values():
            thread.open_by.discard(viewer.id)


async def _pump(viewer: Viewer, send: Send) -> None:
    headers = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    async for frame in viewer.frames():
        await send({"type": "http.response.body", "body": frame, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


STATIC = create_static_files_router("/simulator/static", directories=[HERE / "static"])
DOORS: list[ControllerRouterHandler] = [page, live, STATIC]
