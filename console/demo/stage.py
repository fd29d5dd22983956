"""The demo: a console and a simulated WhatsApp number on loopback, kept running until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import shutil
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx

from console import audit, schema
from console import settings as configuration
from console.db import Database
from console.demo import past, story
from console.processes import Child
from console.settings import Settings

FOLDER = Path("var/demo")
TOKEN_LASTS = str(60 * 86_400)
"""Seconds: long enough for the demo, short enough that the number's page has a date to show."""
HOST = "127.0.0.1"
READY_SECONDS = 60.0

Say = Callable[[str], None]


class Impossible(Exception):  # noqa: N818 read aloud by the command line
    """The demo cannot run; the text says why and how to mend it."""


def forget() -> None:
    """Remove everything that earlier demos left."""
    with _alone():
        pass
    shutil.rmtree(FOLDER, ignore_errors=True)


async def run(port: int, say: Say) -> None:
    """Start everything, say where it is, and keep it running until interrupted."""
    if _free_port(port) != port:
        raise Impossible(f"El puerto {port} está ocupado: pruebe otro con --port, o make run PORT=….")
    simulator_port = _free_port(port + 1)
    environ = environment(port, simulator_port, base=dict(os.environ))
    settings = configuration.load(environ, dotenv=Path(os.devnull))
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    stage = Stage(settings, environ, simulator_port)
    with _alone():
        opening = asyncio.create_task(stage.open(say))
        try:
            await _until(stop, opening, stage)
        finally:
            say("Deteniendo …")
            opening.cancel()
            await asyncio.gather(opening, *(child.stop() for child in stage.children), return_exceptions=True)


async def _until(stop: asyncio.Event, opening: asyncio.Task[None], stage: Stage) -> None:
    """Return when told to stop; raise what goes wrong for good before that."""
    children = stage.children
    stopped = asyncio.create_task(stop.wait())
    going: set[asyncio.Task[Any]] = {
        opening,
        stopped,
        *(asyncio.create_task(child.given_up.wait()) for child in children),
    }
    try:
        while not stopped.done():
            done, going = await asyncio.wait(going, return_when=asyncio.FIRST_COMPLETED)
            if opening in done:
                opening.result()
            for child in children:
                if child.given_up.is_set():
                    raise Impossible(f"{child.name} no se mantiene en pie (vea {child.log}): {child.last_words()}")
    finally:
        for task in going:
            task.cancel()


class Stage:
    """The processes, and what has to happen until somebody can look at them."""

    def __init__(self, settings: Settings, environ: dict[str, str], simulator_port: int) -> None:
        self._settings = settings
        console_port = settings.base_url.rpartition(":")[2]
        webhook = f"{settings.base_url}/webhooks/whatsapp"
        arguments = [
            "--host",
            HOST,
            "--port",
            str(simulator_port),
            "--webhook-url",
            webhook,
            "--token-lasts",
            TOKEN_LASTS,
        ]
        self.simulator = Child(
            "simulator",
            [sys.executable, "-m", "integrations.simulator", *arguments, "--console-url", settings.base_url],
            environ=environ,
            folder=FOLDER,
            on_return=self._remind,
        )
        # The program itself, so that a list of processes says what it is.
        program = str(Path(sys.executable).with_name("aldia"))
        serve = [program, "serve", "--host", HOST, "--port", console_port]
        self.console = Child("console", serve, environ=environ, folder=FOLDER)
        self.work = Child("work", [program, "work"], environ=environ, folder=FOLDER)

    @property
    def children(self) -> list[Child]:
        """The processes that run; with Redis the background work is one of its own."""
        return [self.simulator, self.console, *([self.work] if self._settings.redis_url else [])]

    async def open(self, say: Say) -> None:
        """Tables, story, both processes, what the phones remember; then say where everything is."""
        settings = self._settings
        await self.simulator.start()
        await schema.migrate(settings.database_url)
        async with self._database() as db, self._phones() as http:
            is_new = not await story.is_told(db)
            if is_new:
                say("Preparando la cartera de muestra …")
                await _answers(http, "/simulator/api/personas")
                await story.tell(db, settings, await past.personas_of(http))
            for child in self.children[1:]:
                await child.start()
            await self._remind()
            await _answers(http, f"{settings.base_url}/ready")
            if is_new:
                await past.arrive(http, story.read().arrival)
        for line in _where(settings):
            say(line)

    async def _remind(self) -> None:
        """Give the phones back what they forgot when the simulator stopped."""
        async with self._database() as db, self._phones() as http:
            await _answers(http, "/simulator/api/personas")
            await past.remind(db, http)

    @contextlib.asynccontextmanager
    async def _database(self) -> AsyncIterator[Database]:
        db = Database(self._settings.database_url, seal=audit.sealer(self._settings.secret_key))
        try:
            yield db
        finally:
            await db.close()

    def _phones(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self._settings.simulator_url or "", timeout=10, trust_env=False)


