"""The processes of a running console: migrate, serve, work."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import os
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import click
import uvicorn
from litestar import Litestar
from sqlalchemy import text
from uvicorn.supervisors import Multiprocess

from console import first_admin, logs, schema, settings, users, wholeness
from console.commands import Failed, database, run
from console.evidence import grants
from console.settings import Settings

# A socket's frame: a draft, a whisper, a position. The default of 16 MiB is a gift to whoever wants our memory.
SOCKET_FRAME_BYTES = 65_536
STOP_SECONDS = 10
BACKLOG = 2048
# Longer than a proxy keeps an idle connection, or it would send a request down one that is just being closed.
KEEP_ALIVE_SECONDS = 75
OPTIONS: dict[str, Any] = {
    "http": "console.inbox.wire:Protocol",
    "ws": "websockets-sansio",
    "ws_max_size": SOCKET_FRAME_BYTES,
    "ws_per_message_deflate": False,
    "timeout_graceful_shutdown": STOP_SECONDS,
    "timeout_keep_alive": KEEP_ALIVE_SECONDS,
    # console.security judges whose word counts for an address.
    "proxy_headers": False,
    "server_header": False,
    "access_log": False,
    "log_config": None,
}
"""How uvicorn serves the console, here and in tests."""
# The number of an advisory lock in PostgreSQL: any will do, as long as it is always the same.
_ONLY_ONE = 4_125_030_152


@click.command()
@click.option("--grant-to", "role", metavar="ROLE", help="PostgreSQL: let ROLE serve, and never change the history.")
def migrate(role: str | None) -> None:
    """Bring the database to the newest schema; safe to run twice and from two hosts at once."""
    config = settings.load()
    if role is not None and config.is_sqlite:
        raise Failed("SQLite no tiene roles: --grant-to es para PostgreSQL.")
    is_ours = run(schema.migrate(config.database_url))
    if role is not None:
        try:
            run(grants.grant_to(config.database_url, role))
        except ValueError as wrong:
            raise Failed("El nombre del rol lleva solo minúsculas, dígitos y guion bajo.") from wrong
    click.echo(
        "La base de datos está al día." if is_ours else "La base de datos es de una versión más nueva: sigue así."
    )


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535), help="Port to listen on.")
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="Web processes.")
def serve(host: str, port: int, workers: int) -> None:
    """Serve the console; without Redis it also runs the background work."""
    config = settings.load()
    if config.demo and host not in settings.LOOPBACK:
        raise Failed("La demostración deja entrar sin contraseña: solo escucha en 127.0.0.1.")
    if workers > 1 and config.is_sqlite:
        raise Failed("SQLite admite un solo proceso: use --workers 1, o PostgreSQL y Redis para varios.")
    if workers > 1 and not config.redis_url:
        raise Failed("Varios procesos necesitan ALDIA_REDIS_URL; sin Redis use --workers 1.")
    logs.configure()
    options = uvicorn.Config("console.commands.serving:application", factory=True, workers=workers, **OPTIONS)
    with _listening(host, port) as listening:
        if workers == 1:
            run(_serve(config, options, listening), loop_factory=options.get_loop_factory())
        else:
            run(_check(config))
            Multiprocess(options, sockets=[listening]).run()


@contextlib.contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as refused:
        why = "ya está en uso" if refused.errno == errno.EADDRINUSE else str(refused.strerror)
        raise Failed(f"No se puede escuchar en {host}:{port} ({why}): elija otro con --port o --host.") from refused
    with listening:
        yield listening


async def _serve(config: Settings, options: uvicorn.Config, listening: socket.socket) -> None:
    await _check(config)
    async with only_one(config):
        try:
            await Server(options).serve(sockets=[listening])
        except SystemExit as stopped:
            raise Failed(
                "La consola no pudo arrancar: el registro de arriba dice dónde; pruebe aldia doctor."
            ) from stopped


class Server(uvicorn.Server):
    """Being asked to stop is no failure: the process ends with 0, not with the signal that asked."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop, once everybody has been answered; asked a second time, without waiting for anybody."""
        if self.should_exit:
            self.force_exit = True
        super().handle_exit(sig, frame)
        if isinstance(app := getattr(self.config, "loaded_app", None), Litestar):
            _send_away(app)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Hear the signals between two steps of the loop, not in the middle of one."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        yield
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


