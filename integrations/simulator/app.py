"""The simulator as a Litestar application: the Cloud API on every path but `/simulator`, where the phone is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

from litestar import Litestar, Router
from litestar.datastructures import State
from litestar.di import Provide
from litestar.enums import ScopeType
from litestar.template import TemplateConfig
from litestar.types import HTTPScope, LifeSpanReceive, LifeSpanScope, LifeSpanSend, Receive, Scope, Send

from integrations.simulator import checkout, control_machine, control_people, control_threads, control_wire, page
from integrations.simulator.control import graph_refusal, impossible
from integrations.simulator.graph import answer_call
from integrations.simulator.graph_errors import GraphError
from integrations.simulator.guard import page_request
from integrations.simulator.inbound import ImpossibleError
from integrations.simulator.settings import SimulatorSettings
from integrations.simulator.simulation import Simulation


class Simulator(Litestar):
    """Looks at the path before Litestar does: the Graph has its own way with paths, and connections to break."""

    simulation: Simulation

    async def __call__(
        self, scope: Scope | LifeSpanScope, receive: Receive | LifeSpanReceive, send: Send | LifeSpanSend
    ) -> None:
        """Answer one request, or live through one life."""
        call = cast("HTTPScope", scope)
        if scope["type"] == ScopeType.HTTP and not is_ours(call["path"]):
            await answer_call(self.simulation, call, cast("Receive", receive), cast("Send", send))
        elif scope["type"] == ScopeType.HTTP:
            await page_request(super().__call__, self.simulation, call, cast("Receive", receive), cast("Send", send))
        else:
            await super().__call__(scope, receive, send)


def create_simulator(settings: SimulatorSettings | None = None) -> Simulator:
    """A simulator of one WhatsApp number, ready for an ASGI server; it begins to send when that starts it."""
    simulation = Simulation(settings or SimulatorSettings())

    @asynccontextmanager
    async def alive(_: Litestar) -> AsyncIterator[None]:
        simulation.webhooks.start()
        try:
            yield
        finally:
            await simulation.stop()

    app = Simulator(
        route_handlers=[
            *page.DOORS,
            *checkout.DOORS,
            Router(
                "/simulator/api",
                route_handlers=[
                    *control_people.DOORS,
                    *control_threads.DOORS,
                    *control_wire.DOORS,
                    *control_machine.DOORS,
                ],
            ),
        ],
        dependencies={"sim": Provide(lambda: simulation, sync_to_thread=False)},
        exception_handlers={ImpossibleError: impossible, GraphError: graph_refusal},
        lifespan=[alive],
        state=State({"simulation": simulation}),
        template_config=TemplateConfig(instance=page.engine()),
        openapi_config=None,
        request_max_body_size=120 * 1024 * 1024,
    )
    app.simulation = simulation
    return app


def is_ours(path: str) -> bool:
    """Whether a path belongs to the page and its API."""
    return path == "/simulator" or path.startswith("/simulator/")
