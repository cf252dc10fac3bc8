"""Soft state: what the desk has seen of each market since it came up. Not in the ledger; it refills from the feed.

A limit may read it only if its absence refuses.
"""

from assent.model.inputs import BarSeen, ForecastSeen, MarketPhase, QuoteSeen
from assent.model.instruments import Instrument
from assent.model.intents import QuoteTaken


class Market:
    """The latest of one instrument."""

    __slots__ = ("bar", "forecast", "instrument", "phase", "quote", "spreads")

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        # Not known until told: a market may be paused when we come up.
        self.phase: MarketPhase | None = None
        self.quote: QuoteSeen | None = None
        self.bar: BarSeen | None = None
        self.forecast: ForecastSeen | None = None
        # One spread a cycle, the newest last; see `desk.norms`.
        self.spreads: list[int] = []

    def touch(self) -> QuoteSeen | None:
        """The book's top. Where only bars come, the last close stands on both sides, with no quantity known."""
        bar, quote = self.bar, self.quote
        if bar is None or quote is not None:
            return quote
        return QuoteSeen(bar.instrument, bar.close, None, bar.close, None, bar.start_ts, bar.received_ts)


class Streams:
    """When each venue's stream last proved that the quotes we hold still stand."""

    __slots__ = ("proven_ts",)

    def __init__(self) -> None:
        self.proven_ts: dict[str, int] = {}

    def prove(self, venue: str, ts: int) -> None:
        self.proven_ts[venue] = max(ts, self.proven_ts.get(venue, 0))

    def taken(self, market: Market) -> QuoteTaken | None:
        """The quote as evidence for a decision, with the time at which it was last proven."""
        quote = market.touch()
        if quote is None:
            return None
        proven = max(quote.received_ts, self.proven_ts.get(market.instrument.venue, 0))
        return QuoteTaken(
            quote.bid, quote.bid_qty, quote.ask, quote.ask_qty, quote.source_ts, quote.received_ts, proven
        )
