"""The read model: what a member's own reads answer from, as old as the box is set to.

The venue answers writes at once, and reads from a copy that trails behind: an order can be cancelled and still read as
resting. Each time something may have happened, what changed is noted with its time; it is shown once that is long
enough ago, all of one moment together, and at the latest an eighth of the lag after that. Without a lag everything is
shown at once.
"""

from collections import deque
from typing import NamedTuple

from assent.exchange.accounts import History
from assent.exchange.kalshi.floor import Floor
from assent.exchange.kalshi.ids import order_number
from assent.exchange.kalshi.statement import NOTHING_YET, Statement, Until
from assent.exchange.types import OrderView

SLICES = 8


class Extent(NamedTuple):
    """What cannot stay as it was when anything of a member has changed: each order, fill, payment, correction, transfer
    and word of the member makes a list longer, and whatever else ends an order leaves one less resting."""

    until: Until
    orders: int
    changes: int
    transfers: int
    resting: int


class Change(NamedTuple):
    """What was new about one member at a moment."""

    account: str
    orders: tuple[OrderView, ...]
    until: Until
    cash: int


class Books:
    """One member as its reads show it."""

    def __init__(self, history: History) -> None:
        self.history = history
        # Oldest first.
        self.orders: dict[str, OrderView] = {}
        self.statement = Statement()
        self.cash = 0
        # What was noted last, be it shown or not.
        self.noted_until = NOTHING_YET
        self.noted_cash = 0
        self.noted: dict[str, OrderView] = {}
        self.noted_resting: dict[str, None] = {}
        self.noted_extent: Extent | None = None

    def show(self, change: Change) -> None:
        self.orders.update({view.order_id: view for view in change.orders})
        self.statement.take_up(self.history, change.until)
        self.cash = change.cash


class Reads:
    """The books of all members with keys, `lag` nanoseconds behind."""

    def __init__(self, exchange: Floor, histories: dict[str, History], lag: int) -> None:
        self.lag = lag
        self.as_of = exchange.now
        self.books = {account: Books(history) for account, history in histories.items()}
        self._exchange = exchange
        for account, books in self.books.items():
            begun = self._changed(account, books)
            if begun is not None:
                books.show(begun)
        self._waiting: deque[tuple[int, tuple[Change, ...]]] = deque()

    def moments(self, now: int) -> list[int]:
        """When to stop on the way to `now` and note what has changed: wherever reads may have to show it."""
        since = self._exchange.now
        if not self.lag or since >= now:
            return [now]
        first, step = max(since, now - self.lag), -(-self.lag // SLICES)
        return [*(moment for moment in range(first, now, step) if moment > since), now]

    def note(self) -> None:
        """Note what has changed until now, and show what has waited long enough."""
        now = self._exchange.now
        changes = tuple(
            change for account, books in self.books.items() if (change := self._changed(account, books)) is not None
        )
        if changes or not self._waiting or self._waiting[-1][0] < now:
            self._waiting.append((now, changes))
        while self._waiting and self._waiting[0][0] <= now - self.lag:
            self.as_of, due = self._waiting.popleft()
            for change in due:
                self.books[change.account].show(change)

    def _changed(self, account: str, books: Books) -> Change | None:
        """Only what rests, what rested and what is new can have changed; mostly nothing has, which is seen at once."""
        extent = self._extent(account, books.history)
        if extent == books.noted_extent:
            return None
        books.noted_extent = extent
        resting = {view.order_id: view for view in self._exchange.resting(account)}
        orders = books.history.orders
        new = list(orders)[len(books.noted) :] if len(orders) > len(books.noted) else []
        others = [name for name in dict.fromkeys([*books.noted_resting, *new]) if name not in resting]
        seen = resting | {name: books.history.view(name) for name in others}
        changed = tuple(seen[name] for name in sorted(seen, key=order_number) if books.noted.get(name) != seen[name])
        change = Change(account, changed, Until.now(books.history), self._exchange.balance(account).cash)
        books.noted_resting = dict.fromkeys(resting)
        books.noted.update({view.order_id: view for view in changed})
        if not changed and change.until == books.noted_until and change.cash == books.noted_cash:
            return None
        books.noted_until, books.noted_cash = change.until, change.cash
        return change

    def _extent(self, account: str, history: History) -> Extent:
        return Extent(
            until=Until.now(history),
            orders=len(history.orders),
            changes=len(history.changes),
            transfers=len(history.transfers),
            resting=self._exchange.resting_count(account),
        )
