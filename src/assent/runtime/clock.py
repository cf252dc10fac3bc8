"""The only place that reads a clock: real, scaled and virtual time behind one protocol.

`now()` is UTC in integer nanoseconds and never decreases within a process, because it orders the ledger. A
wall clock may be stepped by an administrator, a time server or a sleeping laptop: `now()` follows where it
can, and `jump()` reports it always. No float ever holds an instant: floats carry only short waits to
asyncio.
"""

import asyncio
import time
from collections.abc import Callable
from fractions import Fraction
from typing import Final, NamedTuple, Protocol

from assent.model.errors import AssentError
from assent.runtime.virtual import VirtualLoop
from assent.runtime.virtual_doors import VirtualLoopError

JUMP_NS: Final = 2_000_000_000  # two clocks that part by more, or a waking that is later, are a jump
_NS: Final = 1_000_000_000
_NAP_NS: Final = _NS  # the longest single wait, so that a wall clock stepped forward is noticed within it
_SPEED_MAX: Final = 1_000_000


class Jump(NamedTuple):
    """Time did not pass as it should: what was fresh may be old."""

    ts: int  # our time when it was told
    wall_ns: int  # how far the wall clock moved against the monotonic one; negative: it was stepped back
    stall_ns: int  # how much later than asked a sleeper woke: the process, or the machine, stood still


class Clock(Protocol):
    """What the runtime asks of time."""

    @property
    def speed(self) -> int:
        """How many times as fast as real time it runs, rounded up."""

    def now(self) -> int:
        """UTC in nanoseconds, never less than at the call before."""

    def jump(self) -> Jump | None:
        """The last jump observed since this was asked before, or None."""

    async def sleep(self, duration_ns: int) -> None:
        """Wait for a duration; zero or less lets the others run."""

    async def sleep_until(self, ts: int) -> None:
        """Wait until `now()` is at least `ts`."""


