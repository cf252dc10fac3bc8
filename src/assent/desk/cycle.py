"""What each cycle of the clock brings about, in this order."""

from assent.desk import (
    account,
    amending,
    assenting,
    exits,
    halts,
    intake,
    looked,
    losses,
    norms,
    observing,
    overriding,
    ranking,
    recall,
)
from assent.desk.context import Context
from assent.desk.state import OrderState
from assent.model.facts import HaltCleared
from assent.model.inputs import TimePassed
from assent.model.units import SECOND

# An order whose fate stays unknown for longer than this halts the desk for a person. Only time counts in which the
# venue could be asked: an outage or a night without a process is no reason why evidence should be here.
UNKNOWN_MAX = 120 * SECOND


def time_passed(desk: Context, _inp: TimePassed) -> None:
    """One cycle: overrides whose time is up, overdue unknowns, expired orders, equity, halts that have gone quiet,
    overdue looks, then the strategies."""
    state, now = desk.state, desk.now
    overriding.cycle(desk)
    for order in list(state.orders.values()):
        order_id = order.order.order_id
        if order.status == "unknown" and _overdue(desk, order):
            recall.raise_halt(desk, "unknown_overdue", by="desk", detail=f"order {order_id}")
        if order.status == "working":
            recall.renew_cancel(desk, order, state.find_instrument(order.order.instrument))
    recall.clear_entries(desk)
    amending.clear_outdated(desk)
    intake.forget(desk)
    account.watch_books(desk)
    norms.sample(desk)
    before = losses.crossed(state, now)
    account.mark_equity(desk)
    losses.watch(desk, before)
    for cause in halts.quiet_causes(state, desk.cause_seen, now):
        desk.emit(HaltCleared(cause=cause, by="desk", reason="quiet for long enough"))
    observing.cycle(desk)
    looked.cycle(desk)
    assenting.cycle(desk)
    exits.cycle(desk)
    ranking.cycle(desk)


def _overdue(desk: Context, order: OrderState) -> bool:
    if desk.unavailable_since is not None or order.unknown_ts is None:
        return False
    asked_since = max(order.unknown_ts, desk.state.started_ts, desk.readable_ts)
    return desk.now - asked_since > UNKNOWN_MAX
