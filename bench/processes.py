"""The processes under measurement: started here, measured from /proc, and ended here by their own ids."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import msgspec

from bench.orders import Order, Run
from bench.report import Result

T = TypeVar("T")
PATIENCE = 30.0
_TICK = os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(port: int) -> bool:
    """Whether somebody listens there."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


class Process:
    """A server of ours and its children."""

    def __init__(self, command: list[str], *, log: Path, environ: Mapping[str, str] | None = None) -> None:
        self._log = log
        with log.open("ab") as out:
            self._popen = subprocess.Popen(
                command, env=dict(environ) if environ else None, stdout=out, stderr=out, start_new_session=True
            )

    @property
    def pid(self) -> int:
        """The process itself, not its children."""
        return self._popen.pid

    def wait_for(self, port: int) -> None:
        """Return when it listens; RuntimeError with the end of its log when it does not."""
        end = time.monotonic() + PATIENCE
        while not answers(port):
            if self._popen.poll() is not None or time.monotonic() > end:
                self.stop()
                raise RuntimeError(f"{self._log} ends with:\n{self._log.read_text(errors='replace')[-3000:]}")
            time.sleep(0.05)

    def stop(self) -> None:
        """End it and whatever it started."""
        if self._popen.poll() is None:
            self._popen.send_signal(signal.SIGTERM)
            try:
                self._popen.wait(15)
            except subprocess.TimeoutExpired:
                self._popen.kill()
                self._popen.wait()

    def cpu_seconds(self) -> float:
        """Processor time it and its living children have used."""
        return cpu_seconds(self.pid)

    def rss_mib(self) -> float:
        """Memory it and its living children hold."""
        return sum(_rss_kib(pid) for pid in family(self.pid)) / 1024

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def family(pid: int) -> list[int]:
    """A process and all that descend from it."""
    found = [pid]
    for parent in found:
        with contextlib.suppress(OSError):
            for task in Path(f"/proc/{parent}/task").iterdir():
                found += [int(child) for child in (task / "children").read_text().split()]
    return found


def cpu_seconds(pid: int) -> float:
    """Processor time of a process and its living descendants; of ended children too, once they were waited for."""
    total = 0
    for member in family(pid):
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{member}/stat").read_text().rpartition(")")[2].split()
            total += sum(int(field) for field in fields[11:15])
    return total / _TICK


def busy_seconds() -> float:
    """Processor time of the whole machine so far, whoever used it."""
    fields = [int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]]
    idle, iowait = fields[3:5]
    return (sum(fields[:8]) - idle - iowait) / _TICK


def _rss_kib(pid: int) -> int:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
    return 0


class Generator:
    """The crowd's process, told what to do one line at a time."""

    def __init__(self, scene: Path, first: int, connections: int, log: Path) -> None:
        with log.open("ab") as err:
            self._popen = subprocess.Popen(
                [sys.executable, "-m", "bench.crowd", str(scene), str(first), str(connections)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=err,
            )
        self._log = log

    def ask(self, order: Order, kind: type[T]) -> T:
        """Have it done, and hear what came of it."""
        assert self._popen.stdin
        assert self._popen.stdout
        self._popen.stdin.write(msgspec.json.encode(order) + b"\n")
        self._popen.stdin.flush()
        line = self._popen.stdout.readline()
        if not line:
            raise RuntimeError(f"the generator ended:\n{self._log.read_text(errors='replace')[-3000:]}")
        return msgspec.json.decode(line, type=kind)

    def run(self, order: Run, server: Process, database: int | None = None) -> Result:
        """A run, with what it cost the server and the database it speaks to."""
        ours = [server.pid, os.getpid()] if database is None else [server.pid, os.getpid(), database]
        before, machine = [cpu_seconds(pid) for pid in ours], busy_seconds()
        began = time.monotonic()
        with ThreadPoolExecutor(1) as waiting:
            asked = waiting.submit(self.ask, order, Result)
            memory = [(0.0, server.rss_mib())]
            while not wait([asked], order.window or 1.0).done:
                memory.append((round(time.monotonic() - began, 1), round(server.rss_mib(), 1)))
        result, lasted = asked.result(), time.monotonic() - began
        used = [cpu_seconds(pid) - was for pid, was in zip(ours, before, strict=True)]
        result.others_cores = max(busy_seconds() - machine - sum(used), 0.0) / lasted
        result.cpu_seconds = used[0]
        result.database_cpu_seconds = sum(used[2:])
        result.rss_over_time = memory
        result.rss_mib = max(server.rss_mib(), *(mib for _at, mib in memory))
        return result

    def stop(self) -> None:
        """End it."""
        if self._popen.stdin:
            self._popen.stdin.close()
        try:
            self._popen.wait(5)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            self._popen.wait()
        if self._popen.stdout:
            self._popen.stdout.close()


@contextlib.contextmanager
def generator(scene: Path, log: Path, *, first: int = 1, connections: int = 256) -> Iterator[Generator]:
    """A crowd for as long as the block lasts."""
    crowd = Generator(scene, first, connections, log)
    try:
        yield crowd
    finally:
        crowd.stop()
