"""What the venue does to markets while a desk is live: it pauses, halts one and reactivates it, closes one early,
changes a price grid. The desk's view follows, nothing is sent that cannot be, and the books stay equal."""

from collections.abc import Awaitable, Callable

import pytest
from tests.live.members import CENT, MARKET, OTHER, Place, Trader, a_market, levels, live

from assent.exchange.grid import DECI_CENT, LINEAR_CENT
from assent.model.facts import IntentRefused, MarketSettled, OrderAccepted, OrderClosed, OrderRefused
from assent.model.intents import Proposal
from assent.model.levels import Level
from assent.model.units import MICRO, MINUTE, SECOND

# The venue says nothing when it pauses as a whole: it is asked every quarter of a minute.
PAUSE_SEEN_WITHIN = 16 * SECOND
AT_ONCE = SECOND
DISCOVERED_WITHIN = 35 * SECOND


class Life:
    """A desk that holds a contract in one market and has an order on its book, and deals in another."""

    def __init__(self) -> None:
        self.place = Place(a_market(), a_market(OTHER))
        self.trader = Trader(self.place)
        self.expected: set[str] = set()

    async def begin(self) -> None:
        for market in (MARKET, OTHER):
            levels(self.place, ("buy", 30, 40), ("sell", 42, 40), market=market)
        await self.deals(MARKET)
        self.ours = await self.rests(MARKET)

    def idea(self, market: str, price: int, tif: str = "ioc") -> None:
        self.trader.strategy.ideas.append(
            Proposal(market, price=price, fair=80 * CENT, qty_max=MICRO, time_in_force=tif)  # type: ignore[arg-type]
        )

    async def deals(self, market: str = OTHER, cents: int = 42) -> None:
        held = self.trader.desk.state.held(market)
        await self.trader.until(lambda: self.trader.desk.state.level == Level.TRADING, 10 * MINUTE)
        self.idea(market, cents * CENT)
        await self.trader.until(lambda: self.trader.desk.state.held(market) == held + MICRO)

    async def rests(self, market: str, price: int = 35 * CENT) -> str:
        accepted = len(self.trader.of(OrderAccepted))
        self.idea(market, price, "gtc")
        await self.trader.until(lambda: len(self.trader.of(OrderAccepted)) > accepted)
        return str(self.trader.of(OrderAccepted)[-1].order_id)

    async def refused(self, market: str) -> None:
        """An idea now stays an idea, and says why."""
        creates, before = len(self.place.exchange.creates), len(self.trader.of(IntentRefused))
        self.idea(market, 42 * CENT)
        await self.trader.until(lambda: len(self.trader.of(IntentRefused)) > before)
        assert self.trader.of(IntentRefused)[-1].reason == "market_open"
        assert len(self.place.exchange.creates) == creates

    def phase(self, market: str) -> str | None:
        return self.trader.desk.markets[market].phase

    def open_here(self) -> set[str]:
        return {name for name, order in self.trader.desk.state.orders.items() if order.status == "working"}

    async def equal(self) -> None:
        """Cash, positions and open orders are those of the exchange, and nothing else was halted for it."""
        await self.trader.clock.sleep(2 * MINUTE)
        state, exchange = self.trader.desk.state, self.place.exchange
        assert state.cash == exchange.balance("ann").cash
        assert {name: held.qty for name, held in state.positions.items() if held.qty} == exchange.positions("ann")
        assert self.open_here() == set(self.place.resting())
        assert self.trader.halts().keys() <= self.expected


def lived(script: Callable[[Life], Awaitable[None]]) -> Life:
    async def whole() -> Life:
        life = Life()

        async def through() -> None:
            await life.begin()
            await script(life)
            await life.equal()

        await life.trader.run(through)
        return life

    made: Life = live(whole)
    return made


@pytest.mark.parametrize("whole", [False, True], ids=["trading pauses", "everything pauses"])
def test_on_a_thursday_nothing_is_sent_and_afterwards_it_trades_on(*, whole: bool) -> None:
    async def script(life: Life) -> None:
        place, trader = life.place, life.trader
        place.act(place.exchange.pause, whole=whole)
        took = await trader.until(lambda: {life.phase(MARKET), life.phase(OTHER)} == {"paused"})
        print(f"a pause was seen after {took / SECOND:.1f} s")  # noqa: T201 - the result
        assert took <= PAUSE_SEEN_WITHIN
        await life.refused(MARKET)
        # A person wants an order off: while only trading pauses it comes off, else when the exchange is back.
        await trader.act(cmd="cancel", order_id=life.ours, by="Ada")
        await trader.clock.sleep(2 * MINUTE)
        assert (place.resting() == [life.ours]) is whole
        place.act(place.exchange.resume)
        took = await trader.until(lambda: {life.phase(MARKET), life.phase(OTHER)} == {"open"})
        assert took <= PAUSE_SEEN_WITHIN
        await trader.until(lambda: place.resting() == [], 2 * MINUTE)
        await life.deals()

    lived(script)


