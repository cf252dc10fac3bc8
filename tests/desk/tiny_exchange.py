"""The truth about one account, kept by somebody else: two drawers per market, a few lists, and no opinion of its own.

Shares nothing with the desk's books. Each order id may arrive once; a second arrival is the error we look for.
"""

from fractions import Fraction
from math import floor

from assent.model.books import OpenOrder
from assent.model.inputs import Absent, Accepted, AccountSeen, Holding, Refused, Result
from assent.model.orders import Correction, Fill, Order, Side
from assent.model.units import MICRO


class Resting:
    """An order as the exchange knows it."""

    def __init__(self, order: Order) -> None:
        self.order = order
        self.filled = 0
        self.live = True

    @property
    def left(self) -> int:
        return self.order.qty - self.filled


class TinyExchange:
    """See the module's first lines."""

    def __init__(self, cash: int) -> None:
        self.cash = Fraction(cash)
        self.yes: dict[str, int] = {}
        self.no: dict[str, int] = {}
        self.orders: dict[str, Resting] = {}
        self.fills: list[Fill] = []
        self.settled: dict[str, int] = {}
        self.paid: dict[str, tuple[int, int]] = {}

    def submit(self, order: Order) -> Accepted | Refused:
        assert order.order_id not in self.orders, "an order was sent twice"
        if order.instrument in self.settled:
            return Refused("market_closed", "")
        self.orders[order.order_id] = Resting(order)
        return Accepted("v-" + order.order_id[:8], 0, order.qty)

    def execute(self, order_id: str, qty: int, ts: int, *, surcharge: int = 0, price: int | None = None) -> Fill:
        """Fill a part at the order's own price or the one given, for the exact fee rounded down and the surcharge."""
        resting = self.orders[order_id]
        order = resting.order
        assert resting.live
        assert 0 < qty <= resting.left
        paid = order.price if price is None else price
        fee = 70_000 * qty * paid * (MICRO - paid) // MICRO**3 + surcharge
        fill = Fill(f"x-{len(self.fills)}", order_id, order.instrument, order.side, paid, qty, fee, True, ts)
        self.fills.append(fill)
        resting.filled += qty
        resting.live = resting.left > 0
        self._move(order.instrument, order.side, qty, paid)
        self.cash -= fee
        return fill

    def correct(self, fill: Fill, qty: int, fee: int, ts: int) -> Correction:
        """Take a fill back and book it as what it really was. Its market must still be open."""
        resting = self.orders[fill.order_id]
        self._move(fill.instrument, "sell" if fill.side == "buy" else "buy", fill.qty, fill.price)
        if qty:
            self._move(fill.instrument, fill.side, qty, fill.price)
        self.cash += fill.fee - fee
        resting.filled += qty - fill.qty
        return Correction(fill.fill_id, fill.price, qty, fee, ts)

    def close(self, order_id: str) -> int:
        """Take it off the book; what was executed by then."""
        self.orders[order_id].live = False
        return self.orders[order_id].filled

    def settle(self, name: str, value: int, *, step: int = 1) -> Result:
        """All orders end, and what is held is paid: a part of a dollar in whole steps of the balance, down."""
        for resting in self.orders.values():
            if resting.order.instrument == name:
                resting.live = False
        yes, no = self.paid[name] = self.yes.pop(name, 0), self.no.pop(name, 0)
        self.cash += _payout(yes, no, value, step)
        self.settled[name] = value
        return "yes" if value == MICRO else "no" if value == 0 else "scalar"

    def amend(self, name: str, value: int, *, step: int = 1) -> Result:
        """The outcome was another one: pay the difference on what was settled."""
        yes, no = self.paid[name]
        self.cash += _payout(yes, no, value, step) - _payout(yes, no, self.settled[name], step)
        self.settled[name] = value
        return "yes" if value == MICRO else "no" if value == 0 else "scalar"

    def find(self, order_id: str) -> Accepted | Absent:
        resting = self.orders.get(order_id)
        if resting is None:
            return Absent("the exchange never saw it")
        return Accepted("v-" + order_id[:8], resting.filled, resting.left if resting.live else 0)

    def held(self, name: str) -> int:
        return self.yes.get(name, 0) - self.no.get(name, 0)

    def account(self, now: int) -> AccountSeen:
        names = sorted({*self.yes, *self.no})
        holdings = tuple(Holding(name, self.held(name)) for name in names)
        live = tuple(order_id for order_id, resting in self.orders.items() if resting.live)
        assert self.cash.denominator == 1
        resting = tuple(
            OpenOrder(
                name, f"v-{name[:8]}", one.order.instrument, one.order.side, one.order.price, one.left, one.filled
            )
            for name, one in self.orders.items()
            if one.live
        )
        return AccountSeen(int(self.cash), holdings, live, "tiny", now, now, resting=resting)

    def _move(self, name: str, side: Side, qty: int, at: int) -> None:
        price = Fraction(at, MICRO)
        mine, other = (self.yes, self.no) if side == "buy" else (self.no, self.yes)
        paid = price if side == "buy" else 1 - price
        back = min(qty, other.get(name, 0))
        other[name] = other.get(name, 0) - back
        mine[name] = mine.get(name, 0) + qty - back
        self.cash += back * (1 - paid) - (qty - back) * paid


def _payout(yes: int, no: int, value: int, step: int) -> int:
    """What the holder of one of the two is paid."""
    worth = Fraction(value, MICRO)
    least = step if 0 < worth < 1 else 1
    return floor((yes * worth + no * (1 - worth)) / least) * least
