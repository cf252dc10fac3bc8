"""What observe states in an order's place: the whole road of an idea, and nothing that could reach a venue.

They are facts like any other, of kinds of their own: nobody who reads them can take one for an order that was sent.
"""

import msgspec

from assent.model.orders import Order


class WouldRelease(msgspec.Struct, frozen=True, tag=True, gc=False):
    """In observe: the order that would have been released here. It is sent nowhere."""

    order: Order
    digest: str
    assent: str


class AckSimulated(msgspec.Struct, frozen=True, tag=True, gc=False):
    """In observe: the answer that a venue would have given. Nothing is filled; `remaining` would rest."""

    order_id: str
    remaining: int


class WouldOrderEnded(msgspec.Struct, frozen=True, tag=True, gc=False):
    """In observe: an order that would have rested would rest no more."""

    order_id: str
    why: str
