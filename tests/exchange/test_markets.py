"""The life of a market, its changing grid, and what it pays in the end."""

import pytest
from tests.exchange.support import CLOSES, MARKET, OPENS, TIMER, Floor, a_spec

from assent.exchange.grid import DECI_CENT, LINEAR_CENT, prices
from assent.exchange.markets import NEXT
from assent.exchange.types import (
    MICRO,
    Determined,
    ExchangeError,
    GridChanged,
    MarketChanged,
    OrderClosed,
    PriceBand,
    Settled,
    TopChanged,
)

# --- life ----------------------------------------------------------------------------------------------


def test_a_market_lives_from_initialized_to_settled_at_the_given_times() -> None:
    floor = Floor()
    floor.exchange.list_market(floor.now, a_spec("KXTEST-LATER", open_ts=OPENS + 5))
    floor.exchange.advance(CLOSES + 7)
    floor.exchange.determine(CLOSES + 7, "KXTEST-LATER", "yes", MICRO)
    floor.exchange.advance(CLOSES + 7 + TIMER)
    life = [(e.status, e.ts) for e in floor.events(MarketChanged) if e.market == "KXTEST-LATER"]
    assert life == [
        ("initialized", OPENS),
        ("active", OPENS + 5),
        ("closed", CLOSES),
        ("determined", CLOSES + 7),
        ("settled", CLOSES + 7 + TIMER),
    ]


def test_every_status_leads_to_the_end() -> None:
    reached = {"settled"}
    for _ in NEXT:
        reached |= {status for status, following in NEXT.items() if reached.intersection(following)}
    assert reached == NEXT.keys()


def test_before_it_opens_a_market_takes_no_orders() -> None:
    floor = Floor()
    floor.exchange.list_market(floor.now, a_spec("KXTEST-LATER", open_ts=OPENS + 5))
    assert floor.refused("ann", floor.order("buy", 40, 1, market="KXTEST-LATER")) == "market_inactive"


def test_the_close_cancels_what_rests() -> None:
    floor = Floor()
    floor.buy("ann", 40, 2)
    floor.sell("bob", 60, 2)
    floor.exchange.drain()
    floor.now = CLOSES
    floor.exchange.advance(CLOSES)
    events = floor.exchange.drain()
    assert [e.reason for e in events if isinstance(e, OrderClosed)] == ["close_cancel"] * 2
    assert [(e.bid, e.ask) for e in events if isinstance(e, TopChanged)] == [(None, None)]
    assert floor.exchange.balance("ann").reserved == 0
    floor.exchange.check()


def test_a_paused_market_keeps_its_orders_lets_them_go_and_drops_them_when_it_reopens() -> None:
    floor = Floor()
    kept, gone = floor.buy("ann", 40, 2), floor.buy("ann", 41, 2)
    floor.exchange.pause_market(floor.now, MARKET)
    assert floor.refused("bob", floor.order("sell", 40, 1)) == "trading_is_paused"
    floor.exchange.cancel(floor.now, "ann", gone.order_id)
    assert [order.order_id for order in floor.exchange.resting("ann")] == [kept.order_id]
    floor.exchange.drain()
    floor.exchange.resume_market(floor.now, MARKET)
    assert [e.reason for e in floor.events(OrderClosed)] == ["reopen_cancel"]
    assert floor.sell("bob", 40, 1).filled == 0


def test_a_paused_market_still_closes() -> None:
    floor = Floor()
    floor.exchange.pause_market(floor.now, MARKET)
    floor.exchange.advance(CLOSES)
    assert [e.status for e in floor.events(MarketChanged)] == ["inactive", "closed"]


def test_a_market_determined_early_closes_first() -> None:
    floor = Floor()
    floor.buy("ann", 40, 2)
    floor.settle("no", 0)
    assert [e.status for e in floor.events(MarketChanged)] == ["closed", "determined", "settled"]
    floor.exchange.advance(CLOSES + 1)
    assert floor.events(MarketChanged) == []


@pytest.mark.parametrize("first", ["pause_market", "determine"])
def test_a_step_that_may_not_follow_is_a_bug(first: str) -> None:
    floor = Floor()
    if first == "determine":
        floor.exchange.determine(floor.now, MARKET, "yes", MICRO)
    else:
        floor.exchange.pause_market(floor.now, MARKET)
    with pytest.raises(ExchangeError, match="cannot become inactive"):
        floor.exchange.pause_market(floor.now, MARKET)


@pytest.mark.parametrize(
    ("result", "value"), [("yes", 0), ("no", MICRO), ("scalar", MICRO), ("scalar", 0), ("scalar", 7)]
)
def test_a_result_that_contradicts_its_value_is_a_bug(result: str, value: int) -> None:
    with pytest.raises(ExchangeError, match="cannot pay"):
        Floor().settle(result, value)


