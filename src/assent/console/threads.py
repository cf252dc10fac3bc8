"""Threads for what would block: a few for each kind of question, so that a slow kind never keeps another waiting."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from assent.console.guard.refusals import LATER, Refused

WAITING_MAX: Final = 100
Answer = TypeVar("Answer")


class Threads:
    """So many at once, and a bounded queue behind them: whoever finds it full is told to come again."""

    def __init__(self, name: str, at_once: int) -> None:
        self._pool = ThreadPoolExecutor(at_once, thread_name_prefix=name)
        self._inside = 0
        self._most = at_once + WAITING_MAX

    async def run(self, question: Callable[[], Answer]) -> Answer:
        if self._inside >= self._most:
            raise Refused("rate_limited", "too many such questions wait already", headers=LATER)
        self._inside += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, question)
        finally:
            self._inside -= 1

    def close(self) -> None:
        """Wait for what runs; what has not begun is dropped."""
        self._pool.shutdown(cancel_futures=True)
