"""May this order leave now, in these terms: the last question before its first byte. The durable state alone answers.

It is asked in the step that hands an order over, and again when its bytes are about to leave, for what these bytes say:
a halt, a cancel, an answer, too much time or another price may have come between.
"""

from typing import Final

from assent.desk import brackets, charter, halts, warrants
from assent.desk.state import OrderState, State
from assent.model.levels import ALLOWED
from assent.model.orders import DIFFERS
from assent.model.units import SECOND

# A release that could not be sent within this time is stale and is not sent at all.
PERMIT_LIFE: Final = 2 * SECOND


def obstacle(state: State, order_id: str, now: int, digest: str) -> str | None:
    """Why this order must not be sent now, or None. `digest` is that of the order in the bytes that would be sent."""
    seal = state.seal
    if seal is None or seal.mode == charter.OBSERVE:
        return "no_order_path"
    order = state.orders.get(order_id)
    if order is None:
        return "not_released" if state.find_order(order_id) is None else "already_answered"
    if order.status != "released":
        return "already_answered"
    return warrants.fault(seal, order, digest) or _in_the_way(state, order, now)


def cancel_obstacle(state: State, order_id: str, venue_order_id: str, instrument: str) -> str | None:
    """Why these bytes must not be sent, which take this order of the venue's off, or None: nothing but the order whose
    cancel stands in the ledger may be taken off. An id that the venue never told us is its adapter's to know."""
    order = state.find_order(order_id)
    if order is None:
        return "not_released"
    known = order.venue_order_id or venue_order_id
    meant = order.cancel == "asked" and (known, order.order.instrument) == (venue_order_id, instrument)
    return None if meant else DIFFERS


def _in_the_way(state: State, order: OrderState, now: int) -> str | None:
    """What has come between the release and now."""
    if order.order.parent is not None:
        fault = brackets.obstacle(state, order) or _entry_stays(state, order.order.parent, now)
        if fault:
            return fault
    elif order.intent.action not in ALLOWED[halts.level_at(state, now)] or order.intent.strategy in state.stopped:
        return "kill_switch_guard" if halts.spoken_for(state, "kill_switch_guard", now) else "halted"
    if order.cancel == "kept":
        return "cancelled"
    if order.order.instrument in state.archive.outcomes:
        return "market_settled"
    if charter.outdated(state, order):
        return "limits_changed"
    expires = order.order.expires_ts
    if now - order.released_ts > PERMIT_LIFE or (expires is not None and now >= expires):
        return "permit_expired"
    return None


def _entry_stays(state: State, entry_id: str, now: int) -> str | None:
    """Legs are sent beside their entry: where that may not leave, there will be nothing for them to leave."""
    entry = state.orders.get(entry_id)
    if entry is None or entry.status != "released":
        return None
    return "parent_ended" if _in_the_way(state, entry, now) else None
