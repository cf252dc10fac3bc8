"""What the websocket's messages say of the exchange: the `msg` of each type of frame, as rows.

Each function takes what happened and gives the fields that the venue documents, the deprecated ones included as long as
it sends them. Who receives a message, and under which number, is not known here.
"""

import uuid
from functools import lru_cache

from assent.exchange.kalshi import numbers
from assent.exchange.kalshi.box import Box
from assent.exchange.kalshi.errors import Row
from assent.exchange.kalshi.ids import wire_id
from assent.exchange.kalshi.listing import LABELS, UNNAMED
from assent.exchange.kalshi.portfolio import BOOK_SIDES, OUTCOMES, REASONS, SELF_TRADES
from assent.exchange.kalshi.shards import member_of, shard_of, shard_of_market
from assent.exchange.kalshi.statement import Holding, OrderCosts
from assent.exchange.levels import LevelChanged
from assent.exchange.types import (
    MICRO,
    SECOND,
    Determined,
    Fill,
    GroupChanged,
    MarketView,
    OrderView,
    PriceBand,
    Traded,
)

# Prices and sizes repeat all day: what was written once is looked up.
_price = lru_cache(maxsize=32_768)(numbers.price)
_count = lru_cache(maxsize=32_768)(numbers.count)
_instant = lru_cache(maxsize=256)(numbers.instant)


@lru_cache(maxsize=32_768)
def market_id(ticker: str) -> str:
    """A market's UUID: made from its ticker, so that it is the same one tomorrow."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, ticker))


def snapshot(box: Box, ticker: str, *, yes_price: bool) -> Row:
    """A whole book, the best level of each side last. The key of an empty side is not there."""
    bids, asks = box.exchange.depth(ticker)
    row: Row = {"market_ticker": ticker, "market_id": market_id(ticker)}
    if bids:
        row["yes_dollars_fp"] = [[_price(price), _count(qty)] for price, qty in reversed(bids)]
    if asks:
        row["no_dollars_fp"] = [
            [_price(price if yes_price else MICRO - price), _count(qty)] for price, qty in reversed(asks)
        ]
    return row


def delta(change: LevelChanged, *, yes_price: bool, own: bool) -> Row:
    """One change of one level; who brought it about is told by what it called its order."""
    bid = change.side == "buy"
    row: Row = {
        "market_ticker": change.market,
        "market_id": market_id(change.market),
        "price_dollars": _price(change.price if bid or yes_price else MICRO - change.price),
        "delta_fp": _count(change.change),
        "side": "yes" if bid else "no",
        "ts": _instant(change.ts),
        "ts_ms": numbers.milliseconds(change.ts),
    }
    if own:
        if change.cause.terms.client_order_id is not None:
            row["client_order_id"] = change.cause.terms.client_order_id
        row["subaccount"] = 0
    return row


def ticker(box: Box, view: MarketView) -> Row:
    """A market as it stands. Dollars are counted as in the venue's one example: half a dollar for a contract."""
    past, now = box.past[view.spec.ticker], box.exchange.now
    return {
        "market_ticker": view.spec.ticker,
        "market_id": market_id(view.spec.ticker),
        "price_dollars": _price(view.last_price or 0),
        "yes_bid_dollars": _price(view.bid or 0),
        "yes_ask_dollars": _price(MICRO if view.ask is None else view.ask),
        "yes_bid_size_fp": _count(view.bid_qty),
        "yes_ask_size_fp": _count(view.ask_qty),
        "last_trade_size_fp": _count(past.last_qty),
        "volume_fp": _count(view.volume),
        "open_interest_fp": _count(view.open_interest),
        "dollar_volume": view.volume // MICRO // 2,
        "dollar_open_interest": view.open_interest // MICRO // 2,
        "ts": now // SECOND,
        "ts_ms": numbers.milliseconds(now),
        "time": _instant(now),
    }


def trade(event: Traded) -> Row:
    outcome = OUTCOMES[event.taker_side]
    return {
        "trade_id": wire_id(event.trade_id),
        "market_ticker": event.market,
        "yes_price_dollars": _price(event.price),
        "no_price_dollars": _price(MICRO - event.price),
        "count_fp": _count(event.qty),
        "taker_outcome_side": outcome,
        "taker_book_side": BOOK_SIDES[event.taker_side],
        "taker_side": outcome,
        "is_block_trade": False,
        "ts": event.ts // SECOND,
        "ts_ms": numbers.milliseconds(event.ts),
    }


def fill(box: Box, told: Fill, position: int) -> Row:
    """`position` is what was held after it."""
    outcome = OUTCOMES[told.side]
    row: Row = {
        "trade_id": wire_id(told.fill_id),
        "order_id": wire_id(told.order_id),
        "market_ticker": told.market,
        "exchange_index": shard_of_market(box, told.market),
        "is_taker": told.is_taker,
        "outcome_side": outcome,
        "book_side": BOOK_SIDES[told.side],
        "side": outcome,
        "purchased_side": outcome,
        "action": "buy",
        "yes_price_dollars": _price(told.price),
        "count_fp": _count(told.qty),
        "fee_cost": numbers.cost(told.fee),
        "post_position_fp": _count(position),
        "subaccount": 0,
        "ts": told.ts // SECOND,
        "ts_ms": numbers.milliseconds(told.ts),
    }
    if told.client_order_id is not None:
        row["client_order_id"] = told.client_order_id
    return row


