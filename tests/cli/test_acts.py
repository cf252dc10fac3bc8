"""A person's act on a desk that does not run: it learns what is missing, writes what was asked, and no more."""

from typing import Any

from tests.desk.support import MARKET, Bench, kinds
from tests.runtime.fakes import FakeVenue

from assent.app.acts import _compare
from assent.desk.desk import Desk
from assent.ledger.chain import Entry
from assent.ledger.memory import MemoryStore
from assent.model.exits import Exits
from assent.model.facts import Fact, encode_fact, kind_of
from assent.model.inputs import Holding, InstrumentSeen, PhaseSeen, QuoteSeen, ResumeAsked
from assent.model.units import MICRO
from assent.runtime import virtual
from assent.runtime.clock import VirtualClock
from assent.runtime.inbox import Inbox
from assent.runtime.loop import Loop
from assent.venue.port import Sink


def test_an_act_on_a_desk_that_does_not_run_releases_nothing_whatever_the_prices_are() -> None:
    """The stop of what is held would be due; its order would stand as released, and nobody would ever send it."""
    bench = Bench()
    bench.hold(qty_max=10 * MICRO, exits=Exits(stop_price=400_000))
    bench.halt("late_fill")
    now, store, desk = bench.now + 1, MemoryStore(), Desk(())
    store.append([Entry(ts, kind_of(fact), 1, encode_fact(fact)) for ts, fact in bench.records])
    desk.restore(bench.records)

    class Venue(FakeVenue):
        async def connect(self, sink: Sink, *, wanted: Any) -> None:
            sink("venue", InstrumentSeen(MARKET, now))
            sink("venue", PhaseSeen(MARKET.id, "open", now, now))
            sink("market", QuoteSeen(MARKET.id, 300_000, MICRO, 310_000, MICRO, now, now), MARKET.id)

    async def resumed() -> list[Fact]:
        clock = VirtualClock(now)
        venue = Venue(clock)
        venue.cash, venue.holdings = bench.state.cash, (Holding(MARKET.id, 10 * MICRO),)
        loop = Loop(desk=desk, store=store, inbox=Inbox(), clock=clock, execute=lambda _effects: None)
        await _compare(loop, desk, venue, clock)
        return loop.take([ResumeAsked("late_fill", "Ann", "looked at it", clock.now())])

    assert kinds(virtual.run(resumed())) == ["HaltCleared"]
    assert desk.state.orders == {}