def test_an_idea_in_the_moment_of_a_pause_is_refused_by_the_venue_and_the_desk_looks_at_once() -> None:
    async def script(life: Life) -> None:
        place, trader = life.place, life.trader
        place.act(place.exchange.pause, whole=False)
        life.idea(OTHER, 42 * CENT)
        await trader.until(lambda: trader.of(OrderRefused))
        took = await trader.until(lambda: life.phase(OTHER) == "paused")
        assert took <= 2 * SECOND
        place.act(place.exchange.resume)
        await trader.until(lambda: life.phase(OTHER) == "open")

    life = lived(script)
    (refusal,) = life.trader.of(OrderRefused)
    assert refusal.code == "trading_is_paused"


def test_a_market_that_is_halted_and_reactivated_has_none_of_our_orders_any_more_and_we_know() -> None:
    async def script(life: Life) -> None:
        place, trader = life.place, life.trader
        place.act(place.exchange.pause_market, MARKET)
        assert await trader.until(lambda: life.phase(MARKET) == "paused") <= AT_ONCE
        assert life.phase(OTHER) == "open"
        await life.refused(MARKET)
        await life.deals(OTHER)
        await trader.clock.sleep(2 * MINUTE)
        assert life.open_here() == {life.ours}, "halted, it rests on"
        # Bob's orders were cancelled as well: the book begins anew, and so does our quote.
        place.act(place.exchange.resume_market, MARKET)
        assert place.resting() == []
        levels(place, ("buy", 31, 10), ("sell", 43, 10))
        assert await trader.until(lambda: life.phase(MARKET) == "open") <= AT_ONCE
        assert await trader.until(lambda: life.open_here() == set()) <= AT_ONCE
        seen = trader.desk.markets[MARKET].quote
        assert seen is not None
        assert (seen.bid, seen.bid_qty, seen.ask, seen.ask_qty) == (31 * CENT, 10 * MICRO, 43 * CENT, 10 * MICRO)
        await life.deals(MARKET, 43)

    life = lived(script)
    (closed,) = life.trader.of(OrderClosed)
    assert closed.filled == 0


def test_a_market_that_closes_early_takes_our_order_with_it_and_pays_what_is_held() -> None:
    async def script(life: Life) -> None:
        place, trader = life.place, life.trader
        # What is held has no bid for a moment, between the end of the book and the news of it.
        life.expected = {"mark_missing"}
        now = place.exchange.now
        place.act(place.exchange.move_close, MARKET, now + 5 * SECOND)
        await trader.until(lambda: life.phase(MARKET) == "closed")
        assert trader.clock.now() - now <= 5 * SECOND + DISCOVERED_WITHIN
        assert trader.stream.book(MARKET) is None, "its book is followed no longer"
        assert trader.desk.markets[MARKET].quote is None
        await trader.until(lambda: life.open_here() == set())
        assert place.resting() == []
        place.act(place.exchange.determine, MARKET, "yes", MICRO)
        await trader.until(lambda: trader.of(MarketSettled))
        await life.deals()

    life = lived(script)
    (settled,) = life.trader.of(MarketSettled)
    assert (settled.instrument, settled.qty, settled.payout) == (MARKET, MICRO, MICRO)


def test_a_price_grid_that_changes_under_us_is_used_and_what_no_longer_lies_on_it_comes_off() -> None:
    half = 35 * CENT + CENT // 2

    async def script(life: Life) -> None:
        place, trader = life.place, life.trader
        for market in (MARKET, OTHER):
            place.act(place.exchange.set_price_bands, market, DECI_CENT)
        steps = lambda: {each.instrument.prices.bands[0].step for each in trader.desk.markets.values()}  # noqa: E731
        took = await trader.until(lambda: steps() == {CENT // 10})
        print(f"a new grid was in use after {took / SECOND:.1f} s")  # noqa: T201 - the result
        assert took <= 3 * SECOND
        fine = await life.rests(OTHER, half)
        assert fine in place.resting()
        await trader.clock.sleep(MINUTE)
        for market in (MARKET, OTHER):
            place.act(place.exchange.set_price_bands, market, LINEAR_CENT)
        took = await trader.until(lambda: fine not in place.resting())
        assert took <= 5 * SECOND
        await trader.clock.sleep(10 * SECOND)
        assert place.resting() == [life.ours], "what lies on the grid rests on"
        await life.deals()

    life = lived(script)
    (closed,) = life.trader.of(OrderClosed)
    assert closed.filled == 0
    assert "grid" in life.trader.why(life.trader.desk.state.find_order(closed.order_id).intent.intent_id)  # type: ignore[union-attr]
