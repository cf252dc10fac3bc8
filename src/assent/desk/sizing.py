"""How much: the largest quantity on the instrument's grid whose worst loss, fees included, fits the cap per trade.

Cut, never rounded up. When no allowed quantity fits, the size is zero and the rule `risk_per_trade` refuses.
"""

from assent.desk.exposure import entry_loss
from assent.model.instruments import Instrument
from assent.model.orders import Side


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
    each = _step_loss(instrument, side, price, stop_price)
    if each <= 0:
        return 0
    step = instrument.quantities.step
    wanted = cap // each * step + step
    if qty_max is not None:
        wanted = min(wanted, qty_max)
    grid = instrument.quantities
    qty = grid.down(wanted)
    # Rounding to whole micros can push the last grid step over the cap.
    while qty > 0:
        loss = entry_loss(instrument, side=side, price=price, qty=qty, stop_price=stop_price)
        if loss is not None and loss <= cap:
            return qty
        qty = grid.down(qty - grid.step)
    return 0


def _step_loss(instrument: Instrument, side: Side, price: int, stop_price: int | None) -> int:
    """Worst loss of the smallest step of the grid; zero when nothing bounds it."""
    loss = entry_loss(instrument, side=side, price=price, qty=instrument.quantities.step, stop_price=stop_price)
    return loss or 0
