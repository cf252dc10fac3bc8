"""What a member may read of its own: orders, fills, positions, settlements and the balance.

All of it is told by the read model, which may be older than what writes and the websocket say. Everything stands on
subaccount 0 of shard 0; asked about another, the lists are empty. Lists come newest first. A fill that was corrected is
told as it stands now, and one that was taken back is not told any more; what the venue would show is not known.
"""

from collections.abc import Callable

from assent.exchange.kalshi import numbers
from assent.exchange.kalshi.box import Box
from assent.exchange.kalshi.cutoffs import cutoffs, is_archived_order
from assent.exchange.kalshi.errors import Reply, Row, answer, refuse
from assent.exchange.kalshi.ids import order_name, order_number, wire_id
from assent.exchange.kalshi.listing import SHARD
from assent.exchange.kalshi.query import Query, Request, page
from assent.exchange.kalshi.reads import Books
from assent.exchange.kalshi.statement import Holding, OrderCosts, Paid
from assent.exchange.types import MICRO, SECOND, CloseReason, Fill, LastChange, OrderView, SelfTrade, Side

SUBACCOUNTS_MAX = 63
EVENTS_MAX = 10
TICKERS_MAX = 100
ORDER_STATUSES = ("resting", "canceled", "executed")
BOOK_SIDES: dict[Side, str] = {"buy": "bid", "sell": "ask"}
SELF_TRADES: dict[SelfTrade, str] = {"cancel_taker": "taker_at_cross", "cancel_maker": "maker"}
OUTCOMES: dict[Side, str] = {"buy": "yes", "sell": "no"}
# What last changed an order, in the venue's words. A cancel of its owner was seen as "Decrease"; what a group's cancel
# and the rest of an immediate order are called was never seen.
REASONS: dict[CloseReason | LastChange, str] = {
    "": "",
    "trade": "Trade",
    "amend": "Amend",
    "decrease": "Decrease",
    "executed": "Trade",
    "user_cancel": "Decrease",
    "group_cancel": "Decrease",
    "expiry_cancel": "ExpiryCancel",
    "close_cancel": "CloseCancel",
    "reopen_cancel": "HaltCancel",
    "pause_cancel": "HaltCancel",
    "self_trade_cancel": "SelfTradeCancel",
    "reduce_only_cancel": "ReduceOnlyCancel",
    "margin_cancel": "MarginCancel",
    "ioc_cancel": "",
}


def elsewhere(query: Query) -> bool:
    """Whether another subaccount or another shard was asked for, where nothing of ours is."""
    subaccount = query.integer("subaccount", 0, 0, SUBACCOUNTS_MAX)
    return subaccount != 0 or query.integer("exchange_index", SHARD, -1, 1_000) not in (-1, SHARD)


def orders(box: Box, request: Request) -> Reply:
    return list_orders(box, request, archived=False)


def list_orders(box: Box, request: Request, *, archived: bool) -> Reply:
    """Those of the live or of the historical tier."""
    query, books = request.query, box.reads.books[request.account]
    first, last = query.span()
    state = query.one_of("status", ORDER_STATUSES)
    ticker, of_events = query.text("ticker"), query.several("event_ticker", EVENTS_MAX)

    def wanted(name: str) -> bool:
        view = books.orders[name]
        return (
            is_archived_order(box, view, request.now) == archived
            and ticker in ("", view.market)
            and state in ("", view.status)
            and first <= view.created_ts <= last
            and (not of_events or event_of(box, view.market) in of_events)
        )

    names = {} if elsewhere(query) else {order_number(name): name for name in reversed(books.orders)}
    told = page((number for number, name in names.items() if wanted(name)), query)
    rows = [_order_row(request.account, books, books.orders[names[number]]) for number in told.rows]
    return answer({"orders": rows, "cursor": told.cursor})


def order(box: Box, request: Request) -> Reply:
    books = box.reads.books[request.account]
    view = books.orders.get(order_name(request.segments[2]) or "")
    if view is None or is_archived_order(box, view, request.now):
        return refuse("not_found")
    return answer({"order": _order_row(request.account, books, view)})


def fills(box: Box, request: Request) -> Reply:
    return list_fills(box, request, archived=False)


