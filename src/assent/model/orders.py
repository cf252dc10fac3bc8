"""An order as it is sent: every field that a venue may need, from the first version on.

The order's canonical bytes are hashed when it is released. What is sent must have the same digest: what was assented
to is what leaves the building.
"""

from hashlib import sha256
from typing import Final, Literal

import msgspec

# In terms of the book: buying YES, or selling YES (which is buying NO when we hold none).
Side = Literal["buy", "sell"]
OrderType = Literal["limit", "market", "stop", "stop_limit"]
TimeInForce = Literal["gtc", "ioc", "fok", "day"]

# The code for what stands in the bytes and is not what was released.
DIFFERS: Final = "digest_differs"

_encode = msgspec.json.Encoder().encode


class Order(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """One attempt to carry out one intent."""

    order_id: str
    intent_id: str
    attempt: int
    instrument: str
    side: Side
    type: OrderType
    price: int
    qty: int
    time_in_force: TimeInForce
    stop_price: int | None = None
    post_only: bool = False
    reduce_only: bool = False
    expires_ts: int | None = None
    parent: str | None = None
    oca_group: str | None = None
    protective: bool = False


class Mark(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What the position in one instrument would have brought when it last had a bid."""

    instrument: str
    value: int


def order_digest(order: Order) -> str:
    """SHA-256 of the order's canonical bytes."""
    return sha256(_encode(order)).hexdigest()


class Fill(msgspec.Struct, frozen=True, gc=False):
    """What the venue says was executed. `fill_id` is the venue's; it is what makes a repeat a repeat."""

    fill_id: str
    order_id: str
    instrument: str
    side: Side
    price: int
    qty: int
    fee: int
    taker: bool
    venue_ts: int


class Correction(msgspec.Struct, frozen=True, gc=False):
    """The venue takes a fill back (qty zero) or says what it really was. Booked as reversal plus new fill."""

    fill_id: str
    price: int
    qty: int
    fee: int
    venue_ts: int
