"""The words of the futures exchange: an order as its owner wrote it, what is answered, and what is told later.

Integers at scale 10^-6 for price, quantity and money. A refusal is a value. Nothing here computes anything.
"""

from typing import Literal

import msgspec

from assent.exchange.types import Side

Kind = Literal["market", "limit", "stop", "stop_limit"]
EndReason = Literal[
    "user_cancel",
    "expiry_cancel",
    "ioc_cancel",  # what an immediate order could not fill at the open
    "oca_cancel",  # another order of its group took the quantity
    "parent_ended",  # its parent is gone, and nothing that it filled is left to leave
    "reduce_only_cancel",  # what would have enlarged or turned the position
]

DECLINED: dict[str, str] = {
    "invalid_parameters": "a field has the wrong type, or fields contradict each other",
    "order_already_exists": "this order id was used before",
    "invalid_price": "a price is missing, not needed, or not on the grid",
    "invalid_order_size": "the quantity is not a positive multiple of the quantity step",
    "parent_ended": "the parent is not known, or ended without a fill",
    "not_found": "no such order is live",
}


class BarOrder(msgspec.Struct, frozen=True, gc=False):
    """`price` counts for limit and stop-limit orders, `stop_price` for both kinds of stop.

    A child names its `parent` and lives once that has filled, with as much as that has filled. What one member of an
    `oca_group` fills is taken off the others.
    """

    order_id: str
    side: Side
    kind: Kind
    qty: int
    price: int = 0
    stop_price: int = 0
    immediate: bool = False
    reduce_only: bool = False
    expires_ts: int | None = None
    parent: str | None = None
    oca_group: str | None = None


class Contract(msgspec.Struct, frozen=True):
    """What the future is, and how kind its bars are to us.

    `through`: by how much a price must pass a resting limit before it is filled. `most_per_bar`: what one order may
    fill in one bar; None for all of it.
    """

    tick: int
    multiplier: int
    fee: int
    qty_step: int = 1_000_000
    through: int = 0
    most_per_bar: int | None = None


class Placed(msgspec.Struct, frozen=True, gc=False):
    order_id: str
    filled: int
    remaining: int


class Declined(msgspec.Struct, frozen=True, gc=False):
    """A definitive no: nothing changed."""

    code: str
    detail: str


class Executed(msgspec.Struct, frozen=True, gc=False):
    """One execution of one order."""

    fill_id: str
    order_id: str
    side: Side
    price: int
    qty: int
    fee: int
    taker: bool
    ts: int


class Ended(msgspec.Struct, frozen=True, gc=False):
    """An order is off the book without having filled all it asked for; `filled` is all that it ever did."""

    order_id: str
    filled: int
    reason: EndReason
    ts: int


Told = Executed | Ended
