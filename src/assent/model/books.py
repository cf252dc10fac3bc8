"""What two books show of one account, where a person must decide between them.

The venue's word on a position's cost and on an order that we never released, and what a position becomes when a
person accepts the venue's books. Only ever parts of inputs and facts.
"""

import msgspec

from assent.model.orders import Side


class HeldCost(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What was paid for a position, by the venue's word: money for a binary contract, notional for a future."""

    instrument: str
    cost: int


class OpenOrder(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An order on the venue's book: the name it has among the open orders, the venue's own, what still rests of it, and
    what was ever filled."""

    order_id: str
    venue_order_id: str
    instrument: str
    side: Side
    price: int
    qty: int
    filled: int = 0


class PositionAdopted(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A position in our books before and after they became the venue's: signed quantity, cost, and what it would have
    brought afterwards, where there was a price."""

    instrument: str
    held: int
    spent: int
    qty: int
    cost: int
    mark: int | None
