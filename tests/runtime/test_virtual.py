"""Virtual time: exact, ordered, repeatable, and never a hang."""

import asyncio
import contextvars
import itertools
import logging
import random
import signal
import threading
from asyncio import AbstractEventLoop

import pytest

from assent.runtime import virtual
from assent.runtime.virtual import VirtualLoop
from assent.runtime.virtual_doors import BoundReached, Deadlock, NotVirtual

SECOND = 1_000_000_000


def loop_now() -> int:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    return loop.now_ns


# ------------------------------------------------------------------------------------------------- time


def test_a_week_passes_at_once_and_to_the_nanosecond():
    async def main() -> int:
        for _ in range(7 * 24):
            await asyncio.sleep(3600)
        return loop_now()

    assert virtual.run(main()) == 7 * 24 * 3600 * SECOND


def test_thirty_thousand_short_sleeps_do_not_drift():
    async def main() -> int:
        for _ in range(30_000):
            await asyncio.sleep(0.1)
        return loop_now()

    assert virtual.run(main()) == 3_000 * SECOND


def test_a_timer_fires_at_its_very_nanosecond_even_after_months():
    async def main() -> list[int]:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        start, seen = 80 * 24 * 3600 * SECOND, []
        done = loop.create_future()
        for extra in (3, 1, 2):
            loop.call_at_ns(start + extra, lambda: seen.append(loop.now_ns - start))
        loop.call_at_ns(start + 4, done.set_result, None)
        await done
        return seen

    assert virtual.run(main()) == [1, 2, 3]


def test_timers_of_one_instant_fire_in_the_order_in_which_they_were_set():
    async def main() -> list[int]:
        loop, seen = asyncio.get_running_loop(), []
        for number in range(100):
            loop.call_later(1, seen.append, number)
        await asyncio.sleep(1)
        return seen

    assert virtual.run(main()) == list(range(100))