def list_fills(box: Box, request: Request, *, archived: bool) -> Reply:
    """Those of the live or of the historical tier."""
    query, ends = request.query, cutoffs(box, request.now)
    first, last = query.span()
    tickers = query.several("ticker", TICKERS_MAX)
    of_order = query.text("order_id")
    name = order_name(of_order)
    rows = {} if elsewhere(query) else box.reads.books[request.account].statement.fills
    wanted = (
        seq
        for seq, fill in reversed(rows.items())
        if (fill.ts < ends.trades) == archived
        and first <= fill.ts <= last
        and (not tickers or fill.market in tickers)
        and (not of_order or fill.order_id == name)
    )
    told = page(wanted, query)
    return answer({"fills": [_fill_row(rows[seq]) for seq in told.rows], "cursor": told.cursor})


def positions(box: Box, request: Request) -> Reply:
    return list_positions(box, request, archived=False)


def list_positions(box: Box, request: Request, *, archived: bool) -> Reply:
    """Those of the live or of the historical tier, where all have settled."""
    query, statement = request.query, box.reads.books[request.account].statement
    settlement = query.one_of("settlement_status", ("unsettled", "settled", "all")) or "unsettled"
    found: dict[str, Holding] = {}
    if settlement != "settled" and not archived:
        found |= statement.holdings
    if settlement != "unsettled" or archived:
        ends = cutoffs(box, request.now)
        found |= {
            market: _flat(paid.holding)
            for market, paid in statement.paid.items()
            if (paid.holding.updated_ts < ends.positions) == archived
        }
    ticker, of_event = query.text("ticker"), query.text("event_ticker")
    tests = _count_tests(query)
    by_number = {
        box.past[market].number: market
        for market, holding in found.items()
        if ticker in ("", market)
        and of_event in ("", event_of(box, market))
        and all(test(holding) for test in tests)
        and not elsewhere(query)
    }
    told = page(sorted(by_number, reverse=True), query)
    shown = {by_number[number]: found[by_number[number]] for number in told.rows}
    by_event: dict[str, list[Holding]] = {}
    for market, holding in shown.items():
        by_event.setdefault(event_of(box, market), []).append(holding)
    return answer(
        {
            "market_positions": [_position_row(market, holding) for market, holding in shown.items()],
            "event_positions": [_event_row(event, holdings) for event, holdings in by_event.items()],
            "cursor": told.cursor,
        }
    )


def settlements(box: Box, request: Request) -> Reply:
    query = request.query
    first, last = query.span()
    ticker, of_event = query.text("ticker"), query.text("event_ticker")
    known = () if elsewhere(query) else box.reads.books[request.account].statement.paid.values()
    rows = {paid.settlement.seq: paid for paid in known}
    wanted = (
        seq
        for seq in sorted(rows, reverse=True)
        if first <= rows[seq].settlement.ts <= last
        and ticker in ("", rows[seq].settlement.market)
        and of_event in ("", event_of(box, rows[seq].settlement.market))
    )
    told = page(wanted, query)
    return answer({"settlements": [_settlement_row(box, rows[seq]) for seq in told.rows], "cursor": told.cursor})


def balance(box: Box, request: Request) -> Reply:
    """Cash, what resting orders hold included; whether the venue counts it in is not stated anywhere."""
    here, books = not elsewhere(request.query), box.reads.books[request.account]
    cash = books.cash if here else 0
    worth = sum(_worth(box, ticker, holding.position) for ticker, holding in books.statement.holdings.items())
    return answer(
        {
            "balance": numbers.cents(cash),
            "balance_dollars": numbers.price(cash),
            "portfolio_value": numbers.cents(worth) if here else 0,
            "updated_ts": box.reads.as_of // SECOND,
            "balance_breakdown": [{"exchange_index": SHARD, "balance": numbers.price(cash)}] if here else [],
        }
    )


def event_of(box: Box, ticker: str) -> str:
    view = box.exchange.market(ticker)
    return view.spec.event if view is not None else ""


def _count_tests(query: Query) -> list[Callable[[Holding], bool]]:
    tests: dict[str, Callable[[Holding], bool]] = {
        "position": lambda holding: holding.position != 0,
        "total_traded": lambda holding: holding.traded != 0,
    }
    return [tests[name] for name in tests if name in query.several("count_filter", len(tests))]


def _flat(holding: Holding) -> Holding:
    """A settled position holds nothing any more; what it turned over and gained stays."""
    flat = Holding()
    flat.realized, flat.fees, flat.updated_ts = holding.realized, holding.fees, holding.updated_ts
    flat.traded, flat.traded_qty = holding.traded, holding.traded_qty
    return flat


def _worth(box: Box, ticker: str, position: int) -> int:
    """What closing at the best price would bring; nothing where nobody bids for it."""
    top = box.exchange.top(ticker)
    if position > 0:
        return position * (top.bid or 0) // MICRO
    return -position * (MICRO - top.ask) // MICRO if top.ask is not None else 0


