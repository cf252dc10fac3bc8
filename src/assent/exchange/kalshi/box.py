"""The exchange in the box with all that its server needs to remember beside it.

It owns no clock: whoever serves it says what time it is, and the exchange and its crowd then live up to that moment.
It is the only reader of the exchange's events. It must never answer for the core: whether an order may trade, what it
fills and what it costs is decided there.
"""

from collections.abc import Callable, Mapping

from assent.exchange.accounts import History
from assent.exchange.core import Exchange
from assent.exchange.kalshi.reads import Reads
from assent.exchange.kalshi.settings import DEFAULTS, Settings
from assent.exchange.kalshi.statement import Statement, Until
from assent.exchange.kalshi.tape import MarketPast, Tape
from assent.exchange.types import (
    CloseMoved,
    Determined,
    Event,
    GridChanged,
    GroupChanged,
    MarketChanged,
    MarketView,
    Settled,
    TopChanged,
    Traded,
)


class Box:
    """`histories` are those that the members' accounts were opened with; `live` lets the exchange live until a time:
    `World.step_until`, or `Exchange.advance` where nobody else trades.

    Order groups live in the members' histories: in memory only, unless who owns those writes them down. Whoever is in
    `group_observers` is told of each thing that happens to one.
    """

    def __init__(
        self,
        exchange: Exchange,
        histories: Mapping[str, History],
        live: Callable[[int], object],
        settings: Settings = DEFAULTS,
    ) -> None:
        self.exchange = exchange
        self.settings = settings
        self.histories = dict(histories)
        self.statements = {account: Statement() for account in histories}
        self.tape = Tape()
        self.past: dict[str, MarketPast] = {}
        self.reads = Reads(exchange, self.histories, settings.read_lag_ns)
        self.group_observers: list[Callable[[GroupChanged], None]] = []
        self._live = live
        for view in exchange.markets():
            self._past_of(view.spec.ticker, exchange.now)

    def live_until(self, clock: int) -> int:
        """Live up to now and remember what happened. The exchange's own time, which never runs backwards."""
        for moment in self.reads.moments(max(clock, self.exchange.now)):
            self._live(moment)
            self.remember()
        return self.exchange.now

    def remember(self) -> None:
        """Take up what has just happened."""
        for event in self.exchange.drain():
            self._take_up(event)
        for account, history in self.histories.items():
            self.statements[account].take_up(history, Until.now(history))
        self.reads.note()

    def markets(self) -> dict[int, MarketView]:
        """Every market by its number, the newest first."""
        views = {self.past[view.spec.ticker].number: view for view in self.exchange.markets()}
        return dict(reversed(views.items()))

    def _take_up(self, event: Event) -> None:
        if isinstance(event, TopChanged):
            self._past_of(event.market, event.ts).quote(event)
        elif isinstance(event, Traded):
            self._past_of(event.market, event.ts).trade(event)
            self.tape.add(event)
        elif isinstance(event, MarketChanged | CloseMoved | GridChanged | Determined | Settled):
            past = self._past_of(event.market, event.ts)
            past.updated_ts = event.ts
            if isinstance(event, Settled):
                past.settled_ts = event.ts
        elif isinstance(event, GroupChanged):
            for observe in self.group_observers:
                observe(event)

    def _past_of(self, ticker: str, ts: int) -> MarketPast:
        past = self.past.get(ticker)
        if past is None:
            past = self.past[ticker] = MarketPast(len(self.past) + 1, ts)
        return past
