"""The messages of Kalshi's websocket as they stand on the wire: which fields we read, and of which type they must be.

Only what something is decided by is listed; any other field may come and go. Money, prices and sizes are still text
here: `frames.py` reads them.
"""

from typing import Annotated, Literal

import msgspec

from assent.venue.kalshi import messages
from assent.venue.kalshi.wire import NAME_PATTERN

_Whole = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
_Word = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
# What may become part of a path that we ask for, or a name in the ledger: as strict as in the answers of REST.
_Name = Annotated[str, msgspec.Meta(pattern=rf"\A{NAME_PATTERN}\Z")]
_Text = Annotated[str, msgspec.Meta(max_length=1_000)]
_Levels = Annotated[list[tuple[str, str]], msgspec.Meta(max_length=10_000)]
_Result = Literal["", "yes", "no", "scalar"]


class Head(msgspec.Struct, gc=False):
    """What any frame may carry; the message itself waits until its type is known."""

    type: _Word
    sid: _Whole | None = None
    seq: _Whole | None = None
    id: _Whole = 0
    sending_ts_ms: _Whole | None = None
    msg: msgspec.Raw = msgspec.Raw(b"{}")


class Subscribed(msgspec.Struct, gc=False):
    channel: _Word
    sid: _Whole


class Done(msgspec.Struct):
    market_tickers: list[_Word] | None = None


class Error(msgspec.Struct, gc=False):
    code: int
    msg: _Text = ""


class Snapshot(msgspec.Struct):
    market_ticker: _Word
    yes_dollars_fp: _Levels | None = None
    no_dollars_fp: _Levels | None = None
    ts_ms: _Whole | None = None
    # An empty side is not there, so a side under another name would look like one: these names it has elsewhere.
    yes_dollars: None = None
    no_dollars: None = None
    yes: None = None
    no: None = None


class Delta(msgspec.Struct, gc=False):
    market_ticker: _Word
    price_dollars: str
    delta_fp: str
    side: messages.Outcome
    ts_ms: _Whole | None = None
    client_order_id: _Text | None = None


class Ticker(msgspec.Struct, gc=False):
    market_ticker: _Word
    price_dollars: str
    yes_bid_dollars: str
    yes_ask_dollars: str
    yes_bid_size_fp: str
    yes_ask_size_fp: str
    ts_ms: _Whole


class Trade(msgspec.Struct, gc=False):
    trade_id: _Word
    market_ticker: _Word
    yes_price_dollars: str
    count_fp: str
    taker_outcome_side: messages.Outcome
    taker_book_side: messages.BookSide
    ts_ms: _Whole
    is_block_trade: bool = False


class Fill(msgspec.Struct, gc=False):
    trade_id: _Name
    order_id: _Name
    market_ticker: _Name
    is_taker: bool
    outcome_side: messages.Outcome
    book_side: messages.BookSide
    yes_price_dollars: str
    count_fp: str
    fee_cost: str
    post_position_fp: str
    exchange_index: _Whole
    ts_ms: _Whole
    client_order_id: _Text | None = None
    subaccount: _Whole | None = None


class Order(msgspec.Struct, gc=False):
    order_id: _Name
    ticker: _Name
    status: Literal["resting", "canceled", "executed"]
    outcome_side: messages.Outcome
    book_side: messages.BookSide
    yes_price_dollars: str
    initial_count_fp: str
    fill_count_fp: str
    remaining_count_fp: str
    taker_fees_dollars: str
    maker_fees_dollars: str
    created_ts_ms: _Whole
    client_order_id: _Text | None = None
    last_updated_ts_ms: _Whole | None = None
    last_update_reason: _Text | None = None
    order_group_id: _Text | None = None
    exchange_index: _Whole | None = None
    subaccount_number: _Whole | None = None


class Position(msgspec.Struct, gc=False):
    market_ticker: _Word
    position_fp: str
    position_cost_dollars: str
    realized_pnl_dollars: str
    fees_paid_dollars: str
    subaccount: _Whole | None = None


class Band(msgspec.Struct, gc=False):
    start: str
    end: str
    step: str


class Lifecycle(msgspec.Struct):
    event_type: _Word
    market_ticker: _Word
    result: _Result | None = None
    settlement_value: str | None = None
    open_ts: _Whole | None = None
    close_ts: _Whole | None = None
    determination_ts: _Whole | None = None
    settled_ts: _Whole | None = None
    exchange_index: _Whole | None = None
    price_ranges: Annotated[list[Band], msgspec.Meta(max_length=100)] | None = None


class Event(msgspec.Struct, gc=False):
    event_ticker: _Word
    series_ticker: _Word
    title: _Text | None = None
    exchange_index: _Whole | None = None


class Group(msgspec.Struct, gc=False):
    event_type: Literal["created", "triggered", "reset", "deleted", "limit_updated"]
    order_group_id: _Word
    ts_ms: _Whole
    contracts_limit_fp: str | None = None
