"""The composition root: settings in, a wired desk out. The only place that knows every room.

Nothing is decided here. Each function builds its rooms, lends them to each other and takes them down again.
"""

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
