"""The simulator under uvicorn: as a process, or beside something else in one."""

from __future__ import annotations

import uvicorn

from integrations.simulator.app import create_simulator
from integrations.simulator.settings import SimulatorSettings


def configured(settings: SimulatorSettings, *, host: str = "127.0.0.1", port: int = 8001) -> uvicorn.Config:
    """How uvicorn runs a simulator; open pages do not keep it from stopping."""
    return uvicorn.Config(
        create_simulator(settings),
        host=host,
        port=port,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=1,
        lifespan="on",
    )


def serve(settings: SimulatorSettings, *, host: str = "127.0.0.1", port: int = 8001) -> None:
    """Serve until told to stop."""
    uvicorn.Server(configured(settings, host=host, port=port)).run()
