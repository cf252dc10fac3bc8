"""The life of an order as one table, and what its facts do to the state.

`released` means that we may have sent it. Statuses that end a life are left only by a fill that comes late: the
money moves, and the order goes to quarantine for a person to look at. Nothing is ever forgotten.
"""

from assent.desk import brackets, warrants
from assent.desk.state import OrderState, State
from assent.model.errors import InvariantBroken
from assent.model.facts import (
    CancelEnded,
    CancelKept,
    CancelReleased,
    OrderAccepted,
    OrderClosed,
    OrderNotSent,
    OrderQuarantined,
    OrderRefused,
    OrderReleased,
    OrderResolved,
    OrderUnknown,
)
from assent.model.inputs import Accepted
from assent.model.units import SECOND
from assent.model.would import AckSimulated, WouldOrderEnded, WouldRelease

# (status, event) -> status. What is not here is not a step that an order's life has.
TRANSITIONS: dict[tuple[str, str], str] = {
    ("released", "accept"): "working",
    ("released", "refuse"): "refused",
    ("released", "not_send"): "not_sent",
    ("released", "lose"): "unknown",
    ("released", "fill"): "working",
    ("released", "close"): "closing",
    ("unknown", "accept"): "working",
    ("unknown", "refuse"): "refused",
    ("unknown", "find"): "working",
    ("unknown", "miss"): "absent",
    ("unknown", "fill"): "working",
    ("unknown", "close"): "closing",
    ("working", "accept"): "working",
    ("working", "fill"): "working",
    ("working", "close"): "closing",
    ("closing", "accept"): "closing",
    ("closing", "fill"): "closing",
    ("closing", "close"): "closing",
    ("filled", "accept"): "filled",
    ("closed", "accept"): "closed",
    # Late evidence: the only ways out of an ended life, each with an alarm.
    ("filled", "fill"): "quarantined",
    ("closed", "fill"): "quarantined",
    ("refused", "fill"): "quarantined",
    ("not_sent", "fill"): "quarantined",
    ("absent", "fill"): "quarantined",
    ("refused", "accept"): "quarantined",
    ("not_sent", "accept"): "quarantined",
    ("absent", "accept"): "quarantined",
    ("quarantined", "fill"): "quarantined",
    ("quarantined", "accept"): "quarantined",
    ("quarantined", "close"): "quarantined",
}

ENDED = frozenset(("filled", "closed", "refused", "not_sent", "absent"))
# An order in quarantine has ended as well, but is held open as long as something of it may rest at the venue.
OVER = ENDED | {"quarantined"}
# May still reach the venue's book or be on it.
RESTING = frozenset(("released", "unknown", "working"))
# In observe: it is nowhere, and stands as if it were at the venue.
WOULD_REST = "would rest"
# A venue that refused a cancel is asked again after this long, as long as the order still rests.
CANCEL_AGAIN = 60 * SECOND
A_PERSON = "a person asked"


def may(status: str, event: str) -> bool:
    """Whether an order in this status can live through this event."""
    return (status, event) in TRANSITIONS


def may_ask_cancel(order: OrderState, now: int) -> bool:
    """Not while an answer is on its way; at once when the last one never got through; after a refusal, later."""
    if order.cancel == "refused":
        return now - order.cancel_ts >= CANCEL_AGAIN
    return order.cancel != "asked"


def order_released(state: State, ts: int, fact: OrderReleased) -> None:
    order = fact.order
    if state.find_order(order.order_id) is not None:
        raise InvariantBroken("order_released_twice", order_id=order.order_id)
    parent = state.orders.get(order.parent) if order.parent is not None else None
    intent = brackets.intent_of_child(parent, order) if parent else state.proposed.pop(order.intent_id)
    warrant = warrants.warrant_of(state, intent, digest=fact.digest, assent=fact.assent, parent=parent, fact=fact)
    state.orders[order.order_id] = OrderState(
        order=order, intent=intent, status="released", released_ts=ts, released_seq=state.seq, belts=state.belts,
        digest=fact.digest, warrant=warrant,
    )  # fmt: skip


def would_release(state: State, ts: int, fact: WouldRelease) -> None:
    order = fact.order
    parent = state.would.get(order.parent) if order.parent is not None else None
    intent = brackets.intent_of_child(parent, order) if parent else state.proposed.pop(order.intent_id)
    warrant = warrants.warrant_of(state, intent, digest=fact.digest, assent=fact.assent, parent=parent, fact=fact)
    state.would[order.order_id] = OrderState(
        order=order, intent=intent, status=WOULD_REST, released_ts=ts, released_seq=state.seq, digest=fact.digest,
        warrant=warrant,
    )  # fmt: skip


def ack_simulated(state: State, _ts: int, fact: AckSimulated) -> None:
    order = state.would[fact.order_id]
    order.venue_filled = None if fact.remaining else 0


