"""What Kalshi tells everybody: series, events, markets, order books, trades, and whether it trades at all.

Prices are YES prices throughout. The venue's books hold bids only, for YES and for NO; a NO bid at p is a YES ask at
one dollar less p, and is made so here, once.
"""

from collections.abc import Mapping
from hashlib import sha256
from itertools import pairwise
from typing import Final

import msgspec

from assent.model.grids import HUNDREDTHS, Band, PriceGrid
from assent.model.inputs import MarketPhase, Result
from assent.model.instruments import BinaryContract, FeeSchedule, instrument_fault
from assent.model.orders import Side
from assent.model.text import shown
from assent.model.units import MICRO
from assent.venue.kalshi.fees import FEE_TYPES
from assent.venue.kalshi.wire import (
    FLAG,
    INDEX,
    MONEY,
    NAME,
    PRICE,
    QTY,
    RATIO,
    TEXT,
    TIME,
    Page,
    Refused,
    Rejection,
    Row,
    answer,
    page,
    rows,
    words,
)

BANDS_MAX: Final = 100

PHASES: Final[Mapping[str, MarketPhase]] = {
    "initialized": "closed",
    "active": "open",
    "inactive": "paused",
    "closed": "closed",
    "determined": "determined",
    "disputed": "determined",
    "amended": "determined",
    "finalized": "settled",
}
RESULTS: Final[Mapping[str, Result]] = {"yes": "yes", "no": "no", "scalar": "scalar"}
OUTCOME_SIDES: Final[Mapping[str, Side]] = {"yes": "buy", "no": "sell"}
BOOK_SIDES: Final[Mapping[str, Side]] = {"bid": "buy", "ask": "sell"}
# What YES is worth at the end; a scalar result carries its own value.
WORTH: Final[Mapping[Result, int]] = {"yes": MICRO, "no": 0}


class FeeWords(msgspec.Struct, frozen=True):
    """How a series or an event says what trading costs, in the venue's words; None where it says nothing."""

    fee_type: str | None
    multiplier_ppm: int | None


class Series(msgspec.Struct, frozen=True):
    ticker: str
    title: str
    category: str
    fees: FeeWords
    exchange_index: int | None


class Event(msgspec.Struct, frozen=True):
    """`fees` override those of the series where they are not None."""

    ticker: str
    series: str
    title: str
    category: str
    mutually_exclusive: bool
    fees: FeeWords
    exchange_index: int | None


class Market(msgspec.Struct, frozen=True):
    """A market as listed. A side of its top is None when nothing stands there; `value` is what YES paid."""

    ticker: str
    event: str
    title: str
    prices: PriceGrid
    structure: str
    phase: MarketPhase
    open_ts: int | None
    close_ts: int
    bid: int | None
    bid_qty: int | None
    ask: int | None
    ask_qty: int | None
    result: Result | None
    value: int | None
    settled_ts: int | None
    fee_waiver_until_ts: int | None
    exchange_index: int | None
    rules_digest: str


class EventAnswer(msgspec.Struct, frozen=True):
    """One event with the markets that came with it."""

    event: Event
    markets: Page[Market]


class Level(msgspec.Struct, frozen=True, array_like=True, gc=False):
    price: int
    qty: int


class Book(msgspec.Struct, frozen=True):
    """Both sides in YES prices, the best level first."""

    bids: tuple[Level, ...]
    asks: tuple[Level, ...]


class MarketBook(msgspec.Struct, frozen=True):
    ticker: str
    book: Book


class Trade(msgspec.Struct, frozen=True):
    """A public trade; `taker_side` is in terms of YES."""

    trade_id: str
    ticker: str
    price: int
    qty: int
    taker_side: Side
    block: bool
    ts: int


class ShardStatus(msgspec.Struct, frozen=True):
    exchange_index: int
    exchange_active: bool
    trading_active: bool


class ExchangeStatus(msgspec.Struct, frozen=True):
    """The top level speaks of shard 0; the others stand in `shards` when the venue names them."""

    exchange_active: bool
    trading_active: bool
    resume_ts: int | None
    shards: tuple[ShardStatus, ...]


def series(body: bytes) -> Series | Rejection:
    return answer(body, lambda top: _series(top.row("series")))


def series_page(body: bytes) -> Page[Series] | Rejection:
    return page(body, "series", _series)


def event(body: bytes) -> EventAnswer | Rejection:
    """The markets stand beside the event, or within it when they were asked for nested."""

    def whole(top: Row) -> EventAnswer:
        inner = top.row("event")
        return EventAnswer(_event(inner), rows(inner if "markets" in inner.fields else top, "markets", _market))

    return answer(body, whole)


def event_page(body: bytes) -> Page[EventAnswer] | Rejection:
    return page(body, "events", lambda row: EventAnswer(_event(row), rows(row, "markets", _market)))


