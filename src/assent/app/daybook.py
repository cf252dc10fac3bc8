"""What one day of the demo came to, series by series: counted from the committed facts as they go by.

A series' result is what its fills paid and cost, its fees, and what its markets settled at; the series add up to the
account's own result, which is what makes the table worth printing.
"""

from dataclasses import dataclass
from typing import Any

from assent.desk.state import State
from assent.model.facts import (
    Fact,
    FillBooked,
    InstrumentListed,
    IntentProposed,
    IntentRefused,
    MarketSettled,
    OrderReleased,
)
from assent.model.instruments import BinaryContract
from assent.model.units import MICRO


@dataclass(slots=True)
class SeriesDay:
    """One series' line. `ideas` counts what was recorded: a refusal once per change, not once per quote."""

    ideas: int = 0
    refused: int = 0
    released: int = 0
    fills: int = 0
    fees: int = 0
    pnl: int = 0


class DayBook:
    """An observer of committed facts."""

    def __init__(self, state: State) -> None:
        self.series: dict[str, SeriesDay] = {}
        self._state = state

    def __call__(self, _seq: int, _ts: int, fact: Fact) -> None:
        kind = type(fact)
        if kind in _KEPT:
            _KEPT[kind](self, fact)

    def lines(self) -> dict[str, dict[str, Any]]:
        return {
            name: {field: getattr(day, field) for field in SeriesDay.__slots__}
            for name, day in sorted(self.series.items())
        }

    def of(self, instrument: str) -> SeriesDay:
        known = self._state.find_instrument(instrument)
        series = known.series if type(known) is BinaryContract else instrument
        return self.series.setdefault(series, SeriesDay())


def _listed(book: DayBook, fact: InstrumentListed) -> None:
    book.of(fact.instrument.id)


def _proposed(book: DayBook, fact: IntentProposed) -> None:
    book.of(fact.intent.instrument).ideas += 1


def _refused(book: DayBook, fact: IntentRefused) -> None:
    day = book.of(fact.intent.instrument)
    day.ideas += 1
    day.refused += 1


def _released(book: DayBook, fact: OrderReleased) -> None:
    book.of(fact.order.instrument).released += 1


def _filled(book: DayBook, fact: FillBooked) -> None:
    """In terms of YES: prices and quantities of the venue's grids multiply to whole micros."""
    fill, day = fact.fill, book.of(fact.fill.instrument)
    paid = fill.price * fill.qty // MICRO
    day.fills += 1
    day.fees += fill.fee
    day.pnl += (-paid if fill.side == "buy" else paid) - fill.fee


def _settled(book: DayBook, fact: MarketSettled) -> None:
    book.of(fact.instrument).pnl += fact.qty * fact.value // MICRO


_KEPT: dict[type, Any] = {
    InstrumentListed: _listed,
    IntentProposed: _proposed,
    IntentRefused: _refused,
    OrderReleased: _released,
    FillBooked: _filled,
    MarketSettled: _settled,
}
