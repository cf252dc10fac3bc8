"""How often somebody may ask: token buckets in a table that never grows beyond its bound.

A bucket is its last level and the time of it, so nothing runs in the background. When the table is full those who have
waited longest go first: their buckets are the fullest, so forgetting them gives away the least.
"""

from typing import Final

from assent.console.guard.settings import Rate
from assent.model.units import SECOND

KEYS_MAX: Final = 4_096


class Buckets:
    """One bucket a key. All amounts are whole: a level is the time that its requests took to come in."""

    def __init__(self, rate: Rate, *, keys_max: int = KEYS_MAX) -> None:
        self._rate = rate
        self._keys_max = keys_max
        # key -> when the bucket will be full again; a time that has passed means a full bucket.
        self._full_ts: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._full_ts)

    def wait(self, key: str, now: int) -> int:
        """How many nanoseconds this key must wait before its next request; 0: now. Takes nothing."""
        room_ns = self._rate.burst * self._rate.every_ns
        return max(0, self._full_ts.get(key, 0) - now + self._rate.every_ns - room_ns)

    def take(self, key: str, now: int) -> int:
        """Take one request if there is one; else how long to wait. A refused request costs nothing more."""
        wait = self.wait(key, now)
        if wait == 0:
            full = max(self._full_ts.pop(key, 0), now) + self._rate.every_ns
            if len(self._full_ts) >= self._keys_max:
                del self._full_ts[next(iter(self._full_ts))]
            self._full_ts[key] = full
        return wait


def retry_after(wait_ns: int) -> str:
    """Whole seconds, rounded up: nobody is told to come back too early."""
    return str(max(1, -(-wait_ns // SECOND)))
