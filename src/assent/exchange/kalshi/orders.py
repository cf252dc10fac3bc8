"""Orders in the second version of the venue's words: create, cancel, decrease, cancel all.

A body is decoded strictly (a number where a string belongs is refused), put into the core's words, and what the core
answers is put back. A client order id that was taken once is taken for good, and a second order with it is refused
without a look at the first. Whatever this box cannot do (subaccounts, order groups, other shards, cancelling on pause)
is refused, never silently left out.
"""

from typing import Literal, TypeVar

import msgspec

from assent.exchange.kalshi import numbers
from assent.exchange.kalshi.box import Box
from assent.exchange.kalshi.errors import Reply, Row, answer, refuse, rejected
from assent.exchange.kalshi.ids import order_name, wire_id
from assent.exchange.kalshi.listing import SHARD
from assent.exchange.kalshi.numbers import Unreadable
from assent.exchange.kalshi.portfolio import elsewhere
from assent.exchange.kalshi.query import Request
from assent.exchange.types import MICRO, SECOND, Accepted, Fill, NewOrder, Rejected, SelfTrade, Side, Tif

EXPIRY_MAX = 9_000_000_000

SIDES: dict[str, Side] = {"bid": "buy", "ask": "sell"}
TIFS: dict[str, Tif] = {"good_till_canceled": "gtc", "immediate_or_cancel": "ioc", "fill_or_kill": "fok"}
SELF_TRADES: dict[str, SelfTrade] = {"taker_at_cross": "cancel_taker", "maker": "cancel_maker"}


class CreateBody(msgspec.Struct, frozen=True):
    ticker: str
    side: Literal["bid", "ask"]
    count: str
    price: str
    time_in_force: Literal["good_till_canceled", "immediate_or_cancel", "fill_or_kill"]
    self_trade_prevention_type: Literal["taker_at_cross", "maker"]
    client_order_id: str | None = None
    expiration_time: int | None = None
    post_only: bool | None = None
    reduce_only: bool | None = None
    cancel_order_on_pause: bool | None = None
    order_group_id: str | None = None
    subaccount: int | None = None
    exchange_index: int | None = None


class DecreaseBody(msgspec.Struct, frozen=True):
    """Exactly one of the two."""

    reduce_by: str | None = None
    reduce_to: str | None = None
    market_ticker: str | None = None
    subaccount: int | None = None
    exchange_index: int | None = None


Body = TypeVar("Body", CreateBody, DecreaseBody)


def create(box: Box, request: Request) -> Reply:
    body = _decode(request.body, CreateBody)
    new = body if isinstance(body, Reply) else _new_order(body)
    if isinstance(new, Reply):
        return new
    fills = box.histories[request.account].fills
    known = len(fills)
    taken = box.exchange.submit(request.now, request.account, new)
    box.remember()
    if isinstance(taken, Rejected):
        return rejected(taken)
    own = [fill for fill in fills[known:] if fill.order_id == taken.order_id]
    return answer(_acknowledged(taken, own), 201)


def cancel(box: Box, request: Request) -> Reply:
    """Whatever does not rest, because it is done or never was, is not found."""
    name = None if elsewhere(request.query) else order_name(request.segments[3])
    if name is None:
        return refuse("not_found")
    gone = box.exchange.cancel(request.now, request.account, name)
    box.remember()
    if isinstance(gone, Rejected):
        return rejected(gone)
    return answer(
        {
            "order_id": request.segments[3],
            "reduced_by": numbers.count(gone.reduced_by),
            "ts_ms": numbers.milliseconds(gone.ts),
        }
    )


def cancel_all(box: Box, request: Request) -> Reply:
    """Every order that rests now. Those of the next minute, which the venue may take along, are left alone here."""
    if not elsewhere(request.query):
        for view in box.exchange.resting(request.account):
            gone = box.exchange.cancel(request.now, request.account, view.order_id)
            if isinstance(gone, Rejected):
                return rejected(gone)
        box.remember()
    return Reply(204, b"")


