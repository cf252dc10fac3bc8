"""What a trade will cost is never estimated below what the venue's own page says."""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.model.support import DECI_CENT, KALSHI_FEES, LINEAR_CENT, VENUE_GRIDS, a_future, a_market

from assent.exchange.fees import TAKER_COEFFICIENT, fill_cost, trade_fee
from assent.model.fees import fee_estimate, fee_per_contract, fee_worst
from assent.model.grids import PriceGrid
from assent.model.instruments import PerContractFee, QuadraticFee
from assent.model.units import MICRO, mul_up

MARKET = a_market()
sides: Any = st.sampled_from(("buy", "sell"))
hundredths = st.integers(min_value=1, max_value=500_000).map(lambda n: n * 10_000)


def exact_fee(rate_ppm: int, price: int, qty: int) -> Fraction:
    """rate x contracts x P x (1 - P) in micros, never rounded."""
    return Fraction(rate_ppm, MICRO) * Fraction(qty, MICRO) * Fraction(price, MICRO) * (MICRO - price)


@pytest.mark.parametrize(
    ("price", "qty", "fee"),
    [
        (520_000, MICRO, 17_500),
        (990_000, MICRO, 700),
        (10_000, MICRO, 700),
        (500_000, 100 * MICRO, 1_750_000),
        (500_000, 10_000, 200),
    ],
)
def test_the_published_vectors(price: int, qty: int, fee: int) -> None:
    assert fee_estimate(MARKET, "buy", price, qty) == fee


def test_two_contracts_at_ninety_nine_cents_leave_98_0186_of_a_hundred_dollars() -> None:
    cash = 100 * MICRO
    for _ in range(2):
        cash -= 990_000 + fee_estimate(MARKET, "buy", 990_000, MICRO)
    assert cash == 98_018_600


def prices_of(grid: PriceGrid) -> list[int]:
    return [price for price in range(100, MICRO, 100) if grid.holds(price)]


market_prices = st.sampled_from(VENUE_GRIDS).flatmap(lambda grid: st.sampled_from(prices_of(grid)))


@given(sides, market_prices, hundredths, st.booleans())
def test_an_estimate_is_never_below_the_exact_fee_and_not_much_above(
    side: Any, price: int, qty: int, maker: bool
) -> None:
    estimate = fee_estimate(MARKET, side, price, qty, maker=maker)
    exact = exact_fee(KALSHI_FEES.maker_ppm if maker else KALSHI_FEES.taker_ppm, price, qty)
    assert exact <= estimate < exact + KALSHI_FEES.fee_step + KALSHI_FEES.balance_step


@given(
    sides,
    st.integers(min_value=1, max_value=MICRO - 1),
    st.integers(min_value=1, max_value=10**12),
    st.integers(min_value=0, max_value=MICRO),
    st.integers(min_value=1, max_value=20_000),
    st.integers(min_value=1, max_value=20_000),
)
def test_whatever_the_schedule_the_estimate_is_not_below_the_exact_fee(
    side: Any, price: int, qty: int, rate: int, fee_step: int, balance_step: int
) -> None:
    market = a_market(fees=QuadraticFee(rate, 0, fee_step, balance_step))
    estimate = fee_estimate(market, side, price, qty)
    assert exact_fee(rate, price, qty) <= estimate
    paid = price if side == "buy" else MICRO - price
    assert (-(-paid * qty // MICRO) + estimate) % balance_step == 0


@given(market_prices, hundredths)
def test_yes_at_a_price_costs_the_fee_of_no_at_its_complement(price: int, qty: int) -> None:
    assert fee_estimate(MARKET, "buy", price, qty) == fee_estimate(MARKET, "sell", MICRO - price, qty)


@given(sides, market_prices, hundredths, hundredths)
def test_more_contracts_never_cost_less_with_their_fee(side: Any, price: int, qty: int, more: int) -> None:
    paid = price if side == "buy" else MICRO - price
    cost, larger = (mul_up(paid, n) + fee_estimate(MARKET, side, price, n) for n in (qty, qty + more))
    assert larger >= cost


@given(st.integers(min_value=1, max_value=MICRO - 1), st.integers(min_value=0, max_value=MICRO))
def test_the_fee_of_one_contract_is_the_exact_one_rounded_up(price: int, rate: int) -> None:
    exact = exact_fee(rate, price, MICRO)
    assert exact <= fee_per_contract(QuadraticFee(rate, 0), price) < exact + 1


def test_a_maker_pays_the_makers_rate() -> None:
    assert fee_estimate(MARKET, "buy", 520_000, MICRO, maker=True) == 4_400
    free = a_market(fees=QuadraticFee(70_000, 0))
    assert fee_estimate(free, "buy", 520_000, MICRO, maker=True) == 0


@given(sides, st.integers(min_value=0, max_value=10**7), st.integers(min_value=1, max_value=10**10))
def test_a_fee_per_contract_grows_with_the_contracts_and_rounds_up(side: Any, amount: int, qty: int) -> None:
    future = a_future(fees=PerContractFee(amount))
    exact = Fraction(amount * qty, MICRO)
    assert exact <= fee_estimate(future, side, 4_000 * MICRO, qty) < exact + 1
    assert fee_per_contract(future.fees, 1) == amount


def paid_in_pieces(side: Any, prices: list[int], piece: int) -> int:
    """What the exchange takes for one piece at each of these prices, by its own arithmetic."""
    taken, accumulated = 0, 0
    for price in prices:
        paid = (price if side == "buy" else MICRO - price) * piece // MICRO
        cost = fill_cost(-paid, trade_fee(TAKER_COEFFICIENT, MICRO, piece, price), accumulated)
        accumulated = cost.accumulated
        taken -= cost.cash
    return taken


@given(st.data(), sides, st.sampled_from(VENUE_GRIDS))
def test_no_way_to_fill_an_order_at_its_price_or_better_costs_more_than_its_worst(
    data: st.DataObject, side: Any, grid: PriceGrid
) -> None:
    market = a_market(prices=grid)
    allowed = [price for price in _prices(grid) if 0 < price < MICRO]
    at = data.draw(st.integers(0, len(allowed) - 1))
    better = allowed[: at + 1] if side == "buy" else allowed[at:]
    near = better[-12:] if side == "buy" else better[:12]
    prices = data.draw(st.lists(st.sampled_from(near) | st.sampled_from(better), min_size=1, max_size=8))
    piece = market.quantities.step
    limit, qty = allowed[at], piece * len(prices)
    worst = mul_up(limit if side == "buy" else MICRO - limit, qty) + fee_worst(market, side, limit, qty)
    assert paid_in_pieces(side, prices, piece) <= worst


def _prices(grid: PriceGrid) -> list[int]:
    return sorted({price for band in grid.bands for price in range(band.low, band.high + 1, band.step)})


def test_on_a_grid_of_cents_the_worst_is_the_sum_of_the_smallest_pieces_and_no_more() -> None:
    market = a_market(prices=LINEAR_CENT)
    assert fee_worst(market, "buy", 520_000, MICRO) == 100 * fee_estimate(market, "buy", 520_000, 10_000)


def test_on_a_finer_grid_a_better_price_may_be_rounded_to_a_dearer_piece() -> None:
    """A piece bought at 0.821 costs a hundredth of a cent more than one at 0.828: rounding takes more than it saves."""
    market, piece = a_market(prices=DECI_CENT), 10_000
    at_limit, better = (paid_in_pieces("buy", [price], piece) for price in (828_000, 821_000))
    assert better == at_limit + 100
    assert mul_up(828_000, piece) + fee_worst(market, "buy", 828_000, piece) == better
