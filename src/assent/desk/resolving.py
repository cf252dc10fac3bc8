"""What no evidence settles: a named person says what became of an order, and on what evidence.

Either its fate is unknown; or it waits for a word of the venue that never comes (see `desk.awaiting`). What was
executed is booked at once, under an identity made of the order's. The venue's own report of the same execution, should
it come after all, is recognised by order, side, price and quantity and moves nothing; a report of anything else is a
late fill: it moves the money, stops the desk, and the books will differ. It never doubles silently.
"""

from assent.desk import awaiting
from assent.desk.state import OrderState, State
from assent.model.facts import OrderResolved
from assent.model.fees import fee_worst
from assent.model.inputs import Absent, Accepted, Evidence
from assent.model.instruments import BinaryContract, Instrument
from assent.model.orders import Fill
from assent.model.settling import ActRefused, ResolutionAsked
from assent.model.text import shown
from assent.model.units import MICRO, is_value

BY_HAND = "by-hand-"
EVIDENCE_MAX = 500


def may_be_settled(order: OrderState) -> bool:
    """Whether a person's word may end it: a fate that is unknown, or a wait for the venue's word."""
    return order.status == "unknown" or awaiting.waits(order)


def resolved(state: State, inp: ResolutionAsked) -> tuple[OrderResolved, Fill | None] | ActRefused:
    """What the person's word comes to: a finding and, where something was executed, the fill to book."""
    order = state.find_order(inp.order_id)
    instrument = state.find_instrument(order.order.instrument) if order else None
    why = _obstacle(inp, order, instrument)
    if why is not None or order is None or instrument is None:
        return ActRefused(act="resolve", subject=shown(inp.order_id), by=shown(inp.by), why=why or "it is not known")
    evidence, terms = shown(inp.evidence, EVIDENCE_MAX), order.order
    executed = order.filled if inp.filled is None else inp.filled
    finding: Evidence = Absent(evidence)
    if executed or order.status != "unknown":
        # The venue's own count holds what it took back since.
        finding = Accepted(order.venue_order_id, executed + order.busted, 0)
    fact = OrderResolved(
        order_id=terms.order_id, finding=finding, source=evidence, by=shown(inp.by), reason=shown(inp.reason)
    )
    missing = executed - order.filled
    if not missing:
        return fact, None
    price = terms.price if inp.price is None else inp.price
    fee = fee_worst(instrument, terms.side, price, missing) if inp.fee is None else inp.fee
    fill = Fill(
        fill_id=BY_HAND + terms.order_id, order_id=terms.order_id, instrument=terms.instrument, side=terms.side,
        price=price, qty=missing, fee=fee, taker=True, venue_ts=0,
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
    if not may_be_settled(order):
        return (
            f"the order is {order.status}; only one whose fate is unknown, whose fills never come, or that the venue"
            " never named, needs a person's word"
        )
    fault = _not_its_end(inp.filled, order)
    if fault or not inp.filled:
        return fault
    price = order.order.price if inp.price is None else inp.price
    top = MICRO if type(instrument) is BinaryContract else None
    if not is_value(price) or price <= 0 or (top is not None and price >= top):
        return f"{price} micros is no price in this market"
    if inp.fee is not None and not (is_value(inp.fee) and inp.fee >= 0):
        return f"{inp.fee} micros is no fee that a venue takes"
    return None


def _not_its_end(filled: int | None, order: OrderState) -> str | None:
    """Why an order that stands so cannot have come to that, or None. `filled`: in all; nothing beyond what is booked
    where it is None, never placed where it is zero."""
    if order.status == "unknown":
        if filled is None:
            return "nobody knows that it ever rested, so it cannot just have ended: it was filled, or never placed"
    elif filled is None:
        return None
    elif not filled:
        return "the venue had it, so it was placed: it ended as it is booked, or more of it was filled"
    elif is_value(filled) and filled < order.filled:
        return f"{order.filled} micros of it are booked already; say how much was filled in all"
    if not is_value(filled) or not 0 <= filled <= order.order.qty:
        return f"{filled} micros cannot have been filled of an order of {order.order.qty}"
    return None
