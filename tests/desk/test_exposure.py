"""The most that can be lost, against brute force: every subset of open orders, every way a market can end."""

from itertools import chain, combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.model.support import FREE, a_future, a_market

from assent.desk import exposure, money
from assent.desk.state import OrderState, Position, State, order_reserve
from assent.model.fees import fee_worst
from assent.model.intents import Intent
from assent.model.orders import Order
from assent.model.units import MICRO

MARKET, OTHER, FUTURE = a_market(), a_market("KXTEST-26JAN05-B49.5"), a_future()
prices = st.integers(min_value=1, max_value=99).map(lambda cents: cents * 10_000)
quantities = st.integers(min_value=1, max_value=2_000).map(lambda hundredths: hundredths * 10_000)
sides: Any = st.sampled_from(("buy", "sell"))


@st.composite
def positions(draw: st.DrawFn) -> Position:
    """Flat, or bought on one side at some price."""
    if draw(st.booleans()):
        return Position()
    booking = money.book_fill(
        MARKET, Position(), side=draw(sides), price=draw(prices), qty=draw(quantities), fee=0
    )  # fmt: skip
    return booking.position


@st.composite
def open_orders(draw: st.DrawFn) -> OrderState:
    side, price, qty = draw(sides), draw(prices), draw(quantities)
    filled = draw(st.integers(min_value=0, max_value=qty // 10_000)) * 10_000
    return an_order(side, price, qty, filled=filled, status=draw(st.sampled_from(("released", "unknown", "working"))))


def an_order(
    side: Any, price: int, qty: int, *, filled: int = 0, status: str = "working", action: Any = "open", worst: int = 0,
    market: Any = MARKET,
) -> OrderState:  # fmt: skip
    fee = fee_worst(market, side, price, qty)
    intent = Intent(
        "i", "234567", "s", 1, action, market.id, side, "limit", price, qty, "gtc", fee=fee, worst_loss=worst
    )
    order = Order("o", "i", 1, market.id, side, "limit", price, qty, "gtc")
    return OrderState(order=order, intent=intent, status=status, released_ts=0, filled=filled)


def a_state(position: Position, orders: list[OrderState], market: Any = MARKET) -> State:
    state = State()
    state.instruments[market.id] = market
    if position.qty:
        state.positions[market.id] = position
    state.orders = {f"o-{n}": order for n, order in enumerate(orders)}
    return state


def rest_fee(order: OrderState) -> int:
    """The fee of what is still open, filled in the smallest pieces; the filled part has paid its own."""
    return fee_worst(MARKET, order.order.side, order.order.price, order.open_qty)


def loss_of(position: Position, filling: tuple[OrderState, ...], payout: int) -> int:
    """Through the real books: fill these orders whole, settle, and see what is gone."""
    cash, held = 0, position
    for order in filling:
        if not order.open_qty:
            continue
        terms = order.order
        booking = money.book_fill(
            MARKET, held, side=terms.side, price=terms.price, qty=order.open_qty, fee=rest_fee(order)
        )
        cash, held = cash + booking.entries["cash"], booking.position
    return position.cost - cash - money.settlement_payout(MARKET, held, value=payout)


def brute_force(position: Position, orders: list[OrderState], payouts: tuple[int, ...] = (0, MICRO)) -> int:
    subsets = chain.from_iterable(combinations(orders, size) for size in range(len(orders) + 1))
    return max(0, *(loss_of(position, subset, payout) for subset in subsets for payout in payouts))


@given(positions(), st.lists(open_orders(), max_size=4))
def test_the_worst_case_is_that_of_the_worst_subset_and_the_worst_outcome(
    position: Position, orders: list[OrderState]
) -> None:
    state = a_state(position, orders)
    assert exposure.total_exposure(state) == brute_force(position, orders)


@given(positions(), st.lists(open_orders(), max_size=3), st.integers(min_value=0, max_value=MICRO))
def test_no_scalar_settlement_costs_more_than_the_worst_case(
    position: Position, orders: list[OrderState], payout: int
) -> None:
    state = a_state(position, orders)
    assert brute_force(position, orders, (payout, 0)) <= exposure.total_exposure(state)


@given(positions(), st.lists(open_orders(), min_size=1, max_size=4))
def test_one_more_order_never_makes_the_worst_case_smaller(position: Position, orders: list[OrderState]) -> None:
    fewer = a_state(position, orders[:-1])
    assert exposure.total_exposure(a_state(position, orders)) >= exposure.total_exposure(fewer)


def test_a_gain_that_is_made_no_longer_stands_against_the_orders_of_its_market() -> None:
    """The one way in which exposure rises without a release, as the page on non-promises says."""
    free = a_market(fees=FREE)
    waiting = [an_order("sell", 600_000, qty * MICRO, market=free) for qty in (30, 25)]
    holding = a_state(Position(10 * MICRO, 4 * MICRO), waiting, free)
    assert exposure.total_exposure(holding) == (30 + 25) * 400_000 - 6 * MICRO
    given_back = a_state(Position(), waiting, free)
    assert exposure.total_exposure(given_back) == (30 + 25) * 400_000


def test_markets_add_up_even_where_only_one_can_win() -> None:
    state = a_state(Position(MICRO, 400_000), [])
    state.instruments[OTHER.id] = OTHER
    state.positions[OTHER.id] = Position(MICRO, 500_000)
    state.orders["o-9"] = an_order("buy", 100_000, MICRO, market=OTHER)
    assert exposure.total_exposure(state) == 400_000 + 500_000 + 100_000 + 10_000


def test_an_order_to_both_sides_counts_only_what_would_hurt() -> None:
    """Buying YES at 60 and selling it at 40 loses on both legs: either the first alone or both together."""
    state = a_state(Position(), [an_order("buy", 600_000, MICRO), an_order("sell", 400_000, MICRO)])
    fees = 2 * fee_worst(MARKET, "buy", 600_000, MICRO)
    assert exposure.total_exposure(state) == 600_000 + fees // 2
    assert brute_force(Position(), list(state.orders.values())) == 600_000 + fees // 2


def test_what_is_closing_at_the_venue_counts_until_its_fills_are_here() -> None:
    order = an_order("buy", 500_000, 10 * MICRO, filled=MICRO, status="closing")
    order.venue_filled = 4 * MICRO
    assert order.open_qty == 3 * MICRO
    assert 0 < rest_fee(order) < order.intent.fee
    assert exposure.total_exposure(a_state(Position(), [order])) == 1_500_000 + rest_fee(order)
    assert order_reserve(order) == 1_500_000 + rest_fee(order)


@given(sides, prices, quantities)
def test_the_loss_of_an_entry_is_its_price_and_its_fee(side: Any, price: int, qty: int) -> None:
    loss = exposure.entry_loss(MARKET, side=side, price=price, qty=qty)
    order = an_order(side, price, qty)
    assert loss == brute_force(Position(), [order]) == order_reserve(order)


def test_an_order_that_gives_back_reserves_no_cash() -> None:
    assert order_reserve(an_order("sell", 500_000, MICRO, action="close")) == 0


@pytest.mark.parametrize(
    ("side", "stop"), [("buy", None), ("sell", None), ("buy", 5_000), ("sell", 5_000), ("buy", 5_001)]
)
def test_a_future_without_a_stop_on_its_losing_side_is_unbounded(side: Any, stop: int | None) -> None:
    price = 5_000 * MICRO
    stop_price = None if stop is None else stop * MICRO
    assert exposure.entry_loss(FUTURE, side=side, price=price, qty=MICRO, stop_price=stop_price) is None


def test_a_future_loses_the_way_to_its_stop_and_two_fees() -> None:
    loss = exposure.entry_loss(FUTURE, side="buy", price=5_000 * MICRO, qty=2 * MICRO, stop_price=4_997 * MICRO)
    assert loss == 30 * MICRO + 2 * 1_240_000
    state = a_state(
        Position(MICRO, 25_000 * MICRO), [an_order("buy", 5_000 * MICRO, MICRO, worst=7, market=FUTURE)], FUTURE
    )
    assert exposure.total_exposure(state) == 25_000 * MICRO + 7
