"""Every watched market's book, whether it stands, and which quote was told of it.

It says what changed for the outside: a quote that is known, and one that is lost. A book stands from its snapshot on
until somebody calls it stale or it breaks; a backlog takes all quotes back without losing the books.
"""

from collections.abc import Iterable, Iterator

from assent.venue.kalshi.book import Book, Top
from assent.venue.kalshi.events import Output, QuoteKnown, QuoteLost
from assent.venue.kalshi.messages import Delta, Snapshot
from assent.venue.kalshi.pace import Patience, backoff


class _Market:
    __slots__ = ("ask_after_ts", "asked", "book", "fresh", "source_ts", "told")

    def __init__(self) -> None:
        self.book = Book()
        self.fresh = False
        self.told: Top | None = None
        self.source_ts = 0
        # How often its snapshot was asked for in vain, and when it may be asked for again.
        self.asked = 0
        self.ask_after_ts = 0


class Quotes:
    """The books behind the quotes. `out` is where it puts what the outside must learn."""

    def __init__(self, out: list[Output], patience: Patience) -> None:
        self._out = out
        self._patience = patience
        self._markets: dict[str, _Market] = {}
        self._source_ts = 0
        self.late = False

    def __iter__(self) -> Iterator[str]:
        return iter(self._markets)

    def __len__(self) -> int:
        return len(self._markets)

    def watch(self, tickers: Iterable[str]) -> list[str]:
        """Begin with those that are new, and answer them."""
        new = [ticker for ticker in dict.fromkeys(tickers) if ticker not in self._markets]
        self._markets.update((ticker, _Market()) for ticker in new)
        return new

    def unwatch(self, tickers: Iterable[str], now: int) -> list[str]:
        """Leave those that were watched, and answer them."""
        gone = [ticker for ticker in dict.fromkeys(tickers) if ticker in self._markets]
        for ticker in gone:
            self._take_back(ticker, self._markets.pop(ticker), "no longer watched", now)
        return gone

    def book(self, ticker: str) -> Book | None:
        market = self._markets.get(ticker)
        return None if market is None else market.book

    def stands(self, ticker: str) -> bool:
        """Whether its book is the venue's, as far as frames can tell."""
        market = self._markets.get(ticker)
        return market is not None and market.fresh

    def standing(self) -> str | None:
        """Any market whose book stands."""
        return next((ticker for ticker, market in self._markets.items() if market.fresh), None)

    def change(self, delta: Delta, now: int) -> str | None:
        """Apply a delta to a book that stands. The answer says what is broken now."""
        market = self._markets.get(delta.ticker)
        if market is None or not market.fresh:
            return None
        fault = market.book.change(delta.side, delta.price, delta.change)
        if fault:
            self._lose(delta.ticker, market, fault, now)
            return fault
        market.source_ts = max(market.source_ts, delta.source_ts)
        self._tell(delta.ticker, market, now)
        return None

    def replace(self, snapshot: Snapshot, now: int) -> str | None:
        """Take a book whole. The answer says why it cannot be one."""
        market = self._markets.get(snapshot.ticker)
        if market is None:
            return None
        fault = market.book.replace(snapshot.bids, snapshot.asks)
        if fault:
            self._lose(snapshot.ticker, market, fault, now)
            return fault
        market.fresh = True
        market.asked = market.ask_after_ts = 0
        market.source_ts = max(market.source_ts, snapshot.source_ts, self._source_ts)
        self._tell(snapshot.ticker, market, now)
        return None

    def stale(self, why: str, now: int, *, blames_markets: bool = False) -> None:
        """No book stands any more. Unless the markets themselves are to blame, each may be asked for at once."""
        for ticker, market in self._markets.items():
            self._lose(ticker, market, why, now)
            if not blames_markets:
                market.asked = market.ask_after_ts = 0

    def due(self, now: int) -> Iterator[str]:
        """The markets whose snapshot is to be asked for."""
        return (ticker for ticker, each in self._markets.items() if not each.fresh and each.ask_after_ts <= now)

    def awaited(self, tickers: Iterable[str], now: int) -> None:
        """Their snapshots are on the way: ask again only later, and each time later still."""
        for ticker in tickers:
            market = self._markets.get(ticker)
            if market is not None and not market.fresh:
                market.asked += 1
                wait_ns = backoff(market.asked, self._patience.reply_ns, self._patience.retry_max_ns)
                market.ask_after_ts = now + wait_ns

    def sent(self, sent_ts: int, now: int) -> None:
        """Follow the venue's time, and know a backlog by it."""
        self._source_ts = max(self._source_ts, sent_ts)
        late = now - sent_ts > self._patience.lag_ns
        if late is self.late:
            return
        self.late = late
        for ticker, market in self._markets.items():
            if late:
                self._take_back(ticker, market, "what comes was sent long ago", now)
            elif market.fresh:
                self._tell(ticker, market, now)

    @property
    def source_ts(self) -> int:
        """The latest of the venue's times that was seen."""
        return self._source_ts

    def _tell(self, ticker: str, market: _Market, now: int) -> None:
        top = market.book.top()
        if top != market.told and not self.late:
            market.told = top
            self._out.append(QuoteKnown(ticker, *top, market.source_ts, now))

    def _take_back(self, ticker: str, market: _Market, why: str, now: int) -> None:
        if market.told is not None:
            market.told = None
            self._out.append(QuoteLost(ticker, why, now))

    def _lose(self, ticker: str, market: _Market, why: str, now: int) -> None:
        market.fresh = False
        self._take_back(ticker, market, why, now)
