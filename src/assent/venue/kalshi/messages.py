"""What a frame of Kalshi's websocket can mean, in our integers: micros for money and contracts, nanoseconds for time.

A time of zero means that the frame did not say. `frames.py` makes these; nothing here checks anything.
"""

from typing import Literal, NamedTuple

Outcome = Literal["yes", "no"]
BookSide = Literal["bid", "ask"]
# (price, contracts) at one price of one side of a book.
Level = tuple[int, int]


class Subscribed(NamedTuple):
    """A subscription stands: its messages will carry this sid."""

    channel: str
    sid: int


class Done(NamedTuple):
    """A command was carried out; `tickers` is all that the subscription now holds, where it says so."""

    tickers: tuple[str, ...]


class Listed(NamedTuple):
    """The subscriptions that the venue keeps for this connection."""

    subscriptions: tuple[Subscribed, ...]


class Unsubscribed(NamedTuple):
    """A subscription ended because we asked."""


class CommandRefused(NamedTuple):
    """An error frame: the answer to a command, or the end of a subscription."""

    code: int
    detail: str


class Snapshot(NamedTuple):
    """One market's whole book at this place in the sequence: bids of YES, and the no side at YES prices."""

    ticker: str
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    source_ts: int


class Delta(NamedTuple):
    """A signed change of one level. `client_order_id` is set when the change is our own order's."""

    ticker: str
    side: Outcome
    price: int
    change: int
    source_ts: int
    client_order_id: str


class Ticker(NamedTuple):
    """The top of a book as the ticker channel tells it; a side without size is no side."""

    ticker: str
    last_price: int
    bid: int
    bid_qty: int
    ask: int
    ask_qty: int
    source_ts: int


class Trade(NamedTuple):
    """A public trade."""

    trade_id: str
    ticker: str
    price: int
    qty: int
    taker: BookSide
    is_block: bool
    source_ts: int


class Fill(NamedTuple):
    """A fill of our own. `position_after` is signed: NO is negative."""

    trade_id: str
    order_id: str
    client_order_id: str
    ticker: str
    side: BookSide
    price: int
    qty: int
    fee: int
    taker: bool
    position_after: int
    exchange_index: int
    subaccount: int
    source_ts: int


class OrderUpdate(NamedTuple):
    """How an order of our own now stands."""

    order_id: str
    client_order_id: str
    ticker: str
    status: Literal["resting", "canceled", "executed"]
    side: BookSide
    price: int
    initial: int
    filled: int
    remaining: int
    fees: int
    reason: str
    order_group_id: str
    exchange_index: int
    subaccount: int
    created_ts: int
    updated_ts: int


class Position(NamedTuple):
    """What we hold of one market: signed contracts, and its money."""

    ticker: str
    qty: int
    cost: int
    realized: int
    fees: int
    subaccount: int


class PriceBand(NamedTuple):
    """From where to where a price moves in which step."""

    start: int
    end: int
    step: int


class Lifecycle(NamedTuple):
    """Something happened to a market. What the frame does not carry is None, "" or zero."""

    event_type: str
    ticker: str
    result: Literal["", "yes", "no", "scalar"]
    settlement_value: int | None
    open_ts: int
    close_ts: int
    determined_ts: int
    settled_ts: int
    exchange_index: int | None
    bands: tuple[PriceBand, ...]


class EventListed(NamedTuple):
    """An event came to the exchange."""

    event: str
    series: str
    title: str
    exchange_index: int


class GroupUpdate(NamedTuple):
    """An order group was made, triggered, reset, deleted, or given another limit."""

    event_type: Literal["created", "triggered", "reset", "deleted", "limit_updated"]
    order_group_id: str
    limit: int | None
    source_ts: int


class Unread(NamedTuple):
    """A type of message that we do not know. It may still be a step in a sequence."""


class Rejection(NamedTuple):
    """A frame that was kept out: a registered reason and what was wrong."""

    code: str
    detail: str


Body = (
    Subscribed
    | Done
    | Listed
    | Unsubscribed
    | CommandRefused
    | Snapshot
    | Delta
    | Ticker
    | Trade
    | Fill
    | OrderUpdate
    | Position
    | Lifecycle
    | EventListed
    | GroupUpdate
    | Unread
    | Rejection
)


class Frame(NamedTuple):
    """One frame: its head, and what it says. `id` is zero unless it answers a command of ours."""

    type: str
    sid: int | None
    seq: int | None
    id: int
    sent_ts: int
    body: Body
