"""What a virtual loop holds: callbacks that are ready, timers, and tasks that know their number.

They are asyncio's own types, so that asyncio's code works with them, with constructors that cost less than
the callbacks they carry. They must never compare or hash by memory address where an order could come of it.
"""
# ruff: noqa: SLF001 - these types and their loop are one machine in two files.

import asyncio
from collections.abc import Callable, Sequence
from contextvars import Context, copy_context
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from assent.runtime.virtual import VirtualLoop

_T = TypeVar("_T")


def _nothing() -> None:
    """What a cancelled timer holds in place of its callback."""


class Ready(asyncio.Handle):
    """A callback in the queue; the base's constructor is left out because it costs more than the callback."""

    __slots__ = ()
    _callback: Callable[..., object]
    _context: Context

    def __init__(
        self,
        callback: Callable[..., object],
        args: Sequence[Any],
        loop: "VirtualLoop",
        context: Context | None,
    ) -> None:
        self._callback = callback
        self._args = args
        self._loop = loop
        self._context = copy_context() if context is None else context
        self._cancelled = False
        self._repr = None
        self._source_traceback = None


class Timer(asyncio.TimerHandle):
    """A callback at an instant. The heap keeps the exact nanosecond; `when()` is for asyncio's own code."""

    __slots__ = ()
    _callback: Callable[..., object]
    _context: Context
    _loop: "VirtualLoop"
    _scheduled: bool

    def __init__(
        self,
        when: float,
        callback: Callable[..., object],
        args: Sequence[Any],
        loop: "VirtualLoop",
        context: Context | None,
    ) -> None:
        self._when = when
        self._callback = callback
        self._args = args
        self._loop = loop
        self._context = copy_context() if context is None else context
        self._cancelled = False
        self._scheduled = True
        self._repr = None
        self._source_traceback = None

    def cancel(self) -> None:
        """The base's, without its three calls: every `asyncio.sleep` ends by cancelling a timer long gone."""
        if self._cancelled:
            return
        self._cancelled = True
        self._callback, self._args = _nothing, ()  # let go of what the callback holds
        if self._scheduled:
            self._loop._timer_cancelled()


class Task(asyncio.Task[_T]):
    """A task that knows its number, and hashes by it: a set of tasks has the same order in every run."""

    __slots__ = ("number",)

    def __init__(self, coro: Any, *, loop: "VirtualLoop", name: str | None = None, **options: Any) -> None:
        self.number = loop._next_number()  # first: the base's constructor already puts the task into a set
        super().__init__(coro, loop=loop, name=name or f"Task-{self.number}", **options)

    def __hash__(self) -> int:
        return self.number
