"""The composition root: settings in, a wired desk out. The only place that knows every room.

Nothing is decided here. Each function builds its rooms, lends them to each other and takes them down again. What is
named here is imported when it is first asked for: a command that only looks at a desk needs none of the rooms.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from assent.app.acts import act, ask, read_state
    from assent.app.day import demo
    from assent.app.live import run
    from assent.app.wiring import STRATEGIES, Around, Rooms, build_strategies, identity_of, open_exchange

__all__ = [
    "STRATEGIES",
    "Around",
    "Rooms",
    "act",
    "ask",
    "build_strategies",
    "demo",
    "identity_of",
    "open_exchange",
    "read_state",
    "run",
]

_HOMES: Final = {"act": "acts", "ask": "acts", "read_state": "acts", "demo": "day", "run": "live"}


def __getattr__(name: str) -> Any:
    """What the wiring does not hold stands in a module of its own."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES.get(name, 'wiring')}"), name)
