"""What a member may ask of an order that rests, beside cancelling it, as data: so that a journal can remember it.

`ask` puts it to the core, which alone decides. What makes no sense as such is told by `wrong_change`, so that it never
reaches a journal that could not read it back.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from assent.exchange.admission import LARGEST, LARGEST_TS, is_order_id, is_whole
from assent.exchange.core import Exchange
from assent.exchange.types import Amended, Amendment, Decreased, Rejected


class DecreaseOrder(msgspec.Struct, frozen=True, tag=True):
    """Exactly one of the two is said."""

    order_id: str
    by: int | None = None
    to: int | None = None


class AmendOrder(msgspec.Struct, frozen=True, tag=True):
    order_id: str
    new: Amendment


Change = DecreaseOrder | AmendOrder
Asking = Callable[[Exchange, int, str, Any], Decreased | Amended | Rejected]

_ASKING: dict[type, Asking] = {
    DecreaseOrder: lambda exchange, now, account, wanted: exchange.decrease(
        now, account, wanted.order_id, by=wanted.by, to=wanted.to
    ),
    AmendOrder: lambda exchange, now, account, wanted: exchange.amend_order(now, account, wanted.order_id, wanted.new),
}


def ask(exchange: Exchange, now: int, account: str, change: Change) -> Decreased | Amended | Rejected:
    return _ASKING[type(change)](exchange, now, account, change)


def wrong_change(change: Change) -> Rejected | None:
    """What is wrong with it whatever the order: a wrong type, or a number beyond all reason."""
    if not is_order_id(change.order_id):
        return Rejected("invalid_parameters", f"{change.order_id!r} is not an order id")
    if isinstance(change, DecreaseOrder):
        numbers = [(change.by if change.to is None else change.to, LARGEST)]
    else:
        new = change.new
        numbers = [(new.price, LARGEST), (new.qty, LARGEST), (new.expires_ts or 0, LARGEST_TS)]
    if not all(is_whole(value, largest) for value, largest in numbers):
        return Rejected("invalid_parameters", f"a field has a wrong type or an absurd size: {change!r}")
    renamed = change.new.client_order_id if isinstance(change, AmendOrder) else None
    if renamed is not None and not is_order_id(renamed):
        return Rejected("invalid_parameters", f"client order id {renamed!r} is not plain text")
    return None
