"""The port to the exchange in our own process.

The exchange lives in the process but not in the desk: it has its own clockwork, its own journal and its own books, and
an order takes a few milliseconds there and back. A reply can be lost with the process; it can then be found again in
the exchange's journal. Absence is evidence at once when nothing of ours is on its way.
"""

from collections.abc import Callable

from assent.exchange import types as box
from assent.exchange.boxed import BoxedExchange
from assent.model.inputs import (
    Absent,
    Accepted,
    AccountSeen,
    CorrectionSeen,
    Evidence,
    FillSeen,
    Holding,
    InstrumentSeen,
    NotSent,
    Outcome,
    PhaseSeen,
    QuoteSeen,
    Refused,
    RejectionSeen,
    SettlementSeen,
    StreamProven,
)
from assent.model.instruments import BinaryContract
from assent.model.orders import Order
from assent.model.units import SECOND
from assent.venue.clock import Time
from assent.venue.door import Door
from assent.venue.port import Books, Ended, Sink, Unavailable
from assent.venue.sim import wire

# One way to the exchange, in the exchange's time.
LATENCY_NS = 20_000_000
# How often the stream says that it lives, when it has nothing else to say.
PROOF_EVERY = 5 * SECOND


class SimVenue:
    """One account at the boxed exchange."""

    def __init__(self, exchange: BoxedExchange, clock: Time, *, name: str) -> None:
        self.name = name
        self._exchange = exchange
        self._clock = clock
        self._sink: Sink | None = None
        self._wanted: Callable[[str, str, str], bool] = lambda *_: False
        self._listed: dict[str, BinaryContract] = {}
        self._listed_count = 0
        self._proven_ts = 0
        self._door = Door()
        self._in_flight: dict[str, None] = {}
        self._told_fill = 0
        self._told_settlement = 0
        self._told_correction = 0
        self._told_transfer = 0

    @property
    def listed(self) -> int:
        """How many markets came into scope since we are up."""
        return self._listed_count

    async def connect(self, sink: Sink, *, wanted: Callable[[str, str, str], bool]) -> None:
        self._sink, self._wanted = sink, wanted
        self._exchange.catch_up(self._clock.now())
        for view in self._exchange.markets():
            self._list(view)

    async def feed(self) -> None:
        """Live through the exchange's time as ours passes."""
        while True:
            await self._clock.sleep_until(min(self._exchange.next_event_ts(), self._proven_ts + PROOF_EVERY))
            self._pump()

    async def send(self, order: Order) -> Outcome:
        try:
            asked = wire.new_order(order)
        except ValueError as error:
            return NotSent(str(error))
        self._in_flight[order.order_id] = None
        await self._clock.sleep(LATENCY_NS)
        self._pump()
        answer = self._exchange.submit(self._clock.now(), asked)
        self._in_flight.pop(order.order_id)
        self._pump()
        await self._clock.sleep(LATENCY_NS)
        if isinstance(answer, box.Rejected):
            return Refused(answer.code, answer.detail)
        return Accepted(answer.order_id, answer.filled, answer.remaining)

    async def cancel(self, order: Order, venue_order_id: str) -> Outcome:
        await self._clock.sleep(LATENCY_NS)
        self._pump()
        known = self._order(order.order_id)
        answer = self._exchange.cancel(self._clock.now(), known.order_id if known else venue_order_id)
        self._pump()
        await self._clock.sleep(LATENCY_NS)
        if isinstance(answer, box.Rejected):
            return Refused(answer.code, answer.detail)
        return Accepted(answer.order_id, known.filled if known else 0, 0)

    async def find(self, order: Order, since_ts: int) -> Evidence | Ended | None:  # noqa: ARG002 - its journal knows all
        if order.order_id in self._in_flight:
            return None
        known = self._order(order.order_id)
        if known is None:
            return Absent("the exchange's journal does not know it, and nothing of ours is on its way")
        if known.status == "resting":
            return Accepted(known.order_id, known.filled, known.remaining)
        return Ended(known.reason or known.status, known.filled)

    async def look(self, instrument: str) -> QuoteSeen | Unavailable:
        await self._clock.sleep(2 * LATENCY_NS)
        self._pump()
        view, listed, now = self._exchange.market(instrument), self._listed.get(instrument), self._clock.now()
        if view is None or listed is None:
            return Unavailable(f"{instrument} is not listed here")
        top = box.TopChanged(instrument, view.bid, view.bid_qty, view.ask, view.ask_qty, self._exchange.now, 0)
        return wire.quote(top, now)

    async def reset_belts(self) -> None:
        """This exchange is asked for none."""

    async def books(self) -> Books:
        self._pump()
        exchange, now = self._exchange, self._clock.now()
        resting = sorted(map(wire.open_order, exchange.open_orders()), key=lambda order: order.order_id)
        account = AccountSeen(
            cash=exchange.balance().cash,
            holdings=tuple(Holding(name, qty) for name, qty in exchange.positions().items() if qty),
            open_orders=tuple(order.order_id for order in resting),
            source=self.name,
            source_ts=now,
            received_ts=now,
            resting=tuple(resting),
        )
        fills = exchange.fills(self._told_fill)
        settlements = exchange.settlements(self._told_settlement)
        self._told_fill = max((seen.seq for seen in fills), default=self._told_fill)
        self._told_settlement = max((seen.seq for seen in settlements), default=self._told_settlement)
        transfers = exchange.transfers(self._told_transfer)
        self._told_transfer = max((seen.seq for seen in transfers), default=self._told_transfer)
        corrections = exchange.corrections(self._told_correction)
        self._told_correction = max((seen.seq for seen in corrections), default=self._told_correction)
        return Books(
            fills=[wire.fill(seen) for seen in fills],
            settlements=[wire.settlement(seen, now) for seen in settlements],
            account=account,
            corrections=[wire.correction(seen) for seen in corrections],
            transfers=[wire.transfer(seen, now) for seen in transfers],
            instruments=self._beyond_scope(account),
        )

    def _beyond_scope(self, account: AccountSeen) -> list[BinaryContract]:
        """What we have to do with although it was never listed."""
        names = {*(held.instrument for held in account.holdings), *(order.instrument for order in account.resting)}
        views = [self._exchange.market(name) for name in sorted(names - self._listed.keys())]
        return [wire.instrument(view, venue=self.name) for view in views if view is not None]

    def _pump(self) -> None:
        """Let the exchange live up to now, and pass on what happened."""
        now = self._clock.now()
        events = self._exchange.step_until(now)
        # Of several quotes of one market at once only the newest would ever be taken up.
        newest = {event.market: event.seq for event in events if type(event) is box.TopChanged}
        for event in events:
            if type(event) is not box.TopChanged:
                self._pass_on(event, now)
            elif newest[event.market] == event.seq:
                self._quote(event, now)
        if now - self._proven_ts >= PROOF_EVERY:
            self._proven_ts = now
            self._put("venue", StreamProven(self.name, now))

    def _pass_on(self, event: box.Event, now: int) -> None:
        if isinstance(event, box.Filled):
            self._put("venue", FillSeen(wire.fill(event.fill), now))
        elif isinstance(event, box.FillCorrected):
            self._put("venue", CorrectionSeen(wire.correction(event.corrected), now))
        elif isinstance(event, box.OrderClosed):
            self._put("venue", wire.closed_order(event, now))
        elif isinstance(event, box.Transferred):
            self._put("venue", wire.transfer(event, now))
        elif isinstance(event, box.MarketChanged | box.GridChanged | box.CloseMoved):
            self._market_changed(event, now)
        elif isinstance(event, box.ExchangeChanged):
            self._exchange_changed(event, now)
        elif isinstance(event, box.ForecastPublished | box.Settled) and event.market in self._listed:
            self._put("venue", wire.public(event, now))

    def _quote(self, event: box.TopChanged, now: int) -> None:
        """The door: what cannot be true is counted and kept out."""
        instrument = self._listed.get(event.market)
        if instrument is None:
            return
        seen = wire.quote(event, now)
        fault = self._door.fault(instrument, seen)
        if fault:
            self._put("venue", RejectionSeen(fault, self.name, event.market, now))
            return
        self._put("market", seen, event.market)

    def _exchange_changed(self, event: box.ExchangeChanged, now: int) -> None:
        for view in self._exchange.markets():
            if view.spec.ticker in self._listed:
                self._put("venue", PhaseSeen(view.spec.ticker, wire.phase(view.status, event.status), event.ts, now))

    def _market_changed(self, event: box.MarketChanged | box.GridChanged | box.CloseMoved, now: int) -> None:
        if isinstance(event, box.MarketChanged) and event.market in self._listed:
            phase = wire.phase(event.status, self._exchange.status)
            self._put("venue", PhaseSeen(event.market, phase, event.ts, now))
            return
        view = self._exchange.market(event.market)
        if view is None:
            return
        if event.market not in self._listed:
            # A new day: the exchange no longer knows the old one's markets, which have settled.
            self._listed = {name: kept for name, kept in self._listed.items() if self._exchange.market(name)}
        self._list(view)

    def _list(self, view: box.MarketView) -> None:
        """A market enters, with its phase and its present quote."""
        spec, now, seen_ts = view.spec, self._clock.now(), self._exchange.now
        if not self._wanted(spec.ticker, spec.event, spec.series):
            return
        instrument = wire.instrument(view, venue=self.name)
        self._listed_count += spec.ticker not in self._listed
        self._listed[spec.ticker] = instrument
        self._put("venue", InstrumentSeen(instrument, now))
        self._put("venue", PhaseSeen(spec.ticker, wire.phase(view.status, self._exchange.status), seen_ts, now))
        top = box.TopChanged(spec.ticker, view.bid, view.bid_qty, view.ask, view.ask_qty, seen_ts, 0)
        if view.bid is not None or view.ask is not None:
            self._quote(top, now)
        if view.status == "settled" and view.result is not None and view.value is not None:
            self._put("venue", SettlementSeen(spec.ticker, view.result, view.value, now, now))

    def _order(self, name: str) -> box.OrderView | None:
        """By the name that we gave it, or, of an order that somebody gave none, by the exchange's own."""
        found = self._exchange.orders(name) or [one for one in self._exchange.orders() if one.order_id == name]
        return found[0] if found else None

    def _put(self, lane: str, item: object, key: str = "") -> None:
        if self._sink is not None:
            self._sink(lane, item, key)  # type: ignore[arg-type]