def would_order_ended(state: State, _ts: int, fact: WouldOrderEnded) -> None:
    del state.would[fact.order_id]


def order_accepted(state: State, _ts: int, fact: OrderAccepted) -> None:
    order = step(state, fact.order_id, "accept")
    order.venue_order_id = fact.venue_order_id
    _learn_rest(state, order, fact.filled, fact.remaining)


def order_refused(state: State, _ts: int, fact: OrderRefused) -> None:
    step(state, fact.order_id, "refuse")


def order_not_sent(state: State, _ts: int, fact: OrderNotSent) -> None:
    step(state, fact.order_id, "not_send")


def order_unknown(state: State, ts: int, fact: OrderUnknown) -> None:
    step(state, fact.order_id, "lose").unknown_ts = ts


def order_resolved(state: State, _ts: int, fact: OrderResolved) -> None:
    finding = fact.finding
    if type(finding) is not Accepted:
        step(state, fact.order_id, "miss")
        return
    known = state.orders.get(fact.order_id)
    # Of one that was there a person says that nothing of it rests, and how much of it there was.
    ended = known is not None and known.status in ("closing", "working") and bool(fact.by)
    order = step(state, fact.order_id, "close" if ended else "find")
    order.venue_order_id = finding.venue_order_id
    _learn_rest(state, order, finding.filled, finding.remaining)


def order_closed(state: State, _ts: int, fact: OrderClosed) -> None:
    order = step(state, fact.order_id, "close")
    order.venue_filled = fact.filled
    end_if_done(state, order)


def order_quarantined(state: State, _ts: int, fact: OrderQuarantined) -> None:
    order = state.find_order(fact.order_id)
    if order is None:
        raise InvariantBroken("quarantine_of_no_order", order_id=fact.order_id)
    order.status = "quarantined"
    _settle_down(state, order)


def cancel_released(state: State, ts: int, fact: CancelReleased) -> None:
    order = state.orders[fact.order_id]
    order.cancel, order.cancel_ts = "asked", ts
    # A person's wish stands until nothing rests, whatever the venue says to one asking.
    order.cancel_by = fact.by if fact.why == A_PERSON else order.cancel_by
    order.superseded_by = fact.superseded_by


def cancel_ended(state: State, _ts: int, fact: CancelEnded) -> None:
    order = state.orders.get(fact.order_id)
    if order:
        order.cancel = fact.result
        # What certainly did not take the order off has not superseded it either.
        order.superseded_by = order.superseded_by if fact.result == "unknown" else ""


def cancel_kept(state: State, ts: int, fact: CancelKept) -> None:
    order = state.orders[fact.order_id]
    order.cancel, order.cancel_by, order.cancel_ts = "kept", fact.by, ts


def end_with_market(state: State, instrument: str) -> None:
    """A venue takes every order off before it pays: nothing rests, but fills from before may still be told, so the
    worst case counts until the venue's record says how much was executed. What may not have arrived stays unknown."""
    for order in state.orders.values():
        if order.order.instrument == instrument and order.status == "working":
            order.status = "closing"


def step(state: State, order_id: str, event: str) -> OrderState:
    """Move one order along the table."""
    order = state.orders.get(order_id) or state.archive.orders.get(order_id)
    if order is None:
        raise InvariantBroken("event_for_no_order", order_id=order_id, order_event=event)
    status = TRANSITIONS.get((order.status, event))
    if status is None:
        raise InvariantBroken("order_cannot", order_id=order_id, status=order.status, order_event=event)
    order.status = status
    if status in OVER:
        _settle_down(state, order)
    return order


def end_if_done(state: State, order: OrderState) -> None:
    """An order is over when all of it is filled, or all that the venue says was ever filled has been booked."""
    if order.status not in OVER:
        if order.filled >= order.order.qty:
            order.status = "filled"
        elif order.venue_filled is not None and order.filled + order.busted >= order.venue_filled:
            order.status = "closed"
        else:
            if order.status == "working" and order.order.instrument in state.archive.outcomes:
                order.status = "closing"
            return
    _settle_down(state, order)


def _learn_rest(state: State, order: OrderState, filled: int, remaining: int) -> None:
    """An answer with nothing remaining closes the order at what the venue executed by then."""
    if remaining == 0 and order.status not in ENDED:
        step(state, order.order.order_id, "close")
        order.venue_filled = max(filled, order.filled + order.busted)
    end_if_done(state, order)


def _settle_down(state: State, order: OrderState) -> None:
    """An ended order goes to the archive. One in quarantine that may still rest at the venue stays among, or comes back
    to, the open ones: its worst case counts until the venue says that nothing is left of it."""
    order_id = order.order.order_id
    if order.status == "quarantined" and order.open_qty:
        state.archive.orders.pop(order_id, None)
        state.orders[order_id] = order
    elif state.orders.pop(order_id, None) is not None or order.status == "quarantined":
        state.archive.orders[order_id] = order
        state.archive.note(order)