def _order_row(account: str, books: Books, view: OrderView) -> Row:
    costs = books.statement.orders.get(view.order_id) or OrderCosts()
    outcome = OUTCOMES[view.side]
    return {
        "order_id": wire_id(view.order_id),
        "user_id": account,
        "client_order_id": view.client_order_id or "",
        "ticker": view.market,
        "outcome_side": outcome,
        "book_side": BOOK_SIDES[view.side],
        # The old pair of an order: NO is told as selling YES.
        "side": "yes",
        "action": view.side,
        "type": "limit",
        "status": view.status,
        "yes_price_dollars": numbers.price(view.price),
        "no_price_dollars": numbers.price(MICRO - view.price),
        "initial_count_fp": numbers.count(view.qty),
        "fill_count_fp": numbers.count(view.filled),
        "remaining_count_fp": numbers.count(view.remaining),
        "taker_fill_cost_dollars": numbers.cost(costs.taker_cost),
        "maker_fill_cost_dollars": numbers.cost(costs.maker_cost),
        "taker_fees_dollars": numbers.cost(costs.taker_fees),
        "maker_fees_dollars": numbers.cost(costs.maker_fees),
        "created_time": numbers.instant(view.created_ts),
        "last_update_time": numbers.instant(view.updated_ts),
        "expiration_time": numbers.instant(view.expires_ts) if view.expires_ts is not None else None,
        "self_trade_prevention_type": SELF_TRADES[view.self_trade],
        "order_group_id": wire_id(view.group) if view.group is not None else None,
        "cancel_order_on_pause": view.cancel_on_pause,
        "last_update_reason": REASONS[view.reason or view.last_change],
        "subaccount_number": 0,
        "exchange_index": SHARD,
    }


def _fill_row(fill: Fill) -> Row:
    trade_id = wire_id(fill.fill_id)
    outcome = OUTCOMES[fill.side]
    return {
        "fill_id": trade_id,
        "trade_id": trade_id,
        "order_id": wire_id(fill.order_id),
        "ticker": fill.market,
        "market_ticker": fill.market,
        "outcome_side": outcome,
        "book_side": BOOK_SIDES[fill.side],
        # The old pair of a fill: the outcome that was bought, unlike that of an order.
        "side": outcome,
        "action": "buy",
        "count_fp": numbers.count(fill.qty),
        "yes_price_dollars": numbers.price(fill.price),
        "no_price_dollars": numbers.price(MICRO - fill.price),
        "is_taker": fill.is_taker,
        "fee_cost": numbers.cost(fill.fee),
        "created_time": numbers.instant(fill.ts),
        "ts": fill.ts // SECOND,
        "subaccount_number": 0,
        "exchange_index": SHARD,
    }


def _position_row(market: str, holding: Holding) -> Row:
    return {
        "ticker": market,
        "position_fp": numbers.count(holding.position),
        "market_exposure_dollars": numbers.cost(holding.cost),
        "total_traded_dollars": numbers.cost(holding.traded),
        "realized_pnl_dollars": numbers.cost(holding.realized),
        "fees_paid_dollars": numbers.cost(holding.fees),
        "last_updated_ts": numbers.instant(holding.updated_ts),
        "exchange_index": SHARD,
    }


def _event_row(event: str, holdings: list[Holding]) -> Row:
    return {
        "event_ticker": event,
        "event_exposure_dollars": numbers.cost(sum(each.cost for each in holdings)),
        "total_cost_dollars": numbers.cost(sum(each.traded for each in holdings)),
        "total_cost_shares_fp": numbers.count(sum(each.traded_qty for each in holdings)),
        "realized_pnl_dollars": numbers.cost(sum(each.realized for each in holdings)),
        "fees_paid_dollars": numbers.cost(sum(each.fees for each in holdings)),
    }


def _settlement_row(box: Box, paid: Paid) -> Row:
    told, holding = paid
    long, short = max(0, told.position), max(0, -told.position)
    return {
        "ticker": told.market,
        "event_ticker": event_of(box, told.market),
        "market_result": told.result,
        "yes_count_fp": numbers.count(long),
        "yes_total_cost_dollars": numbers.cost(holding.cost if long else 0),
        "no_count_fp": numbers.count(short),
        "no_total_cost_dollars": numbers.cost(holding.cost if short else 0),
        "revenue": numbers.cents(told.payout),
        "value": numbers.cents(told.value),
        "fee_cost": numbers.cost(holding.fees),
        "settled_time": numbers.instant(told.ts),
        "exchange_index": SHARD,
    }
