"""Orders that wait for the venue's word on something that has happened: the fills of one that has ended, which the
venue counts and does not tell of; the venue's own name of one that was filled in part and never answered.

It may be late, so they wait for it, and the books are not compared meanwhile. Whether evidence may still come is known
by looking: once the venue's whole books have been read again and again for long enough, without a break and without a
fill more, nothing that we can ask for is left, and a person may say what became of it.
"""

from assent.desk.context import Awaited, Context
from assent.desk.state import OrderState, State
from assent.model.units import MINUTE

# Longer than any list of the venue was seen to lag behind, and than the books may stay uncompared.
LOOKED_FOR = 5 * MINUTE


def waits(order: OrderState) -> bool:
    """Whether it waits for such a word."""
    return order.status == "closing" or (order.status == "working" and not order.venue_order_id)


def owed_since(state: State) -> int | None:
    """From when on executions may be missing here of which we know that they are; None where none are. Lists that only
    go back to what the last ones had would never bring them."""
    return min((order.released_ts for order in state.orders.values() if waits(order)), default=None)


def books_read(desk: Context) -> None:
    """The venue's books came, with every execution that it lists."""
    known, desk.awaited = desk.awaited, {}
    for name, order in desk.state.orders.items():
        if waits(order):
            executed = order.filled + order.busted
            before = known.get(name, Awaited(desk.now, executed))
            desk.awaited[name] = before if before.executed == executed else Awaited(desk.now, executed)


def books_unread(desk: Context) -> None:
    """Nobody could look, so nothing was looked for in vain: it begins anew."""
    desk.awaited = {}


def obstacle(desk: Context, order: OrderState) -> str | None:
    """Why evidence of what this order executed may still come, or None. What this process has not looked for itself
    counts as not looked for."""
    if not waits(order):
        return None
    known = desk.awaited.get(order.order.order_id)
    if known is None or known.executed != order.filled + order.busted:
        return (
            "evidence may still come: this process has not read the venue's books since it is missing; let the"
            " desk run and compare them for five minutes"
        )
    left = LOOKED_FOR - (desk.now - known.since_ts)
    if left > 0:
        return (
            f"evidence may still come: the venue's books are to be read in vain for {-(-left // 1_000_000_000)} s more"
        )
    return None
