"""What Kalshi says of our orders: answers to writes, the orders as it lists them, and their fills.

Only the second API's shapes are read. The first one's fields `side` and `action` mean different things on orders and
on fills, so its answers are refused as `legacy_shape`; today's rows still carry those two, and nobody reads them here.
An answer to a write is advice: the venue has been seen to describe another order, so each carries the id it is about.
"""

from collections.abc import Callable, Mapping
from typing import Final, Literal, TypeVar

import msgspec

from assent.model.orders import Fill, Side
from assent.model.units import MICRO, is_value
from assent.venue.kalshi.wire import (
    FLAG,
    FOREIGN_NAME,
    INDEX,
    MILLISECONDS,
    MONEY,
    NAME,
    PRICE,
    QTY,
    SECONDS,
    TEXT,
    TIME,
    Page,
    Refused,
    Rejection,
    Row,
    VenueError,
    answer,
    error_of,
    page,
    reading,
    words,
)
from assent.venue.kalshi.wire_markets import BOOK_SIDES, OUTCOME_SIDES, yes_price

T = TypeVar("T")

OrderStatus = Literal["resting", "canceled", "executed"]
ORDER_STATUSES: Final[Mapping[str, OrderStatus]] = {
    "resting": "resting",
    "canceled": "canceled",
    "executed": "executed",
}


class Placed(msgspec.Struct, frozen=True):
    """An order was taken. The averages are the venue's own rounding, there only when something was filled."""

    order_id: str
    client_order_id: str
    filled: int
    remaining: int
    average_price: int | None
    average_fee: int | None
    ts: int


class Amended(msgspec.Struct, frozen=True):
    """An order was changed. The venue leaves out sizes that the change did not touch."""

    order_id: str
    client_order_id: str
    filled: int | None
    remaining: int | None
    ts: int


class Decreased(msgspec.Struct, frozen=True):
    order_id: str
    client_order_id: str
    remaining: int
    ts: int


class Cancelled(msgspec.Struct, frozen=True):
    """`reduced_by` is what rested and rests no more."""

    order_id: str
    client_order_id: str
    reduced_by: int
    ts: int


class ListedOrder(msgspec.Struct, frozen=True):
    """An order as the venue keeps it. Without `client_order_id` it is not one that this software sent."""

    order_id: str
    client_order_id: str
    ticker: str
    side: Side
    price: int
    initial: int
    filled: int
    remaining: int
    status: OrderStatus
    cost: int
    fees: int
    created_ts: int | None
    updated_ts: int | None
    expires_ts: int | None
    order_group: str
    why: str
    exchange_index: int | None
    subaccount: int | None


class ListedFill(msgspec.Struct, frozen=True):
    """A fill as the venue keeps it: it names the venue's order only, so it is joined to ours by `order_id`."""

    fill_id: str
    order_id: str
    ticker: str
    side: Side
    price: int
    qty: int
    fee: int
    taker: bool
    ts: int
    exchange_index: int | None
    subaccount: int | None


def placed(body: bytes) -> Placed | Rejection:
    return answer(body, _placed)


def amended(body: bytes) -> Amended | Rejection:
    return answer(body, _amended)


def decreased(body: bytes) -> Decreased | Rejection:
    return answer(body, _decreased)


def cancelled(body: bytes) -> Cancelled | Rejection:
    return answer(body, _cancelled)


def placed_batch(body: bytes) -> tuple[Placed | VenueError | Rejection, ...] | Rejection:
    """One outcome for each order of the batch, in the order in which they were sent: a batch is not atomic."""
    return _batch(body, _placed)


def cancelled_batch(body: bytes) -> tuple[Cancelled | VenueError | Rejection, ...] | Rejection:
    """One outcome for each cancel of the batch, in the order in which they were sent."""
    return _batch(body, _cancelled)


def order(body: bytes) -> ListedOrder | Rejection:
    return answer(body, lambda top: _order(top.row("order")))


def order_page(body: bytes) -> Page[ListedOrder] | Rejection:
    return page(body, "orders", _order)


def fill_page(body: bytes) -> Page[ListedFill] | Rejection:
    return page(body, "fills", _fill)


def fill(listed: ListedFill, client_order_id: str) -> Fill:
    """The fill as we know things, once it is known whose order it belongs to."""
    return Fill(
        fill_id=listed.fill_id,
        order_id=client_order_id,
        instrument=listed.ticker,
        side=listed.side,
        price=listed.price,
        qty=listed.qty,
        fee=listed.fee,
        taker=listed.taker,
        venue_ts=listed.ts,
    )


def _ids(row: Row) -> tuple[str, str]:
    # The first API wrapped the whole order into the answer to a write.
    if type(row.fields.get("order")) is dict:
        raise Refused("legacy_shape", row.at("order"), "an answer to a write that wraps a whole order")
    return row.need("order_id", NAME), row.maybe("client_order_id", FOREIGN_NAME) or ""


