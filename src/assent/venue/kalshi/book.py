"""One market's book from its snapshot and its deltas, in YES terms: bids of YES, and asks that are bids of NO.

A book that cannot be true says so and is not to be used: a level below zero, a bid that reaches the ask, a price twice
in one snapshot. It knows nothing of sequences, time or freshness.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable
from typing import NamedTuple

from assent.venue.kalshi.messages import Level, Outcome


class Top(NamedTuple):
    """The best of both sides; None where a side is empty."""

    bid: int | None
    bid_qty: int | None
    ask: int | None
    ask_qty: int | None


class Book:
    """Price levels of both sides. Each answer that is not None says what is broken; then only a snapshot helps."""

    __slots__ = ("_ask_prices", "_asks", "_bid_prices", "_bids")

    def __init__(self) -> None:
        self._bids: dict[int, int] = {}
        self._asks: dict[int, int] = {}
        # Ascending: the best bid is the last one, the best ask the first.
        self._bid_prices: list[int] = []
        self._ask_prices: list[int] = []

    def replace(self, bids: Iterable[Level], asks: Iterable[Level]) -> str | None:
        """Take a snapshot in place of whatever stood here. Levels come in any order; one without size is no level."""
        bids, asks = list(bids), list(asks)
        self._bids = {price: qty for price, qty in bids if qty}
        self._asks = {price: qty for price, qty in asks if qty}
        self._bid_prices = sorted(self._bids)
        self._ask_prices = sorted(self._asks)
        if len({price for price, _ in bids}) != len(bids) or len({price for price, _ in asks}) != len(asks):
            return "a price stands twice in the snapshot"
        if any(qty < 0 for qty in self._bids.values()) or any(qty < 0 for qty in self._asks.values()):
            return "a level of the snapshot is below zero"
        return self._crossed()

    def change(self, side: Outcome, price: int, by: int) -> str | None:
        """Add `by` contracts to one level; it may be negative."""
        levels, prices = (self._bids, self._bid_prices) if side == "yes" else (self._asks, self._ask_prices)
        before = levels.get(price, 0)
        qty = before + by
        if qty > 0:
            levels[price] = qty
            if not before:
                insort(prices, price)
                return self._crossed()
            return None
        if before:
            del levels[price]
            del prices[bisect_left(prices, price)]
        return f"the {side} level at {price} fell to {qty}" if qty < 0 else None

    def top(self) -> Top:
        bid = self._bid_prices[-1] if self._bid_prices else None
        ask = self._ask_prices[0] if self._ask_prices else None
        return Top(bid, None if bid is None else self._bids[bid], ask, None if ask is None else self._asks[ask])

    def levels(self) -> tuple[tuple[Level, ...], tuple[Level, ...]]:
        """Both sides whole, best first."""
        bids = tuple((price, self._bids[price]) for price in reversed(self._bid_prices))
        return bids, tuple((price, self._asks[price]) for price in self._ask_prices)

    def _crossed(self) -> str | None:
        if self._bid_prices and self._ask_prices and self._bid_prices[-1] >= self._ask_prices[0]:
            return f"the bid {self._bid_prices[-1]} reaches the ask {self._ask_prices[0]}"
        return None
