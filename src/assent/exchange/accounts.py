"""Accounts: cash, signed positions, and the money that resting orders hold back.

Holding YES and NO of one market nets at once: buying first closes what is short, selling what is long, each
closed contract giving its dollar back. So every open pair of contracts stands for exactly one dollar, and
deposits = cash + collateral + fees at every moment. Cash may never fall below what resting orders hold.
"""

from collections.abc import Iterable

from assent.exchange.fees import DIRECT_PRECISION, trade_fee
from assent.exchange.types import (
    MICRO,
    Balance,
    Changed,
    CloseReason,
    Corrected,
    Fill,
    NewOrder,
    OrderStatus,
    OrderView,
    Settlement,
    Transferred,
)


class Order:
    """A living order. `terms` is what was asked, `qty` what of it may trade, `held` what it holds before netting."""

    __slots__ = (
        "account",
        "accumulated",
        "created_ts",
        "fee_rate",
        "fees",
        "held",
        "is_buy",
        "order_id",
        "price",
        "qty",
        "reason",
        "remaining",
        "status",
        "terms",
        "updated_ts",
    )

    def __init__(self, order_id: str, account: "Account", terms: NewOrder, fee_rate: tuple[int, int], ts: int) -> None:
        self.order_id = order_id
        self.account = account
        self.terms = terms
        self.is_buy = terms.side == "buy"
        self.price = terms.price
        self.qty = terms.qty
        self.remaining = terms.qty
        self.fee_rate = fee_rate
        self.held = 0
        self.fees = 0
        self.accumulated = 0
        self.status: OrderStatus = "resting"
        self.reason: CloseReason | None = None
        self.created_ts = ts
        self.updated_ts = ts

    def view(self) -> OrderView:
        """What its owner may see. A cancelled order shows nothing remaining, as the venue does."""
        terms = self.terms
        return OrderView(
            order_id=self.order_id,
            client_order_id=terms.client_order_id,
            market=terms.market,
            side=terms.side,
            price=self.price,
            qty=terms.qty,
            filled=self.qty - self.remaining,
            remaining=self.remaining if self.status == "resting" else 0,
            status=self.status,
            reason=self.reason,
            tif=terms.tif,
            post_only=terms.post_only,
            reduce_only=terms.reduce_only,
            expires_ts=terms.expires_ts,
            fees=self.fees,
            created_ts=self.created_ts,
            updated_ts=self.updated_ts,
            self_trade=terms.self_trade,
        )


class History:
    """What an account may ask about its past, oldest first. `consumed` holds every client id that is used up."""

    __slots__ = ("by_client_id", "changes", "consumed", "corrections", "fills", "orders", "settlements", "transfers")

    def __init__(self) -> None:
        self.orders: dict[str, Order | OrderView] = {}
        self.by_client_id: dict[str, str] = {}
        self.consumed: dict[str, None] = {}
        self.fills: list[Fill] = []
        self.corrections: list[Corrected] = []
        self.settlements: list[Settlement] = []
        self.transfers: list[Transferred] = []
        self.changes: list[Changed] = []

    def consume(self, client_order_id: str | None) -> None:
        if client_order_id is not None:
            self.consumed[client_order_id] = None

    def remember(self, order: "Order") -> None:
        self.orders[order.order_id] = order
        if order.terms.client_order_id is not None:
            self.by_client_id[order.terms.client_order_id] = order.order_id

    def restore(
        self,
        consumed: Iterable[str],
        orders: Iterable[OrderView],
        fills: Iterable[Fill],
        settlements: Iterable[Settlement],
        corrections: Iterable[Corrected],
        transfers: Iterable[Transferred],
        changes: Iterable[Changed],
    ) -> None:
        """Take over what was written down about an earlier day."""
        self.consumed.update(dict.fromkeys(consumed))
        for order in orders:
            self.orders[order.order_id] = order
            if order.client_order_id is not None:
                self.by_client_id[order.client_order_id] = order.order_id
        self.fills.extend(fills)
        self.settlements.extend(settlements)
        self.corrections.extend(corrections)
        self.transfers.extend(transfers)
        self.changes.extend(changes)

    def view(self, order_id: str) -> OrderView:
        order = self.orders[order_id]
        return order.view() if isinstance(order, Order) else order

    def views(self) -> list[OrderView]:
        """Every order ever taken, oldest first."""
        return [self.view(order_id) for order_id in self.orders]