def test_a_timeout_and_a_sleep_of_one_length_end_at_one_instant():
    async def main() -> tuple[int, int]:
        await asyncio.sleep(12_345.678_901_234)
        start = loop_now()

        async def timed_out() -> int:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.1):
                    await asyncio.Event().wait()
            return loop_now() - start

        async def slept() -> int:
            await asyncio.sleep(0.1)
            return loop_now() - start

        return tuple(await asyncio.gather(timed_out(), slept()))

    assert virtual.run(main()) == (SECOND // 10, SECOND // 10)


def test_time_stands_still_while_anything_is_ready():
    async def main() -> int:
        asyncio.get_running_loop().call_later(1e-9, lambda: None)
        for _ in range(1000):
            await asyncio.sleep(0)
        return loop_now()

    assert virtual.run(main()) == 0


def test_the_tiniest_sleep_still_moves_time():
    async def main() -> int:
        for _ in range(10):
            await asyncio.sleep(1e-12)
        return loop_now()

    assert virtual.run(main()) == 10


def test_an_instant_already_past_means_now():
    async def main() -> int:
        await asyncio.sleep(5)
        fired = asyncio.Event()
        asyncio.get_running_loop().call_at(1.0, fired.set)
        await fired.wait()
        return loop_now()

    assert virtual.run(main()) == 5 * SECOND


def test_cancelled_timers_neither_pile_up_nor_pull_time_forward():
    async def main() -> tuple[int, int]:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        gate, held = asyncio.Event(), 0
        gate.set()
        for _ in range(2_000):
            async with asyncio.timeout(1_000_000):
                await asyncio.sleep(0.001)
            held = max(held, len(loop._timers))
        return loop.now_ns, held

    now, held = virtual.run(main())
    assert now == 2 * SECOND
    assert held < 1_000


# ------------------------------------------------------------------------------------- no hang, no surprise


def test_waiting_for_what_nobody_will_do_is_an_error_that_names_the_tasks():
    async def waits_for_a_reply() -> None:
        await asyncio.Event().wait()

    async def main() -> None:
        await asyncio.sleep(2)
        await asyncio.create_task(waits_for_a_reply(), name="the reply")

    with pytest.raises(Deadlock, match=r"2000000000 ns nothing is ready.*Task-1 in .*main.*the reply in Event\.wait"):
        virtual.run(main())


def test_a_sleep_for_ever_does_not_hide_a_deadlock():
    with pytest.raises(Deadlock):
        virtual.run(asyncio.sleep(float("inf")))


def test_the_bound_on_time_ends_a_program_that_would_go_on_for_ever():
    ticks = []

    async def main() -> None:
        while True:
            ticks.append(loop_now())
            await asyncio.sleep(1)

    with pytest.raises(BoundReached, match="due at 4000000000 ns, beyond the bound of 3500000000 ns"):
        virtual.run(main(), until_ns=3_500_000_000)
    assert len(ticks) == 4


def test_the_bound_on_steps_ends_a_program_that_stands_still():
    cleaned = []

    async def main() -> None:
        try:
            for _ in itertools.count():
                await asyncio.sleep(0)
        finally:
            await asyncio.sleep(1)
            cleaned.append(loop_now())

    with pytest.raises(BoundReached, match="the bound of 500 steps"):
        virtual.run(main(), steps_max=500)
    assert cleaned == [SECOND]


def test_a_program_within_its_bounds_does_not_notice_them():
    async def main() -> str:
        await asyncio.sleep(1)
        return "done"

    assert virtual.run(main(), until_ns=SECOND, steps_max=100) == "done"


# ---------------------------------------------------------------------------------- the real world is shut out


def test_every_method_of_an_event_loop_is_either_ours_or_a_shut_door():
    names = [name for name in vars(AbstractEventLoop) if not name.startswith("_")]
    left = [name for name in names if getattr(VirtualLoop, name) is getattr(AbstractEventLoop, name)]
    assert left == []


@pytest.mark.parametrize(
    "reach_out",
    [
        lambda loop: asyncio.to_thread(print),
        lambda loop: asyncio.open_connection("127.0.0.1", 9),
        lambda loop: asyncio.create_subprocess_exec("true"),
        lambda loop: loop.getaddrinfo("localhost", 80),
        lambda loop: loop.add_signal_handler(signal.SIGTERM, print),
        lambda loop: loop.add_reader(0, print),
    ],
)
def test_what_takes_real_time_is_refused_with_advice(reach_out):
    async def main() -> None:
        await reach_out(asyncio.get_running_loop())

    with pytest.raises(NotVirtual, match=r"virtual loop.*repeated\. [A-Z]"):
        virtual.run(main())


@pytest.mark.parametrize("call", ["call_soon_threadsafe", "call_soon"])
def test_a_call_from_another_thread_is_refused(call):
    async def main() -> list[BaseException]:
        loop, raised = asyncio.get_running_loop(), []

        def elsewhere() -> None:
            try:
                getattr(loop, call)(print)
            except NotVirtual as refusal:
                raised.append(refusal)

        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
        return raised

    assert "another thread" in str(virtual.run(main())[0])


def test_a_virtual_loop_does_not_run_inside_another():
    async def main() -> None:
        inner, nothing = VirtualLoop(), asyncio.sleep(0)
        try:
            inner.run_until_complete(nothing)
        finally:
            nothing.close()
            inner.close()

    with pytest.raises(RuntimeError, match="already runs"):
        virtual.run(main())


def test_a_closed_loop_says_so():
    loop = VirtualLoop()
    loop.close()
    assert loop.is_closed()
    with pytest.raises(RuntimeError, match="closed"):
        loop.call_soon(print)


# ------------------------------------------------------------------------------------------ asyncio's own parts


def test_queue_event_gather_timeout_and_task_group_work():
    async def main() -> tuple[list[int], int]:
        queue: asyncio.Queue[int] = asyncio.Queue(maxsize=2)
        ready, got = asyncio.Event(), []

        async def produce() -> None:
            await ready.wait()
            for number in range(5):
                await queue.put(number)
                await asyncio.sleep(1)

        async def consume() -> None:
            while len(got) < 5:
                got.append(await asyncio.wait_for(queue.get(), timeout=10))

        async with asyncio.TaskGroup() as group:
            group.create_task(produce())
            group.create_task(consume())
            asyncio.get_running_loop().call_later(3, ready.set)
        return got, loop_now()

    assert virtual.run(main()) == ([0, 1, 2, 3, 4], 8 * SECOND)


def test_a_plain_runner_takes_the_loop_and_can_run_twice():
    async def nap() -> int:
        await asyncio.sleep(1)
        return loop_now()

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        assert runner.run(nap()) == SECOND
        assert runner.run(nap()) == 2 * SECOND


def test_context_variables_follow_their_task():
    who = contextvars.ContextVar("who", default="nobody")

    async def child(name: str) -> str:
        who.set(name)
        await asyncio.sleep(1)
        return who.get()

    async def main() -> list[str]:
        return [*await asyncio.gather(child("a"), child("b")), who.get()]

    assert virtual.run(main()) == ["a", "b", "nobody"]


def test_async_generators_left_open_are_closed_at_the_end():
    closed = []

    async def numbers():
        try:
            while True:
                yield loop_now()
                await asyncio.sleep(1)
        finally:
            await asyncio.sleep(0)
            closed.append(True)

    kept = numbers()

    async def main() -> None:
        async for now in kept:
            if now >= 2 * SECOND:
                return

    virtual.run(main())
    assert closed == [True]


def test_ctrl_c_cancels_the_main_task_and_comes_out_as_keyboard_interrupt():
    seen = []

    async def main() -> None:
        asyncio.get_running_loop().call_later(1, signal.raise_signal, signal.SIGINT)
        try:
            await asyncio.sleep(100)
        finally:
            seen.append(loop_now())

    with pytest.raises(KeyboardInterrupt):
        virtual.run(main())
    assert seen == [SECOND]


def test_what_a_callback_raises_is_told_and_the_loop_goes_on(caplog):
    async def main() -> str:
        asyncio.get_running_loop().call_soon(lambda: 1 // 0)
        await asyncio.sleep(1)
        return "alive"

    with caplog.at_level(logging.ERROR, logger="asyncio"):
        assert virtual.run(main()) == "alive"
    assert [record.exc_info[0] for record in caplog.records if record.exc_info] == [ZeroDivisionError]


def test_an_exception_handler_is_given_what_a_callback_raised():
    told = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda loop, context: told.append(context["exception"]))
        loop.call_soon(lambda: 1 // 0)
        await asyncio.sleep(0)

    virtual.run(main())
    assert [type(exc) for exc in told] == [ZeroDivisionError]


# ---------------------------------------------------------------------------------------------- repeatable


def lived(seed: int) -> tuple[list[tuple[int, str]], int]:
    """A program full of races: what each task did and when, its end included."""
    rng = random.Random(seed)
    trace: list[tuple[int, str]] = []
    queue: asyncio.Queue[int] = asyncio.Queue()

    async def worker(number: int) -> None:
        try:
            while True:
                await asyncio.sleep(rng.choice((0, 0.001, 0.002)))
                trace.append((loop_now(), f"{number} took {await queue.get()}"))
        finally:
            trace.append((loop_now(), f"{number} ended"))

    async def failing() -> None:
        await asyncio.sleep(0.05)
        raise ValueError("planted")

    async def main() -> int:
        leftovers = [asyncio.create_task(worker(number)) for number in range(20)]
        for number in range(200):
            queue.put_nowait(number)
        try:
            async with asyncio.TaskGroup() as group:
                for number in range(20, 60):
                    group.create_task(worker(number))
                group.create_task(failing())
        except* ValueError:
            trace.append((loop_now(), "the group ended"))
        assert not any(task.done() for task in leftovers)
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        return loop.steps

    steps = virtual.run(main())
    return trace, steps


def test_two_runs_of_one_program_interleave_in_the_same_way():
    first = lived(7)
    memory_looks_different_now = [bytearray(size) for size in range(1, 20_000, 7)]
    assert lived(7) == first
    assert len(first[0]) > 200
    assert memory_looks_different_now


def test_what_is_left_over_is_cancelled_oldest_first():
    ended = []

    async def waits(number: int) -> None:
        try:
            if number % 7 == 0:  # few remain of many, so that their numbers collide in a set
                await asyncio.Event().wait()
        finally:
            ended.append(number)

    async def main() -> list[asyncio.Task[None]]:
        tasks = [asyncio.create_task(waits(number)) for number in range(700)]
        await asyncio.sleep(0)
        ended.clear()
        return tasks

    virtual.run(main())
    assert ended == list(range(0, 700, 7))
