"""The markets that the desk trades on: listed, quoted, paused, closed and settled, each told once per change.

What is out of scope never gets past `take_up`. A market enters with its instrument and its phase; from then on the
stream brings quotes and changes, and each walk of the discovery corrects what the stream did not say: the venue sends
no event when a market opens or closes by its own timetable. When a market has settled and its value has been told, it
leaves, and does not come back.
"""

from collections.abc import Callable, Iterable
from typing import Final, Protocol

from assent.model.inputs import (
    InstrumentSeen,
    MarketPhase,
    PhaseSeen,
    QuoteLost,
    QuoteSeen,
    SettlementSeen,
    StreamProven,
    quote_fault,
)
from assent.model.instruments import BinaryContract
from assent.model.text import shown
from assent.venue.door import Door
from assent.venue.kalshi import events
from assent.venue.kalshi.discovery import Found, Listing
from assent.venue.kalshi.telling import Telling
from assent.venue.kalshi.wire import Rejection
from assent.venue.kalshi.wire_markets import ExchangeStatus

OVER_MAX: Final = 100_000
TOLD_MAX: Final = 10_000
# In these phases a market's book is followed.
FOLLOWED: Final[frozenset[MarketPhase]] = frozenset({"open", "paused"})


class Watcher(Protocol):
    """Who follows the books."""

    def watch(self, tickers: Iterable[str]) -> None: ...

    def unwatch(self, tickers: Iterable[str]) -> None: ...


class _Listed:
    __slots__ = ("first_quote", "instrument", "phase", "shard", "told", "watched")

    def __init__(self, instrument: BinaryContract) -> None:
        self.instrument = instrument
        self.shard: int | None = None
        self.phase: MarketPhase | None = None
        self.told: MarketPhase | None = None
        self.watched = False
        # Whether the quote that the desk holds came from the listing, which no stream proves.
        self.first_quote = False


