"""One day of the world: its events, their crowds, forecasts and ends, and what gets in the way.

Each day is whole in itself: listed after midnight, traded until shortly before the next, determined from hidden
truths and settled before the day is over. It depends on (seed, day) and on the orders that came in, on nothing else,
so a day in which its owner did nothing never has to be lived through again.
"""

import heapq
from collections.abc import Callable

from assent.exchange.accounts import History
from assent.exchange.core import Exchange
from assent.exchange.grid import LINEAR_CENT
from assent.exchange.interruptions import Interruptions
from assent.exchange.programme import Happening, programme
from assent.exchange.traders import CENT, CROWD, Seat
from assent.exchange.truth import Bracket, minute_of, stream
from assent.exchange.types import DAY, MINUTE, SECOND, MarketSpec

# Any change that makes the same seed live through another day needs a new number: old journals would replay wrongly.
WORLD_VERSION = 2
FORECAST_SOURCE = "sim-forecasters"
OPENS_AFTER = 30 * SECOND
SETTLEMENT_TIMER = MINUTE
NUMBERS_PER_DAY = 10**8

Act = Callable[[int], int | None]


class World:
    """The exchange of one day, and everybody on it. `owner` is the account that the outside trades with."""

    def __init__(self, seed: int, day: int, *, owner: str, cash: int, history: History) -> None:
        self.day = day
        self.start_ts = day * DAY
        self.exchange = Exchange(first_number=day * NUMBERS_PER_DAY + 1)
        self.happenings = programme(seed, day)
        self._asked: dict[str, tuple[Happening, Bracket]] = {}
        self._wakes: list[tuple[int, int, Act]] = []
        self._ticks = [[CENT] * len(happening.brackets) for happening in self.happenings]
        self.exchange.open_account(owner, cash, history)
        for happening, ticks in zip(self.happenings, self._ticks, strict=True):
            self._list(happening)
            self._invite(seed, happening, ticks)
        for planned in Interruptions(seed, day, self.exchange, self.happenings, self._ticks).planned:
            self._wake(self.start_ts + planned.after, _once(planned.happen))

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

    def forecast(self, ticker: str, ts: int) -> int | None:
        """The probability of YES last published at `ts`, in parts per million; None before the first, or of nothing."""
        known = self._asked.get(ticker)
        if known is None or ts - self.start_ts < known[0].truth.every * MINUTE:
            return None
        happening, bracket = known
        return happening.truth.forecast_ppm(bracket, min(minute_of(ts), happening.quiet_from - 1))

    def forecast_ts(self, ticker: str, ts: int) -> int:
        """When the one that is the last at `ts` was published. Nothing new comes once the crowd has gone quiet."""
        happening = self._asked[ticker][0]
        every = happening.truth.every
        return self.start_ts + min(minute_of(ts), happening.quiet_from - 1) // every * every * MINUTE

    def _list(self, happening: Happening) -> None:
        for ticker, bracket in zip(happening.tickers, happening.brackets, strict=True):
            self._asked[ticker] = (happening, bracket)
            spec = MarketSpec(
                ticker=ticker,
                event=happening.event,
                series=happening.series,
                title=bracket.title,
                open_ts=self.start_ts + OPENS_AFTER,
                close_ts=self.start_ts + happening.closes * MINUTE,
                price_bands=LINEAR_CENT,
                mutually_exclusive=happening.exclusive,
                settlement_timer_ns=SETTLEMENT_TIMER,
            )
            self.exchange.list_market(self.start_ts, spec)

    def _invite(self, seed: int, happening: Happening, ticks: list[int]) -> None:
        """The event's own crowd, its forecasters, and whoever announces how it ended."""
        opens = self.start_ts + OPENS_AFTER
        for number, kind in enumerate(CROWD, start=1):
            account = f"{kind.name}-{happening.event}"
            self.exchange.open_account(account, kind.cash)
            trader = kind(Seat(self.exchange, account, happening, ticks, stream(seed, self.day, account)))
            self._wake(opens + number * SECOND, self._while_open(happening, trader.act))
        every = happening.truth.every * MINUTE

        def publish(now: int) -> int:
            for ticker in happening.tickers:
                probability = self.forecast(ticker, now)
                if probability is not None:
                    self.exchange.publish_forecast(now, ticker, probability, FORECAST_SOURCE)
            return now + every

        def determine(now: int) -> None:
            for ticker, bracket in zip(happening.tickers, happening.brackets, strict=True):
                market = self.exchange.market(ticker)
                if market is None or market.status in ("determined", "settled"):
                    continue
                self.exchange.determine(now, ticker, *bracket.outcome(happening.truth.number))

        self._wake(self.start_ts + every, self._while_open(happening, publish))
        self._wake(self.start_ts + happening.decided * MINUTE, _once(determine))

    def _wake(self, ts: int, act: Act) -> None:
        heapq.heappush(self._wakes, (ts, len(self._wakes), act))

    def _while_open(self, happening: Happening, act: Callable[[int], int]) -> Act:
        ends = self.start_ts + happening.quiet_from * MINUTE

        def act_while_open(now: int) -> int | None:
            again = act(now)
            return again if again < ends else None

        return act_while_open


def _once(act: Callable[[int], None]) -> Act:
    def act_once(now: int) -> None:
        act(now)

    return act_once
