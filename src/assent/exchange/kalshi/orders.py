"""Orders in the second version of the venue's words: create, cancel, decrease, amend, cancel all.

A body is decoded strictly (a number where a string belongs is refused), put into the core's words, and what the core
answers is put back. A client order id that was taken once is taken for good, and a second order with it is refused
without a look at the first. Whatever this box cannot do (subaccounts, other shards) is refused,
never silently left out.
"""

from typing import Literal

import msgspec

from assent.exchange.kalshi import numbers
from assent.exchange.kalshi.box import Box
from assent.exchange.kalshi.errors import Reply, Row, answer, refuse, rejected
from assent.exchange.kalshi.ids import group_name, order_name, wire_id
from assent.exchange.kalshi.listing import SHARD
from assent.exchange.kalshi.numbers import Unreadable
from assent.exchange.kalshi.portfolio import elsewhere
from assent.exchange.kalshi.query import Request, decoded
from assent.exchange.types import (
    MICRO,
    SECOND,
    Accepted,
    Amendment,
    Fill,
    NewOrder,
    OrderView,
    Rejected,
    SelfTrade,
    Side,
    Tif,
)

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


class AmendBody(msgspec.Struct, frozen=True):
    """`count` is the new total, what has filled included. No expiry keeps it, zero takes it away."""

    ticker: str
    side: Literal["bid", "ask"]
    price: str
    count: str
    client_order_id: str | None = None
    updated_client_order_id: str | None = None
    expiration_time: int | None = None
    exchange_index: int | None = None


def create(box: Box, request: Request) -> Reply:
    body = decoded(request.body, CreateBody)
    row = body if isinstance(body, Reply) else place(box, request, body)
    return row if isinstance(row, Reply) else answer(row, 201)


def place(box: Box, request: Request, body: CreateBody) -> Row | Reply:
    """One order: what it is told, or why not."""
    new = _new_order(body)
    if isinstance(new, Reply):
        return new
    fills = box.histories[request.account].fills
    known = len(fills)
    taken = box.exchange.submit(request.now, request.account, new)
    box.remember()
    if isinstance(taken, Rejected):
        return rejected(taken)
    own = [fill for fill in fills[known:] if fill.order_id == taken.order_id]
    return _acknowledged(taken, own)


def cancel(box: Box, request: Request) -> Reply:
    row = refuse("not_found") if elsewhere(request.query) else withdraw(box, request, request.segments[3])
    return row if isinstance(row, Reply) else answer(row)


def withdraw(box: Box, request: Request, order_id: str) -> Row | Reply:
    """One cancel. Whatever does not rest, because it is done or never was, is not found."""
    name = order_name(order_id)
    if name is None:
        return refuse("not_found")
    gone = box.exchange.cancel(request.now, request.account, name)
    box.remember()
    if isinstance(gone, Rejected):
        return rejected(gone)
    return {
        "order_id": order_id,
        "reduced_by": numbers.count(gone.reduced_by),
        "ts_ms": numbers.milliseconds(gone.ts),
    }


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
    body = decoded(request.body, DecreaseBody)
    if isinstance(body, Reply):
        return body
    text = body.reduce_by if body.reduce_to is None else body.reduce_to
    if text is None or (body.reduce_by is not None and body.reduce_to is not None):
        return refuse("invalid_parameters", "exactly one of reduce_by and reduce_to is needed")
    qty = numbers.read_count(text)
    if isinstance(qty, Unreadable):
        return refuse("invalid_order_size")
    name = order_name(request.segments[3])
    if name is None or is_elsewhere(body.subaccount, body.exchange_index):
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


def amend(box: Box, request: Request) -> Reply:
    """Another price, total, expiry or client id; the order keeps its id."""
    body = decoded(request.body, AmendBody)
    if isinstance(body, Reply):
        return body
    history, name = box.histories[request.account], order_name(request.segments[3])
    if name not in history.orders or elsewhere(request.query) or is_elsewhere(None, body.exchange_index):
        return refuse("not_found")
    view = history.view(name)
    new = _amendment(body, view)
    if isinstance(new, Reply):
        return new
    known = len(history.fills)
    amended = box.exchange.amend_order(request.now, request.account, name, new)
    box.remember()
    if isinstance(amended, Rejected):
        return rejected(amended)
    own = [fill for fill in history.fills[known:] if fill.order_id == name]
    changed = amended.resized or bool(amended.filled)
    row: Row = {
        "order_id": request.segments[3],
        "remaining_count": numbers.count(amended.remaining) if changed else None,
        "fill_count": numbers.count(amended.filled) if changed else None,
        "average_fill_price": _average_price(own) if own else None,
        "average_fee_paid": _average_fee(own) if own else None,
        "ts_ms": numbers.milliseconds(amended.ts),
    }
    if amended.client_order_id is not None:
        row["client_order_id"] = amended.client_order_id
    return answer(row)


