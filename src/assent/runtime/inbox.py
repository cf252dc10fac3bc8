"""The bounded inbox between the outside world and the loop: four lanes, and of each market the newest quote.

It promises that nothing that must be kept is dropped: a full lane refuses, and the refusal waits until the
loop has turned it into a halt. It exists because a desk that falls behind must see the present of each
market, all of its fills, and an operator's halt before either. It must never read a clock, drop in silence,
or grow without bound.

What is taken when more waits than a batch may hold: lanes in the order of `LANES`, within a lane the
oldest. In the market lane a key keeps the turn of its oldest quote not yet taken, so that one that changes
all the time is not pushed back behind the others for ever.

In which order a batch stands: `control` first, so that a halt wins over everything it came with. All else in
order of arrival across lanes: a tick is not handled before quotes that were here when it came, and a replaced
quote stands where its *newest* version arrived, not where its turn was held. So behind `control` the
`received_ts` of a batch does not decrease, and for one key it never does.

Only what carries the whole state of its key may go into the market lane, since what it replaces is never
seen: books are built, and sequence numbers checked, before this point.
"""

import asyncio
from collections import deque
from collections.abc import Hashable, Mapping
from itertools import islice
from typing import Final, Generic, Literal, NamedTuple, TypeVar

from assent.model.errors import AssentError

Lane = Literal["control", "venue", "clock", "market"]
LANES: Final[tuple[Lane, ...]] = ("control", "venue", "clock", "market")
BOUNDS: Final[Mapping[Lane, int]] = {"control": 1_024, "venue": 65_536, "clock": 1_024, "market": 16_384}

_T = TypeVar("_T")


class InboxOverflow(AssentError):
    """A lane whose items must be kept was full. The item was not taken in; the loop halts."""

    def __init__(self, lane: Lane, bound: int) -> None:
        self.lane = lane
        self.bound = bound
        kept = "markets at once" if lane == "market" else "items"
        super().__init__(
            f"the inbox lane {lane!r} already holds its bound of {bound} {kept}; to drop one would lose what"
            " decisions rest on, so the desk halts; find what keeps the loop from emptying it, or raise it"
        )


class Arrival(NamedTuple, Generic[_T]):
    """An item as it entered. `number` counts arrivals of all lanes, so arrivals sort as they came."""

    number: int
    received_ts: int
    lane: Lane
    item: _T


class Inbox(Generic[_T]):
    """Filled by any task of the loop's thread, emptied by one consumer: `await wait()`, then `take(n)`."""

    def __init__(self, bounds: Mapping[Lane, int] = BOUNDS) -> None:
        if set(bounds) != set(LANES) or min(bounds.values()) < 1:
            raise ValueError(f"the inbox needs a bound of at least 1 for each of {LANES}, not {dict(bounds)}")
        self.conflated = 0
        self._bounds = dict(bounds)
        self._arrived = 0
        self._queues: dict[Lane, deque[Arrival[_T]]] = {lane: deque() for lane in LANES if lane != "market"}
        self._market: dict[Hashable, Arrival[_T]] = {}
        self._overflow: InboxOverflow | None = None
        self._waiter: asyncio.Future[None] | None = None

    def put(self, lane: Lane, item: _T, *, key: Hashable = None, received_ts: int) -> None:
        """Take `item` in, or raise InboxOverflow. The market lane needs the `key` that an item replaces."""
        self._arrived = number = self._arrived + 1
        arrival = Arrival(number, received_ts, lane, item)
        if lane == "market":
            self._put_newest(key, arrival)
        else:
            queue = self._queues[lane]
            if len(queue) >= self._bounds[lane]:
                self._refuse(lane)
            queue.append(arrival)
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _put_newest(self, key: Hashable, arrival: Arrival[_T]) -> None:
        market = self._market
        if key in market:
            self.conflated += 1
        elif key is None:
            raise ValueError("an item of the market lane needs a key: the instrument and what is said of it")
        elif len(market) >= self._bounds["market"]:
            self._refuse("market")
        market[key] = arrival  # a dict keeps the place that the key had: exactly the turn it is waiting for

    def _refuse(self, lane: Lane) -> None:
        overflow = InboxOverflow(lane, self._bounds[lane])
        self._overflow = self._overflow or overflow  # nobody to wake: what fills the lane has done that
        raise overflow

    def overflow(self) -> InboxOverflow | None:
        """The first overflow since this was asked before: whoever put may not be the one who can halt."""
        seen, self._overflow = self._overflow, None
        return seen

    async def wait(self) -> None:
        """Return as soon as there is something to take, or an overflow to answer."""
        if self._waiter is not None:
            raise RuntimeError("the inbox already has a consumer that waits; a second would split the order")
        if len(self) or self._overflow is not None:
            return
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def take(self, max_items: int) -> list[Arrival[_T]]:
        """At most `max_items` arrivals, in the order in which the desk is to see them."""
        control = self._drain("control", max_items)
        rest = self._drain("venue", max_items - len(control))
        rest += self._drain("clock", max_items - len(control) - len(rest))
        rest += self._drain_market(max_items - len(control) - len(rest))
        rest.sort(key=lambda arrival: arrival.number)
        return control + rest

    def _drain(self, lane: Lane, room: int) -> list[Arrival[_T]]:
        queue = self._queues[lane]
        return [queue.popleft() for _ in range(min(room, len(queue)))] if queue else []

    def _drain_market(self, room: int) -> list[Arrival[_T]]:
        market = self._market
        if room >= len(market):
            taken = list(market.values())
            market.clear()
            return taken
        return [market.pop(key) for key in list(islice(market, room))]

    def depths(self) -> dict[Lane, int]:
        """How many items wait in each lane."""
        depths = {lane: len(queue) for lane, queue in self._queues.items()}
        return {**depths, "market": len(self._market)}

    def __len__(self) -> int:
        queues = self._queues
        return len(self._market) + len(queues["control"]) + len(queues["venue"]) + len(queues["clock"])
