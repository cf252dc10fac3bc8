"""Which markets there are for us: walked by series and events, asked for by ticker, made into instruments.

Only what lies within scope, or is named because the desk knows it, is looked for. A market that cannot be read, priced
or described safely is kept out with a reason, and a list that is not whole keeps nothing out: absence from it says
nothing.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, NamedTuple, TypeVar

from assent.model.instruments import BinaryContract
from assent.model.text import shown
from assent.model.units import DAY, MINUTE
from assent.venue.clock import Time
from assent.venue.kalshi import wire_fees, wire_markets
from assent.venue.kalshi.fees import FeeChange, FeesRefused, Member, fee_plan
from assent.venue.kalshi.paging import Incomplete, Rows
from assent.venue.kalshi.rest import KalshiHTTPError, Query, Rest
from assent.venue.kalshi.telling import Unread, unread
from assent.venue.kalshi.wire import Page, Rejection, is_name
from assent.venue.kalshi.wire_markets import Event, EventAnswer, Market, Series

T = TypeVar("T")

EVENTS_LIMIT: Final = 200
TICKERS_AT_ONCE: Final = 50
# Fees are counted as the dearest that may rule for so long; each discovery counts anew.
PRICED_FOR: Final = DAY
CHANGES_EVERY: Final = 10 * MINUTE
LIMIT: Final = 1_000
# Where a venue has no list of announced changes, none are announced; what a scope names may be listed next week.
_NOT_THERE: Final = 404
# What the venue documents and we do not know how to trade.
_HONEST: Final = "unsupported"


class Scope(NamedTuple):
    """What the owner allows, by name."""

    markets: Sequence[str] = ()
    events: Sequence[str] = ()
    series: Sequence[str] = ()


class Listing(NamedTuple):
    """A market as listed now, and what we trade it as."""

    instrument: BinaryContract
    market: Market


class Found(NamedTuple):
    """`kept_out` holds what cannot be traded safely, `missing` what could not be read this time, `broken` what was told
    otherwise than the venue describes it, `asked` the markets that were asked for by name."""

    listings: list[Listing]
    kept_out: list[Rejection]
    missing: list[Unread]
    broken: list[tuple[str, Rejection]]
    asked: list[str]


class Discovery:
    """Asks for markets. From one walk to the next it remembers only which changes of fees are announced."""

    def __init__(self, rest: Rest, clock: Time, scope: Scope, *, venue: str, member: Member) -> None:
        self._rest = rest
        self._clock = clock
        self._scope = scope
        self._venue = venue
        self._member = member
        self._changes: tuple[FeeChange, ...] = ()
        self._changes_due = 0

    async def walk(self, also: Iterable[str] = ()) -> Found:
        """Every open market in scope, and these others."""
        search = _Search(self)
        if self._clock.now() >= self._changes_due:
            await self._read_changes(search.found)
        for series in search.names(self._scope.series):
            await search.series_events(series)
        for event in search.names(self._scope.events):
            await search.event_markets(event)
        await search.markets(search.names((*self._scope.markets, *also)))
        return search.found

    async def by_ticker(self, tickers: Iterable[str]) -> Found:
        """These markets as they are now."""
        search = _Search(self)
        await search.markets(search.names(tickers))
        return search.found

    async def market(self, ticker: str) -> Market | Unread:
        """One market, from the older tier where it is no longer in the other."""
        found = await self.one(f"/markets/{ticker}", wire_markets.market)
        if isinstance(found, Unread) and found.status == 404:
            found = await self.one(f"/historical/markets/{ticker}", wire_markets.market)
        return found

    async def one(self, path: str, read: Callable[[bytes], T | Rejection], query: Query = ()) -> T | Unread:
        try:
            found = read(await self._rest.read(path, query, signed=False))
        except KalshiHTTPError as error:
            return unread(path, error)
        return unread(path, found) if isinstance(found, Rejection) else found

    async def whole(
        self, path: str, query: Query, read_page: Callable[[bytes], Page[T] | Rejection]
    ) -> Rows[T] | Unread:
        try:
            rows = await self._rest.pages(path, query, read_page, signed=False)
        except KalshiHTTPError as error:
            return unread(path, error)
        return unread(path, rows) if isinstance(rows, Incomplete) else rows

    async def _read_changes(self, found: Found) -> None:
        """What is announced of fees. While it cannot be read, what was read before stands."""
        series = await self.one("/series/fee_changes", wire_fees.series_changes)
        events = await self.whole("/events/fee_changes", [("limit", LIMIT)], wire_fees.event_change_page)
        if isinstance(events, Rows) and events.rejected:
            events = unread("/events/fee_changes", events.rejected[0])
        missing = [each for each in (series, events) if isinstance(each, Unread)]
        found.missing.extend(each for each in missing if each.status != _NOT_THERE)
        if not isinstance(series, Unread):
            self._changes = (*(each for each in self._changes if each.owner == "event"), *series)
        if not isinstance(events, Unread):
            self._changes = (*(each for each in self._changes if each.owner == "series"), *events.rows)
        self._changes_due = self._clock.now() + CHANGES_EVERY

    def listing(self, market: Market, event: Event, series: Series) -> Listing | Rejection:
        """The market as an instrument, at the dearest fees that may rule while it is believed."""
        now = self._clock.now()
        plan = fee_plan(
            series.fees, event.fees, series_ticker=series.ticker, event_ticker=event.ticker, as_of=now,
            member=self._member, changes=self._changes, waived_until=market.fee_waiver_until_ts,
        )  # fmt: skip
        fees = plan if isinstance(plan, FeesRefused) else plan.worst(now, now + PRICED_FOR)
        if isinstance(fees, FeesRefused):
            return Rejection(fees.code, market.ticker, fees.why)
        made = wire_markets.contract(market, event, fees, venue=self._venue)
        return made if isinstance(made, Rejection) else Listing(made, market)


class _Search:
    """One walk: each series and event is asked for once."""

    def __init__(self, discovery: Discovery) -> None:
        self._of = discovery
        self._series: dict[str, Series | None] = {}
        self._events: dict[str, Event | None] = {}
        self._seen: set[str] = set()
        self.found = Found([], [], [], [], [])

    def names(self, given: Iterable[str]) -> list[str]:
        """Each once. What cannot be a name at the venue cannot be asked for either."""
        each = dict.fromkeys(given)
        self.found.kept_out.extend(Rejection("bad_name", "scope", shown(name)) for name in each if not is_name(name))
        return [name for name in each if is_name(name)]

    async def series_events(self, series: str) -> None:
        """The open events of one series with their markets."""
        found = await self._of.one(f"/series/{series}", wire_markets.series)
        self._series[series] = None if isinstance(found, Unread) else found
        if isinstance(found, Unread):
            self._not_found(found)
            return
        query: Query = [
            ("series_ticker", series), ("status", "open"), ("with_nested_markets", "true"), ("limit", EVENTS_LIMIT)
        ]  # fmt: skip
        rows = await self._of.whole("/events", query, wire_markets.event_page)
        if isinstance(rows, Unread):
            self._not_read(rows)
            return
        self._reject("/events", rows.rejected)
        for answer in rows.rows:
            await self._take(answer)

    async def event_markets(self, event: str) -> None:
        answer = await self._of.one(f"/events/{event}", wire_markets.event, [("with_nested_markets", "true")])
        if isinstance(answer, Unread):
            self._not_found(answer)
            return
        await self._take(answer)

    async def markets(self, tickers: Sequence[str]) -> None:
        """Markets by name; their event says which series they are of."""
        self.found.asked.extend(tickers)
        wanted = [ticker for ticker in tickers if ticker not in self._seen]
        for batch in _batches(wanted):
            query: Query = [("tickers", ",".join(batch)), ("limit", TICKERS_AT_ONCE)]
            rows = await self._of.whole("/markets", query, wire_markets.market_page)
            if isinstance(rows, Unread):
                self._not_read(rows)
                continue
            self._reject("/markets", rows.rejected)
            for market in rows.rows:
                if market.ticker in batch:
                    await self._list(market)

    async def _take(self, answer: EventAnswer) -> None:
        self._events[answer.event.ticker] = answer.event
        self._reject(f"/events/{answer.event.ticker}", answer.markets.rejected)
        for market in answer.markets.rows:
            await self._list(market)

    async def _list(self, market: Market) -> None:
        if market.ticker in self._seen:
            return
        event = await self._event_of(market.event)
        series = await self._series_of(event.series) if event is not None else None
        if event is None or series is None:
            return
        self._seen.add(market.ticker)
        made = self._of.listing(market, event, series)
        if isinstance(made, Rejection):
            self.found.kept_out.append(made)
        else:
            self.found.listings.append(made)

    async def _event_of(self, ticker: str) -> Event | None:
        if ticker not in self._events:
            answer = await self._of.one(f"/events/{ticker}", wire_markets.event)
            if isinstance(answer, Unread):
                self._not_read(answer)
            self._events[ticker] = None if isinstance(answer, Unread) else answer.event
        return self._events[ticker]

    async def _series_of(self, ticker: str) -> Series | None:
        if ticker not in self._series:
            answer = await self._of.one(f"/series/{ticker}", wire_markets.series)
            if isinstance(answer, Unread):
                self._not_read(answer)
            self._series[ticker] = None if isinstance(answer, Unread) else answer
        return self._series[ticker]

    def _not_found(self, answer: Unread) -> None:
        """What the scope names and the venue does not know: not listed yet, or misspelt. It was read all the same."""
        if answer.status == _NOT_THERE:
            self.found.kept_out.append(Rejection("market_data_unlisted", answer.what, answer.why))
        else:
            self._not_read(answer)

    def _not_read(self, answer: Unread) -> None:
        """An answer that breaks the venue's word was read: what it should have held is there no more."""
        if answer.rejection is not None:
            self.found.broken.append((answer.what, answer.rejection))
        else:
            self.found.missing.append(answer)

    def _reject(self, what: str, rejected: Iterable[Rejection]) -> None:
        """A row that cannot be read: what we do not know how to trade is kept out, anything else is a broken word."""
        for each in rejected:
            if each.code == _HONEST:
                self.found.kept_out.append(each)
            else:
                self.found.broken.append((what, each))


def _batches(tickers: Sequence[str]) -> Iterator[Sequence[str]]:
    return (tickers[start : start + TICKERS_AT_ONCE] for start in range(0, len(tickers), TICKERS_AT_ONCE))
