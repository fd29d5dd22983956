"""The simulator under uvicorn, so that it stops at once and politely: open pages are told to come back."""

from __future__ import annotations

import socket

import uvicorn

from integrations.simulator.app import create_simulator
from integrations.simulator.settings import SimulatorSettings


class SimulatorServer(uvicorn.Server):
    """A uvicorn that ends the pages' streams first; it would wait for them otherwise."""

    def __init__(self, settings: SimulatorSettings, *, host: str = "127.0.0.1", port: int = 8001) -> None:
        app = create_simulator(settings)
        config = uvicorn.Config(
            app,
            host=host,
            port=port,
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=1,
            lifespan="on",
        )
        super().__init__(config)
        self.simulation = app.simulation

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the streams, then everything else."""
        self.simulation.hub.close()
        await super().shutdown(sockets)


def serve(settings: SimulatorSettings, *, host: str = "127.0.0.1", port: int = 8001) -> None:
    """Serve until told to stop."""
    SimulatorServer(settings, host=host, port=port).run()
