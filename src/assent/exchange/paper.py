"""The fill model of paper over somebody else's market: what our orders would have got, and never more than that.

Only the top of each book is known here, and nobody there has ever seen our orders. So the model is pessimistic:

- An order that crosses the top takes what is shown there, at the price that is shown, and nothing behind it. What it
  took stays taken until that price has left the top: the same contracts are never bought twice.
- An order that rests is filled only when the market trades *through* it: the other side is shown at a better price
  than ours. A top at our very price fills nothing, since others were there before us. The size is what is shown.
- A book that is not known, or a market that is not open, fills nothing.

It keeps an account as the exchange would: cash, positions netted, fees by our reading of the venue's page, what resting
orders hold. Its memory is the desk's own ledger: what was not recorded there has not happened (see `venue.paper`).
"""

from collections import deque
from typing import Final, NamedTuple

from assent.exchange.accounts import Account, Order, need, revenue_of
from assent.exchange.corrections import Payout, payout
from assent.exchange.fees import fill_cost, trade_fee
from assent.exchange.types import MICRO, Balance, CloseReason, NewOrder, Rejected

# `accounts.Order` takes a fee as 10^-4 times parts per million; ours come as parts per million.
_HUNDREDTHS: Final = MICRO // 100
# How many orders that have ended are still known by name.
ENDED_MAX: Final = 10_000


class Terms(NamedTuple):
    """What the fill model must know of a market: its fees, in parts per million of C x P x (1 - P)."""

    taker_ppm: int
    maker_ppm: int
    precision: int


class Top(NamedTuple):
    """The top of a book; no price, no quantity."""

    bid: int | None = None
    bid_qty: int = 0
    ask: int | None = None
    ask_qty: int = 0


class Executed(NamedTuple):
    """One fill. `filled` is how much of its order is filled by now; the fee is net."""

    order_id: str
    market: str
    side: str
    price: int
    qty: int
    fee: int
    taker: bool
    filled: int
    ts: int


class Ended(NamedTuple):
    """Nothing of this order rests any more."""

    order_id: str
    reason: CloseReason
    filled: int
    ts: int


class Taken(NamedTuple):
    """The order was taken; what neither filled nor rests was cancelled."""

    filled: int
    remaining: int


Event = Executed | Ended


class _Market:
    __slots__ = ("is_open", "is_over", "taken", "terms", "top")

    def __init__(self, terms: Terms) -> None:
        self.terms = terms
        self.top = Top()
        self.is_open = self.is_over = False
        # How much we have taken at the price on each side's top: buying takes asks.
        self.taken: dict[str, tuple[int, int]] = {}


