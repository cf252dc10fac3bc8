"""The numbers again, from the documents and not from the code: what a contract costs, what it may lose, what fits.

Plain whole numbers at one millionth, and two words for rounding. Kalshi: a trade's fee is rate x contracts x P x (1-P),
up to the next step of the fee; the balance moves by whole steps of its own, down. The most that a fee can be is that of
the smallest pieces, one by one.
"""

from functools import lru_cache
from typing import Any

ONE = 1_000_000


def up(number: int, divisor: int) -> int:
    """Divided, and up to the next whole."""
    whole, rest = divmod(number, divisor)
    return whole + 1 if rest else whole


def down(number: int, divisor: int) -> int:
    """Divided, and down to a whole."""
    return divmod(number, divisor)[0]


def cost_of(side: str, price: int) -> int:
    """What one contract of the bought side costs: selling YES is buying NO for the rest of the dollar."""
    return price if side == "buy" else ONE - price


def worth_of(side: str, price: int, qty: int) -> int:
    """What an order is worth: the money paid for it, fees aside."""
    return up(cost_of(side, price) * qty, ONE)


def fee_of(instrument: Any, side: str, price: int, qty: int, *, taker: bool = True) -> int:
    """The fee of one fill."""
    fees = instrument.fees
    if not hasattr(fees, "taker_ppm"):
        return up(fees.amount * qty, ONE)
    rate = fees.taker_ppm if taker else fees.maker_ppm
    # Four factors at one millionth, wanted in steps of `fee_step` millionths.
    trade = up(rate * qty * price * (ONE - price), ONE**3 * fees.fee_step) * fees.fee_step
    paid = worth_of(side, price, qty)
    return up(paid + trade, fees.balance_step) * fees.balance_step - paid


def most_fee(instrument: Any, side: str, price: int, qty: int) -> int:
    """The fee when it is filled in the smallest pieces there are, each rounded at whatever better price it gets."""
    return up(qty, instrument.quantities.step) * most_fee_of_a_piece(instrument, side, price)


@lru_cache(maxsize=4096)
def most_fee_of_a_piece(instrument: Any, side: str, price: int) -> int:
    """The same of the smallest piece. It depends on nothing that changes, and is asked for at every size that is tried.

    Where the finest tick moves a piece by less than the steps of fee and balance, what a better price saves may be
    rounded away, and as many whole steps of the balance more as fit below both steps.
    """
    piece, fees = instrument.quantities.step, instrument.fees
    each = fee_of(instrument, side, price, piece)
    if hasattr(fees, "taker_ppm"):
        moved = min(step for _, _, step in _bands(instrument)) * piece / ONE
        if moved < fees.fee_step or moved % fees.balance_step:
            each += down(fees.fee_step - 1 + fees.balance_step - 1, fees.balance_step) * fees.balance_step
    return each


def most_lost(instrument: Any, side: str, price: int, qty: int) -> int:
    """All that was paid, and the most in fees."""
    return worth_of(side, price, qty) + most_fee(instrument, side, price, qty)


def due(instrument: Any, value: int, qty: int, *, to_step: bool) -> int:
    """What is paid for all that was held when the market ended; `to_step`: a part of a dollar in whole steps of the
    venue's balances."""
    exact = down((value if qty > 0 else ONE - value) * abs(qty), ONE)
    step = getattr(instrument.fees, "balance_step", 1) if to_step and 0 < value < ONE else 1
    return down(exact, step) * step


def late_due(instrument: Any, value: int, earlier: int, late: int, *, to_step: bool) -> int:
    """What is left to pay when more is told of late: the whole, less what was paid. A YES that meets a NO is one
    dollar, whatever the market ended in."""
    pairs = min(abs(earlier), abs(late)) if earlier * late < 0 else 0
    whole = due(instrument, value, earlier + late, to_step=to_step)
    return pairs + whole - due(instrument, value, earlier, to_step=to_step)


def on_grid(instrument: Any, price: int) -> bool:
    if not 0 < price < ONE:
        return False
    return any(low <= price <= high and price % step == 0 for low, high, step in _bands(instrument))


def _bands(instrument: Any) -> list[tuple[int, int, int]]:
    return [(band.low, band.high, band.step) for band in instrument.prices.bands]


def largest(instrument: Any, most: int, fits: Any) -> int:
    """The largest quantity of the grid, no more than `most`, that fits; zero when none does. By halving."""
    grid = instrument.quantities
    low, high = 0, min(most, grid.most) // grid.step
    while low < high:
        middle = (low + high + 1) // 2
        if fits(middle * grid.step):
            low = middle
        else:
            high = middle - 1
    return low * grid.step if low * grid.step >= grid.least else 0


def kelly_part(instrument: Any, side: str, price: int, fair: int | None) -> int:
    """(p - c) / (1 - c) for a side that costs c with its fee and is worth p, down to parts per million."""
    if fair is None:
        return 0
    sure = min(fair if side == "buy" else ONE - fair, ONE)
    fees = instrument.fees
    rate = up(fees.taker_ppm * price * (ONE - price), ONE**2) if hasattr(fees, "taker_ppm") else fees.amount
    cost = cost_of(side, price) + rate
    return down((sure - cost) * ONE, ONE - cost) if cost < sure else 0
