"""How much: the largest quantity on the instrument's grid whose worst loss, fees included, fits the cap per trade.

The cap is the least of what the constitution names: an amount, a part of the equity, the amount of the account's tier,
and a part of the Kelly stake. So there is no method to choose: each limit that is not off takes part, and tightening
any of them can only make a size smaller. Equity is the last mark; without one a limit that needs it leaves no size.

Cut, never rounded up. When no allowed quantity fits, the size is zero and the rule `risk_per_trade` refuses.
"""

from assent.desk import worth
from assent.desk.exposure import entry_loss
from assent.desk.state import State
from assent.model.constitution import MONEY_MOST, RATIO_MOST, Constitution, tier_cap
from assent.model.fees import fee_per_contract
from assent.model.instruments import BinaryContract, Instrument
from assent.model.orders import Side
from assent.model.units import MICRO, mul_down, share_down


def risk_cap(
    limits: Constitution, state: State, instrument: Instrument, *, side: Side, price: int, fair: int | None
) -> int:
    """The most that one entry may lose."""
    further = relative_cap(limits, state, instrument, side=side, price=price, fair=fair)
    return min(limits.risk_per_trade_max, further)


def relative_cap(
    limits: Constitution, state: State, instrument: Instrument, *, side: Side, price: int, fair: int | None
) -> int:
    """What the limits that look at the account leave to one entry; `MONEY_MOST` where all of them are off."""
    cap = MONEY_MOST
    part, kelly, tiers = limits.risk_fraction_max, limits.kelly_fraction_max, limits.risk_tiers
    if part == MICRO and kelly == RATIO_MOST and not tiers:
        return cap
    equity = worth.equity_now(state)
    if equity is None or equity <= 0:
        return 0
    if part != MICRO:
        cap = min(cap, mul_down(equity, part))
    if tiers:
        cap = min(cap, tier_cap(tiers, equity))
    if kelly != RATIO_MOST:
        cap = min(cap, mul_down(mul_down(equity, kelly), kelly_fraction(instrument, side=side, price=price, fair=fair)))
    return cap


def kelly_fraction(instrument: Instrument, *, side: Side, price: int, fair: int | None) -> int:
    """The growth-optimal part of the equity, in parts per million: (p - c) / (1 - c) for a side that costs c.

    `c` is the whole cost, fee included. Only a binary contract has odds; without an estimate nothing is staked.
    """
    if type(instrument) is not BinaryContract or fair is None:
        return 0
    p, paid = (fair, price) if side == "buy" else (MICRO - fair, MICRO - price)
    cost = paid + fee_per_contract(instrument.fees, price)
    if not cost < min(p, MICRO):
        return 0
    return share_down(min(p, MICRO) - cost, MICRO - cost, MICRO)


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
