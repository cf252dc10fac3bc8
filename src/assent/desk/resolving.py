"""The unknown that no evidence settles: a named person says what became of the order, and on what evidence.

What was executed is booked at once, under an identity made of the order's. The venue's own report of the same
execution, should it come after all, is recognised by order, side, price and quantity and moves nothing; a report of
anything else is a late fill: it moves the money, stops the desk, and the books will differ. It never doubles silently.
"""

from assent.desk.state import OrderState, State
from assent.model.facts import OrderResolved
from assent.model.fees import fee_worst
from assent.model.inputs import Absent, Accepted
from assent.model.instruments import BinaryContract, Instrument
from assent.model.orders import Fill
from assent.model.settling import ActRefused, ResolutionAsked
from assent.model.text import shown
from assent.model.units import MICRO, is_value

BY_HAND = "by-hand-"
EVIDENCE_MAX = 500


def resolved(state: State, inp: ResolutionAsked) -> tuple[OrderResolved, Fill | None] | ActRefused:
    """What the person's word comes to: a finding and, where something was executed, the fill to book."""
    order = state.find_order(inp.order_id)
    instrument = state.find_instrument(order.order.instrument) if order else None
    why = _obstacle(inp, order, instrument)
    if why is not None or order is None or instrument is None:
        return ActRefused(act="resolve", subject=shown(inp.order_id), by=shown(inp.by), why=why or "it is not known")
    evidence, terms = shown(inp.evidence, EVIDENCE_MAX), order.order
    finding = Accepted("", inp.filled, 0) if inp.filled else Absent(evidence)
    fact = OrderResolved(
        order_id=terms.order_id, finding=finding, source=evidence, by=shown(inp.by), reason=shown(inp.reason)
    )
    if not inp.filled:
        return fact, None
    price = terms.price if inp.price is None else inp.price
    fee = fee_worst(instrument, terms.side, price, inp.filled) if inp.fee is None else inp.fee
    fill = Fill(
        fill_id=BY_HAND + terms.order_id, order_id=terms.order_id, instrument=terms.instrument, side=terms.side,
        price=price, qty=inp.filled, fee=fee, taker=True, venue_ts=0,
    )  # fmt: skip
    return fact, fill


def is_booked(state: State, fill: Fill) -> bool:
    """Whether a person's word has booked this execution, or the larger one that it is a piece of."""
    by_hand = state.archive.fills.get(BY_HAND + fill.order_id)
    if by_hand is None or fill.fill_id == by_hand.fill_id or fill.price != by_hand.price:
        return False
    told = sum(known.qty for known in state.archive.noted.values() if known.order_id == fill.order_id)
    return told + fill.qty <= by_hand.qty


def _obstacle(inp: ResolutionAsked, order: OrderState | None, instrument: Instrument | None) -> str | None:
    """Why this may not be booked, or None."""
    if not inp.by.strip() or not inp.reason.strip() or not inp.evidence.strip():
        return "it needs the name of a person, a reason and the evidence that it rests on"
    if order is None or instrument is None:
        return "no order of this desk has that name"
    if order.status != "unknown":
        return f"the order is {order.status}; only one whose fate is unknown needs a person's word"
    if not is_value(inp.filled) or not 0 <= inp.filled <= order.order.qty:
        return f"{inp.filled} micros cannot have been filled of an order of {order.order.qty}"
    if not inp.filled:
        return None
    price = order.order.price if inp.price is None else inp.price
    top = MICRO if type(instrument) is BinaryContract else None
    if not is_value(price) or price <= 0 or (top is not None and price >= top):
        return f"{price} micros is no price in this market"
    if inp.fee is not None and not (is_value(inp.fee) and inp.fee >= 0):
        return f"{inp.fee} micros is no fee that a venue takes"
    return None
