"""The process ends at every step of the runtime in turn, and starts again: no order doubled, none lost, equal books.

Under virtual time a run that is stopped after its k-th step is a process killed there: its tasks are never scheduled
again, nothing of it is cleaned up, and the venue lives on with what reached it. A short trading scenario is first run
whole, to count its steps; then once for each of them.
"""

import msgspec
import pytest
from tests.runtime.fakes import CASH, EPOCH, MARKET, NAME, FakeVenue, Life, Once, quote

from assent.desk.desk import Desk
from assent.ledger.memory import MemoryStore
from assent.model.facts import DiscrepancyFound, OrderReleased, decode_fact
from assent.model.fees import fee_estimate
from assent.model.inputs import (
    Absent,
    Accepted,
    AccountSeen,
    Evidence,
    FillSeen,
    Holding,
    InstrumentSeen,
    Outcome,
    PhaseSeen,
)
from assent.model.orders import Fill, Order
from assent.model.units import MICRO, SECOND
from assent.runtime import virtual
from assent.venue.port import Books, Ended

SECOND_MARKET = "SIM-B"


class LivingVenue(FakeVenue):
    """A venue with a memory of its own, which outlives every process that talks to it. It fills at once."""

    def adopt(self, older: "LivingVenue | None") -> None:
        self.orders: dict[str, Order] = older.orders if older else {}
        self.arrivals: list[str] = older.arrivals if older else []
        self.done: list[Fill] = older.done if older else []

    async def connect(self, sink, *, wanted) -> None:  # type: ignore[no-untyped-def]
        await super().connect(sink, wanted=wanted)
        now = self.clock.now()
        sink("venue", InstrumentSeen(msgspec.structs.replace(MARKET, id=SECOND_MARKET), now))
        sink("venue", PhaseSeen(SECOND_MARKET, "open", now, now))

    async def send(self, order: Order) -> Outcome:
        await self.clock.sleep(10_000_000)
        self.arrivals.append(order.order_id)
        self.orders[order.order_id] = order
        fill = Fill(
            fill_id=f"f-{order.order_id}",
            order_id=order.order_id,
            instrument=order.instrument,
            side=order.side,
            price=order.price,
            qty=order.qty,
            fee=fee_estimate(MARKET, order.side, order.price, order.qty),
            taker=True,
            venue_ts=self.clock.now(),
        )
        self.done.append(fill)
        await self.clock.sleep(5_000_000)
        self.sink("venue", FillSeen(fill, self.clock.now()))
        await self.clock.sleep(5_000_000)
        return Accepted("v", order.qty, 0)

    async def find(self, order: Order, since_ts: int) -> Evidence | Ended | None:
        if order.order_id in self.orders:
            return Ended("executed", order.qty)
        return Absent("it never came")

    async def books(self) -> Books:
        now = self.clock.now()
        cash, held = CASH, dict.fromkeys((NAME, SECOND_MARKET), 0)
        for fill in self.done:
            cash -= fill.price * fill.qty // MICRO + fill.fee
            held[fill.instrument] += fill.qty
        holdings = tuple(Holding(name, qty) for name, qty in held.items() if qty)
        return Books(list(self.done), [], AccountSeen(cash, holdings, (), self.name, now, now), [])


def a_life(store: MemoryStore, venue: LivingVenue | None, *, later_ns: int = 0) -> Life:
    """One process: restored from the store, at the same venue."""
    desk = Desk([Once()])
    for record in store.records():
        desk.restore([(record.ts, decode_fact(record.kind, record.version, record.body))])
    life = Life(store=store, desk=desk)
    life.clock._epoch_ts = EPOCH + later_ns
    fresh = LivingVenue(life.clock)
    fresh.adopt(venue)
    life.venue = fresh
    return life


def two_markets_quote(venue) -> None:  # type: ignore[no-untyped-def]
    now = venue.clock.now()
    venue.sink("market", quote(now), NAME)
    venue.sink("market", quote(now, name=SECOND_MARKET), SECOND_MARKET)


async def lived(life: Life) -> None:
    await life.run(for_ns=2 * SECOND, script=two_markets_quote)


def steps_of_a_whole_run() -> int:
    life = a_life(MemoryStore(), None)
    loop = virtual.VirtualLoop()
    try:
        loop.run_until_complete(lived(life))
        assert len(life.venue.done) == 2
        return loop.steps
    finally:
        loop.close()


# A killed process is never cleaned up: its loop is kept, so that no `finally` of its tasks ever runs.
KILLED: list[virtual.VirtualLoop] = []


def killed_after(step: int, life: Life) -> None:
    loop = virtual.VirtualLoop(steps_max=step)
    KILLED.append(loop)
    with pytest.raises(virtual.BoundReached):
        loop.run_until_complete(lived(life))


STEPS = steps_of_a_whole_run()


@pytest.mark.parametrize("start", range(8))
def test_killed_after_every_step_in_turn_nothing_is_doubled_or_lost(start: int) -> None:
    """Every eighth step from `start`, so that the sweep spreads over the workers."""
    for step in range(start + 1, STEPS, 8):
        store = MemoryStore()
        first = a_life(store, None)
        killed_after(step, first)
        second = a_life(store, first.venue, later_ns=5 * SECOND)
        virtual.run(lived(second))
        _judge(step, store, second)


@pytest.mark.parametrize("again", [2, 5, 9, 14, 20, 27, 35])
def test_killed_again_during_its_recovery_it_is_no_worse_off(again: int) -> None:
    for step in range(3, STEPS, 2):
        store = MemoryStore()
        first = a_life(store, None)
        killed_after(step, first)
        second = a_life(store, first.venue, later_ns=5 * SECOND)
        killed_after(again, second)
        third = a_life(store, second.venue, later_ns=10 * SECOND)
        virtual.run(lived(third))
        _judge(step, store, third)


def _judge(step: int, store: MemoryStore, last: Life) -> None:
    venue, state = last.venue, last.desk.state
    facts = [decode_fact(record.kind, record.version, record.body) for record in store.records()]
    assert len(venue.arrivals) == len(set(venue.arrivals)), f"an order was sent twice (killed at step {step})"
    released = {fact.order.order_id for fact in facts if isinstance(fact, OrderReleased)}
    assert set(venue.arrivals) <= released, f"an order left without a release (killed at step {step})"
    bought: dict[str, int] = {}
    for fill in venue.done:
        bought[fill.instrument] = bought.get(fill.instrument, 0) + fill.qty
    assert {name: position.qty for name, position in state.positions.items()} == bought, f"killed at step {step}"
    assert state.cash == CASH - sum(fill.price * fill.qty // MICRO + fill.fee for fill in venue.done)
    assert not [fact for fact in facts if isinstance(fact, DiscrepancyFound)], f"killed at step {step}"
    assert not state.orders, f"an order is still open (killed at step {step})"
