"""Processes of our own programs, forked from one that has imported everything already: real ones, without the wait.

Each is a process like any other, with its own environment, folder and output: it can be killed, frozen and asked to
stop. What it spares is the second of processor time that importing takes, in tests that start dozens of them.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import gc
import importlib
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import threading
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
# Our programs: the function that is one, given its arguments, and what it comes to import.
ALDIA, SIMULATOR = "console.cli:run", "integrations.simulator.__main__:main"
IMPORTS = ("console.app", "console.cli", "console.commands.serving", "console.migrations", "integrations.simulator.app")


def start(program: str, arguments: Sequence[object], **more: Any) -> subprocess.Popen[Any] | Process:
    """ALDIA or SIMULATOR with these arguments; takes `env`, `cwd`, `stdout` and `stderr` (files) as Popen does."""
    if hasattr(os, "pidfd_open"):
        return _brood().hatch(program, list(map(str, arguments)), **more)
    module, _colon, function = program.partition(":")
    run = f"import sys, {module} as its; sys.exit(its.{function}(sys.argv[1:]))"
    return subprocess.Popen([sys.executable, "-c", run, *map(str, arguments)], **more)


class Process:
    """What subprocess.Popen is for a process started by somebody else."""

    def __init__(self, pid: int, end: socket.socket) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._end = end

    def poll(self) -> int | None:
        """The exit code, negative for a signal; None while it lives."""
        return self._look(0.0)

    def wait(self, timeout: float | None = None) -> int:
        """The exit code, once there is one; subprocess.TimeoutExpired when that takes too long."""
        if (code := self._look(timeout)) is None:
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0.0)
        return code

    def send_signal(self, sign: signal.Signals) -> None:
        """Nothing happens to one that is gone."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, sign)

    def terminate(self) -> None:
        """Ask it to stop."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """As a power cut would."""
        self.send_signal(signal.SIGKILL)

    def _look(self, timeout: float | None) -> int | None:
        if self.returncode is None:
            self._end.settimeout(timeout)
            with contextlib.suppress(BlockingIOError, TimeoutError):
                said = self._end.recv(16)
                # Nothing said: whoever would know is gone, and took it along.
                self.returncode = int(said) if said else -signal.SIGKILL
                self._end.close()
        return self.returncode


class Brood:
    """This side of the process that forks the others."""

    def __init__(self) -> None:
        self._line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            command = [sys.executable, "-m", "tests.brood", str(theirs.fileno())]
            self._parent = subprocess.Popen(command, cwd=ROOT, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL)
        # Its answer belongs to whoever asked.
        self._turn = threading.Lock()

    def hatch(
        self,
        program: str,
        arguments: Sequence[str],
        *,
        stdout: Any,
        stderr: Any,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
    ) -> Process:
        """One more process; what it writes goes where `stdout` and `stderr` say."""
        told = {"program": program, "arguments": arguments, "cwd": str(cwd or Path.cwd())}
        order = json.dumps({**told, "env": dict(os.environ if env is None else env)}).encode()
        ours, theirs = socket.socketpair()
        with theirs, self._turn:
            socket.send_fds(self._line, [order], [theirs.fileno(), stdout.fileno(), stderr.fileno()])
            return Process(int(self._line.recv(16)), ours)

    def end(self) -> None:
        """End it, and with it whatever it hatched."""
        self._line.close()
        self._parent.wait()


@functools.cache
def _brood() -> Brood:
    brood = Brood()
    atexit.register(brood.end)
    return brood


# The other side: one thread, so that a fork copies nothing half done.


def _sit(line: socket.socket) -> None:
    """Import everything, then fork whatever `line` asks for and tell of each end; kill them all when it closes."""
    for name in IMPORTS:
        importlib.import_module(name)
    # Ctrl-C is for the tests, which end this one in order.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.collect()
    gc.freeze()
    living: dict[int, tuple[int, socket.socket]] = {}
    with selectors.DefaultSelector() as selector:
        selector.register(line, selectors.EVENT_READ)
        while True:
            for key, _events in selector.select():
                if key.fd != line.fileno():
                    selector.unregister(key.fd)
                    _bury(key.fd, *living.pop(key.fd))
                elif (pid := _fork(line)) is None:
                    for orphan, _ in living.values():
                        os.kill(orphan, signal.SIGKILL)
                    return
                else:
                    living[(fd := os.pidfd_open(pid[0]))] = pid
                    selector.register(fd, selectors.EVENT_READ)


def _bury(fd: int, pid: int, end: socket.socket) -> None:
    _pid, status = os.waitpid(pid, 0)
    os.close(fd)
    with contextlib.suppress(OSError), end:
        end.send(str(os.waitstatus_to_exitcode(status)).encode())


def _fork(line: socket.socket) -> tuple[int, socket.socket] | None:
    order, files, _flags, _address = socket.recv_fds(line, 1 << 20, 3)
    if not order:
        return None
    end, out, error = files
    if (pid := os.fork()) == 0:
        line.close()
        os.close(end)
        _live(json.loads(order), out, error)
    os.close(out)
    os.close(error)
    line.send(str(pid).encode())
    return pid, socket.socket(fileno=end)


def _live(order: dict[str, Any], out: int, error: int) -> None:
    """Be the process that was asked for; never returns."""
    code = 1
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.dup2(out, 1)
        os.dup2(error, 2)
        os.chdir(order["cwd"])
        os.environ.clear()
        os.environ.update(order["env"])
        # It reads its plan when it is imported.
        importlib.reload(importlib.import_module("console.failpoints"))
        module, _colon, function = order["program"].partition(":")
        code = getattr(importlib.import_module(module), function)(order["arguments"]) or 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:  # noqa: BLE001 as the interpreter does with what nobody caught
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    _sit(socket.socket(fileno=int(sys.argv[1])))
