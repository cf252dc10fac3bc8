"""A small trading floor: one exchange, three members, one market, and words short enough for a test."""

from typing import Any

from assent.exchange.accounts import History
from assent.exchange.core import Exchange
from assent.exchange.fees import DIRECT_PRECISION
from assent.exchange.grid import LINEAR_CENT
from assent.exchange.types import (
    MICRO,
    SECOND,
    Accepted,
    Event,
    MarketSpec,
    NewOrder,
    Rejected,
)

CENT = 10_000
OPENS = 10 * SECOND
CLOSES = 1_000 * SECOND
TIMER = 60 * SECOND
MARKET = "KXTEST-26JAN05-B47.5"


def a_spec(ticker: str = MARKET, **changes: Any) -> MarketSpec:
    values: dict[str, Any] = {
        "ticker": ticker,
        "event": "KXTEST-26JAN05",
        "series": "KXTEST",
        "title": "High temperature 47 to 48 degrees",
        "open_ts": OPENS,
        "close_ts": CLOSES,
        "price_bands": LINEAR_CENT,
        "settlement_timer_ns": TIMER,
    }
    return MarketSpec(**(values | changes))


class Floor:
    """An exchange whose market has just opened. Time stands still unless a test moves it."""

    def __init__(self, cash: int = 1_000 * MICRO, precision: int = DIRECT_PRECISION, **spec: Any) -> None:
        self.exchange = Exchange()
        self.now = OPENS
        self.histories = {name: History() for name in ("ann", "bob", "cat")}
        for name, history in self.histories.items():
            self.exchange.open_account(name, cash, history, precision)
        self.exchange.list_market(0, a_spec(**spec))
        self.exchange.advance(self.now)
        self.exchange.drain()
        self._ids = 0

    def order(self, side: Any, cents: float, contracts: float, **more: Any) -> NewOrder:
        self._ids += 1
        values: dict[str, Any] = {
            "client_order_id": f"c{self._ids}",
            "market": MARKET,
            "side": side,
            "price": round(cents * CENT),
            "qty": round(contracts * MICRO),
        }
        return NewOrder(**(values | more))

    def submit(self, name: str, order: NewOrder) -> Accepted | Rejected:
        return self.exchange.submit(self.now, name, order)

    def buy(self, name: str, cents: float, contracts: float, **more: Any) -> Accepted:
        return accepted(self.submit(name, self.order("buy", cents, contracts, **more)))

    def sell(self, name: str, cents: float, contracts: float, **more: Any) -> Accepted:
        return accepted(self.submit(name, self.order("sell", cents, contracts, **more)))

    def refused(self, name: str, order: NewOrder) -> str:
        answer = self.submit(name, order)
        assert isinstance(answer, Rejected), answer
        self.exchange.check()
        return answer.code

    def depth(self) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        """Bids and asks in cents and contracts, best first."""
        bids, asks = self.exchange.depth(MARKET)
        return (
            [(price // CENT, qty // MICRO) for price, qty in bids],
            [(price // CENT, qty // MICRO) for price, qty in asks],
        )

    def cash(self, name: str) -> int:
        return self.exchange.balance(name).cash

    def position(self, name: str) -> int:
        return self.exchange.position(name, MARKET)

    def settle(self, result: Any, value: int) -> None:
        """Determine the market now and let the timer run out."""
        self.exchange.determine(self.now, MARKET, result, value)
        self.now += TIMER
        self.exchange.advance(self.now)

    def events(self, kind: type) -> list[Any]:
        return [event for event in self.exchange.drain() if isinstance(event, kind)]


def accepted(answer: object) -> Accepted:
    assert isinstance(answer, Accepted), answer
    return answer


def numbers(events: list[Event]) -> list[int]:
    return [event.seq for event in events]
