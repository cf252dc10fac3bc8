"""The clocks: never backwards, exact where time is virtual, and honest about jumps."""

import asyncio
import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assent.model.errors import AssentError
from assent.runtime import clock as clocks
from assent.runtime import virtual
from assent.runtime.clock import JUMP_NS, Clock, Jump, LedClock, ScaledClock, VirtualClock, WallClock, stopwatch
from assent.runtime.virtual import VirtualLoop
from assent.runtime.virtual_doors import VirtualLoopError

SECOND = 1_000_000_000
HOUR = 3600 * SECOND
EPOCH = 1_800_000_000_123_456_789


class FakeTime:
    """The two clocks of a machine, in our hands; under a virtual loop they also run with it."""

    def __init__(self) -> None:
        self.wall = EPOCH
        self.monotonic = 7 * HOUR
        self.loop: VirtualLoop | None = None

    def passes(self, duration_ns: int, *, wall_ns: int | None = None) -> None:
        self.monotonic += duration_ns
        self.wall += duration_ns if wall_ns is None else wall_ns

    def _ran(self) -> int:
        return self.loop.now_ns if self.loop else 0

    def time_ns(self) -> int:
        return self.wall + self._ran()

    def monotonic_ns(self) -> int:
        return self.monotonic + self._ran()


@pytest.fixture
def machine(monkeypatch):
    fake = FakeTime()
    monkeypatch.setattr(clocks, "time", fake)
    return fake


