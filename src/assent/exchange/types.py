"""The words of the exchange: what may be asked, what it answers, what it tells, what it shows.

All prices are YES prices in micros (1 dollar = 1_000_000), quantities are micro-contracts, money is micros,
time is UTC nanoseconds. Answers are values: a refusal is never an exception. Nothing here computes anything.
"""

from typing import Literal

import msgspec

MICRO = 1_000_000
SECOND = 1_000_000_000
MINUTE = 60 * SECOND
DAY = 86_400 * SECOND
QTY_STEP = 10_000

Side = Literal["buy", "sell"]
Tif = Literal["ioc", "fok", "gtc"]
Status = Literal["initialized", "active", "inactive", "closed", "determined", "settled"]
Result = Literal["yes", "no", "scalar"]
FeeType = Literal["quadratic", "quadratic_with_maker_fees", "quadratic_with_combo_maker_fees"]
# When an order meets one of its own account: the taker stops, or the resting one leaves.
SelfTrade = Literal["cancel_taker", "cancel_maker"]
OrderStatus = Literal["resting", "executed", "canceled"]
# What its owner made of a resting order.
ChangeKind = Literal["cancel", "decrease", "amend"]
CloseReason = Literal[
    "executed",  # nothing is left to fill
    "user_cancel",
    "expiry_cancel",
    "close_cancel",  # the market closed
    "reopen_cancel",  # the market came back from inactive
    "self_trade_cancel",  # the taker met an order of its own account, and one of the two had to go
    "ioc_cancel",  # what an immediate order could not fill
    "reduce_only_cancel",  # what would have enlarged or turned the position
    "margin_cancel",  # a correction took the money that the order held
]
# Open; no new orders; nothing at all, not even cancels.
ExchangeStatus = Literal["open", "trading_paused", "paused"]

REJECTIONS: dict[str, str] = {
    "invalid_parameters": "a field has the wrong type, or fields contradict each other",
    "order_already_exists": "this client order id was used before; ids are consumed for good",
    "trading_is_paused": "the market, or the whole exchange, takes no orders for now; cancelling still works",
    "exchange_is_paused": "the exchange does nothing for now, not even cancelling",
    "market_not_found": "no such market is listed",
    "market_inactive": "the market is not open yet, or past its close",
    "invalid_price": "the price is not on the grid of this market (0 and 1 are never prices)",
    "invalid_order_size": "the quantity is not a positive multiple of the quantity step",
    "self_cross_attempt": "amended so, the order would meet another of its own account",
    "invalid_order": "the order contradicts itself, or a post-only order would cross",
    "insufficient_balance": "cash less what resting orders hold does not cover the worst case of this order",
    "fill_or_kill_insufficient_resting_volume": "not enough volume rests within the limit; nothing was filled",
    "not_found": "no such order rests",
}


class NewOrder(msgspec.Struct, frozen=True, gc=False):
    """A limit order as its owner words it. Buying NO at p is selling at 1 - p."""

    client_order_id: str | None
    market: str
    side: Side
    price: int
    qty: int
    tif: Tif = "gtc"
    post_only: bool = False
    reduce_only: bool = False
    expires_ts: int | None = None
    self_trade: SelfTrade = "cancel_taker"


# --- answers -------------------------------------------------------------------------------------------


class Accepted(msgspec.Struct, frozen=True, gc=False):
    """The order was taken. `remaining` rests; what neither filled nor rests was cancelled."""

    order_id: str
    client_order_id: str | None
    filled: int
    remaining: int
    ts: int


class Cancelled(msgspec.Struct, frozen=True, gc=False):
    order_id: str
    client_order_id: str | None
    reduced_by: int
    ts: int


class Rejected(msgspec.Struct, frozen=True, gc=False):
    """A definitive no: nothing changed, except that a killed or crossing order has used up its client id."""

    code: str
    detail: str


class Decreased(msgspec.Struct, frozen=True, gc=False):
    """Less rests now, at the same place in the queue. With nothing left the order was cancelled."""

    order_id: str
    client_order_id: str | None
    remaining: int
    ts: int


class Amendment(msgspec.Struct, frozen=True, gc=False):
    """What a resting order is to become. `qty` is the total, filled included; no client id means to keep it."""

    price: int
    qty: int
    expires_ts: int | None
    client_order_id: str | None = None


class Amended(msgspec.Struct, frozen=True, gc=False):
    """`filled` is what the amendment itself traded; `resized` says whether what rests has changed."""

    order_id: str
    client_order_id: str | None
    filled: int
    remaining: int
    resized: bool
    ts: int


class Transferred(msgspec.Struct, frozen=True, gc=False, tag=True):
    """The owner's own money came in (positive) or went out. An answer, and an event as well."""

    account: str
    transfer_id: str
    amount: int
    reference: str
    ts: int
    seq: int


Answer = Accepted | Cancelled | Transferred | Rejected


# --- what the exchange lists and shows -----------------------------------------------------------------


class PriceBand(msgspec.Struct, frozen=True, gc=False):
    low: int
    high: int
    step: int


class MarketSpec(msgspec.Struct, frozen=True):
    """What a market is, before anybody trades it."""

    ticker: str
    event: str
    series: str
    title: str
    open_ts: int
    close_ts: int
    price_bands: tuple[PriceBand, ...]
    mutually_exclusive: bool = True
    qty_step: int = QTY_STEP
    fee_type: FeeType = "quadratic"
    fee_multiplier_ppm: int = MICRO
    settlement_timer_ns: int = MINUTE


