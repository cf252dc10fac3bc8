"""Candles over the wire: of one market, of several, of an event, and those of the historical tier.

Only periods that are over are told, with those in which nothing happened filled in, from the first quote of a market to
its close or to now. Days end at midnight in Eastern Time. The candle that stands for the time before the first one has
no prices of its own: bid and ask are what was left, which the venue's text does not say and its format demands.
"""

from collections.abc import Sequence
from typing import NamedTuple

from assent.exchange.kalshi import numbers
from assent.exchange.kalshi.box import Box
from assent.exchange.kalshi.candles import PERIODS, Candle, Span
from assent.exchange.kalshi.cutoffs import is_archived, market_in
from assent.exchange.kalshi.errors import Reply, Row, answer, refuse
from assent.exchange.kalshi.query import SECONDS_MAX, Invalid, Query, Request
from assent.exchange.types import SECOND, MarketView

CANDLES_MAX = 10_000
EVENT_CANDLES_MAX = 5_000
TICKERS_MAX = 100
INTERVALS = tuple(str(minutes) for minutes in PERIODS)


class Asked(NamedTuple):
    """Candles that end from `start` to `end`, in Unix seconds."""

    start: int
    end: int
    minutes: int
    latest_before: bool


def of_market(box: Box, request: Request) -> Reply:
    asked = _asked(request.query)
    view = market_in(box, request.segments[3], request.now, archived=False)
    if view is None or view.spec.series != request.segments[1]:
        return refuse("market_not_found")
    span = _periods(box, view, asked, request.now)
    _refuse_too_many(len(span))
    return answer({"ticker": view.spec.ticker, "candlesticks": _rows(box, view, asked, span)})


def of_markets(box: Box, request: Request) -> Reply:
    """Of those that are listed and live; others are left out."""
    asked = _asked(request.query)
    tickers = [part for part in request.query.text("market_tickers").split(",") if part]
    if not 0 < len(tickers) <= TICKERS_MAX:
        raise Invalid(f"market_tickers takes from 1 to {TICKERS_MAX} values, not {len(tickers)}")
    found = [market_in(box, ticker, request.now, archived=False) for ticker in dict.fromkeys(tickers)]
    views = [view for view in found if view is not None]
    spans = [_periods(box, view, asked, request.now) for view in views]
    _refuse_too_many(sum(len(span) for span in spans))
    rows: list[Row] = [
        {"market_ticker": view.spec.ticker, "candlesticks": _rows(box, view, asked, span)}
        for view, span in zip(views, spans, strict=True)
    ]
    return answer({"markets": rows})


def of_event(box: Box, request: Request) -> Reply:
    """All markets of the event. What would be too much is cut at its end, which is then told."""
    asked = _asked(request.query)
    series, event = request.segments[1], request.segments[3]
    views = [
        view
        for view in box.exchange.markets()
        if (view.spec.series, view.spec.event) == (series, event) and not is_archived(box, view, request.now)
    ]
    if not views:
        return refuse("event_not_found")
    spans = [_periods(box, view, asked, request.now) for view in views]
    last = min(max(span.stop for span in spans), min(span.start for span in spans) + EVENT_CANDLES_MAX // len(views))
    cut = any(span.stop > last for span in spans)
    spans = [range(span.start, min(span.stop, max(span.start, last))) for span in spans]
    return answer(
        {
            "market_tickers": [view.spec.ticker for view in views],
            "market_candlesticks": [_rows(box, view, asked, span) for view, span in zip(views, spans, strict=True)],
            "adjusted_end_ts": PERIODS[asked.minutes].end(last - 1) if cut else asked.end,
        }
    )


def of_archived_market(box: Box, request: Request, view: MarketView) -> Reply:
    """The same rows under the plain names of the historical tier."""
    asked = _asked(request.query)._replace(latest_before=False)
    span = _periods(box, view, asked, request.now)
    _refuse_too_many(len(span))
    rows = [_plain(row) for row in _rows(box, view, asked, span)]
    return answer({"ticker": view.spec.ticker, "candlesticks": rows})


def _asked(query: Query) -> Asked:
    missing = [name for name in ("start_ts", "end_ts", "period_interval") if not query.text(name)]
    if missing:
        raise Invalid(f"{', '.join(missing)} must be given")
    start, end = (query.integer(name, 0, 0, SECONDS_MAX) for name in ("start_ts", "end_ts"))
    if start > end:
        raise Invalid(f"start_ts {start} is after end_ts {end}")
    minutes = int(query.one_of("period_interval", INTERVALS))
    return Asked(start, end, minutes, query.flag("include_latest_before_start"))


def _refuse_too_many(count: int) -> None:
    if count > CANDLES_MAX:
        raise Invalid(f"{count} candles were asked for, {CANDLES_MAX} are the most; ask for less time")


def _periods(box: Box, view: MarketView, asked: Asked, now: int) -> range:
    """The periods of this market within what was asked, from its first quote until it closed, or until now."""
    period = PERIODS[asked.minutes]
    known = box.past[view.spec.ticker].candles.bounds(asked.minutes)
    if known is None:
        return range(0)
    is_over = view.status in ("closed", "determined", "settled")
    last = known[1] if is_over else period.number(now)
    # A period is told once it is over; `number` of an instant is the period that ends at it or after it.
    until = min(now, asked.end * SECOND)
    last = min(last, period.number(until + 1) - 1)
    first = max(known[0], period.number(asked.start * SECOND))
    return range(first, max(first, last + 1))


def _rows(box: Box, view: MarketView, asked: Asked, span: Sequence[int]) -> list[Row]:
    period, candles = PERIODS[asked.minutes], box.past[view.spec.ticker].candles
    found = list(candles.between(asked.minutes, span[0], span[-1])) if span else []
    first = period.number(asked.start * SECOND)
    before = candles.before(asked.minutes, first) if asked.latest_before else None
    if before is not None:
        found.insert(0, before.after(first))
    return [_row(candle, period.end(candle.number)) for candle in found]


def _row(candle: Candle, end: int) -> Row:
    return {
        "end_period_ts": end,
        "yes_bid": _span(candle.bid),
        "yes_ask": _span(candle.ask),
        "price": _price(candle),
        "volume_fp": numbers.count(candle.volume),
        "open_interest_fp": numbers.count(candle.open_interest),
    }


def _span(span: Span) -> Row:
    return {f"{name}_dollars": numbers.price(getattr(span, name)) for name in ("open", "low", "high", "close")}


def _price(candle: Candle) -> Row:
    """Without a trade there is none; the mean is cut to four decimals, and least and most were only ever null."""
    row: Row = dict.fromkeys(("open_dollars", "low_dollars", "high_dollars", "close_dollars", "mean_dollars"))
    if candle.price is not None:
        mean = candle.paid // candle.volume
        row |= _span(candle.price) | {"mean_dollars": numbers.price(mean - mean % numbers.PRICE_UNIT)}
    previous = None if candle.previous is None else numbers.price(candle.previous)
    return row | {"previous_dollars": previous, "min_dollars": None, "max_dollars": None}


def _plain(row: Row) -> Row:
    """Without the suffixes, which came later, and without the fields that came with them."""
    return {
        name.removesuffix("_dollars").removesuffix("_fp"): _plain(value) if isinstance(value, dict) else value
        for name, value in row.items()
        if name not in ("min_dollars", "max_dollars")
    }
