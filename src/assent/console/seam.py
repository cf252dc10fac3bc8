"""What the console is handed by whoever starts it. It makes none of this itself and knows nobody who does.

`tail` reads the ledger, `access` knows who may ask, `ask` puts a request to the running desk, `clock` tells the time.
The desk's own process checks every credential again: nothing here is the last word on who may trade.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from assent.approval import Access
from assent.console.guard.settings import WebSettings
from assent.console.reading.tail import Tail

Answer = dict[str, Any]
# One request to the desk; None when none runs. It may wait, never block: the socket is worked in a thread.
Ask = Callable[[Mapping[str, Any]], Awaitable[Answer | None]]


class Clock(Protocol):
    """What the console asks of time."""

    def now(self) -> int:
        """UTC in nanoseconds, never less than at the call before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleDesk:
    """One desk as its console sees it."""

    tail: Tail
    access: Access
    ask: Ask
    clock: Clock
    web: WebSettings = field(default_factory=WebSettings)