class Account:
    """One member. Those without a history (the crowd) are not told about their fills and closed orders."""

    __slots__ = ("account_id", "cash", "fees_paid", "gross_held", "history", "positions", "precision", "resting")

    def __init__(
        self, account_id: str, cash: int, history: History | None = None, precision: int = DIRECT_PRECISION
    ) -> None:
        self.account_id = account_id
        self.cash = cash
        self.precision = precision
        self.history = history
        self.fees_paid = 0
        self.positions: dict[str, int] = {}
        self.resting: dict[str, Order] = {}
        self.gross_held = 0

    def rest(self, order: Order, held: int) -> None:
        self.resting[order.order_id] = order
        self.gross_held += held - order.held
        order.held = held

    def unrest(self, order: Order) -> None:
        self.gross_held -= order.held
        order.held = 0
        self.resting.pop(order.order_id, None)

    def move(self, market: str, signed_qty: int) -> None:
        position = self.positions.get(market, 0) + signed_qty
        if position:
            self.positions[market] = position
        else:
            self.positions.pop(market, None)

    def held(self) -> int:
        """What resting orders hold, less what closing would free."""
        if not self.resting:
            return 0
        markets = dict.fromkeys(order.terms.market for order in self.resting.values())
        return self.gross_held - sum(self._relief(market, None) for market in markets)

    def covers(self, new: Order) -> bool:
        """Would the cash still cover every resting order if this one rested beside them?"""
        market = new.terms.market
        gross = self.gross_held + need(new, 0)
        if gross <= self.cash:
            return True
        markets = dict.fromkeys(order.terms.market for order in self.resting.values())
        relief = sum(self._relief(name, None) for name in markets if name != market)
        return gross - relief - self._relief(market, new) <= self.cash

    def balance(self) -> Balance:
        held = self.held()
        return Balance(cash=self.cash, reserved=held, available=self.cash - held, fees_paid=self.fees_paid)

    def _relief(self, market: str, new: Order | None) -> int:
        """What the position in this market saves on the orders against it, in the sequence they would trade."""
        position = self.positions.get(market, 0)
        if not position:
            return 0
        closes_by_buying = position < 0
        against = [o for o in self.resting.values() if o.terms.market == market and o.is_buy == closes_by_buying]
        if new is not None and new.is_buy == closes_by_buying:
            against.append(new)
        against.sort(key=_best_bid_first if closes_by_buying else _best_ask_first)
        left, saved = abs(position), 0
        for order in against:
            covered = min(left, order.remaining)
            saved += need(order, 0) - need(order, covered)
            left -= covered
        return saved


def need(order: Order, covered: int) -> int:
    """The worst case of what still rests: what opens is paid in full, what closes pays back, the fee comes on top.

    The total of price and fee only falls when the price gets better, so the limit price is the worst one.
    """
    price = order.price if order.is_buy else MICRO - order.price
    coefficient, multiplier = order.fee_rate
    fee = trade_fee(coefficient, multiplier, order.remaining, order.price) if coefficient else 0
    opening = order.remaining - covered
    if not covered:
        return opening * price // MICRO + fee
    return max(0, (opening * price - covered * (MICRO - price)) // MICRO + fee)


def revenue_of(position: int, signed_qty: int, price: int) -> int:
    """The cash flow of a fill before fees: a dollar back for each pair closed, less what was bought (YES or NO)."""
    if signed_qty > 0:
        closed = min(signed_qty, -position) if position < 0 else 0
        return closed - signed_qty * price // MICRO
    closed = min(-signed_qty, position) if position > 0 else 0
    return closed + signed_qty * (MICRO - price) // MICRO


def _best_bid_first(order: Order) -> int:
    return -order.price


def _best_ask_first(order: Order) -> int:
    return order.price
