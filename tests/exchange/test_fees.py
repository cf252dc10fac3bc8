"""The exchange's own reading of the fee page, against vectors and exact fractions."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.exchange.support import Floor

from assent.exchange.fees import (
    DIRECT_PRECISION,
    NON_DIRECT_PRECISION,
    REBATE,
    TAKER_COEFFICIENT,
    fill_cost,
    trade_fee,
)
from assent.exchange.grid import CENTI_CENT
from assent.exchange.types import MICRO

prices = st.integers(1, 9_999).map(lambda n: n * 100)
quantities = st.integers(1, 100_000).map(lambda n: n * 10_000)
precisions = st.sampled_from([DIRECT_PRECISION, NON_DIRECT_PRECISION])


@pytest.mark.parametrize(("price", "fee"), [(520_000, 17_500), (990_000, 700), (10_000, 700), (500_000, 17_500)])
def test_the_taker_fee_of_one_contract(price: int, fee: int) -> None:
    assert trade_fee(TAKER_COEFFICIENT, MICRO, MICRO, price) == fee


@given(quantities, prices, st.sampled_from([0, 500_000, MICRO, 2 * MICRO]))
def test_a_trade_fee_is_the_formula_rounded_up_to_a_hundredth_of_a_cent(qty: int, price: int, multiplier: int) -> None:
    p = Fraction(price, MICRO)
    exact = Fraction(7, 100) * Fraction(multiplier, MICRO) * Fraction(qty, MICRO) * p * (1 - p)
    fee = Fraction(trade_fee(TAKER_COEFFICIENT, multiplier, qty, price), MICRO)
    assert exact <= fee < exact + Fraction(1, 10_000)
    assert (fee * 10_000).denominator == 1


def test_a_fill_at_99_cents_moves_the_balance_as_the_venue_did() -> None:
    floor = Floor(cash=100 * MICRO)
    floor.sell("bob", 99, 2)
    floor.buy("ann", 99, 1, tif="ioc")
    floor.buy("ann", 99, 1, tif="ioc")
    assert floor.cash("ann") == 98_018_600


def test_the_rounding_of_a_cent_member_follows_the_published_table() -> None:
    accumulated, seen = 0, []
    for _ in range(3):
        cost = fill_cost(-9_903, 500, accumulated, NON_DIRECT_PRECISION)
        accumulated = cost.accumulated
        seen.append((cost.fee, accumulated))
    assert seen == [(10_097, 9_597), (97, 9_194), (97, 8_791)]


def test_a_rebate_may_offset_a_fee_entirely() -> None:
    first = fill_cost(-150_000, 4_100, 0, NON_DIRECT_PRECISION)
    second = fill_cost(-150_000, 4_100, first.accumulated, NON_DIRECT_PRECISION)
    third = fill_cost(-150_000, 4_100, second.accumulated, NON_DIRECT_PRECISION)
    assert [first.fee, second.fee, third.fee] == [10_000, 0, 10_000]
    assert [first.cash, second.cash, third.cash] == [-160_000, -150_000, -160_000]


@given(st.integers(-(10**9), 10**9), st.integers(0, 10**6), st.integers(0, 2 * REBATE), precisions)
def test_rounding_keeps_balances_whole_and_never_pays_a_fee_out(
    revenue: int, trade: int, accumulated: int, precision: int
) -> None:
    cost = fill_cost(revenue, trade, accumulated, precision)
    assert cost.cash == revenue - cost.fee
    assert cost.cash % precision == 0
    assert cost.fee >= 0
    assert cost.accumulated >= 0
    repaid = accumulated + (cost.fee - trade) - cost.accumulated
    assert repaid == 0


@pytest.mark.parametrize(
    ("fee_type", "maker_fee"),
    [("quadratic", 0), ("quadratic_with_maker_fees", 4_400), ("quadratic_with_combo_maker_fees", 8_800)],
)
def test_what_a_maker_pays_depends_on_the_fee_type(fee_type: str, maker_fee: int) -> None:
    floor = Floor(fee_type=fee_type)
    floor.sell("bob", 50, 1)
    floor.buy("ann", 50, 1)
    (taker,) = floor.histories["ann"].fills
    (maker,) = floor.histories["bob"].fills
    assert (taker.fee, taker.is_taker) == (17_500, True)
    assert (maker.fee, maker.is_taker) == (maker_fee, False)


def test_a_multiplier_scales_the_fee_and_zero_waives_it() -> None:
    for multiplier, fee in ((0, 0), (500_000, 8_800), (MICRO, 17_500)):
        floor = Floor(fee_multiplier_ppm=multiplier)
        floor.sell("bob", 50, 1)
        floor.buy("ann", 50, 1)
        assert floor.histories["ann"].fills[0].fee == fee


def test_an_order_that_takes_and_then_rests_pays_both_rates() -> None:
    floor = Floor(fee_type="quadratic_with_maker_fees")
    floor.sell("bob", 50, 1)
    floor.buy("ann", 50, 2)
    floor.sell("cat", 50, 1)
    assert [(fill.is_taker, fill.fee) for fill in floor.histories["ann"].fills] == [(True, 17_500), (False, 4_400)]


def test_sub_cent_prices_and_fractions_are_rounded_per_fill_and_carried_with_the_order() -> None:
    floor = Floor(precision=NON_DIRECT_PRECISION, price_bands=CENTI_CENT)
    for _ in range(3):
        floor.sell("bob", 33.01, 0.03)
    floor.buy("ann", 33.01, 0.09, tif="ioc")
    fills = floor.histories["ann"].fills
    assert [fill.fee for fill in fills] == [10_097, 97, 97]
    assert [fill.cash for fill in fills] == [-20_000, -10_000, -10_000]
    floor.exchange.check()
