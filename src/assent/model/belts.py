"""Seat belts: what stands at the venue between an order and the worst, also when this process is gone.

What an order says itself (expiry, post-only, reduce-only) is in the order. The rest holds for every order of one run,
is recorded with its start, and so can be shown for each order from the ledger alone.
"""

import msgspec


class Belts(msgspec.Struct, frozen=True):
    """The longest life of an entry that rests; the contracts that may be matched within the venue's short window
    before it takes all orders off and takes no more (0: no such group); whether a pause takes orders off."""

    order_life_max: int | None = None
    group_limit: int = 0
    cancel_on_pause: bool = False
