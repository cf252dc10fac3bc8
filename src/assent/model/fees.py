"""What a trade will cost, from the instrument's schedule. An estimate: what the fill report says is what is booked.

Rounded up always, so that a limit judged with it holds. The exchange in the box computes its own fees without this
module: two readings of the same page on purpose.
"""

from assent.model.instruments import FeeSchedule, Instrument, QuadraticFee
from assent.model.orders import Side
from assent.model.units import MICRO, MICRO_SQUARED, mul_up, up_to_step


def fee_estimate(instrument: Instrument, side: Side, price: int, qty: int, *, maker: bool = False) -> int:
    """Money that one fill of `qty` at `price` costs in fees, rounded up."""
    fees = instrument.fees
    if type(fees) is QuadraticFee:
        return _quadratic(fees, side, price, qty, fees.maker_ppm if maker else fees.taker_ppm)
    return -(-fees.amount * qty // MICRO)  # type: ignore[union-attr]


def fee_worst(instrument: Instrument, side: Side, price: int, qty: int) -> int:
    """The most that `qty` at `price` or better can cost in fees: in the smallest pieces, each rounded up by itself."""
    step = instrument.quantities.step
    return -(-qty // step) * (fee_estimate(instrument, side, price, step) + _better_price_slack(instrument, step))


def _better_price_slack(instrument: Instrument, piece: int) -> int:
    """What the rounding at a better price may take from a piece beyond what that price saves.

    Where one tick on the smallest piece is a whole step of the balance, and no less than a step of the fee, a better
    price saves at least what it can be rounded up. On a finer grid it may save less than that.
    """
    fees = instrument.fees
    if type(fees) is not QuadraticFee:
        return 0
    saved = min(band.step for band in instrument.prices.bands) * piece
    if saved >= fees.fee_step * MICRO and saved % (fees.balance_step * MICRO) == 0:
        return 0
    # Each of the two roundings takes less than its step, and a balance moves by whole steps only.
    return (fees.fee_step + fees.balance_step - 2) // fees.balance_step * fees.balance_step


def fee_per_contract(fees: FeeSchedule, price: int) -> int:
    """The taker fee of one contract before rounding to the schedule's step, rounded up to a micro."""
    if type(fees) is QuadraticFee:
        return -(-fees.taker_ppm * price * (MICRO - price) // MICRO_SQUARED)
    return fees.amount  # type: ignore[union-attr]


def _quadratic(fees: QuadraticFee, side: Side, price: int, qty: int, rate_ppm: int) -> int:
    exact = rate_ppm * qty * price * (MICRO - price)
    trade_fee = up_to_step(-(-exact // (MICRO * MICRO_SQUARED)), fees.fee_step)
    # The venue floors the balance change to its own step; what that takes from us is a fee as well.
    paid = mul_up(price, qty) if side == "buy" else mul_up(MICRO - price, qty)
    return up_to_step(paid + trade_fee, fees.balance_step) - paid
