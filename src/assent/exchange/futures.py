"""A future that trades on bars: what each order gets when a bar has passed, and nothing that flatters it.

An order acts from the next bar on, never in the one that caused it. First the open: market orders, and stops that the
market has jumped over, get the open. Then the inside of the bar, whose path nobody knows: every stop that was touched
comes before any limit. What a bracket's entry opens inside a bar may be stopped in that bar but not reach its target.
Integers only, the same answers every time; the fee is the exchange's own arithmetic, since it judges the desk's.
"""

from assent.exchange.futures_types import (
    BarOrder,
    Contract,
    Declined,
    Ended,
    EndReason,
    Executed,
    Placed,
    Told,
)
from assent.exchange.types import MICRO, ExchangeError

NOTHING: list[Told] = []
FAR = 2**62
# A price, a multiplier and a quantity multiplied are money at this scale too much.
SCALE = MICRO * MICRO
LARGEST = 10**15
NEEDS_PRICE = frozenset(("limit", "stop_limit"))
NEEDS_STOP = frozenset(("stop", "stop_limit"))
KINDS = NEEDS_PRICE | NEEDS_STOP | {"market"}


class Live:
    """An order on the book. `qty` is what of it may fill by now. A triggered stop goes on as market, or as limit."""

    __slots__ = ("born_price", "filled", "filled_ts", "fresh", "is_buy", "kind", "qty", "terms")

    def __init__(self, terms: BarOrder, qty: int) -> None:
        self.terms = terms
        self.is_buy = terms.side == "buy"
        self.kind = terms.kind
        self.qty = qty
        self.filled = 0
        # No order fills twice in one bar.
        self.filled_ts = -1
        # Not yet met by a market: it takes what the open offers.
        self.fresh = True
        # What its parent got, when it came to life inside the bar that is passing.
        self.born_price: int | None = None


