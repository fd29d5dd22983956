"""Where runs take place: a database of its own, filled, and the product or the bare reference serving it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from bench import seed
from bench.orders import Open, Run
from bench.processes import Generator, Process, free_port, generator
from bench.report import Result
from bench.scene import Scene
from bench.seed import Shape
from console import schema
from console.settings import Settings, load
from tests import servers

ROOT = Path(__file__).parents[1]
# Durable as in production: the tests' own server is not.
DURABLE = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "shared_buffers": "512MB",
    "max_wal_size": "4GB",
}
KINDS = ("sqlite", "postgres")


class Stand:
    """A server under measurement and all that belongs to it."""

    def __init__(self, folder: Path, settings: Settings, scene: Scene, database_pid: int | None = None) -> None:
        self.folder = folder
        self.settings = settings
        self.scene = scene
        self.database_pid = database_pid
        self.scene_path = scene.save(folder / "scene.json")
        self.first = 1
        self.server: Process

    def head(self) -> int:
        """The newest entry of the history."""
        return asyncio.run(seed.head_of(self.settings))

    def missing(self, result: Result) -> int:
        """How many of a run's accepted messages the database does not have."""
        return result.messages - asyncio.run(seed.stored(self.settings, result.first, result.messages))

    @contextlib.contextmanager
    def crowd(self, *, connections: int = 256, seated: bool = True) -> Iterator[Crowd]:
        """A generator whose agents have sat down."""
        with generator(self.scene_path, self.folder / "crowd.log", first=self.first, connections=connections) as made:
            crowd = Crowd(self, made)
            if seated:
                crowd.open()
            yield crowd


class Crowd:
    """A generator at work on one stand."""

    def __init__(self, stand: Stand, made: Generator) -> None:
        self._stand = stand
        self._generator = made

    def open(self, *, copies: int = 1, deaf: bool = False, seats: int = 1_000_000) -> int:
        """Open the agents' pages."""
        return self._generator.ask(Open(head=self._stand.head(), copies=copies, deaf=deaf, seats=seats), int)

    def run(self, plan: Run) -> Result:
        """One run, with what it cost."""
        result = self._generator.run(plan, self._stand.server, self._stand.database_pid)
        self._stand.first = result.first + result.messages
        return result

    def at(self, rate: float, seconds: float, *, statuses: int = 0, patience: float = 10.0) -> Result:
        """One steady rate."""
        return self.run(Run(phases=[(rate, seconds)], statuses=statuses, patience=patience))


@contextlib.contextmanager
def database(kind: str, folder: Path) -> Iterator[tuple[str, int | None]]:
    """An empty database: its URL, and the process id of a server of its own."""
    if kind == "sqlite":
        yield f"sqlite+aiosqlite:///{folder}/aldia.db", None
        return
    with servers.postgres(DURABLE) as server:
        told = Path(server.url.rpartition("host=")[2]) / "data" / "postmaster.pid"
        yield server.url, int(told.read_text().split("\n", 1)[0])


@contextlib.contextmanager
def prepared(kind: str, shape: Shape | None = None, *, more: Mapping[str, str] | None = None) -> Iterator[Stand]:
    """A filled database that nobody serves yet."""
    with scratch() as folder, database(kind, folder) as (url, pid):
        settings = load({**environ(url, free_port()), **(more or {})}, dotenv=folder / "none")
        asyncio.run(schema.migrate(url))
        yield Stand(folder, settings, asyncio.run(seed.seed(settings, shape or Shape())), pid)


def environ(url: str, port: int) -> dict[str, str]:
    """The settings of a bench: nothing it says leaves this machine."""
    return {
        "ALDIA_DATABASE_URL": url,
        "ALDIA_BOT": "off",
        "ALDIA_SECRET_KEY": "the secret of a bench, of no use to anybody",
        "ALDIA_BASE_URL": f"http://127.0.0.1:{port}",
        "WHATSAPP_API_URL": "http://127.0.0.1:9",
        "WHATSAPP_PHONE_NUMBER_ID": "106540352242922",
        "WHATSAPP_BUSINESS_ACCOUNT_ID": "102290129340398",
        "WHATSAPP_ACCESS_TOKEN": "token-of-the-bench",
        "WHATSAPP_APP_SECRET": "a secret of the bench",
        "WHATSAPP_VERIFY_TOKEN": "a word of the bench",
    }


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """A folder on a real disk, gone at the end: what is durable here must be paid for."""
    (ROOT / "var").mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir=ROOT / "var"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def product(stand: Stand, *, workers: int = 1, redis_url: str | None = None) -> Iterator[Stand]:
    """Serve the stand as an operator would; with Redis the background work has a process of its own."""
    settings = stand.settings
    port = stand.scene.ports[0]
    env = {**clean(), **environ(settings.database_url, port), "ALDIA_MEDIA_DIR": str(stand.folder / "media")}
    env |= {"ALDIA_REDIS_URL": redis_url} if redis_url else {}
    aldia = [str(Path(sys.executable).parent / "aldia")]
    log = stand.folder / "server.log"
    with contextlib.ExitStack() as stack:
        serve = [*aldia, "serve", "--port", str(port), "--workers", str(workers)]
        stand.server = stack.enter_context(Process(serve, log=log, environ=env))
        if redis_url:
            stack.enter_context(Process([*aldia, "work"], log=stand.folder / "work.log", environ=env))
        stand.server.wait_for(port)
        yield stand


@contextlib.contextmanager
def bare(stand: Stand) -> Iterator[Stand]:
    """Serve the stand with the bare reference."""
    command = [sys.executable, "-m", "bench.bare", str(stand.scene_path)]
    with Process(command, log=stand.folder / "server.log", environ=clean()) as stand.server:
        stand.server.wait_for(stand.scene.ports[0])
        yield stand


def clean() -> dict[str, str]:
    """This environment without anybody's settings."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("ALDIA_", "WHATSAPP_"))}
