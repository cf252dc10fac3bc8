"""The exchange in the box with all that its server needs to remember beside it.

It owns no clock: whoever serves it says what time it is, and the exchange and its crowd then live up to that moment.
It is the only reader of the exchange's events. It must never answer for the core: whether an order may trade, what it
fills and what it costs is decided there.
"""

from collections import deque
from collections.abc import Callable, Mapping, Sequence

from assent.exchange.accounts import History
from assent.exchange.kalshi.floor import BoxedFloor, Floor
from assent.exchange.kalshi.reads import Reads
from assent.exchange.kalshi.settings import DEFAULTS, Settings
from assent.exchange.kalshi.statement import Statement, Until
from assent.exchange.kalshi.tape import MarketPast, Tape
from assent.exchange.types import (
    CloseMoved,
    Determined,
    Event,
    GridChanged,
    MarketChanged,
    MarketView,
    Settled,
    TopChanged,
    Traded,
)

# Of so many markets that have settled, the minutes are kept; what is told of older ones needs none.
MINUTES_KEPT = 100


class Box:
    """`histories` are those that the members' accounts were opened with; `live` lets the exchange live until a time:
    `World.step_until`, or `Exchange.advance` where nobody else trades. `Box.of` is for a world that lasts."""

    def __init__(
        self,
        exchange: Floor,
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
        self._live = live
        self._observers: list[Callable[[Sequence[Event]], None]] = []
        self._settled: deque[str] = deque()
        self._know_markets()

    @classmethod
    def of(cls, floor: BoxedFloor, settings: Settings = DEFAULTS) -> "Box":
        """Over a world that has caught up, with what it still tells of its past."""
        box = cls(floor, floor.histories, floor.live, settings)
        box.remember()
        return box

    def live_until(self, clock: int) -> int:
        """Live up to now and remember what happened. The exchange's own time, which never runs backwards."""
        for moment in self.reads.moments(max(clock, self.exchange.now)):
            self._live(moment)
            self.remember()
        return self.exchange.now

    def remember(self) -> None:
        """Take up what has just happened."""
        traded: dict[str, None] = {}
        events = self.exchange.drain()
        for event in events:
            self._take_up(event)
            if isinstance(event, Traded):
                traded[event.market] = None
        for ticker in traded:
            view = self.exchange.market(ticker)
            if view is not None:
                self.past[ticker].candles.look(view.open_interest)
        for account, history in self.histories.items():
            self.statements[account].take_up(history, Until.now(history))
        self.reads.note()
        for observe in self._observers:
            observe(events)

    def observe(self, observer: Callable[[Sequence[Event]], None]) -> None:
        """Have every event told to somebody else too, once it is remembered here."""
        self._observers.append(observer)

    def markets(self) -> dict[int, MarketView]:
        """Every market by its number, the newest first."""
        views = {self.past[view.spec.ticker].number: view for view in self.exchange.markets()}
        return dict(reversed(views.items()))

    def _know_markets(self) -> None:
        """Number what is listed already. Older markets that have paid a member keep a number too, before all others."""
        views = self.exchange.markets()
        listed = {view.spec.ticker for view in views}
        for history in self.histories.values():
            for paid in history.settlements:
                if paid.market not in listed:
                    self._past_of(paid.market, paid.ts)
        for view in views:
            past = self._past_of(view.spec.ticker, view.listed_ts)
            past.settled_ts = view.settled_ts
            past.updated_ts = view.settled_ts or self.exchange.now

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
                self._settled.append(event.market)
                if len(self._settled) > MINUTES_KEPT:
                    self.past[self._settled.popleft()].forget_minutes()

    def _past_of(self, ticker: str, ts: int) -> MarketPast:
        past = self.past.get(ticker)
        if past is None:
            past = self.past[ticker] = MarketPast(len(self.past) + 1, ts)
        return past
