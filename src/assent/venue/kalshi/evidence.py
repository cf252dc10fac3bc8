"""What counts as evidence of an order's fate. Pure rules over what was read; nothing is asked here.

That an order is found is said by one row that is ours in everything: client id, market, side, price, size. That it is
absent needs more, since the venue's lists lag behind its matching and a request may be on its way for long:

- its signature has aged past the window in which the venue still takes it, by the venue's own time. A request with
  that signature that has not been taken in by then never will be;
- two complete lists, of both tiers where the order may lie in either, were read from a model of that age, at different
  times, and did not hold it;
- no fill of its market, side and time is without an order in those lists.
"""

from collections.abc import Iterable
from typing import Final

from assent.model.inputs import Accepted
from assent.model.orders import Order
from assent.model.units import SECOND
from assent.venue.kalshi.wire_orders import ListedFill, ListedOrder, Placed
from assent.venue.port import Ended

# The venue was seen to take signatures of up to 30 and to refuse those of 60 seconds; this is that with a margin.
SIGNATURE_LIFE: Final = 90 * SECOND
# After a restart nobody knows when an order was signed: no later than so long after its release, the permit's life
# and the longest wait for its turn included, with a margin.
SIGNED_WITHIN: Final = 10 * SECOND
# How far our clock may be ahead of the venue's: an order found may seem to be this much older than its release.
SKEW: Final = 5 * SECOND
LISTS_NEEDED: Final = 2
# Lists that are nearer to each other are one look.
LISTS_APART: Final = SECOND


def is_found(order: Order) -> bool:
    """Whether it was found at the venue and adopted: it has the venue's id for its name, and no idea of ours."""
    return not order.intent_id


def difference(order: Order, listed: ListedOrder) -> str | None:
    """In what the order listed under our client id is not the one that we sent, or None. Whoever sent one that was
    found may have changed its price and size since."""
    market_side: tuple[tuple[str, object, object], ...] = (
        ("market", order.instrument, listed.ticker),
        ("side", order.side, listed.side),
    )
    pairs: tuple[tuple[str, object, object], ...] = (
        (("order id", order.order_id, listed.order_id), *market_side)
        if is_found(order)
        else (
            ("client order id", order.order_id, listed.client_order_id),
            *market_side,
            ("price", order.price, listed.price),
            ("size", order.qty, listed.initial),
        )
    )
    for name, ours, theirs in pairs:
        if ours != theirs:
            return f"{name} {ours} was sent, {theirs} stands there"
    return None


def older_than_release(listed: ListedOrder, since_ts: int) -> bool:
    """Whether it was created before we can have sent it. A row that does not say when cannot be taken for ours."""
    return listed.created_ts is None or listed.created_ts < since_ts - SKEW


def finding(listed: ListedOrder, executed: int) -> Accepted | Ended:
    """What a row of ours says. `executed` is what fills told us was executed, those taken back since included: a row
    that shows less lags behind them."""
    filled = max(listed.filled, executed)
    if listed.status == "resting":
        return Accepted(listed.order_id, filled, max(0, min(listed.remaining, listed.initial - filled)))
    return Ended(listed.why or listed.status, filled)


def placed_fault(order: Order, placed: Placed) -> str | None:
    """Why this answer to a create cannot be about our order, or None."""
    if placed.client_order_id != order.order_id:
        return f"it names the order {placed.client_order_id or 'without a client id'}, not ours"
    rests = order.time_in_force == "gtc"
    whole = placed.filled + placed.remaining
    if whole > order.qty or (placed.remaining and (not rests or whole != order.qty)):
        return f"{placed.filled} filled and {placed.remaining} resting do not make {order.qty}"
    return None


def latest_signature(signed_ts: int | None, since_ts: int) -> int:
    """The latest time at which the order can have been signed."""
    return since_ts + SIGNED_WITHIN if signed_ts is None else signed_ts


def may_still_arrive(model_ts: int, signed_ts: int) -> bool:
    """Whether, in the venue's own time of its read model, a request with this signature may still be taken in."""
    return model_ts < signed_ts + SIGNATURE_LIFE


def orphan(order: Order, since_ts: int, fills: Iterable[ListedFill], listed: Iterable[ListedOrder]) -> str | None:
    """A fill that may be this order's: of its market and side, since its release, of an order that no list shows."""
    known = {row.order_id for row in listed}
    for fill in fills:
        alike = fill.ticker == order.instrument and fill.side == order.side and fill.ts >= since_ts - SKEW
        if alike and fill.order_id not in known:
            return fill.fill_id
    return None
