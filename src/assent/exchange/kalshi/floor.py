"""What the handlers ask of an exchange, and the exchange over many days that answers it.

The core itself is such a floor, of one day and any members. `BoxedFloor` is that of a world which goes on over
midnights: its one member's words are in the journal before they are answered, and what was listed once can be found.
"""

from collections.abc import Mapping
from typing import Protocol

from assent.exchange.accounts import History
from assent.exchange.acts import Act
from assent.exchange.book import Top
from assent.exchange.boxed import BoxedExchange
from assent.exchange.changes import AmendOrder, DecreaseOrder
from assent.exchange.groups import GroupCommand, GroupView
from assent.exchange.levels import LevelsTold
from assent.exchange.types import (
    Accepted,
    Amended,
    Amendment,
    Balance,
    Cancelled,
    Decreased,
    Event,
    ExchangeStatus,
    MarketView,
    NewOrder,
    OrderView,
    Rejected,
    Transferred,
)

Levels = list[tuple[int, int]]


class Floor(Protocol):
    """Each word as `core.Exchange` means it."""

    @property
    def now(self) -> int: ...
    @property
    def status(self) -> ExchangeStatus: ...

    def drain(self) -> list[Event]: ...
    def watch_levels(self, told: LevelsTold) -> None: ...

    def submit(self, now: int, account_id: str, new: NewOrder) -> Accepted | Rejected: ...
    def cancel(self, now: int, account_id: str, order_id: str) -> Cancelled | Rejected: ...
    def decrease(
        self, now: int, account_id: str, order_id: str, *, by: int | None = None, to: int | None = None
    ) -> Decreased | Rejected: ...
    def amend_order(self, now: int, account_id: str, order_id: str, new: Amendment) -> Amended | Rejected: ...

    def command_group(self, now: int, account_id: str, command: GroupCommand) -> GroupView | Rejected: ...

    def market(self, ticker: str) -> MarketView | None: ...
    def markets(self) -> list[MarketView]: ...
    def top(self, ticker: str) -> Top: ...
    def depth(self, ticker: str, levels: int | None = None) -> tuple[Levels, Levels]: ...
    def resting(self, account_id: str) -> list[OrderView]: ...
    def resting_count(self, account_id: str) -> int: ...
    def ahead_of(self, account_id: str, order_id: str) -> int | None: ...
    def positions(self, account_id: str) -> dict[str, int]: ...
    def balance(self, account_id: str) -> Balance: ...


class BoxedFloor:
    """A world in the box with its one member. Markets of days past are shown as they ended, behind an empty book."""

    def __init__(self, boxed: BoxedExchange) -> None:
        self.boxed = boxed
        self._events: list[Event] = []
        self._past: dict[str, MarketView] = {}
        self._past_day = -1

    @property
    def histories(self) -> Mapping[str, History]:
        return {self.boxed.account: self.boxed.history}

    # --- time ------------------------------------------------------------------------------------------

    @property
    def now(self) -> int:
        return self.boxed.now

    @property
    def status(self) -> ExchangeStatus:
        return self.boxed.status

    def live(self, ts: int) -> None:
        """Live up to this moment, over as many midnights as there are."""
        self._events += self.boxed.step_until(ts)

    def drain(self) -> list[Event]:
        """What happened since this was asked before, by itself or for an answer that was given meanwhile."""
        events = self._events + self.boxed.step_until(self.boxed.now)
        self._events = []
        return events

    def watch_levels(self, told: LevelsTold) -> None:
        self.boxed.watch_levels(told)

    # --- the member's words ----------------------------------------------------------------------------

    def submit(self, now: int, account_id: str, new: NewOrder) -> Accepted | Rejected:
        self._must_know(account_id)
        return self.boxed.submit(now, new)

    def cancel(self, now: int, account_id: str, order_id: str) -> Cancelled | Rejected:
        self._must_know(account_id)
        return self.boxed.cancel(now, order_id)

    def decrease(
        self, now: int, account_id: str, order_id: str, *, by: int | None = None, to: int | None = None
    ) -> Decreased | Rejected:
        self._must_know(account_id)
        answer = self.boxed.change(now, DecreaseOrder(order_id, by, to))
        assert not isinstance(answer, Amended)  # noqa: S101 - for the type checker
        return answer

    def amend_order(self, now: int, account_id: str, order_id: str, new: Amendment) -> Amended | Rejected:
        self._must_know(account_id)
        answer = self.boxed.change(now, AmendOrder(order_id, new))
        assert not isinstance(answer, Decreased)  # noqa: S101 - for the type checker
        return answer

    def command_group(self, now: int, account_id: str, command: GroupCommand) -> GroupView | Rejected:
        self._must_know(account_id)
        return self.boxed.command_group(now, command)

    def transfer(self, now: int, amount: int, reference: str) -> Transferred | Rejected:
        return self.boxed.transfer(now, amount, reference)

    def carry_out(self, now: int, act: Act) -> None:
        self.boxed.carry_out(now, act)

    # --- questions -------------------------------------------------------------------------------------

    def market(self, ticker: str) -> MarketView | None:
        return self.boxed.market(ticker) or self._days_past().get(ticker)

    def markets(self) -> list[MarketView]:
        return [*self._days_past().values(), *self.boxed.markets()]

    def top(self, ticker: str) -> Top:
        return self.boxed.top(ticker)

    def depth(self, ticker: str, levels: int | None = None) -> tuple[Levels, Levels]:
        if self.boxed.market(ticker) is None and ticker in self._days_past():
            return [], []
        return self.boxed.depth(ticker, levels)

    def resting(self, account_id: str) -> list[OrderView]:
        self._must_know(account_id)
        return self.boxed.open_orders()

    def resting_count(self, account_id: str) -> int:
        self._must_know(account_id)
        return self.boxed.open_count()

    def ahead_of(self, account_id: str, order_id: str) -> int | None:
        self._must_know(account_id)
        return self.boxed.ahead_of(order_id)

    def positions(self, account_id: str) -> dict[str, int]:
        self._must_know(account_id)
        return self.boxed.positions()

    def balance(self, account_id: str) -> Balance:
        self._must_know(account_id)
        return self.boxed.balance()

    def _must_know(self, account_id: str) -> None:
        if account_id != self.boxed.account:
            raise KeyError(f"no account {account_id!r} is open here")

    def _days_past(self) -> dict[str, MarketView]:
        if self._past_day != self.boxed.day:
            self._past = {view.spec.ticker: view for view in self.boxed.past_markets()}
            self._past_day = self.boxed.day
        return self._past
