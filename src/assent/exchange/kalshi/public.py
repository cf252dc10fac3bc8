"""What anybody may read without a key: the exchange, its series, events, markets, books and trades.

Each handler takes the box and a request and gives a reply. Series and events are what the listed markets say of them:
the core knows no others.
"""

from assent.exchange.kalshi import numbers
from assent.exchange.kalshi.box import Box
from assent.exchange.kalshi.cutoffs import cutoffs, is_archived, market_in
from assent.exchange.kalshi.errors import Reply, Row, answer, refuse
from assent.exchange.kalshi.ids import wire_id
from assent.exchange.kalshi.listing import event_row, market_row, series_row
from assent.exchange.kalshi.query import Invalid, Query, Request, page
from assent.exchange.types import MICRO, MarketView, Status, Traded

EVENTS_LIMIT = 200
DEPTH_MAX = 100
TICKERS_MAX = 100

# The venue's words for a query are not the words of a market's status.
STATUSES: dict[str, tuple[Status, ...]] = {
    "unopened": ("initialized",),
    "open": ("active",),
    "paused": ("inactive",),
    "closed": ("closed", "determined"),
    "settled": ("settled",),
}
EVENT_STATUSES = ("unopened", "open", "closed", "settled")
# A filter by time belongs to one state: with another status the venue refuses it.
TIMES = {"created": ("", "unopened", "open"), "close": ("", "closed"), "settled": ("", "settled")}
NOT_WITH_UPDATED = ("status", "tickers", "event_ticker")
FAR = 2**63
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
# Eastern Time. Trading rests on Thursdays from three to five.
_ALL_DAY = [{"open_time": "00:00", "close_time": "00:00"}]
_THURSDAY = [{"open_time": "00:00", "close_time": "03:00"}, {"open_time": "05:00", "close_time": "00:00"}]


def status(box: Box, _: Request) -> Reply:
    state = box.exchange.status
    return answer({"exchange_active": state != "paused", "trading_active": state == "open"})


def schedule(_: Box, __: Request) -> Reply:
    hours: Row = {"start_time": "2024-12-01T00:00:00Z", "end_time": "2200-12-01T00:00:00Z"}
    for day in DAYS:
        hours[day] = _THURSDAY if day == "thursday" else _ALL_DAY
    return answer({"schedule": {"standard_hours": [hours], "maintenance_windows": []}})


def series_list(box: Box, request: Request) -> Reply:
    """One list without pages, as there."""
    with_volume = request.query.flag("include_volume")
    tickers = dict.fromkeys(view.spec.series for view in box.exchange.markets())
    return answer({"series": [series_row(box, _of_series(box, each), with_volume=with_volume) for each in tickers]})


def series(box: Box, request: Request) -> Reply:
    views = _of_series(box, request.segments[1])
    if not views:
        return refuse("series_not_found")
    return answer({"series": series_row(box, views, with_volume=request.query.flag("include_volume"))})


def events(box: Box, request: Request) -> Reply:
    query = request.query
    state = query.one_of("status", EVENT_STATUSES)
    tickers = query.several("tickers", TICKERS_MAX)
    nested = query.flag("with_nested_markets")
    of_series = query.text("series_ticker")
    closes, updated = query.since("min_close_ts"), query.since("min_updated_ts")
    found: dict[str, list[MarketView]] = {}
    for view in box.exchange.markets():
        if of_series in ("", view.spec.series) and (not tickers or view.spec.event in tickers):
            found.setdefault(view.spec.event, []).append(view)
    by_number = {
        box.past[views[0].spec.ticker].number: views
        for views in found.values()
        if (not state or any(view.status in STATUSES[state] for view in views))
        and any(view.spec.close_ts >= closes for view in views)
        and any(box.past[view.spec.ticker].updated_ts >= updated for view in views)
    }
    told = page(reversed(by_number), query, most=EVENTS_LIMIT, default=EVENTS_LIMIT)
    rows = [event_row(box, by_number[number], request.now, nested=nested) for number in told.rows]
    return answer({"events": rows, "cursor": told.cursor})


def event(box: Box, request: Request) -> Reply:
    views = [view for view in box.exchange.markets() if view.spec.event == request.segments[1]]
    if not views:
        return refuse("event_not_found")
    if request.query.flag("with_nested_markets"):
        return answer({"event": event_row(box, views, request.now, nested=True)})
    rows = [market_row(box, view, request.now) for view in views if not is_archived(box, view, request.now)]
    return answer({"event": event_row(box, views, request.now, nested=False), "markets": rows})


def markets(box: Box, request: Request) -> Reply:
    return list_markets(box, request, archived=False)


def list_markets(box: Box, request: Request, *, archived: bool) -> Reply:
    """Those of the live or of the historical tier."""
    query = request.query
    state = query.one_of("status", STATUSES)
    only_combos = query.one_of("mve_filter", ("only", "exclude")) == "only"
    tickers = query.several("tickers", TICKERS_MAX)
    of_event, of_series = query.text("event_ticker"), query.text("series_ticker")
    spans = _spans(query, state)
    views = {
        number: view
        for number, view in box.markets().items()
        if not only_combos
        and is_archived(box, view, request.now) == archived
        and (not state or view.status in STATUSES[state])
        and (not tickers or view.spec.ticker in tickers)
        and of_event in ("", view.spec.event)
        and of_series in ("", view.spec.series)
        and _within(box, view, spans)
    }
    told = page(views, query)
    rows = [market_row(box, views[number], request.now) for number in told.rows]
    return answer({"markets": rows, "cursor": told.cursor})


