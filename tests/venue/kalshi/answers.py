"""Small answers in the venue's shapes, made up for the tests: one sound example of each kind."""

import copy
from typing import Any

import msgspec


def body(value: object) -> bytes:
    return msgspec.json.encode(value)


def changed(example: dict[str, Any], *path: str | int, to: object) -> dict[str, Any]:
    """The example with one field replaced."""
    made = copy.deepcopy(example)
    at: Any = made
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = to
    return made


def without(example: dict[str, Any], *path: str | int) -> dict[str, Any]:
    """The example with one field left out."""
    made = copy.deepcopy(example)
    at: Any = made
    for step in path[:-1]:
        at = at[step]
    del at[path[-1]]
    return made


SERIES_ROW = {
    "ticker": "KXRAIN",
    "title": "Rain somewhere",
    "category": "Weather",
    "tags": None,
    "settlement_sources": None,
    "fee_type": "quadratic_with_maker_fees",
    "fee_multiplier": 0.5,
}
EVENT_ROW = {
    "event_ticker": "KXRAIN-26NOV20",
    "series_ticker": "KXRAIN",
    "title": "How much will it rain?",
    "category": "Weather",
    "mutually_exclusive": True,
    "fee_type_override": None,
    "fee_multiplier_override": None,
    "exchange_index": 0,
}
MARKET_ROW: dict[str, Any] = {
    "ticker": "KXRAIN-26NOV20-T1.5",
    "event_ticker": "KXRAIN-26NOV20",
    "market_type": "binary",
    "title": "More than 1.5?",
    "yes_sub_title": "Above 1.5",
    "open_time": "2026-11-18T15:00:00Z",
    "close_time": "2026-11-21T04:59:00.5Z",
    "status": "active",
    "yes_bid_dollars": "0.4700",
    "yes_bid_size_fp": "3.00",
    "yes_ask_dollars": "0.5200",
    "yes_ask_size_fp": "12.50",
    "no_bid_dollars": "0.4800",
    "no_ask_dollars": "0.5300",
    "notional_value_dollars": "1.0000",
    "result": "",
    "rules_primary": "It rains.",
    "rules_secondary": "",
    "floor_strike": 1.5,
    "price_level_structure": "tapered_deci_cent",
    "price_ranges": [
        {"start": "0.0000", "end": "0.1000", "step": "0.0010"},
        {"start": "0.1000", "end": "0.9000", "step": "0.0100"},
        {"start": "0.9000", "end": "1.0000", "step": "0.0010"},
    ],
    "exchange_index": 0,
}
BOOK = {
    "orderbook_fp": {
        "yes_dollars": [["0.4500", "7.00"], ["0.4700", "3.00"]],
        "no_dollars": [["0.4600", "1.00"], ["0.4800", "3.25"]],
    }
}
TRADE_ROW = {
    "trade_id": "2f6f0c1e-7d1b-4f4e-9a53-0a5c9c3a1f10",
    "ticker": "KXRAIN-26NOV20-T1.5",
    "count_fp": "2.00",
    "yes_price_dollars": "0.5200",
    "no_price_dollars": "0.4800",
    "taker_outcome_side": "yes",
    "taker_book_side": "bid",
    "created_time": "2026-11-20T10:00:00.12345Z",
    "is_block_trade": False,
}
STATUS = {
    "exchange_active": True,
    "trading_active": False,
    "exchange_estimated_resume_time": "2026-11-26T10:00:00Z",
    "exchange_index_statuses": [
        {"exchange_index": 0, "description": "Main", "exchange_active": True, "trading_active": False},
        {"exchange_index": 2, "description": "Crypto", "exchange_active": True, "trading_active": True},
    ],
}
PLACED = {
    "order_id": "0b9a4c1e-5b55-4b1c-8d52-0f8a3a2f7d10",
    "client_order_id": "7d0c2f0e-6f0d-4d0a-9f7e-2f1f6a1b9c11",
    "fill_count": "2.00",
    "remaining_count": "10.50",
    "average_fill_price": "0.6100",
    "average_fee_paid": "0.0167",
    "ts_ms": 1_790_000_000_456,
}
AMENDED = {"order_id": PLACED["order_id"], "remaining_count": None, "fill_count": None, "ts_ms": 1_790_000_000_456}
DECREASED = {"order_id": PLACED["order_id"], "remaining_count": "4.00", "ts_ms": 1_790_000_000_456}
CANCELLED = {"order_id": PLACED["order_id"], "reduced_by": "10.50", "ts_ms": 1_790_000_000_456}
NO_FUNDS = {"code": "insufficient_balance", "message": "insufficient balance"}
PLACED_BATCH = {"orders": [PLACED | {"error": None}, {"order_id": None, "fill_count": None, "error": NO_FUNDS}]}
CANCELLED_BATCH = {"orders": [CANCELLED, {"order_id": "gone", "reduced_by": "0.00", "error": {"code": "not_found"}}]}
ORDER_ROW = {
    "order_id": PLACED["order_id"],
    "user_id": "u",
    "client_order_id": PLACED["client_order_id"],
    "ticker": "KXRAIN-26NOV20-T1.5",
    "side": "yes",
    "action": "sell",
    "outcome_side": "no",
    "book_side": "ask",
    "type": "limit",
    "status": "resting",
    "yes_price_dollars": "0.6100",
    "no_price_dollars": "0.3900",
    "initial_count_fp": "12.50",
    "fill_count_fp": "2.00",
    "remaining_count_fp": "10.50",
    "taker_fill_cost_dollars": "0.780000",
    "maker_fill_cost_dollars": "0.000000",
    "taker_fees_dollars": "0.033400",
    "maker_fees_dollars": "0.000000",
    "created_time": "2026-11-20T10:00:00Z",
    "last_update_time": "2026-11-20T10:00:01.5Z",
    "expiration_time": None,
    "order_group_id": None,
    "last_update_reason": "Trade",
    "exchange_index": 0,
    "subaccount_number": 0,
}
FILL_ROW = {
    "fill_id": "2f6f0c1e-7d1b-4f4e-9a53-0a5c9c3a1f10",
    "trade_id": "2f6f0c1e-7d1b-4f4e-9a53-0a5c9c3a1f10",
    "order_id": PLACED["order_id"],
    "ticker": "KXRAIN-26NOV20-T1.5",
    "market_ticker": "KXRAIN-26NOV20-T1.5",
    "outcome_side": "no",
    "book_side": "ask",
    "side": "no",
    "action": "buy",
    "count_fp": "2.00",
    "yes_price_dollars": "0.6100",
    "no_price_dollars": "0.3900",
    "is_taker": True,
    "fee_cost": "0.033400",
    "created_time": "2026-11-20T10:00:00.25Z",
    "ts": 1_795_168_800,
    "exchange_index": 0,
    "subaccount_number": 0,
}
POSITION_ROW = {
    "ticker": "KXRAIN-26NOV20-T1.5",
    "position_fp": "-2.00",
    "market_exposure_dollars": "0.780000",
    "total_traded_dollars": "0.780000",
    "realized_pnl_dollars": "-0.100000",
    "fees_paid_dollars": "0.033400",
    "last_updated_ts": "2026-11-20T10:00:00Z",
    "exchange_index": 0,
}
SETTLEMENT_ROW = {
    "ticker": "KXRAIN-26NOV20-T1.5",
    "event_ticker": "KXRAIN-26NOV20",
    "market_result": "no",
    "yes_count_fp": "0.00",
    "yes_total_cost_dollars": "0.000000",
    "no_count_fp": "2.00",
    "no_total_cost_dollars": "0.780000",
    "revenue": 200,
    "value": 0,
    "fee_cost": "0.033400",
    "settled_time": "2026-11-21T06:00:00Z",
    "exchange_index": 0,
}
BALANCE = {
    "balance": 9_801,
    "balance_dollars": "98.0186",
    "portfolio_value": 198,
    "updated_ts": 1_790_000_000,
    "balance_breakdown": [{"exchange_index": 0, "balance": "98.0186"}],
}
SERIES = {"series": SERIES_ROW}
SERIES_PAGE = {"series": [SERIES_ROW]}
EVENT = {"event": EVENT_ROW, "markets": [MARKET_ROW]}
EVENT_PAGE = {"events": [EVENT_ROW | {"markets": [MARKET_ROW]}], "cursor": "CgYI8Mu1ywYS"}
MARKET = {"market": MARKET_ROW}
MARKET_PAGE = {"markets": [MARKET_ROW], "cursor": ""}
BOOK_PAGE = {"orderbooks": [BOOK | {"ticker": "KXRAIN-26NOV20-T1.5"}]}
TRADE_PAGE = {"trades": [TRADE_ROW], "cursor": None}
ORDER = {"order": ORDER_ROW}
ORDER_PAGE = {"orders": [ORDER_ROW], "cursor": ""}
FILL_PAGE = {"fills": [FILL_ROW], "cursor": ""}
POSITION_PAGE = {"market_positions": [POSITION_ROW], "event_positions": [], "cursor": ""}
SETTLEMENT_PAGE = {"settlements": [SETTLEMENT_ROW], "cursor": ""}
AS_OF = {"as_of_time": "2026-01-15T14:02:18.848643Z"}
