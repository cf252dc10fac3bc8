"""Paper over a real market: its prices as they are, an account of our own, and nothing that reaches the market."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from tests.model.support import a_market
from tests.runtime.fakes import IDENTITY

from assent.desk.desk import Desk
from assent.exchange.boxed import BoxedExchange
from assent.exchange.types import DAY
from assent.ledger.memory import MemoryStore
from assent.model import facts, inputs
from assent.model.constitution import Constitution
from assent.model.facts import Fact
from assent.model.orders import Order
from assent.model.units import HOUR, MICRO, MINUTE, SECOND
from assent.runtime import virtual
from assent.runtime.clock import VirtualClock
from assent.runtime.recovery import opening_inputs
from assent.runtime.runtime import Runtime
from assent.strategy.estimates import ESTIMATES
from assent.strategy.threshold import Threshold
from assent.venue.paper.adapter import LATENCY_NS, PaperVenue, Remembered
from assent.venue.paper.memory import remembered
from assent.venue.port import Books, Ended, Unavailable
from assent.venue.sim.adapter import SimVenue

MIDNIGHT = 20_458 * DAY
CASH = 500 * MICRO
LIMITS = Constitution(
    series=("KXHIGHSIM", "KXTEMPSIM", "KXRATESIM", "KXGAMESIM", "KXHIGHHILLSIM"),
    risk_per_trade_max=10 * MICRO,
    total_exposure_max=200 * MICRO,
    daily_loss_max=200 * MICRO,
    open_positions_max=10,
)


class Desks:
    """One desk after another on one ledger, each on paper over the same real market."""

    def __init__(self, seed: int = 7) -> None:
        self.market = BoxedExchange.open(None, seed=seed, start_ts=MIDNIGHT, account="nobody", cash=CASH)
        self.store = MemoryStore()
        self.records: list[tuple[int, Fact]] = []
        self.now = MIDNIGHT

    def live(self, duration: int, *, crash: bool = False) -> "Desks":
        strategy = Threshold("value", ESTIMATES["forecast"](20 * MINUTE), edge_min=10_000, exit_edge=10_000)
        self.desk = Desk([strategy])
        self.desk.restore(self.records)
        virtual.run(self._live(duration, crash=crash))
        return self

    async def _live(self, duration: int, *, crash: bool) -> None:
        clock = VirtualClock(self.now)
        outside = SimVenue(self.market, clock, name="kalshi")
        self.paper = PaperVenue(outside, clock, remembered(self.desk.state, opening_cash=CASH))
        runtime = Runtime(
            desk=self.desk, store=self.store, venue=self.paper, clock=clock, cycle_ns=10 * SECOND,
            observers=(lambda _seq, ts, fact: self.records.append((ts, fact)),),
        )  # fmt: skip
        identity = IDENTITY._replace(constitution=LIMITS)
        opening = opening_inputs(
            self.desk, identity, ledger_id="0" * 16, build="test", state_dir=None, now=clock.now()
        )  # fmt: skip

        async def until() -> str:
            await clock.sleep(duration)
            return "enough"

        if crash:
            running = asyncio.create_task(runtime.run(opening))
            await clock.sleep(duration)
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
        else:
            await runtime.run(opening, until=until)
        self.now = clock.now()

    def of(self, kind: type) -> list[Any]:
        return [fact for _, fact in self.records if type(fact) is kind]


def test_a_day_on_paper_trades_and_settles_over_clean_ends_and_crashes_and_the_market_never_hears_of_it() -> None:
    desks = Desks()
    for hours, crash in ((10, True), (2, True), (2, False), (3, True), (3, True), (3, False)):
        desks.live(hours * HOUR, crash=crash)
    assert len(desks.of(facts.DeskStarted)) == 6
    assert len(desks.of(facts.FillBooked)) >= 10
    assert len(desks.of(facts.MarketSettled)) >= 10
    assert desks.of(facts.DiscrepancyFound) == []
    assert [fact.reference for fact in desks.of(facts.CashMoved)] == ["opening balance at the venue"]
    fills = [fact.fill.fill_id for fact in desks.of(facts.FillBooked)]
    assert len(set(fills)) == len(fills)
    assert (desks.market.orders(), desks.market.balance().cash) == ([], CASH)
    matched = desks.of(facts.AccountMatched)[-1]
    assert (matched.cash, matched.source) == (desks.desk.state.cash, "kalshi paper")


class Market:
    """A real market of one contract, told what to say."""

    name = "kalshi"

    def __init__(self) -> None:
        self.sink: Callable[..., None] = lambda *_: None
        self.sent: list[Order] = []

    async def connect(self, sink: Any, *, wanted: Any) -> None:
        self.sink = sink
        sink("venue", inputs.InstrumentSeen(CONTRACT, MIDNIGHT))
        sink("venue", inputs.PhaseSeen(CONTRACT.id, "open", MIDNIGHT, MIDNIGHT))
        self.say(400_000, 450_000)

    def say(self, bid: int, ask: int, qty: int = 5 * MICRO) -> None:
        quote = inputs.QuoteSeen(CONTRACT.id, bid, qty, ask, qty, MIDNIGHT, MIDNIGHT)
        self.sink("market", quote, CONTRACT.id)

    async def feed(self) -> None:
        await asyncio.Event().wait()

    async def send(self, order: Order) -> inputs.Outcome:
        self.sent.append(order)
        return inputs.NotSent("nothing may come here")

    async def reset_belts(self) -> None:
        raise AssertionError("paper has no belts at the venue")

    async def look(self, instrument: str) -> inputs.QuoteSeen | Unavailable:
        return inputs.QuoteSeen(instrument, 400_000, MICRO, 450_000, MICRO, MIDNIGHT, MIDNIGHT)


CONTRACT = a_market("KXPAPER")
FRESH = Remembered(CASH)


def an_order(name: str = "o1", **terms: Any) -> Order:
    values: dict[str, Any] = {
        "order_id": name, "intent_id": "i1", "attempt": 1, "instrument": CONTRACT.id, "side": "buy", "type": "limit",
        "price": 450_000, "qty": 2 * MICRO, "time_in_force": "gtc",
    }  # fmt: skip
    return Order(**(values | terms))


def told_by(
    script: Callable[[PaperVenue, Market, VirtualClock], Any], before: Remembered = FRESH
) -> tuple[list[Any], Market, Any]:
    """What the desk heard beside the market's own news, and what the script returned."""
    heard: list[Any] = []
    market = Market()

    async def living() -> Any:
        clock = VirtualClock(MIDNIGHT)
        venue = PaperVenue(market, clock, before)  # type: ignore[arg-type]
        await venue.connect(lambda _lane, item, _key="": heard.append(item), wanted=lambda *_: True)
        return await script(venue, market, clock)

    result = virtual.run(living())
    return heard, market, result


