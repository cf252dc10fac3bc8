"""An asyncio event loop in which time is a number: integer nanoseconds that jump when nothing is ready.

It promises that the same program interleaves in the same way each time, that a day passes in seconds, and
that waiting for something nobody will do is an error that names the tasks, never a hang. It exists so that
the very runtime that trades live can be lived through in tests, demo and proofs. It must never touch a clock,
a thread, a socket or a signal handler (virtual_doors.py).

Order: what is ready runs first in, first out; timers by instant, then in the order in which they were set.
Tasks hash by the order of their creation: asyncio keeps some in sets (`TaskGroup`, `wait`), and a set walked
by memory address would cancel them in another order in each process. Bare coroutines given to
`asyncio.as_completed` hash by address still; give it tasks.
"""
# ruff: noqa: SLF001 - a loop's own handles, and asyncio's hooks for those who write loops, have underscores.

import asyncio
import logging
import math
import sys
from asyncio import AbstractEventLoop
from collections import deque
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from contextvars import Context
from heapq import heapify, heappop, heappush
from threading import get_ident
from types import CoroutineType
from typing import Any, Final, NoReturn, TypeVar, TypeVarTuple
from weakref import WeakKeyDictionary

from assent.runtime.virtual_doors import THREADS, BoundReached, Deadlock, NotVirtual, ShutDoors
from assent.runtime.virtual_handles import Ready, Task, Timer

_T = TypeVar("_T")
_Ts = TypeVarTuple("_Ts")
_ExceptionHandler = Callable[[AbstractEventLoop, dict[str, Any]], object]

_NS: Final = 1_000_000_000
_COMPACT_ABOVE: Final = 256  # cancelled timers kept in the heap before it is worth building it anew
_LAST_STEPS: Final = 100_000  # granted once after a bound was reached, for the tasks to be cancelled in
_NO_THREAD: Final = 0  # no thread's ident: a closed loop is nobody's
_log = logging.getLogger("asyncio")