class PaperExchange:
    """One account, and markets that others trade on. Every method answers what happened to our orders, in order."""

    def __init__(self, cash: int) -> None:
        self._account = Account("paper", cash)
        self._markets: dict[str, _Market] = {}
        self._orders: dict[str, Order] = {}
        self._ended: deque[str] = deque()
        self._paid: dict[str, tuple[int, int]] = {}

    # ------------------------------------------------------------------------------------------------ the market

    def list_market(self, market: str, terms: Terms) -> None:
        """A market that may be traded, or new terms of it. Those of an order that rests stay as they were."""
        known = self._markets.get(market)
        if known is None:
            self._markets[market] = _Market(terms)
        else:
            known.terms = terms

    def quote(self, market: str, top: Top, ts: int) -> list[Event]:
        """The top of a book as it is now; all empty where it is not known any more."""
        known = self._markets.get(market)
        if known is None:
            return []
        known.top = top
        for side, price in (("buy", top.ask), ("sell", top.bid)):
            if side in known.taken and known.taken[side][0] != price:
                del known.taken[side]
        return [*self.expire(ts), *self._trade_through(market, known, ts)]

    def phase(self, market: str, ts: int, *, is_open: bool, is_over: bool) -> list[Event]:
        """Whether it trades. What rests in a market that has closed for good is cancelled."""
        known = self._markets.get(market)
        if known is None:
            return []
        known.is_open, known.is_over = is_open, is_over
        if not is_over:
            return self._trade_through(market, known, ts)
        return [self._end(order, "close_cancel", ts) for order in self._resting(market)]

    def settle(self, market: str, value: int, ts: int) -> list[Event]:
        """Pay what is held: `value` for a YES, the rest of the dollar for a NO. Told another value later, it pays the
        difference."""
        events = self.phase(market, ts, is_open=False, is_over=True)
        account = self._account
        position, before = self._paid.get(market, (account.positions.get(market, 0), None))
        new = payout(position, value, account.precision)
        old = payout(position, before, account.precision) if before is not None else Payout(0, 0)
        account.cash += new.paid - old.paid
        account.fees_paid += new.fee - old.fee
        if before is None:
            account.move(market, -position)
        self.was_paid(market, position, value)
        return events

    def was_paid(self, market: str, position: int, value: int) -> None:
        """Remember what a settlement paid for, or what one before a restart did."""
        self._paid[market] = (position, value)

    def expire(self, ts: int) -> list[Event]:
        """What was to live no longer than this."""
        due = [order for order in self._account.resting.values() if _is_due(order, ts)]
        return [self._end(order, "expiry_cancel", ts) for order in due]

    # ------------------------------------------------------------------------------------------------ our orders

    def submit(self, order_id: str, terms: NewOrder, ts: int) -> tuple[Taken | Rejected, list[Event]]:
        """Take an order: what it gets at once, and whether the rest rests."""
        market = self._markets.get(terms.market)
        fault = self._fault(order_id, terms, market, ts)
        if fault is not None or market is None:
            return Rejected(fault or "market_not_found", terms.market), []
        rates = market.terms
        self._account.precision = rates.precision
        order = Order(order_id, self._account, terms, (rates.taker_ppm, _HUNDREDTHS), ts)
        if terms.reduce_only:
            order.qty = order.remaining = min(terms.qty, self._reducible(terms))
            if not order.qty:
                return Taken(0, 0), [self._end(order, "reduce_only_cancel", ts)]
        if not self._account.covers(order):
            return Rejected("insufficient_balance", f"available {self._account.balance().available}"), []
        shown = _within(order, market)
        if terms.post_only and shown:
            return Rejected("invalid_order", "post only cross"), []
        if terms.tif == "fok" and shown < order.remaining:
            return Rejected("fill_or_kill_insufficient_resting_volume", f"{shown} are shown"), []
        self._orders[order_id] = order
        events: list[Event] = self._take(order, market, shown, ts) if shown else []
        if order.remaining and terms.tif == "gtc":
            order.fee_rate = (rates.maker_ppm, _HUNDREDTHS)
            self._account.rest(order, need(order, 0))
        elif order.remaining:
            events.append(self._end(order, "ioc_cancel", ts))
        return Taken(order.qty - order.remaining, order.remaining), events

    def cancel(self, order_id: str, ts: int) -> Ended | None:
        """Off the book; None when nothing of it rests."""
        order = self._account.resting.get(order_id)
        return self._end(order, "user_cancel", ts) if order else None

    def adopt(self, order_id: str, terms: NewOrder, filled: int, ts: int) -> list[Event]:
        """An order that rests from before a restart. Its market may have ended meanwhile."""
        market = self._markets.get(terms.market)
        maker_ppm = market.terms.maker_ppm if market else 0
        order = Order(order_id, self._account, terms, (maker_ppm, _HUNDREDTHS), ts)
        order.remaining -= filled
        self._orders[order_id] = order
        self._account.rest(order, need(order, 0))
        return [self._end(order, "close_cancel", ts)] if market is None or market.is_over else self.expire(ts)

    def fund(self, amount: int) -> None:
        """Cash from outside."""
        self._account.cash += amount

    def hold(self, market: str, qty: int) -> None:
        """A position from before a restart."""
        self._account.move(market, qty)

    # --------------------------------------------------------------------------------------------- what it knows

    def balance(self) -> Balance:
        return self._account.balance()

    def positions(self) -> dict[str, int]:
        return dict(self._account.positions)

    def resting(self) -> list[str]:
        """The orders that rest, oldest first."""
        return list(self._account.resting)

    def order(self, order_id: str) -> tuple[str, int, int] | None:
        """Status, filled and remaining of an order taken since the start."""
        order = self._orders.get(order_id)
        return None if order is None else (order.status, order.qty - order.remaining, order.remaining)

    # -------------------------------------------------------------------------------------------------- inside

    def _fault(self, order_id: str, terms: NewOrder, market: _Market | None, ts: int) -> str | None:
        if order_id in self._orders:
            return "order_already_exists"
        if market is None:
            return "market_not_found"
        if not market.is_open:
            return "market_inactive"
        if not 0 < terms.price < MICRO:
            return "invalid_price"
        if terms.qty <= 0:
            return "invalid_order_size"
        return "invalid_order" if terms.expires_ts is not None and terms.expires_ts <= ts else None

    def _reducible(self, terms: NewOrder) -> int:
        held = self._account.positions.get(terms.market, 0)
        return max(0, -held if terms.side == "buy" else held)

    def _trade_through(self, market: str, known: _Market, ts: int) -> list[Event]:
        """The orders that the top has passed, the oldest first, as far as what is shown there goes."""
        events: list[Event] = []
        for order in self._resting(market):
            if _passed(order, known.top):
                qty = min(order.remaining, _within(order, known))
                events += self._fill(order, known, order.price, qty, ts, taker=False) if qty else []
        return events

    def _take(self, order: Order, market: _Market, shown: int, ts: int) -> list[Event]:
        price = market.top.ask if order.is_buy else market.top.bid
        return self._fill(order, market, price or order.price, min(order.remaining, shown), ts, taker=True)

    def _fill(self, order: Order, market: _Market, price: int, qty: int, ts: int, *, taker: bool) -> list[Event]:
        account, side = order.account, order.terms.side
        top_price = market.top.ask if order.is_buy else market.top.bid
        _, before = market.taken.get(side, (top_price, 0))
        market.taken[side] = (top_price or 0, before + qty)
        signed = qty if order.is_buy else -qty
        revenue = revenue_of(account.positions.get(order.terms.market, 0), signed, price)
        rate = market.terms.taker_ppm if taker else market.terms.maker_ppm
        cost = fill_cost(revenue, trade_fee(rate, _HUNDREDTHS, qty, price), order.accumulated, account.precision)
        order.accumulated = cost.accumulated
        order.remaining -= qty
        order.fees += cost.fee
        account.move(order.terms.market, signed)
        account.cash += cost.cash
        account.fees_paid += cost.fee
        filled = order.qty - order.remaining
        done = Executed(order.order_id, order.terms.market, side, price, qty, cost.fee, taker, filled, ts)
        if not order.remaining:
            return [done, self._end(order, "executed", ts)]
        if order.order_id in account.resting:
            account.rest(order, need(order, 0))
        return [done]

    def _end(self, order: Order, reason: CloseReason, ts: int) -> Ended:
        self._account.unrest(order)
        order.status, order.reason, order.updated_ts = "executed" if reason == "executed" else "canceled", reason, ts
        filled = order.qty - order.remaining
        order.qty, order.remaining = filled, 0
        self._ended.append(order.order_id)
        if len(self._ended) > ENDED_MAX:
            self._orders.pop(self._ended.popleft(), None)
        return Ended(order.order_id, reason, filled, ts)

    def _resting(self, market: str) -> list[Order]:
        return [order for order in self._account.resting.values() if order.terms.market == market]


def _is_due(order: Order, ts: int) -> bool:
    expires = order.terms.expires_ts
    return expires is not None and ts >= expires


def _passed(order: Order, top: Top) -> bool:
    """Whether the other side is shown at a better price than this order's: somebody would have traded with us."""
    if order.is_buy:
        return top.ask is not None and top.ask < order.price
    return top.bid is not None and top.bid > order.price


def _within(order: Order, market: _Market) -> int:
    """How much of what is shown on the other side this order may have, less what we took there before."""
    if not market.is_open:
        return 0
    top = market.top
    price, qty = (top.ask, top.ask_qty) if order.is_buy else (top.bid, top.bid_qty)
    if price is None or (price > order.price if order.is_buy else price < order.price):
        return 0
    taken_price, taken = market.taken.get(order.terms.side, (price, 0))
    return max(0, qty - (taken if taken_price == price else 0))
