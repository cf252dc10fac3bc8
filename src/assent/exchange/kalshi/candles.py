"""Candles of one market by the minute, the hour and the Eastern day, each kept for a while and then forgotten.

Only periods in which something happened are kept; a quiet one is what the one before it left. A period ends with its
last instant, so what happens at full minutes belongs to the minute before. Open interest is not told with each trade:
a candle carries it as of the last time that the server looked. All of it lives in memory, as long as the server
or as what it lives through again; the minutes of a market go some time after it has settled.
"""

from collections import deque
from collections.abc import Callable, Iterator
from typing import NamedTuple

from assent.exchange.kalshi.eastern import day_of, end_of_day
from assent.exchange.types import MICRO, MINUTE, SECOND, TopChanged, Traded

NANOSECONDS_PER_HOUR = 60 * MINUTE


class Period(NamedTuple):
    """`number` of the period that an instant belongs to, `end` of a period in Unix seconds; how many are `kept`."""

    number: Callable[[int], int]
    end: Callable[[int], int]
    kept: int


def _whole(length: int, kept: int) -> Period:
    return Period(lambda ts: -(-ts // length), lambda number: number * length // SECOND, kept)


# By their length in minutes.
PERIODS: dict[int, Period] = {
    1: _whole(MINUTE, 2 * 1_440),
    60: _whole(NANOSECONDS_PER_HOUR, 31 * 24),
    1_440: Period(lambda ts: day_of(-(-ts // SECOND)), end_of_day, 400),
}


class Span:
    """Where something began, how low and how high it was, and where it ended."""

    __slots__ = ("close", "high", "low", "open")

    def __init__(self, value: int) -> None:
        self.open = self.low = self.high = self.close = value

    def move(self, value: int) -> None:
        self.low, self.high, self.close = min(self.low, value), max(self.high, value), value


class Candle:
    """One period. `price` is None without a trade; `previous` is the last price before it, `last` the last so far."""

    __slots__ = ("ask", "bid", "last", "number", "open_interest", "paid", "previous", "price", "volume")

    def __init__(self, number: int, bid: int, ask: int, last: int | None, open_interest: int) -> None:
        self.number = number
        self.bid = Span(bid)
        self.ask = Span(ask)
        self.price: Span | None = None
        self.previous = self.last = last
        self.volume = self.paid = 0
        self.open_interest = open_interest

    def after(self, number: int) -> "Candle":
        """A later period in which nothing has happened yet."""
        return Candle(number, self.bid.close, self.ask.close, self.last, self.open_interest)

    def trade(self, price: int, qty: int) -> None:
        if self.price is None:
            self.price = Span(price)
        self.price.move(price)
        self.last = price
        self.volume += qty
        self.paid += price * qty


class Candles:
    """All candles of one market. A side without an order stands at the end of the prices, as on the wire."""

    __slots__ = ("_ends", "_kept")

    def __init__(self) -> None:
        self._kept = {minutes: deque[Candle](maxlen=period.kept) for minutes, period in PERIODS.items()}
        # The last instant of the newest candle: most of what happens falls into a period that has begun.
        self._ends = dict.fromkeys(PERIODS, -1)

    def quote(self, event: TopChanged) -> None:
        bid, ask = event.bid or 0, event.ask or MICRO
        for candle in self._at(event.ts, bid, ask):
            candle.bid.move(bid)
            candle.ask.move(ask)

    def trade(self, event: Traded) -> None:
        for candle in self._at(event.ts, 0, MICRO):
            candle.trade(event.price, event.qty)

    def look(self, open_interest: int) -> None:
        """How many contracts are open, as of now."""
        for kept in self._kept.values():
            if kept:
                kept[-1].open_interest = open_interest

    def bounds(self, minutes: int) -> tuple[int, int] | None:
        """The first and the last period in which something happened; None if nothing ever has."""
        kept = self._kept[minutes]
        return (kept[0].number, kept[-1].number) if kept else None

    def between(self, minutes: int, first: int, last: int) -> Iterator[Candle]:
        """Every period from `first` to `last`, the quiet ones filled in; none before the first that is kept."""
        kept = [candle for candle in self._kept[minutes] if candle.number <= last]
        for index, candle in enumerate(kept):
            if candle.number >= first:
                yield candle
            until = kept[index + 1].number if index + 1 < len(kept) else last + 1
            for number in range(max(first, candle.number + 1), until):
                yield candle.after(number)

    def before(self, minutes: int, first: int) -> Candle | None:
        """The latest period before `first` in which something happened."""
        return next((candle for candle in reversed(self._kept[minutes]) if candle.number < first), None)

    def forget_minutes(self) -> None:
        """Keep the hours and days alone."""
        self._kept[1].clear()

    def _at(self, ts: int, bid: int, ask: int) -> Iterator[Candle]:
        """The candles of this instant. The first of all opens at the quote that made it."""
        for minutes, period in PERIODS.items():
            kept = self._kept[minutes]
            if not kept or ts > self._ends[minutes]:
                number = period.number(ts)
                kept.append(kept[-1].after(number) if kept else Candle(number, bid, ask, None, 0))
                self._ends[minutes] = period.end(number) * SECOND
            yield kept[-1]