class VirtualLoop(ShutDoors):
    """Give it to `asyncio.Runner(loop_factory=VirtualLoop)`, or use `run()` of this module."""

    def __init__(self, *, until_ns: int | None = None, steps_max: int | None = None) -> None:
        self._now_ns = 0
        self._until_ns: float = math.inf if until_ns is None else until_ns
        self._steps_max: float = math.inf if steps_max is None else steps_max
        self._steps = 0
        self._tasks = 0
        self._timers_set = 0
        self._timers_cancelled = 0
        self._ready: deque[Ready | Timer] = deque()
        self._timers: list[tuple[int, int, Timer]] = []
        self._thread = get_ident()
        self._running = False
        self._stopping = False
        self._closed = False
        self._debug = False
        self._task_factory: Any = None
        self._exception_handler: _ExceptionHandler | None = None
        self._asyncgens: WeakKeyDictionary[AsyncGenerator[Any, Any], None] = WeakKeyDictionary()

    # ---------------------------------------------------------------------------------------------- time

    @property
    def now_ns(self) -> int:
        """Nanoseconds since the loop was made; exact."""
        return self._now_ns

    @property
    def steps(self) -> int:
        """Callbacks taken up so far: equal in two runs of the same program."""
        return self._steps

    def time(self) -> float:
        """The same in seconds, for asyncio's own code; never compute instants from it."""
        return self._now_ns / _NS

    def call_at_ns(
        self,
        when_ns: int,
        callback: Callable[[*_Ts], object],
        *args: *_Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """Run `callback` at exactly `when_ns`; an instant already past means now, after what is ready."""
        return self._set_timer(when_ns, callback, args, context)

    def call_later(
        self,
        delay: float,
        callback: Callable[[*_Ts], object],
        *args: *_Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """The delay alone is rounded, then added exactly: a million short sleeps in a row do not drift."""
        if delay == math.inf:  # never set: a task that sleeps for ever must not hide a deadlock
            never = Timer(delay, callback, args, self, context)
            never._scheduled = False
            return never
        delay_ns = round(delay * _NS)
        if delay_ns == 0 and delay > 0:
            delay_ns = 1  # time must move, or a loop of tiny sleeps would stand still
        return self._set_timer(self._now_ns + delay_ns, callback, args, context)

    def call_at(
        self,
        when: float,
        callback: Callable[[*_Ts], object],
        *args: *_Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """For `asyncio.timeout`. A float of seconds still tells nanoseconds apart for the first 97 days."""
        return self.call_later(when - self.time(), callback, *args, context=context)

    def _set_timer(
        self, when_ns: int, callback: Callable[..., object], args: Sequence[Any], context: Context | None
    ) -> Timer:
        if get_ident() != self._thread:
            self._refuse_call()
        timer = Timer(when_ns / _NS, callback, args, self, context)
        self._timers_set = number = self._timers_set + 1
        heappush(self._timers, (when_ns, number, timer))
        return timer

    def _timer_cancelled(self) -> None:
        """Cancelled time-outs must not pile up in the heap until their far instant."""
        self._timers_cancelled += 1
        if self._timers_cancelled < _COMPACT_ABOVE or self._timers_cancelled * 2 < len(self._timers):
            return
        self._timers = [entry for entry in self._timers if not entry[2]._cancelled]
        heapify(self._timers)
        self._timers_cancelled = 0

    # ------------------------------------------------------------------------------------------- running

    def call_soon(
        self, callback: Callable[[*_Ts], object], *args: *_Ts, context: Context | None = None
    ) -> asyncio.Handle:
        if get_ident() != self._thread:
            self._refuse_call()
        handle = Ready(callback, args, self, context)
        self._ready.append(handle)
        return handle

    def call_soon_threadsafe(
        self, callback: Callable[[*_Ts], object], *args: *_Ts, context: Context | None = None
    ) -> asyncio.Handle:
        """Refused from any other thread; our own may: asyncio.Runner wakes the loop in this way on Ctrl-C."""
        return self.call_soon(callback, *args, context=context)

    def _refuse_call(self) -> NoReturn:
        if self._closed:
            raise RuntimeError("the virtual loop is closed; make a new one for a new run")
        raise NotVirtual(
            "a virtual loop was called from another thread, at a moment that is the machine's accident and"
            f" could not be repeated. {THREADS}"
        )

    def run_forever(self) -> None:
        if get_ident() != self._thread:
            self._refuse_call()
        if asyncio._get_running_loop() is not None:
            raise RuntimeError("an event loop already runs in this thread; a virtual loop needs one of its own")
        hooks = sys.get_asyncgen_hooks()
        sys.set_asyncgen_hooks(firstiter=self._asyncgen_begun, finalizer=self._asyncgen_dropped)
        asyncio._set_running_loop(self)
        self._running = True
        try:
            while True:
                self._turn()
                if self._stopping:
                    return
        finally:
            self._running = self._stopping = False
            asyncio._set_running_loop(None)
            sys.set_asyncgen_hooks(*hooks)

    def _turn(self) -> None:
        """What is ready now runs once; what that makes ready waits for the next turn, behind due timers."""
        ready = self._ready
        if not ready and not self._stopping:
            self._jump()
        timers = self._timers
        while timers and timers[0][0] <= self._now_ns:
            timer = heappop(timers)[2]
            timer._scheduled = False
            if timer._cancelled:
                self._timers_cancelled -= 1
            else:
                ready.append(timer)
        count = len(ready)
        self._steps += count
        if self._steps > self._steps_max:
            self._give_up(f"the bound of {self._steps_max} steps was passed")
        for _ in range(count):
            handle = ready.popleft()
            if handle._cancelled:
                continue
            try:
                handle._context.run(handle._callback, *handle._args)
            except (SystemExit, KeyboardInterrupt):
                raise
            except BaseException as exc:  # boundary: what a callback raises belongs to the exception handler
                self.call_exception_handler({"message": "exception in a callback", "exception": exc, "handle": handle})

    def _jump(self) -> None:
        """Nothing is ready: go to the next instant at which something is."""
        timers = self._timers
        while timers and timers[0][2]._cancelled:
            heappop(timers)
            self._timers_cancelled -= 1
        if not timers:
            raise Deadlock(
                f"at virtual time {self._now_ns} ns nothing is ready and no timer is set, so nothing can ever"
                f" happen again; {self._waiting()}. Wake them, give the wait a time-out, or cancel it."
            )
        when_ns = timers[0][0]
        if when_ns > self._until_ns:
            self._give_up(f"the next timer is due at {when_ns} ns, beyond the bound of {self._until_ns} ns")
        self._now_ns = max(self._now_ns, when_ns)

    def _give_up(self, what: str) -> None:
        self._until_ns = math.inf
        self._steps_max = self._steps + _LAST_STEPS
        raise BoundReached(
            f"at virtual time {self._now_ns} ns {what}; {self._waiting()}. Raise the bound, or end the"
            " program before it."
        )

    def _waiting(self) -> str:
        tasks = [f"{task.get_name()} in {_place(task)}" for task in self.pending()]
        return f"pending tasks ({len(tasks)}): {', '.join(tasks) or 'none'}"

    def pending(self) -> list[asyncio.Task[Any]]:
        """Every unfinished task, oldest first."""
        return sorted(asyncio.all_tasks(self), key=hash)

    def run_until_complete(self, future: Any) -> Any:
        if get_ident() != self._thread:
            self._refuse_call()
        ours = not asyncio.isfuture(future)
        task: asyncio.Future[Any] = asyncio.ensure_future(future, loop=self)
        task.add_done_callback(_stop)
        try:
            self.run_forever()
        except BaseException:  # boundary: only marks the task's exception as seen; it is raised again
            if ours and task.done() and not task.cancelled():
                task.exception()
            raise
        finally:
            task.remove_done_callback(_stop)
        if not task.done():
            raise RuntimeError("the virtual loop was stopped before its main task was done")
        return task.result()

    def stop(self) -> None:
        self._stopping = True

    def is_running(self) -> bool:
        return self._running

    def is_closed(self) -> bool:
        return self._closed

    def close(self) -> None:
        if self._running:
            raise RuntimeError("a running virtual loop cannot be closed; stop it first")
        self._closed = True
        self._thread = _NO_THREAD
        self._ready.clear()
        self._timers.clear()

    # --------------------------------------------------------------------------------- tasks and futures

    def _next_number(self) -> int:
        self._tasks += 1
        return self._tasks

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=self)

    def create_task(
        self, coro: Any, *, name: str | None = None, context: Context | None = None, **options: Any
    ) -> asyncio.Task[Any]:
        if get_ident() != self._thread:
            self._refuse_call()
        if self._task_factory is None:
            return Task(coro, loop=self, name=name, context=context, **options)
        task: asyncio.Task[Any] = self._task_factory(self, coro, context=context, **options)
        if name is not None:
            task.set_name(name)
        return task

    def set_task_factory(self, factory: Any) -> None:
        self._task_factory = factory

    def get_task_factory(self) -> Any:
        return self._task_factory

    # ------------------------------------------------------------------------------ errors and debugging

    def set_exception_handler(self, handler: _ExceptionHandler | None) -> None:
        self._exception_handler = handler

    def get_exception_handler(self) -> _ExceptionHandler | None:
        return self._exception_handler

    def default_exception_handler(self, context: dict[str, Any]) -> None:
        exc = context.get("exception")
        about = [f"{key}={context[key]!r}" for key in sorted(context) if key not in ("message", "exception")]
        trace = (type(exc), exc, exc.__traceback__) if isinstance(exc, BaseException) else None
        _log.error("%s (%s)", context.get("message"), ", ".join(about), exc_info=trace)

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        if self._exception_handler is None:
            self.default_exception_handler(context)
        else:
            self._exception_handler(self, context)

    def get_debug(self) -> bool:
        return self._debug

    def set_debug(self, enabled: bool) -> None:  # noqa: FBT001 - asyncio's signature
        self._debug = enabled

    # ------------------------------------------------------------------------------------------- the end

    def _asyncgen_begun(self, agen: AsyncGenerator[Any, Any]) -> None:
        self._asyncgens[agen] = None

    def _asyncgen_dropped(self, agen: AsyncGenerator[Any, Any]) -> None:
        self._asyncgens.pop(agen, None)
        if not self._closed:
            self.call_soon(self.create_task, agen.aclose())

    async def shutdown_asyncgens(self) -> None:
        begun = list(self._asyncgens)
        self._asyncgens.clear()
        results = await asyncio.gather(*(agen.aclose() for agen in begun), return_exceptions=True)
        for agen, result in zip(begun, results, strict=True):
            if isinstance(result, Exception):
                self.call_exception_handler(
                    {"message": "an async generator did not close", "exception": result, "asyncgen": agen}
                )

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:  # noqa: ASYNC109 - theirs
        """There is none; asyncio.Runner asks all the same."""


def _stop(future: asyncio.Future[Any]) -> None:
    if not future.cancelled() and isinstance(future.exception(), SystemExit | KeyboardInterrupt):
        return  # it is already on its way out of run_forever
    future.get_loop().stop()


def _place(task: asyncio.Task[Any]) -> str:
    """The innermost coroutine that the task waits in, with its line."""
    coro: object = task.get_coro()
    while isinstance(coro, CoroutineType) and isinstance(coro.cr_await, CoroutineType):
        coro = coro.cr_await
    frame = getattr(coro, "cr_frame", None)
    name = getattr(coro, "__qualname__", repr(coro))
    return name if frame is None else f"{name}, line {frame.f_lineno}"


def run(main: Coroutine[Any, Any, _T], *, until_ns: int | None = None, steps_max: int | None = None) -> _T:
    """`asyncio.run` under virtual time; what is left over at the end is cancelled oldest first."""
    with asyncio.Runner(loop_factory=lambda: VirtualLoop(until_ns=until_ns, steps_max=steps_max)) as runner:
        try:
            return runner.run(main)
        finally:
            _cancel_leftovers(runner.get_loop())


def _cancel_leftovers(loop: AbstractEventLoop) -> None:
    tasks = sorted(asyncio.all_tasks(loop), key=hash)
    for task in tasks:
        task.cancel()
    if not tasks:
        return
    loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
    for task in tasks:
        if not task.cancelled() and task.exception() is not None:
            loop.call_exception_handler(
                {"message": "exception while the run was ended", "exception": task.exception(), "task": task}
            )
