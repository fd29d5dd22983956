"""The product as an operator runs it: `aldia serve` and the simulator, each a process that can be killed."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from integrations.whatsapp.signature import sign
from tests import brood
from tests.conftest import SECRET_KEY
from tests.inbox import meta
from tests.servers import Server

APP_SECRET = "simulator-app-secret"
ROOT = Path(__file__).parents[2]
# What a started product does not take from whoever starts it. An installed one keeps its compiled modules, too.
OURS = ("ALDIA_", "WHATSAPP_", "PYTHONDONTWRITEBYTECODE")


class Product:
    """One console process and one simulator on loopback, sharing a folder. Faults are planned per start.

    `environment` is what the console is told besides, such as ALDIA_COMPANY.
    """

    def __init__(self, folder: Path, database_url: str, *, redis_url: str | None = None, **environment: str) -> None:
        self.folder = folder
        self.port, self.simulator_port = free_port(), free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.simulator_address = f"http://127.0.0.1:{self.simulator_port}"
        self.hits = folder / "hits"
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(OURS)},
            "ALDIA_DATABASE_URL": database_url,
            "ALDIA_SECRET_KEY": SECRET_KEY,
            "ALDIA_BASE_URL": self.address,
            "ALDIA_MEDIA_DIR": str(folder / "media"),
            "ALDIA_FAILPOINTS_HITS": str(self.hits),
            "ALDIA_BOT": "off",
            "WHATSAPP_API_URL": self.simulator_address,
            "WHATSAPP_PHONE_NUMBER_ID": meta.PHONE_NUMBER_ID,
            "WHATSAPP_BUSINESS_ACCOUNT_ID": meta.BUSINESS_ACCOUNT_ID,
            "WHATSAPP_ACCESS_TOKEN": "simulator-access-token",
            "WHATSAPP_APP_SECRET": APP_SECRET,
            "WHATSAPP_VERIFY_TOKEN": "simulator-verify-token",
            **({"ALDIA_REDIS_URL": redis_url} if redis_url else {}),
            **environment,
        }
        # Without a worker process beside it, a console with Redis lives but is never ready.
        self.needs_workers = redis_url is None
        self.console: Server | None = None
        self.simulator: Server | None = None

    def start(self, failpoints: str = "", *, workers: int = 1, **popen: Any) -> None:
        """Start the console; with `failpoints` it will die, fail or hang where they say. `stdout` as for Popen."""
        environment = self.environment | ({"ALDIA_FAILPOINTS": failpoints} if failpoints else {})
        self.console = Server(
            self.address,
            ["serve", "--port", self.port, "--workers", workers],
            ready=lambda: answers(f"{self.address}/{'ready' if self.needs_workers else 'health'}"),
            log=self.folder / "console.log",
            program=brood.ALDIA,
            cwd=self.folder,
            env=environment,
            **popen,
        )
        self.console.start()

    def start_simulator(self) -> None:
        """Start the Cloud API it speaks to; its webhooks come back to the console."""
        self.simulator = Server(
            self.simulator_address,
            ["--port", self.simulator_port, "--webhook-url", f"{self.address}/webhooks/whatsapp"],
            ready=lambda: answers(f"{self.simulator_address}/simulator/api/personas"),
            log=self.folder / "simulator.log",
            program=brood.SIMULATOR,
            cwd=ROOT,
            env=self.environment,
        )
        self.simulator.start()

    @property
    def died(self) -> bool:
        """Whether the console is gone."""
        return self.console is None or not self.console.is_running

    def deliver(self, body: bytes) -> None:
        """Bring a webhook as Meta does: again and again until it is answered 200, over any number of deaths."""
        headers = {"x-hub-signature-256": sign(body, APP_SECRET)}
        for _attempt in range(50):
            with contextlib.suppress(httpx.HTTPError):
                answer = httpx.post(f"{self.address}/webhooks/whatsapp", content=body, headers=headers, timeout=10)
                if answer.status_code == 200:
                    return
            if self.died:
                self.start()
        raise AssertionError("never answered 200")

    def simulated(self, method: str, path: str, **more: Any) -> Any:
        """Drive the simulator."""
        answer = httpx.request(method, f"{self.simulator_address}/simulator/api{path}", timeout=10, **more)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def stop(self) -> None:
        """End both."""
        for server in (self.console, self.simulator):
            if server is not None:
                server.stop()


@contextlib.contextmanager
def a_product(folder: Path, database_url: str, **more: Any) -> Iterator[Product]:
    """A product that is stopped at the end of the block, whatever happened in it."""
    product = Product(folder, database_url, **more)
    try:
        yield product
    finally:
        product.stop()


def answers(url: str) -> bool:
    """Whether something says 200 there."""
    try:
        return httpx.get(url, timeout=2).status_code == 200
    except httpx.HTTPError:
        return False


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port
