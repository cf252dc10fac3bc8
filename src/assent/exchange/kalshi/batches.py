"""Several orders, or several cancels, in one request.

Each item is carried out for itself, in the sequence in which it stands there, and has its own result: a refused item
neither stops nor undoes another. The server takes the price of every item before any is looked at, so a batch that
does not fit into the bucket is refused whole. A body that cannot be decoded refuses the whole batch too; what the
venue answers to an empty one was never seen.
"""

from collections.abc import Callable
from typing import TypeVar

import msgspec

from assent.exchange.kalshi import numbers
from assent.exchange.kalshi.box import Box
from assent.exchange.kalshi.errors import Reply, Row, answer, refuse
from assent.exchange.kalshi.orders import CreateBody, is_elsewhere, place, withdraw
from assent.exchange.kalshi.query import Request, decoded

Item = TypeVar("Item")


class CancelItem(msgspec.Struct, frozen=True):
    order_id: str
    subaccount: int | None = None
    exchange_index: int | None = None
    market_ticker: str | None = None


class CreateBatch(msgspec.Struct, frozen=True):
    orders: list[CreateBody]


class CancelBatch(msgspec.Struct, frozen=True):
    orders: list[CancelItem]


class _Counted(msgspec.Struct, frozen=True):
    """Of a batch no more than that it has items."""

    orders: list[msgspec.Raw]


def items(body: bytes) -> int:
    """How many items are to be paid for; a body that is no batch costs as much as one."""
    try:
        return max(1, len(msgspec.json.decode(body, type=_Counted).orders))
    except msgspec.DecodeError:
        return 1


def create(box: Box, request: Request) -> Reply:
    batch = decoded(request.body, CreateBatch)
    if isinstance(batch, Reply):
        return batch

    def one(item: CreateBody) -> Row:
        row = place(box, request, item)
        return {"client_order_id": item.client_order_id, "error": row.told} if isinstance(row, Reply) else row

    return _each(batch.orders, one, 201)


def cancel(box: Box, request: Request) -> Reply:
    batch = decoded(request.body, CancelBatch)
    if isinstance(batch, Reply):
        return batch

    def one(item: CancelItem) -> Row:
        row: Row | Reply = refuse("not_found")
        if not is_elsewhere(item.subaccount, item.exchange_index):
            row = withdraw(box, request, item.order_id)
        if isinstance(row, Reply):
            return {"order_id": item.order_id, "reduced_by": numbers.count(0), "error": row.told}
        return row

    return _each(batch.orders, one, 200)


def _each(found: list[Item], one: Callable[[Item], Row], status: int) -> Reply:
    if not found:
        return refuse("invalid_parameters", "orders is empty")
    rows: list[Row] = [{"error": None, **one(item)} for item in found]
    return answer({"orders": rows}, status)
