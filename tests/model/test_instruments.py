"""A description that contradicts itself is not traded on."""

from typing import Any

import pytest
from tests.model.support import VENUE_GRIDS, a_future, a_market

from assent.model.grids import Band, PriceGrid, QtyGrid
from assent.model.instruments import PerContractFee, QuadraticFee, instrument_fault
from assent.model.units import MICRO


def test_honest_descriptions_have_no_fault() -> None:
    assert instrument_fault(a_market()) is None
    assert instrument_fault(a_future()) is None
    assert instrument_fault(a_market("x" * 120)) is None
    assert instrument_fault(a_market(fees=PerContractFee(0))) is None
    assert instrument_fault(a_market(fees=QuadraticFee(0, 0, 1, 1))) is None
    assert all(instrument_fault(a_market(prices=grid)) is None for grid in VENUE_GRIDS)


@pytest.mark.parametrize(
    "changes",
    [
        {"id": ""},
        {"id": "x" * 121},
        {"venue": "s\nim"},
        {"event": "\x1b[31mred"},
        {"series": "\u202e"},
        {"prices": PriceGrid(())},
        {"prices": PriceGrid((Band(0, MICRO + 10_000, 10_000),))},
        {"quantities": QtyGrid(0, 1, 1)},
        {"close_ts": -1},
        {"close_ts": 10**19},
        {"fees": QuadraticFee(-1, 0)},
        {"fees": QuadraticFee(0, -1)},
        {"fees": QuadraticFee(0, 0, 0, 1)},
        {"fees": QuadraticFee(0, 0, 1, 0)},
        {"fees": PerContractFee(-1)},
    ],
)
def test_a_market_that_contradicts_itself_says_where(changes: dict[str, Any]) -> None:
    fault = instrument_fault(a_market(**changes))
    assert fault
    assert fault.isprintable()


@pytest.mark.parametrize("multiplier", [0, -1])
def test_a_future_must_be_worth_something(multiplier: int) -> None:
    assert "multiplier" in str(instrument_fault(a_future(multiplier=multiplier)))