# --- grid ----------------------------------------------------------------------------------------------


def test_a_grid_that_changes_while_live_leaves_resting_orders_and_judges_new_ones() -> None:
    floor = Floor(price_bands=DECI_CENT)
    floor.buy("ann", 40.5, 2)
    floor.exchange.drain()
    floor.exchange.set_price_bands(floor.now, MARKET, LINEAR_CENT)
    (changed,) = floor.events(GridChanged)
    assert changed.price_bands == LINEAR_CENT
    assert floor.refused("ann", floor.order("buy", 40.5, 1)) == "invalid_price"
    assert floor.sell("bob", 40, 2).filled == 2 * MICRO
    assert floor.histories["bob"].fills[0].price == 405_000
    view = floor.exchange.market(MARKET)
    assert view is not None
    assert view.price_bands == LINEAR_CENT
    floor.exchange.check()


def test_a_grid_never_offers_zero_or_one() -> None:
    assert prices(LINEAR_CENT) == frozenset(range(10_000, MICRO, 10_000))


@pytest.mark.parametrize(
    "bands",
    [
        (),
        (PriceBand(0, MICRO, 0),),
        (PriceBand(0, MICRO, 50),),
        (PriceBand(0, MICRO, 300_000),),
        (PriceBand(500_000, 400_000, 10_000),),
        (PriceBand(0, 2 * MICRO, 10_000),),
    ],
)
def test_a_grid_that_cannot_be_is_refused(bands: tuple[PriceBand, ...]) -> None:
    with pytest.raises(ExchangeError, match="price"):
        prices(bands)


# --- settlement ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("result", "value", "long_gets", "short_gets"),
    [("yes", MICRO, 7_500_000, 0), ("no", 0, 0, 7_500_000), ("scalar", 304_000, 2_280_000, 5_220_000)],
)
def test_settlement_pays_each_side_exactly(result: str, value: int, long_gets: int, short_gets: int) -> None:
    floor = Floor()
    floor.sell("bob", 40, 7.5)
    floor.buy("ann", 40, 7.5)
    before = {name: floor.cash(name) for name in ("ann", "bob")}
    floor.settle(result, value)
    assert floor.cash("ann") - before["ann"] == long_gets
    assert floor.cash("bob") - before["bob"] == short_gets
    (settlement,) = floor.histories["ann"].settlements
    assert (settlement.position, settlement.payout, settlement.fee) == (7_500_000, long_gets, 0)
    assert floor.histories["cat"].settlements == []
    assert floor.exchange.positions("ann") == {}
    assert floor.exchange.audit().collateral == 0
    floor.exchange.check()


def test_a_scalar_payout_is_floored_to_the_members_precision_and_the_rest_is_a_fee() -> None:
    floor = Floor(precision=10_000)
    floor.sell("bob", 50, 10.6)
    floor.buy("ann", 50, 10.6)
    floor.settle("scalar", 597_000)
    (settlement,) = floor.histories["ann"].settlements
    assert (settlement.payout, settlement.fee) == (6_320_000, 8_200)
    floor.exchange.check()


def test_nothing_is_paid_before_the_timer_has_run() -> None:
    floor = Floor()
    floor.sell("bob", 40, 1)
    floor.buy("ann", 40, 1)
    before = floor.cash("ann")
    floor.exchange.determine(floor.now, MARKET, "yes", MICRO)
    floor.exchange.advance(floor.now + TIMER - 1)
    assert floor.cash("ann") == before
    assert floor.events(Settled) == []
    floor.exchange.advance(floor.now + TIMER)
    assert floor.cash("ann") == before + MICRO


def test_the_result_is_told_when_it_is_known_and_again_when_it_is_paid() -> None:
    floor = Floor()
    floor.settle("yes", MICRO)
    told = [e for e in floor.exchange.drain() if isinstance(e, Determined | Settled)]
    assert [(type(e), e.ts, e.value) for e in told] == [(Determined, OPENS, MICRO), (Settled, OPENS + TIMER, MICRO)]


def test_a_market_shows_what_it_is_and_what_happened_in_it() -> None:
    floor = Floor()
    floor.sell("bob", 40, 5)
    floor.buy("ann", 40, 2)
    (view,) = floor.exchange.markets()
    assert (view.status, view.ask, view.ask_qty, view.bid) == ("active", 400_000, 3 * MICRO, None)
    assert (view.last_price, view.volume, view.open_interest) == (400_000, 2 * MICRO, 2 * MICRO)
    assert view.spec == a_spec()
