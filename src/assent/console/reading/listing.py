"""The newest intents and orders as rows that are kept while records come in, so that a page folds nothing.

A row is made once, from the record that began it, and made anew only when something has happened to it. So many of the
newest are kept, and all that are still open; what is older is read from the file by whoever asks for it.
"""

from collections.abc import Callable
from typing import Final, Generic, TypeVar

import msgspec

from assent.desk.intent_rows import (
    Fate,
    IntentRow,
    dry_run_ended,
    fate_of,
    intent_row,
    is_dry_run,
    standing_now,
)
from assent.desk.rows import OrderRow, order_row
from assent.desk.state import State
from assent.model.facts import Fact, IntentProposed, IntentRefused
from assent.model.intents import QuoteTaken

ROWS_KEPT: Final = 5_000
# Dropped in handfuls, since dropping goes over all of them.
SLACK: Final = 500
QUOTES_KEPT: Final = 2_000
# An intent in these may still change by itself; any other only by a record that names its order.
OPEN_STATUSES: Final = frozenset(("PENDING", "APPROVED"))

Row = TypeVar("Row")


class Rows(Generic[Row]):
    """Rows by id, the oldest first; `open` never drop out."""

    def __init__(self, kept: int = ROWS_KEPT) -> None:
        self.total = 0
        self.open: set[str] = set()
        self._rows: dict[str, Row] = {}
        self._kept = kept
        self._shown: tuple[Row, ...] | None = ()

    def get(self, name: str) -> Row | None:
        return self._rows.get(name)

    def put(self, name: str, row: Row) -> None:
        before = self._rows.get(name)
        if before is not row:
            self._rows[name] = row
            self._shown = None

    def drop_old(self, dropped: Callable[[Row], object] = lambda _row: None) -> None:
        excess = len(self._rows) - self._kept
        if excess < SLACK:
            return
        for name in [name for name in self._rows if name not in self.open][:excess]:
            dropped(self._rows.pop(name))
        self._shown = None

    def shown(self) -> tuple[Row, ...]:
        """The same tuple again as long as nothing has changed."""
        if self._shown is None:
            self._shown = tuple(self._rows.values())
        return self._shown


class LastQuote(msgspec.Struct, frozen=True):
    """The newest quote of a market that a record holds. Older than the market's own; the tape is not read here."""

    seq: int
    ts: int
    quote: QuoteTaken


class Waiting(msgspec.Struct, frozen=True):
    """The record of an intent that is neither released nor over."""

    seq: int
    ts: int
    fact: IntentProposed