def market(box: Box, request: Request) -> Reply:
    view = market_in(box, request.segments[1], request.now, archived=False)
    return refuse("market_not_found") if view is None else answer({"market": market_row(box, view, request.now)})


def orderbook(box: Box, request: Request) -> Reply:
    """Bids only, of YES and of NO, ascending: the best is the last."""
    depth = request.query.integer("depth", 0, 0, DEPTH_MAX)
    ticker = request.segments[1]
    if box.exchange.market(ticker) is None:
        return refuse("market_not_found")
    return answer({"orderbook_fp": _book(box, ticker, depth or None)})


def orderbooks(box: Box, request: Request) -> Reply:
    """Whole books of the markets that are listed; others are left out."""
    tickers = request.query.repeated("tickers", TICKERS_MAX)
    rows: list[Row] = [
        {"ticker": ticker, "orderbook_fp": _book(box, ticker, None)}
        for ticker in tickers
        if box.exchange.market(ticker) is not None
    ]
    return answer({"orderbooks": rows})


def series_fee_changes(_: Box, request: Request) -> Reply:
    """None: here a series keeps the fees that it was listed with."""
    request.query.flag("show_historical")
    return answer({"series_fee_change_arr": []})


def event_fee_changes(_: Box, request: Request) -> Reply:
    """None: no event here has fees of its own."""
    return answer({"event_fee_changes": [], "cursor": page((), request.query).cursor})


def event_metadata(box: Box, request: Request) -> Reply:
    """There are no pictures and no colours here."""
    views = [view for view in box.exchange.markets() if view.spec.event == request.segments[1]]
    if not views:
        return refuse("event_not_found")
    details: list[Row] = [{"market_ticker": view.spec.ticker, "image_url": "", "color_code": ""} for view in views]
    return answer({"image_url": "", "market_details": details, "settlement_sources": []})


def trades(box: Box, request: Request) -> Reply:
    return list_trades(box, request, archived=False)


def list_trades(box: Box, request: Request, *, archived: bool) -> Reply:
    """Those of the live or of the historical tier."""
    query, ends = request.query, cutoffs(box, request.now)
    ticker = query.text("ticker")
    first, last = query.span()
    only_blocks = query.flag("is_block_trade")
    tape = box.tape.trades
    keys = (
        seq
        for seq in reversed(tape)
        if (tape[seq].ts < ends.trades) == archived
        and not only_blocks
        and ticker in ("", tape[seq].market)
        and first <= tape[seq].ts <= last
    )
    told = page(keys, query)
    return answer({"trades": [_trade_row(tape[seq]) for seq in told.rows], "cursor": told.cursor})


def _book(box: Box, ticker: str, depth: int | None) -> Row:
    bids, asks = box.exchange.depth(ticker, depth)
    yes = [[numbers.price(price), numbers.count(qty)] for price, qty in reversed(bids)]
    no = [[numbers.price(MICRO - price), numbers.count(qty)] for price, qty in reversed(asks)]
    return {"yes_dollars": yes, "no_dollars": no}


def _trade_row(trade: Traded) -> Row:
    outcome, book = ("yes", "bid") if trade.taker_side == "buy" else ("no", "ask")
    return {
        "trade_id": wire_id(trade.trade_id),
        "ticker": trade.market,
        "count_fp": numbers.count(trade.qty),
        "yes_price_dollars": numbers.price(trade.price),
        "no_price_dollars": numbers.price(MICRO - trade.price),
        "taker_outcome_side": outcome,
        "taker_book_side": book,
        "taker_side": outcome,
        "created_time": numbers.instant(trade.ts),
        "is_block_trade": False,
    }


def _of_series(box: Box, ticker: str) -> list[MarketView]:
    return [view for view in box.exchange.markets() if view.spec.series == ticker]


def _spans(query: Query, state: str) -> dict[str, tuple[int, int]]:
    """The time filters that were given, each checked against the status beside it."""
    found: dict[str, tuple[int, int]] = {}
    for name, allowed in TIMES.items():
        low, high = f"min_{name}_ts", f"max_{name}_ts"
        if not query.text(low) and not query.text(high):
            continue
        if state not in allowed:
            raise Invalid(f"{low} and {high} do not go with status {state}")
        found[name] = query.span(low, high)
    if query.text("min_updated_ts"):
        beside = [name for name in NOT_WITH_UPDATED if query.text(name)]
        if found or beside:
            raise Invalid("min_updated_ts goes with nothing but series_ticker and mve_filter=exclude")
        found["updated"] = query.since("min_updated_ts"), FAR
    return found


def _within(box: Box, view: MarketView, spans: dict[str, tuple[int, int]]) -> bool:
    past = box.past[view.spec.ticker]
    times = {"created": past.created_ts, "close": view.spec.close_ts, "settled": past.settled_ts}
    times["updated"] = past.updated_ts
    for name, (first, last) in spans.items():
        ts = times[name]
        if ts is None or not first <= ts <= last:
            return False
    return True