def _amendment(body: AmendBody, view: OrderView) -> Amendment | Reply:
    """The core's words, or in what the caller is mistaken about the order."""
    if body.ticker != view.market:
        return refuse("order_ticker_mismatch")
    if SIDES[body.side] != view.side:
        return refuse("order_side_mismatch")
    if body.client_order_id is not None and body.client_order_id != view.client_order_id:
        return refuse("order_id_and_client_order_id_mismatch")
    read = _price_and_count(body.price, body.count)
    if isinstance(read, Reply):
        return read
    wrong = _wrong_expiry(body.expiration_time)
    if wrong is not None:
        return wrong
    expires_ts = view.expires_ts
    if body.expiration_time is not None:
        expires_ts = body.expiration_time * SECOND or None
    return Amendment(read[0], read[1], expires_ts, body.updated_client_order_id)


def _new_order(body: CreateBody) -> NewOrder | Reply:
    """The core's words, or what is wrong with the venue's."""
    read = _price_and_count(body.price, body.count)
    if isinstance(read, Reply):
        return read
    wrong = _wrong_expiry(body.expiration_time) or _unsupported(body)
    if wrong is not None:
        return wrong
    return NewOrder(
        client_order_id=body.client_order_id,
        market=body.ticker,
        side=SIDES[body.side],
        price=read[0],
        qty=read[1],
        tif=TIFS[body.time_in_force],
        post_only=bool(body.post_only),
        reduce_only=bool(body.reduce_only),
        expires_ts=None if body.expiration_time is None else body.expiration_time * SECOND,
        self_trade=SELF_TRADES[body.self_trade_prevention_type],
        cancel_on_pause=bool(body.cancel_order_on_pause),
        # What was never a group's id is no group of anybody.
        group=None if body.order_group_id is None else group_name(body.order_group_id) or "",
    )


def _price_and_count(price: str, count: str) -> tuple[int, int] | Reply:
    micros, qty = numbers.read_price(price), numbers.read_count(count)
    if isinstance(micros, Unreadable):
        if micros.decimals is None:
            return refuse("invalid_parameters", f"invalid price: {price[:40]!r}")
        return refuse("invalid_order", f"invalid price: invalid dollar precision: -{micros.decimals}")
    return refuse("invalid_order_size") if isinstance(qty, Unreadable) else (micros, qty)


def _wrong_expiry(seconds: int | None) -> Reply | None:
    if seconds is None or 0 <= seconds <= EXPIRY_MAX:
        return None
    return refuse("invalid_parameters", f"invalid expiration_time: {seconds}")


def _unsupported(body: CreateBody) -> Reply | None:
    if is_elsewhere(body.subaccount, body.exchange_index):
        return refuse("invalid_parameters", "only subaccount 0 on exchange_index 0 is open here")
    return None


def is_elsewhere(subaccount: int | None, exchange_index: int | None) -> bool:
    """Whether a body asks for another subaccount or shard than the ones that are open."""
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
        row["average_fill_price"] = _average_price(fills)
        row["average_fee_paid"] = _average_fee(fills)
    return row


def _average_price(fills: list[Fill]) -> str:
    return _per_contract(sum(fill.price * fill.qty for fill in fills), fills)


def _average_fee(fills: list[Fill]) -> str:
    return _per_contract(sum(fill.fee * MICRO for fill in fills), fills)


def _per_contract(total: int, fills: list[Fill]) -> str:
    """Cut to four decimals; how the venue rounds here was never seen."""
    micros = total // sum(fill.qty for fill in fills)
    return numbers.price(micros - micros % numbers.PRICE_UNIT)