def market(body: bytes) -> Market | Rejection:
    return answer(body, lambda top: _market(top.row("market")))


def market_page(body: bytes) -> Page[Market] | Rejection:
    return page(body, "markets", _market)


def orderbook(body: bytes) -> Book | Rejection:
    return answer(body, _book)


def orderbook_page(body: bytes) -> Page[MarketBook] | Rejection:
    return page(body, "orderbooks", lambda row: MarketBook(row.need("ticker", NAME), _book(row)))


def trade_page(body: bytes) -> Page[Trade] | Rejection:
    return page(body, "trades", _trade)


def exchange_status(body: bytes) -> ExchangeStatus | Rejection:
    return answer(body, _exchange_status)


def contract(listed: Market, within: Event, fees: FeeSchedule, *, venue: str) -> BinaryContract | Rejection:
    """The market as we know things. The market itself does not name its series; its event does."""
    if listed.event != within.ticker:
        return Rejection("contradiction", "event_ticker", f"{listed.ticker} is of {listed.event}, not {within.ticker}")
    made = BinaryContract(
        id=listed.ticker,
        venue=venue,
        event=within.ticker,
        series=within.series,
        title=listed.title,
        prices=listed.prices,
        quantities=HUNDREDTHS,
        fees=fees,
        close_ts=listed.close_ts,
        exclusive_group=within.ticker if within.mutually_exclusive else "",
        source_digest=listed.rules_digest,
    )
    fault = instrument_fault(made)
    return Rejection("contradiction", listed.ticker, shown(fault)) if fault else made


def price_grid(row: Row) -> PriceGrid:
    """The ranges decide, the label is only a name for them. Nothing and one dollar are no prices."""
    read = []
    for place, item in enumerate(row.items("price_ranges")[: BANDS_MAX + 1]):
        band = Row(item, f"{row.at('price_ranges')}[{place}]")
        read.append(Band(band.need("start", PRICE), band.need("end", PRICE), band.need("step", PRICE)))
    read.sort(key=lambda band: band.low)
    whole = bool(read) and len(read) <= BANDS_MAX and all(a.high == b.low for a, b in pairwise(read))
    if not whole or not all(b.low < b.high and b.step and not (b.low % b.step or b.high % b.step) for b in read):
        raise Refused("bad_grid", row.at("price_ranges"), row.fields.get("price_ranges"))
    within = (Band(max(b.low, b.step), min(b.high, MICRO - b.step), b.step) for b in read)
    grid = PriceGrid(tuple(band for band in within if band.low < band.high))
    if grid.fault():
        raise Refused("bad_grid", row.at("price_ranges"), row.fields.get("price_ranges"))
    return grid


def _series(row: Row) -> Series:
    return Series(
        ticker=row.need("ticker", NAME),
        title=row.soft("title", TEXT) or "",
        category=row.soft("category", TEXT) or "",
        fees=FeeWords(row.need("fee_type", words(FEE_TYPES)), row.need("fee_multiplier", RATIO)),
        exchange_index=row.maybe("exchange_index", INDEX),
    )


def _event(row: Row) -> Event:
    return Event(
        ticker=row.need("event_ticker", NAME),
        series=row.need("series_ticker", NAME),
        title=row.soft("title", TEXT) or "",
        category=row.soft("category", TEXT) or "",
        mutually_exclusive=row.need("mutually_exclusive", FLAG),
        fees=FeeWords(row.maybe("fee_type_override", words(FEE_TYPES)), row.maybe("fee_multiplier_override", RATIO)),
        exchange_index=row.maybe("exchange_index", INDEX),
    )


def _market(row: Row) -> Market:
    row.not_legacy("yes_bid_size_fp", "yes_bid")
    _only_what_we_know(row)
    bid, bid_qty = _side(row, "yes_bid_dollars", "yes_bid_size_fp")
    ask, ask_qty = _side(row, "yes_ask_dollars", "yes_ask_size_fp")
    for yes, no in (("yes_bid_dollars", "no_ask_dollars"), ("yes_ask_dollars", "no_bid_dollars")):
        row.agree(row.need(yes, PRICE) + row.need(no, PRICE) == MICRO, yes, no)
    result, value = _outcome(row)
    return Market(
        ticker=row.need("ticker", NAME),
        event=row.need("event_ticker", NAME),
        title=row.soft("title", TEXT) or row.soft("yes_sub_title", TEXT) or "",
        prices=price_grid(row),
        structure=row.soft("price_level_structure", TEXT) or "",
        phase=row.need("status", words(PHASES)),
        open_ts=row.soft("open_time", TIME),
        close_ts=row.need("close_time", TIME),
        bid=bid,
        bid_qty=bid_qty,
        ask=ask,
        ask_qty=ask_qty,
        result=result,
        value=value,
        settled_ts=row.soft("settlement_ts", TIME),
        fee_waiver_until_ts=row.maybe("fee_waiver_expiration_time", TIME),
        exchange_index=row.maybe("exchange_index", INDEX),
        rules_digest=_rules_digest(row),
    )


