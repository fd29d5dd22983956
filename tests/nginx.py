"""A real nginx with the configuration we ship, and where a machine without one gets it: `python -m tests.nginx`.

It is unpacked from the distribution's package and not installed: an installed one would start serving by itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

from tests.servers import Server

ROOT = Path(__file__).parents[1]
CONFIGURATION = ROOT / "docs" / "deploy" / "nginx.conf"
NAME = "cobranza.example"
ONE_OF_US = "        server 127.0.0.1:{} max_fails=0;"
OWN = ROOT / ".cache" / "nginx"
# Where distributions put the program itself; the first that holds it is enough.
PACKAGES = ("nginx", "nginx-core", "nginx-light")
ABSENT = "no nginx runs here: `make test` unpacks one where there is apt, or name yours in NGINX"
OLDEST = (1, 19, 4)  # ssl_reject_handshake


def find() -> Path | None:
    """The first that runs: the one named in NGINX, the system's, the one of our own."""
    if named := os.environ.get("NGINX"):
        return Path(named)
    system = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    return next((path for path in (*([Path(system)] if system else ()), OWN / "usr/sbin/nginx") if _runs(path)), None)


def install() -> Path | None:
    """Unpack one into .cache/. Root has the lists of packages brought up to date first; anybody can take a package."""
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        return None
    OWN.mkdir(parents=True, exist_ok=True)
    if os.geteuid() == 0:
        _try(["apt-get", "update", "-qq"])
    for package in PACKAGES:
        _try(["apt-get", "download", "-qq", package])
        for archive in OWN.glob(f"{package}_*.deb"):
            _try(["dpkg-deb", "--extract", archive.name, "."])
        if found := find():
            return found
    return None


def _try(command: list[str]) -> None:
    subprocess.run(command, cwd=OWN, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)


def _runs(path: Path) -> bool:
    try:
        said = subprocess.run([path, "-v"], capture_output=True, text=True, check=False).stderr
    except OSError:
        return False
    version = re.search(r"nginx/(\d+)\.(\d+)\.(\d+)", said)
    return version is not None and tuple(map(int, version.groups())) >= OLDEST


class Door:
    """An nginx in front of the product: where it listens, and how to come to it as the internet does."""

    def __init__(self, server: Server, folder: Path, *, plain: int, tls: int) -> None:
        self.server = server
        self.folder = folder
        self.plain = plain
        self.tls = tls
        self.trust = ssl.create_default_context(cafile=folder / "fullchain.pem")

    @contextlib.asynccontextmanager
    async def connection(self, name: str = NAME) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        """A bare TLS connection, to say what no client would."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.tls, ssl=self.trust, server_hostname=name)
        try:
            yield reader, writer
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def say(self, request: bytes, *, within: float = 10) -> bytes:
        """Everything that is answered to these bytes until the other side hangs up, or is silent for a moment."""
        heard = b""
        async with self.connection() as (reader, writer):
            writer.write(request)
            with contextlib.suppress(TimeoutError, OSError):
                async with asyncio.timeout(within):
                    while piece := await asyncio.wait_for(reader.read(65_536), 0.5 if heard else within):
                        heard += piece
        return heard


async def trickle(door: Door, beginning: bytes, *, every: float, within: float = 20) -> float:
    """Say `beginning` and then a byte `every` so many seconds, until the door is shut; how long that took.

    AssertionError when it is still open after `within` seconds.
    """
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with door.connection() as (reader, writer):
        writer.write(beginning)
        closed = asyncio.create_task(_until_closed(reader))
        with contextlib.suppress(OSError):
            while not closed.done() and loop.time() - began < within:
                writer.write(b"x")
                await writer.drain()
                await asyncio.wait({closed}, timeout=every)
        took = loop.time() - began
        closed.cancel()
        assert took < within, f"still open after {took:.0f} s"
        return took


async def _until_closed(reader: asyncio.StreamReader) -> None:
    with contextlib.suppress(OSError):
        while await reader.read(65_536):
            pass


@contextlib.contextmanager
def nginx(folder: Path, *upstream: int, **waits: str) -> Iterator[Door]:
    """The shipped configuration in front of these ports; `waits` sets directives anew: `client_body_timeout="1s"`.

    RuntimeError when there is no nginx.
    """
    program = find()
    if program is None:
        raise RuntimeError(ABSENT)
    _certify(folder)
    plain, tls = free_port(), free_port()
    configuration = folder / "nginx.conf"
    configuration.write_text(rendered(folder, upstream=upstream, plain=plain, tls=tls, waits=waits))
    # As root it would run its workers as somebody who may not read this folder.
    more = "daemon off;" + (" user root;" if os.geteuid() == 0 else "")
    command: list[str | Path] = [program, "-p", folder, "-c", configuration, "-e", folder / "error.log", "-g", more]
    server = Server(f"https://{NAME}", command, ready=lambda: _listens(tls), log=folder / "log")
    server.start()
    try:
        yield Door(server, folder, plain=plain, tls=tls)
    finally:
        server.stop()


def rendered(folder: Path, *, upstream: Sequence[int], plain: int, tls: int, waits: dict[str, str]) -> str:
    """The shipped configuration with this machine's ports and folders, and nothing else changed but `waits`."""
    text = CONFIGURATION.read_text()
    changes = {
        "worker_processes auto;": "worker_processes 1;",
        "worker_rlimit_nofile 32768;": "",
        "/run/nginx.pid": f"{folder}/nginx.pid",
        "/var/log/nginx/": f"{folder}/",
        "http {": "http {" + _folders(folder),
        "/etc/ssl/aldia/": f"{folder}/",
        "listen 80": f"listen 127.0.0.1:{plain}",
        "listen 443": f"listen 127.0.0.1:{tls}",
        ONE_OF_US.format(8000): "\n".join(ONE_OF_US.format(port) for port in upstream),
    }
    for shipped, here in changes.items():
        assert shipped in text, shipped
        text = text.replace(shipped, here)
    for directive, value in waits.items():
        text, found = re.subn(rf"(?m)^(\s+{directive}) \S+;", rf"\1 {value};", text)
        assert found, directive
    return text


def shipped(directive: str) -> list[str]:
    """Every value that the shipped configuration gives a directive."""
    return re.findall(rf"(?m)^\s+{directive} (.+);", CONFIGURATION.read_text())


def _folders(folder: Path) -> str:
    """Nginx knows where it may put what it receives from how it was compiled, which is not where we may."""
    kinds = {"client_body": "client_body_temp_path"} | {
        kind: f"{kind}_temp_path" for kind in ("proxy", "fastcgi", "uwsgi", "scgi")
    }
    return "".join(f"\n    {directive} {folder}/{kind};" for kind, directive in kinds.items())


def _certify(folder: Path) -> None:
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-days", "2", "-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}"),
            *("-keyout", folder / "privkey.pem", "-out", folder / "fullchain.pem"),
        ],
        check=True,
        capture_output=True,
    )


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def main() -> None:
    """Make sure that there is one. Without apt, or for a user whose machine has no lists of packages, there is none."""
    if find() is None:
        print("Unpacking an nginx for the tests …", flush=True)  # noqa: T201
        if install() is None:
            print(ABSENT, file=sys.stderr)  # noqa: T201


if __name__ == "__main__":
    main()
