"""A venue without a way to it: everything can be seen, nothing can be sent. What observe is wired to.

The desk of such a run releases nothing and would be refused its permit; this is the wall behind those two: whoever
holds this object has no method that reaches the venue's order entry, whatever the desk says.
"""

from collections.abc import Callable

from assent.model.inputs import Evidence, Input, NotSent, Outcome, QuoteSeen
from assent.model.orders import Order
from assent.venue.port import Books, Ended, Lane, Sink, Unavailable, Venue

NO_PATH = NotSent("no_order_path")


class Watching:
    """The reading half of a venue, as a venue. `also` hears what it tells, before the desk does."""

    def __init__(self, venue: Venue, also: Sink | None = None) -> None:
        self.name = venue.name
        self._also = also
        self._connect, self._feed = venue.connect, venue.feed
        self._find, self._look, self._books = venue.find, venue.look, venue.books

    async def connect(self, sink: Sink, *, wanted: Callable[[str, str, str], bool]) -> None:
        also = self._also

        def both(lane: Lane, item: Input, key: str = "") -> None:
            if also is not None:
                also(lane, item, key)
            sink(lane, item, key)

        await self._connect(both, wanted=wanted)

    async def feed(self) -> None:
        await self._feed()

    async def send(self, _order: Order) -> Outcome:
        return NO_PATH

    async def cancel(self, _order: Order, _venue_order_id: str) -> Outcome:
        return NO_PATH

    async def find(self, order: Order, since_ts: int) -> Evidence | Ended | None:
        return await self._find(order, since_ts)

    async def look(self, instrument: str) -> QuoteSeen | Unavailable:
        return await self._look(instrument)

    async def reset_belts(self) -> None:
        """Nothing of ours is in one."""

    async def books(self) -> Books | Unavailable:
        return await self._books()
