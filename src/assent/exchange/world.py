"""One day of the world: a ladder of six exclusive markets, its crowd, its forecasts and its end.

Each day is whole in itself: listed after midnight, traded until shortly before the next, determined from the hidden
truth and settled before the day is over. It depends on (seed, day) and on the orders that came in, on nothing else,
so a day in which its owner did nothing never has to be lived through again.
"""

import heapq
from collections.abc import Callable

from assent.exchange.accounts import History
from assent.exchange.core import Exchange
from assent.exchange.grid import LINEAR_CENT
from assent.exchange.traders import CROWD, Seat
from assent.exchange.types import DAY, MICRO, MINUTE, SECOND, MarketSpec
from assent.exchange.weather import (
    FORECAST_EVERY_MINUTES,
    FORECAST_SOURCE,
    Bracket,
    Weather,
    event_suffix,
    minute_of,
    stream,
)

SERIES = "KXHIGHSIM"
# Any change that makes the same seed live through another day needs a new number: old journals would replay wrongly.
WORLD_VERSION = 1
OPENS_AFTER = 30 * SECOND
CLOSES_AFTER = DAY - 5 * MINUTE
DETERMINED_AFTER = DAY - 3 * MINUTE
SETTLEMENT_TIMER = MINUTE
NUMBERS_PER_DAY = 10**8


class World:
    """The exchange of one day, and everybody on it. `owner` is the account that the outside trades with."""

    def __init__(self, seed: int, day: int, *, owner: str, cash: int, history: History) -> None:
        self.day = day
        self.start_ts = day * DAY
        self.exchange = Exchange(first_number=day * NUMBERS_PER_DAY + 1)
        self.weather = Weather(seed, day)
        self.event = f"{SERIES}-{event_suffix(day)}"
        self.brackets: dict[str, Bracket] = {f"{self.event}-{b.suffix}": b for b in self.weather.ladder}
        self._wakes: list[tuple[int, int, Callable[[int], int | None]]] = []
        self.exchange.open_account(owner, cash, history)
        self._list()
        self._invite(seed)

    def next_event_ts(self) -> int | None:
        """When something happens next without us; None once the day has nothing more to give."""
        due = self.exchange.next_due_ts()
        wake = self._wakes[0][0] if self._wakes else None
        if due is None or wake is None:
            return due if wake is None else wake
        return min(due, wake)

    def step_until(self, ts: int) -> None:
        """Live through everything up to and including `ts`."""
        exchange, wakes = self.exchange, self._wakes
        while wakes and wakes[0][0] <= ts:
            now, index, act = wakes[0]
            exchange.advance(now)
            again = act(now)
            if again is None:
                heapq.heappop(wakes)
            else:
                heapq.heapreplace(wakes, (again, index, act))
        exchange.advance(ts)

    def forecast(self, ticker: str, ts: int) -> int:
        """The probability of YES last published at `ts`, in parts per million."""
        return self.weather.forecast_ppm(self.brackets[ticker], minute_of(ts))

    def _list(self) -> None:
        for ticker, bracket in self.brackets.items():
            spec = MarketSpec(
                ticker=ticker,
                event=self.event,
                series=SERIES,
                title=bracket.title,
                open_ts=self.start_ts + OPENS_AFTER,
                close_ts=self.start_ts + CLOSES_AFTER,
                price_bands=LINEAR_CENT,
                settlement_timer_ns=SETTLEMENT_TIMER,
            )
            self.exchange.list_market(self.start_ts, spec)

    def _invite(self, seed: int) -> None:
        tickers = list(self.brackets)
        opens = self.start_ts + OPENS_AFTER
        for index, kind in enumerate(CROWD):
            account = f"{kind.name}-{self.day}"
            self.exchange.open_account(account, kind.cash)
            trader = kind(Seat(self.exchange, account, tickers, self.weather, stream(seed, self.day, kind.name)))
            heapq.heappush(self._wakes, (opens + (index + 1) * SECOND, index, self._until_close(trader.act)))
        first_forecast = self.start_ts + FORECAST_EVERY_MINUTES * MINUTE
        heapq.heappush(self._wakes, (first_forecast, len(CROWD), self._until_close(self._publish)))
        heapq.heappush(self._wakes, (self.start_ts + DETERMINED_AFTER, len(CROWD) + 1, self._determine))

    def _until_close(self, act: Callable[[int], int]) -> Callable[[int], int | None]:
        closes = self.start_ts + CLOSES_AFTER

        def act_while_open(now: int) -> int | None:
            again = act(now)
            return again if again < closes else None

        return act_while_open

    def _publish(self, now: int) -> int:
        for ticker in self.brackets:
            self.exchange.publish_forecast(now, ticker, self.forecast(ticker, now), FORECAST_SOURCE)
        return now + FORECAST_EVERY_MINUTES * MINUTE

    def _determine(self, now: int) -> None:
        for ticker, bracket in self.brackets.items():
            market = self.exchange.market(ticker)
            if market is not None and market.status in ("determined", "settled"):
                continue
            if bracket.holds(self.weather.degrees):
                self.exchange.determine(now, ticker, "yes", MICRO)
            else:
                self.exchange.determine(now, ticker, "no", 0)
