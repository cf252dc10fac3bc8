"""The desk's heartbeat, as it is read from outside, and the desk's own time as far as it can be known.

A desk in a simulated world has a clock of its own. So the time for which a page's windows and days are read is the
desk's: that of its last record or heartbeat, carried on by as much as has passed there since the heartbeat was written.
"""

import os
from pathlib import Path
from typing import Final

import msgspec

from assent.console.reading.views import Beat
from assent.model.units import MINUTE

BYTES_MAX: Final = 65_536
# A desk whose heartbeat is older than this may be gone; its time is not carried on any further.
CARRIED_MAX: Final = MINUTE
STOPPED: Final = "stopped"


class Heartbeat:
    """The file, read again whenever it was replaced."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._seen: tuple[int, int] | None = None
        self._beat: Beat | None = None

    def read(self) -> Beat | None:
        """The last beat; None where there is no file, or one that says nothing."""
        if self._path is None:
            return None
        try:
            with self._path.open("rb") as file:
                found = os.fstat(file.fileno())
                if (found.st_ino, found.st_mtime_ns) != self._seen:
                    self._seen = found.st_ino, found.st_mtime_ns
                    beat = msgspec.json.decode(file.read(BYTES_MAX), type=Beat)
                    self._beat = msgspec.structs.replace(beat, written_ts=found.st_mtime_ns)
        except (OSError, msgspec.MsgspecError):
            self._seen = self._beat = None
        return self._beat

    def desk_time(self, last_ts: int, now: int) -> int:
        """The desk's time when it is `now` here; `last_ts` is that of its last record."""
        beat = self._beat
        if beat is None:
            return last_ts
        passed = 0 if beat.status == STOPPED else min(max(0, now - beat.written_ts), CARRIED_MAX)
        return max(last_ts, beat.ts + passed * beat.speed)
