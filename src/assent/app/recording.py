"""Looks at the markets in scope and writes down what they look like. Only public reads: no key, no ledger, no lease."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from random import Random
from typing import Final, NamedTuple

from assent.app.around import FIRST_LIMITS, hosts_of
from assent.app.box_clock import led_clock
from assent.config import Settings
from assent.ledger.chain import EMPTY
from assent.ledger.snapshots import MarketRow, Snapshots, TopRow
from assent.model.errors import AssentError
from assent.runtime.clock import Clock, WallClock
from assent.venue.kalshi import wire_markets
from assent.venue.kalshi.discovery import Discovery, Scope
from assent.venue.kalshi.rest import KalshiHTTPError, Rest
from assent.venue.kalshi.throttle import Throttle
from assent.venue.kalshi.wire import Rejection
from assent.venue.network import Network
from assent.venue.read_only import ReadOnly

_MILLISECOND: Final = 1_000_000


class Look(NamedTuple):
    """What became of one market: saved, or why not."""

    ticker: str
    code: str = ""
    detail: str = ""


class Recorder:
    """One recorder: its venue, its scope, its file."""

    def __init__(self, rest: Rest, clock: Clock, scope: Scope, store: Snapshots) -> None:
        self._rest = rest
        self._clock = clock
        self._scope = scope
        self._store = store
        self._discovery = Discovery(rest, clock, scope, venue="kalshi", member="direct")

    async def once(self) -> list[Look]:
        """Every open market in scope, once."""
        found = await self._discovery.walk()
        looks = [Look(missing.what, missing.code or "venue_unreadable", str(missing)) for missing in found.missing]
        return [*looks, *[await self._look(listing.instrument.id) for listing in found.listings]]

    async def _look(self, ticker: str) -> Look:
        try:
            described = await self._rest.read(f"/markets/{ticker}", signed=False)
            book = await self._rest.read(f"/markets/{ticker}/orderbook", signed=False)
        except KalshiHTTPError as error:
            return Look(ticker, error.code, str(error))
        ts_ms = self._clock.now() // _MILLISECOND
        market, read = wire_markets.market(described), wire_markets.orderbook(book)
        for rejection, body in ((market, described), (read, book)):
            if isinstance(rejection, Rejection):
                detail = f"{rejection.path}: {rejection.detail}"
                self._store.reject(ts_ms, ticker, rejection.code, detail, body)
                return Look(ticker, rejection.code, detail)
        assert not isinstance(market, Rejection)  # noqa: S101 - for the type checker
        assert not isinstance(read, Rejection)  # noqa: S101 - for the type checker
        row = MarketRow(
            ticker, market.event, market.title, market.phase, market.close_ts // _MILLISECOND, market.result
        )
        bid, ask = read.bids[0] if read.bids else None, read.asks[0] if read.asks else None
        top = TopRow(
            bid.price if bid else None, bid.qty if bid else None, ask.price if ask else None, ask.qty if ask else None
        )
        self._store.market(ts_ms, row, described)
        self._store.snapshot(ts_ms, ticker, top, book)
        return Look(ticker)


def place_of(settings: Settings) -> Path:
    """The recorder's file: one for each venue and environment, whatever the mode."""
    return settings.state_dir.parent / "recorded" / f"{settings.venue}_{settings.environment}.sqlite"


async def record(settings: Settings, *, every_ns: int | None) -> AsyncIterator[list[Look]]:
    """Look once, or again and again."""
    if settings.environment == "sim":
        raise AssentError(
            "The exchange inside this process lives only while a desk runs, so there is nothing to look at from"
            ' outside. Name environment "box", "demo" or "production" in [desk]; reading needs no key'
        )
    async with AsyncExitStack() as stack:
        place = hosts_of(settings)
        network = Network(place.rest, place.websocket)
        stack.push_async_callback(network.close)
        box = settings.environment == "box"
        clock = await led_clock(network, settings.kalshi.box_url, head=EMPTY) if box else WallClock()
        store = Snapshots.open(place_of(settings))
        stack.callback(store.close)
        chance = Random()
        rest = Rest(ReadOnly(network), None, clock, Throttle(FIRST_LIMITS, chance, clock.now()), chance=chance)
        scope = Scope(settings.constitution.markets, settings.constitution.events, settings.constitution.series)
        recorder = Recorder(rest, clock, scope, store)
        while True:
            yield await recorder.once()
            if every_ns is None:
                return
            await clock.sleep(every_ns)