class FuturesMarket:
    """One contract and one account on it."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self.position = 0
        self.fees = 0
        # Money from all executions without fees: what was sold less what was bought.
        self.flow = 0
        self._live: dict[str, Live] = {}
        self._ended: dict[str, int] = {}
        self._group_filled: dict[str, int] = {}
        self._told: list[Told] = []
        self._fills = 0
        self._now = 0
        # While a bar stays between these and before that, no order can be touched by it.
        self._below, self._above, self._expiry = -FAR, FAR, FAR

    # --- orders ----------------------------------------------------------------------------------------

    def submit(self, order: BarOrder) -> Placed | Declined:
        declined = self._fault(order)
        if declined:
            return declined
        qty = order.qty
        if order.parent is not None:
            parent = self._live.get(order.parent)
            opened = parent.filled if parent else self._ended.get(order.parent, 0)
            if parent is None and not opened:
                return Declined("parent_ended", f"order {order.parent!r} is not live and filled nothing")
            qty = min(qty, max(0, opened - self._group_filled.get(order.oca_group or "", 0)))
        live = self._live[order.order_id] = Live(order, qty)
        self._look_at(live)
        return Placed(order.order_id, 0, order.qty)

    def cancel(self, order_id: str, ts: int) -> list[Told] | Declined:
        """What is told of it: the order and, when it was a parent without a fill, its children."""
        order = self._live.get(order_id)
        if order is None:
            return Declined("not_found", f"no order {order_id!r} is live")
        self._now = ts
        self._told = []
        self._end(order, "user_cancel")
        self._look_around()
        return self._told

    def live(self) -> list[str]:
        """Orders on the book, oldest first."""
        return list(self._live)

    def value(self, price: int) -> int:
        """Profit and loss so far with the position at this price, fees taken off."""
        return self.flow + self._money(price, self.position) - self.fees

    # --- bars ------------------------------------------------------------------------------------------

    def bar(self, ts: int, open_: int, high: int, low: int) -> list[Told]:
        """Let one bar pass. Most touch nothing, and one that fills an entry at its open mostly nothing more."""
        if self._below < low and high < self._above and ts < self._expiry:
            return NOTHING
        if ts < self._now:
            raise ExchangeError(f"time runs forwards here: it is {self._now}, the bar said {ts}")
        self._now = ts
        self._told = []
        if ts >= self._expiry:
            self._expire()
        self._open(open_)
        self._look_around()
        if not (self._below < low and high < self._above):
            self._inside(high, low)
            for order in self._live.values():
                order.born_price = None
            self._look_around()
        return self._told

    def _expire(self) -> None:
        for order in list(self._live.values()):
            expires = order.terms.expires_ts
            if expires is not None and expires <= self._now and order.terms.order_id in self._live:
                self._end(order, "expiry_cancel")

    def _open(self, open_: int) -> None:
        """A parent stands before its children, so what it fills here can leave here."""
        for order in list(self._live.values()):
            if order.qty > order.filled and order.terms.order_id in self._live:
                price = _price_at_open(order, open_, self.contract.through)
                if price is not None:
                    self._execute(order, price, inside=False, taker=order.fresh or order.kind != "limit")
                order.fresh = False
                if order.terms.immediate and order.terms.order_id in self._live:
                    self._end(order, "ioc_cancel")

    def _inside(self, high: int, low: int) -> None:
        self._stops(high, low, born=False)
        for order in list(self._live.values()):
            if order.kind == "limit" and order.born_price is None and self._may_fill(order):
                rises, trigger = _trigger(order, self.contract.through)
                if high >= trigger if rises else low <= trigger:
                    self._execute(order, order.terms.price, inside=True, taker=False)
        self._stops(high, low, born=True)

    def _stops(self, high: int, low: int, *, born: bool) -> None:
        """Those that stood when the bar came, or those that were born in it."""
        for order in list(self._live.values()):
            if order.kind in NEEDS_STOP and (order.born_price is not None) == born and self._may_fill(order):
                price = _price_of_stop(order, high, low)
                if price is not None:
                    self._execute(order, price, inside=True, taker=True)

    def _may_fill(self, order: Live) -> bool:
        return order.qty > order.filled and order.filled_ts != self._now and order.terms.order_id in self._live

    # --- what an execution does --------------------------------------------------------------------------

    def _execute(self, order: Live, price: int, *, inside: bool, taker: bool) -> None:
        terms, contract = order.terms, self.contract
        qty = order.qty - order.filled
        if contract.most_per_bar is not None:
            qty = min(qty, contract.most_per_bar)
        if terms.reduce_only:
            qty = min(qty, max(0, -self.position if order.is_buy else self.position))
            if not qty:
                self._end(order, "reduce_only_cancel")
                return
        signed = qty if order.is_buy else -qty
        fee = -(-contract.fee * qty // MICRO)
        self.flow -= self._money(price, signed)
        self.fees += fee
        self.position += signed
        order.filled += qty
        order.filled_ts = self._now
        if order.kind == "stop":
            order.kind = "market"
        self._fills += 1
        self._told.append(
            Executed(f"F{self._fills}", terms.order_id, terms.side, price, qty, fee, taker, self._now)
        )  # fmt: skip
        if order.filled >= terms.qty:
            self._forget(order)
        self._tell_relatives(order, qty, price if inside else None)

    def _tell_relatives(self, order: Live, qty: int, born_price: int | None) -> None:
        """Children grow by what their parent filled; the others of the group shrink by what this one filled."""
        terms = order.terms
        group = terms.oca_group
        if group is not None:
            self._group_filled[group] = self._group_filled.get(group, 0) + qty
        for other in list(self._live.values()):
            if other.terms.parent == terms.order_id:
                other.qty = min(other.qty + qty, other.terms.qty)
                other.born_price = born_price
                other.fresh = other.fresh and born_price is None
            elif group is not None and other.terms.oca_group == group and other is not order:
                other.qty -= qty
                self._end_if_idle(other, "oca_cancel")
        self._end_if_idle(order, "parent_ended")

    def _end(self, order: Live, reason: EndReason) -> None:
        terms = order.terms
        if self._forget(order):
            self._told.append(Ended(terms.order_id, order.filled, reason, self._now))
            for child in list(self._live.values()):
                if child.terms.parent == terms.order_id:
                    self._end_if_idle(child, "parent_ended")

    def _end_if_idle(self, order: Live, reason: EndReason) -> None:
        """End what has nothing to fill any more, unless its parent may still give it something."""
        parent = order.terms.parent
        waits = order.qty > order.filled or (parent is not None and parent in self._live)
        if not waits and order.terms.order_id in self._live:
            self._end(order, reason)

    def _forget(self, order: Live) -> bool:
        self._ended[order.terms.order_id] = order.filled
        return self._live.pop(order.terms.order_id, None) is not None

    def _money(self, price: int, qty: int) -> int:
        money, rest = divmod(price * self.contract.multiplier * qty, SCALE)
        if rest:
            raise ExchangeError(f"{qty} at {price} times {self.contract.multiplier} is no whole number of micros")
        return money

    # --- what could touch anything -----------------------------------------------------------------------

    def _look_around(self) -> None:
        """The nearest prices on both sides at which something would happen, and the nearest expiry."""
        self._below, self._above, self._expiry = -FAR, FAR, FAR
        for order in self._live.values():
            self._look_at(order)

    def _look_at(self, order: Live) -> None:
        """What one order adds to them: it only ever brings them nearer."""
        terms = order.terms
        if terms.expires_ts is not None:
            self._expiry = min(self._expiry, terms.expires_ts)
        if order.qty <= order.filled:
            return
        if order.fresh or order.kind == "market":
            self._below = FAR
            return
        rises, trigger = _trigger(order, self.contract.through)
        if rises:
            self._above = min(self._above, trigger)
        else:
            self._below = max(self._below, trigger)

    def _fault(self, order: BarOrder) -> Declined | None:
        numbers = (order.qty, order.price, order.stop_price)
        for number in numbers:
            if type(number) is not int or not -LARGEST <= number <= LARGEST:
                return Declined("invalid_parameters", f"a number is no integer or absurd: {numbers!r:.200}")
        if order.side not in ("buy", "sell") or order.kind not in KINDS:
            return Declined("invalid_parameters", f"side {order.side!r} or kind {order.kind!r} is not known")
        if order.parent is not None and order.kind == "market":
            return Declined("invalid_parameters", "a child that waits for its parent cannot be a market order")
        if order.order_id in self._live or order.order_id in self._ended:
            return Declined("order_already_exists", f"order id {order.order_id!r} was used before")
        if order.qty <= 0 or order.qty % self.contract.qty_step:
            return Declined("invalid_order_size", f"quantity {order.qty} is no multiple of {self.contract.qty_step}")
        for needed, price in ((NEEDS_PRICE, order.price), (NEEDS_STOP, order.stop_price)):
            if order.kind in needed and (price <= 0 or price % self.contract.tick):
                return Declined("invalid_price", f"price {price} is not on the grid of {self.contract.tick}")
        return None


def _trigger(order: Live, through: int) -> tuple[bool, int]:
    """Whether it waits for the price to rise, and to where."""
    if order.kind in NEEDS_STOP:
        return order.is_buy, order.terms.stop_price
    return not order.is_buy, order.terms.price - through if order.is_buy else order.terms.price + through


def _price_at_open(order: Live, open_: int, through: int) -> int | None:
    """What the open gives this order, or None. A stop-limit that the open triggers goes on as a limit."""
    terms = order.terms
    if order.kind == "market":
        return open_
    if order.kind in NEEDS_STOP:
        if not (open_ >= terms.stop_price if order.is_buy else open_ <= terms.stop_price):
            return None
        if order.kind == "stop":
            return open_
        order.kind, order.fresh = "limit", True
    if order.fresh:
        return open_ if (open_ <= terms.price if order.is_buy else open_ >= terms.price) else None
    passed = open_ <= terms.price - through if order.is_buy else open_ >= terms.price + through
    return terms.price if passed else None


def _price_of_stop(order: Live, high: int, low: int) -> int | None:
    """What a stop touched inside the bar gets: its own price, or what its parent got where that is worse."""
    terms, born = order.terms, order.born_price
    if not (high >= terms.stop_price if order.is_buy else low <= terms.stop_price):
        return None
    price = terms.stop_price
    if born is not None:
        price = max(price, born) if order.is_buy else min(price, born)
    if order.kind == "stop_limit":
        order.kind, order.fresh = "limit", False
        if price > terms.price if order.is_buy else price < terms.price:
            return None
    return price
