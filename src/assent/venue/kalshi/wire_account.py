"""What Kalshi says of our account: positions, settlements and cash. These are the venue's own books, which ours are
compared with; where two of their fields cannot both be true, neither is taken."""

from typing import Final

import msgspec

from assent.model.inputs import Result
from assent.model.units import MICRO
from assent.venue.kalshi.wire import (
    CENTS,
    INDEX,
    MONEY,
    NAME,
    QTY,
    SECONDS,
    SIGNED_MONEY,
    SIGNED_QTY,
    TIME,
    Page,
    Rejection,
    Row,
    answer,
    page,
    words,
)
from assent.venue.kalshi.wire_markets import RESULTS, WORTH

_CENT: Final = MICRO // 100


class Position(msgspec.Struct, frozen=True):
    """`qty` is signed: NO contracts count below nothing."""

    ticker: str
    qty: int
    exposure: int
    traded: int
    realized: int
    fees: int
    updated_ts: int
    exchange_index: int | None


class Settlement(msgspec.Struct, frozen=True):
    """A market of ours was paid out. `value` is what one YES was worth, `revenue` what was paid to us."""

    ticker: str
    event: str
    result: Result
    value: int | None
    yes_qty: int
    yes_cost: int
    no_qty: int
    no_cost: int
    revenue: int
    fee: int
    ts: int
    exchange_index: int | None


class ShardBalance(msgspec.Struct, frozen=True, array_like=True, gc=False):
    exchange_index: int
    balance: int


class Balance(msgspec.Struct, frozen=True):
    """Cash in all; an order is covered only by what lies on its own shard."""

    balance: int
    positions_value: int
    updated_ts: int
    shards: tuple[ShardBalance, ...]


class Cutoff(msgspec.Struct, frozen=True):
    """What ended before these times is in the older tier's lists only."""

    orders_ts: int
    fills_ts: int


def cutoff(body: bytes) -> Cutoff | Rejection:
    return answer(body, lambda top: Cutoff(top.need("orders_updated_ts", TIME), top.need("trades_created_ts", TIME)))


def position_page(body: bytes) -> Page[Position] | Rejection:
    return page(body, "market_positions", _position)


def settlement_page(body: bytes) -> Page[Settlement] | Rejection:
    return page(body, "settlements", _settlement)


def balance(body: bytes) -> Balance | Rejection:
    return answer(body, _balance)


def read_model_ts(body: bytes) -> int | Rejection:
    """How old the venue's read model is: what was written later may be missing from its lists."""
    return answer(body, lambda top: top.need("as_of_time", TIME))


def _position(row: Row) -> Position:
    row.not_legacy("position_fp", "position")
    return Position(
        ticker=row.need("ticker", NAME),
        qty=row.need("position_fp", SIGNED_QTY),
        exposure=row.need("market_exposure_dollars", SIGNED_MONEY),
        traded=row.need("total_traded_dollars", MONEY),
        realized=row.need("realized_pnl_dollars", SIGNED_MONEY),
        fees=row.need("fees_paid_dollars", MONEY),
        updated_ts=row.need("last_updated_ts", TIME),
        exchange_index=row.maybe("exchange_index", INDEX),
    )


def _settlement(row: Row) -> Settlement:
    row.not_legacy("yes_count_fp", "yes_count")
    result, value = row.need("market_result", words(RESULTS)), row.maybe("value", CENTS)
    if value is not None:
        row.agree(0 <= value <= MICRO and value == WORTH.get(result, value), "market_result", "value")
    return Settlement(
        ticker=row.need("ticker", NAME),
        event=row.need("event_ticker", NAME),
        result=result,
        value=WORTH.get(result, value),
        yes_qty=row.need("yes_count_fp", QTY),
        yes_cost=row.need("yes_total_cost_dollars", MONEY),
        no_qty=row.need("no_count_fp", QTY),
        no_cost=row.need("no_total_cost_dollars", MONEY),
        revenue=row.need("revenue", CENTS),
        fee=row.need("fee_cost", MONEY),
        ts=row.need("settled_time", TIME),
        exchange_index=row.maybe("exchange_index", INDEX),
    )


def _balance(top: Row) -> Balance:
    """The dollars are exact, the cents are the same amount cut short: they must agree to less than a cent."""
    exact = top.need("balance_dollars", SIGNED_MONEY)
    top.agree(abs(exact - top.need("balance", CENTS)) < _CENT, "balance", "balance_dollars")
    shards = []
    for place, item in enumerate(top.items("balance_breakdown")):
        shard = Row(item, f"balance_breakdown[{place}]")
        shards.append(ShardBalance(shard.need("exchange_index", INDEX), shard.need("balance", SIGNED_MONEY)))
    return Balance(
        balance=exact,
        positions_value=top.need("portfolio_value", CENTS),
        updated_ts=top.need("updated_ts", SECONDS),
        shards=tuple(shards),
    )
