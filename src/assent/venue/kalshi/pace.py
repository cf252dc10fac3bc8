"""How patient the stream is, and how often it may ask: every time in nanoseconds, every repetition bounded."""

from math import ceil
from typing import Final, NamedTuple

from assent.model.errors import require
from assent.model.units import MINUTE, SECOND

# A hundred ticks in a real second are enough at any speed.
TICK_REAL_MIN: Final = SECOND // 100
SPEED_MAX: Final = 1_000_000


class Patience(NamedTuple):
    """The stream's times. The venue pings every ten seconds, though not on a busy socket."""

    # Nothing at all heard for so long: the socket is dead.
    silence_ns: int = 25 * SECOND
    # A command has to be answered within this.
    reply_ns: int = SECOND
    # A subscription without a message for so long is asked for one book, which proves it or shows a hole.
    quiet_ns: int = 15 * SECOND
    # What was sent so long ago is a backlog, and no longer fresh.
    lag_ns: int = 5 * SECOND
    # How often a proof is told at most.
    proof_ns: int = SECOND // 4
    # Repairs: so many at once, then one in each interval.
    repairs_at_once: int = 5
    repair_every_ns: int = SECOND
    # A market or a connection that keeps failing is tried at doubling distances up to this.
    retry_ns: int = SECOND // 2
    retry_max_ns: int = MINUTE
    # Good for so long: the next failure counts as the first.
    steady_ns: int = 5 * SECOND
    # How often the stream is told that time passed.
    tick_ns: int = SECOND // 5

    def at_speed(self, speed: float) -> "Patience":
        """The same patience on a clock that runs `speed` times as fast as the world.

        A frame takes as long on a real wire and in a real process as ever, which is `speed` times as long on such a
        clock. So all that waits for an answer, a ping or a connection grows with it, and so does what counts as a
        backlog. What the desk counts in its own time stays: how often a quiet book is proved, how often that is told.
        A broken speed counts as the next whole one; one below that of the world changes nothing.
        """
        require(0 < speed <= SPEED_MAX, "kalshi_speed_out_of_bounds", speed=speed)
        times = ceil(speed)
        return self._replace(
            silence_ns=self.silence_ns * times,
            reply_ns=self.reply_ns * times,
            lag_ns=self.lag_ns * times,
            repair_every_ns=self.repair_every_ns * times,
            retry_ns=self.retry_ns * times,
            retry_max_ns=self.retry_max_ns * times,
            steady_ns=self.steady_ns * times,
            tick_ns=max(self.tick_ns, TICK_REAL_MIN * times),
        )


class Allowance:
    """A bucket of repairs that refills by one in each interval."""

    __slots__ = ("_at_once_ns", "_every_ns", "_full_ts")

    def __init__(self, at_once: int, every_ns: int) -> None:
        self._every_ns = every_ns
        self._at_once_ns = at_once * every_ns
        # When the bucket will be full again.
        self._full_ts = 0

    def take(self, now: int) -> bool:
        """Take one if there is one."""
        full_ts = max(self._full_ts, now) + self._every_ns
        if full_ts - now > self._at_once_ns:
            return False
        self._full_ts = full_ts
        return True


def backoff(failures: int, first_ns: int, most_ns: int) -> int:
    """How long to wait after so many failures in a row: doubling, and bounded."""
    return min(first_ns << min(max(failures - 1, 0), 30), most_ns)