def order(box: Box, account: str, view: OrderView) -> Row:
    """How an order stands now."""
    costs = box.statements[account].orders.get(view.order_id) or OrderCosts()
    outcome = OUTCOMES[view.side]
    row: Row = {
        "order_id": wire_id(view.order_id),
        "user_id": member_of(account),
        "ticker": view.market,
        "exchange_index": shard_of_market(box, view.market),
        "status": view.status,
        "outcome_side": outcome,
        "book_side": BOOK_SIDES[view.side],
        "side": outcome,
        "is_yes": outcome == "yes",
        "yes_price_dollars": _price(view.price),
        "initial_count_fp": _count(view.qty),
        "fill_count_fp": _count(view.filled),
        "remaining_count_fp": _count(view.remaining),
        "taker_fill_cost_dollars": numbers.cost(costs.taker_cost),
        "maker_fill_cost_dollars": numbers.cost(costs.maker_cost),
        "taker_fees_dollars": numbers.cost(costs.taker_fees),
        "maker_fees_dollars": numbers.cost(costs.maker_fees),
        "client_order_id": view.client_order_id or "",
        "self_trade_prevention_type": SELF_TRADES[view.self_trade],
        "created_time": _instant(view.created_ts),
        "created_ts_ms": numbers.milliseconds(view.created_ts),
        "last_update_time": _instant(view.updated_ts),
        "last_updated_ts_ms": numbers.milliseconds(view.updated_ts),
        "last_update_reason": REASONS[view.reason or view.last_change],
        "subaccount_number": 0,
    }
    if view.expires_ts is not None:
        row["expiration_time"] = _instant(view.expires_ts)
        row["expiration_ts_ms"] = numbers.milliseconds(view.expires_ts)
    if view.group is not None:
        row["order_group_id"] = wire_id(view.group)
    return row


def position(account: str, market: str, holding: Holding, *, settled: bool) -> Row:
    """What is held of one market; of one that has paid, nothing any more."""
    return {
        "user_id": member_of(account),
        "market_ticker": market,
        "position_fp": _count(0 if settled else holding.position),
        "position_cost_dollars": numbers.cost(0 if settled else holding.cost),
        "realized_pnl_dollars": numbers.cost(holding.realized),
        "fees_paid_dollars": numbers.cost(holding.fees),
        # Whether the venue means something else than the fees is documented nowhere.
        "position_fee_cost_dollars": numbers.cost(holding.fees),
        "volume_fp": _count(holding.traded_qty),
        "subaccount": 0,
    }


def listed(box: Box, view: MarketView) -> Row:
    spec = view.spec
    return {
        "event_type": "created",
        "market_ticker": spec.ticker,
        "exchange_index": shard_of(box, spec.series),
        "open_ts": spec.open_ts // SECOND,
        "close_ts": spec.close_ts // SECOND,
        **_grid(view.price_bands),
        "additional_metadata": {
            "name": spec.title,
            "title": spec.title,
            "yes_sub_title": spec.title,
            "no_sub_title": spec.title,
            "rules_primary": f"If the outcome is {spec.title}, then the market resolves to Yes.",
            "rules_secondary": "",
            "can_close_early": True,
            "event_ticker": spec.event,
            "expected_expiration_ts": spec.close_ts // SECOND,
        },
    }


def event_listed(box: Box, view: MarketView) -> Row:
    spec = view.spec
    return {
        "event_ticker": spec.event,
        "exchange_index": shard_of(box, spec.series),
        "title": spec.event,
        "subtitle": "",
        "collateral_return_type": "MECNET" if spec.mutually_exclusive else "",
        "series_ticker": spec.series,
    }


def paused(market: str, *, inactive: bool) -> Row:
    kind = "deactivated" if inactive else "activated"
    return {"event_type": kind, "market_ticker": market, "is_deactivated": inactive}


def close_moved(market: str, close_ts: int) -> Row:
    return {"event_type": "close_date_updated", "market_ticker": market, "close_ts": close_ts // SECOND}


def regridded(market: str, bands: tuple[PriceBand, ...]) -> Row:
    return {"event_type": "price_level_structure_updated", "market_ticker": market, **_grid(bands)}


def determined(event: Determined) -> Row:
    return {
        "event_type": "determined",
        "market_ticker": event.market,
        "result": event.result,
        "determination_ts": event.ts // SECOND,
        "settlement_value": _price(event.value),
    }


def settled(market: str, ts: int) -> Row:
    return {"event_type": "settled", "market_ticker": market, "settled_ts": ts // SECOND}


def group(change: GroupChanged) -> Row:
    row: Row = {
        "event_type": change.what,
        "order_group_id": wire_id(change.group),
        "ts_ms": numbers.milliseconds(change.ts),
    }
    if change.what in ("created", "limit_updated"):
        row["contracts_limit_fp"] = _count(change.limit)
    return row


def _grid(bands: tuple[PriceBand, ...]) -> Row:
    ranges = [{"start": _price(band.low), "end": _price(band.high), "step": _price(band.step)} for band in bands]
    return {"price_level_structure": LABELS.get(bands, UNNAMED), "price_ranges": ranges}
