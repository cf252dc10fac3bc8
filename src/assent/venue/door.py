"""The door for market data, the same for every venue: what cannot be true never becomes an input.

It answers with the code of the rejection, which the adapter passes on to be counted and stored. Total: whatever
stands in a field, there is an answer and no exception.
"""

from assent.model.inputs import QuoteSeen, quote_fault
from assent.model.instruments import Instrument


class Door:
    """Remembers the last quote let in for each instrument, to know a repeat and a step back in the source's time."""

    def __init__(self) -> None:
        self._last: dict[str, QuoteSeen] = {}

    def forget(self, instrument_id: str) -> None:
        """Its last quote was taken back: the same one may come in again, once it is proven anew."""
        self._last.pop(instrument_id, None)

    def fault(self, instrument: Instrument | None, quote: QuoteSeen) -> str | None:
        """Why this quote stays outside, or None when it may come in."""
        if instrument is None:
            return "market_data_unlisted"
        fault = quote_fault(instrument, quote)
        if fault:
            return fault
        last = self._last.get(instrument.id)
        if last is not None and quote.source_ts < last.source_ts:
            return "market_data_out_of_order"
        if last is not None and quote.source_ts == last.source_ts and _same(quote, last):
            return "market_data_duplicate"
        self._last[instrument.id] = quote
        return None


def _same(one: QuoteSeen, other: QuoteSeen) -> bool:
    return (one.bid, one.bid_qty, one.ask, one.ask_qty) == (other.bid, other.bid_qty, other.ask, other.ask_qty)
