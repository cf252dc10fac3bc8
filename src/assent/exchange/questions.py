"""What the exchange may be asked. Every answer is a value about this moment; no question changes anything."""

from assent.exchange.book import NO_TOP, Top
from assent.exchange.clearing import Clearing
from assent.exchange.markets import Market
from assent.exchange.types import Audit, Balance, ExchangeError, MarketView, OrderView


class Questions:
    """The side of the exchange that only reads. `core.Exchange` is the other, and makes what this one shows."""

    _clearing: Clearing
    _markets: dict[str, Market]

    def top(self, ticker: str) -> Top:
        market = self._markets.get(ticker)
        return NO_TOP if market is None else market.top

    def depth(self, ticker: str, levels: int | None = None) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        """Bids and asks as (price, qty), best first."""
        book = self._market(ticker).book
        return book.bids.depth(levels), book.asks.depth(levels)

    def market(self, ticker: str) -> MarketView | None:
        market = self._markets.get(ticker)
        return None if market is None else market.view(self._clearing.open_interest(ticker))

    def markets(self) -> list[MarketView]:
        """Every market listed here, in listing order."""
        return [market.view(self._clearing.open_interest(ticker)) for ticker, market in self._markets.items()]

    def balance(self, account_id: str) -> Balance:
        return self._clearing.account(account_id).balance()

    def resting(self, account_id: str) -> list[OrderView]:
        """Open orders, oldest first."""
        return [order.view() for order in self._clearing.account(account_id).resting.values()]

    def resting_count(self, account_id: str) -> int:
        """How many orders rest."""
        return len(self._clearing.account(account_id).resting)

    def ahead_of(self, account_id: str, order_id: str) -> int | None:
        """What rests before an order at its price and at better ones; None if it does not rest."""
        order = self._clearing.account(account_id).resting.get(order_id)
        if order is None:
            return None
        return self._markets[order.terms.market].book.home_of(order).ahead_of(order)

    def positions(self, account_id: str) -> dict[str, int]:
        """Signed open positions (+ YES, - NO), by market, sorted."""
        return dict(sorted(self._clearing.account(account_id).positions.items()))

    def position(self, account_id: str, ticker: str) -> int:
        return self._clearing.account(account_id).positions.get(ticker, 0)

    def audit(self) -> Audit:
        return self._clearing.audit()

    def check(self) -> None:
        """Refuse to go on with books or money that do not add up: a bug of ours, worth stopping for."""
        audit = self.audit()
        if audit.deposits != audit.cash + audit.collateral + audit.fees:
            raise ExchangeError(f"money appeared or vanished: {audit}")
        for account in self._clearing.accounts.values():
            if account.resting and account.cash < account.held():
                raise ExchangeError(f"account {account.account_id!r} holds {account.held()} of {account.cash} cash")
        for market in self._markets.values():
            market.book.check()
            if sum(a.positions.get(market.spec.ticker, 0) for a in self._clearing.accounts.values()):
                raise ExchangeError(f"positions in {market.spec.ticker} do not sum to zero")

    def _market(self, ticker: str) -> Market:
        market = self._markets.get(ticker)
        if market is None:
            raise ExchangeError(f"no market {ticker!r} is listed here")
        return market