def live(machine, main):
    """Run `main` under virtual time, the machine's clocks running with it."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        machine.loop = runner.get_loop()
        return runner.run(main())


# -------------------------------------------------------------------------------------------------- wall


def test_the_wall_clock_tells_the_wall(machine):
    clock = WallClock()
    machine.passes(5 * SECOND)
    assert clock.now() == EPOCH + 5 * SECOND
    assert clock.jump() is None


def test_a_step_back_slows_time_and_never_turns_it(machine):
    clock = WallClock()
    machine.passes(SECOND, wall_ns=SECOND - 300 * SECOND)
    seen = [clock.now()]
    assert seen[0] == EPOCH + SECOND * 9 // 10
    for _ in range(300):
        machine.passes(10 * SECOND)
        seen.append(clock.now())
    assert all(9 * SECOND <= later - sooner <= 10 * SECOND for sooner, later in pairwise(seen))
    assert seen[-1] == machine.time_ns(), "after ten times the step the wall has caught up"


@pytest.mark.parametrize("step_ns", [-300 * SECOND, 5 * HOUR, JUMP_NS + 1, -JUMP_NS - 1])
def test_a_step_of_the_wall_is_reported_once(machine, step_ns):
    clock = WallClock()
    machine.passes(SECOND, wall_ns=SECOND + step_ns)
    assert clock.jump() == Jump(clock.now(), step_ns, 0)
    assert clock.jump() is None


def test_a_step_forward_is_followed(machine):
    clock = WallClock()
    machine.passes(SECOND, wall_ns=5 * HOUR)
    assert clock.now() == EPOCH + 5 * HOUR


def test_a_time_server_that_slews_is_followed_without_a_word(machine):
    clock = WallClock()
    for _ in range(1000):
        machine.passes(SECOND, wall_ns=SECOND - 500_000)
        clock.now()
    assert clock.jump() is None
    assert clock.now() == machine.time_ns()


def test_after_a_restart_time_does_not_fall_behind_the_ledger(machine):
    last = EPOCH + HOUR
    clock = WallClock(floor_ts=last)
    assert clock.now() >= last
    assert clock.jump() == Jump(last, -HOUR, 0)
    machine.passes(10 * SECOND)
    assert clock.now() == last + 9 * SECOND


@given(st.lists(st.tuples(st.integers(0, HOUR), st.integers(-HOUR, HOUR)), max_size=30))
def test_no_clock_work_turns_our_time_back_or_keeps_it_standing(steps):
    fake = FakeTime()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clocks, "time", fake)
        clock, last = WallClock(), EPOCH
        for elapsed, wall in steps:
            fake.passes(elapsed, wall_ns=wall)
            now = clock.now()
            assert now >= last + elapsed * 9 // 10
            assert now >= fake.time_ns()
            last = now


def test_a_stop_of_the_process_is_reported_once_by_those_who_slept_through_it(machine):
    async def main():
        clock = WallClock()

        async def slept(until: int) -> tuple[int, Jump | None]:
            await clock.sleep_until(until)
            return clock.now(), clock.jump()

        asyncio.get_running_loop().call_later(2.5, machine.passes, 30 * SECOND)
        return await asyncio.gather(slept(EPOCH + 4 * SECOND), slept(EPOCH + 10 * SECOND), clock.sleep(0))

    (woke, told), (woke_too, told_too), _ = live(machine, main)
    assert woke == woke_too == EPOCH + 33 * SECOND, "the nap from 2 to 3 ended 30 seconds late for both"
    assert (told, told_too) == (Jump(woke, 0, 30 * SECOND), None)


def test_a_sleeper_notices_within_a_second_that_the_wall_was_set_forward(machine):
    async def main():
        clock = WallClock()
        asyncio.get_running_loop().call_later(10.25, lambda: machine.passes(0, wall_ns=HOUR))
        await clock.sleep_until(EPOCH + HOUR)
        return machine.loop.now_ns

    assert live(machine, main) == 11 * SECOND


def test_real_sleeps_are_neither_short_nor_endless():
    async def main() -> tuple[int, int]:
        clock = WallClock()
        start = clock.now()
        await clock.sleep(3_000_000)
        await clock.sleep(-1)
        await clock.sleep_until(start + 6_000_000)
        await clock.sleep_until(0)
        return start, clock.now()

    start, end = asyncio.run(main())
    assert 6_000_000 <= end - start < 2 * SECOND


# ------------------------------------------------------------------------------------------------ scaled


def test_scaled_time_runs_faster_by_exactly_its_speed(machine):
    clock = ScaledClock(EPOCH, 60)
    machine.passes(SECOND, wall_ns=-HOUR)
    assert clock.now() == EPOCH + 60 * SECOND
    assert clock.jump() is None, "it knows no wall"


def test_a_fractional_speed_does_not_drift(machine):
    clock = ScaledClock(0, 0.1)
    machine.passes(10_000_000 * SECOND)
    assert clock.now() == 1_000_000 * SECOND


def test_every_clock_tells_its_speed_rounded_up(machine):
    assert [WallClock().speed, VirtualClock(EPOCH).speed] == [1, 1]
    assert [ScaledClock(EPOCH, speed).speed for speed in (0.5, 1, 2.5, 60)] == [1, 1, 3, 60]
    led = LedClock(EPOCH, 1)
    led.follow(EPOCH, 60)
    assert led.speed == 60


@pytest.mark.parametrize("speed", [1, 60, 0.5, 3600])
def test_scaled_sleeps_end_on_time(machine, speed):
    async def main():
        clock = ScaledClock(EPOCH, speed)
        await clock.sleep(HOUR)
        await clock.sleep_until(EPOCH + 2 * HOUR)
        return clock.now(), machine.loop.now_ns

    now, real = live(machine, main)
    assert 0 <= now - EPOCH - 2 * HOUR < 10_000
    assert math.isclose(real, 2 * HOUR / speed, rel_tol=1e-9)


def test_scaled_time_reports_a_stop_of_the_process(machine):
    async def main():
        clock = ScaledClock(EPOCH, 60)
        asyncio.get_running_loop().call_later(0.5, machine.passes, 30 * SECOND)
        await clock.sleep(60 * SECOND)
        return clock.jump()

    told = live(machine, main)
    assert told is not None
    assert (told.wall_ns, told.stall_ns) == (0, 30 * SECOND)


@pytest.mark.parametrize("speed", [0, -1, math.nan, math.inf, 1e9])
def test_a_speed_that_is_none_is_refused_with_an_example(speed):
    with pytest.raises(AssentError, match="such as 60"):
        ScaledClock(EPOCH, speed)


# ----------------------------------------------------------------------------------------------- virtual


def test_virtual_time_is_exact_to_the_nanosecond_at_any_epoch():
    async def main() -> list[int]:
        clock, seen = VirtualClock(EPOCH), []
        for ts in (EPOCH + 1, EPOCH + 3, EPOCH + 10**15 + 7):
            await clock.sleep_until(ts)
            seen.append(clock.now() - ts)
        await clock.sleep(11)
        return [*seen, clock.now() - EPOCH - 10**15 - 18]

    assert virtual.run(main()) == [0, 0, 0, 0]


def test_a_virtual_sleep_into_the_past_lets_the_others_run_and_takes_no_time():
    async def main() -> list[str]:
        clock, seen = VirtualClock(EPOCH), []
        other = asyncio.create_task(clock.sleep(0))
        other.add_done_callback(lambda _: seen.append("other"))
        await clock.sleep_until(EPOCH - 5)
        await clock.sleep(-1)
        await other
        assert clock.now() == EPOCH
        return seen

    assert virtual.run(main()) == ["other"]


def test_a_cancelled_virtual_sleep_leaves_no_timer():
    async def main() -> int:
        clock = VirtualClock(EPOCH)
        sleeper = asyncio.create_task(clock.sleep(HOUR))
        await clock.sleep(SECOND)
        sleeper.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sleeper
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.Event().wait(), 1)
        return clock.now()

    assert virtual.run(main()) == EPOCH + 2 * SECOND


def test_a_virtual_clock_may_be_bound_to_its_loop_and_read_outside():
    loop = VirtualLoop()
    clock = VirtualClock(EPOCH, loop=loop)
    assert clock.now() == EPOCH
    loop.run_until_complete(clock.sleep(5))
    assert (clock.now(), clock.jump()) == (EPOCH + 5, None)
    loop.close()


def test_a_virtual_clock_on_a_real_loop_is_refused():
    async def main() -> int:
        return VirtualClock(EPOCH).now()

    with pytest.raises(VirtualLoopError, match="WallClock"):
        asyncio.run(main())


def test_all_three_are_clocks():
    async def main() -> None:
        kinds: list[Clock] = [WallClock(), ScaledClock(EPOCH, 60), VirtualClock(EPOCH)]
        for clock in kinds:
            before = clock.now()
            assert type(before) is int
            assert clock.now() >= before

    virtual.run(main())


def test_a_stopwatch_counts_real_seconds_whatever_the_wall_says(machine):
    seconds = stopwatch()
    machine.passes(3 * SECOND // 2, wall_ns=-HOUR)
    assert seconds() == 1.5


# -------------------------------------------------------------------------------------------------- led by a box


def test_a_led_clock_runs_at_the_pace_of_the_box_and_follows_it(machine):
    clock = LedClock(EPOCH, 60)
    machine.passes(SECOND)
    assert clock.now() == EPOCH + 60 * SECOND
    clock.follow(EPOCH + 61 * SECOND, 60)
    assert clock.now() == EPOCH + 61 * SECOND
    assert clock.jump() is None


def test_a_led_clock_that_was_ahead_waits_and_never_turns_back(machine):
    clock = LedClock(EPOCH, 10)
    machine.passes(SECOND)
    seen = clock.now()
    clock.follow(EPOCH + 9 * SECOND, 10)
    assert clock.now() == seen
    machine.passes(SECOND)
    assert clock.now() == EPOCH + 19 * SECOND
    assert clock.jump() is None


def test_a_led_clock_takes_a_new_speed(machine):
    clock = LedClock(EPOCH, 1)
    clock.follow(EPOCH, 100)
    machine.passes(SECOND)
    assert clock.now() == EPOCH + 100 * SECOND


@pytest.mark.parametrize("step_ns", [HOUR, -HOUR])
def test_a_box_that_is_suddenly_elsewhere_is_told_as_a_jump_once(machine, step_ns):
    clock = LedClock(EPOCH, 60)
    machine.passes(SECOND)
    expected = clock.now()
    clock.follow(expected + step_ns, 60)
    assert clock.jump() == Jump(max(expected, expected + step_ns), step_ns, 0)
    assert clock.jump() is None


def test_a_led_clock_does_not_begin_before_its_ledger_ends(machine):
    clock = LedClock(EPOCH, 1, floor_ts=EPOCH + SECOND)
    assert clock.now() == EPOCH + SECOND
    machine.passes(3 * SECOND)
    assert clock.now() == EPOCH + 3 * SECOND


@pytest.mark.parametrize("speed", [0, -1, 10**7])
def test_a_led_clock_takes_no_speed_at_which_time_would_not_pass(machine, speed):
    clock = LedClock(EPOCH, 1)
    with pytest.raises(AssentError, match="would not run forward"):
        clock.follow(EPOCH, speed)
