"""One market's book: price first, then time, in YES terms.

The book knows who rests where and in which order they would trade. It must never know money, accounts' rights
or the clock: those belong to the core, which is the only one to change it.
"""

from bisect import bisect_left, insort
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from assent.exchange.types import ExchangeError

if TYPE_CHECKING:
    from assent.exchange.accounts import Order


class Top(NamedTuple):
    bid: int | None
    bid_qty: int
    ask: int | None
    ask_qty: int


NO_TOP = Top(None, 0, None, 0)


class Level:
    """The orders at one price, oldest first: a dict keeps arrival order and forgets a member at once."""

    __slots__ = ("orders", "price", "qty")

    def __init__(self, price: int) -> None:
        self.price = price
        self.qty = 0
        self.orders: dict[str, Order] = {}


class BookSide:
    """Price levels of one side. `keys` ascend towards the best price, which is therefore always the last."""

    __slots__ = ("keys", "levels", "sign")

    def __init__(self, sign: int) -> None:
        self.sign = sign
        self.keys: list[int] = []
        self.levels: dict[int, Level] = {}

    def best(self) -> Level | None:
        return self.levels[self.keys[-1]] if self.keys else None

    def add(self, order: "Order") -> None:
        key = order.price * self.sign
        level = self.levels.get(key)
        if level is None:
            level = self.levels[key] = Level(order.price)
            insort(self.keys, key)
        level.orders[order.order_id] = order
        level.qty += order.remaining

    def reduce(self, order: "Order", qty: int) -> None:
        """Fill `qty` of a resting order; it keeps its place, or leaves when nothing remains."""
        level = self.levels[order.price * self.sign]
        order.remaining -= qty
        level.qty -= qty
        if not order.remaining:
            self._leave(level, order)

    def trade(self, maker: "Order", taker: "Order", qty: int) -> None:
        """Fill both by `qty`; the maker is the one that rests here."""
        self.reduce(maker, qty)
        taker.remaining -= qty

    def remove(self, order: "Order") -> None:
        """Take an order off the book as it stands; what it still wanted stays written on it."""
        level = self.levels[order.price * self.sign]
        level.qty -= order.remaining
        self._leave(level, order)

    def _leave(self, level: Level, order: "Order") -> None:
        del level.orders[order.order_id]
        if level.orders:
            return
        key = order.price * self.sign
        del self.levels[key]
        if self.keys[-1] == key:
            self.keys.pop()
        else:
            del self.keys[bisect_left(self.keys, key)]

    def within(self, limit: int) -> Iterator["Order"]:
        """Resting orders in the sequence in which a taker with this limit would meet them."""
        worst = limit * self.sign
        for key in reversed(self.keys):
            if key < worst:
                return
            yield from self.levels[key].orders.values()

    def ahead_of(self, order: "Order") -> int:
        """What would trade before this order, which rests here."""
        ahead = 0
        for other in self.within(order.price):
            if other is order:
                break
            ahead += other.remaining
        return ahead

    def volume_within(self, limit: int) -> int:
        worst = limit * self.sign
        return sum(self.levels[key].qty for key in self.keys[bisect_left(self.keys, worst) :])

    def depth(self, levels: int | None = None) -> list[tuple[int, int]]:
        """(price, qty), best first."""
        keys = self.keys[::-1] if levels is None else self.keys[: -levels - 1 : -1]
        return [(self.levels[key].price, self.levels[key].qty) for key in keys]


class Book:
    __slots__ = ("asks", "bids")

    def __init__(self) -> None:
        self.bids = BookSide(1)
        self.asks = BookSide(-1)

    def home_of(self, order: "Order") -> BookSide:
        return self.bids if order.is_buy else self.asks

    def opposite_of(self, order: "Order") -> BookSide:
        return self.asks if order.is_buy else self.bids

    def crosses(self, order: "Order") -> bool:
        other = self.asks if order.is_buy else self.bids
        return bool(other.keys) and other.keys[-1] >= order.price * other.sign

    def top(self) -> Top:
        bids, asks = self.bids, self.asks
        bid = bids.levels[bids.keys[-1]] if bids.keys else None
        ask = asks.levels[asks.keys[-1]] if asks.keys else None
        if bid is None:
            return NO_TOP if ask is None else Top(None, 0, ask.price, ask.qty)
        if ask is None:
            return Top(bid.price, bid.qty, None, 0)
        return Top(bid.price, bid.qty, ask.price, ask.qty)

    def orders(self) -> list["Order"]:
        """All resting orders, bids before asks, best and oldest first."""
        return [*self.bids.within(0), *self.asks.within(1_000_000)]

    def check(self) -> None:
        """Refuse to go on with a crossed book or a level that does not add up: both would be our own bug."""
        top = self.top()
        if top.bid is not None and top.ask is not None and top.bid >= top.ask:
            raise ExchangeError(f"the book is crossed: bid {top.bid}, ask {top.ask}")
        for side in (self.bids, self.asks):
            if side.keys != sorted(side.levels):
                raise ExchangeError("price levels and their order disagree")
            for level in side.levels.values():
                if level.qty != sum(order.remaining for order in level.orders.values()):
                    raise ExchangeError(f"the level at {level.price} does not add up to its orders")