class Intents:
    """Every intent's row, the records of those that wait, and the last quote known of each market."""

    def __init__(self, kept: int = ROWS_KEPT) -> None:
        self.rows: Rows[IntentRow] = Rows(kept)
        self.waiting: dict[str, Waiting] = {}
        self.quotes: dict[str, LastQuote] = {}
        self._of_order: dict[str, str] = {}
        self._touched: set[str] = set()
        self._begun: set[str] = set()

    def add(self, state: State, seq: int, ts: int, fact: Fact) -> None:
        """After the fact was folded into the state."""
        if isinstance(fact, IntentProposed | IntentRefused):
            self._begin(state, seq, ts, fact)
            return
        fated = fate_of(fact)
        if fated is not None:
            self._fated(seq, ts, fact, *fated)
        intent_id = getattr(fact, "intent_id", None) or self._of_order.get(order_named_by(state, fact))
        if intent_id:
            self._touched.add(intent_id)
        if intent_id and is_dry_run(fact) and (row := self.rows.get(intent_id)) is not None:
            self.rows.put(intent_id, dry_run_ended(standing_now(state, row)))

    def refresh(self, state: State) -> None:
        """Bring every row up to date that may have changed since the last time."""
        rows = self.rows
        for name in rows.open | self._touched:
            row = rows.get(name)
            if row is None:
                continue
            now = standing_now(state, row)
            rows.put(name, now)
            if now.status in OPEN_STATUSES:
                rows.open.add(name)
            else:
                rows.open.discard(name)
        for name in self.waiting.keys() - rows.open - self._begun:
            del self.waiting[name]
        self._touched.clear()
        self._begun.clear()
        rows.drop_old(lambda row: self._of_order.pop(row.order_id, None))

    def pending(self) -> list[tuple[IntentRow, Waiting]]:
        """Those that wait, with their records, in the order in which they were proposed."""
        found = []
        for name, waiting in self.waiting.items():
            row = self.rows.get(name)
            if row is not None and row.status == "PENDING":
                found.append((row, waiting))
        return found

    def _begin(self, state: State, seq: int, ts: int, fact: IntentProposed | IntentRefused) -> None:
        intent = fact.intent
        row = intent_row(state, seq, ts, fact)
        self.rows.total += 1
        self.rows.put(intent.intent_id, row)
        self._touched.add(intent.intent_id)
        if isinstance(fact, IntentProposed):
            # Whether it waits, the records after it say.
            self.waiting[intent.intent_id] = Waiting(seq, ts, fact)
            self._begun.add(intent.intent_id)
        self._look(intent.instrument, seq, ts, fact.quote)

    def _fated(self, seq: int, ts: int, fact: Fact, intent_id: str, fate: Fate) -> None:
        """Released, or over at its last look, or by people."""
        row = self.rows.get(intent_id)
        if row is None:
            return
        if fate.order_id:
            self._of_order[fate.order_id] = intent_id
        self._look(row.instrument, seq, ts, getattr(fact, "quote", None))
        changed = {"order_id": fate.order_id or row.order_id, "would": fate.would or row.would}
        self.rows.put(intent_id, msgspec.structs.replace(row, reason=row.reason or fate.skipped, **changed))

    def _look(self, instrument: str, seq: int, ts: int, quote: QuoteTaken | None) -> None:
        if quote is None:
            return
        self.quotes.pop(instrument, None)
        self.quotes[instrument] = LastQuote(seq, ts, quote)
        if len(self.quotes) > QUOTES_KEPT:
            del self.quotes[next(iter(self.quotes))]


class Orders:
    """Every order's row, open or ended, in the order of release."""

    def __init__(self, kept: int = ROWS_KEPT) -> None:
        self.rows: Rows[OrderRow] = Rows(kept)
        self._touched: dict[str, None] = {}
        # The record of the newest release that has a row: what came before it and has none was dropped.
        self._newest = 0

    def add(self, state: State, fact: Fact) -> None:
        order_id = order_named_by(state, fact)
        if order_id:
            self._touched[order_id] = None

    def refresh(self, state: State) -> None:
        for name in {**self._touched, **dict.fromkeys(state.orders)}:
            self._put(state, name)
        self.rows.open = set(state.orders)
        self.rows.total = len(state.orders) + len(state.archive.orders)
        self._touched.clear()
        self.rows.drop_old()

    def _put(self, state: State, name: str) -> None:
        order, before = state.find_order(name), self.rows.get(name)
        if order is None or (before is None and order.released_seq <= self._newest and name not in state.orders):
            return
        self._newest = max(self._newest, order.released_seq)
        row = order_row(order, state.find_instrument(order.order.instrument))
        self.rows.put(name, before if before == row else row)


def order_named_by(state: State, fact: Fact) -> str:
    """The order that this fact is about, directly or by its fill; empty where there is none."""
    order_id = getattr(fact, "order_id", None)
    if order_id is None:
        part = getattr(fact, "order", None) or getattr(fact, "fill", None)
        order_id = getattr(part, "order_id", None)
    if order_id is None and (correction := getattr(fact, "correction", None)) is not None:
        fill = state.archive.fills.get(correction.fill_id)
        order_id = fill.order_id if fill else None
    return order_id or ""