def _placed(row: Row) -> Placed:
    order_id, client_order_id = _ids(row)
    return Placed(
        order_id=order_id,
        client_order_id=client_order_id,
        filled=row.need("fill_count", QTY),
        remaining=row.need("remaining_count", QTY),
        average_price=row.maybe("average_fill_price", PRICE),
        average_fee=row.maybe("average_fee_paid", MONEY),
        ts=row.need("ts_ms", MILLISECONDS),
    )


def _amended(row: Row) -> Amended:
    order_id, client_order_id = _ids(row)
    return Amended(
        order_id=order_id,
        client_order_id=client_order_id,
        filled=row.maybe("fill_count", QTY),
        remaining=row.maybe("remaining_count", QTY),
        ts=row.need("ts_ms", MILLISECONDS),
    )


def _decreased(row: Row) -> Decreased:
    order_id, client_order_id = _ids(row)
    return Decreased(order_id, client_order_id, row.need("remaining_count", QTY), row.need("ts_ms", MILLISECONDS))


def _cancelled(row: Row) -> Cancelled:
    order_id, client_order_id = _ids(row)
    return Cancelled(order_id, client_order_id, row.need("reduced_by", QTY), row.need("ts_ms", MILLISECONDS))


def _batch(body: bytes, build: Callable[[Row], T]) -> tuple[T | VenueError | Rejection, ...] | Rejection:
    def item_of(value: object, place: int) -> T | VenueError | Rejection:
        if type(value) is dict and value.get("error") is not None:
            return error_of(value)
        return reading(build, value, f"orders[{place}]")

    def whole(top: Row) -> tuple[T | VenueError | Rejection, ...]:
        if "orders" not in top.fields:
            raise Refused("missing_field", "orders", None)
        return tuple(item_of(value, place) for place, value in enumerate(top.items("orders")))

    return answer(body, whole)


def _side(row: Row) -> Side:
    """Two fields say the same thing, and must: bid is yes, ask is no, whichever contract was bought."""
    side = row.need("book_side", words(BOOK_SIDES))
    row.agree(row.need("outcome_side", words(OUTCOME_SIDES)) == side, "book_side", "outcome_side")
    return side


def _sum(row: Row, *names: str) -> int:
    total = sum(row.need(name, MONEY) for name in names)
    if not is_value(total):
        raise Refused("bad_money", row.at("+".join(names)), total)
    return total


def _order(row: Row) -> ListedOrder:
    row.not_legacy("initial_count_fp", "initial_count")
    initial, filled, left = (row.need(f"{name}_count_fp", QTY) for name in ("initial", "fill", "remaining"))
    status = row.need("status", words(ORDER_STATUSES))
    row.agree((left > 0) == (status == "resting"), "status", "remaining_count_fp")
    return ListedOrder(
        order_id=row.need("order_id", NAME),
        client_order_id=row.maybe("client_order_id", FOREIGN_NAME) or "",
        ticker=row.need("ticker", NAME),
        side=_side(row),
        price=yes_price(row),
        initial=initial,
        filled=filled,
        remaining=left,
        status=status,
        cost=_sum(row, "taker_fill_cost_dollars", "maker_fill_cost_dollars"),
        fees=_sum(row, "taker_fees_dollars", "maker_fees_dollars"),
        created_ts=row.soft("created_time", TIME),
        updated_ts=row.soft("last_update_time", TIME),
        expires_ts=row.soft("expiration_time", TIME),
        order_group=row.maybe("order_group_id", FOREIGN_NAME) or "",
        why=row.soft("last_update_reason", TEXT) or "",
        exchange_index=row.maybe("exchange_index", INDEX),
        subaccount=row.maybe("subaccount_number", INDEX),
    )


def _fill(row: Row) -> ListedFill:
    row.not_legacy("count_fp", "count")
    fill_id, ticker, qty = row.need("fill_id", NAME), row.need("ticker", NAME), row.need("count_fp", QTY)
    row.agree(row.fields.get("trade_id") in (None, fill_id), "fill_id", "trade_id")
    row.agree(row.fields.get("market_ticker") in (None, ticker), "ticker", "market_ticker")
    row.agree(qty > 0, "count_fp")
    price = yes_price(row)
    row.agree(0 < price < MICRO, "yes_price_dollars")
    created = row.soft("created_time", TIME)
    return ListedFill(
        fill_id=fill_id,
        order_id=row.need("order_id", NAME),
        ticker=ticker,
        side=_side(row),
        price=price,
        qty=qty,
        fee=row.need("fee_cost", MONEY),
        taker=row.need("is_taker", FLAG),
        ts=created if created is not None else row.need("ts", SECONDS),
        exchange_index=row.maybe("exchange_index", INDEX),
        subaccount=row.maybe("subaccount_number", INDEX),
    )
