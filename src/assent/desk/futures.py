"""What a future may lose: the way to its stop where one stands, else its whole notional and a count of contracts.

Nothing bounds a future without a stop. The owner may allow a number of such contracts; then that count is the limit on
the trade, and the notional stands for what is at stake. Both are worst cases for limits, not forecasts.
"""

from assent.desk import brackets
from assent.desk.state import OrderState, Position, State
from assent.model.fees import fee_estimate
from assent.model.instruments import Future
from assent.model.orders import Side
from assent.model.units import MICRO, mul_up, share_up


def room_without_stop(state: State, instrument: Future, *, side: Side, qty_max: int | None) -> int:
    """The largest order that leaves no more contracts unprotected than allowed, everything on its way filled."""
    seal = state.seal
    allowed = seal.constitution.unprotected_contracts_max * MICRO if seal else 0
    wanted = allowed - standing(state, instrument.id, side)
    if qty_max is not None:
        wanted = min(wanted, qty_max)
    return instrument.quantities.down(wanted)


def standing(state: State, name: str, side: Side) -> int:
    """Contracts on this side, with every opening order on this side that may still fill."""
    held = state.held(name)
    coming = sum(
        order.open_qty for order in state.orders.values()
        if order.order.instrument == name and order.order.side == side and order.intent.action == "open"
    )  # fmt: skip
    return (held if side == "buy" else -held) + coming


def loss_without_stop(state: State, instrument: Future, *, side: Side, price: int, qty: int) -> int:
    """Notional of what this order opens beyond closing what is held on the other side, and the fees of both ways."""
    held = state.held(instrument.id)
    closing = min(qty, abs(held)) if held and (held > 0) != (side == "buy") else 0
    opening = qty - closing
    fees = fee_estimate(instrument, side, price, qty) + fee_estimate(instrument, side, price, opening)
    return mul_up(mul_up(price, instrument.multiplier), opening) + fees


def position_risk(instrument: Future, position: Position, orders: list[OrderState]) -> int:
    """What a position may still lose of its entry: to its stop with the fee to leave, as far as one covers it."""
    held = abs(position.qty)
    stops = [order for order in orders if order.order.protective and order.status == "working"]
    covered = brackets.protected_qty(stops, position.qty) if held else 0
    if not covered:
        return position.cost
    side: Side = "buy" if position.qty > 0 else "sell"
    # Several stops: the furthest one counts for all.
    levels = [order.order.price for order in stops if order.order.side != side]
    worst = min(levels) if side == "buy" else max(levels)
    basis = share_up(covered, held, position.cost)
    stopped_at = mul_up(mul_up(worst, instrument.multiplier), covered)
    loss = basis - stopped_at if side == "buy" else stopped_at - basis
    fee = fee_estimate(instrument, side, worst, covered)
    return max(0, loss + fee) + (position.cost - basis)