async def _answers(http: httpx.AsyncClient, address: str) -> None:
    """Wait until `address` says 200; Impossible after a minute."""
    end = asyncio.get_running_loop().time() + READY_SECONDS
    while asyncio.get_running_loop().time() < end:
        with contextlib.suppress(httpx.TransportError):
            if (await http.get(address)).status_code == httpx.codes.OK:
                return
        await asyncio.sleep(0.1)
    raise Impossible(f"{address} no responde: vea los registros en {FOLDER}.")


def _where(settings: Settings) -> list[str]:
    people = [f"  {email:<30} {name}, {role}" for email, name, role, _team in story.PEOPLE.values()]
    return [
        "",
        f"Al Día            {settings.base_url}",
        f"Teléfono simulado {settings.simulator_url}/simulator",
        "",
        f"Ingrese con cualquiera de estos correos; la contraseña de todos es {story.PASSWORD}",
        *people,
        "",
        f"Son datos de demostración, guardados en {FOLDER}. Ctrl-C detiene todo.",
    ]


def environment(port: int, simulator_port: int, *, base: dict[str, str]) -> dict[str, str]:
    """The settings of the demo's processes. WhatsApp is always the simulator, whatever `base` says.

    ALDIA_DEMO_DATABASE_URL and ALDIA_DEMO_REDIS_URL choose other servers than the embedded ones.
    """
    simulator = f"http://{HOST}:{simulator_port}"
    return base | {
        "ALDIA_DEMO": "1",
        "ALDIA_DATABASE_URL": base.get("ALDIA_DEMO_DATABASE_URL") or f"sqlite+aiosqlite:///{FOLDER}/aldia.db",
        "ALDIA_REDIS_URL": base.get("ALDIA_DEMO_REDIS_URL", ""),
        "ALDIA_SECRET_KEY": _kept_secret(),
        "ALDIA_BASE_URL": f"http://{HOST}:{port}",
        "ALDIA_COMPANY": "Financiera Andes",
        "ALDIA_COUNTRY": "PE",
        "ALDIA_TIMEZONE": "America/Lima",
        "ALDIA_CURRENCY": "PEN",
        "ALDIA_MEDIA_DIR": f"{FOLDER}/media",
        # Nobody stands between a browser on this machine and us: nobody's word for an address counts.
        "ALDIA_TRUSTED_PROXIES": "",
        "ALDIA_SIMULATOR_URL": simulator,
        "WHATSAPP_API_URL": simulator,
        # A checkout of the creditor's own, as far as the demo goes.
        "PAYMENTS_PROVIDER": "signed",
        "PAYMENTS_API_URL": f"{simulator}/simulator/checkout",
        "PAYMENTS_API_KEY": "simulator-payments-key",
        "PAYMENTS_WEBHOOK_SECRET": "simulator-payments-secret",
        "WHATSAPP_API_VERSION": "v23.0",
        "WHATSAPP_PHONE_NUMBER_ID": "106540352240001",
        "WHATSAPP_BUSINESS_ACCOUNT_ID": "102290129340001",
        "WHATSAPP_ACCESS_TOKEN": "simulator-access-token",
        "WHATSAPP_APP_SECRET": "simulator-app-secret",
        "WHATSAPP_APP_SECRET_PREVIOUS": "",
        "WHATSAPP_VERIFY_TOKEN": "simulator-verify-token",
        "WHATSAPP_APP_ID": "670843887433001",
    }


def _kept_secret() -> str:
    """A secret key of this folder's own, readable by its owner alone."""
    path = FOLDER / "secret"
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (
        contextlib.suppress(FileExistsError),
        os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file,
    ):
        file.write(secrets.token_urlsafe(48))
    return path.read_text()


def _free_port(wanted: int) -> int:
    """`wanted`, or any free one on loopback if it is taken."""
    for port in (wanted if wanted <= 65_535 else 0, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise Impossible("No hay un puerto libre en esta máquina.")


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    try:
        with schema.locked(FOLDER / "demo.lock", wait=False):
            yield
    except BlockingIOError as taken:
        raise Impossible("La demostración ya está en marcha en esta carpeta: deténgala antes.") from taken
