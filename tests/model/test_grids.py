"""A price or a quantity lies on its instrument's grid, and snapping stays on it and on our side of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.model.support import CENTI_EDGES, DECI_CENT, LINEAR_CENT, TAPERED, VENUE_GRIDS, a_future, a_market

from assent.model.grids import HUNDREDTHS, WHOLE_CONTRACTS, Band, PriceGrid, QtyGrid
from assent.model.instruments import price_fits
from assent.model.units import MICRO


@st.composite
def price_grids(draw: st.DrawFn) -> PriceGrid:
    """Neighbouring bands, as venues publish them, over a range that can still be walked through."""
    cuts = sorted(draw(st.sets(st.integers(min_value=0, max_value=300), min_size=2, max_size=4)))
    steps = draw(st.lists(st.integers(min_value=1, max_value=40), min_size=len(cuts) - 1, max_size=len(cuts) - 1))
    return PriceGrid(tuple(Band(low, high, step) for low, high, step in zip(cuts, cuts[1:], steps, strict=False)))


@given(price_grids(), st.integers(min_value=-10, max_value=320))
def test_snapping_finds_the_nearest_grid_price_on_its_side(grid: PriceGrid, price: int) -> None:
    assert grid.fault() is None
    valid = [candidate for candidate in range(301) if grid.holds(candidate)]
    assert grid.down(price) == max((v for v in valid if v <= price), default=None)
    assert grid.up(price) == min((v for v in valid if v >= price), default=None)


@given(price_grids(), st.lists(st.integers(min_value=-10, max_value=320), min_size=4, max_size=4))
def test_a_bar_lies_on_the_grid_exactly_when_its_four_prices_do(grid: PriceGrid, prices: list[int]) -> None:
    low, open_, close, high = sorted(prices)
    each = all(grid.holds(price) for price in prices)
    assert grid.hold(open_, high, low, close) == each == grid.hold(close, high, low, open_)


@given(price_grids(), st.integers(min_value=-10, max_value=320))
def test_a_snapped_price_stays_where_it_is(grid: PriceGrid, price: int) -> None:
    for snapped in (grid.down(price), grid.up(price)):
        if snapped is not None:
            assert grid.holds(snapped)
            assert grid.down(snapped) == grid.up(snapped) == snapped


@given(st.sampled_from(VENUE_GRIDS), st.integers(min_value=-MICRO, max_value=2 * MICRO))
def test_the_venues_grids_are_closed_under_snapping(grid: PriceGrid, price: int) -> None:
    down, up = grid.down(price), grid.up(price)
    assert down is None or (grid.holds(down) and down <= price)
    assert up is None or (grid.holds(up) and up >= price)
    if grid.holds(price):
        assert down == up == price


@pytest.mark.parametrize("grid", VENUE_GRIDS)
def test_whole_cents_are_valid_on_every_grid_of_the_venue(grid: PriceGrid) -> None:
    market = a_market(prices=grid)
    assert all(price_fits(market, cents * 10_000) for cents in range(1, 100))


def test_a_boundary_price_belongs_to_both_bands_and_a_fine_price_only_to_the_fine_one() -> None:
    assert TAPERED.holds(100_000)
    assert TAPERED.holds(99_000)
    assert not TAPERED.holds(101_000)
    assert TAPERED.holds(901_000)
    assert not TAPERED.holds(901_500)
    assert CENTI_EDGES.holds(9_900)
    assert not CENTI_EDGES.holds(10_100)
    assert TAPERED.down(109_999) == 100_000
    assert TAPERED.up(895_001) == 900_000


def test_nothing_and_one_dollar_are_not_prices_of_a_binary_contract() -> None:
    for grid in VENUE_GRIDS:
        assert not price_fits(a_market(prices=grid), 0)
        assert not price_fits(a_market(prices=grid), MICRO)
    assert price_fits(a_future(), MICRO)


def test_a_grid_that_changes_while_the_market_lives_is_asked_anew() -> None:
    assert not price_fits(a_market(prices=LINEAR_CENT), 505_000)
    assert price_fits(a_market(prices=DECI_CENT), 505_000)


@pytest.mark.parametrize(
    "bands",
    [(), (Band(0, 0, 1),), (Band(5, 1, 1),), (Band(-1, 5, 1),), (Band(0, 5, 0),), (Band(0, 5, 1), Band(5, 9, -1))],
)
def test_what_cannot_be_a_price_grid_says_why(bands: tuple[Band, ...]) -> None:
    assert PriceGrid(bands).fault()


@given(
    st.integers(min_value=1, max_value=20),
    st.integers(min_value=1, max_value=50),
    st.integers(min_value=0, max_value=50),
    st.integers(min_value=-5, max_value=150),
)
def test_a_quantity_is_cut_to_the_largest_that_is_allowed_and_never_raised(
    step: int, least: int, more: int, qty: int
) -> None:
    grid = QtyGrid(step, least, least + more)
    assert grid.fault() is None
    assert grid.down(qty) == max((v for v in range(1, 101) if grid.holds(v) and v <= qty), default=0)


def test_less_than_the_least_is_nothing() -> None:
    assert WHOLE_CONTRACTS.down(999_999) == 0
    assert HUNDREDTHS.down(9_999) == 0
    assert HUNDREDTHS.down(19_999) == 10_000
    assert WHOLE_CONTRACTS.down(10**15) == 10**12


@pytest.mark.parametrize("grid", [QtyGrid(0, 1, 1), QtyGrid(-1, 1, 1), QtyGrid(1, 0, 1), QtyGrid(1, 2, 1)])
def test_what_cannot_be_a_quantity_grid_says_why(grid: QtyGrid) -> None:
    assert grid.fault()