class WallClock:
    """Real time. Stepped back, it goes on at nine tenths of its pace until the wall has caught up.

    To stand still instead would keep permits and quotes fresh for as long as the step was wide; to keep the
    full pace would never come back. So an age is understated by a tenth at most. `floor_ts` is the last
    `ts` of the ledger: after a restart, too, its time does not run backwards.
    """

    def __init__(self, *, floor_ts: int = 0, jump_ns: int = JUMP_NS) -> None:
        self._wall = time.time_ns()
        self._monotonic = time.monotonic_ns()
        self._ts = max(self._wall, floor_ts)
        self._jump_ns = jump_ns
        self._naps = _Naps(jump_ns)
        behind_ns = self._wall - self._ts
        self._moved_ns = behind_ns if behind_ns < -jump_ns else 0

    @property
    def speed(self) -> int:
        return 1

    def now(self) -> int:
        wall, monotonic = time.time_ns(), time.monotonic_ns()
        elapsed = monotonic - self._monotonic
        moved = wall - self._wall - elapsed
        self._wall, self._monotonic = wall, monotonic
        self._ts = max(wall, self._ts + elapsed * 9 // 10)
        if abs(moved) > self._jump_ns:
            self._moved_ns = moved
        return self._ts

    def jump(self) -> Jump | None:
        ts = self.now()  # first, so that a step is seen even if nobody asked for the time meanwhile
        moved_ns, self._moved_ns = self._moved_ns, 0
        stall_ns = self._naps.stall_ns()
        return Jump(ts, moved_ns, stall_ns) if moved_ns or stall_ns else None

    async def sleep(self, duration_ns: int) -> None:
        due = time.monotonic_ns() + duration_ns
        await self._naps.wait(lambda: due - time.monotonic_ns())

    async def sleep_until(self, ts: int) -> None:
        await self._naps.wait(lambda: ts - self.now())


class ScaledClock:
    """Simulated time that starts at `origin_ts` and runs `speed` times as fast as the monotonic clock."""

    def __init__(self, origin_ts: int, speed: float, *, jump_ns: int = JUMP_NS) -> None:
        self._lead(origin_ts, speed)
        self._naps = _Naps(jump_ns)

    def _lead(self, origin_ts: int, speed: float) -> None:
        if not 0 < speed <= _SPEED_MAX:
            raise AssentError(
                f"the speed of a scaled clock is {speed!r}, so its time would not run forward; give a number"
                f" above 0 and at most {_SPEED_MAX}, such as 60 for a minute in a second"
            )
        self._origin_ts = origin_ts
        self._fast, self._slow = Fraction(str(speed)).as_integer_ratio()  # so many simulated ns in so many real
        self._start = time.monotonic_ns()

    @property
    def speed(self) -> int:
        return -(-self._fast // self._slow)

    def now(self) -> int:
        elapsed = time.monotonic_ns() - self._start
        return self._origin_ts + elapsed * self._fast // self._slow

    def jump(self) -> Jump | None:
        """Scaled time knows no wall, but it can stall; `stall_ns` is in real time."""
        stall_ns = self._naps.stall_ns()
        return Jump(self.now(), 0, stall_ns) if stall_ns else None

    async def sleep(self, duration_ns: int) -> None:
        await self.sleep_until(self.now() + duration_ns)

    async def sleep_until(self, ts: int) -> None:
        await self._naps.wait(lambda: self._real_ns(ts - self.now()))

    def _real_ns(self, simulated_ns: int) -> int:
        """Rounded up: to wake too early would only mean a second nap."""
        return -(-simulated_ns * self._slow // self._fast)


class LedClock(ScaledClock):
    """The time of an exchange in a box, which may run faster than ours: it is asked now and then and followed.

    Between two answers it runs by itself. Where it was ahead it waits; where the two part by more than a jump, that is
    told as one. `floor_ts` is the last `ts` of the ledger, as for a wall clock.
    """

    def __init__(self, ts: int, speed: float, *, floor_ts: int = 0, jump_ns: int = JUMP_NS) -> None:
        super().__init__(ts, speed, jump_ns=jump_ns)
        self._told_ts = floor_ts
        self._jump_ns = jump_ns
        self._moved_ns = 0

    def now(self) -> int:
        self._told_ts = max(self._told_ts, super().now())
        return self._told_ts

    def follow(self, ts: int, speed: float) -> None:
        """It is `ts` where we are led from, and time passes there at `speed`."""
        moved_ns = ts - self.now()
        allowed_ns = self._jump_ns * max(self._fast // self._slow, 1)
        if abs(moved_ns) > allowed_ns:
            self._moved_ns = moved_ns
        self._lead(ts, speed)

    def jump(self) -> Jump | None:
        moved_ns, self._moved_ns = self._moved_ns, 0
        stalled = super().jump()
        if not moved_ns:
            return stalled
        return Jump(self.now(), moved_ns, stalled.stall_ns if stalled else 0)


class VirtualClock:
    """The time of a virtual loop, the running one unless one is given, counted from `epoch_ts`; exact."""

    def __init__(self, epoch_ts: int, *, loop: VirtualLoop | None = None) -> None:
        self._epoch_ts = epoch_ts
        self._given = loop

    @property
    def speed(self) -> int:
        """It knows no real time to be compared with, and is told as one that keeps to it."""
        return 1

    def now(self) -> int:
        return self._epoch_ts + self._loop().now_ns

    def jump(self) -> Jump | None:
        return None

    async def sleep(self, duration_ns: int) -> None:
        await self.sleep_until(self.now() + duration_ns)

    async def sleep_until(self, ts: int) -> None:
        loop = self._loop()
        woken = loop.create_future()
        timer = loop.call_at_ns(ts - self._epoch_ts, _wake, woken)
        try:
            await woken
        finally:
            timer.cancel()

    def _loop(self) -> VirtualLoop:
        loop = self._given or asyncio.get_running_loop()
        if not isinstance(loop, VirtualLoop):
            raise VirtualLoopError(
                f"a virtual clock was read under {type(loop).__name__}, which runs on real time; run the"
                " program with assent.runtime.virtual.run, or give it a WallClock"
            )
        return loop


class _Naps:
    """Real waiting in short pieces, each with an end it can be late for: so a stop of the process shows."""

    def __init__(self, jump_ns: int) -> None:
        self._jump_ns = jump_ns
        self._stall_ns = 0
        self._noticed = 0

    def stall_ns(self) -> int:
        """The last stall since this was asked before, or 0."""
        seen, self._stall_ns = self._stall_ns, 0
        return seen

    async def wait(self, left: Callable[[], int]) -> None:
        """Nap until `left()` nanoseconds are no longer left; the others run at least once."""
        remaining = left()
        while True:
            await self._nap(min(max(remaining, 0), _NAP_NS))
            remaining = left()
            if remaining <= 0:
                return

    async def _nap(self, duration_ns: int) -> None:
        due = time.monotonic_ns() + duration_ns
        await asyncio.sleep(duration_ns / _NS)
        woke = time.monotonic_ns()
        if woke - due <= self._jump_ns or due <= self._noticed:
            return  # in time, or another sleeper has already told of the same stall
        self._stall_ns, self._noticed = woke - due, woke


def _wake(woken: asyncio.Future[None]) -> None:
    if not woken.done():
        woken.set_result(None)


def stopwatch() -> Callable[[], float]:
    """Real seconds since this call: to tell people how long something took, never for a decision."""
    begun = time.monotonic_ns()
    return lambda: (time.monotonic_ns() - begun) / _NS
