"""An exchange that lives inside the process, remembers everything, and survives it.

The world depends on the seed, the day and the orders that came in; the orders are in the journal before they are
answered. So whoever opens the same journal later meets the same world, to the last fill. Days in which the owner did
nothing are skipped, finished ones are remembered by what they left. It must never look at a clock: the caller says
what time it is, and time only runs forwards.
"""

from collections import deque
from pathlib import Path

from assent.exchange.accounts import History
from assent.exchange.acts import Act, carry_out
from assent.exchange.admission import is_order_id, is_transfer, wrong_parameters
from assent.exchange.book import Top
from assent.exchange.changes import Change, ask, wrong_change
from assent.exchange.days import day_entry, marks_of, restore
from assent.exchange.groups import GroupCommand, GroupView, wrong_command
from assent.exchange.journal import (
    FORMAT,
    ActEntry,
    Asked,
    CancelEntry,
    ChangeEntry,
    DayEntry,
    Entry,
    GroupEntry,
    Header,
    Journal,
    OrderEntry,
    SeenEntry,
    TransferEntry,
)
from assent.exchange.levels import LevelsTold
from assent.exchange.past import Past
from assent.exchange.types import (
    DAY,
    Accepted,
    Amended,
    Audit,
    Balance,
    Cancelled,
    Decreased,
    Event,
    ExchangeError,
    ExchangeStatus,
    MarketView,
    NewOrder,
    OrderView,
    Rejected,
    Transferred,
)
from assent.exchange.world import WORLD_VERSION, World

# Markets of so many days past are shown; older ones are gone, as they are at the venue in time.
PAST_DAYS_MAX = 400


