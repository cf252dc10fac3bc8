"""What gets in the way of a day's trading: a market that pauses, a halt of the whole exchange, a finer price grid.

When and where is drawn from a stream of its own, so that the same seed has the same bad luck every time.
"""

from collections.abc import Callable
from typing import NamedTuple

from assent.exchange.core import Exchange
from assent.exchange.grid import DECI_CENT
from assent.exchange.programme import LADDER_CLOSES, Happening
from assent.exchange.truth import stream
from assent.exchange.types import MINUTE, Status

# Minutes of the day: the earliest, and how much later it may be.
PAUSE_FROM, PAUSE_SPAN, PAUSE_MINUTES = 540, 180, 12
HALT_FROM, HALT_SPAN, HALT_MINUTES = 930, 90, 4
# The finer grid comes an hour before the ladders close.
REGRID_AT = LADDER_CLOSES - 60
FINE_TICK = 1_000


class Interruption(NamedTuple):
    """Something that happens to the exchange at a moment of the day."""

    after: int
    happen: Callable[[int], None]


class Interruptions:
    """One day's. `ticks` are the crowd's, by event: a finer grid is of no use to those who do not know of it."""

    def __init__(
        self, seed: int, day: int, exchange: Exchange, happenings: tuple[Happening, ...], ticks: list[list[int]]
    ) -> None:
        random = stream(seed, day, "interruptions")
        self._exchange = exchange
        self._happenings = happenings
        self._ticks = ticks
        tickers = happenings[0].tickers
        # One of the inner rungs, which are the ones that most people trade.
        self._paused_market = tickers[1 + (random.getrandbits(32) * (len(tickers) - 2) >> 32)]
        self._halted: list[str] = []
        pause = PAUSE_FROM + (random.getrandbits(32) * PAUSE_SPAN >> 32)
        halt = HALT_FROM + (random.getrandbits(32) * HALT_SPAN >> 32)
        self.planned = (
            Interruption(pause * MINUTE, self._pause),
            Interruption((pause + PAUSE_MINUTES) * MINUTE, self._resume),
            Interruption(halt * MINUTE, self._halt),
            Interruption((halt + HALT_MINUTES) * MINUTE, self._reopen),
            Interruption(REGRID_AT * MINUTE, self._refine),
        )

    def _pause(self, now: int) -> None:
        if self._is(self._paused_market, "active"):
            self._exchange.pause_market(now, self._paused_market)

    def _resume(self, now: int) -> None:
        if self._is(self._paused_market, "inactive"):
            self._exchange.resume_market(now, self._paused_market)

    def _halt(self, now: int) -> None:
        """The whole exchange stops; what is closed already stays as it is."""
        self._halted = [view.spec.ticker for view in self._exchange.markets() if view.status == "active"]
        for ticker in self._halted:
            self._exchange.pause_market(now, ticker)

    def _reopen(self, now: int) -> None:
        for ticker in self._halted:
            if self._is(ticker, "inactive"):
                self._exchange.resume_market(now, ticker)

    def _is(self, ticker: str, status: Status) -> bool:
        """Whether it still stands so: a drill may have been there before."""
        view = self._exchange.market(ticker)
        return view is not None and view.status == status

    def _refine(self, now: int) -> None:
        """The likeliest rung of the first ladder is priced in tenths of a cent from now on."""
        truth, minute = self._happenings[0].truth, REGRID_AT
        mean, sigma = truth.means[minute], truth.sigmas[minute]
        chances = [bracket.probability_ppm(mean, sigma) for bracket in self._happenings[0].brackets]
        index = chances.index(max(chances))
        self._exchange.set_price_bands(now, self._happenings[0].tickers[index], DECI_CENT)
        self._ticks[0][index] = FINE_TICK
