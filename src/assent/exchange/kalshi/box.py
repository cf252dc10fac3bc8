"""The exchange in the box with all that its server needs to remember beside it.

It owns no clock: whoever serves it says what time it is, and the exchange and its crowd then live up to that moment.
It is the only reader of the exchange's events. It must never answer for the core: whether an order may trade, what it
fills and what it costs is decided there.
"""

from collections import deque
from collections.abc import Callable, Mapping

from assent.exchange.accounts import History
from assent.exchange.kalshi.floor import BoxedFloor, Floor
from assent.exchange.kalshi.statement import Statement
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

    def __init__(self, exchange: Floor, histories: Mapping[str, History], live: Callable[[int], object]) -> None:
        self.exchange = exchange
        self.histories = dict(histories)
        self.statements = {account: Statement() for account in histories}
        self.tape = Tape()
        self.past: dict[str, MarketPast] = {}
        self._live = live
        self._settled: deque[str] = deque()
        # What has paid a member has a number for ever, also after its market is forgotten.
        for history in self.histories.values():
            for paid in history.settlements:
                self._past_of(paid.market, paid.ts)
        for view in exchange.markets():
            past = self._past_of(view.spec.ticker, view.listed_ts)
            past.settled_ts = view.settled_ts
            past.updated_ts = view.settled_ts or exchange.now

    @classmethod
    def of(cls, floor: BoxedFloor) -> "Box":
        """Over a world that has caught up, with what it still tells of its past."""
        box = cls(floor, floor.histories, floor.live)
        box.remember()
        return box

    def live_until(self, clock: int) -> int:
        """Live up to now and remember what happened. The exchange's own time, which never runs backwards."""
        self._live(max(clock, self.exchange.now))
        self.remember()
        return self.exchange.now

    def remember(self) -> None:
        """Take up what has just happened."""
        for event in self.exchange.drain():
            self._take_up(event)
        for account, history in self.histories.items():
            self.statements[account].take_up(history.fills, history.settlements)

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
                self._settled.append(event.market)
                if len(self._settled) > MINUTES_KEPT:
                    self.past[self._settled.popleft()].forget_minutes()

    def _past_of(self, ticker: str, ts: int) -> MarketPast:
        past = self.past.get(ticker)
        if past is None:
            past = self.past[ticker] = MarketPast(len(self.past) + 1, ts)
        return past
