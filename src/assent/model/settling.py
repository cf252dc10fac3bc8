"""What people do when the desk and the venue disagree: what they ask for, and the facts of what came of it.

A difference between two books has no right side that a program could know. A named person looks, says why, and the
record holds who it was, what was accepted, and on what evidence.
"""

from typing import Literal

import msgspec

from assent.model.books import PositionAdopted
from assent.model.orders import Fill, Order

Act = Literal["accept", "cancel", "close", "resolve"]

# --- asked ---------------------------------------------------------------------------------------------


class AdoptionAsked(msgspec.Struct, frozen=True, tag=True, gc=False):
    """A named person accepts the venue's books instead of ours; `digest` names the list of differences that was
    shown."""

    digest: str
    by: str
    reason: str
    received_ts: int


class ResolutionAsked(msgspec.Struct, frozen=True, tag=True, gc=False):
    """A named person says what became of an order whose fate no evidence settles: it was never placed when `filled` is
    zero, else so much of it was executed in all, what is not booked of that at this price and fee; none of these given:
    the worst that it can be. `filled` is None where it ended and nothing was executed beyond what is booked."""

    order_id: str
    filled: int | None
    price: int | None
    fee: int | None
    evidence: str
    by: str
    reason: str
    received_ts: int


class CloseAsked(msgspec.Struct, frozen=True, tag=True, gc=False):
    """A named person wants a position left; no instrument means every one, no price the best that is bid or asked."""

    instrument: str
    price: int | None
    by: str
    reason: str
    received_ts: int


# --- told ----------------------------------------------------------------------------------------------


class BooksAdopted(msgspec.Struct, frozen=True, tag=True):
    """A named person accepted the venue's books: ours became theirs. `moved` is how much more the account is worth by
    it; `fills` are the executions of others that are in it and will not be asked about again."""

    digest: str
    cash_before: int
    cash: int
    positions: tuple[PositionAdopted, ...]
    fills: tuple[Fill, ...]
    moved: int
    source: str
    by: str
    reason: str


class OrderAdopted(msgspec.Struct, frozen=True, tag=True, gc=False):
    """An order on the venue's book that this desk does not know as open counts as one of ours from here on. `filled` of
    it was executed before and is in the books already; `fee` and `worst_loss` are the most that it can cost."""

    order: Order
    venue_order_id: str
    filled: int
    fee: int
    worst_loss: int
    by: str


class FillRecognised(msgspec.Struct, frozen=True, tag=True, gc=False):
    """The venue tells of an execution that a person has resolved and that is booked already."""

    fill: Fill


class ActRefused(msgspec.Struct, frozen=True, tag=True, gc=False):
    """A person asked for something about an order, a position or the books that may not be done now."""

    act: Act
    subject: str
    by: str
    why: str