def of(heard: list[Any], kind: type) -> list[Any]:
    return [item for item in heard if type(item) is kind]


def test_an_order_meets_the_quote_of_when_it_arrives_not_of_when_it_left() -> None:
    async def script(venue: PaperVenue, market: Market, clock: VirtualClock) -> Any:
        sending = asyncio.create_task(venue.send(an_order()))
        await clock.sleep(LATENCY_NS // 2)
        market.say(400_000, 460_000)
        return await sending

    heard, market, outcome = told_by(script)
    assert (outcome.filled, outcome.remaining) == (0, 2 * MICRO)
    assert (of(heard, inputs.FillSeen), market.sent) == ([], [])


def test_a_fill_is_told_before_the_quote_that_made_it_and_under_a_name_of_its_own() -> None:
    async def script(venue: PaperVenue, market: Market, clock: VirtualClock) -> Any:
        await venue.send(an_order(price=420_000))
        market.say(300_000, 410_000, MICRO)
        market.say(300_000, 405_000)

    heard, _, _ = told_by(script)
    assert [item.fill.fill_id for item in of(heard, inputs.FillSeen)] == ["paper-o1-1000000", "paper-o1-2000000"]
    kinds = [type(item).__name__ for item in heard[3:]]
    assert kinds == ["FillSeen", "QuoteSeen", "FillSeen", "OrderClosedSeen", "QuoteSeen"]


def test_a_quote_that_was_taken_back_fills_nothing_until_another_comes() -> None:
    async def script(venue: PaperVenue, market: Market, clock: VirtualClock) -> Any:
        market.sink("market", inputs.QuoteLost(CONTRACT.id, "a gap", MIDNIGHT), CONTRACT.id)
        return await venue.send(an_order(time_in_force="ioc"))

    heard, _, outcome = told_by(script)
    assert (outcome.filled, outcome.remaining, of(heard, inputs.FillSeen)) == (0, 0, [])


def test_what_the_real_account_says_is_not_heard_here() -> None:
    async def script(venue: PaperVenue, market: Market, clock: VirtualClock) -> Any:
        market.sink("venue", inputs.CashSeen(5 * MICRO, "a deposit", MIDNIGHT))
        market.sink("venue", inputs.AccountUnavailable("kalshi", "no key", MIDNIGHT))
        market.sink("venue", inputs.OrderClosedSeen("o1", "somebody", 0, MIDNIGHT))
        return await venue.books()

    heard, _, books = told_by(script)
    assert isinstance(books, Books)
    assert books.account.cash == CASH
    assert [type(item).__name__ for item in heard] == ["InstrumentSeen", "PhaseSeen", "QuoteSeen"]


@pytest.mark.parametrize(
    ("terms", "outcome"),
    [
        ({"type": "market"}, "NotSent"),
        ({"time_in_force": "day"}, "NotSent"),
        ({"price": 451_234}, "Refused"),
        ({"instrument": "KXELSEWHERE"}, "Refused"),
        ({"qty": 100_000 * MICRO}, "Refused"),
    ],
    ids=str,
)
def test_what_the_venue_would_not_take_is_not_taken(terms: dict[str, Any], outcome: str) -> None:
    async def script(venue: PaperVenue, market: Market, clock: VirtualClock) -> Any:
        return await venue.send(an_order(**terms)), await venue.find(an_order(**terms), 0)

    heard, _, (answer, finding) = told_by(script)
    assert type(answer).__name__ == outcome
    assert isinstance(finding, inputs.Absent)
    assert of(heard, inputs.FillSeen) == []


def test_cancels_are_answered_with_what_was_executed() -> None:
    async def script(venue: PaperVenue, market: Market, clock: VirtualClock) -> Any:
        await venue.send(an_order(qty=7 * MICRO))
        first = await venue.cancel(an_order(), "paper-o1")
        again = await venue.cancel(an_order(), "paper-o1")
        never = await venue.cancel(an_order("o2"), "")
        return first, again, never, await venue.find(an_order(), 0)

    _, _, (first, again, never, finding) = told_by(script)
    assert (first.filled, first.remaining) == (5 * MICRO, 0)
    assert (again.filled, again.remaining) == (5 * MICRO, 0)
    assert isinstance(never, inputs.Refused)
    assert finding == Ended("canceled", 5 * MICRO)


def test_orders_and_positions_of_the_ledger_are_there_again_and_an_ended_market_closes_them() -> None:
    before = Remembered(
        CASH, positions=((CONTRACT.id, 3 * MICRO),),
        resting=((an_order(price=420_000), MICRO), (an_order("o2", instrument="KXGONE"), 0)),
    )  # fmt: skip

    async def script(venue: PaperVenue, market: Market, clock: VirtualClock) -> Any:
        books = await venue.books()
        market.sink("venue", inputs.PhaseSeen(CONTRACT.id, "closed", MIDNIGHT, MIDNIGHT))
        market.sink("venue", inputs.SettlementSeen(CONTRACT.id, "yes", MICRO, MIDNIGHT, MIDNIGHT))
        return books, await venue.books()

    heard, _, (first, last) = told_by(script, before)
    assert first.account.open_orders == ("o1",)
    assert first.account.holdings == (inputs.Holding(CONTRACT.id, 3 * MICRO),)
    assert [(item.order_id, item.filled) for item in of(heard, inputs.OrderClosedSeen)] == [("o2", 0), ("o1", MICRO)]
    assert (last.account.cash, last.account.holdings) == (CASH + 3 * MICRO, ())


def test_a_settlement_of_before_that_is_told_again_pays_nothing_and_a_changed_one_the_difference() -> None:
    before = Remembered(CASH, paid=((CONTRACT.id, 3 * MICRO, MICRO),))

    async def script(venue: PaperVenue, market: Market, clock: VirtualClock) -> Any:
        market.sink("venue", inputs.SettlementSeen(CONTRACT.id, "yes", MICRO, MIDNIGHT, MIDNIGHT))
        same = (await venue.books()).account.cash
        market.sink("venue", inputs.SettlementSeen(CONTRACT.id, "no", 0, MIDNIGHT + 1, MIDNIGHT))
        return same, (await venue.books()).account.cash

    _, _, cash = told_by(script, before)
    assert cash == (CASH, CASH - 3 * MICRO)
