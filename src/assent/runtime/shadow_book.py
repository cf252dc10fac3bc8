"""Observe's shadow book on paper: what its would-be orders would have got, as lines, and the sums that they add up to.

All of it is hypothetical, and every line says so. The book is a fold of its own lines, like a ledger, but it proves
nothing and nobody acts on it; attribution reads it. It must never be mistaken for money: it has its own file, its own
words, and no way into the desk.
"""

from typing import Final

import msgspec

from assent.model.inputs import Result
from assent.model.orders import Order, Side

# The values paid of so many settled markets are kept, for a venue that changes its mind.
PAID_MAX: Final = 1_000


class Line(msgspec.Struct, frozen=True, tag_field="kind", tag=str.lower, kw_only=True, omit_defaults=False):
    """One line of the file."""

    hypothetical: bool = True
    ts: int


class Opened(Line, frozen=True):
    """The first order came; the book begins with the cash that the account had then."""

    cash: int


class Ordered(Line, frozen=True):
    """An order that would have been sent arrives where it would have been matched. `fault`: it would not be taken."""

    order: Order
    fault: str


class Filled(Line, frozen=True):
    """What it would have got. `filled` is all of the order by now; the last five are the book after it."""

    order_id: str
    intent_id: str
    instrument: str
    side: Side
    price: int
    qty: int
    fee: int
    taker: bool
    filled: int
    held: int
    cost: int
    cash: int
    fees: int
    gained: int


class Ended(Line, frozen=True):
    """Nothing of it would rest any more."""

    order_id: str
    why: str
    filled: int


class Settled(Line, frozen=True):
    """A market that is held would have been paid out, or paid again at a value that the venue changed."""

    instrument: str
    result: Result
    value: int
    qty: int
    paid: int
    cash: int
    gained: int


class Held(msgspec.Struct, frozen=True, array_like=True):
    qty: int
    cost: int


class Paid(msgspec.Struct, frozen=True, array_like=True):
    """The quantity that was paid, and at what value."""

    qty: int
    value: int


class Resting(msgspec.Struct, frozen=True, array_like=True):
    order: Order
    filled: int


class Book(msgspec.Struct):
    """What the lines so far add up to. `gained` is before fees; `untaken` counts orders that would not be taken."""

    opening: int | None = None
    cash: int = 0
    fees: int = 0
    gained: int = 0
    orders: int = 0
    untaken: int = 0
    fills: int = 0
    contracts: int = 0
    settled: int = 0
    held: dict[str, Held] = {}
    paid: dict[str, Paid] = {}
    resting: dict[str, Resting] = {}


class Carried(Line, frozen=True):
    """The sums of an older file, which has become too long."""

    book: Book


Lines = Opened | Ordered | Filled | Ended | Settled | Carried


def apply(book: Book, line: Lines) -> Book:
    """The book after one more line."""
    match line:
        case Carried():
            return line.book
        case Opened():
            book.opening = book.cash = line.cash
        case Ordered():
            book.orders += 1
            book.untaken += bool(line.fault)
            if not line.fault:
                book.resting[line.order.order_id] = Resting(line.order, 0)
        case Filled():
            _filled(book, line)
        case Ended():
            book.resting.pop(line.order_id, None)
        case Settled():
            _settled(book, line)
    return book


def summary_of(book: Book, *, stopped: str = "", skipped: int = 0) -> dict[str, object]:
    """The sums as plain data, for people and programs; each reader is told that none of it happened."""
    return {
        "hypothetical": True,
        "opening_cash": book.opening,
        "cash": book.cash,
        "fees": book.fees,
        "gained": book.gained,
        "orders": book.orders,
        "untaken": book.untaken,
        "skipped": skipped,
        "resting": len(book.resting),
        "fills": book.fills,
        "contracts": book.contracts,
        "settled": book.settled,
        "held": {name: {"qty": held.qty, "cost": held.cost} for name, held in sorted(book.held.items())},
        "stopped": stopped,
    }


def _filled(book: Book, line: Filled) -> None:
    book.fills += 1
    book.contracts += line.qty
    book.cash, book.fees, book.gained = line.cash, line.fees, line.gained
    book.held.pop(line.instrument, None)
    if line.held:
        book.held[line.instrument] = Held(line.held, line.cost)
    resting = book.resting.get(line.order_id)
    if resting is not None:
        book.resting[line.order_id] = Resting(resting.order, line.filled)


def _settled(book: Book, line: Settled) -> None:
    book.settled += line.instrument not in book.paid
    book.cash, book.gained = line.cash, line.gained
    book.held.pop(line.instrument, None)
    book.paid[line.instrument] = Paid(line.qty, line.value)
    if len(book.paid) > PAID_MAX:
        book.paid.pop(next(iter(book.paid)))
