"""How much: the largest quantity on the instrument's grid whose worst loss, fees included, fits the cap per trade.

Cut, never rounded up. When no allowed quantity fits, the size is zero and the rule `risk_per_trade` refuses.
"""

from assent.desk.exposure import entry_loss
from assent.model.fees import fee_floor
from assent.model.instruments import BinaryContract, Instrument
from assent.model.orders import Side
from assent.model.units import MICRO, mul_up


def fixed_risk(
    instrument: Instrument,
    *,
    side: Side,
    price: int,
    stop_price: int | None,
    cap: int,
    qty_max: int | None,
) -> int:
    """Quantity for one entry that may lose at most `cap`."""
    unit = _unit_loss(instrument, side, price, stop_price)
    if unit <= 0:
        return 0
    wanted = cap * MICRO // unit
    if qty_max is not None:
        wanted = min(wanted, qty_max)
    grid = instrument.quantities
    qty = grid.down(wanted)
    # What rounding adds to the exact fee can push the last grid steps over the cap; it is a few steps at most.
    while qty > 0:
        loss = entry_loss(instrument, side=side, price=price, qty=qty, stop_price=stop_price)
        if loss is not None and loss <= cap:
            return qty
        qty = grid.down(qty - grid.step)
    return 0


def _unit_loss(instrument: Instrument, side: Side, price: int, stop_price: int | None) -> int:
    """Worst loss of one contract, its fee rounded down so that no size that fits is passed over; zero: unbounded."""
    fee = fee_floor(instrument.fees, price)
    if type(instrument) is BinaryContract:
        return (price if side == "buy" else MICRO - price) + fee
    if stop_price is None:
        return 0
    distance = price - stop_price if side == "buy" else stop_price - price
    return mul_up(distance, instrument.multiplier) + 2 * fee if distance > 0 else 0  # type: ignore[union-attr]
