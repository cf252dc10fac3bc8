"""A venue made of two: the market of a real one, listened to, and an account that exists on paper only.

What the real venue tells of its markets goes on to the desk as it is; the fill model hears it first, so that a quote is
never decided on before it has filled what it fills. What it tells of an account is dropped: there is none. Orders go to
the fill model, after the time that an order takes on its way; the quote that counts is the one of then.

Its memory is the desk's ledger. The account is what the ledger says at the start; an order that a crash left without an
answer has not happened, since nobody but the dead process knew of it.
"""

from collections.abc import Awaitable, Callable, Iterable
from typing import Final, NamedTuple, Protocol

from assent.exchange import paper
from assent.exchange.types import Rejected
from assent.model.inputs import (
    Absent,
    Accepted,
    AccountSeen,
    Evidence,
    FillSeen,
    Holding,
    Input,
    InstrumentSeen,
    NotSent,
    OrderClosedSeen,
    Outcome,
    QuoteSeen,
    Refused,
)
from assent.model.instruments import Instrument
from assent.model.orders import Fill, Order
from assent.venue.paper.heard import OF_AN_ACCOUNT, asked, fault_of, playable, take_in
from assent.venue.port import Books, Ended, Lane, Sink, Unavailable, Venue

# One way to the venue, in the clock's time.
LATENCY_NS: Final = 100_000_000


class Time(Protocol):
    """What this venue needs of a clock."""

    def now(self) -> int: ...

    def sleep(self, duration_ns: int) -> Awaitable[None]: ...


class Remembered(NamedTuple):
    """What the ledger says of the account. `resting` is each open order with what is filled of it, `paid` each market
    that was settled with the position and the value that were paid."""

    cash: int
    positions: tuple[tuple[str, int], ...] = ()
    resting: tuple[tuple[Order, int], ...] = ()
    paid: tuple[tuple[str, int, int], ...] = ()


class PaperVenue:
    """One paper account over one real market."""

    def __init__(self, market: Venue, clock: Time, remembered: Remembered) -> None:
        self.name = market.name
        self._market = market
        self._clock = clock
        self._exchange = paper.PaperExchange(remembered.cash)
        self._resting = remembered.resting
        for name, qty in remembered.positions:
            self._exchange.hold(name, qty)
        for name, qty, value in remembered.paid:
            self._exchange.was_paid(name, qty, value)
        self._orders: dict[str, Order] = {}
        self._sink: Sink | None = None
        self._instruments: dict[str, Instrument] = {}

    async def connect(self, sink: Sink, *, wanted: Callable[[str, str, str], bool]) -> None:
        """The real market comes up; then what rested goes on resting."""
        self._sink = sink
        await self._market.connect(self._hear, wanted=wanted)
        for order, filled in self._resting:
            self._orders[order.order_id] = order
            self._tell(self._exchange.adopt(order.order_id, asked(order), filled, self._clock.now()))
        self._resting = ()

    async def feed(self) -> None:
        await self._market.feed()

    async def send(self, order: Order) -> Outcome:
        fault = fault_of(order, self._instruments.get(order.instrument))
        if fault is not None:
            return Refused(fault, str(order.price)) if fault == "invalid_price" else NotSent(fault)
        await self._clock.sleep(LATENCY_NS)
        self._orders[order.order_id] = order
        answer, events = self._exchange.submit(order.order_id, asked(order), self._clock.now())
        if isinstance(answer, Rejected):
            self._orders.pop(order.order_id, None)
            return Refused(answer.code, answer.detail)
        self._tell(events)
        await self._clock.sleep(LATENCY_NS)
        return Accepted(_name(order.order_id), answer.filled, answer.remaining)

    async def cancel(self, order: Order, venue_order_id: str) -> Outcome:
        await self._clock.sleep(LATENCY_NS)
        ended = self._exchange.cancel(order.order_id, self._clock.now())
        known = self._exchange.order(order.order_id)
        if ended is not None:
            self._orders.pop(order.order_id, None)
            return Accepted(_name(order.order_id), ended.filled, 0)
        return Refused("not_found", "no such order rests") if known is None else Accepted(venue_order_id, known[1], 0)

    async def find(self, order: Order, since_ts: int) -> Evidence | Ended | None:  # noqa: ARG002 - it forgets none
        known = self._exchange.order(order.order_id)
        if known is None:
            return Absent("the process in which it was sent has ended, and nobody else knew of it")
        status, filled, remaining = known
        return Accepted(_name(order.order_id), filled, remaining) if status == "resting" else Ended(status, filled)

    async def look(self, instrument: str) -> QuoteSeen | Unavailable:
        return await self._market.look(instrument)

    async def reset_belts(self) -> None:
        """Paper needs none."""

    async def books(self) -> Books:
        now = self._clock.now()
        self._tell(self._exchange.expire(now))
        account = AccountSeen(
            cash=self._exchange.balance().cash,
            holdings=tuple(Holding(name, qty) for name, qty in sorted(self._exchange.positions().items())),
            open_orders=tuple(sorted(self._exchange.resting())),
            source=f"{self.name} paper",
            source_ts=now,
            received_ts=now,
        )
        return Books(fills=[], settlements=[], account=account, corrections=[])

    def _hear(self, lane: Lane, item: Input, key: str = "") -> None:
        """The fill model first, then the desk."""
        if isinstance(item, OF_AN_ACCOUNT):
            return
        if type(item) is InstrumentSeen and playable(item.instrument):
            self._instruments[item.instrument.id] = item.instrument
        self._tell(take_in(self._exchange, item, self._clock.now()))
        if self._sink is not None:
            self._sink(lane, item, key)

    def _tell(self, events: Iterable[paper.Event]) -> None:
        for event in events:
            order = self._orders.get(event.order_id)
            if order is None or self._sink is None:
                continue
            now = self._clock.now()
            if isinstance(event, paper.Executed):
                self._sink("venue", FillSeen(_fill(event, order), now))
            else:
                del self._orders[event.order_id]
                self._sink("venue", OrderClosedSeen(event.order_id, event.reason, event.filled, now))


def _fill(event: paper.Executed, order: Order) -> Fill:
    """Named by its order and by how much of it was filled then: the same name however often the process starts."""
    return Fill(
        fill_id=f"paper-{order.order_id}-{event.filled}",
        order_id=order.order_id,
        instrument=order.instrument,
        side=order.side,
        price=event.price,
        qty=event.qty,
        fee=event.fee,
        taker=event.taker,
        venue_ts=event.ts,
    )


def _name(order_id: str) -> str:
    return f"paper-{order_id}"
