"""Lowering the level, and taking off the venue's book what may not rest there any more.

The lowest part of what handlers do: all of them may call it, and it calls none of them.
"""

from assent.desk import halts
from assent.desk.context import Context
from assent.desk.orders import A_PERSON, may_ask_cancel
from assent.desk.state import OrderState
from assent.model.facts import CancelReleased, HaltRaised
from assent.model.instruments import Instrument, price_fits
from assent.model.levels import CAUSES, Level
from assent.model.overrides import OverrideEnded

# What a person may ask to have cancelled: whatever is, or may be, on the venue's book.
CANCELLABLE = frozenset(("working", "unknown", "quarantined"))
# A cancel that ended so has to be asked again, whoever wanted it, and why.
AGAIN = {
    "unknown": "the answer to its cancel was lost",
    "not_sent": "its cancel did not leave",
    "refused": "the venue refused its cancel",
}


def raise_halt(desk: Context, cause: str, *, by: str, detail: str, new: bool = True) -> None:
    """Raise it once, and take what could still add risk off the book. While it is overridden it is raised anew: whoever
    set it aside did not know of this. `new`: not so where a measure only is what it was."""
    halt = desk.state.halts.get(cause)
    if halt is not None:
        if not new or halt.overridden(desk.now) is None:
            return
        desk.emit(OverrideEnded(cause=cause, why="raised_again", by=by, detail=detail))
    known, reset = CAUSES[cause], halts.reset_of(desk.state, cause, desk.now)
    level = int(known.level)
    if reset != known.reset:
        detail = f"{detail}; it came back too often to be left to itself"
    desk.emit(HaltRaised(cause=cause, level=level, reset=reset, by=by, detail=detail))
    clear_entries(desk)


def clear_entries(desk: Context) -> None:
    """Below TRADING nothing may rest that could still add risk. Asked again when a cancel did not get through."""
    state = desk.state
    if halts.level_at(state, desk.now) == Level.TRADING:
        return
    causes = ", ".join(halt.cause for halt in halts.holding(state, desk.now))
    for order in list(state.orders.values()):
        entry = order.intent.action == "open"
        if entry and order.status in ("working", "quarantined") and may_ask_cancel(order, desk.now):
            desk.emit(CancelReleased(order_id=order.order.order_id, by="desk", why=f"halted: {causes}"))


def keep_promise(desk: Context, order: OrderState) -> None:
    """Carry out the cancel that waited for this order to be live, or perhaps live."""
    order_id = order.order.order_id
    if order.cancel == "kept" and order.status in CANCELLABLE and order_id in desk.state.orders:
        desk.emit(CancelReleased(order_id=order_id, by=order.cancel_by, why=A_PERSON))


def clear_off_grid(desk: Context, instrument: Instrument) -> None:
    """A new grid leaves the venue's old orders where they are: ours that do not lie on it any more are taken off."""
    for order in list(desk.state.orders.values()):
        if order.order.instrument == instrument.id and order.status in ("working", "quarantined"):
            renew_cancel(desk, order, instrument)


def renew_cancel(desk: Context, order: OrderState, instrument: Instrument | None) -> None:
    """Ask for what the clock, a person, a new grid or a strategy's end wants off, and again for what was asked in
    vain, unless an answer is on its way.

    An entry of a strategy that does not run any more rests for nobody: no one would take it off, or leave again.
    """
    terms = order.order
    if not may_ask_cancel(order, desk.now):
        return
    if order.cancel == "unknown":
        _again(desk, order)
    elif order.cancel_by:
        desk.emit(CancelReleased(order_id=terms.order_id, by=order.cancel_by, why=A_PERSON))
    elif terms.expires_ts is not None and desk.now >= terms.expires_ts:
        desk.emit(CancelReleased(order_id=terms.order_id, by="desk", why="its life is over"))
    elif terms.type == "limit" and instrument is not None and not price_fits(instrument, terms.price):
        desk.emit(CancelReleased(order_id=terms.order_id, by="desk", why="its price is off the market's new grid"))
    elif order.intent.action == "open" and terms.parent is None and order.intent.strategy not in desk.names:
        desk.emit(CancelReleased(order_id=terms.order_id, by="desk", why="its strategy does not run any more"))
    elif order.cancel in AGAIN:
        _again(desk, order)


def _again(desk: Context, order: OrderState) -> None:
    """Somebody wanted it off, and it still rests or may do so."""
    why, taken_by = AGAIN[order.cancel], order.superseded_by
    order_id = order.order.order_id
    desk.emit(CancelReleased(order_id=order_id, by="desk", why=why, superseded_by=taken_by))
