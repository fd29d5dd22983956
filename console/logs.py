"""What this program says while it runs: one line of JSON for each thing, ids and never names, texts or numbers."""

from __future__ import annotations

import contextlib
import logging
import sys
import traceback
import warnings

import structlog


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
        logger_factory=lambda *_: _Patient(sys.stdout),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
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


class _Patient(structlog.WriteLogger):
    """A line that nobody can take (a full disk, a reader that is gone) is lost; the work it tells of goes on."""

    def msg(self, message: str) -> None:
        """Write one line, if that can be done."""
        with contextlib.suppress(OSError, ValueError):
            super().msg(message)

    log = debug = info = warn = warning = msg
    fatal = failure = err = error = critical = exception = msg


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
