"""The most that can be lost: exact for one binary market, and summed over all of them.

For each way a market can end we add the position's result and, of every order that may still fill, only what would
hurt: that is the worst over all subsets of open orders. Markets are added up, exclusive or not, since only the plain
sum survives two winners or a scalar settlement. A future's loss is bounded by its protective stop; without one it
counts as unbounded, and a position counts with its whole notional (see `desk.futures`).
"""

from assent.desk import futures
from assent.desk.state import OrderState, State
from assent.model.fees import fee_worst
from assent.model.instruments import BinaryContract, Instrument
from assent.model.orders import Side
from assent.model.units import MICRO, mul_down, mul_up, share_up

UNBOUNDED = None


def entry_loss(
    instrument: Instrument, *, side: Side, price: int, qty: int, stop_price: int | None = None
) -> int | None:
    """Worst loss of opening `qty` at `price`, one entry fee included. None when nothing bounds it."""
    fee = fee_worst(instrument, side, price, qty)
    if type(instrument) is BinaryContract:
        return mul_up(price if side == "buy" else MICRO - price, qty) + fee
    if stop_price is None:
        return UNBOUNDED
    distance = price - stop_price if side == "buy" else stop_price - price
    if distance <= 0:
        return UNBOUNDED
    return mul_up(mul_up(distance, instrument.multiplier), qty) + 2 * fee  # type: ignore[union-attr]


def notional(instrument: Instrument, side: Side, price: int, qty: int) -> int:
    """What `qty` is worth at its price, before fees: the money paid for a binary contract."""
    if type(instrument) is BinaryContract:
        return mul_up(price if side == "buy" else MICRO - price, qty)
    return mul_up(mul_up(price, instrument.multiplier), qty)  # type: ignore[union-attr]


def total_exposure(state: State) -> int:
    """Sum of worst losses over all instruments."""
    orders = orders_by_instrument(state)
    total = 0
    for name, position in state.positions.items():
        total += instrument_exposure(state, name, orders[name]) if name in orders else position.cost
    for name, open_orders in orders.items():
        if name not in state.positions:
            total += instrument_exposure(state, name, open_orders)
    return total


def orders_by_instrument(state: State) -> dict[str, list[OrderState]]:
    """Orders that may still fill, by instrument, in the order of their release."""
    grouped: dict[str, list[OrderState]] = {}
    for order in state.orders.values():
        if order.open_qty:
            grouped.setdefault(order.order.instrument, []).append(order)
    return grouped


def busy_instruments(state: State) -> dict[str, None]:
    """Instruments that are held, or for which an opening order may still fill."""
    busy = dict.fromkeys(state.positions)
    for order in state.orders.values():
        if order.open_qty and order.intent.action == "open":
            busy[order.order.instrument] = None
    return busy


def instrument_exposure(state: State, name: str, orders: list[OrderState]) -> int:
    """Worst loss in one instrument over its outcomes and over all subsets of its open orders."""
    position = state.positions.get(name)
    if not orders:
        return position.cost if position else 0
    instrument = state.find_instrument(name)
    if type(instrument) is not BinaryContract:
        cost = futures.position_risk(instrument, position, orders) if position else 0  # type: ignore[arg-type]
        opening = (order for order in orders if order.intent.action == "open")
        return cost + sum(share_up(order.open_qty, order.order.qty, order.intent.worst_loss) for order in opening)
    return max(0, *(-result_at(state, name, orders, payout) for payout in (0, MICRO)))


def result_at(state: State, name: str, orders: list[OrderState], payout: int) -> int:
    """Gain or loss of one binary market when its YES pays `payout`, every order that would help left unfilled."""
    position = state.positions.get(name)
    held, cost = (position.qty, position.cost) if position else (0, 0)
    return _held_value(held, payout) - cost + sum(_order_result(order, payout) for order in orders)


def _held_value(held: int, payout: int) -> int:
    return mul_down(payout if held > 0 else MICRO - payout, abs(held))


def _order_result(order: OrderState, payout: int) -> int:
    """What this order's filling would add when a YES pays `payout`, if that is a loss; else it may as well not fill."""
    terms = order.order
    qty = order.open_qty
    if terms.side == "buy":
        result = mul_down(payout, qty) - mul_up(terms.price, qty)
    else:
        result = mul_down(terms.price, qty) - mul_up(payout, qty)
    return min(0, result - order.open_fee)
