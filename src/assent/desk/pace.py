"""How fast the desk trades: what was released today, in the last hour and in the last cycle, folded from releases.

What was refused does not count. What was released counts, whatever became of it: an order whose fate is unknown may
have been one. Days are the venue's, by UTC. Everything is bounded: a day's sums, and the newest releases of an hour.
"""

import msgspec

from assent.desk import exposure
from assent.desk.state import OrderState, Pace, Release, State
from assent.model.constitution import RELEASES_MOST
from assent.model.units import DAY, HOUR


class Window(msgspec.Struct, frozen=True):
    """Sums over a stretch of time that ends now. `whole`: nothing of it was forgotten."""

    orders: int
    notional: int
    entries: int
    whole: bool


def count_release(state: State, ts: int, released: OrderState) -> None:
    """Fold one release, or what would have been one. The legs of a bracket belong to their entry, which has been
    counted."""
    pace, order = state.pace, released.order
    if order.parent is not None:
        return
    instrument = state.find_instrument(order.instrument)
    worth = exposure.notional(instrument, order.side, order.price, order.qty) if instrument else 0
    entry = released.intent.action == "open"
    if pace.day != ts // DAY:
        pace = state.pace = Pace(day=ts // DAY, recent=pace.recent, entry_ts=pace.entry_ts)
    pace.orders += 1
    pace.notional += worth
    if entry:
        pace.entries[order.instrument] = pace.entries.get(order.instrument, 0) + 1
        pace.entry_ts = ts
    recent = pace.recent
    recent.append(Release(ts, worth, entry))
    # Only ever a few from the front: a list that is built anew for each order costs more than the order.
    gone = max(0, len(recent) - RELEASES_MOST)
    while recent[gone].ts <= ts - HOUR:
        gone += 1
    del recent[:gone]


def today(state: State, now: int) -> Pace:
    """The day's sums; those of another day are over."""
    return state.pace if state.pace.day == now // DAY else Pace(day=now // DAY)


def last(state: State, now: int, length: int) -> Window:
    """The releases of the last `length`, at most an hour."""
    recent = state.pace.recent
    inside = [one for one in recent if one.ts > now - length]
    return Window(
        orders=len(inside),
        notional=sum(one.notional for one in inside),
        entries=sum(one.entry for one in inside),
        whole=len(inside) < RELEASES_MOST,
    )