def decrease(box: Box, request: Request) -> Reply:
    """Less than rests now, at the same place in the queue."""
    body = _decode(request.body, DecreaseBody)
    if isinstance(body, Reply):
        return body
    text = body.reduce_by if body.reduce_to is None else body.reduce_to
    if text is None or (body.reduce_by is not None and body.reduce_to is not None):
        return refuse("invalid_parameters", "exactly one of reduce_by and reduce_to is needed")
    qty = numbers.read_count(text)
    if isinstance(qty, Unreadable):
        return refuse("invalid_order_size")
    name = order_name(request.segments[3])
    if name is None or _is_elsewhere(body.subaccount, body.exchange_index):
        return refuse("not_found")
    by, to = (qty, None) if body.reduce_to is None else (None, qty)
    less = box.exchange.decrease(request.now, request.account, name, by=by, to=to)
    box.remember()
    if isinstance(less, Rejected):
        return rejected(less)
    row: Row = {
        "order_id": request.segments[3],
        "remaining_count": numbers.count(less.remaining),
        "ts_ms": numbers.milliseconds(less.ts),
    }
    if less.client_order_id is not None:
        row["client_order_id"] = less.client_order_id
    return answer(row)


def _decode(raw: bytes, kind: type[Body]) -> Body | Reply:
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.DecodeError as error:
        return refuse("bad_request", str(error))


def _new_order(body: CreateBody) -> NewOrder | Reply:
    """The core's words, or what is wrong with the venue's."""
    price, qty = numbers.read_price(body.price), numbers.read_count(body.count)
    if isinstance(price, Unreadable):
        if price.decimals is None:
            return refuse("invalid_parameters", f"invalid price: {body.price[:40]!r}")
        return refuse("invalid_order", f"invalid price: invalid dollar precision: -{price.decimals}")
    if isinstance(qty, Unreadable):
        return refuse("invalid_order_size")
    wrong = _unsupported(body)
    if wrong is not None:
        return wrong
    return NewOrder(
        client_order_id=body.client_order_id,
        market=body.ticker,
        side=SIDES[body.side],
        price=price,
        qty=qty,
        tif=TIFS[body.time_in_force],
        post_only=bool(body.post_only),
        reduce_only=bool(body.reduce_only),
        expires_ts=None if body.expiration_time is None else body.expiration_time * SECOND,
        self_trade=SELF_TRADES[body.self_trade_prevention_type],
    )


def _unsupported(body: CreateBody) -> Reply | None:
    if body.expiration_time is not None and not 0 <= body.expiration_time <= EXPIRY_MAX:
        return refuse("invalid_parameters", f"invalid expiration_time: {body.expiration_time}")
    if body.order_group_id is not None:
        return refuse("order_group_not_found")
    if _is_elsewhere(body.subaccount, body.exchange_index):
        return refuse("invalid_parameters", "only subaccount 0 on exchange_index 0 is open here")
    if body.cancel_order_on_pause:
        return refuse("invalid_parameters", "cancel_order_on_pause is not offered here")
    return None


def _is_elsewhere(subaccount: int | None, exchange_index: int | None) -> bool:
    return subaccount not in (None, 0) or exchange_index not in (None, -1, SHARD)


def _acknowledged(taken: Accepted, fills: list[Fill]) -> Row:
    row: Row = {
        "order_id": wire_id(taken.order_id),
        "fill_count": numbers.count(taken.filled),
        "remaining_count": numbers.count(taken.remaining),
        "ts_ms": numbers.milliseconds(taken.ts),
    }
    if taken.client_order_id is not None:
        row["client_order_id"] = taken.client_order_id
    if taken.filled:
        row["average_fill_price"] = _average(sum(fill.price * fill.qty for fill in fills), taken.filled)
        row["average_fee_paid"] = _average(sum(fill.fee * MICRO for fill in fills), taken.filled)
    return row


def _average(total: int, qty: int) -> str:
    """Per contract, cut to four decimals; how the venue rounds here was never seen."""
    micros = total // qty
    return numbers.price(micros - micros % numbers.PRICE_UNIT)