class Markets:
    """What is listed here, and what was told of it."""

    def __init__(self, telling: Telling) -> None:
        self._telling = telling
        self._wanted: Callable[[str, str, str], bool] = lambda *_: False
        self._listed: dict[str, _Listed] = {}
        self._over: dict[str, None] = {}
        self._door = Door()
        self._trading: dict[int, bool] = {}
        self._kept_out: dict[tuple[str, str], None] = {}
        # What the last whole walk found broken.
        self._broken: dict[tuple[str, str, str], None] = {}
        self._watcher: Watcher | None = None

    def connect(self, wanted: Callable[[str, str, str], bool]) -> None:
        self._wanted = wanted

    def names(self) -> list[str]:
        return list(self._listed)

    def holds(self, ticker: str) -> bool:
        return ticker in self._listed

    def settled(self, ticker: str) -> bool:
        """Whether its value was told, after which it left."""
        return ticker in self._over

    def instrument(self, ticker: str) -> BinaryContract | None:
        listed = self._listed.get(ticker)
        return None if listed is None else listed.instrument

    def shard(self, ticker: str) -> int | None:
        """On which shard the market lies, where the venue says so."""
        listed = self._listed.get(ticker)
        return None if listed is None else listed.shard

    def shards(self) -> list[int | None]:
        """Where the markets lie, each place once."""
        return list(dict.fromkeys(listed.shard for listed in self._listed.values()))

    def follow(self, watcher: Watcher) -> None:
        """From now on quotes come from the stream; those from the listings are taken back, since it proves only its
        own."""
        self._watcher = watcher
        for ticker, listed in self._listed.items():
            if listed.first_quote:
                listed.first_quote = False
                lost = QuoteLost(ticker, "the stream has not told its book yet", self._telling.now())
                self._telling.put("market", lost, ticker)
        self._watch()

    def take_up(self, found: Found, *, whole: bool = False, quotes: bool = False) -> None:
        """What was found, by a whole walk or of a few markets: new markets enter, known ones are corrected, what is
        over leaves."""
        for rejection in found.kept_out:
            self._keep_out(rejection)
        for missing in found.missing:
            self._telling.not_read(missing)
        for what, rejection in found.broken:
            self._break(what, rejection)
        for listing in found.listings:
            if listing.instrument.id not in self._over:
                self._list(listing, quotes=quotes)
        if not found.missing:
            listed = {listing.instrument.id for listing in found.listings}
            for ticker in sorted(set(found.asked) & set(self._listed) - listed):
                self._doubt(ticker)
        if whole:
            self._broken = {(what, each.code, each.detail): None for what, each in found.broken[:TOLD_MAX]}
        self._watch()

    def status(self, status: ExchangeStatus) -> None:
        """Whether the exchange trades, as a whole and shard by shard."""
        shards = {shard.exchange_index: shard.exchange_active and shard.trading_active for shard in status.shards}
        whole = status.exchange_active and status.trading_active
        trading = {0: whole, **shards}
        if trading == self._trading:
            return
        self._trading = trading
        for ticker, listed in self._listed.items():
            self._tell_phase(ticker, listed, self._telling.now())

    def quote(self, seen: events.QuoteKnown) -> None:
        listed = self._listed.get(seen.ticker)
        if listed is None:
            return
        quote = QuoteSeen(seen.ticker, seen.bid, seen.bid_qty, seen.ask, seen.ask_qty, seen.source_ts, seen.received_ts)
        fault = self._door.fault(listed.instrument, quote)
        if fault is None:
            self._telling.put("market", quote, seen.ticker)
            return
        self._telling.kept_out(fault, seen.ticker)
        if fault != "market_data_duplicate":
            # What the desk holds is not what the venue's book says: better none.
            self._lose(seen.ticker, fault)

    def lost(self, seen: events.QuoteLost) -> None:
        if seen.ticker in self._listed:
            self._lose(seen.ticker, seen.why)

    def proven(self, seen: events.Proven) -> None:
        self._telling.put("venue", StreamProven(self._telling.name, seen.received_ts))

    def phase(self, seen: events.PhaseKnown) -> None:
        listed = self._listed.get(seen.ticker)
        if listed is not None:
            listed.phase = seen.phase
            self._tell_phase(seen.ticker, listed, seen.source_ts)
            self._watch()

    def _list(self, listing: Listing, *, quotes: bool) -> None:
        instrument, market = listing
        ticker, now = instrument.id, self._telling.now()
        listed = self._listed.get(ticker)
        if listed is None:
            if not self._wanted(ticker, instrument.event, instrument.series):
                return
            listed = self._listed[ticker] = _Listed(instrument)
            self._telling.put("venue", InstrumentSeen(instrument, now))
        elif listed.instrument != instrument:
            listed.instrument = instrument
            self._telling.put("venue", InstrumentSeen(instrument, now))
        listed.shard, listed.phase = market.exchange_index, market.phase
        self._tell_phase(ticker, listed, now)
        if quotes and (market.bid is not None or market.ask is not None):
            quote = QuoteSeen(ticker, market.bid, market.bid_qty, market.ask, market.ask_qty, now, now)
            fault = quote_fault(instrument, quote)
            if fault is None:
                listed.first_quote = True
                self._telling.put("market", quote, ticker)
            else:
                self._telling.kept_out(fault, ticker)
        if market.phase == "settled":
            self._settle(listing)

    def _doubt(self, ticker: str) -> None:
        """A market that was asked for, and is not there or can no longer be described: nothing is opened in it."""
        listed, now = self._listed[ticker], self._telling.now()
        if listed.phase in FOLLOWED and listed.told != "paused":
            listed.phase = "paused"
            self._telling.kept_out("unsupported", f"{ticker} is listed no longer as something that can be traded")
            self._tell_phase(ticker, listed, now)

    def _settle(self, listing: Listing) -> None:
        """Its value once it is final; without one it is asked for again."""
        ticker, market, now = listing.instrument.id, listing.market, self._telling.now()
        if market.result is None or market.value is None:
            return
        settled_ts = now if market.settled_ts is None else market.settled_ts
        self._telling.put("venue", SettlementSeen(ticker, market.result, market.value, settled_ts, now))
        self._leave(ticker)

    def _leave(self, ticker: str) -> None:
        listed = self._listed.pop(ticker)
        if listed.watched and self._watcher is not None:
            self._watcher.unwatch([ticker])
        self._door.forget(ticker)
        self._over[ticker] = None
        if len(self._over) > OVER_MAX:
            self._over.pop(next(iter(self._over)))

    def _tell_phase(self, ticker: str, listed: _Listed, source_ts: int) -> None:
        """A market that would trade does not while its shard, or the whole exchange, is paused."""
        trading = self._trading.get(listed.shard or 0, self._trading.get(0, True))
        phase: MarketPhase | None = "paused" if listed.phase == "open" and not trading else listed.phase
        if phase is not None and phase != listed.told:
            listed.told = phase
            self._telling.put("venue", PhaseSeen(ticker, phase, source_ts, self._telling.now()))

    def _lose(self, ticker: str, why: str) -> None:
        self._door.forget(ticker)
        self._telling.put("market", QuoteLost(ticker, shown(why), self._telling.now()), ticker)

    def _watch(self) -> None:
        """Follow what may be traded, and nothing else."""
        watcher = self._watcher
        if watcher is None:
            return
        followed = {ticker: listed.phase in FOLLOWED for ticker, listed in self._listed.items()}
        begin = [ticker for ticker, wanted in followed.items() if wanted and not self._listed[ticker].watched]
        end = [ticker for ticker, wanted in followed.items() if not wanted and self._listed[ticker].watched]
        for ticker, wanted in followed.items():
            self._listed[ticker].watched = wanted
        if begin:
            watcher.watch(begin)
        if end:
            watcher.unwatch(end)

    def _break(self, what: str, rejection: Rejection) -> None:
        """The venue breaks its word about a market. Told when it begins, and again when it had been kept in between: a
        person who has looked may let the desk go on in all the others."""
        if (what, rejection.code, rejection.detail) not in self._broken:
            self._telling.broken(what, rejection)

    def _keep_out(self, rejection: Rejection) -> None:
        """Each once: a walk finds the same market unfit again and again."""
        key = (rejection.code, rejection.detail)
        if key in self._kept_out:
            return
        if len(self._kept_out) >= TOLD_MAX:
            self._kept_out.clear()
        self._kept_out[key] = None
        self._telling.kept_out(rejection.code, f"{rejection.path}: {rejection.detail}")
