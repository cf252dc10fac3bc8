"""Kalshi's trading fees, computed by the exchange alone and exactly.

The trade fee of a fill is coefficient x multiplier x C x P x (1 - P), rounded up to a hundredth of a cent. The
change of the balance is then floored to the member's precision, and the difference is the rounding fee. What an
order has paid in rounding fees is remembered, and given back a cent at a time. Integers only: this module must
never see a float, and must never share a line with the desk, whose estimate it judges.
"""

from typing import NamedTuple

from assent.exchange.types import MICRO, FeeType

CENTICENT = 100
DIRECT_PRECISION = 100
NON_DIRECT_PRECISION = 10_000
REBATE = 10_000

# In units of 10^-4 of the notional variance C x P x (1 - P).
TAKER_COEFFICIENT = 700
MAKER_COEFFICIENT: dict[FeeType, int] = {
    "quadratic": 0,
    "quadratic_with_maker_fees": 175,
    "quadratic_with_combo_maker_fees": 350,
}

# coefficient (10^4) x multiplier (10^6) x qty (10^6) x price (10^6) x (1 - price) (10^6), in units of 10^-4 dollars.
_SCALE = 10**24


class FillCost(NamedTuple):
    """What one fill does to a balance: `cash` includes the net fee; `accumulated` goes with the order."""

    cash: int
    fee: int
    accumulated: int


def trade_fee(coefficient: int, multiplier_ppm: int, qty: int, price: int) -> int:
    """The fee of one fill in micros, rounded up to a hundredth of a cent."""
    exact = coefficient * multiplier_ppm * qty * price * (MICRO - price)
    return -(-exact // _SCALE) * CENTICENT


def fill_cost(revenue: int, trade: int, accumulated: int, precision: int = DIRECT_PRECISION) -> FillCost:
    """Round the balance change, charge the difference, and repay a cent once more than a cent was overpaid.

    The net fee of a fill is never negative: a rebate that this fill's fee cannot carry waits for the next one.
    """
    change = revenue - trade
    floored = change - change % precision
    rounding = change - floored
    accumulated += rounding
    fee = trade + rounding
    if accumulated > REBATE and fee >= REBATE:
        return FillCost(floored + REBATE, fee - REBATE, accumulated - REBATE)
    return FillCost(floored, fee, accumulated)
