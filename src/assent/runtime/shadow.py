"""Observe's shadow book: plays the orders that would have been released against the market as it is heard, on paper.

It listens to what the venue tells of its markets and to the facts that the desk has committed, and that is all that
it has to do with either: it gives nothing back, reads no ledger, writes a file of its own, and stops by itself when
that cannot be written. The fills are pessimistic (see `exchange.paper`), come after the time that an order takes, and
are marked as hypothetical wherever they stand. It takes no clock's word but the one of whoever calls.
"""

from collections import deque
from collections.abc import Callable, Collection
from typing import Final, NamedTuple

from assent.desk import money
from assent.desk.state import CASH, FEES, REALISED, Position
from assent.exchange import paper
from assent.exchange.types import Rejected
from assent.model.facts import Fact
from assent.model.inputs import Input, InstrumentSeen, SettlementSeen
from assent.model.instruments import Instrument
from assent.model.orders import Order
from assent.model.text import shown
from assent.model.would import WouldOrderEnded, WouldRelease
from assent.runtime.clock import Clock
from assent.runtime.shadow_book import (
    Book,
    Ended,
    Filled,
    Held,
    Lines,
    Opened,
    Ordered,
    Settled,
    apply,
    summary_of,
)
from assent.runtime.shadow_file import ShadowFile
from assent.venue.paper.adapter import LATENCY_NS
from assent.venue.paper.heard import OF_AN_ACCOUNT, asked, fault_of, playable, take_in
from assent.venue.port import Lane

# Orders that rest or are on their way; more than these are counted and not played.
FOLLOWED_MAX: Final = 1_000


class _Due(NamedTuple):
    """An order, or the word that takes one off, on its way; it arrives at this time."""

    ts: int
    order: Order
    ends: str