class BoxedExchange(Past):
    """One member's view of the simulated venue. Open it with `open`, then `catch_up` to now.

    `watched`: others than the member look on, and must meet again what they have seen. So the markets of each day that
    was lived through are kept, of days without orders too.
    """

    def __init__(self, header: Header, journal: Journal | None, *, relive_days: int | None, watched: bool) -> None:
        self.header = header
        self.account = header.account
        self._seed = header.seed
        self._watched = watched
        self._past: deque[tuple[MarketView, ...]] = deque(maxlen=PAST_DAYS_MAX)
        self._journal = journal
        self._history = History()
        self._cash = header.cash
        self._fees_paid = 0
        self._last_day_recorded = -1
        self._pending: list[Asked] = []
        self._events: list[Event] = []
        self._levels_told: LevelsTold | None = None
        first_day = header.start_ts // DAY
        entries = journal.entries if journal is not None else []
        finished = [entry.day for entry in entries if isinstance(entry, DayEntry)]
        believed = set() if relive_days is None else set(finished[: max(0, len(finished) - relive_days)])
        for entry in entries:
            if not isinstance(entry, DayEntry):
                self._pending.append(entry)
                continue
            self._last_day_recorded = entry.day
            if entry.day in believed:
                self._remember(entry)
                first_day = entry.day + 1
        begun = (self._last_day_recorded + 1) * DAY
        self.now = max(header.start_ts, begun, self._pending[-1].ts if self._pending else 0)
        self._caught_up = self._touched = False
        self._enter(first_day)

    @classmethod
    def open(
        cls,
        path: Path | None,
        *,
        seed: int,
        start_ts: int,
        account: str,
        cash: int,
        replay_everything: bool = False,
        relive_days: int = 0,
        watched: bool = False,
    ) -> "BoxedExchange":
        """Begin a world at `start_ts`, or open the one that `path` holds, which then needs `catch_up`.

        An existing journal keeps its own `start_ts`; another seed, account or cash is refused. Without a path the
        world lives in memory only. `replay_everything` distrusts the records of finished days and lives them again;
        `relive_days` does so with the last few, whose trades somebody still wants to see.
        """
        header = Header(FORMAT, WORLD_VERSION, seed, start_ts, account, cash)
        journal = None if path is None else Journal.open(path, header)
        relived = None if replay_everything else relive_days
        exchange = cls(journal.header if journal else header, journal, relive_days=relived, watched=watched)
        if journal is None or not journal.entries:
            exchange.catch_up(exchange.now, tell=watched)
        return exchange

    def close(self) -> None:
        if self._journal is not None:
            self._journal.close()

    # --- time ------------------------------------------------------------------------------------------

    @property
    def lived_until(self) -> int:
        """The latest time that this world knows of: a clock that says less cannot be right."""
        return max(self._pending[-1].ts if self._pending else 0, self.now)

    def next_event_ts(self) -> int:
        """When something happens next if nobody sends anything."""
        within_the_day = self._world.next_event_ts()
        return within_the_day if within_the_day is not None else self._world.start_ts + DAY

    def step_until(self, ts: int) -> list[Event]:
        """Live through everything up to and including `ts`; what happened since the last call, in sequence."""
        self._be_caught_up(ts)
        self._step(ts)
        return self._drain()

    def catch_up(self, now: int, *, tell: bool = False) -> None:
        """Go to `now` the short way: replay the journal, skip days without our orders. What happened on the way is told
        by the next step only where it is asked for."""
        if now < self.now:
            raise ExchangeError(
                f"the clock says {now}, but this exchange has lived until {self.now}; "
                "set the clock right, or use another journal"
            )
        for entry in self._pending:
            self._leap(entry.ts)
            self._apply(entry)
        self._pending.clear()
        self._leap(now)
        self._caught_up = True
        if not tell:
            self._drain()
        self._be_seen(now)

    def watch_levels(self, told: LevelsTold) -> None:
        """From now on, on this day and all that follow, call `told` at each change of a price level."""
        self._levels_told = told
        self._world.exchange.watch_levels(told)

    # --- orders ----------------------------------------------------------------------------------------

    def submit(self, now: int, order: NewOrder) -> Accepted | Rejected:
        """Journal first, then process, then answer. What is malformed as such never reaches the journal."""
        self._be_caught_up(now)
        self._step(now)
        refusal = wrong_parameters(order, now)
        if refusal is not None:
            return refusal
        self._write(OrderEntry(now, order))
        return self._submit(now, order)

    def cancel(self, now: int, order_id: str) -> Cancelled | Rejected:
        self._be_caught_up(now)
        self._step(now)
        if not is_order_id(order_id):
            return Rejected("invalid_parameters", f"{order_id!r} is not an order id")
        self._write(CancelEntry(now, order_id))
        return self._cancel(now, order_id)

    def change(self, now: int, change: Change) -> Decreased | Amended | Rejected:
        """Less of a resting order, or another price, total, expiry or name for it."""
        self._be_caught_up(now)
        self._step(now)
        refusal = wrong_change(change)
        if refusal is not None:
            return refusal
        self._write(ChangeEntry(now, change))
        return self._change(now, change)

    def command_group(self, now: int, command: GroupCommand) -> GroupView | Rejected:
        """What the member asks of its order groups."""
        self._be_caught_up(now)
        self._step(now)
        refusal = wrong_command(command)
        if refusal is not None:
            return refusal
        self._write(GroupEntry(now, command))
        return self._command_group(now, command)

    def transfer(self, now: int, amount: int, reference: str) -> Transferred | Rejected:
        """The owner's own money: positive comes in, negative goes out. Not an order, so no strategy can ask for it."""
        self._be_caught_up(now)
        self._step(now)
        if not is_transfer(amount, reference):
            return Rejected("invalid_parameters", f"{amount!r} is no amount that moves, or {reference!r} no short text")
        self._write(TransferEntry(now, amount, reference))
        return self._transfer(now, amount, reference)

    def carry_out(self, now: int, act: Act) -> None:
        """Let the venue itself do something beyond the world's script: a drill. Refused acts leave no trace; what was
        done is durable on return, and part of this world for good."""
        self._be_caught_up(now)
        self._step(now)
        self._do(now, act)
        self._write(ActEntry(now, act))

    # --- questions, all about this moment --------------------------------------------------------------

    @property
    def history(self) -> History:
        """Everything about the member's past that may be asked for."""
        return self._history

    def asked(self) -> list[Asked]:
        """Whatever was asked here since the world began and made sense as such, taken or not, as it came."""
        entries = self._journal.read() if self._journal is not None else []
        return [entry for entry in entries if not isinstance(entry, DayEntry | SeenEntry)]

    def past_markets(self) -> list[MarketView]:
        """Markets of finished days that somebody has watched, as they stood in the end, in listing order."""
        return [view for day in self._past for view in day]

    def open_orders(self) -> list[OrderView]:
        return self._world.exchange.resting(self.account)

    def open_count(self) -> int:
        """How many orders are open."""
        return self._world.exchange.resting_count(self.account)

    @property
    def day(self) -> int:
        """The day that is being lived through, counted from 1970."""
        return self._world.day

    @property
    def status(self) -> ExchangeStatus:
        """Of the exchange as a whole."""
        return self._world.exchange.status

    def ahead_of(self, order_id: str) -> int | None:
        """What would trade before an open order; None if it does not rest."""
        return self._world.exchange.ahead_of(self.account, order_id)

    def positions(self) -> dict[str, int]:
        return self._world.exchange.positions(self.account)

    def balance(self) -> Balance:
        """Cash and what is held of it; fees since the world began."""
        today = self._world.exchange.balance(self.account)
        return Balance(today.cash, today.reserved, today.available, self._fees_paid + today.fees_paid)

    def markets(self) -> list[MarketView]:
        """Today's markets. Yesterday's are gone; what they paid stands in `settlements`."""
        return self._world.exchange.markets()

    def market(self, ticker: str) -> MarketView | None:
        return self._world.exchange.market(ticker)

    def top(self, ticker: str) -> Top:
        return self._world.exchange.top(ticker)

    def depth(self, ticker: str, levels: int | None = None) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        return self._world.exchange.depth(ticker, levels)

    def forecast(self, ticker: str) -> int | None:
        """The probability last published for a market of today, or None before the first one."""
        return self._world.forecast(ticker, self.now)

    def forecasts(self) -> list[tuple[str, int, int]]:
        """Every forecast that stands: the market, its probability in parts per million, and when it was published."""
        world, now = self._world, self.now
        standing = ((view.spec.ticker, world.forecast(view.spec.ticker, now)) for view in world.exchange.markets())
        return [(name, ppm, world.forecast_ts(name, now)) for name, ppm in standing if ppm is not None]

    def audit(self) -> Audit:
        """All the money on today's exchange; raises if any of it does not add up."""
        self._world.exchange.check()
        return self._world.exchange.audit()

    # --- inside ----------------------------------------------------------------------------------------

    def _be_caught_up(self, now: int) -> None:
        if not self._caught_up:
            raise ExchangeError("this exchange has a past: call catch_up(now) before anything else")
        if now < self.now:
            raise ExchangeError(f"time runs forwards here: it is {self.now}, the caller said {now}")

    def _drain(self) -> list[Event]:
        events = self._events + self._world.exchange.drain()
        self._events = []
        return events

    def _be_seen(self, ts: int) -> None:
        """Once for each day with somebody watching: from now on it counts as one that was touched."""
        if self._watched and not self._touched:
            self._touched = True
            self._write(SeenEntry(ts))

    def _change(self, ts: int, change: Change) -> Decreased | Amended | Rejected:
        self._touched = True
        return ask(self._world.exchange, ts, self.account, change)

    def _command_group(self, ts: int, command: GroupCommand) -> GroupView | Rejected:
        self._touched = True
        return self._world.exchange.command_group(ts, self.account, command)

    def _submit(self, ts: int, order: NewOrder) -> Accepted | Rejected:
        self._touched = True
        return self._world.exchange.submit(ts, self.account, order)

    def _cancel(self, ts: int, order_id: str) -> Cancelled | Rejected:
        self._touched = True
        return self._world.exchange.cancel(ts, self.account, order_id)

    def _transfer(self, ts: int, amount: int, reference: str) -> Transferred | Rejected:
        self._touched = True
        return self._world.exchange.transfer(ts, self.account, amount, reference)

    def _do(self, ts: int, act: Act) -> None:
        self._touched = True
        carry_out(self._world.exchange, ts, act)

    def _apply(self, entry: Asked) -> None:
        if isinstance(entry, OrderEntry):
            self._submit(entry.ts, entry.order)
        elif isinstance(entry, ActEntry):
            self._do(entry.ts, entry.act)
        elif isinstance(entry, CancelEntry):
            self._cancel(entry.ts, entry.order_id)
        elif isinstance(entry, ChangeEntry):
            self._change(entry.ts, entry.change)
        elif isinstance(entry, GroupEntry):
            self._command_group(entry.ts, entry.command)
        elif isinstance(entry, TransferEntry):
            self._transfer(entry.ts, entry.amount, entry.reference)
        else:
            self._touched = True

    def _write(self, entry: Entry) -> None:
        if self._journal is not None:
            self._journal.append(entry)

    def _enter(self, day: int) -> None:
        self._world = World(self._seed, day, owner=self.account, cash=self._cash, history=self._history)
        self._touched = False
        if self._levels_told is not None:
            self._world.exchange.watch_levels(self._levels_told)
        self._begun = marks_of(self._history)

    def _step(self, ts: int) -> None:
        while ts >= self._world.start_ts + DAY:
            self._finish_day()
            self._enter(self._world.day + 1)
            self._be_seen(self._world.start_ts)
        self._world.step_until(ts)
        self.now = ts

    def _leap(self, ts: int) -> None:
        """Like `_step`, but a day that we did not touch is left as it stands, and empty days are not entered."""
        if ts >= self._world.start_ts + DAY:
            if self._touched:
                self._finish_day()
            self._enter(ts // DAY)
        self._world.step_until(ts)
        self.now = ts

    def _finish_day(self) -> None:
        """Live the day to its end and note what it left. A position or an order that outlives it is our bug."""
        world, exchange = self._world, self._world.exchange
        world.step_until(world.start_ts + DAY - 1)
        exchange.check()
        balance = exchange.balance(self.account)
        if exchange.positions(self.account) or balance.reserved:
            raise ExchangeError(f"day {world.day} ended with something open: {balance}")
        self._events += exchange.drain()
        self._cash = balance.cash
        self._fees_paid += balance.fees_paid
        if self._watched:
            self._past.append(tuple(exchange.markets()))
        if self._touched and world.day > self._last_day_recorded:
            self._last_day_recorded = world.day
            markets = tuple(exchange.markets()) if self._watched else ()
            self._write(day_entry(world.day, self._cash, self._fees_paid, self._history, self._begun, markets))

    def _remember(self, entry: DayEntry) -> None:
        restore(self._history, entry)
        if entry.markets:
            self._past.append(entry.markets)
        self._cash = entry.cash
        self._fees_paid = entry.fees_paid
        self._pending.clear()
