"""What becomes of an order in observe: it would be released, it would be acknowledged, nothing is filled, it ends.

No effect belongs to any of these facts and the fold refuses a real release in such a ledger, so nothing here can reach
a venue. What would rest counts where orders are counted (the pace of releases, one open intent) and nowhere else: it
holds no money, no position and no exposure, since nothing is at stake. It rests as long as a real order would, but
without a life of its own no longer than `REST_MAX`: nobody fills it, and an idea that is blocked by it for ever would
show nothing more.
"""

from assent.desk import charter, halts
from assent.desk.context import Context
from assent.desk.state import OrderState
from assent.model.inputs import CancelAsked
from assent.model.levels import Level
from assent.model.orders import Order, order_digest
from assent.model.text import shown
from assent.model.units import MINUTE
from assent.model.would import AckSimulated, WouldOrderEnded, WouldRelease

REST_MAX = 5 * MINUTE
AT_ONCE = frozenset(("ioc", "fok"))


def release(desk: Context, order: Order, assent: str) -> None:
    """The order and its simulated answer. What may not rest ends with it."""
    desk.emit(WouldRelease(order=order, digest=order_digest(order), assent=assent))
    rests = order.time_in_force not in AT_ONCE
    desk.emit(AckSimulated(order_id=order.order_id, remaining=order.qty if rests else 0))
    if not rests:
        _end(desk, order.order_id, "nothing is filled in observe, and it may not rest")


def cycle(desk: Context) -> None:
    """Once a cycle: end what would not rest any more."""
    for order in list(desk.state.would.values()):
        why = _why_over(desk, order)
        if why:
            _end(desk, order.order.order_id, why)


def cancel(desk: Context, order_id: str, why: str) -> None:
    """A strategy takes its own order off."""
    _end(desk, order_id, why)


def cancel_asked(desk: Context, inp: CancelAsked) -> None:
    """A person takes one off, or all."""
    for order_id in list(desk.state.would):
        if inp.order_id in ("", order_id):
            _end(desk, order_id, f"{shown(inp.by)} asked")


def _end(desk: Context, order_id: str, why: str) -> None:
    """With it go the legs of its bracket: they would leave what was never entered."""
    legs = [name for name, order in desk.state.would.items() if order.order.parent == order_id]
    for name in (order_id, *legs):
        if name in desk.state.would:
            desk.emit(WouldOrderEnded(order_id=name, why=why if name == order_id else "its entry would have ended"))


def _why_over(desk: Context, order: OrderState) -> str:
    state, now, terms = desk.state, desk.now, order.order
    market = desk.markets.get(terms.instrument)
    if terms.instrument in state.archive.outcomes:
        return "its market has settled"
    if market is not None and (market.phase in ("closed", "determined") or now >= market.instrument.close_ts):
        return "its market has closed"
    if order.intent.action == "open" and halts.level_at(state, now) != Level.TRADING:
        return f"halted: {', '.join(halt.cause for halt in halts.holding(state, now))}"
    if charter.outdated(state, order):
        return "limits were tightened after its release"
    if terms.expires_ts is not None:
        return "its life is over" if now >= terms.expires_ts else ""
    return "nothing was filled for long enough" if now - order.released_ts >= REST_MAX else ""
