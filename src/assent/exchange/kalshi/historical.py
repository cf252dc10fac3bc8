"""The historical tier: where the live lists end, and the same rows beyond it."""

from assent.exchange.kalshi import candlesticks, numbers, portfolio, public
from assent.exchange.kalshi.box import Box
from assent.exchange.kalshi.cutoffs import cutoffs, market_in
from assent.exchange.kalshi.errors import Reply, answer, refuse
from assent.exchange.kalshi.listing import market_row
from assent.exchange.kalshi.query import Request


def cutoff(box: Box, request: Request) -> Reply:
    ends = cutoffs(box, request.now)
    return answer(
        {
            "market_settled_ts": numbers.instant(ends.markets),
            "trades_created_ts": numbers.instant(ends.trades),
            "orders_updated_ts": numbers.instant(ends.orders),
            "market_positions_last_updated_ts": numbers.instant(ends.positions),
        }
    )


def markets(box: Box, request: Request) -> Reply:
    return public.list_markets(box, request, archived=True)


def market(box: Box, request: Request) -> Reply:
    view = market_in(box, request.segments[2], request.now, archived=True)
    return refuse("market_not_found") if view is None else answer({"market": market_row(box, view, request.now)})


def market_candlesticks(box: Box, request: Request) -> Reply:
    view = market_in(box, request.segments[2], request.now, archived=True)
    return refuse("market_not_found") if view is None else candlesticks.of_archived_market(box, request, view)


def trades(box: Box, request: Request) -> Reply:
    return public.list_trades(box, request, archived=True)


def fills(box: Box, request: Request) -> Reply:
    return portfolio.list_fills(box, request, archived=True)


def orders(box: Box, request: Request) -> Reply:
    return portfolio.list_orders(box, request, archived=True)


def positions(box: Box, request: Request) -> Reply:
    return portfolio.list_positions(box, request, archived=True)
