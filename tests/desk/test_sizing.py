"""How much: never above the cap, the largest that fits, never rounded up to one."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests.desk.support import MARKET, WIDE, Bench, buy, kinds
from tests.model.support import CENTI_EDGES, DECI_CENT, FREE, KALSHI_FEES, a_future, a_market

from assent.desk.exposure import entry_loss
from assent.desk.sizing import fixed_risk
from assent.model.facts import IntentRefused, OrderReleased
from assent.model.grids import HUNDREDTHS, WHOLE_CONTRACTS, QtyGrid
from assent.model.instruments import PerContractFee, QuadraticFee
from assent.model.units import MICRO

sides: Any = st.sampled_from(("buy", "sell"))
tenths_of_a_cent = st.integers(min_value=1, max_value=999).map(lambda tenths: tenths * 1_000)
qty_grids = st.one_of(
    st.just(HUNDREDTHS),
    st.just(WHOLE_CONTRACTS),
    st.builds(
        lambda step, least, more: QtyGrid(step * 10_000, least * step * 10_000, (least + more) * step * 10_000),
        st.integers(min_value=1, max_value=500),
        st.integers(min_value=1, max_value=20),
        st.integers(min_value=0, max_value=2_000),
    ),
)
schedules = st.one_of(
    st.just(KALSHI_FEES),
    st.just(FREE),
    st.builds(PerContractFee, st.integers(min_value=0, max_value=50_000)),
    st.builds(
        QuadraticFee, st.integers(0, 200_000), st.just(0),
        st.sampled_from((1, 100, 10_000)), st.sampled_from((1, 100, 10_000)),
    ),
)  # fmt: skip


def largest(market: Any, side: Any, price: int, cap: int, qty_max: int | None, most: int) -> int:
    """By trying every quantity of the grid, from the top."""
    grid = market.quantities
    first = grid.down(min(most, grid.most if qty_max is None else qty_max))
    for qty in range(first, 0, -grid.step):
        if not grid.holds(qty):
            break
        loss = entry_loss(market, side=side, price=price, qty=qty)
        if loss is not None and loss <= cap:
            return qty
    return 0


@given(
    sides, tenths_of_a_cent, st.integers(min_value=0, max_value=20_000).map(lambda n: n * 500), qty_grids, schedules,
    st.one_of(st.none(), st.integers(min_value=0, max_value=30 * MICRO)),
)  # fmt: skip
def test_the_size_fits_the_grid_the_cap_and_what_was_asked_for(
    side: Any, price: int, cap: int, grid: QtyGrid, fees: Any, qty_max: int | None
) -> None:
    market = a_market(prices=DECI_CENT, quantities=grid, fees=fees)
    qty = fixed_risk(market, side=side, price=price, stop_price=None, cap=cap, qty_max=qty_max)
    if qty == 0:
        return
    assert grid.holds(qty)
    assert qty_max is None or qty <= qty_max
    loss = entry_loss(market, side=side, price=price, qty=qty)
    assert loss is not None
    assert loss <= cap


@given(
    sides, tenths_of_a_cent, st.integers(min_value=0, max_value=400).map(lambda n: n * 2_500), schedules,
    st.sampled_from((HUNDREDTHS, WHOLE_CONTRACTS, QtyGrid(50_000, 100_000, 3 * MICRO))),
    st.one_of(st.none(), st.integers(min_value=0, max_value=3 * MICRO)),
)  # fmt: skip
def test_no_larger_quantity_of_a_small_grid_would_have_fitted(
    side: Any, price: int, cap: int, fees: Any, grid: QtyGrid, qty_max: int | None
) -> None:
    market = a_market(prices=DECI_CENT, quantities=grid, fees=fees)
    paid = price if side == "buy" else MICRO - price
    most = min(grid.most, cap * MICRO // paid + grid.step)
    if most // grid.step > 2_000:
        most = 2_000 * grid.step
        qty_max = most if qty_max is None else min(qty_max, most)
    assert fixed_risk(market, side=side, price=price, stop_price=None, cap=cap, qty_max=qty_max) == largest(
        market, side, price, cap, qty_max, most
    )


def test_one_step_more_would_pass_the_cap_at_a_price_whose_fee_does_not_come_out_even() -> None:
    """Ten dollars at 1.3 cents: the fee of one contract is 898.17 micros, not 899."""
    market = a_market(prices=DECI_CENT)
    qty = fixed_risk(market, side="buy", price=13_000, stop_price=None, cap=10 * MICRO, qty_max=None)
    more = entry_loss(market, side="buy", price=13_000, qty=qty + 10_000)
    assert more is not None
    assert more > 10 * MICRO


def test_the_finest_prices_of_the_venue_are_sized_too() -> None:
    market = a_market(prices=CENTI_EDGES)
    qty = fixed_risk(market, side="buy", price=100, stop_price=None, cap=MICRO, qty_max=None)
    assert qty == largest(market, "buy", 100, MICRO, None, 10_000 * MICRO)


def test_a_whole_contract_that_does_not_fit_is_none_at_all() -> None:
    market = a_market(quantities=WHOLE_CONTRACTS)
    for cap, qty in ((517_499, 0), (517_500, MICRO), (1_034_999, MICRO), (1_035_000, 2 * MICRO)):
        assert fixed_risk(market, side="buy", price=500_000, stop_price=None, cap=cap, qty_max=None) == qty


def test_what_does_not_fit_is_refused_as_risk_per_trade_with_the_loss_of_the_smallest_size() -> None:
    small = Bench(constitution=WIDE_WITH(risk_per_trade_max=5_199), markets=(MARKET,))
    told = small.propose(buy())
    refusal = told[-1]
    assert isinstance(refusal, IntentRefused)
    assert (refusal.reason, refusal.intent.qty) == ("risk_per_trade", 0)
    check = next(check for check in refusal.checks if check.rule == "risk_per_trade")
    assert (check.measured, check.limit) == (5_200, 5_199)
    enough = Bench(constitution=WIDE_WITH(risk_per_trade_max=5_200))
    assert "OrderReleased" in kinds(enough.propose(buy()))


def WIDE_WITH(**changes: Any) -> Any:  # noqa: N802 - a constant with a difference
    values = {name: getattr(WIDE, name) for name in WIDE.__struct_fields__}
    return type(WIDE)(**(values | changes))


def test_a_strategy_can_ask_for_less_and_never_for_more() -> None:
    bench = Bench()
    assert bench.release(qty_max=2 * MICRO).qty == 2 * MICRO
    other = Bench()
    assert other.release(qty_max=10**12).qty == other.of(OrderReleased)[0].order.qty
    loss = entry_loss(MARKET, side="buy", price=500_000, qty=other.of(OrderReleased)[0].order.qty)
    assert loss is not None
    assert loss <= WIDE.risk_per_trade_max


def test_a_future_is_sized_by_the_way_to_its_stop() -> None:
    future = a_future()
    for cap, qty in ((16_239_999, 0), (16_240_000, MICRO), (33 * MICRO, 2 * MICRO)):
        size = fixed_risk(future, side="buy", price=5_000 * MICRO, stop_price=4_997 * MICRO, cap=cap, qty_max=None)
        assert size == qty
    assert fixed_risk(future, side="buy", price=5_000 * MICRO, stop_price=None, cap=10**12, qty_max=None) == 0
