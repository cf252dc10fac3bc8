"""What a desk stands in, by its environment: the exchange inside this process, or a venue at the end of a wire."""

from contextlib import AsyncExitStack

from assent.app.wiring import Around, open_exchange
from assent.config import Settings
from assent.venue.sim.adapter import SimVenue


async def open_around(settings: Settings, speed: int, stack: AsyncExitStack) -> Around:
    """The venue and the clock of this desk; what was opened for them is given back when the stack unwinds."""
    exchange, clock = open_exchange(settings, speed)
    stack.callback(exchange.close)
    return Around(SimVenue(exchange, clock, name=settings.venue), clock, exchange)