def _only_what_we_know(row: Row) -> None:
    """One dollar for YES, without a floor under it: what else a contract may be, we cannot count the money of."""
    known = {"market_type": ("binary",), "settlement_bounds_type": (None, "default")}
    for name, allowed in known.items():
        if row.fields.get(name) not in allowed:
            raise Refused("unsupported", row.at(name), row.fields.get(name))
    if row.need("notional_value_dollars", MONEY) != MICRO:
        raise Refused("unsupported", row.at("notional_value_dollars"), row.fields["notional_value_dollars"])


def _side(row: Row, price_name: str, qty_name: str) -> tuple[int | None, int | None]:
    """The size says whether the side exists: the price of an empty side is a mere sentinel, 0 or 1."""
    price, qty = row.need(price_name, PRICE), row.need(qty_name, QTY)
    if not qty:
        return None, None
    row.agree(0 < price < MICRO, price_name, qty_name)
    return price, qty


def _outcome(row: Row) -> tuple[Result | None, int | None]:
    result = None if row.fields.get("result") in ("", None) else row.need("result", words(RESULTS))
    value = row.maybe("settlement_value_dollars", PRICE)
    if result is not None and value is not None:
        row.agree(value == WORTH.get(result, value), "result", "settlement_value_dollars")
    return result, value


def _rules_digest(row: Row) -> str:
    """Which rules were shown: a later listing under the same ticker with other rules does not have this digest."""
    told = [row.fields.get(name) for name in ("rules_primary", "rules_secondary", "early_close_condition")]
    return sha256(msgspec.json.encode(told)).hexdigest()


def _book(top: Row) -> Book:
    name = "orderbook_fp" if "orderbook_fp" in top.fields else "orderbook"
    inner = top.row(name)
    for side in ("yes", "no"):
        inner.not_legacy(f"{side}_dollars", side)
    bids = _levels(inner, "yes_dollars")
    no_bids = _levels(inner, "no_dollars")
    asks = tuple(Level(MICRO - level.price, level.qty) for level in no_bids)
    if bids and asks and bids[0].price >= asks[0].price:
        raise Refused("crossed_book", inner.path, f"bid {bids[0].price}, ask {asks[0].price}")
    return Book(bids, asks)


def _levels(inner: Row, name: str) -> tuple[Level, ...]:
    """The best bid first, whatever order they came in: the venue's own texts differ about it."""
    levels: list[Level] = []
    for place, pair in enumerate(inner.items(name)):
        if type(pair) is not list or len(pair) != 2:
            raise Refused("wrong_type", f"{inner.at(name)}[{place}]", pair)
        level = Row({"price": pair[0], "qty": pair[1]}, f"{inner.at(name)}[{place}]")
        levels.append(Level(level.need("price", PRICE), level.need("qty", QTY)))
        level.agree(0 < levels[-1].price < MICRO and levels[-1].qty > 0, "price", "qty")
    levels.sort(key=lambda level: -level.price)
    if len({level.price for level in levels}) != len(levels):
        raise Refused("contradiction", inner.at(name), "one price stands twice")
    return tuple(levels)


def _trade(row: Row) -> Trade:
    row.not_legacy("count_fp", "count")
    price, side = yes_price(row), row.need("taker_outcome_side", words(OUTCOME_SIDES))
    row.agree(row.need("taker_book_side", words(BOOK_SIDES)) == side, "taker_outcome_side", "taker_book_side")
    return Trade(
        trade_id=row.need("trade_id", NAME),
        ticker=row.need("ticker", NAME),
        price=price,
        qty=row.need("count_fp", QTY),
        taker_side=side,
        block=row.need("is_block_trade", FLAG),
        ts=row.need("created_time", TIME),
    )


def yes_price(row: Row) -> int:
    """The YES price of a row that names both; they must make one dollar, or one is on another scale."""
    yes, no = row.need("yes_price_dollars", PRICE), row.need("no_price_dollars", PRICE)
    row.agree(yes + no == MICRO, "yes_price_dollars", "no_price_dollars")
    return yes


def _exchange_status(top: Row) -> ExchangeStatus:
    shards = []
    for place, item in enumerate(top.items("exchange_index_statuses")):
        shard = Row(item, f"exchange_index_statuses[{place}]")
        flags = shard.need("exchange_active", FLAG), shard.need("trading_active", FLAG)
        shards.append(ShardStatus(shard.need("exchange_index", INDEX), *flags))
    return ExchangeStatus(
        exchange_active=top.need("exchange_active", FLAG),
        trading_active=top.need("trading_active", FLAG),
        resume_ts=top.soft("exchange_estimated_resume_time", TIME),
        shards=tuple(shards),
    )