class Shadow:
    """One desk's. `cash` is asked once, when the first order comes; `standing` are the ids that the desk still counts
    as resting: what else the file has ended while nobody wrote."""

    def __init__(self, file: ShadowFile, clock: Clock, *, cash: Callable[[], int], standing: Collection[str]) -> None:
        self._file = file
        self._clock = clock
        self._cash = cash
        self._exchange = paper.PaperExchange(0)
        self._instruments: dict[str, Instrument] = {}
        self._coming: deque[_Due] = deque()
        # What rested before this start, by market, until that market is listed again.
        self._waiting: dict[str, list[Order]] = {}
        self._skipped = 0
        self._stopped = ""
        self._book = self._opened()
        self._take_over(standing)

    def summary(self) -> dict[str, object]:
        return summary_of(self._book, stopped=self._stopped, skipped=self._skipped)

    def markets(self) -> list[str]:
        """Where it has something: the venue must tell how these end."""
        return [*self._book.held, *dict.fromkeys(each.order.instrument for each in self._book.resting.values())]

    def hear(self, lane: Lane, item: Input, key: str = "") -> None:  # noqa: ARG002 - the form of every sink
        """What a venue tells of its markets. What it tells of the account is somebody else's money."""
        if self._stopped or isinstance(item, OF_AN_ACCOUNT):
            return
        now = self._clock.now()
        self._arrive(now)
        if type(item) is SettlementSeen:
            self._settle(item, now)
            return
        self._note(take_in(self._exchange, item, now))
        if type(item) is InstrumentSeen:
            self._list(item.instrument, now)

    def __call__(self, _seq: int, ts: int, fact: Fact) -> None:
        """A fact that is on the disk."""
        if self._stopped:
            return
        self._arrive(ts)
        if type(fact) is WouldRelease:
            self._released(fact.order, ts)
        elif type(fact) is WouldOrderEnded:
            self._called_back(fact, ts)

    # ------------------------------------------------------------------------------------------------- from the desk

    def _released(self, order: Order, ts: int) -> None:
        if len(self._book.resting) + len(self._coming) >= FOLLOWED_MAX or order.parent is not None:
            self._skipped += 1
            return
        if self._book.opening is None:
            cash = self._cash()
            self._write(Opened(ts=ts, cash=cash))
            self._exchange.fund(cash)
        self._coming.append(_Due(ts + LATENCY_NS, order, ""))

    def _called_back(self, fact: WouldOrderEnded, ts: int) -> None:
        """What may not rest has ended in the desk before it can have arrived: here it lives its own short life."""
        known = self._book.resting.get(fact.order_id)
        order = (
            known.order if known else next((d.order for d in self._coming if d.order.order_id == fact.order_id), None)
        )
        if order is not None and order.time_in_force == "gtc":
            self._coming.append(_Due(ts + LATENCY_NS, order, fact.why))

    # ------------------------------------------------------------------------------------------------- on the way

    def _arrive(self, now: int) -> None:
        """Whatever is due by now meets the market as it was last heard."""
        while self._coming and self._coming[0].ts <= now:
            due = self._coming.popleft()
            self._note(self._exchange.expire(due.ts))
            if due.ends:
                self._take_off(due)
            else:
                self._submit(due)
        self._note(self._exchange.expire(now))

    def _submit(self, due: _Due) -> None:
        order = due.order
        fault = fault_of(order, self._instruments.get(order.instrument))
        if fault is not None:
            self._write(Ordered(ts=due.ts, order=order, fault=fault))
            return
        answer, events = self._exchange.submit(order.order_id, asked(order), due.ts)
        refused = answer.code if isinstance(answer, Rejected) else ""
        self._write(Ordered(ts=due.ts, order=order, fault=refused))
        self._note(events)

    def _take_off(self, due: _Due) -> None:
        order_id = due.order.order_id
        known = self._book.resting.get(order_id)
        if known is None:
            return
        self._exchange.cancel(order_id, due.ts)
        self._waiting = {name: [o for o in kept if o.order_id != order_id] for name, kept in self._waiting.items()}
        self._write(Ended(ts=due.ts, order_id=order_id, why=shown(due.ends), filled=known.filled))

    # -------------------------------------------------------------------------------------------------- the market

    def _list(self, instrument: Instrument, now: int) -> None:
        if not playable(instrument):
            return
        self._instruments[instrument.id] = instrument
        for order in self._waiting.pop(instrument.id, ()):
            known = self._book.resting.get(order.order_id)
            if known is not None:
                self._note(self._exchange.adopt(order.order_id, asked(order), known.filled, now))

    def _settle(self, seen: SettlementSeen, now: int) -> None:
        book, name = self._book, seen.instrument
        held, paid = book.held.get(name), book.paid.get(name)
        before = self._exchange.balance().cash
        self._note(take_in(self._exchange, seen, now))
        moved = self._exchange.balance().cash - before
        if held is None and (paid is None or paid.value == seen.value):
            return
        qty = held.qty if held else paid.qty if paid else 0
        self._write(
            Settled(
                ts=now, instrument=name, result=seen.result, value=seen.value, qty=qty, paid=moved,
                cash=book.cash + moved, gained=book.gained + moved - (held.cost if held else 0),
            )
        )  # fmt: skip

    def _note(self, events: Collection[paper.Event]) -> None:
        for event in events:
            if isinstance(event, paper.Executed):
                self._filled(event)
            else:
                self._write(Ended(ts=event.ts, order_id=event.order_id, why=event.reason, filled=event.filled))

    def _filled(self, event: paper.Executed) -> None:
        book, name = self._book, event.market
        known, instrument = book.resting.get(event.order_id), self._instruments.get(name)
        if known is None or instrument is None:
            return
        held, order = book.held.get(name, Held(0, 0)), known.order
        booking = money.book_fill(
            instrument, Position(held.qty, held.cost), side=order.side, price=event.price, qty=event.qty, fee=event.fee
        )
        entries = booking.entries
        self._write(
            Filled(
                ts=event.ts, order_id=event.order_id, intent_id=order.intent_id, instrument=name, side=order.side,
                price=event.price, qty=event.qty, fee=event.fee, taker=event.taker, filled=event.filled,
                held=booking.position.qty, cost=booking.position.cost, cash=book.cash + entries[CASH],
                fees=book.fees + entries[FEES], gained=book.gained - entries[REALISED],
            )
        )  # fmt: skip

    # ---------------------------------------------------------------------------------------------------- the file

    def _opened(self) -> Book:
        try:
            return self._file.open()
        except OSError as error:
            self._stopped = f"{self._file.path} cannot be read: {error.strerror}"
            return Book()

    def _take_over(self, standing: Collection[str]) -> None:
        """Go on from the file: what is held, what was paid, and what still rests once its market is listed."""
        book, exchange = self._book, self._exchange
        exchange.fund(book.cash)
        for name, held in book.held.items():
            exchange.hold(name, held.qty)
        for name, paid in book.paid.items():
            exchange.was_paid(name, paid.qty, paid.value)
        for order_id, resting in list(book.resting.items()):
            if order_id in standing:
                self._waiting.setdefault(resting.order.instrument, []).append(resting.order)
            else:
                why = "the desk ended it while nobody wrote"
                self._write(Ended(ts=self._clock.now(), order_id=order_id, why=why, filled=resting.filled))

    def _write(self, line: Lines) -> None:
        """Into the book and its file. A disk that is full ends the shadow and not the desk."""
        self._book = apply(self._book, line)
        if self._stopped:
            return
        try:
            self._file.write(line, self._book)
        except OSError as error:
            self._stopped = f"{self._file.path} cannot be written: {error.strerror}"