def application() -> Litestar:
    """The web application of the configured console, as each web process makes it."""
    from console.app import create_app  # noqa: PLC0415 the other commands need none

    logs.configure()
    app = create_app(settings.load())
    _collect_rarely()
    asked = signal.getsignal(signal.SIGTERM)
    # One of several web processes, whose server is uvicorn's own.
    if callable(asked) and isinstance(getattr(asked, "__self__", None), uvicorn.Server):
        loop = asyncio.get_running_loop()

        def stop(number: int, frame: FrameType | None) -> None:
            loop.call_soon_threadsafe(_send_away, app)
            asked(number, frame)

        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, stop)
    return app


def _send_away(app: Litestar) -> None:
    """Let go of those who follow the history: their answers have no end of their own."""
    from console.api.following import crowd_of  # noqa: PLC0415 the other commands need none

    crowd_of(app.state.live).send_away()


def _collect_rarely() -> None:
    """Look for garbage in cycles less often, and never again among what lives as long as the process.

    A delivery makes some hundred objects and hardly a cycle: looking after every 700 took a tenth of its time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(5_000, 10, 10)


@click.command()
def work() -> None:
    """Run the background work in a process of its own, when web and work are scaled apart."""
    config = settings.load()
    if config.is_sqlite or not config.redis_url:
        raise Failed(
            "Sin PostgreSQL y Redis, aldia serve ya hace este trabajo: configure ALDIA_REDIS_URL para separarlo."
        )
    logs.configure()
    run(_work(config))


async def _work(config: Settings) -> None:
    from console import app  # noqa: PLC0415 the other commands need none

    await _check(config)
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    await app.work(config, stop)


async def _check(config: Settings) -> None:
    """Refuse to start on a schema of another release, or without a place for files; tell who may come first."""
    _keep_room_for_files(config.media_dir)
    async with database(config) as db:
        if wholeness.is_quick(config) and (wrong := await wholeness.damage(db)) is not None:
            raise Failed(wholeness.DAMAGED.format(what=wrong))
        if not await schema.is_ready(db):
            raise Failed("La base de datos no está en la versión de este programa: ejecute primero aldia migrate.")
        async with db.reading() as tx:
            is_new = not await users.any_person(tx)
    if is_new:
        click.echo(f"Cree la primera cuenta en {config.base_url}/setup", err=True)
        click.echo(f"Código de instalación: {first_admin.setup_code(config)}", err=True)


def _keep_room_for_files(folder: Path) -> None:
    """WhatsApp gives each attachment for seven days: a folder that cannot be had must not be noticed after them."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as refused:
        raise Failed(f"No se puede crear {folder} ({refused.strerror}): revise ALDIA_MEDIA_DIR.") from refused
    if not os.access(folder, os.W_OK | os.X_OK):
        raise Failed(f"No se puede escribir en {folder}: dé permiso a este usuario, o revise ALDIA_MEDIA_DIR.")


@contextlib.asynccontextmanager
async def only_one(config: Settings) -> AsyncIterator[None]:
    """Without Redis there may be one process: hold the database for it. Whatever ends the process lets go of it."""
    taken = Failed("Otra instancia de Al Día ya usa esta base de datos: deténgala, o configure ALDIA_REDIS_URL.")
    if config.is_sqlite:
        try:
            with schema.locked(schema.lock_of(config), wait=False):
                yield
        except BlockingIOError as blocked:
            raise taken from blocked
    elif config.redis_url:
        yield
    else:
        async with database(config) as db, db.writer.connect() as connection:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            if not await connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": _ONLY_ONE}):
                raise taken
            yield
