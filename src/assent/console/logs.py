"""What the console writes down, line by line, for whoever started it: requests, refusals it could not help, faults.

Times are UTC. A line names addresses, identities, routes, codes and durations; never a query, a header, a body, or the
words of an error, any of which may hold a secret. Faults of the libraries below are told in the same way: where and of
what kind, on one line.
"""

import logging
import traceback
from datetime import UTC, datetime
from types import TracebackType
from typing import Final, TextIO

ACCESS: Final = logging.getLogger("assent.console.access")
FAULT: Final = logging.getLogger("assent.console.fault")
OURS: Final = "assent.console"
THEIRS: Final = ("uvicorn", "asyncio")
FRAMES_TOLD: Final = 12

_Raised = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class Line(logging.Formatter):
    """One record, one line."""

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: ARG002, N802 - theirs
        return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def formatException(self, ei: _Raised) -> str:  # noqa: N802 - theirs
        return where(ei[1]) if ei[1] is not None else ""

    def format(self, record: logging.LogRecord) -> str:
        # Made anew each time: another handler may have left its own picture of the error in the record.
        record.exc_text = None
        return " | ".join(super().format(record).splitlines())


def log_to(stream: TextIO, *, requests: bool = True) -> logging.Handler:
    """From now on everything that the console has to say goes there; without `requests` only what went wrong."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(Line("%(asctime)s %(name)s %(message)s"))
    for name in (OURS, *THEIRS):
        logger = logging.getLogger(name)
        logger.addHandler(handler)
        logger.setLevel(logging.INFO if requests and name == OURS else logging.WARNING)
        logger.propagate = False
    return handler


def where(error: BaseException) -> str:
    """Where and of what kind an error is. Never its words: they may hold what a request brought."""
    frames = traceback.extract_tb(error.__traceback__)[-FRAMES_TOLD:]
    path = " > ".join(f"{frame.filename.rpartition('/')[2]}:{frame.lineno}:{frame.name}" for frame in frames)
    return f"{type(error).__name__} at {path}"
