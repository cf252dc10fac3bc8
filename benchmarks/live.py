"""The figures of the live road: one line each, and indented below it where the time goes.

They depend on the disk and on what else the machine does, so the load stands beside them, and raw sqlite3's commit in
the same seconds.
"""

from collections.abc import Callable
from types import ModuleType

from benchmarks import console, leaving, ready, release, stream
from benchmarks.figure import Figure

WORK: tuple[tuple[str, ModuleType], ...] = (
    ("deltas through stream and desk", stream),
    ("frame to release", release),
    ("from the transport to the socket", leaving),
    ("start to ready", ready),
    ("what the console reads", console),
)


def all_figures(say: Callable[[str], None]) -> list[Figure]:
    """Measure everything; `say` is told what is going on."""
    figures: list[Figure] = []
    for text, work in WORK:
        say(text)
        figures.extend(work.figures())
    return figures
