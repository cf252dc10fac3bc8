"""What each cycle of the clock brings about, in this order."""

from assent.desk import account, amending, exits, halts, intake, looked, losses, norms, observing, ranking, recall
from assent.desk.context import Context
from assent.model.facts import HaltCleared
from assent.model.inputs import TimePassed
from assent.model.units import SECOND

# An order whose fate stays unknown for longer than this halts the desk for a person.
UNKNOWN_MAX = 120 * SECOND


def time_passed(desk: Context, _inp: TimePassed) -> None:
    """One cycle: overdue unknowns, expired orders, equity, halts that have gone quiet, overdue looks, then the
    strategies."""
    state, now = desk.state, desk.now
    for order in list(state.orders.values()):
        order_id = order.order.order_id
        if order.unknown_ts is not None and order.status == "unknown" and now - order.unknown_ts > UNKNOWN_MAX:
            recall.raise_halt(desk, "unknown_overdue", by="desk", detail=f"order {order_id}")
        if order.status == "working":
            recall.renew_cancel(desk, order, state.find_instrument(order.order.instrument))
    recall.clear_entries(desk)
    amending.clear_outdated(desk)
    intake.forget(desk)
    account.watch_books(desk)
    norms.sample(desk)
    account.mark_equity(desk)
    losses.watch(desk)
    for cause in halts.quiet_causes(state, desk.cause_seen, now):
        desk.emit(HaltCleared(cause=cause, by="desk", reason="quiet for long enough"))
    observing.cycle(desk)
    looked.cycle(desk)
    exits.cycle(desk)
    ranking.cycle(desk)
