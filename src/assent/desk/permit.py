"""May this order leave now: the last question before its first byte, answered by the durable state alone.

It is asked in the step that hands an order over, and again by whoever had to wait on the way out, for a turn or for a
connection: a halt, a cancel, an answer or too much time may have come between.
"""

from typing import Final

from assent.desk import brackets, charter, halts, warrants
from assent.desk.state import State
from assent.model.levels import ALLOWED
from assent.model.units import SECOND

# A release that could not be sent within this time is stale and is not sent at all.
PERMIT_LIFE: Final = 2 * SECOND


def obstacle(state: State, order_id: str, now: int, digest: str) -> str | None:
    """Why an order of this name, whose bytes have this digest, must not be sent now, or None."""
    seal = state.seal
    if seal is None or seal.mode == charter.OBSERVE:
        return "no_order_path"
    order = state.orders.get(order_id)
    if order is None:
        return "not_released" if state.find_order(order_id) is None else "already_answered"
    if order.status != "released":
        return "already_answered"
    fault = warrants.fault(seal, order, digest)
    if fault:
        return fault
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
    waits = entry is not None and entry.status == "released"
    return "parent_ended" if entry is not None and waits and obstacle(state, entry_id, now, entry.digest) else None
