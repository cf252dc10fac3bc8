"""Every change of a price level, told as it happens: what a public book feed is made of.

The core itself tells only how the top has changed. Who wants more has a book's two sides replaced by sides that tell;
nobody else pays for it. What is told takes no number in the sequence of events, so no world lives differently because
somebody watches it.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from assent.exchange.book import BookSide
from assent.exchange.markets import Market
from assent.exchange.types import Side

if TYPE_CHECKING:
    from assent.exchange.accounts import Order


class LevelChanged(NamedTuple):
    """One order's part of a level grew or shrank by `change`; zero if it was amended in place.

    `account` and `order_id` are the resting order's. `cause` is the order that brought it about: the taker in a trade,
    otherwise the resting one itself.
    """

    market: str
    side: Side
    price: int
    change: int
    account: str
    order_id: str
    cause: "Order"
    ts: int


LevelsTold = Callable[[LevelChanged], None]


class WatchedSide(BookSide):
    """A side that tells. It takes over the levels of the plain one as they stand."""

    __slots__ = ("_market", "_now", "_side", "_taker", "_told")

    def __init__(self, plain: BookSide, market: str, told: LevelsTold, now: Callable[[], int]) -> None:
        super().__init__(plain.sign)
        self.keys, self.levels = plain.keys, plain.levels
        self._market = market
        self._side: Side = "buy" if plain.sign > 0 else "sell"
        self._taker: Order | None = None
        self._told = told
        self._now = now

    def add(self, order: "Order") -> None:
        super().add(order)
        self._tell(order, order.remaining)

    def reduce(self, order: "Order", qty: int) -> None:
        super().reduce(order, qty)
        self._tell(order, -qty)

    def trade(self, maker: "Order", taker: "Order", qty: int) -> None:
        self._taker = taker
        super().trade(maker, taker, qty)
        self._taker = None

    def remove(self, order: "Order") -> None:
        super().remove(order)
        self._tell(order, -order.remaining)

    def _tell(self, order: "Order", change: int) -> None:
        cause = self._taker or order
        account = order.account.account_id
        self._told(
            LevelChanged(self._market, self._side, order.price, change, account, order.order_id, cause, self._now())
        )


class TellsLevels:
    """The side of the exchange that tells of its levels. `core.Exchange` has the markets, and the time."""

    now: int
    _markets: dict[str, Market]
    _levels_told: LevelsTold | None = None

    def watch_levels(self, told: LevelsTold) -> None:
        """From now on call `told` at each change of a price level, amidst whatever changes it: it must not act here.
        Whoever was told before is told no more."""
        self._levels_told = told
        for market in self._markets.values():
            self._tell_levels_of(market)

    def _tell_levels_of(self, market: Market) -> None:
        told, book = self._levels_told, market.book
        if told is not None:
            book.bids = WatchedSide(book.bids, market.spec.ticker, told, lambda: self.now)
            book.asks = WatchedSide(book.asks, market.spec.ticker, told, lambda: self.now)
