"""What this program says while it runs: one line of JSON for each thing, ids and never names, texts or numbers."""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import queue
import sys
import threading
import traceback
import warnings

import structlog

LINES_THAT_WAIT = 10_000
"""Lines kept for a reader who is slow; some 3 MB."""
STANDARD_OUTPUT = 1


def configure() -> None:
    """Send every log of this process, ours and the libraries', to standard output as JSON lines."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    # ASCII only: line separators, escape codes and look-alikes from strangers arrive escaped.
    as_json = structlog.processors.JSONRenderer(ensure_ascii=True)
    structlog.configure(
        processors=[*shared, _places_only, as_json],
        logger_factory=lambda *_: _scribe,
        cache_logger_on_first_use=True,
    )
    _scribe.start()
    handler = _Handler()
    chain: list[structlog.typing.Processor] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        _places_only,
        as_json,
    ]
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=chain))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("uvicorn.error").setLevel(logging.INFO)
    logging.captureWarnings(capture=True)
    warnings.simplefilter("default")


class _Scribe:
    """Writes lines on a thread of its own: whoever reads them may stop reading, and holds up nobody.

    A line that nobody can take (a full disk, a reader that is gone, too many before it) is lost; the work it tells of
    goes on.
    """

    def __init__(self) -> None:
        self._lines: queue.Queue[str | None] = queue.Queue(maxsize=LINES_THAT_WAIT)
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to write."""
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._write, name="log", daemon=True)
            self._thread.start()
            atexit.register(self._finish)

    def msg(self, line: str) -> None:
        """Have one line written, if there is room for it."""
        with contextlib.suppress(queue.Full):
            self._lines.put_nowait(line)

    log = debug = info = warn = warning = msg
    fatal = failure = err = error = critical = exception = msg

    def _write(self) -> None:
        while (line := self._lines.get()) is not None:
            left = memoryview(f"{line}\n".encode())
            with contextlib.suppress(OSError):
                # Past sys.stdout: a write that is stuck must not hold a lock that the end of the process wants.
                while left:
                    left = left[os.write(STANDARD_OUTPUT, left) :]

    def _finish(self) -> None:
        """Let what was said last be read, by a reader that reads."""
        with contextlib.suppress(queue.Full):
            self._lines.put_nowait(None)
        if self._thread is not None:
            self._thread.join(timeout=1.0)


class _Handler(logging.Handler):
    """What libraries say goes the same way."""

    def emit(self, record: logging.LogRecord) -> None:
        """One line."""
        _scribe.msg(self.format(record))


_scribe = _Scribe()


def _places_only(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """An exception is named and placed; its text may quote what somebody wrote."""
    raised = event.pop("exc_info", None)
    if raised is True:
        raised = sys.exc_info()
    if isinstance(raised, tuple):
        raised = raised[1]
    if isinstance(raised, BaseException):
        event["kinds"], event["traceback"] = what_and_where(raised)
    return event


def what_and_where(unexpected: BaseException) -> tuple[list[str], list[str]]:
    """The kinds of an exception and of what caused it, and the lines it came through; never its text."""
    kinds: list[str] = []
    cause: BaseException | None = unexpected
    while cause is not None and len(kinds) < 5:
        kinds.append(type(cause).__name__)
        cause = cause.__cause__ or cause.__context__
    frames = traceback.extract_tb(unexpected.__traceback__)
    return kinds, [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
