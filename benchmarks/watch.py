"""How long a run took, by the clock on the wall and by what the processor gave to this process.

On a machine that others use as well the wall says little; the figures are by the wall, and the CPU's stand beside them.
"""

import time
from typing import NamedTuple


class Taken(NamedTuple):
    """Seconds."""

    wall: float
    cpu: float


class Watch:
    """Runs from the moment it is made."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def taken(self) -> Taken:
        return Taken(time.perf_counter() - self._wall, time.process_time() - self._cpu)