class MarketView(msgspec.Struct, frozen=True):
    """A market now. `price_bands` is the grid of this moment, which may differ from the listed one."""

    spec: MarketSpec
    status: Status
    price_bands: tuple[PriceBand, ...]
    bid: int | None
    bid_qty: int
    ask: int | None
    ask_qty: int
    last_price: int | None
    volume: int
    open_interest: int
    result: Result | None
    value: int | None
    listed_ts: int = 0
    settled_ts: int | None = None


class OrderView(msgspec.Struct, frozen=True, gc=False):
    order_id: str
    client_order_id: str | None
    market: str
    side: Side
    price: int
    qty: int
    filled: int
    remaining: int
    status: OrderStatus
    reason: CloseReason | None
    tif: Tif
    post_only: bool
    reduce_only: bool
    expires_ts: int | None
    fees: int
    created_ts: int
    updated_ts: int
    self_trade: SelfTrade = "cancel_taker"


class Fill(msgspec.Struct, frozen=True, gc=False):
    """One execution of one order. `cash` is the signed change of the balance, fee included."""

    fill_id: str
    order_id: str
    client_order_id: str | None
    market: str
    side: Side
    price: int
    qty: int
    fee: int
    is_taker: bool
    cash: int
    ts: int
    seq: int


class Settlement(msgspec.Struct, frozen=True, gc=False):
    """What a held position became. `value` is what one YES contract paid, `payout` what was credited."""

    market: str
    result: Result
    value: int
    position: int
    payout: int
    fee: int
    ts: int
    seq: int


class Corrected(msgspec.Struct, frozen=True, gc=False):
    """What an execution really was; with no quantity it never was. The latest of one `fill_id` counts."""

    fill_id: str
    order_id: str
    client_order_id: str | None
    market: str
    price: int
    qty: int
    fee: int
    ts: int
    seq: int


class Changed(msgspec.Struct, frozen=True, gc=False):
    """How an order stood after its owner had changed it. `qty` is its total, what had filled included."""

    order_id: str
    client_order_id: str | None
    kind: ChangeKind
    price: int
    qty: int
    remaining: int
    expires_ts: int | None
    ts: int


class Balance(msgspec.Struct, frozen=True, gc=False):
    """`cash` counts money that resting orders hold; `available` does not."""

    cash: int
    reserved: int
    available: int
    fees_paid: int


class Audit(msgspec.Struct, frozen=True, gc=False):
    """Where all the money is. `deposits == cash + collateral + fees` at every moment."""

    deposits: int
    cash: int
    collateral: int
    fees: int


# --- events --------------------------------------------------------------------------------------------


class TopChanged(msgspec.Struct, frozen=True, gc=False, tag=True):
    market: str
    bid: int | None
    bid_qty: int
    ask: int | None
    ask_qty: int
    ts: int
    seq: int


class Traded(msgspec.Struct, frozen=True, gc=False, tag=True):
    trade_id: str
    market: str
    price: int
    qty: int
    taker_side: Side
    ts: int
    seq: int


class Filled(msgspec.Struct, frozen=True, gc=False, tag=True):
    account: str
    fill: Fill
    ts: int
    seq: int


class OrderClosed(msgspec.Struct, frozen=True, gc=False, tag=True):
    account: str
    order_id: str
    client_order_id: str | None
    market: str
    filled: int
    cancelled: int
    reason: CloseReason
    ts: int
    seq: int


class FillCorrected(msgspec.Struct, frozen=True, gc=False, tag=True):
    account: str
    corrected: Corrected
    ts: int
    seq: int


class ExchangeChanged(msgspec.Struct, frozen=True, gc=False, tag=True):
    """The whole exchange paused or went on; each market keeps its own status meanwhile."""

    status: ExchangeStatus
    ts: int
    seq: int


class CloseMoved(msgspec.Struct, frozen=True, gc=False, tag=True):
    market: str
    close_ts: int
    ts: int
    seq: int


class MarketChanged(msgspec.Struct, frozen=True, gc=False, tag=True):
    market: str
    status: Status
    ts: int
    seq: int


class GridChanged(msgspec.Struct, frozen=True, tag=True):
    market: str
    price_bands: tuple[PriceBand, ...]
    ts: int
    seq: int


class Determined(msgspec.Struct, frozen=True, gc=False, tag=True):
    """The result is known; the payout follows when the settlement timer has run."""

    market: str
    result: Result
    value: int
    ts: int
    seq: int


class Settled(msgspec.Struct, frozen=True, gc=False, tag=True):
    """The market paid. Told again with another value when the venue has amended it and compensated."""

    market: str
    result: Result
    value: int
    ts: int
    seq: int


class ForecastPublished(msgspec.Struct, frozen=True, gc=False, tag=True):
    """A public, noisy estimate of the probability of YES. Not the exchange's word: anybody may be wrong."""

    market: str
    probability_ppm: int
    source: str
    ts: int
    seq: int


Event = (
    TopChanged
    | Traded
    | Filled
    | FillCorrected
    | OrderClosed
    | Transferred
    | ExchangeChanged
    | MarketChanged
    | CloseMoved
    | GridChanged
    | Determined
    | Settled
    | ForecastPublished
)


class ExchangeError(Exception):
    """A bug of the caller or a broken surrounding: never an expected outcome of trading."""
