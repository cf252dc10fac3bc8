"""What has left the live lists: things that were over for longer than the box keeps them there.

What rests or is held stays live for ever. The historical tier tells the rest, under the same ids.
"""

from typing import NamedTuple

from assent.exchange.kalshi.box import Box
from assent.exchange.types import SECOND, MarketView, OrderView


class Cutoffs(NamedTuple):
    """What was settled, filled, closed, or settled as a position before these instants is historical."""

    markets: int
    trades: int
    orders: int
    positions: int


def cutoffs(box: Box, now: int) -> Cutoffs:
    live = _full_second(now - box.settings.live_ns)
    return Cutoffs(live, live, _full_second(now - box.settings.live_orders_ns), live)


def is_archived(box: Box, view: MarketView, now: int) -> bool:
    settled_ts = box.past[view.spec.ticker].settled_ts
    return settled_ts is not None and settled_ts < cutoffs(box, now).markets


def is_archived_order(box: Box, view: OrderView, now: int) -> bool:
    return view.status != "resting" and view.updated_ts < cutoffs(box, now).orders


def market_in(box: Box, ticker: str, now: int, *, archived: bool) -> MarketView | None:
    """The market if it stands in this tier."""
    view = box.exchange.market(ticker)
    return view if view is not None and is_archived(box, view, now) == archived else None


def _full_second(ts: int) -> int:
    return max(0, ts // SECOND * SECOND)
