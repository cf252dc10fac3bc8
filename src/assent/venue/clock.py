"""What an adapter asks of time. The one clock is the runtime's; adapters are handed it and read no other."""

from collections.abc import Awaitable
from typing import Protocol


class Time(Protocol):
    """UTC in integer nanoseconds, and waiting by the same time."""

    def now(self) -> int: ...

    def sleep(self, duration_ns: int) -> Awaitable[None]: ...

    def sleep_until(self, ts: int) -> Awaitable[None]: ...
