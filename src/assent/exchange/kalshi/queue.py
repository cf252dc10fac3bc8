"""Where own orders stand in their queues: how many contracts would trade before each of them.

Told of this moment, unlike the other reads of a member: a queue is the market's, not the member's.
"""

from assent.exchange.kalshi import numbers
from assent.exchange.kalshi.box import Box
from assent.exchange.kalshi.errors import Reply, Row, answer, refuse
from assent.exchange.kalshi.ids import order_name, wire_id
from assent.exchange.kalshi.portfolio import TICKERS_MAX, elsewhere, event_of
from assent.exchange.kalshi.query import Request


def position(box: Box, request: Request) -> Reply:
    ahead = box.exchange.ahead_of(request.account, order_name(request.segments[2]) or "")
    return refuse("not_found") if ahead is None else answer({"queue_position_fp": numbers.count(ahead)})


def positions(box: Box, request: Request) -> Reply:
    """Of all resting orders, or of those in some markets."""
    query = request.query
    tickers, of_event = query.several("market_tickers", TICKERS_MAX), query.text("event_ticker")
    rows: list[Row] = [
        {
            "order_id": wire_id(view.order_id),
            "market_ticker": view.market,
            "queue_position_fp": numbers.count(box.exchange.ahead_of(request.account, view.order_id) or 0),
        }
        for view in (() if elsewhere(query) else box.exchange.resting(request.account))
        if (not tickers or view.market in tickers) and of_event in ("", event_of(box, view.market))
    ]
    return answer({"queue_positions": rows})
