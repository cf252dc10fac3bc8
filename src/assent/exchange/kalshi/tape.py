"""What everybody may see of the past: public trades, and a day of each market in minutes.

The core shows a market as it stands; the venue also says when it was made and changed, what it traded in a day and how
it stood a day ago. This remembers as much as those fields need and no more.
"""

from collections import deque

from assent.exchange.kalshi.candles import Candles
from assent.exchange.types import DAY, MINUTE, TopChanged, Traded

TRADES_MAX = 100_000


class Minute:
    """How a market stood at the end of one minute, and what it traded within it."""

    __slots__ = ("ask", "bid", "minute", "price", "volume")

    def __init__(self, minute: int, before: "Minute | None") -> None:
        self.minute = minute
        self.volume = 0
        self.bid: int | None = before.bid if before is not None else None
        self.ask: int | None = before.ask if before is not None else None
        self.price: int | None = before.price if before is not None else None


class MarketPast:
    """One market's past. `number` grows with each listing, so that lists have a lasting order."""

    __slots__ = ("_day", "candles", "created_ts", "last_qty", "number", "quoted", "settled_ts", "updated_ts")

    def __init__(self, number: int, ts: int) -> None:
        self.number = number
        self.created_ts = ts
        self.updated_ts = ts
        self.settled_ts: int | None = None
        self.quoted = False
        self.last_qty = 0
        self.candles = Candles()
        # Never more than a day of minutes and the one before them.
        self._day: deque[Minute] = deque()

    def quote(self, event: TopChanged) -> None:
        minute = self._at(event.ts)
        minute.bid, minute.ask = event.bid, event.ask
        self.candles.quote(event)
        self.quoted = self.quoted or event.bid is not None or event.ask is not None

    def trade(self, event: Traded) -> None:
        minute = self._at(event.ts)
        minute.price = event.price
        minute.volume += event.qty
        self.last_qty = event.qty
        self.candles.trade(event)

    def volume_of_a_day(self, now: int) -> int:
        first = (now - DAY) // MINUTE
        return sum(minute.volume for minute in self._day if minute.minute > first)

    def a_day_ago(self, now: int) -> Minute | None:
        """How the market stood a day before now; None if it had not been quoted by then."""
        first = (now - DAY) // MINUTE
        past = [minute for minute in self._day if minute.minute <= first]
        return past[-1] if past else None

    def forget_minutes(self) -> None:
        """It has settled long ago: nothing of its last day is asked for any more."""
        self._day.clear()
        self.candles.forget_minutes()

    def _at(self, ts: int) -> Minute:
        number = ts // MINUTE
        if not self._day or self._day[-1].minute != number:
            self._day.append(Minute(number, self._day[-1] if self._day else None))
            while len(self._day) > 1 and self._day[1].minute <= number - DAY // MINUTE:
                self._day.popleft()
        return self._day[-1]


class Tape:
    """Public trades, oldest first; the oldest are forgotten once there are too many."""

    def __init__(self) -> None:
        self.trades: dict[int, Traded] = {}

    def add(self, event: Traded) -> None:
        self.trades[event.seq] = event
        if len(self.trades) > TRADES_MAX:
            del self.trades[next(iter(self.trades))]
